//! `GetExclusionsPreview`: what a preview says, page by page.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, exclusion_preview};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::Input;
use crate::page::Page;
use crate::shapes::{self, object, put};

pub(super) const OPERATION: Operation =
    Operation { name: "GetExclusionsPreview", access: Access::Look, on: On::One("assessmentTemplateArn"), run };

/// Previews of a page that the model allows, and what a caller gets that asks for no number.
const PAGE_MAX: usize = 100;

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let template = input.arn("assessmentTemplateArn", ArnKind::Template)?;
    let token = input.text("previewToken")?.unwrap_or_default();
    input.locale()?;
    let page = Page::read(input, OPERATION.name, cx.scope(), PAGE_MAX, PAGE_MAX)?;
    let after = page.after_number()?.and_then(|after| usize::try_from(after).ok()).unwrap_or_default();
    if !is_uuid(token) {
        return Err(AppError::Validation(
            "1 validation error detected: 'previewToken' must be a UUID in lower-case digits".into(),
        ));
    }
    let preview = exclusion_preview::get(cx, &template, token)?;
    if !preview.done {
        return Ok(Some(json!({"previewStatus": "WORK_IN_PROGRESS"})));
    }
    let mut exclusions: Vec<(usize, Value)> = (1..)
        .zip(&preview.exclusions)
        .skip(after)
        .take(page.limit + 1)
        .map(|(number, exclusion)| (number, Value::Object(shapes::exclusion(exclusion))))
        .collect();
    let token = page.cut(&mut exclusions, |(number, _)| number.to_string());
    let exclusions: Vec<Value> = exclusions.into_iter().map(|(_, exclusion)| exclusion).collect();
    let mut output = object(json!({"previewStatus": "COMPLETED", "exclusionPreviews": exclusions}));
    put(&mut output, "nextToken", token);
    Ok(Some(Value::Object(output)))
}

/// Eight, four, four, four and twelve lower-case hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)))
}
