//! AWS Signature Version 4: proves that a request was signed with the secret of the access key that it names.
//!
//! Verifying has two steps, because the secret must be looked up in between and the body need not have been read
//! before: [`Presented::parse`] reads who the caller says to be, [`Presented::verify`] proves it.
//!
//! - `canonical`: the request as both sides hash it
//! - `presented`: the `Authorization` header and what belongs to it, bounded
//! - `verify`: scope, skew, body, signature
//! - `sign`: the client's side, for our own programs and for tests
//! - `keys`: day keys, derived once
//!
//! # Rules
//!
//! - `AWS4-HMAC-SHA256` in the `Authorization` header, once. A signature in the query string is refused.
//! - Signed must be: `host`; `x-amz-date`, or `date` where the other is absent; and of `x-amz-target` and
//!   `x-amz-security-token` whichever is there. The target is the operation: unsigned, a captured
//!   `ListFindings` could be replayed as `DeleteAssessmentRun`.
//! - Those headers, `authorization` and `x-amz-content-sha256` may stand once only; of two, the next reader might
//!   take the other.
//! - The credential's date is the date of `X-Amz-Date`; the clocks differ by five minutes at most.
//! - `x-amz-content-sha256` is the body's hash. `UNSIGNED-PAYLOAD` counts only where TLS protects the body.
//! - HTTP/2 has no `Host` header: the caller passes `:authority` under that name.

mod canonical;
mod keys;
mod presented;
mod sign;
mod verify;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use presented::Presented;
pub use sign::{Credentials, sign};
pub use verify::{Transport, Verifier};

/// The only algorithm that is spoken.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far the caller's clock may be off, in minutes.
pub const SKEW_MINUTES: i64 = 5;
/// The most headers that a request may have.
pub const HEADERS_MAX: usize = 128;
/// The most bytes that all names and values of a request's headers may have.
pub const HEADERS_BYTES_MAX: usize = 64 * 1024;
/// The most headers that may be signed.
pub const SIGNED_HEADERS_MAX: usize = 64;
/// The most bytes of an `Authorization` header.
pub const AUTHORIZATION_BYTES_MAX: usize = 8 * 1024;
/// The most bytes of a session token.
pub const SESSION_TOKEN_BYTES_MAX: usize = 4 * 1024;
/// The most bytes of an access key id, of a region, of a service.
pub const SCOPE_PART_BYTES_MAX: usize = 128;
/// The most bytes of a path, and of a query.
pub const URI_BYTES_MAX: usize = 16 * 1024;

/// A header as it was received: its name in any case, its value untouched. Duplicates are separate entries.
pub type Header<'a> = (&'a str, &'a [u8]);

/// A request as it was received.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The path as it stood in the request line, still encoded.
    pub path: &'a str,
    /// What stood behind the `?`, still encoded; empty without one.
    pub query: &'a str,
    /// The headers in the order they came.
    pub headers: &'a [Header<'a>],
    /// The SHA-256 of the body as it was received.
    pub body_sha256: [u8; 32],
}

/// Hashes a body for [`Request::body_sha256`].
pub fn body_sha256(body: &[u8]) -> [u8; 32] {
    crate::encoding::sha256(body)
}

/// Why a request is not from whom it says.
///
/// The texts are AWS's own sentences and not ours, because people look them up and scripts match them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No `Authorization` header.
    #[error("Request is missing Authentication Token")]
    MissingAuthenticationToken,
    /// The signature, or what must be signed, is not complete.
    #[error("{reason}")]
    IncompleteSignature {
        /// What is missing or not in the right form.
        reason: String,
    },
    /// The signature does not fit the request.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    SignatureDoesNotMatch,
    /// The request was signed for another day, region, service or body.
    #[error("{reason}")]
    InvalidSignature {
        /// What does not fit.
        reason: String,
    },
    /// Signed too long ago.
    #[error(
        "Signature expired: {signed} is now earlier than {earliest} ({now} - {SKEW_MINUTES} min.)",
        signed = basic(*.signed), earliest = basic(*.earliest), now = basic(*.now)
    )]
    SignatureExpired {
        /// The request's time.
        signed: Timestamp,
        /// The earliest that would have been accepted.
        earliest: Timestamp,
        /// The server's time.
        now: Timestamp,
    },
    /// Signed in the future.
    #[error(
        "Signature not yet current: {signed} is still later than {latest} ({now} + {SKEW_MINUTES} min.)",
        signed = basic(*.signed), latest = basic(*.latest), now = basic(*.now)
    )]
    SignatureNotYetCurrent {
        /// The request's time.
        signed: Timestamp,
        /// The latest that would have been accepted.
        latest: Timestamp,
        /// The server's time.
        now: Timestamp,
    },
    /// Nobody has this access key, or it is switched off. Raised by who looks the key up.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// The session token was valid once. Raised by who looks the key up.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// The session token is missing, or is not the one of this key. Raised by who looks the key up.
    #[error("The security token included in the request is invalid.")]
    InvalidToken,
}

impl SignatureError {
    /// Names the exception as the AWS JSON protocols do, for `__type` and `x-amzn-ErrorType`.
    ///
    /// A wrong session token is an `UnrecognizedClientException` there, like a wrong key.
    pub fn aws_name(&self) -> &'static str {
        match self {
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::IncompleteSignature { .. } => "IncompleteSignatureException",
            Self::SignatureDoesNotMatch
            | Self::InvalidSignature { .. }
            | Self::SignatureExpired { .. }
            | Self::SignatureNotYetCurrent { .. } => "InvalidSignatureException",
            Self::UnrecognizedClient | Self::InvalidToken => "UnrecognizedClientException",
            Self::ExpiredToken => "ExpiredTokenException",
        }
    }

    fn incomplete(reason: impl Into<String>) -> Self {
        Self::IncompleteSignature { reason: reason.into() }
    }

    fn invalid(reason: impl Into<String>) -> Self {
        Self::InvalidSignature { reason: reason.into() }
    }
}

/// `20260101T000000Z`.
fn basic(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}
