//! `ListAssessmentRunAgents`: the agents of a run, how they are and what they sent, page by page.

use serde_json::{Value, json};
use yagura_app::service::run_agent::{self, Described, Filter};
use yagura_app::service::{AppError, Cx};
use yagura_model::service::{AgentHealth, Arn, ArnKind, HealthCode};

use super::{Access, On, Operation};
use crate::input::{Input, unknown_word};
use crate::page::{DEFAULT, Page};
use crate::shapes::{self, object, put};

pub(super) const OPERATION: Operation =
    Operation { name: "ListAssessmentRunAgents", access: Access::Look, on: On::One("assessmentRunArn"), run };

/// Agents of a page that the model allows.
const PAGE_MAX: usize = 500;
const HEALTHS_MAX: usize = 10;
const AGENT_CHARS_MAX: usize = 128;
const DETAILS_CHARS_MAX: usize = 1_000;
const GROUP_CHARS_MAX: usize = 256;

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let run = input.arn("assessmentRunArn", ArnKind::Run)?;
    let filter = match input.structure("filter")? {
        Some(filter) => Filter {
            healths: words(&filter, "agentHealths", AgentHealth::from_word)?,
            codes: words(&filter, "agentHealthCodes", HealthCode::from_word)?,
        },
        None => Filter::default(),
    };
    let page = Page::read(input, OPERATION.name, cx.scope(), DEFAULT, PAGE_MAX)?;
    let after = page.after.clone().unwrap_or_default();
    let mut agents = run_agent::list(cx, &run, &filter, &after, page.limit + 1)?;
    let token = page.cut(&mut agents, |agent| agent.member.agent.clone());
    let agents: Vec<Value> = agents.iter().map(|agent| shown(&run, agent)).collect();
    let mut output = object(json!({"assessmentRunAgents": agents}));
    put(&mut output, "nextToken", token);
    Ok(Some(Value::Object(output)))
}

/// A list of the filter, which must be there; the API has no code for what is wrong with it.
fn words<T>(filter: &Input, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, AppError> {
    let texts = filter.texts(name)?.filter(|texts| texts.len() <= HEALTHS_MAX).ok_or_else(|| {
        AppError::Validation(format!(
            "1 validation error detected: '{name}' must be there and have at most {HEALTHS_MAX} items"
        ))
    })?;
    texts.iter().map(|word| read(word).ok_or_else(|| unknown_word(name, word, None))).collect()
}

fn shown(run: &Arn, described: &Described) -> Value {
    let member = &described.member;
    let telemetry: Vec<Value> =
        described.telemetry.iter().take(shapes::TELEMETRY_MAX).filter_map(shapes::telemetry).collect();
    let asset: Value = serde_json::from_str(&member.asset).unwrap_or_default();
    let group = asset.get("autoScalingGroup").and_then(Value::as_str);
    let mut members = object(json!({
        "agentId": shapes::cut(&member.agent, AGENT_CHARS_MAX),
        "assessmentRunArn": run.to_string(),
        "agentHealth": member.health.health().word(),
        "agentHealthCode": member.health.word(),
        "telemetryMetadata": telemetry,
    }));
    let details = member.details.as_deref().and_then(|details| shapes::cut(details, DETAILS_CHARS_MAX));
    put(&mut members, "agentHealthDetails", details);
    put(&mut members, "autoScalingGroup", group.and_then(|group| shapes::cut(group, GROUP_CHARS_MAX)));
    Value::Object(members)
}
