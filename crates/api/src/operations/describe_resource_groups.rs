//! `DescribeResourceGroups`: the tags of up to ten resource groups.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, codes, resource_group};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::Input;
use crate::{items, shapes};

pub(super) const OPERATION: Operation =
    Operation { name: "DescribeResourceGroups", access: Access::Look, on: On::Many("resourceGroupArns"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let number = (1..=10, codes::INVALID_NUMBER_OF_RESOURCE_GROUP_ARNS);
    let (found, failed) =
        items::describe(cx, input, "resourceGroupArns", ArnKind::ResourceGroup, number, |cx, arn| {
            Ok(resource_group::find(cx, arn)?.map(|group| {
                json!({
                    "arn": arn.to_string(),
                    "tags": shapes::tags(&group.tags),
                    "createdAt": shapes::time(group.created_at),
                })
            }))
        })?;
    Ok(Some(json!({"resourceGroups": items::values(found), "failedItems": failed.into_value()})))
}
