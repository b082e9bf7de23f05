//! `CreateResourceGroup`: a set of tags that targets choose their hosts by.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, resource_group};

use super::{Access, On, Operation};
use crate::input::{Input, RESOURCE_GROUP_TAGS};

pub(super) const OPERATION: Operation =
    Operation { name: "CreateResourceGroup", access: Access::Change, on: On::Account, run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let tags = input.tags("resourceGroupTags", 1..=10, RESOURCE_GROUP_TAGS)?;
    let arn = resource_group::create(cx, tags)?;
    Ok(Some(json!({"resourceGroupArn": arn.to_string()})))
}
