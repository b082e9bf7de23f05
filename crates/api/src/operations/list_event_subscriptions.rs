//! `ListEventSubscriptions`: which topics are told of what, of one template or of all.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, subscription};

use super::{Access, On, Operation, resource};
use crate::input::Input;
use crate::page::{DEFAULT, Page};
use crate::shapes::{self, object, put};

pub(super) const OPERATION: Operation =
    Operation { name: "ListEventSubscriptions", access: Access::Look, on: On::One("resourceArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let page = Page::read(input, OPERATION.name, cx.scope(), DEFAULT, 50)?;
    let template = match input.get("resourceArn") {
        Some(_) => Some(resource::template(input)?),
        None => None,
    };
    let after = page.after_number()?.unwrap_or_default();
    let mut subscriptions = subscription::list(cx, template.as_ref(), after, page.limit + 1)?;
    let token = page.cut(&mut subscriptions, |subscription| subscription.seq.to_string());
    let shown: Vec<Value> = subscriptions
        .iter()
        .map(|subscription| {
            let events: Vec<Value> = subscription
                .events
                .iter()
                .map(|(event, at)| json!({"event": event.word(), "subscribedAt": shapes::time(*at)}))
                .collect();
            json!({
                "resourceArn": subscription.template.to_string(),
                "topicArn": subscription.topic,
                "eventSubscriptions": events,
            })
        })
        .collect();
    let mut output = object(json!({"subscriptions": shown}));
    put(&mut output, "nextToken", token);
    Ok(Some(Value::Object(output)))
}
