//! Describes the things of a list one by one: what fails is reported item by item.

use std::collections::BTreeSet;

use serde_json::Value;
use yagura_app::service::{AppError, Cx};
use yagura_model::service::{Arn, ArnKind, arn::ARN_CHARS_MAX};

use crate::input::{Input, arn_code};
use crate::shapes::{FailedItems, ItemFailure};

/// Describes each thing whose ARN is in the list `member`, in the order of the request. `find`
/// gives `None` for a thing that is not there. A thing that is named twice is described once, and
/// the second mention is what failed.
pub(crate) fn describe(
    cx: &mut Cx<'_, '_>,
    input: &Input,
    member: &str,
    kind: ArnKind,
    number: (std::ops::RangeInclusive<usize>, &'static str),
    mut find: impl FnMut(&mut Cx<'_, '_>, &Arn) -> Result<Option<Value>, AppError>,
) -> Result<(Vec<(String, Value)>, FailedItems), AppError> {
    let texts = input.texts_within(member, number.0, number.1)?;
    // A text that is no name of anything could not be a name in the answer either.
    if texts.iter().any(|text| !(1..=ARN_CHARS_MAX).contains(&text.chars().count())) {
        let message = format!("an item of `{member}` is empty or has more than {ARN_CHARS_MAX} characters");
        return Err(AppError::invalid(arn_code(kind), message));
    }
    let mut found = Vec::new();
    let mut failed = FailedItems::default();
    let mut seen = BTreeSet::new();
    for text in &texts {
        if !seen.insert(text) {
            failed.add(text, ItemFailure::Duplicate);
            continue;
        }
        let Some(arn) = Arn::parse(text).filter(|arn| arn.kind() == kind) else {
            failed.add(text, ItemFailure::InvalidArn);
            continue;
        };
        if !cx.may(&arn)? {
            failed.add(text, ItemFailure::AccessDenied);
            continue;
        }
        match find(cx, &arn)? {
            Some(value) => found.push((text.clone(), value)),
            None => failed.add(text, ItemFailure::DoesNotExist),
        }
    }
    Ok((found, failed))
}

/// The values of what was found, for answers that are lists.
pub(crate) fn values(found: Vec<(String, Value)>) -> Vec<Value> {
    found.into_iter().map(|(_, value)| value).collect()
}
