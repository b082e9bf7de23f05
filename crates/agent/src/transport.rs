//! The calls of the protocol, and how they fail.

use std::time::Duration;

use yagura_wire::{
    ChunkAnswer, ErrorBody, ErrorCode, GoodbyeRequest, HeartbeatAnswer, HeartbeatRequest, InvalidMessage, RenewAnswer,
    RenewRequest,
};

use crate::state::Identity;
use crate::stop::Stop;

/// The calls of an enrolled agent.
pub trait Transport: Send + Sync {
    /// Says how the agent is and waits for work; a wish to stop ends the wait.
    ///
    /// # Errors
    /// See [`CallError`].
    fn heartbeat(&self, request: &HeartbeatRequest, stop: &Stop) -> Result<HeartbeatAnswer, CallError>;

    /// Brings one chunk.
    ///
    /// # Errors
    /// See [`CallError`].
    fn put_chunk(&self, run: &str, number: u32, bytes: &[u8], sha256: &str) -> Result<ChunkAnswer, CallError>;

    /// Asks for a new certificate.
    ///
    /// # Errors
    /// See [`CallError`].
    fn renew(&self, request: &RenewRequest) -> Result<RenewAnswer, CallError>;

    /// Says that the agent stops.
    ///
    /// # Errors
    /// See [`CallError`].
    fn goodbye(&self, request: &GoodbyeRequest) -> Result<(), CallError>;

    /// Speaks under another certificate from now on.
    ///
    /// # Errors
    /// When the key or the certificate cannot be read.
    fn adopt(&self, identity: &Identity) -> Result<(), CallError>;
}

/// Why a call brought no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server does not answer.
    #[error("cannot reach `{server}`")]
    Unreachable {
        /// The server.
        server: String,
        /// What happened.
        source: ureq::Error,
    },
    /// The server cannot prove who it is, or does not accept who we are.
    #[error("the TLS connection to `{server}` was refused: is it still the server that this host was enrolled with?")]
    Untrusted {
        /// The server.
        server: String,
        /// What happened.
        source: ureq::Error,
    },
    /// The server refuses.
    #[error("the server refuses ({status} {}): {}", .body.error, .body.message)]
    Refused {
        /// HTTP's number.
        status: u16,
        /// Why.
        body: ErrorBody,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// An answer that is none of the protocol.
    #[error("`{server}` does not answer as a Yagura server does (status {status})")]
    Foreign {
        /// The server.
        server: String,
        /// HTTP's number.
        status: u16,
    },
    /// An answer that breaks the protocol.
    #[error("the server's answer cannot be used")]
    Answer(#[from] InvalidMessage),
    /// The key or the certificate on this host cannot be used.
    #[error("the key or the certificate of this host cannot be used")]
    Identity {
        /// What is wrong with it.
        source: ureq::Error,
    },
    /// Somebody wants to stop.
    #[error("stopped")]
    Stopped,
}

impl CallError {
    /// Returns why the server refuses, where it does and this side knows the word.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { body, .. } => body.code(),
            _ => None,
        }
    }

    /// Returns how long the server asks to wait.
    pub(crate) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
