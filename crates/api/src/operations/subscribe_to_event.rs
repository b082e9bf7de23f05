//! `SubscribeToEvent`: a topic is told of an event of a template from now on.

use serde_json::Value;
use yagura_app::service::{AppError, Cx, subscription};

use super::{Access, On, Operation, resource};
use crate::input::Input;

pub(super) const OPERATION: Operation =
    Operation { name: "SubscribeToEvent", access: Access::Change, on: On::One("resourceArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let (template, event, topic) = resource::subscription(input)?;
    subscription::subscribe(cx, &template, event, &topic)?;
    Ok(None)
}
