//! `StartAssessmentRun`: starts a run of a template.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, run_control};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::{Input, NAME_CHARS};

pub(super) const OPERATION: Operation =
    Operation { name: "StartAssessmentRun", access: Access::Change, on: On::One("assessmentTemplateArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let template = input.arn("assessmentTemplateArn", ArnKind::Template)?;
    let name = input.text("assessmentRunName")?.map(str::to_owned);
    if let Some(name) = &name
        && !NAME_CHARS.contains(&name.chars().count())
    {
        // The API has no code for a run's name.
        return Err(AppError::Validation(format!(
            "1 validation error detected: `assessmentRunName` must have {} to {} characters",
            NAME_CHARS.start(),
            NAME_CHARS.end()
        )));
    }
    let run = run_control::start_run(cx, &template, name)?;
    Ok(Some(json!({"assessmentRunArn": run.to_string()})))
}
