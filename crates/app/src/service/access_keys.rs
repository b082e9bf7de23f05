//! Access keys: made, listed, switched off and on, deleted.

use jiff::{SignedDuration, Timestamp};
use yagura_identity::secrets::{AccessKey, AccessKeyKind, SecretText, secret_hash};
use yagura_store::StoredAccessKey;

use super::opening::{FIRST_USER, secret_context};
use super::{AppError, Cx};

/// The code of an access key that is not there.
pub const ACCESS_KEY_DOES_NOT_EXIST: &str = "ACCESS_KEY_DOES_NOT_EXIST";
/// The code of a user that is not there.
pub const USER_DOES_NOT_EXIST: &str = "USER_DOES_NOT_EXIST";
/// The code of a user who has as many keys as there may be.
pub const ACCESS_KEY_LIMIT_EXCEEDED: &str = "ACCESS_KEY_LIMIT_EXCEEDED";
/// Keys that a user may have at once, temporary ones that are over not counted.
pub const KEYS_OF_A_USER_MAX: usize = 20;
/// The shortest life of a temporary key.
pub const TTL_MIN: SignedDuration = SignedDuration::from_mins(1);
/// The longest life of a temporary key, AWS's own bound for a session.
pub const TTL_MAX: SignedDuration = SignedDuration::from_hours(36);

/// A key that was just made. Its secret is not shown again.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// `AKIA…`, or `ASIA…` for a temporary one.
    pub id: String,
    /// Whose.
    pub user: String,
    /// The secret.
    pub secret: SecretText,
    /// Of a temporary key.
    pub session_token: Option<SecretText>,
    /// Of a temporary key: until when.
    pub expires_at: Option<Timestamp>,
}

/// A key as it may be shown: without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// The key's id.
    pub id: String,
    /// Whose.
    pub user: String,
    /// Switched on.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last.
    pub last_used_at: Option<Timestamp>,
    /// Of a temporary key: until when.
    pub expires_at: Option<Timestamp>,
}

impl From<StoredAccessKey> for ListedKey {
    fn from(key: StoredAccessKey) -> Self {
        Self {
            id: key.id,
            user: key.user,
            active: key.active,
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            expires_at: key.expires_at,
        }
    }
}

impl ListedKey {
    /// Tells what becomes of a request that is signed with it at `now`: `active`, `disabled`, `expired`.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self.expires_at {
            Some(end) if end <= now => "expired",
            _ if self.active => "active",
            _ => "disabled",
        }
    }
}

/// Makes a key for a user; with a `ttl` a temporary one, which needs its session token.
///
/// # Errors
/// When there is no such user, the life is too short or too long, or the user has too many keys.
pub fn create(cx: &mut Cx<'_, '_>, user: &str, ttl: Option<SignedDuration>) -> Result<NewKey, AppError> {
    let (account, now) = (cx.scope().account.clone(), cx.now);
    if ttl.is_some_and(|ttl| !(TTL_MIN..=TTL_MAX).contains(&ttl)) {
        return Err(AppError::Validation(format!("a temporary key lives {TTL_MIN:#} to {TTL_MAX:#}")));
    }
    lock(cx)?;
    if cx.tx.role_of_user(&account, user)?.is_none() {
        return Err(no_user(user));
    }
    cx.tx.delete_ended_keys(&account, user, now)?;
    if cx.tx.keys_of_user(&account, user)?.len() >= KEYS_OF_A_USER_MAX {
        return Err(AppError::Limit {
            code: ACCESS_KEY_LIMIT_EXCEEDED,
            message: format!("the user `{user}` has {KEYS_OF_A_USER_MAX} access keys already; delete one first"),
        });
    }
    let kind = if ttl.is_some() { AccessKeyKind::Temporary } else { AccessKeyKind::Permanent };
    let key = AccessKey::generate(kind).map_err(AppError::internal)?;
    let expires_at = ttl.and_then(|ttl| now.checked_add(ttl).ok());
    let sealed = cx.app.keys.seal(&secret_context(&key.id), key.secret.expose().as_bytes());
    cx.tx.insert_access_key(&StoredAccessKey {
        id: key.id.clone(),
        account,
        user: user.to_owned(),
        secret_sealed: sealed.map_err(AppError::internal)?,
        token_hash: key.session_token.as_ref().map(|token| secret_hash(token.expose())),
        expires_at,
        active: true,
        created_at: now,
        last_used_at: None,
    })?;
    Ok(NewKey { id: key.id, user: user.to_owned(), secret: key.secret, session_token: key.session_token, expires_at })
}

/// Makes the first user of an account that has none, as the first start of a server does; `false`
/// when there are users already.
///
/// # Errors
/// When the store fails.
pub fn ensure_first_user(cx: &mut Cx<'_, '_>) -> Result<bool, AppError> {
    let (account, now) = (cx.scope().account.clone(), cx.now);
    lock(cx)?;
    if !cx.tx.users(&account)?.is_empty() {
        return Ok(false);
    }
    cx.tx.account_since(&account, now)?;
    cx.tx.put_user(&account, FIRST_USER, "Administrator", now)?;
    Ok(true)
}

/// Lists keys: those of one user, or all of the account by user.
///
/// # Errors
/// When there is no such user.
pub fn list(cx: &mut Cx<'_, '_>, user: Option<&str>) -> Result<Vec<ListedKey>, AppError> {
    let account = cx.scope().account.clone();
    let keys = match user {
        Some(user) if cx.tx.role_of_user(&account, user)?.is_none() => return Err(no_user(user)),
        Some(user) => cx.tx.keys_of_user(&account, user)?,
        None => cx.tx.access_keys(&account)?,
    };
    Ok(keys.into_iter().map(ListedKey::from).collect())
}

/// Switches a key off, or on again.
///
/// # Errors
/// When the account has no such key.
pub fn set_active(cx: &mut Cx<'_, '_>, id: &str, active: bool) -> Result<(), AppError> {
    let account = cx.scope().account.clone();
    if cx.tx.set_access_key_active(&account, id, active)? { Ok(()) } else { Err(no_key(id)) }
}

/// Deletes a key.
///
/// # Errors
/// When the account has no such key.
pub fn delete(cx: &mut Cx<'_, '_>, id: &str) -> Result<(), AppError> {
    let account = cx.scope().account.clone();
    if cx.tx.delete_access_key(&account, id)? { Ok(()) } else { Err(no_key(id)) }
}

/// Keeps others from changing users, roles and keys of the account until the transaction ends, so
/// that a count is still true when it is acted upon.
pub(super) fn lock(cx: &mut Cx<'_, '_>) -> Result<(), AppError> {
    let name = format!("identity:{}", cx.scope().account);
    Ok(cx.tx.lock(&name)?)
}

pub(super) fn no_user(name: &str) -> AppError {
    AppError::missing(USER_DOES_NOT_EXIST, format!("there is no user `{name}`"))
}

fn no_key(id: &str) -> AppError {
    AppError::missing(ACCESS_KEY_DOES_NOT_EXIST, format!("there is no access key `{id}`"))
}
