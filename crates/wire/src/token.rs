//! The text of an enrolment token: `ygr1.ID.SECRET.CA`.
//!
//! `ID` names the token on the server (10 letters or digits), `SECRET` is 32 random bytes in hexadecimal digits, and
//! `CA` is the beginning of the SHA-256 of the server's CA certificate (DER), so that whoever carries a token to a
//! host carries the trust in the server with it.

use std::fmt;

use crate::hash::{hex, is_lower_hex};

const PREFIX: &str = "ygr1";
/// Characters of a token's id.
pub const ID_CHARS: usize = 10;
/// Bytes of a token's secret.
pub const SECRET_BYTES: usize = 32;
/// Hexadecimal digits of the CA's SHA-256 that a token carries: 128 bits, which nobody finds a second CA for.
pub const PIN_DIGITS: usize = 32;

/// An enrolment token, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentToken {
    id: String,
    secret: [u8; SECRET_BYTES],
    ca_pin: String,
}

/// Why a text is no enrolment token. The text itself is a secret and is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not four parts, or of another version.
    #[error("an enrolment token has the form `ygr1.ID.SECRET.CA`; was it copied whole?")]
    Form,
    /// One of the parts is not what it should be.
    #[error("the {part} of the enrolment token is damaged; was it copied whole?")]
    Part {
        /// `id`, `secret` or `CA pin`.
        part: &'static str,
    },
}

impl EnrolmentToken {
    /// Puts a token together. `ca_sha256` is the SHA-256 of the CA certificate, of which the beginning is kept.
    ///
    /// # Errors
    /// When `id` is not ten lower-case letters or digits, or `ca_sha256` not at least 32 hexadecimal digits.
    pub fn new(id: &str, secret: [u8; SECRET_BYTES], ca_sha256: &str) -> Result<Self, TokenError> {
        if id.len() != ID_CHARS || !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            return Err(TokenError::Part { part: "id" });
        }
        let pin = ca_sha256.get(..PIN_DIGITS).filter(|pin| is_lower_hex(pin));
        let ca_pin = pin.ok_or(TokenError::Part { part: "CA pin" })?.to_owned();
        Ok(Self { id: id.to_owned(), secret, ca_pin })
    }

    /// Reads the text of a token.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let mut parts = text.trim().split('.');
        let (Some(PREFIX), Some(id), Some(secret), Some(pin), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Form);
        };
        if pin.len() != PIN_DIGITS {
            return Err(TokenError::Part { part: "CA pin" });
        }
        let secret = secret_bytes(secret).ok_or(TokenError::Part { part: "secret" })?;
        Self::new(id, secret, pin)
    }

    /// Returns the text that a person carries to the host. It is a secret.
    pub fn expose(&self) -> String {
        format!("{PREFIX}.{}.{}.{}", self.id, hex(&self.secret), self.ca_pin)
    }

    /// Returns the name of the token on the server.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the secret, of which the server keeps a hash.
    pub const fn secret(&self) -> &[u8; SECRET_BYTES] {
        &self.secret
    }

    /// Returns the first digits of the SHA-256 of the CA certificate.
    pub fn ca_pin(&self) -> &str {
        &self.ca_pin
    }
}

impl fmt::Debug for EnrolmentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolmentToken").field("id", &self.id).field("ca_pin", &self.ca_pin).finish_non_exhaustive()
    }
}

fn secret_bytes(text: &str) -> Option<[u8; SECRET_BYTES]> {
    if text.len() != SECRET_BYTES * 2 || !is_lower_hex(text) {
        return None;
    }
    let mut secret = [0; SECRET_BYTES];
    for (byte, pair) in secret.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CA: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_token_survives_its_text() {
        let token = EnrolmentToken::new("k3v9x0a1b2", [0xA5; SECRET_BYTES], CA).unwrap();
        let text = token.expose();
        assert_eq!(text, format!("ygr1.k3v9x0a1b2.{}.ba7816bf8f01cfea414140de5dae2223", "a5".repeat(SECRET_BYTES)));
        assert_eq!(EnrolmentToken::parse(&format!(" {text}\n")).unwrap(), token);
        assert!(CA.starts_with(token.ca_pin()));
        assert!(text.len() <= crate::bounds::TOKEN_BYTES_MAX);
    }

    #[test]
    fn a_damaged_token_says_which_part() {
        let text = EnrolmentToken::new("k3v9x0a1b2", [1; SECRET_BYTES], CA).unwrap().expose();
        let error = |text: &str| EnrolmentToken::parse(text).unwrap_err().to_string();
        assert!(error("").contains("ygr1.ID.SECRET.CA"));
        assert!(error(&text.replace("ygr1", "ygr2")).contains("ygr1.ID.SECRET.CA"));
        assert!(error(&format!("{text}.x")).contains("ygr1.ID.SECRET.CA"));
        assert!(error(&text.replace("k3v9x0a1b2", "K3V9X0A1B2")).contains("the id"));
        assert!(error(&text.replacen("0101", "01", 1)).contains("the secret"));
        assert!(error(&text.replacen("0101", "zz01", 1)).contains("the secret"));
        assert!(error(text.strip_suffix('3').unwrap()).contains("the CA pin"));
        assert!(EnrolmentToken::new("k3v9x0a1b2", [1; SECRET_BYTES], "é").is_err());
    }

    #[test]
    fn the_secret_is_not_printed() {
        let token = EnrolmentToken::new("k3v9x0a1b2", [0xA5; SECRET_BYTES], CA).unwrap();
        assert!(!format!("{token:?}").contains("a5a5"));
    }
}
