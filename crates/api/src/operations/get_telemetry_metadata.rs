//! `GetTelemetryMetadata`: how much all agents of a run sent, by type of message, and in total.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, run_agent};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::Input;
use crate::shapes;

pub(super) const OPERATION: Operation =
    Operation { name: "GetTelemetryMetadata", access: Access::Look, on: On::One("assessmentRunArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let run = input.arn("assessmentRunArn", ArnKind::Run)?;
    let rows = run_agent::telemetry(cx, &run)?;
    let (messages, bytes) = rows.iter().fold((0_u64, 0_u64), |(messages, bytes), row| {
        (messages.saturating_add(row.messages), bytes.saturating_add(row.bytes))
    });
    let mut shown: Vec<Value> = rows.iter().take(shapes::TELEMETRY_MAX - 1).filter_map(shapes::telemetry).collect();
    shown.push(json!({"messageType": "Total", "count": messages, "dataSize": bytes}));
    Ok(Some(json!({"telemetryMetadata": shown})))
}
