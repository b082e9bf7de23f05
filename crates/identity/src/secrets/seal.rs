//! Sealing: AES-256-GCM under the master key, bound to a context.
//!
//! A sealed secret is
//!
//! | bytes | what |
//! |---|---|
//! | 1 | the format, 1 |
//! | 4 | the master key's id |
//! | 4 | the first bytes of the context's hash |
//! | 4 | the plaintext's length, big-endian |
//! | 12 | the nonce, random |
//! | … | the ciphertext and its tag of 16 bytes |
//!
//! Everything before the ciphertext, and the context itself, is authenticated. The ids and the length are there
//! for the message only: they tell a wrong key, a wrong place and a cut value from a damaged one.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::master_key::MasterKey;
use super::random::{RandomError, random_bytes};
use crate::encoding::{hex, sha256};

const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 1 + 4 + 4 + 4;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// The most bytes that can be sealed as one.
pub const PLAINTEXT_BYTES_MAX: usize = 64 * 1024;

/// Why a secret could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// More than [`PLAINTEXT_BYTES_MAX`].
    #[error("a secret of {bytes} bytes is too long to be sealed")]
    TooLong {
        /// How many there are.
        bytes: usize,
    },
    /// The system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The cipher refused, which it has no reason to.
    #[error("the cipher refused to seal")]
    Cipher,
}

/// Why a sealed secret does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Cut short, or something was added.
    #[error("the sealed secret is cut: {bytes} bytes")]
    Truncated {
        /// How many there are.
        bytes: usize,
    },
    /// Sealed by a newer program.
    #[error("the sealed secret has format {format}, this program reads format {FORMAT}")]
    UnknownFormat {
        /// The number that stands there.
        format: u8,
    },
    /// Sealed with another master key.
    #[error("the secret was sealed with master key `{sealed_with}`, this is master key `{this}`")]
    WrongKey {
        /// The id of the key that sealed it.
        sealed_with: String,
        /// The id of this key.
        this: String,
    },
    /// Sealed for another place.
    #[error("the secret was sealed for another place than `{context}`")]
    OtherContext {
        /// Where it was to be opened.
        context: String,
    },
    /// Key and place are the right ones, but the bytes were changed.
    #[error("the sealed secret is damaged")]
    Damaged,
}

impl MasterKey {
    /// Seals a secret so that it opens only with this key and for the same context, such as
    /// `access-key/AKIA…`.
    ///
    /// # Errors
    ///
    /// [`SealError::TooLong`] beyond [`PLAINTEXT_BYTES_MAX`].
    pub fn seal(&self, context: &str, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        let too_long = || SealError::TooLong { bytes: plaintext.len() };
        let length = u32::try_from(plaintext.len()).map_err(|_| too_long())?;
        if plaintext.len() > PLAINTEXT_BYTES_MAX {
            return Err(too_long());
        }
        let mut sealed = Vec::with_capacity(HEADER_BYTES + NONCE_BYTES + plaintext.len() + TAG_BYTES);
        sealed.push(FORMAT);
        sealed.extend_from_slice(&self.id());
        sealed.extend_from_slice(&context_tag(context));
        sealed.extend_from_slice(&length.to_be_bytes());
        let aad = aad(&sealed, context);
        let nonce: [u8; NONCE_BYTES] = random_bytes()?;
        sealed.extend_from_slice(&nonce);
        let mut bytes = Zeroizing::new(plaintext.to_vec());
        let tag = self
            .cipher()
            .and_then(|cipher| {
                cipher.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut bytes).ok()
            })
            .ok_or(SealError::Cipher)?;
        sealed.extend_from_slice(&bytes);
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what [`MasterKey::seal`] sealed for the same context.
    ///
    /// # Errors
    ///
    /// What does not fit: see [`OpenError`].
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let truncated = || OpenError::Truncated { bytes: sealed.len() };
        let (header, rest) = sealed.split_at_checked(HEADER_BYTES).ok_or_else(truncated)?;
        let &[format, ref rest_of_header @ ..] = header else { return Err(truncated()) };
        if format != FORMAT {
            return Err(OpenError::UnknownFormat { format });
        }
        let (id, rest_of_header) = rest_of_header.split_at_checked(4).ok_or_else(truncated)?;
        let (tag, length) = rest_of_header.split_at_checked(4).ok_or_else(truncated)?;
        if id != self.id() {
            return Err(OpenError::WrongKey { sealed_with: hex(id), this: self.id_hex() });
        }
        if tag != context_tag(context) {
            return Err(OpenError::OtherContext { context: context.to_owned() });
        }
        let length = <[u8; 4]>::try_from(length).map_err(|_| truncated())?;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| truncated())?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_BYTES).ok_or_else(truncated)?;
        if ciphertext.len().checked_sub(TAG_BYTES) != Some(length) {
            return Err(truncated());
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| truncated())?;
        let mut bytes = Zeroizing::new(ciphertext.to_vec());
        self.cipher()
            .and_then(|cipher| {
                cipher.open_in_place(nonce, Aad::from(aad(header, context)), &mut bytes).map(|_| ()).ok()
            })
            .ok_or(OpenError::Damaged)?;
        bytes.truncate(length);
        Ok(bytes)
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        // A random nonce of 96 bits is safe for 2³² secrets under one key; a server seals some thousands.
        UnboundKey::new(&AES_256_GCM, self.bytes()).ok().map(LessSafeKey::new)
    }
}

fn context_tag(context: &str) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256(context.as_bytes());
    [a, b, c, d]
}

/// The header has a fixed length, so that it and the context cannot be read in two ways.
fn aad(header: &[u8], context: &str) -> Vec<u8> {
    [header, context.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> MasterKey {
        MasterKey::from_text(&"5a".repeat(32)).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_and_never_looks_the_same() {
        let sealed = key().seal("access-key/AKIA", b"secret").unwrap();
        assert_eq!(*key().open("access-key/AKIA", &sealed).unwrap(), b"secret");
        assert_ne!(sealed, key().seal("access-key/AKIA", b"secret").unwrap());
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert!(key().open("x", &key().seal("x", b"").unwrap()).unwrap().is_empty());
    }

    #[test]
    fn a_value_of_format_1_still_opens() {
        let kept = include_bytes!("../../fixtures/sealed-1.bin");
        assert_eq!(*key().open("fixture", kept).unwrap(), b"a secret of format 1");
    }

    #[test]
    fn what_does_not_fit_is_told_apart() {
        let sealed = key().seal("a", b"secret").unwrap();
        let other = MasterKey::from_text(&"5b".repeat(32)).unwrap();
        assert_eq!(
            other.open("a", &sealed).unwrap_err(),
            OpenError::WrongKey { sealed_with: key().id_hex(), this: other.id_hex() }
        );
        assert_eq!(key().open("b", &sealed).unwrap_err(), OpenError::OtherContext { context: "b".into() });
        for length in 0..sealed.len() {
            let error = key().open("a", &sealed[..length]).unwrap_err();
            assert_eq!(error, OpenError::Truncated { bytes: length });
        }
        let mut newer = sealed.clone();
        newer[0] = 2;
        assert_eq!(key().open("a", &newer).unwrap_err(), OpenError::UnknownFormat { format: 2 });
        let mut longer = sealed.clone();
        longer.push(0);
        assert_eq!(key().open("a", &longer).unwrap_err(), OpenError::Truncated { bytes: longer.len() });
        let mut changed = sealed;
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(key().open("a", &changed).unwrap_err(), OpenError::Damaged);
    }

    #[test]
    fn beyond_the_bound_nothing_is_sealed() {
        assert!(key().seal("a", &vec![0; PLAINTEXT_BYTES_MAX]).is_ok());
        let error = key().seal("a", &vec![0; PLAINTEXT_BYTES_MAX + 1]).unwrap_err();
        assert!(matches!(error, SealError::TooLong { bytes } if bytes == PLAINTEXT_BYTES_MAX + 1));
    }

    proptest! {
        #[test]
        fn one_flipped_bit_never_opens(at in any::<usize>(), bit in 0_u32..8) {
            let mut sealed = key().seal("a", b"secret").unwrap();
            let at = at % sealed.len();
            sealed[at] ^= 1 << bit;
            prop_assert!(key().open("a", &sealed).is_err());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(key().open("a", &bytes).is_err());
        }
    }
}
