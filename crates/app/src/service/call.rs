//! Who calls, and the open transaction in which a verb works.

use jiff::Timestamp;
use yagura_model::service::{Arn, Scope};
use yagura_store::Tx;

use super::{App, AppError};

/// Through which face a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    /// A signed request.
    Api,
    /// The command line beside the data directory: whoever may read the master key.
    CommandLine,
    /// The service itself: the run engine, the scheduler.
    Service,
    /// An agent, by its certificate.
    Agent,
    /// Nobody: the request was refused before it was known who sent it.
    Unknown,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose things, in which region.
    pub scope: Scope,
    /// The user's name.
    pub user: String,
    /// The user's role: a built-in one or one of the account's own.
    pub role: String,
    /// The access key that signed.
    pub access_key_id: Option<String>,
    /// The peer's address.
    pub source_ip: String,
    /// What the client calls itself.
    pub user_agent: String,
    /// The request's id, as the answer's header has it.
    pub request_id: String,
    /// Through which face.
    pub via: Via,
}

impl Caller {
    /// Returns the caller's name in the form of IAM: `arn:aws:iam::123456789012:user/admin`.
    pub fn arn(&self) -> String {
        format!("arn:{}:iam::{}:user/{}", self.scope.partition(), self.scope.account, self.user)
    }

    /// The service itself, for what it does by the clock.
    pub fn service(scope: Scope, request_id: String) -> Self {
        Self {
            scope,
            user: "yagura".into(),
            role: "Administrator".into(),
            access_key_id: None,
            source_ip: "internal".into(),
            user_agent: "yagura".into(),
            request_id,
            via: Via::Service,
        }
    }
}

/// What a verb works with: the open transaction, who calls, and when.
#[derive(Debug)]
pub struct Cx<'c, 't> {
    /// Settings, clock, keys, index.
    pub app: &'c App,
    /// The open transaction.
    pub tx: &'c mut Tx<'t>,
    /// Who calls.
    pub caller: &'c Caller,
    /// When the call came. One moment for the whole call.
    pub now: Timestamp,
    /// The action that is asked for: `inspector:StartAssessmentRun`.
    pub action: &'c str,
}

impl Cx<'_, '_> {
    /// Whose things, in which region.
    pub fn scope(&self) -> &Scope {
        &self.caller.scope
    }

    /// Tells whether the caller may do what was asked to this thing. A thing that is not there
    /// is decided like one without tags; that it is not there is for the verb to say.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn may(&mut self, arn: &Arn) -> Result<bool, AppError> {
        self.app.decide(self.tx, self.caller, self.action, Some(arn)).map(|decision| decision.is_ok())
    }

    /// Refuses what the caller may not do to this thing, or at all where none is named.
    ///
    /// # Errors
    /// [`AppError::Denied`], and when the store cannot be read.
    pub fn must(&mut self, arn: Option<&Arn>) -> Result<(), AppError> {
        self.app.decide(self.tx, self.caller, self.action, arn)?
    }
}
