//! `ListAssessmentTargets`: the ARNs of the targets, page by page.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, codes, target};

use super::{Access, On, Operation};
use crate::filter;
use crate::input::Input;
use crate::page::{DEFAULT, Page};
use crate::shapes::{object, put};

pub(super) const OPERATION: Operation =
    Operation { name: "ListAssessmentTargets", access: Access::Look, on: On::Account, run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let wanted = filter::of(input)?;
    let pattern =
        filter::name_pattern(&wanted, "assessmentTargetNamePattern", codes::INVALID_ASSESSMENT_TARGET_NAME_PATTERN)?;
    let page = Page::read(input, OPERATION.name, cx.scope(), DEFAULT, 100)?;
    let after = page.after_number()?.unwrap_or_default();
    let mut targets = target::list(cx, pattern.as_deref(), after, page.limit + 1)?;
    let token = page.cut(&mut targets, |(seq, _)| seq.to_string());
    let arns: Vec<String> = targets.iter().map(|(_, target)| target.to_string()).collect();
    let mut output = object(json!({"assessmentTargetArns": arns}));
    put(&mut output, "nextToken", token);
    Ok(Some(Value::Object(output)))
}
