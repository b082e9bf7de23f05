//! `DescribeAssessmentRuns`: up to ten runs, with the states that each has passed.

use serde_json::{Map, Value, json};
use yagura_app::service::run::{self as runs, Described, Notification};
use yagura_app::service::{AppError, Cx, codes};
use yagura_model::Severity;
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::Input;
use crate::items;
use crate::shapes::{self, object, put};

pub(super) const OPERATION: Operation =
    Operation { name: "DescribeAssessmentRuns", access: Access::Look, on: On::Many("assessmentRunArns"), run };

/// Changes of state that the model lets an answer have.
const STATE_CHANGES_MAX: usize = 50;
/// Longest message of a notification, in characters.
const MESSAGE_CHARS_MAX: usize = 1_000;

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let number = (1..=10, codes::INVALID_NUMBER_OF_ASSESSMENT_RUN_ARNS);
    let (found, failed) = items::describe(cx, input, "assessmentRunArns", ArnKind::Run, number, |cx, arn| {
        Ok(runs::describe(cx, arn)?.map(|described| shown(&described)))
    })?;
    Ok(Some(json!({"assessmentRuns": items::values(found), "failedItems": failed.into_value()})))
}

fn shown(described: &Described) -> Value {
    let run = &described.run;
    let changes: Vec<Value> = described
        .transitions
        .iter()
        .take(STATE_CHANGES_MAX)
        .map(|(state, at)| json!({"stateChangedAt": shapes::time(*at), "state": state.word()}))
        .collect();
    let counts: Map<String, Value> = Severity::ALL
        .iter()
        .zip(run.counts)
        .map(|(severity, count)| (severity.word().to_owned(), count.into()))
        .collect();
    let mut members = object(json!({
        "arn": run.arn().to_string(),
        "name": run.name,
        "assessmentTemplateArn": run.template_arn().to_string(),
        "state": run.state.word(),
        "durationInSeconds": run.duration_s,
        "rulesPackageArns": run.rules,
        "userAttributesForFindings": shapes::attributes(&run.attributes),
        "createdAt": shapes::time(run.created_at),
        "stateChangedAt": shapes::time(run.changed_at),
        "dataCollected": run.data_collected,
        "stateChanges": changes,
        "notifications": described.notifications.iter().map(notification).collect::<Vec<Value>>(),
        "findingCounts": counts,
    }));
    put(&mut members, "startedAt", run.started_at.map(shapes::time));
    put(&mut members, "completedAt", run.completed_at.map(shapes::time));
    Value::Object(members)
}

fn notification(told: &Notification) -> Value {
    let mut members = object(json!({
        "date": shapes::time(told.at),
        "event": told.event.word(),
        "error": told.error,
    }));
    let message = told.message.as_deref().and_then(|message| shapes::cut(message, MESSAGE_CHARS_MAX));
    put(&mut members, "message", message);
    put(&mut members, "snsTopicArn", told.topic.as_deref());
    put(&mut members, "snsPublishStatusCode", told.status.as_deref());
    Value::Object(members)
}
