//! `ListTagsForResource`: the tags of a template.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, template};

use super::{Access, On, Operation, resource};
use crate::input::Input;
use crate::shapes;

pub(super) const OPERATION: Operation =
    Operation { name: "ListTagsForResource", access: Access::Look, on: On::One("resourceArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let template = template::get(cx, &resource::template(input)?)?;
    Ok(Some(json!({"tags": shapes::tags(&template.tags)})))
}
