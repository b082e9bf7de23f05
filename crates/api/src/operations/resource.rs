//! The members that several operations on a template have in common.

use yagura_app::service::{AppError, codes};
use yagura_model::service::{Arn, ArnKind, EventKind};

use crate::input::Input;

/// The template in `resourceArn`. Nothing else has tags or subscriptions.
pub(super) fn template(input: &Input) -> Result<Arn, AppError> {
    let text = input.name("resourceArn", 1..=300, codes::INVALID_RESOURCE_ARN)?;
    Arn::parse(&text)
        .filter(|arn| arn.kind() == ArnKind::Template)
        .ok_or_else(|| AppError::invalid(codes::INVALID_RESOURCE_ARN, "`resourceArn` is not an ARN of a template"))
}

/// Template, event and topic of a subscription.
pub(super) fn subscription(input: &Input) -> Result<(Arn, EventKind, String), AppError> {
    let event = input
        .word("event", EventKind::from_word, Some(codes::INVALID_EVENT))?
        .ok_or_else(|| AppError::invalid(codes::INVALID_EVENT, "`event` is missing"))?;
    let topic = input.name("topicArn", 1..=300, codes::INVALID_SNS_TOPIC_ARN)?;
    Ok((template(input)?, event, topic))
}
