//! `ListExclusions`: the ARNs of what a run could not judge, page by page.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, exclusion};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::Input;
use crate::page::Page;
use crate::shapes::{object, put};

pub(super) const OPERATION: Operation =
    Operation { name: "ListExclusions", access: Access::Look, on: On::One("assessmentRunArn"), run };

/// ARNs of a page that the model allows, and what a caller gets that asks for no number.
const PAGE_MAX: usize = 100;

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let run = input.arn("assessmentRunArn", ArnKind::Run)?;
    let page = Page::read(input, OPERATION.name, cx.scope(), PAGE_MAX, PAGE_MAX)?;
    let after = page.after.clone().unwrap_or_default();
    let mut exclusions = exclusion::list(cx, &run, &after, page.limit + 1)?;
    let token = page.cut(&mut exclusions, |arn| arn.id().as_str().to_owned());
    let arns: Vec<String> = exclusions.iter().map(ToString::to_string).collect();
    let mut output = object(json!({"exclusionArns": arns}));
    put(&mut output, "nextToken", token);
    Ok(Some(Value::Object(output)))
}
