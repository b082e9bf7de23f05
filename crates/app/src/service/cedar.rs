//! Rights by Cedar policies: the built-in roles, and the account's own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use yagura_identity::policy::{Authorizer, Principal, Resource};
use yagura_model::service::{Arn, Tag};
use yagura_store::Tx;

use super::{AppError, Caller, Rights};

/// Accounts whose compiled policies are kept; the rest are compiled again when they call.
const ACCOUNTS_KEPT_MAX: usize = 1_000;

/// An account's own roles, by name and policy.
type Roles = Vec<(String, String)>;

/// Decides by Cedar. The account's own roles are read with each call and compiled when they
/// changed, so that a revoked right ends at once on every server.
#[derive(Debug, Default)]
pub struct CedarRights {
    compiled: Mutex<BTreeMap<String, (Roles, Arc<Authorizer>)>>,
}

impl CedarRights {
    fn authorizer(&self, account: &str, roles: Roles) -> Result<Arc<Authorizer>, AppError> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, authorizer)) = compiled.get(account)
            && *known == roles
        {
            return Ok(Arc::clone(authorizer));
        }
        let authorizer = Arc::new(Authorizer::new(&roles).map_err(AppError::internal)?);
        if compiled.len() >= ACCOUNTS_KEPT_MAX {
            compiled.clear();
        }
        compiled.insert(account.to_owned(), (roles, Arc::clone(&authorizer)));
        Ok(authorizer)
    }
}

impl Rights for CedarRights {
    fn allows(
        &self,
        tx: &mut Tx<'_>,
        caller: &Caller,
        action: &str,
        arn: Option<&Arn>,
        tags: &[Tag],
    ) -> Result<bool, AppError> {
        let account = &caller.scope.account;
        let roles = tx.custom_roles(account)?.into_iter().map(|role| (role.name, role.policy)).collect();
        let authorizer = self.authorizer(account, roles)?;
        let principal = Principal { account: account.clone(), user: caller.user.clone(), role: caller.role.clone() };
        let resource = match arn {
            Some(arn) => Resource {
                kind: arn.kind().word().to_owned(),
                arn: arn.to_string(),
                account: account.clone(),
                tags: tags.iter().map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())).collect(),
            },
            None => Resource::account(account),
        };
        let decision = authorizer.decide(&principal, action, &resource);
        if !decision.allowed {
            tracing::info!(request.id = %caller.request_id, user = %caller.user, action, "refused: {}", decision.reason);
        }
        Ok(decision.allowed)
    }
}
