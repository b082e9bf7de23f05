//! Access keys, as far as a signature is verified with one.

use jiff::{SignedDuration, Timestamp};
use yagura_identity::secrets::{SecretText, secret_matches};
use yagura_identity::sigv4::SignatureError;

use super::{App, AppError};

/// How old the time of a key's last use may become before it is written again.
const LAST_USED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// An access key with its secret, to verify a signature with.
#[derive(Debug, Clone)]
pub struct FoundKey {
    /// `AKIA…` or `ASIA…`.
    pub id: String,
    /// Whose.
    pub account: String,
    /// Of which user.
    pub user: String,
    /// The user's role; `None` when the user is gone.
    pub role: Option<String>,
    /// The secret.
    pub secret: SecretText,
    active: bool,
    token_hash: Option<String>,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

impl App {
    /// Finds an access key, also one that is switched off.
    ///
    /// # Errors
    /// When the store cannot be read, or the secret was sealed with another master key.
    pub fn access_key(&self, id: &str) -> Result<Option<FoundKey>, AppError> {
        let found = self.store.read(|tx| {
            let Some(key) = tx.access_key(id)? else { return Ok(None) };
            let role = tx.role_of_user(&key.account, &key.user)?;
            Ok::<_, AppError>(Some((key, role)))
        })?;
        let Some((key, role)) = found else { return Ok(None) };
        let secret = self.open_secret(&key)?;
        Ok(Some(FoundKey {
            id: key.id,
            account: key.account,
            user: key.user,
            role,
            secret,
            active: key.active,
            token_hash: key.token_hash,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }))
    }

    /// Remembers that a key was used, at most once a minute.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn key_was_used(&self, key: &FoundKey) -> Result<(), AppError> {
        let now = self.now();
        if key.last_used_at.is_some_and(|last| now.duration_since(last) < LAST_USED_EVERY) {
            return Ok(());
        }
        self.store.write(|tx| Ok(tx.touch_access_key(&key.id, now)?))
    }
}

impl FoundKey {
    /// Tells whether the key lets its holder in now, once the signature is verified.
    ///
    /// # Errors
    /// When it is switched off, over, nobody's, or the session token is not its own.
    pub fn lets_in(&self, token: Option<&SecretText>, now: Timestamp) -> Result<(), SignatureError> {
        if !self.active || self.role.is_none() {
            return Err(SignatureError::UnrecognizedClient);
        }
        match (&self.token_hash, token) {
            (None, None) => {}
            (Some(hash), Some(token)) if secret_matches(token.expose(), hash) => {}
            _ => return Err(SignatureError::InvalidToken),
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(SignatureError::ExpiredToken);
        }
        Ok(())
    }
}
