//! `DeleteAssessmentRun`: with its findings, exclusions and reports.

use serde_json::Value;
use yagura_app::service::{AppError, Cx, run as runs};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::Input;

pub(super) const OPERATION: Operation =
    Operation { name: "DeleteAssessmentRun", access: Access::Change, on: On::One("assessmentRunArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    runs::delete(cx, &input.arn("assessmentRunArn", ArnKind::Run)?)?;
    Ok(None)
}
