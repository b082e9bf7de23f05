//! What the two operations that mark findings have in common.

use serde_json::{Value, json};
use yagura_app::service::finding::Marked;
use yagura_app::service::{AppError, Cx, codes};
use yagura_model::service::{Arn, ArnKind};

use crate::input::Input;
use crate::items;
use crate::shapes::ItemFailure;

/// Changes each finding of the request by itself, and answers with those that could not be.
pub(super) fn each(
    cx: &mut Cx<'_, '_>,
    input: &Input,
    mut change: impl FnMut(&mut Cx<'_, '_>, &Arn) -> Result<Marked, AppError>,
) -> Result<Option<Value>, AppError> {
    let number = (1..=10, codes::INVALID_NUMBER_OF_FINDING_ARNS);
    let mut full: Vec<String> = Vec::new();
    let (_, mut failed) = items::describe(cx, input, "findingArns", ArnKind::Finding, number, |cx, arn| {
        Ok(match change(cx, arn)? {
            Marked::Done => Some(Value::Null),
            Marked::NotThere => None,
            Marked::Full => {
                full.push(arn.to_string());
                Some(Value::Null)
            }
        })
    })?;
    for arn in full {
        failed.add(&arn, ItemFailure::LimitExceeded);
    }
    Ok(Some(json!({"failedItems": failed.into_value()})))
}
