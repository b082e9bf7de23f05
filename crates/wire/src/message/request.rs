//! What an agent asks.

use serde::{Deserialize, Serialize};

use super::check::{agent_id, each, filled, optional, pem, refuse, run, short_text, text};
use super::facts::{self, AgentFacts, Tag};
use super::message;
use crate::bounds::{
    CHUNKS_MAX, DETAILS_BYTES_MAX, NONCE_BYTES_MAX, RUNS_MAX, TEXT_BYTES_MAX, TOKEN_BYTES_MAX, WAIT_SECONDS_MAX,
};

/// `POST /agent/v1/enroll`: gives a token and a signing request, and asks for an identity.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrollRequest {
    /// The protocol's number.
    pub protocol: u32,
    /// The enrolment token as it was carried to the host. A secret: it is not printed.
    pub token: String,
    /// The certificate signing request in PEM; its key never leaves the host.
    pub csr_pem: String,
    /// The agent's version.
    pub agent_version: String,
    /// The host.
    pub facts: AgentFacts,
    /// Tags that the host brings along.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// The Auto Scaling group that the host belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_scaling_group: Option<String>,
    /// The id that the host had before it enrolled anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_agent_id: Option<String>,
}

impl std::fmt::Debug for EnrollRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("EnrollRequest");
        shown.field("facts", &self.facts).field("tags", &self.tags).finish_non_exhaustive()
    }
}

message!(EnrollRequest, "enrolment request", |this| {
    filled("token", &this.token, TOKEN_BYTES_MAX)?;
    pem("csrPem", &this.csr_pem)?;
    filled("agentVersion", &this.agent_version, TEXT_BYTES_MAX)?;
    this.facts.validate_at("facts")?;
    facts::tags("tags", &this.tags)?;
    optional("autoScalingGroup", this.auto_scaling_group.as_ref())?;
    this.previous_agent_id.as_ref().map_or(Ok(()), |id| agent_id("previousAgentId", id))
});

/// `POST /agent/v1/renew`: asks for a new certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewRequest {
    /// The protocol's number.
    pub protocol: u32,
    /// The certificate signing request in PEM.
    pub csr_pem: String,
}

message!(RenewRequest, "renewal request", |this| { pem("csrPem", &this.csr_pem) });

/// `POST /agent/v1/heartbeat`: says how the agent is, and waits for work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatRequest {
    /// The protocol's number.
    pub protocol: u32,
    /// The last nonce that the agent got.
    pub nonce: String,
    /// The agent's version.
    pub agent_version: String,
    /// The host, where something about it changed or the agent has just started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<AgentFacts>,
    /// How the agent is.
    pub health: Health,
    /// The runs that the agent has something of.
    #[serde(default)]
    pub runs: Vec<RunProgress>,
    /// How long the answer may be held where there is nothing to do.
    pub wait_seconds: u32,
}

message!(HeartbeatRequest, "heartbeat", |this| {
    text("nonce", &this.nonce, NONCE_BYTES_MAX)?;
    filled("agentVersion", &this.agent_version, TEXT_BYTES_MAX)?;
    if let Some(facts) = &this.facts {
        facts.validate_at("facts")?;
    }
    text("health.details", &this.health.details, DETAILS_BYTES_MAX)?;
    each("runs", &this.runs, RUNS_MAX, |member, progress| {
        run(&format!("{member}.run"), &progress.run)?;
        if progress.next_chunk > CHUNKS_MAX {
            return refuse(format!("{member}.nextChunk"), format!("is more than {CHUNKS_MAX}"));
        }
        Ok(())
    })?;
    if this.wait_seconds > WAIT_SECONDS_MAX {
        return refuse("waitSeconds", format!("is more than {WAIT_SECONDS_MAX}"));
    }
    Ok(())
});

/// How an agent is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// In one word.
    pub code: HealthCode,
    /// In a sentence; empty where there is nothing to say.
    #[serde(default)]
    pub details: String,
}

/// How an agent is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HealthCode {
    /// Nothing to do.
    Idle,
    /// Collecting or sending.
    Running,
    /// Something is wrong; the details say what.
    Unhealthy,
    /// About to stop.
    Shutdown,
}

impl HealthCode {
    /// Returns the word of the protocol.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "IDLE",
            Self::Running => "RUNNING",
            Self::Unhealthy => "UNHEALTHY",
            Self::Shutdown => "SHUTDOWN",
        }
    }
}

/// How far an agent is with one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunProgress {
    /// The run's ARN.
    pub run: String,
    /// The number of the first chunk that is not acknowledged.
    pub next_chunk: u32,
    /// Whether every chunk was acknowledged.
    pub done: bool,
}

/// `POST /agent/v1/goodbye`: the agent stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GoodbyeRequest {
    /// The protocol's number.
    pub protocol: u32,
    /// Why.
    pub reason: String,
}

message!(GoodbyeRequest, "goodbye", |this| { short_text("reason", &this.reason) });
