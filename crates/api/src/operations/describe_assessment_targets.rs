//! `DescribeAssessmentTargets`: up to ten targets.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, codes, target};
use yagura_model::service::{Arn, ArnKind};

use super::{Access, On, Operation};
use crate::input::Input;
use crate::{items, shapes};

pub(super) const OPERATION: Operation =
    Operation { name: "DescribeAssessmentTargets", access: Access::Look, on: On::Many("assessmentTargetArns"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let number = (1..=10, codes::INVALID_NUMBER_OF_ASSESSMENT_TARGET_ARNS);
    let (found, failed) = items::describe(cx, input, "assessmentTargetArns", ArnKind::Target, number, |cx, arn| {
        let Some(target) = target::find(cx, arn)? else { return Ok(None) };
        let mut shown = shapes::object(json!({
            "arn": arn.to_string(),
            "name": target.name,
            "createdAt": shapes::time(target.created_at),
            "updatedAt": shapes::time(target.updated_at),
        }));
        let group = target.resource_group.map(|id| Arn::resource_group(cx.scope(), &id).to_string());
        shapes::put(&mut shown, "resourceGroupArn", group);
        Ok(Some(Value::Object(shown)))
    })?;
    Ok(Some(json!({"assessmentTargets": items::values(found), "failedItems": failed.into_value()})))
}
