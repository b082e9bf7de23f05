//! `CreateAssessmentTemplate`: how a target is assessed.

use serde_json::{Value, json};
use yagura_app::service::template::{self, NewTemplate};
use yagura_app::service::{AppError, Cx, codes};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::filter::{self, ARNS, DURATION_S};
use crate::input::{Input, NAME_CHARS, USER_ATTRIBUTES};

pub(super) const OPERATION: Operation =
    Operation { name: "CreateAssessmentTemplate", access: Access::Change, on: On::One("assessmentTargetArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let too_many = codes::INVALID_NUMBER_OF_RULES_PACKAGE_ARNS;
    if input.get("rulesPackageArns").is_none() {
        return Err(AppError::invalid(too_many, "`rulesPackageArns` is missing"));
    }
    let duration = input.number("durationInSeconds")?;
    let attributes = input.attributes("userAttributesForFindings", 0..=10, USER_ATTRIBUTES)?;
    let new = NewTemplate {
        target: input.arn("assessmentTargetArn", ArnKind::Target)?,
        name: input.name("assessmentTemplateName", NAME_CHARS, codes::INVALID_ASSESSMENT_TEMPLATE_NAME)?,
        duration_s: duration.and_then(filter::duration).ok_or_else(|| {
            AppError::invalid(
                codes::INVALID_ASSESSMENT_TEMPLATE_DURATION,
                format!("`durationInSeconds` must be {} to {}", DURATION_S.start(), DURATION_S.end()),
            )
        })?,
        rules: input.arns("rulesPackageArns", ArnKind::RulesPackage, ARNS, too_many)?,
        attributes,
    };
    let arn = template::create(cx, new)?;
    Ok(Some(json!({"assessmentTemplateArn": arn.to_string()})))
}
