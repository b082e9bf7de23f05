//! `StopAssessmentRun`: ends the collecting of a run, with or without a result.

use serde_json::Value;
use yagura_app::service::{AppError, Cx, run_control};
use yagura_model::service::{ArnKind, StopAction};

use super::{Access, On, Operation};
use crate::input::Input;

pub(super) const OPERATION: Operation =
    Operation { name: "StopAssessmentRun", access: Access::Change, on: On::One("assessmentRunArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let run = input.arn("assessmentRunArn", ArnKind::Run)?;
    let action = input.word("stopAction", StopAction::from_word, None)?.unwrap_or(StopAction::StartEvaluation);
    run_control::stop_run(cx, &run, action)?;
    Ok(None)
}
