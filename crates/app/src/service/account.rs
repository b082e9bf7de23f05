//! The role that an account shows as the one it gave to the service.
//!
//! Nothing here uses a role: agents push, and no cloud is asked. The calls exist because scripts
//! make them, so a role is always registered.

use jiff::Timestamp;
use yagura_model::service::{Scope, foreign};

use super::{AppError, Cx, codes};

/// The registered role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRole {
    /// Its ARN.
    pub arn: String,
    /// When it was registered; for the default role, when the account was seen first.
    pub registered_at: Timestamp,
}

/// Registers a role in place of the one before.
///
/// # Errors
/// When the text is no ARN of a role.
pub fn register_role(cx: &mut Cx<'_, '_>, arn: &str) -> Result<(), AppError> {
    if !foreign::names_role(arn, cx.scope()) {
        return Err(AppError::invalid(codes::INVALID_IAM_ROLE_ARN, "`roleArn` is not an ARN of a role"));
    }
    let (scope, now) = (cx.scope().clone(), cx.now);
    cx.tx.account_since(&scope.account, now)?;
    cx.tx.set_service_role(&scope, arn, now)?;
    Ok(())
}

/// Returns the registered role, or the default one.
///
/// # Errors
/// When the store fails.
pub fn role(cx: &mut Cx<'_, '_>) -> Result<ServiceRole, AppError> {
    let (scope, now) = (cx.scope().clone(), cx.now);
    let since = cx.tx.account_since(&scope.account, now)?;
    Ok(match cx.tx.service_role(&scope)? {
        Some((arn, registered_at)) => ServiceRole { arn, registered_at },
        None => ServiceRole { arn: default_role(&scope), registered_at: since },
    })
}

fn default_role(scope: &Scope) -> String {
    format!(
        "arn:{}:iam::{}:role/aws-service-role/inspector.amazonaws.com/AWSServiceRoleForAmazonInspector",
        scope.partition(),
        scope.account
    )
}
