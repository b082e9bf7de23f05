//! `UpdateAssessmentTarget`: another name, another group, or every host.

use serde_json::Value;
use yagura_app::service::{AppError, Cx, codes, target};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::{Input, NAME_CHARS};

pub(super) const OPERATION: Operation =
    Operation { name: "UpdateAssessmentTarget", access: Access::Change, on: On::One("assessmentTargetArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let arn = input.arn("assessmentTargetArn", ArnKind::Target)?;
    let name = input.name("assessmentTargetName", NAME_CHARS, codes::INVALID_ASSESSMENT_TARGET_NAME)?;
    let group = input.opt_arn("resourceGroupArn", ArnKind::ResourceGroup)?;
    target::update(cx, &arn, name, group.as_ref())?;
    Ok(None)
}
