//! `CreateAssessmentTarget`: which hosts are assessed.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, codes, target};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::{Input, NAME_CHARS};

pub(super) const OPERATION: Operation =
    Operation { name: "CreateAssessmentTarget", access: Access::Change, on: On::One("resourceGroupArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let name = input.name("assessmentTargetName", NAME_CHARS, codes::INVALID_ASSESSMENT_TARGET_NAME)?;
    let group = input.opt_arn("resourceGroupArn", ArnKind::ResourceGroup)?;
    let arn = target::create(cx, name, group.as_ref())?;
    Ok(Some(json!({"assessmentTargetArn": arn.to_string()})))
}
