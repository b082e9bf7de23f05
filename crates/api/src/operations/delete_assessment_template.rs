//! `DeleteAssessmentTemplate`: with its runs, subscriptions and tags.

use serde_json::Value;
use yagura_app::service::{AppError, Cx, template};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::Input;

pub(super) const OPERATION: Operation =
    Operation { name: "DeleteAssessmentTemplate", access: Access::Change, on: On::One("assessmentTemplateArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    template::delete(cx, &input.arn("assessmentTemplateArn", ArnKind::Template)?)?;
    Ok(None)
}
