//! `yagura agents` and `yagura changes`.

use serde_json::{Value, json};
use yagura_app::service::Answer;
use yagura_app::service::fleet::{self, FleetFilter, ShownAgent, age_days};
use yagura_model::service::Agent;
use yagura_store::Rematch;

use super::super::Context;
use super::session::{Place, Session, silent};
use super::table::{answer, minute, opt_minute, or_dash, shown, size, table};
use super::tokens::{tags_json, tags_text};
use crate::cli::manage::{Agents, Changes, Form, Managed};
use crate::exit::{self, Exit, Failure};

const READ: &str = "yagura:ReadAgents";
const MANAGE: &str = "yagura:ManageAgents";

pub(super) fn run(context: &Context, words: &Managed<Agents>) -> Result<Exit, Failure> {
    let session = Session::open(context, &words.service, Place::Existing)?;
    match &words.verb {
        Agents::List { tags, health, all, form } => {
            let filter = FleetFilter { tags: tags.clone(), health: *health, with_revoked: *all };
            let parameters = json!({ "tags": tags_json(tags), "health": health.map(|health| health.word()) });
            let agents = session.look(("ListAgents", READ), &parameters, |cx| fleet::list(cx, &filter))?;
            list(&session, &agents, form)
        }
        Agents::Show { id, form } => {
            let agent = session.look(("GetAgent", READ), &json!({ "agentId": id }), |cx| fleet::show(cx, id))?;
            answer(form.format, || agent_json(&session, &agent), || agent_text(&session, &agent))
        }
        Agents::Tag { id, tags } => {
            let parameters = json!({ "agentId": id, "tags": tags_json(tags) });
            session.change(("SetAgentTags", MANAGE), &parameters, |cx| silent(fleet::set_tags(cx, id, tags)?))?;
            exit::line(&format!("the host {id} has these tags now: {}", tags_text(tags)));
            Ok(Exit::Done)
        }
        Agents::Revoke { id } => {
            let count = session.change(("RevokeAgent", MANAGE), &json!({ "agentId": id }), |cx| {
                let count = fleet::revoke(cx, id)?;
                Ok(Answer { value: count, recorded: json!({ "certificates": count }) })
            })?;
            exit::line(&format!("the host {id} is refused from now on; {count} of its certificates were valid"));
            Ok(Exit::Done)
        }
    }
}

fn health(agent: &Agent, session: &Session) -> String {
    if agent.revoked {
        return "REVOKED".to_owned();
    }
    agent.health(session.app.now()).word().to_owned()
}

fn list(session: &Session, agents: &[Agent], form: &Form) -> Result<Exit, Failure> {
    answer(
        form.format,
        || json!({ "agents": agents.iter().map(|agent| summary_json(session, agent)).collect::<Vec<_>>() }),
        || {
            let rows = agents.iter().map(|agent| {
                [
                    agent.id.clone(),
                    agent.facts.hostname.clone(),
                    health(agent, session),
                    agent.agent_version.clone(),
                    agent.facts.operating_system.clone(),
                    minute(agent.seen_at),
                    tags_text(&agent.tags),
                ]
            });
            table(["AGENT", "HOST", "HEALTH", "VERSION", "SYSTEM", "LAST SEEN", "TAGS"], rows)
        },
    )
}

fn summary_json(session: &Session, agent: &Agent) -> Value {
    let now = session.app.now();
    json!({
        "agentId": agent.id,
        "hostname": agent.facts.hostname,
        "health": agent.health(now).word(),
        "healthReason": agent.health_reason(now),
        "revoked": agent.revoked,
        "agentVersion": agent.agent_version,
        "operatingSystem": agent.facts.operating_system,
        "kernelVersion": agent.facts.kernel_version,
        "architecture": agent.facts.architecture,
        "ipv4Addresses": agent.facts.ipv4_addresses,
        "ipv6Addresses": agent.facts.ipv6_addresses,
        "enrolledAt": agent.enrolled_at,
        "lastSeenAt": agent.seen_at,
        "autoScalingGroup": agent.auto_scaling_group,
        "tags": tags_json(&agent.tags),
    })
}

fn agent_json(session: &Session, shown: &ShownAgent) -> Value {
    let now = session.app.now();
    let open = shown.open.iter().map(|record| {
        json!({
            "id": record.entry.rule, "subject": record.entry.subject, "severity": record.entry.severity.word(),
            "title": record.entry.title.en, "firstSeenAt": record.first_at, "lastSeenAt": record.last_at,
            "ageDays": age_days(record.first_at, now),
        })
    });
    let certificates = shown.certificates.iter().map(|certificate| {
        json!({
            "serial": certificate.serial, "issuedAt": certificate.issued_at, "expiresAt": certificate.expires_at,
            "revokedAt": certificate.revoked_at,
        })
    });
    let snapshot = shown.snapshot.as_ref().map(|snapshot| {
        json!({
            "digest": snapshot.digest, "release": snapshot.release, "packages": snapshot.packages,
            "bytes": snapshot.bytes, "takenAt": shown.agent.snapshot_at,
        })
    });
    json!({
        "agent": summary_json(session, &shown.agent), "snapshot": snapshot,
        "certificates": certificates.collect::<Vec<_>>(), "openFindings": open.collect::<Vec<_>>(),
    })
}

fn agent_text(session: &Session, agent: &ShownAgent) -> String {
    let now = session.app.now();
    let ShownAgent { agent, snapshot, certificates, open } = agent;
    let facts = &agent.facts;
    let addresses: Vec<&str> = facts.ipv4_addresses.iter().chain(&facts.ipv6_addresses).map(String::as_str).collect();
    let reason = agent.health_reason(now).map(|reason| format!(" ({reason})")).unwrap_or_default();
    let snapshot = snapshot.as_ref().map(|snapshot| {
        let release = snapshot.release.as_deref().unwrap_or("unknown release");
        format!(
            "{} packages, {release}, {}, of {}",
            snapshot.packages,
            size(snapshot.bytes),
            opt_minute(agent.snapshot_at)
        )
    });
    let certificate = certificates.first().map(|certificate| match certificate.revoked_at {
        Some(at) => format!("revoked {}", minute(at)),
        None => format!("until {}", minute(certificate.expires_at)),
    });
    let lines = [
        ("agent", agent.id.clone()),
        ("host", facts.hostname.clone()),
        ("health", format!("{}{reason}", health(agent, session))),
        ("version", agent.agent_version.clone()),
        ("system", format!("{}, {}, kernel {}", facts.operating_system, facts.architecture, facts.kernel_version)),
        ("addresses", addresses.join(" ")),
        ("tags", tags_text(&agent.tags)),
        ("enrolled", minute(agent.enrolled_at)),
        ("last seen", minute(agent.seen_at)),
        ("certificate", or_dash(certificate)),
        ("snapshot", or_dash(snapshot)),
    ];
    let mut text: String = lines.iter().map(|(name, value)| format!("{name:<12} {}\n", shown(value))).collect();
    if open.is_empty() {
        text.push_str("\nno open findings\n");
        return text;
    }
    text.push_str(&format!("\n{} open findings\n\n", open.len()));
    let rows = open.iter().map(|record| {
        [
            record.entry.severity.word().to_owned(),
            record.entry.rule.clone(),
            record.entry.subject.clone(),
            age_days(record.first_at, now).to_string(),
            record.entry.title.en.clone(),
        ]
    });
    text.push_str(&table(["SEVERITY", "ID", "ABOUT", ">AGE (DAYS)", "TITLE"], rows));
    text
}

pub(super) fn changes(context: &Context, words: &Changes) -> Result<Exit, Failure> {
    let session = Session::open(context, &words.service, Place::Existing)?;
    let format = words.form.format;
    let Some(number) = words.number else {
        let rematches = session.look(("ListChanges", READ), &Value::Null, |cx| fleet::rematches(cx, words.limit))?;
        return answer(
            format,
            || json!({ "changes": rematches.iter().map(rematch_json).collect::<Vec<_>>() }),
            || {
                let rows = rematches.iter().map(|rematch| {
                    [
                        rematch.seq.to_string(),
                        minute(rematch.started_at),
                        rematch.packages.to_string(),
                        rematch.hosts.to_string(),
                        rematch.appeared.to_string(),
                        rematch.resolved.to_string(),
                        rematch.regraded.to_string(),
                    ]
                });
                table([">NUMBER", "BEGAN", ">PACKAGES", ">HOSTS", ">APPEARED", ">GONE", ">REGRADED"], rows)
            },
        );
    };
    let parameters = json!({ "number": number });
    let (rematch, changes) = session.look(("GetChanges", READ), &parameters, |cx| fleet::changes(cx, number))?;
    answer(
        format,
        || {
            let changes: Vec<Value> = changes
                .iter()
                .map(|change| {
                    json!({
                        "agentId": change.agent, "change": change.change, "id": change.rule,
                        "subject": change.subject, "severity": change.severity,
                    })
                })
                .collect();
            json!({ "change": rematch_json(&rematch), "findings": changes })
        },
        || {
            let rows = changes.iter().map(|change| {
                [
                    change.change.clone(),
                    change.severity.clone(),
                    change.rule.clone(),
                    change.subject.clone(),
                    change.agent.clone(),
                ]
            });
            table(["CHANGE", "SEVERITY", "ID", "ABOUT", "AGENT"], rows)
        },
    )
}

fn rematch_json(rematch: &Rematch) -> Value {
    json!({
        "number": rematch.seq, "startedAt": rematch.started_at, "endedAt": rematch.ended_at,
        "indexBefore": rematch.index_before, "indexAfter": rematch.index_after, "packages": rematch.packages,
        "hosts": rematch.hosts, "appeared": rematch.appeared, "resolved": rematch.resolved,
        "regraded": rematch.regraded,
    })
}
