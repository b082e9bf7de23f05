//! An enrolled agent: opened from its state directory, and run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use yagura_wire::{GoodbyeRequest, PROTOCOL};

use crate::clock::Clock;
use crate::driver::{Driver, Ended, Parts};
use crate::files::StateError;
use crate::host::HostCollector;
use crate::http::{HttpTransport, Proxy, ServerUrl, UrlError};
use crate::lock::StateLock;
use crate::spool::SPOOL_BYTES_MAX;
use crate::state::{Halt, Record, StateDir};
use crate::stop::Stop;
use crate::transport::{CallError, Transport as _};

/// The agent's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An enrolled agent.
#[derive(Debug)]
pub struct Agent {
    state: StateDir,
    record: Record,
}

/// Why a state directory holds no agent that could run.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The host is not enrolled.
    #[error("this host is not enrolled: there is no agent in `{}`", .path.display())]
    NotEnrolled {
        /// The state directory.
        path: PathBuf,
    },
    /// The state directory.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Why an agent ended without being asked to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Two machines use this identity.
    #[error("another machine uses the identity `{agent_id}`: this one is a clone and has stopped")]
    Clone {
        /// The identity.
        agent_id: String,
    },
    /// The server does not accept this identity any more.
    #[error("the server does not accept the identity `{agent_id}` any more")]
    Revoked {
        /// The identity.
        agent_id: String,
    },
    /// The server speaks another protocol.
    #[error("the server does not speak this agent's protocol ({PROTOCOL})")]
    Protocol,
    /// With `once`: the server does not answer, or refuses.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The state directory.
    #[error(transparent)]
    State(#[from] StateError),
    /// The record names an address that is none.
    #[error(transparent)]
    Server(#[from] UrlError),
}

impl RunError {
    /// Says what to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Clone { .. } => "give this machine an identity of its own: `yagura-agent enroll --force`",
            Self::Revoked { .. } => "enrol the host anew with a new token: `yagura-agent enroll --force`",
            Self::Protocol => "install the agent that belongs to the server's version",
            Self::Call(CallError::Untrusted { .. }) => {
                "if the server was set up anew, enrol the host anew: `yagura-agent enroll --force`"
            }
            Self::Call(_) => "check the network and the proxy; what was collected is kept and sent later",
            Self::State(error) => error.advice(),
            Self::Server(_) => "enrol the host anew: `yagura-agent enroll --force`",
        }
    }
}

impl OpenError {
    /// Says what to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::NotEnrolled { .. } => {
                "enrol it: `yagura-agent enroll --server URL --token T`; the server's `yagura token create` prints the line"
            }
            Self::State(error) => error.advice(),
        }
    }
}

/// How an agent runs.
#[derive(Clone)]
pub struct RunOptions {
    /// Ends when there is nothing left to do.
    pub once: bool,
    /// Bytes of the spool.
    pub spool_bytes_max: u64,
    /// The proxy, where none was remembered at enrolment.
    pub proxy: Proxy,
    /// Takes what is worth a line in a log.
    pub tell: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { once: false, spool_bytes_max: SPOOL_BYTES_MAX, proxy: Proxy::default(), tell: Arc::new(|_| ()) }
    }
}

impl Agent {
    /// Takes up an identity.
    ///
    /// # Errors
    /// When the host is not enrolled, or the state directory cannot be read.
    pub fn open(state_dir: &Path) -> Result<Self, OpenError> {
        let state = StateDir::new(state_dir);
        let record = state.record()?.ok_or_else(|| OpenError::NotEnrolled { path: state_dir.to_owned() })?;
        Ok(Self { state, record })
    }

    /// Returns the agent's id.
    pub fn id(&self) -> &str {
        &self.record.agent_id
    }

    /// Returns the server's address.
    pub fn server(&self) -> &str {
        &self.record.server
    }

    /// Lives with the identity until `stop` is set; one agent at a time in one state directory.
    ///
    /// # Errors
    /// When the agent may not or cannot go on, see [`RunError`]. A server that is away is no error, but with `once`.
    pub fn run(&self, stop: &Stop, clock: &dyn Clock, options: &RunOptions) -> Result<Ended, RunError> {
        let _lock = StateLock::take(self.state.path())?;
        self.refuse_halted()?;
        let transport = self.transport(&options.proxy)?;
        let collector = HostCollector::new(self.record.root.as_deref());
        let parts = Parts { transport: &transport, collector: &collector, clock, stop };
        Driver::open(&self.state, self.record.clone(), parts, options)?.run()
    }

    /// A clone that is started again stays one.
    fn refuse_halted(&self) -> Result<(), RunError> {
        let agent_id = self.record.agent_id.clone();
        match self.state.last_words()?.halt {
            Some(Halt::CloneDetected) => Err(RunError::Clone { agent_id }),
            Some(Halt::Revoked) => Err(RunError::Revoked { agent_id }),
            None => Ok(()),
        }
    }

    fn transport(&self, proxy: &Proxy) -> Result<HttpTransport, RunError> {
        let server = ServerUrl::parse(&self.record.server)?;
        let mut proxy = proxy.clone();
        if let Some(remembered) = &self.record.proxy {
            proxy.url = Some(remembered.clone());
        }
        Ok(HttpTransport::new(server, proxy, self.state.ca()?, &self.state.identity()?)?)
    }
}

/// Says goodbye and removes the identity with all that is spooled. Returns what the server answered to the goodbye: the
/// state is removed whether it could be reached or not.
///
/// # Errors
/// When the host is not enrolled, an agent runs, or the state cannot be removed.
pub fn unenroll(state_dir: &Path, proxy: &Proxy) -> Result<Result<(), RunError>, OpenError> {
    let agent = Agent::open(state_dir)?;
    let _lock = StateLock::take(state_dir)?;
    let request = GoodbyeRequest { protocol: PROTOCOL, reason: "unenrolled on the host".to_owned() };
    let said = agent.transport(proxy).and_then(|transport| Ok(transport.goodbye(&request)?));
    agent.state.clear()?;
    Ok(said)
}
