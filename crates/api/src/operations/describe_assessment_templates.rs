//! `DescribeAssessmentTemplates`: up to ten templates, and what has become of each.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, codes, template};
use yagura_model::service::{Arn, ArnKind};

use super::{Access, On, Operation};
use crate::input::Input;
use crate::{items, shapes};

pub(super) const OPERATION: Operation = Operation {
    name: "DescribeAssessmentTemplates",
    access: Access::Look,
    on: On::Many("assessmentTemplateArns"),
    run,
};

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let number = (1..=10, codes::INVALID_NUMBER_OF_ASSESSMENT_TEMPLATE_ARNS);
    let (found, failed) =
        items::describe(cx, input, "assessmentTemplateArns", ArnKind::Template, number, |cx, arn| {
            let Some(described) = template::describe(cx, arn)? else { return Ok(None) };
            let template = described.template;
            let mut shown = shapes::object(json!({
                "arn": arn.to_string(),
                "name": template.name,
                "assessmentTargetArn": Arn::target(cx.scope(), &template.target).to_string(),
                "durationInSeconds": template.duration_s,
                "rulesPackageArns": template.rules,
                "userAttributesForFindings": shapes::attributes(&template.attributes),
                "assessmentRunCount": described.runs,
                "createdAt": shapes::time(template.created_at),
            }));
            shapes::put(&mut shown, "lastAssessmentRunArn", described.last_run.map(|run| run.arn().to_string()));
            Ok(Some(Value::Object(shown)))
        })?;
    Ok(Some(json!({"assessmentTemplates": items::values(found), "failedItems": failed.into_value()})))
}
