//! How an agent is, the chain by which clones are noticed, and what is to be done.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use yagura_identity::secrets::random_hex;
use yagura_model::service::{Agent, Arn, HealthCode, Run, RunState, Scope, StopAction};
use yagura_store::{AgentNonces, Phase, Tx};
use yagura_wire::bounds::{CHUNK_BYTES_DEFAULT, RUNS_MAX};
use yagura_wire::{ErrorCode, GoodbyeRequest, HeartbeatRequest, Instruction, RunProgress, StopOrder, collect};

use super::super::{App, AppError};
use super::enrol::{NOTHING, RENEW_AFTER, facts};
use super::{AgentError, Peer};

/// Seconds between heartbeats of an agent that does not wait for the answer.
pub const HEARTBEAT_SECONDS: u32 = 60;

/// A heartbeat that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Whose agent it is.
    pub scope: Scope,
    /// Which agent.
    pub agent: String,
    /// The nonce for the next one.
    pub nonce: String,
    /// Its certificate is old.
    pub renew: bool,
}

/// What an agent is to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Work {
    /// What to collect.
    pub instructions: Vec<Instruction>,
    /// Which runs to stop.
    pub stop: Vec<StopOrder>,
}

impl Work {
    /// Tells whether there is nothing to do.
    pub const fn is_empty(&self) -> bool {
        self.instructions.is_empty() && self.stop.is_empty()
    }
}

/// What the nonce of a heartbeat says.
#[derive(Debug, PartialEq, Eq)]
enum Chain {
    /// The heartbeat is from the machine that has the identity.
    Goes,
    /// Two machines use one identity, and this is not the one that keeps it.
    Breaks,
    /// Two machines use one identity, and the other one took the chain from this one.
    ComesBack,
}

impl App {
    /// Takes a heartbeat: who it is from, how the agent is, and the nonce for the next one.
    ///
    /// # Errors
    /// When the agent is not let in, or is a clone.
    pub fn hear(&self, peer: &Peer, request: &HeartbeatRequest) -> Result<Heard, AgentError> {
        let now = self.now();
        let next = random_hex::<16>()?;
        self.store.write(|tx| {
            let (mut agent, certificate) = self.admit(tx, peer, now)?;
            let nonces = tx.take_agent_nonces(&agent.id)?.ok_or_else(|| gone(&agent))?;
            let chain = judge(&nonces, &agent, request);
            if chain != Chain::Goes && tx.set_agent_cloned(&agent.id, true)? {
                let seen = request.facts.as_ref().map(|facts| json!({"hostname": facts.hostname}));
                let who = (&agent.scope, Some(agent.id.as_str()));
                let outcome = (&seen.unwrap_or_default(), Ok(NOTHING));
                self.record_agent(tx, peer, who, "AgentCloneDetected", outcome, now)?;
            }
            if chain == Chain::Breaks {
                // The mark must stay, so this is not an error inside of the transaction.
                return Ok(Err(cloned(&agent)));
            }
            if let Some(said) = &request.facts {
                agent.facts = facts(said);
            } else if chain == Chain::ComesBack {
                agent.facts.fingerprint.clone_from(&nonces.enrolled_fingerprint);
            }
            agent.agent_version.clone_from(&request.agent_version);
            agent.reported = health(request.health.code);
            agent.health_details = Some(request.health.details.clone()).filter(|details| !details.is_empty());
            agent.seen_at = now;
            let presented = if chain == Chain::ComesBack { &next } else { &request.nonce };
            tx.heard_agent(&agent, presented, &next)?;
            let renew = now.duration_since(certificate.issued_at) >= RENEW_AFTER;
            Ok::<_, AgentError>(Ok(Heard { scope: agent.scope, agent: agent.id, nonce: next.clone(), renew }))
        })?
    }

    /// Looks up what an agent is to do. `runs` are those that it has already.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn work_for(&self, heard: &Heard, runs: &[RunProgress]) -> Result<Work, AgentError> {
        let now = self.now();
        self.store.read(|tx| {
            let mut work = Work::default();
            for progress in runs.iter().take(RUNS_MAX) {
                if let Some(order) = stop(tx, heard, progress)? {
                    work.stop.push(order);
                }
            }
            for member in tx.live_runs_of_agent(&heard.agent)? {
                let waits = matches!(member.phase, Phase::Instructed | Phase::Collecting);
                if !waits || work.instructions.len() >= RUNS_MAX {
                    continue;
                }
                let Some(run) = tx.run_by_seq(member.run_seq)? else { continue };
                let arn = run.arn().to_string();
                let begins = matches!(run.state, RunState::StartDataCollectionInProgress | RunState::CollectingData);
                if begins && run.stop.is_none() && runs.iter().all(|known| known.run != arn) {
                    let known_digest = known_digest(tx, heard)?;
                    work.instructions.push(instruction(&run, arn, known_digest, now));
                }
            }
            Ok(work)
        })
    }

    /// Lists agents, of any scope, for which an instruction lies ready.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn agents_with_work(&self, limit: usize) -> Result<Vec<String>, AppError> {
        self.store.read(|tx| Ok(tx.instructed_agents(limit)?))
    }

    /// Takes an agent's goodbye.
    ///
    /// # Errors
    /// When the agent is not let in.
    pub fn goodbye(&self, peer: &Peer, request: &GoodbyeRequest) -> Result<(), AgentError> {
        let now = self.now();
        self.store.write(|tx| {
            let (agent, _) = self.admit(tx, peer, now)?;
            tx.set_agent_health(&agent.id, HealthCode::Shutdown, Some(&request.reason))?;
            Ok(())
        })
    }
}

/// Follows the chain of nonces.
///
/// The nonce given last goes, and the one before it, because an answer may be lost. A machine
/// that came into the chain with another fingerprint than the enrolled one has the current
/// nonce; whoever comes with an older one is then the original, and gets the chain back.
fn judge(nonces: &AgentNonces, agent: &Agent, request: &HeartbeatRequest) -> Chain {
    let said = request.facts.as_ref().map(|facts| facts.fingerprint.as_str());
    let is_original = said.is_none_or(|fingerprint| fingerprint == nonces.enrolled_fingerprint);
    if request.nonce == nonces.current {
        return Chain::Goes;
    }
    if !is_original {
        return Chain::Breaks;
    }
    if request.nonce == nonces.before {
        return Chain::Goes;
    }
    if agent.facts.fingerprint == nonces.enrolled_fingerprint { Chain::Breaks } else { Chain::ComesBack }
}

fn cloned(agent: &Agent) -> AgentError {
    let message = format!("another machine uses the identity of agent `{}`; enrol this one anew", agent.id);
    AgentError::refused(ErrorCode::CloneDetected, message)
}

fn gone(agent: &Agent) -> AgentError {
    AgentError::refused(ErrorCode::AgentUnknown, format!("agent `{}` is gone", agent.id))
}

const fn health(code: yagura_wire::HealthCode) -> HealthCode {
    match code {
        yagura_wire::HealthCode::Idle => HealthCode::Idle,
        yagura_wire::HealthCode::Running => HealthCode::Running,
        yagura_wire::HealthCode::Unhealthy => HealthCode::Unhealthy,
        yagura_wire::HealthCode::Shutdown => HealthCode::Shutdown,
    }
}

/// Whether a run that an agent has is to be stopped.
fn stop(tx: &mut Tx<'_>, heard: &Heard, progress: &RunProgress) -> Result<Option<StopOrder>, AppError> {
    if progress.done {
        return Ok(None);
    }
    let order = |discard| Ok(Some(StopOrder { run: progress.run.clone(), discard }));
    let run = match Arn::parse(&progress.run) {
        Some(arn) => tx.run_by_arn(&heard.scope, &arn)?,
        None => None,
    };
    let Some(run) = run.filter(|run| run.state.takes_data()) else { return order(true) };
    let sends = tx
        .run_agent(run.seq, &heard.agent)?
        .is_some_and(|member| matches!(member.phase, Phase::Instructed | Phase::Collecting));
    match run.stop {
        _ if !sends => order(true),
        Some(StopAction::SkipEvaluation) => order(true),
        Some(StopAction::StartEvaluation) => order(false),
        None if run.state == RunState::StopDataCollectionPending => order(false),
        None => Ok(None),
    }
}

/// The digest of the snapshot that the server has of the host.
fn known_digest(tx: &mut Tx<'_>, heard: &Heard) -> Result<Option<String>, AppError> {
    let Some(digest) = tx.agent_by_id(&heard.agent)?.and_then(|agent| agent.snapshot) else { return Ok(None) };
    Ok(tx.snapshot(&heard.scope.account, &digest)?.map(|snapshot| snapshot.digest))
}

fn instruction(run: &Run, arn: String, known_digest: Option<String>, now: Timestamp) -> Instruction {
    let duration = SignedDuration::from_secs(i64::from(run.duration_s));
    Instruction {
        instruction_id: run.id.as_str().to_owned(),
        run: arn,
        // One snapshot serves every rules package, so that all runs of a host share it.
        collect: vec![collect::INVENTORY.to_owned(), collect::SETTINGS.to_owned()],
        known_digest,
        chunk_bytes_max: CHUNK_BYTES_DEFAULT,
        deadline: run.started_at.unwrap_or(now).checked_add(duration).unwrap_or(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENROLLED: &str = "aa";

    fn chain(nonce: &str, said: Option<&str>, last_said: &str) -> Chain {
        let nonces = AgentNonces { current: "3".into(), before: "2".into(), enrolled_fingerprint: ENROLLED.to_owned() };
        let scope = Scope::new("123456789012", "us-west-2").unwrap();
        let mut agent = super::super::enrol::blank(scope, "i-0123456789abcdef0".into(), Timestamp::UNIX_EPOCH);
        agent.facts.fingerprint = last_said.to_owned();
        let facts = said.map(|fingerprint| yagura_wire::AgentFacts {
            hostname: String::new(),
            machine_id: None,
            fingerprint: fingerprint.to_owned(),
            boot_id: None,
            operating_system: String::new(),
            release: None,
            kernel_version: String::new(),
            architecture: String::new(),
            ipv4_addresses: Vec::new(),
            ipv6_addresses: Vec::new(),
            virtualization: String::new(),
        });
        let request = HeartbeatRequest {
            protocol: 1,
            nonce: nonce.to_owned(),
            agent_version: String::new(),
            facts,
            health: yagura_wire::Health { code: yagura_wire::HealthCode::Idle, details: String::new() },
            runs: Vec::new(),
            wait_seconds: 0,
        };
        judge(&nonces, &agent, &request)
    }

    #[test]
    fn the_chain_goes_on_with_the_last_nonce_and_the_one_before() {
        assert_eq!(chain("3", None, ENROLLED), Chain::Goes);
        assert_eq!(chain("2", None, ENROLLED), Chain::Goes);
        assert_eq!(chain("2", Some(ENROLLED), ENROLLED), Chain::Goes);
        // A changed network card is no clone by itself.
        assert_eq!(chain("3", Some("bb"), ENROLLED), Chain::Goes);
    }

    #[test]
    fn a_copy_is_told_from_the_original() {
        // The copy starts with a nonce that the original has used.
        assert_eq!(chain("2", Some("bb"), ENROLLED), Chain::Breaks);
        assert_eq!(chain("1", Some("bb"), ENROLLED), Chain::Breaks);
        // With equal fingerprints the stale one has to go.
        assert_eq!(chain("1", Some(ENROLLED), ENROLLED), Chain::Breaks);
        assert_eq!(chain("1", None, ENROLLED), Chain::Breaks);
        // The copy was faster: the original gets the chain back, said or not said.
        assert_eq!(chain("1", None, "bb"), Chain::ComesBack);
        assert_eq!(chain("1", Some(ENROLLED), "bb"), Chain::ComesBack);
        assert_eq!(chain("1", Some("bb"), "bb"), Chain::Breaks);
    }
}
