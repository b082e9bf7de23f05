//! `RemoveAttributesFromFindings`: takes attributes from up to ten findings, by key.

use serde_json::Value;
use yagura_app::service::{AppError, Cx, codes, finding};

use super::{Access, On, Operation, marking};
use crate::input::{Input, KEY_CHARS, bounded};

pub(super) const OPERATION: Operation =
    Operation { name: "RemoveAttributesFromFindings", access: Access::Change, on: On::Many("findingArns"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    const NUMBER: &str = codes::INVALID_NUMBER_OF_USER_ATTRIBUTES;
    // A wrong type is told before a member that is missing.
    input.texts("findingArns")?;
    if input.get("attributeKeys").is_none() {
        return Err(AppError::invalid(NUMBER, "`attributeKeys` is missing"));
    }
    let keys = input.texts_within("attributeKeys", 0..=finding::USER_ATTRIBUTES_MAX, NUMBER)?;
    for key in &keys {
        bounded("attributeKeys", key, &KEY_CHARS, codes::INVALID_USER_ATTRIBUTE_KEY)?;
    }
    marking::each(cx, input, |cx, arn| finding::remove_attributes(cx, arn, &keys))
}
