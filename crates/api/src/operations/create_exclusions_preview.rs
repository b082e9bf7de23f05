//! `CreateExclusionsPreview`: makes a preview of what a run of a template could not judge.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, exclusion_preview};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::Input;

pub(super) const OPERATION: Operation =
    Operation { name: "CreateExclusionsPreview", access: Access::Change, on: On::One("assessmentTemplateArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let template = input.arn("assessmentTemplateArn", ArnKind::Template)?;
    let token = exclusion_preview::create(cx, &template)?;
    Ok(Some(json!({"previewToken": token})))
}
