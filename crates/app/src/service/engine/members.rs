//! Which hosts take part in a run: those that the target's tags mean, whenever they appear.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use yagura_model::service::{Agent, AgentHealth, HealthCode, Run, Tag};
use yagura_store::{Phase, RunAgent, StoredExclusion, Tx};

use super::super::exclusions;
use super::super::{App, AppError};

/// Hosts that one transaction takes in, so that none holds the database for long.
const JOINED_AT_ONCE_MAX: usize = 500;

impl App {
    /// Takes hosts into a run that belong to its target and are not in it yet; `true` when there
    /// may be more. Each host comes in once, whole: instructed, or excluded with the reason.
    pub(super) fn take_members(&self, run: &Run, now: Timestamp) -> Result<bool, AppError> {
        self.store.write(|tx| {
            let tags = target_tags(tx, run)?;
            let missing = tx.agents_missing_from_run(&run.scope, tags.as_deref(), run.seq, JOINED_AT_ONCE_MAX)?;
            if missing.is_empty() {
                return Ok(false);
            }
            let busy: BTreeMap<String, i64> = tx.busy_agents(&run.scope, run.seq)?.into_iter().collect();
            let mut excluded = Vec::new();
            for agent in &missing {
                let obstacle = obstacle(tx, agent, &busy, now)?;
                let member = RunAgent {
                    run_seq: run.seq,
                    agent: agent.id.clone(),
                    phase: if obstacle.is_some() { Phase::Excluded } else { Phase::Instructed },
                    joined_at: now,
                    started_at: None,
                    data_at: None,
                    next_chunk: 0,
                    snapshot: None,
                    health: agent.health_code(now),
                    details: agent.health_reason(now),
                    asset: asset(agent).to_string(),
                    evaluated_at: None,
                };
                if tx.join_run(&run.scope, &member)? {
                    excluded.extend(obstacle);
                }
            }
            tx.insert_exclusions(&run.scope, run.seq, &excluded)?;
            Ok(missing.len() == JOINED_AT_ONCE_MAX)
        })
    }
}

/// The tags that choose the hosts; `None` means every host of the scope.
fn target_tags(tx: &mut Tx<'_>, run: &Run) -> Result<Option<Vec<Tag>>, AppError> {
    let Some(target) = tx.target(&run.scope, &run.target)? else {
        // A target with a live run cannot be deleted.
        return Err(AppError::internal(format!("the target of `{}` is gone", run.arn())));
    };
    Ok(tx.target_tags(&run.scope, &target)?)
}

/// Why a host cannot take part.
fn obstacle(
    tx: &mut Tx<'_>,
    agent: &Agent,
    busy: &BTreeMap<String, i64>,
    now: Timestamp,
) -> Result<Option<StoredExclusion>, AppError> {
    if let Some(seq) = busy.get(&agent.id) {
        let other = tx.run_by_seq(*seq)?.map(|run| run.arn().to_string()).unwrap_or_default();
        return Ok(Some(exclusions::agent_busy(&agent.id, &other)));
    }
    if agent.health(now) == AgentHealth::Healthy {
        return Ok(None);
    }
    // One that said that it is unwell still answers, and may be able to collect; one that was enrolled a moment ago
    // has only not said anything yet.
    let answers = matches!(agent.reported, HealthCode::Unhealthy | HealthCode::Unknown);
    let late = now.duration_since(agent.seen_at) > yagura_model::service::agent::LATE_AFTER;
    if answers && !late && !agent.cloned && !agent.revoked {
        return Ok(None);
    }
    let why = agent.health_reason(now).unwrap_or_else(|| "it does not answer".to_owned());
    Ok(Some(exclusions::agent_unhealthy(&agent.id, &why)))
}

/// The host as its findings show it, in the shape of the API's `AssetAttributes`.
pub(super) fn asset(agent: &Agent) -> Value {
    const ADDRESSES_MAX: usize = 50;
    let mut members = Map::new();
    members.insert("schemaVersion".into(), 1.into());
    members.insert("agentId".into(), agent.id.clone().into());
    if let Some(group) = &agent.auto_scaling_group {
        members.insert("autoScalingGroup".into(), group.clone().into());
    }
    members.insert("hostname".into(), agent.facts.hostname.clone().into());
    members.insert("ipv4Addresses".into(), agent.facts.ipv4_addresses.iter().take(ADDRESSES_MAX).cloned().collect());
    let tags: Vec<Value> = agent
        .tags
        .iter()
        .map(|tag| match &tag.value {
            Some(value) if !value.is_empty() => json!({"key": tag.key, "value": value}),
            _ => json!({"key": tag.key}),
        })
        .collect();
    members.insert("tags".into(), tags.into());
    Value::Object(members)
}
