//! Keys, tokens and ids: how they are made, and how they are kept at rest.
//!
//! - `master_key`: the one key that the others are sealed with; in a file that only its owner reads, or given
//! - `seal`: AES-256-GCM with a context, so that a sealed secret opens only where it belongs
//! - `access_key`: access keys, session tokens, enrolment tokens
//! - `random`: ids
//!
//! SigV4 needs the secret of an access key itself, so that it is sealed and not hashed. A token is only ever
//! compared: its [`secret_hash`] is kept.

mod access_key;
mod master_key;
mod random;
mod seal;

use std::fmt;

use aws_lc_rs::constant_time;
use zeroize::Zeroizing;

pub use access_key::{AccessKey, AccessKeyKind, random_token, secret_hash, secret_matches};
pub use master_key::{MasterKey, MasterKeyError};
pub use random::{RandomError, random_agent_id, random_bytes, random_hex, random_resource_id, random_uuid};
pub use seal::{OpenError, PLAINTEXT_BYTES_MAX, SealError};

/// A secret as text: never in `Debug` output, compared in constant time, wiped when it goes.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// Returns the secret itself; whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}

impl Eq for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretText(…)")
    }
}
