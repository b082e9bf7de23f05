//! `DeleteAssessmentTarget`: with its templates and their runs.

use serde_json::Value;
use yagura_app::service::{AppError, Cx, target};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::Input;

pub(super) const OPERATION: Operation =
    Operation { name: "DeleteAssessmentTarget", access: Access::Change, on: On::One("assessmentTargetArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    target::delete(cx, &input.arn("assessmentTargetArn", ArnKind::Target)?)?;
    Ok(None)
}
