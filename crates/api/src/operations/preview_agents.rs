//! `PreviewAgents`: the hosts that a target means now, page by page.

use jiff::Timestamp;
use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, preview};
use yagura_model::service::{Agent, ArnKind};

use super::{Access, On, Operation};
use crate::input::Input;
use crate::page::{DEFAULT, Page};
use crate::shapes::{self, object, put};

pub(super) const OPERATION: Operation =
    Operation { name: "PreviewAgents", access: Access::Look, on: On::One("previewAgentsArn"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let target = input.arn("previewAgentsArn", ArnKind::Target)?;
    let page = Page::read(input, OPERATION.name, cx.scope(), DEFAULT, 100)?;
    let (now, after) = (cx.now, page.after_number()?.unwrap_or_default());
    let mut agents = preview::agents(cx, &target, after, page.limit + 1)?;
    let token = page.cut(&mut agents, |(seq, _)| seq.to_string());
    let shown: Vec<Value> = agents.iter().map(|(_, agent)| shown(agent, now)).collect();
    let mut output = object(json!({"agentPreviews": shown}));
    put(&mut output, "nextToken", token);
    Ok(Some(Value::Object(output)))
}

/// What a host says of itself is cut at the model's lengths, and left out where it is empty.
fn shown(agent: &Agent, now: Timestamp) -> Value {
    const SHORT_CHARS_MAX: usize = 128;
    const LONG_CHARS_MAX: usize = 256;
    const IPV4_CHARS: std::ops::RangeInclusive<usize> = 7..=15;
    let mut members = object(json!({"agentId": agent.id, "agentHealth": agent.health(now).word()}));
    let facts = &agent.facts;
    put(&mut members, "hostname", shapes::cut(&facts.hostname, LONG_CHARS_MAX));
    let group = agent.auto_scaling_group.as_deref().unwrap_or_default();
    put(&mut members, "autoScalingGroup", shapes::cut(group, LONG_CHARS_MAX));
    put(&mut members, "agentVersion", shapes::cut(&agent.agent_version, SHORT_CHARS_MAX));
    put(&mut members, "operatingSystem", shapes::cut(&facts.operating_system, LONG_CHARS_MAX));
    put(&mut members, "kernelVersion", shapes::cut(&facts.kernel_version, SHORT_CHARS_MAX));
    let address = facts.ipv4_addresses.first().filter(|address| IPV4_CHARS.contains(&address.chars().count()));
    put(&mut members, "ipv4Address", address.map(String::as_str));
    Value::Object(members)
}
