//! Access keys and tokens: made here, compared here.

use aws_lc_rs::constant_time;
use zeroize::Zeroizing;

use super::SecretText;
use super::random::{RandomError, random_bytes};
use crate::encoding::{base32, base64, hex, sha256};

/// How long an access key is meant to live; its id's first four letters tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessKeyKind {
    /// `AKIA…`, until it is deleted.
    Permanent,
    /// `ASIA…`, with a session token and an end.
    Temporary,
}

/// A new access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// `AKIA` or `ASIA` and 16 characters of base32.
    pub id: String,
    /// 40 characters of base64.
    pub secret: SecretText,
    /// Of a temporary key.
    pub session_token: Option<SecretText>,
}

impl AccessKey {
    /// Makes an access key of 80 random bits of id and 240 of secret.
    ///
    /// # Errors
    ///
    /// [`RandomError`], which no healthy system gives.
    pub fn generate(kind: AccessKeyKind) -> Result<Self, RandomError> {
        let prefix = match kind {
            AccessKeyKind::Permanent => "AKIA",
            AccessKeyKind::Temporary => "ASIA",
        };
        let id = format!("{prefix}{}", base32(&random_bytes::<10>()?));
        let secret = Zeroizing::new(random_bytes::<30>()?);
        let session_token = match kind {
            AccessKeyKind::Permanent => None,
            AccessKeyKind::Temporary => Some(SecretText::new(base64(&random_bytes::<48>()?))),
        };
        Ok(Self { id, secret: SecretText::new(base64(&*secret)), session_token })
    }
}

/// Makes a token of 200 random bits behind a prefix that tells what it is for, such as `ygt_`.
///
/// # Errors
///
/// [`RandomError`], which no healthy system gives.
pub fn random_token(prefix: &str) -> Result<SecretText, RandomError> {
    let bytes = Zeroizing::new(random_bytes::<25>()?);
    Ok(SecretText::new(format!("{prefix}{}", base32(&*bytes).to_ascii_lowercase())))
}

/// Returns what is kept of a token: its SHA-256 in hexadecimal.
///
/// A token is random and long, so that a slow hash would add nothing.
pub fn secret_hash(secret: &str) -> String {
    hex(&sha256(secret.as_bytes()))
}

/// Tells whether `secret` is the one of which `hash` was kept, in constant time.
pub fn secret_matches(secret: &str, hash: &str) -> bool {
    constant_time::verify_slices_are_equal(secret_hash(secret).as_bytes(), hash.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_keys_look_like_aws_ones() {
        for (kind, prefix) in [(AccessKeyKind::Permanent, "AKIA"), (AccessKeyKind::Temporary, "ASIA")] {
            let key = AccessKey::generate(kind).unwrap();
            let rest = key.id.strip_prefix(prefix).unwrap();
            assert_eq!(rest.len(), 16);
            assert!(rest.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')), "{rest}");
            assert_eq!(key.secret.expose().len(), 40);
            assert_eq!(key.session_token.is_some(), kind == AccessKeyKind::Temporary);
            assert_ne!(key, AccessKey::generate(kind).unwrap());
            let debug = format!("{key:?}");
            assert!(!debug.contains(key.secret.expose()), "{debug}");
        }
    }

    #[test]
    fn a_token_is_known_by_its_hash() {
        let token = random_token("ygt_").unwrap();
        assert_eq!(token.expose().len(), 44);
        let hash = secret_hash(token.expose());
        assert!(secret_matches(token.expose(), &hash));
        assert!(!secret_matches(random_token("ygt_").unwrap().expose(), &hash));
        assert!(!secret_matches(token.expose(), ""));
    }
}
