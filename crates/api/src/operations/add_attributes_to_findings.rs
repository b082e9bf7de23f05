//! `AddAttributesToFindings`: gives up to ten findings attributes; a key that is there gets the new
//! value.

use serde_json::Value;
use yagura_app::service::{AppError, Cx, codes, finding};

use super::{Access, On, Operation, marking};
use crate::input::{Input, USER_ATTRIBUTES};

pub(super) const OPERATION: Operation =
    Operation { name: "AddAttributesToFindings", access: Access::Change, on: On::Many("findingArns"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    // A wrong type is told before a member that is missing.
    input.texts("findingArns")?;
    if input.get("attributes").is_none() {
        return Err(AppError::invalid(codes::INVALID_NUMBER_OF_USER_ATTRIBUTES, "`attributes` is missing"));
    }
    let attributes = input.attributes("attributes", 0..=finding::USER_ATTRIBUTES_MAX, USER_ATTRIBUTES)?;
    marking::each(cx, input, |cx, arn| finding::add_attributes(cx, arn, &attributes))
}
