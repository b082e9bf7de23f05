//! The bounds of the port, each with its default.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::Reports;

/// How often something may be done: `burst` times at once, and once more each `every`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The time for one more.
    pub every: Duration,
    /// How many at once.
    pub burst: NonZeroU32,
}

impl Rate {
    /// Once each `every`, and `burst` times at once; a burst of none counts as one.
    pub fn new(every: Duration, burst: u32) -> Self {
        Self { every, burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN) }
    }
}

/// The bounds of the port.
#[derive(Clone)]
pub struct ServeOptions {
    /// Connections at once. An agent that waits for work holds one.
    pub connections_max: usize,
    /// API calls that work at once; more wait.
    pub api_jobs_max: usize,
    /// Calls of agents that work at once; more wait.
    pub agent_jobs_max: usize,
    /// Reports that are sent at once; more are told to come again.
    pub reports_max: usize,
    /// How long a call waits for its turn before it is told to come again.
    pub job_patience: Duration,
    /// How long a TLS handshake may take.
    pub handshake_patience: Duration,
    /// How long the head of a request may take, and so how long a connection may be idle.
    pub head_patience: Duration,
    /// How long the body of a request may take.
    pub body_patience: Duration,
    /// How long a peer may take no byte of what is sent to it.
    pub stall_patience: Duration,
    /// How long what is in work may go on after the server was told to end.
    pub drain_patience: Duration,
    /// API calls of one access key.
    pub key_rate: Rate,
    /// Requests of one address.
    pub address_rate: Rate,
    /// Refused requests of one address, before it gets no other answer than to slow down.
    pub refused_rate: Rate,
    /// Requests of one agent.
    pub agent_rate: Rate,
    /// Refusals that are recorded; the others are counted.
    pub refusals_recorded: Rate,
    /// Regions that the API answers for; every region where it is empty.
    pub regions: Vec<String>,
    /// Answers links to reports.
    pub reports: Option<Arc<dyn Reports>>,
}

impl Default for ServeOptions {
    fn default() -> Self {
        let millis = Duration::from_millis;
        Self {
            connections_max: 16_384,
            api_jobs_max: 32,
            agent_jobs_max: 32,
            reports_max: 16,
            job_patience: Duration::from_secs(10),
            handshake_patience: Duration::from_secs(10),
            head_patience: Duration::from_secs(30),
            body_patience: Duration::from_secs(60),
            stall_patience: Duration::from_secs(30),
            drain_patience: Duration::from_secs(10),
            key_rate: Rate::new(millis(10), 1_000),
            address_rate: Rate::new(millis(1), 10_000),
            refused_rate: Rate::new(millis(100), 200),
            agent_rate: Rate::new(millis(50), 400),
            refusals_recorded: Rate::new(millis(200), 200),
            regions: Vec::new(),
            reports: None,
        }
    }
}

impl std::fmt::Debug for ServeOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServeOptions").field("connections_max", &self.connections_max).finish_non_exhaustive()
    }
}
