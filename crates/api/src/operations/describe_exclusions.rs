//! `DescribeExclusions`: what up to a hundred exclusions say, by their ARNs.

use serde_json::{Map, Value, json};
use yagura_app::service::{AppError, Cx, codes, exclusion};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::Input;
use crate::items;
use crate::shapes;

pub(super) const OPERATION: Operation =
    Operation { name: "DescribeExclusions", access: Access::Look, on: On::Many("exclusionArns"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    input.locale()?;
    // The API has no code for the number of these.
    let number = (1..=100, codes::INVALID_RESOURCE_ARN);
    let (found, failed) = items::describe(cx, input, "exclusionArns", ArnKind::Exclusion, number, |cx, arn| {
        let Some(exclusion) = exclusion::describe(cx, arn)? else { return Ok(None) };
        let mut members = shapes::exclusion(&exclusion);
        members.insert("arn".into(), arn.to_string().into());
        Ok(Some(Value::Object(members)))
    })?;
    let found: Map<String, Value> = found.into_iter().collect();
    Ok(Some(json!({"exclusions": found, "failedItems": failed.into_value()})))
}
