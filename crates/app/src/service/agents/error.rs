//! Why an agent is refused: a word of the protocol, or a fault of ours.

use yagura_identity::ca::CaError;
use yagura_identity::secrets::RandomError;
use yagura_store::{BlobError, StoreError};
use yagura_wire::{ErrorBody, ErrorCode, InvalidMessage};

use super::super::AppError;

/// Why an agent is refused.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The agent is told why, in a word of the protocol.
    #[error("{message}")]
    Refused {
        /// The word.
        code: ErrorCode,
        /// The sentence.
        message: String,
        /// The chunk that is wanted next.
        next: Option<u32>,
    },
    /// Not the agent's fault.
    #[error(transparent)]
    Service(#[from] AppError),
}

impl AgentError {
    /// Refuses.
    pub fn refused(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into(), next: None }
    }

    /// Returns the word of the protocol.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Refused { code, .. } => *code,
            Self::Service(_) => ErrorCode::Unavailable,
        }
    }

    /// Returns what the agent is told. A fault of ours is not described to it.
    pub fn body(&self) -> ErrorBody {
        match self {
            Self::Refused { code, message, next } => ErrorBody { next: *next, ..ErrorBody::new(*code, message) },
            Self::Service(_) => ErrorBody::new(ErrorCode::Unavailable, "the server cannot do it now"),
        }
    }

    /// Tells whether a refusal belongs into the audit log: it does where the agent, or whoever
    /// poses as one, did something wrong, and not where it came too late or too often.
    pub const fn is_recorded(&self) -> bool {
        !matches!(
            self.code(),
            ErrorCode::Unavailable | ErrorCode::Throttled | ErrorCode::RunClosed | ErrorCode::ProtocolUnsupported
        )
    }
}

impl From<StoreError> for AgentError {
    fn from(error: StoreError) -> Self {
        Self::Service(error.into())
    }
}

impl From<BlobError> for AgentError {
    fn from(error: BlobError) -> Self {
        Self::Service(error.into())
    }
}

impl From<RandomError> for AgentError {
    fn from(error: RandomError) -> Self {
        Self::Service(AppError::internal(error))
    }
}

impl From<CaError> for AgentError {
    fn from(error: CaError) -> Self {
        match error {
            CaError::RequestTooLarge
            | CaError::RequestMalformed
            | CaError::KeyRefused { .. }
            | CaError::RequestSignature => Self::refused(ErrorCode::BadRequest, error.to_string()),
            error => Self::Service(AppError::internal(error)),
        }
    }
}

impl From<InvalidMessage> for AgentError {
    fn from(error: InvalidMessage) -> Self {
        let code = match &error {
            InvalidMessage::TooLarge { .. } => ErrorCode::TooLarge,
            InvalidMessage::Protocol { .. } => ErrorCode::ProtocolUnsupported,
            InvalidMessage::Json { .. } | InvalidMessage::Member { .. } => ErrorCode::BadRequest,
        };
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Self::refused(code, format!("{error}{cause}"))
    }
}
