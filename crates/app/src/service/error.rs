//! Why a use case was refused: one variant for each exception of the API.

use yagura_model::service::Arn;
use yagura_store::StoreError;

/// Why a use case was refused.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The request is not of the form that the operation takes: a missing member, a wrong type.
    #[error("{0}")]
    Serialization(String),
    /// A value breaks a constraint for which the API has no code.
    #[error("{0}")]
    Validation(String),
    /// A value breaks a constraint.
    #[error("{message}")]
    Invalid {
        /// One of the API's codes, see [`super::codes`].
        code: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// There is no such thing, or the caller may not know that there is.
    #[error("{message}")]
    NoSuchEntity {
        /// One of the API's codes, see [`super::codes`].
        code: &'static str,
        /// Which thing.
        message: String,
    },
    /// The caller has no right to it.
    #[error("{message}")]
    Denied {
        /// One of the API's codes where the thing has one.
        code: Option<&'static str>,
        /// Who may not do what.
        message: String,
    },
    /// There are as many as there may be.
    #[error("{message}")]
    Limit {
        /// One of the API's codes, see [`super::codes`].
        code: &'static str,
        /// Which limit.
        message: String,
    },
    /// A run that would have to be over is not.
    #[error("an assessment run is in progress")]
    RunInProgress {
        /// Up to ten of them.
        runs: Vec<Arn>,
        /// There are more.
        truncated: bool,
    },
    /// Every host of the target is in another run.
    #[error("all agents of the target are in other assessment runs")]
    AgentsBusy {
        /// Up to ten of them: agent and the ARN of its run.
        agents: Vec<(String, Arn)>,
        /// There are more.
        truncated: bool,
    },
    /// A preview of the same template is being made.
    #[error("an exclusions preview of this template is being generated")]
    PreviewInProgress,
    /// The thing cannot be had for this run.
    #[error("{0}")]
    Unsupported(String),
    /// Not now, but later without a change.
    #[error("the service is temporarily unavailable: {0}")]
    Temporary(String),
    /// We are at fault. The cause goes to the log, never to the caller.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AppError {
    /// Returns the exception's name in the API.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Serialization(_) => "SerializationException",
            Self::Validation(_) => "ValidationException",
            Self::Invalid { .. } => "InvalidInputException",
            Self::NoSuchEntity { .. } => "NoSuchEntityException",
            Self::Denied { .. } => "AccessDeniedException",
            Self::Limit { .. } => "LimitExceededException",
            Self::RunInProgress { .. } => "AssessmentRunInProgressException",
            Self::AgentsBusy { .. } => "AgentsAlreadyRunningAssessmentException",
            Self::PreviewInProgress => "PreviewGenerationInProgressException",
            Self::Unsupported(_) => "UnsupportedFeatureException",
            Self::Temporary(_) => "ServiceTemporarilyUnavailableException",
            Self::Internal(_) => "InternalException",
        }
    }

    /// A value that breaks a constraint.
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { code, message: message.into() }
    }

    /// A thing that is not there.
    pub fn missing(code: &'static str, message: impl Into<String>) -> Self {
        Self::NoSuchEntity { code, message: message.into() }
    }

    /// A fault of ours.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            // The store says nothing of the value itself.
            StoreError::Unfit(why) => Self::Validation(why.to_owned()),
            error if error.is_temporary() => Self::Temporary(error.to_string()),
            error => Self::Internal(Box::new(error)),
        }
    }
}

impl From<yagura_store::BlobError> for AppError {
    fn from(error: yagura_store::BlobError) -> Self {
        use yagura_store::BlobError;
        match error {
            // The place is away or full; the thing itself is not at fault.
            BlobError::Failed { .. } | BlobError::Open { .. } => Self::Temporary(error.to_string()),
            other => Self::Internal(Box::new(other)),
        }
    }
}
