//! Users: each has a name and one role. What they do is signed with their access keys.

use yagura_identity::policy::{ADMINISTRATOR, BUILT_IN_ROLES};
use yagura_store::StoredUser;

use super::access_keys::{lock, no_user};
use super::roles::no_role;
use super::{AppError, Cx};

/// Characters of a user's name, IAM's bound.
pub const USER_NAME_CHARS_MAX: usize = 64;
/// Users that an account may have, IAM's default.
pub const USERS_MAX: usize = 5_000;
/// The code of a name that is taken.
pub const USER_EXISTS: &str = "USER_EXISTS";
/// The code of an account with as many users as there may be.
pub const USER_LIMIT_EXCEEDED: &str = "USER_LIMIT_EXCEEDED";
/// The code of the refusal to be left without an administrator.
pub const LAST_ADMINISTRATOR: &str = "LAST_ADMINISTRATOR";

/// Makes a user.
///
/// # Errors
/// When the name is none or taken, there is no such role, or there are too many users.
pub fn create(cx: &mut Cx<'_, '_>, name: &str, role: &str) -> Result<(), AppError> {
    let (account, now) = (cx.scope().account.clone(), cx.now);
    let fits = |character: char| character.is_ascii_alphanumeric() || "+=,.@_-".contains(character);
    if name.is_empty() || name.len() > USER_NAME_CHARS_MAX || !name.chars().all(fits) {
        return Err(AppError::Validation(format!(
            "`{name}` is not a user's name: 1 to {USER_NAME_CHARS_MAX} letters, digits, and `+=,.@_-`"
        )));
    }
    lock(cx)?;
    if cx.tx.role_of_user(&account, name)?.is_some() {
        return Err(AppError::invalid(USER_EXISTS, format!("there is a user `{name}` already")));
    }
    need_role(cx, role)?;
    if cx.tx.users(&account)?.len() >= USERS_MAX {
        return Err(AppError::Limit {
            code: USER_LIMIT_EXCEEDED,
            message: format!("the account has {USERS_MAX} users already"),
        });
    }
    cx.tx.account_since(&account, now)?;
    cx.tx.put_user(&account, name, role, now)?;
    Ok(())
}

/// Lists the users by name.
///
/// # Errors
/// When the store fails.
pub fn list(cx: &mut Cx<'_, '_>) -> Result<Vec<StoredUser>, AppError> {
    let account = cx.scope().account.clone();
    Ok(cx.tx.users(&account)?)
}

/// Gives a user another role. It counts from the next request on.
///
/// # Errors
/// When there is no such user or role, or nobody would be an administrator any more.
pub fn set_role(cx: &mut Cx<'_, '_>, name: &str, role: &str) -> Result<(), AppError> {
    let (account, now) = (cx.scope().account.clone(), cx.now);
    lock(cx)?;
    let before = cx.tx.role_of_user(&account, name)?.ok_or_else(|| no_user(name))?;
    need_role(cx, role)?;
    if role != ADMINISTRATOR {
        keep_an_administrator(cx, name, &before)?;
    }
    cx.tx.put_user(&account, name, role, now)?;
    Ok(())
}

/// Deletes a user with all access keys.
///
/// # Errors
/// When there is no such user, or nobody would be an administrator any more.
pub fn delete(cx: &mut Cx<'_, '_>, name: &str) -> Result<(), AppError> {
    let account = cx.scope().account.clone();
    lock(cx)?;
    let role = cx.tx.role_of_user(&account, name)?.ok_or_else(|| no_user(name))?;
    keep_an_administrator(cx, name, &role)?;
    cx.tx.delete_user(&account, name)?;
    Ok(())
}

fn keep_an_administrator(cx: &mut Cx<'_, '_>, name: &str, role: &str) -> Result<(), AppError> {
    let account = cx.scope().account.clone();
    if role == ADMINISTRATOR && cx.tx.count_users_of_role(&account, ADMINISTRATOR)? <= 1 {
        return Err(AppError::invalid(
            LAST_ADMINISTRATOR,
            format!("`{name}` is the last {ADMINISTRATOR}; make another one first"),
        ));
    }
    Ok(())
}

fn need_role(cx: &mut Cx<'_, '_>, role: &str) -> Result<(), AppError> {
    let account = cx.scope().account.clone();
    let built_in = BUILT_IN_ROLES.iter().any(|(name, _)| *name == role);
    if built_in || cx.tx.custom_roles(&account)?.iter().any(|custom| custom.name == role) {
        return Ok(());
    }
    Err(no_role(role))
}
