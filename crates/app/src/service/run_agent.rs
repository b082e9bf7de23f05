//! The agents of a run and how much they sent.

use yagura_model::service::{AgentHealth, Arn, HealthCode};
use yagura_store::RunAgent;
pub use yagura_store::Telemetry;

use super::{AppError, Cx, finding::run_of};

/// An agent of a run and what it sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The agent.
    pub member: RunAgent,
    /// What it sent, by type of message.
    pub telemetry: Vec<Telemetry>,
}

/// What a list of agents is narrowed by; an empty list means any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// In any of these healths.
    pub healths: Vec<AgentHealth>,
    /// With any of these codes.
    pub codes: Vec<HealthCode>,
}

impl Filter {
    /// The codes that match both lists; `None` for any.
    fn wanted(&self) -> Option<Vec<HealthCode>> {
        if self.healths.is_empty() && self.codes.is_empty() {
            return None;
        }
        let any = |code: &HealthCode| {
            (self.healths.is_empty() || self.healths.contains(&code.health()))
                && (self.codes.is_empty() || self.codes.contains(code))
        };
        Some(HealthCode::ALL.into_iter().filter(any).collect())
    }
}

/// Lists agents of a run by their ids; `after` is the last id of the page before, empty for the
/// first page.
///
/// # Errors
/// When the run is not there.
pub fn list(
    cx: &mut Cx<'_, '_>,
    run: &Arn,
    filter: &Filter,
    after: &str,
    limit: usize,
) -> Result<Vec<Described>, AppError> {
    let run = run_of(cx, run)?;
    let members = cx.tx.run_agents_with(run.seq, filter.wanted().as_deref(), after, limit)?;
    let agents: Vec<&str> = members.iter().map(|member| member.agent.as_str()).collect();
    let mut sent = cx.tx.telemetry_of_agents(run.seq, &agents)?.into_iter().peekable();
    let mut described = Vec::with_capacity(members.len());
    // Both come in the order of the agents.
    for member in members {
        let mut telemetry = Vec::new();
        while let Some((_, row)) = sent.next_if(|(agent, _)| *agent == member.agent) {
            telemetry.push(row);
        }
        described.push(Described { member, telemetry });
    }
    Ok(described)
}

/// Returns what all agents of a run sent, by type of message.
///
/// # Errors
/// When the run is not there.
pub fn telemetry(cx: &mut Cx<'_, '_>, run: &Arn) -> Result<Vec<Telemetry>, AppError> {
    let run = run_of(cx, run)?;
    Ok(cx.tx.telemetry(run.seq, None)?)
}
