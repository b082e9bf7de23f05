//! The built-in certificate authority: one root that signs the server's certificate and the agents'.
//!
//! - `authority`: makes and keeps the root, signs
//! - `request`: what is taken of an agent's signing request, which is its public key and nothing else
//! - `certificate`: reads a certificate back: which agent, which serial number, until when
//! - `tls`: the pieces that rustls wants
//!
//! An agent's certificate says: common name and `urn:yagura:agent:ID` the agent's id, use client authentication.
//! A certificate that was revoked is still a valid one for TLS: the server looks its serial number up on each call.

mod authority;
mod certificate;
mod request;
mod tls;

use jiff::Timestamp;

use crate::secrets::{RandomError, SecretText};

pub use authority::{AGENT_NAME_PREFIX, CertificateAuthority, SERVER_DAYS, SERVER_NAMES_MAX};
pub use certificate::{AgentIdentity, CERTIFICATE_BYTES_MAX, agent_of, ca_sha256};
pub use request::CSR_BYTES_MAX;
pub use tls::{agent_verifier, server_config};

/// A certificate authority as it is kept: the certificate is public, the key is for the caller to seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaPem {
    /// The root certificate.
    pub certificate: String,
    /// Its private key (PKCS #8).
    pub key: SecretText,
}

/// A server's certificate and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCertificate {
    /// The server's certificate, then the root.
    pub chain_pem: String,
    /// The private key (PKCS #8).
    pub key_pem: SecretText,
    /// 16 bytes in hexadecimal.
    pub serial: String,
    /// When it ends.
    pub not_after: Timestamp,
}

/// A certificate that an agent gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentCertificate {
    /// The certificate.
    pub pem: String,
    /// 16 bytes in hexadecimal.
    pub serial: String,
    /// When it ends.
    pub not_after: Timestamp,
}

/// Why the certificate authority cannot do it.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// The signing request is longer than any honest one.
    #[error("the signing request has more than {CSR_BYTES_MAX} bytes")]
    RequestTooLarge,
    /// No signing request at all.
    #[error("the signing request is not a PEM `CERTIFICATE REQUEST` of one PKCS #10 request")]
    RequestMalformed,
    /// A key of a kind or size that agents do not use.
    #[error("the signing request has {found}; accepted are EC P-256, EC P-384, Ed25519 and RSA of 2048 to 8192 bits")]
    KeyRefused {
        /// What it has.
        found: String,
    },
    /// Not signed by the key it asks for.
    #[error("the signing request's own signature is not valid")]
    RequestSignature,
    /// An agent id of another form.
    #[error("`{id}` is not an agent id: `i-` and 8 or 17 hexadecimal digits")]
    AgentId {
        /// What was given.
        id: String,
    },
    /// A name that cannot stand in a certificate.
    #[error("`{name}` cannot stand in a certificate")]
    Name {
        /// What was given.
        name: String,
    },
    /// No name at all, or too many.
    #[error("a server's certificate has 1 to {SERVER_NAMES_MAX} names, not {count}")]
    NameCount {
        /// How many were given.
        count: usize,
    },
    /// A time that no certificate can say.
    #[error("the certificate would end outside of the time that certificates can say")]
    Time,
    /// The kept authority is not a CA certificate with its key.
    #[error("the kept certificate authority is not valid: {why}")]
    Kept {
        /// What is wrong.
        why: &'static str,
    },
    /// A certificate that is no agent's.
    #[error("the certificate is not an agent's: {why}")]
    NotAnAgent {
        /// What is wrong.
        why: &'static str,
    },
    /// Signing failed.
    #[error("cannot make the certificate")]
    Signing(#[source] rcgen::Error),
    /// rustls does not take it.
    #[error("cannot use the certificate for TLS")]
    Tls(#[source] rustls::Error),
    /// The system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}
