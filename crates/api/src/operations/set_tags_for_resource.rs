//! `SetTagsForResource`: the tags given here in place of all there were.

use serde_json::Value;
use yagura_app::service::{AppError, Cx, template};

use super::{Access, On, Operation, resource};
use crate::input::{Input, TAGS};

pub(super) const OPERATION: Operation =
    Operation { name: "SetTagsForResource", access: Access::Change, on: On::One("resourceArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let tags = input.tags("tags", 0..=10, TAGS)?;
    let arn = resource::template(input)?;
    template::set_tags(cx, &arn, &tags)?;
    Ok(None)
}
