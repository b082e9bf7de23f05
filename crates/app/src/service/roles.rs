//! Roles: the built-in ones, and an account's own in Cedar.

use jiff::Timestamp;
use yagura_identity::policy::{Authorizer, BUILT_IN_ROLES};

use super::access_keys::lock;
use super::{AppError, Cx};

/// Roles of its own that an account may have.
pub const ROLES_MAX: usize = 100;
/// The code of a role that is not there.
pub const ROLE_DOES_NOT_EXIST: &str = "ROLE_DOES_NOT_EXIST";
/// The code of a role that cannot be changed or deleted.
pub const ROLE_IS_BUILT_IN: &str = "ROLE_IS_BUILT_IN";
/// The code of a role that users have.
pub const ROLE_IN_USE: &str = "ROLE_IN_USE";
/// The code of an account with as many roles as there may be.
pub const ROLE_LIMIT_EXCEEDED: &str = "ROLE_LIMIT_EXCEEDED";

/// A role as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRole {
    /// Unique in the account.
    pub name: String,
    /// Its policies in Cedar.
    pub policy: String,
    /// Of a custom role: when it was made.
    pub created_at: Option<Timestamp>,
    /// How many users have it.
    pub users: u64,
}

/// Makes a custom role, or gives it other policies; `true` when it is new. New policies count from
/// the next request on.
///
/// # Errors
/// When the name is none or a built-in role's, the policies are not valid (the message names the
/// lines), or there are too many roles.
pub fn put(cx: &mut Cx<'_, '_>, name: &str, policy: &str) -> Result<bool, AppError> {
    let (account, now) = (cx.scope().account.clone(), cx.now);
    refuse_built_in(name)?;
    Authorizer::new(&[(name.to_owned(), policy.to_owned())])
        .map_err(|error| AppError::Validation(error.to_string()))?;
    lock(cx)?;
    let roles = cx.tx.custom_roles(&account)?;
    let is_new = !roles.iter().any(|role| role.name == name);
    if is_new && roles.len() >= ROLES_MAX {
        return Err(AppError::Limit {
            code: ROLE_LIMIT_EXCEEDED,
            message: format!("the account has {ROLES_MAX} roles of its own already"),
        });
    }
    cx.tx.account_since(&account, now)?;
    cx.tx.put_role(&account, name, policy, now)?;
    Ok(is_new)
}

/// Lists the roles: built-in ones first, then the account's own by name.
///
/// # Errors
/// When the store fails.
pub fn list(cx: &mut Cx<'_, '_>) -> Result<Vec<ListedRole>, AppError> {
    let account = cx.scope().account.clone();
    let built_in = BUILT_IN_ROLES.iter().map(|(name, policy)| ((*name).to_owned(), (*policy).to_owned(), None));
    let own = cx.tx.custom_roles(&account)?.into_iter().map(|role| (role.name, role.policy, Some(role.created_at)));
    let all: Vec<_> = built_in.chain(own).collect();
    all.into_iter()
        .map(|(name, policy, created_at)| {
            let users = cx.tx.count_users_of_role(&account, &name)?;
            Ok(ListedRole { name, policy, created_at, users })
        })
        .collect()
}

/// Returns a role.
///
/// # Errors
/// When there is none of that name.
pub fn get(cx: &mut Cx<'_, '_>, name: &str) -> Result<ListedRole, AppError> {
    list(cx)?.into_iter().find(|role| role.name == name).ok_or_else(|| no_role(name))
}

/// Deletes a custom role.
///
/// # Errors
/// When there is none of that name, it is built in, or users have it.
pub fn delete(cx: &mut Cx<'_, '_>, name: &str) -> Result<(), AppError> {
    let account = cx.scope().account.clone();
    refuse_built_in(name)?;
    lock(cx)?;
    let users = cx.tx.count_users_of_role(&account, name)?;
    if users > 0 {
        return Err(AppError::invalid(ROLE_IN_USE, format!("{users} users have the role `{name}`; give them another")));
    }
    if cx.tx.delete_role(&account, name)? { Ok(()) } else { Err(no_role(name)) }
}

fn refuse_built_in(name: &str) -> Result<(), AppError> {
    if BUILT_IN_ROLES.iter().any(|(built_in, _)| *built_in == name) {
        return Err(AppError::invalid(
            ROLE_IS_BUILT_IN,
            format!("the role `{name}` is built in and cannot be changed"),
        ));
    }
    Ok(())
}

pub(super) fn no_role(name: &str) -> AppError {
    AppError::missing(ROLE_DOES_NOT_EXIST, format!("there is no role `{name}`"))
}
