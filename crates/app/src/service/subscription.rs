//! Subscriptions of topics to the events of a template.

use serde_json::json;
use yagura_model::service::{Arn, EventKind, foreign};
use yagura_store::Subscription;

use super::{AppError, Cx, codes, target, template};

/// The event that tells a topic that it is subscribed; no kind of the API's own.
pub const ENABLED: &str = "ENABLE_ASSESSMENT_NOTIFICATIONS";

/// Subscribes a topic to an event of a template. What is subscribed already stays so; a new
/// subscription puts the set-up message for the topic into the outbox, with the topic's ARN as
/// its subject.
///
/// # Errors
/// When the topic's ARN is none, the template is not there, or it has as many subscriptions as it
/// may have.
pub fn subscribe(cx: &mut Cx<'_, '_>, arn: &Arn, event: EventKind, topic: &str) -> Result<(), AppError> {
    check_topic(cx, topic)?;
    let (scope, now, limit) = (cx.scope().clone(), cx.now, cx.app.settings.subscriptions_max);
    target::lock(cx)?;
    let template = template::get(cx, arn)?;
    if cx.tx.is_subscribed(&scope, &template.id, topic, event)? {
        return Ok(());
    }
    if cx.tx.count_subscriptions(&scope, &template.id)? >= limit {
        return Err(AppError::Limit {
            code: codes::EVENT_SUBSCRIPTION_LIMIT_EXCEEDED,
            message: format!("the assessment template has {limit} event subscriptions already"),
        });
    }
    cx.tx.subscribe(&scope, &template.id, topic, event, now)?;
    let body = json!({
        "event": ENABLED,
        "target": Arn::target(&scope, &template.target).to_string(),
        "template": Arn::template(&scope, &template.target, &template.id).to_string(),
        "time": now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
    });
    cx.tx.put_event(&scope, ENABLED, topic, &body.to_string(), now)?;
    Ok(())
}

/// Ends a subscription; one that is not there is ended already.
///
/// # Errors
/// When the topic's ARN is none, or the template is not there.
pub fn unsubscribe(cx: &mut Cx<'_, '_>, arn: &Arn, event: EventKind, topic: &str) -> Result<(), AppError> {
    check_topic(cx, topic)?;
    let scope = cx.scope().clone();
    let template = template::get(cx, arn)?;
    cx.tx.unsubscribe(&scope, &template.id, topic, event)?;
    Ok(())
}

/// Lists subscriptions of a template, or of every one, in the order in which they were made;
/// `after` is the last number of the page before.
///
/// # Errors
/// When the template is not there.
pub fn list(cx: &mut Cx<'_, '_>, arn: Option<&Arn>, after: i64, limit: usize) -> Result<Vec<Subscription>, AppError> {
    let template = arn.map(|arn| template::get(cx, arn)).transpose()?.map(|template| template.id);
    let scope = cx.scope().clone();
    Ok(cx.tx.list_subscriptions(&scope, template.as_ref(), after, limit)?)
}

fn check_topic(cx: &Cx<'_, '_>, topic: &str) -> Result<(), AppError> {
    if foreign::names_topic(topic, cx.scope()) {
        return Ok(());
    }
    Err(AppError::invalid(codes::INVALID_SNS_TOPIC_ARN, "`topicArn` is not an ARN of a topic"))
}
