//! Addresses that open one document until a moment: for reports, which a browser or `curl` fetches unsigned.
//!
//! Not a presigned AWS request: the server signs, with a key derived from the master key, and only what it offers.

use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use jiff::Timestamp;

use crate::encoding::{from_hex, hex};
use crate::secrets::MasterKey;

/// The most bytes of a query that is looked at.
pub const QUERY_BYTES_MAX: usize = 1024;

/// Why a link does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not a link that this server gave away.
    #[error("the link is not valid")]
    Invalid,
    /// It was, once.
    #[error("the link expired at {expired_at}")]
    Expired {
        /// When it stopped to open.
        expired_at: Timestamp,
    },
}

/// Makes and checks links.
pub struct LinkSigner {
    key: hmac::Key,
}

impl fmt::Debug for LinkSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LinkSigner(…)")
    }
}

impl LinkSigner {
    /// Derives the signing key, so that all servers with one master key honour each other's links.
    pub fn new(master_key: &MasterKey) -> Self {
        Self { key: master_key.derive("link/1") }
    }

    /// Returns the query that opens `path` until `expires_at`: `expires=…&signature=…`.
    pub fn query(&self, path: &str, expires_at: Timestamp) -> String {
        let seconds = expires_at.as_second();
        format!("expires={seconds}&signature={}", hex(self.signature(path, seconds).as_ref()))
    }

    /// Tells whether a query opens a path at this time; `path` exactly as it was given to [`LinkSigner::query`].
    ///
    /// # Errors
    ///
    /// [`LinkError::Expired`] only where the signature is right, so that nothing can be learnt by trying.
    pub fn check(&self, path: &str, query: &str, now: Timestamp) -> Result<(), LinkError> {
        if query.len() > QUERY_BYTES_MAX {
            return Err(LinkError::Invalid);
        }
        let (mut expires, mut signature) = (None, None);
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "expires" => expires = value.parse::<i64>().ok(),
                // A link has one spelling: what differs by a letter's case is another one.
                "signature" if !value.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                    signature = from_hex::<32>(value);
                }
                _ => {}
            }
        }
        let (Some(seconds), Some(signature)) = (expires, signature) else { return Err(LinkError::Invalid) };
        constant_time::verify_slices_are_equal(self.signature(path, seconds).as_ref(), &signature)
            .map_err(|_| LinkError::Invalid)?;
        let expired_at = Timestamp::from_second(seconds).map_err(|_| LinkError::Invalid)?;
        if now < expired_at { Ok(()) } else { Err(LinkError::Expired { expired_at }) }
    }

    fn signature(&self, path: &str, seconds: i64) -> hmac::Tag {
        // The number comes first and ends at the line break, so that it and the path cannot be read in two ways.
        hmac::sign(&self.key, format!("{seconds}\n{path}").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_link_opens_its_path_until_its_moment() {
        let signer = LinkSigner::new(&MasterKey::from_text(&"01".repeat(32)).unwrap());
        let query = signer.query("/reports/a", at(1000));
        signer.check("/reports/a", &query, at(999)).unwrap();
        assert_eq!(signer.check("/reports/a", &query, at(1000)), Err(LinkError::Expired { expired_at: at(1000) }));
        assert_eq!(signer.check("/reports/b", &query, at(999)), Err(LinkError::Invalid));
        let (_, digits) = query.rsplit_once('=').unwrap();
        let shouted = query.replace(digits, &digits.to_ascii_uppercase());
        assert_eq!(signer.check("/reports/a", &shouted, at(999)), Err(LinkError::Invalid));
        let later = query.replace("1000", "9999");
        assert_eq!(signer.check("/reports/a", &later, at(999)), Err(LinkError::Invalid));
        let other = LinkSigner::new(&MasterKey::from_text(&"02".repeat(32)).unwrap());
        assert_eq!(other.check("/reports/a", &query, at(999)), Err(LinkError::Invalid));
    }

    #[test]
    fn what_is_no_link_is_invalid() {
        let signer = LinkSigner::new(&MasterKey::from_text(&"01".repeat(32)).unwrap());
        let long = format!("{}&{}", signer.query("/", at(9)), "x".repeat(QUERY_BYTES_MAX));
        for query in ["", "expires=1", "signature=00", "expires=x&signature=y", &long] {
            assert_eq!(signer.check("/", query, at(0)), Err(LinkError::Invalid), "{query}");
        }
    }
}
