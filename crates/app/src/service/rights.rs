//! Authorization: every call is decided before its verb runs, every thing of a list by itself.

use yagura_model::service::{Arn, ArnKind};
use yagura_store::Tx;

use super::app::Call;
use super::{App, AppError, Caller, Via, codes};

impl App {
    /// Decides a call. With several things named, one that is allowed is enough: the verb
    /// decides each of them again and reports the others one by one.
    pub(super) fn authorize(&self, tx: &mut Tx<'_>, call: &Call<'_>) -> Result<(), AppError> {
        let mut refusal = None;
        for arn in call.resources {
            match self.decide(tx, call.caller, call.action, Some(arn))? {
                Ok(()) => return Ok(()),
                Err(denied) => refusal = refusal.or(Some(denied)),
            }
        }
        match refusal {
            Some(denied) => Err(denied),
            None => self.decide(tx, call.caller, call.action, None)?,
        }
    }

    /// Decides whether a caller may do something to a thing, or at all where none is named.
    ///
    /// # Errors
    /// When the store cannot be read. A refusal is the inner error.
    pub(super) fn decide(
        &self,
        tx: &mut Tx<'_>,
        caller: &Caller,
        action: &str,
        arn: Option<&Arn>,
    ) -> Result<Result<(), AppError>, AppError> {
        // Whoever holds the master key, and the service itself, need no policy.
        if matches!(caller.via, Via::CommandLine | Via::Service) {
            return Ok(Ok(()));
        }
        let tags = match arn {
            Some(arn) => tx.deciding_tags(&caller.scope, arn)?,
            None => Vec::new(),
        };
        if self.rights.allows(tx, caller, action, arn, &tags)? {
            return Ok(Ok(()));
        }
        let subject = arn.map(|arn| format!(" on resource: {arn}")).unwrap_or_default();
        Ok(Err(AppError::Denied {
            code: arn.map(|arn| denial(arn.kind())),
            message: format!("User: {} is not authorized to perform: {action}{subject}", caller.arn()),
        }))
    }
}

const fn denial(kind: ArnKind) -> &'static str {
    match kind {
        ArnKind::ResourceGroup => codes::ACCESS_DENIED_TO_RESOURCE_GROUP,
        ArnKind::Target => codes::ACCESS_DENIED_TO_ASSESSMENT_TARGET,
        ArnKind::Template => codes::ACCESS_DENIED_TO_ASSESSMENT_TEMPLATE,
        ArnKind::Run | ArnKind::Exclusion => codes::ACCESS_DENIED_TO_ASSESSMENT_RUN,
        ArnKind::Finding => codes::ACCESS_DENIED_TO_FINDING,
        ArnKind::RulesPackage => codes::ACCESS_DENIED_TO_RULES_PACKAGE,
    }
}

/// Decides by role. Behind a trait, so that the engine that reads the policies is one file.
pub trait Rights: Send + Sync {
    /// Tells whether the caller's role allows an action on a thing with these tags.
    ///
    /// # Errors
    /// When the account's own roles cannot be read.
    fn allows(
        &self,
        tx: &mut Tx<'_>,
        caller: &Caller,
        action: &str,
        arn: Option<&Arn>,
        tags: &[yagura_model::service::Tag],
    ) -> Result<bool, AppError>;
}
