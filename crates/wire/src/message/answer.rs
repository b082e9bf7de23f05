//! What a server answers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::check::{agent_id, each, filled, pem, refuse, run, sha256, text};
use super::{current_protocol, message};
use crate::bounds::{
    CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, COLLECT_MAX, DETAILS_BYTES_MAX, HEARTBEAT_SECONDS_MAX, NONCE_BYTES_MAX, RUNS_MAX,
    TEXT_BYTES_MAX,
};

/// The answer to an enrolment: an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrollAnswer {
    /// The protocol's number.
    #[serde(default = "current_protocol")]
    pub protocol: u32,
    /// The agent's id: `i-` and 17 hexadecimal digits.
    pub agent_id: String,
    /// The agent's certificate in PEM.
    pub certificate_pem: String,
    /// The CA's certificate in PEM.
    pub ca_pem: String,
    /// When the certificate is to be renewed.
    pub renew_after: Timestamp,
    /// The first nonce.
    pub nonce: String,
}

message!(EnrollAnswer, "answer to the enrolment", |this| {
    agent_id("agentId", &this.agent_id)?;
    pem("certificatePem", &this.certificate_pem)?;
    pem("caPem", &this.ca_pem)?;
    filled("nonce", &this.nonce, NONCE_BYTES_MAX)
});

/// The answer to a renewal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewAnswer {
    /// The protocol's number.
    #[serde(default = "current_protocol")]
    pub protocol: u32,
    /// The agent's new certificate in PEM.
    pub certificate_pem: String,
    /// The CA's certificate in PEM.
    pub ca_pem: String,
    /// When the certificate is to be renewed again.
    pub renew_after: Timestamp,
}

message!(RenewAnswer, "answer to the renewal", |this| {
    pem("certificatePem", &this.certificate_pem)?;
    pem("caPem", &this.ca_pem)
});

/// The answer to a heartbeat: what is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatAnswer {
    /// The protocol's number.
    #[serde(default = "current_protocol")]
    pub protocol: u32,
    /// The nonce for the next heartbeat.
    pub nonce: String,
    /// What to collect.
    #[serde(default)]
    pub instructions: Vec<Instruction>,
    /// Which runs to stop.
    #[serde(default)]
    pub stop: Vec<StopOrder>,
    /// How long to wait before the next heartbeat where this one was not held.
    pub heartbeat_seconds: u32,
    /// Whether the certificate is to be renewed now.
    #[serde(default)]
    pub renew: bool,
    /// The server's clock.
    pub server_time: Timestamp,
}

message!(HeartbeatAnswer, "answer to the heartbeat", |this| {
    filled("nonce", &this.nonce, NONCE_BYTES_MAX)?;
    each("instructions", &this.instructions, RUNS_MAX, |member, instruction| {
        filled(&format!("{member}.instructionId"), &instruction.instruction_id, TEXT_BYTES_MAX)?;
        run(&format!("{member}.run"), &instruction.run)?;
        each(&format!("{member}.collect"), &instruction.collect, COLLECT_MAX, |member, word| {
            filled(member, word, TEXT_BYTES_MAX)
        })?;
        if let Some(digest) = &instruction.known_digest {
            sha256(&format!("{member}.knownDigest"), digest)?;
        }
        if !(CHUNK_BYTES_MIN..=CHUNK_BYTES_MAX).contains(&instruction.chunk_bytes_max) {
            return refuse(
                format!("{member}.chunkBytesMax"),
                format!("is not between {CHUNK_BYTES_MIN} and {CHUNK_BYTES_MAX}"),
            );
        }
        Ok(())
    })?;
    each("stop", &this.stop, RUNS_MAX, |member, order| run(&format!("{member}.run"), &order.run))?;
    if !(1..=HEARTBEAT_SECONDS_MAX).contains(&this.heartbeat_seconds) {
        return refuse("heartbeatSeconds", format!("is not between 1 and {HEARTBEAT_SECONDS_MAX}"));
    }
    Ok(())
});

/// One collection for one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instruction {
    /// Names the instruction; the same one may come again after a lost answer.
    pub instruction_id: String,
    /// The run's ARN.
    pub run: String,
    /// Predefined collection words, see [`crate::collect`]. An unknown word is reported back, never executed.
    pub collect: Vec<String>,
    /// The digest of the snapshot that the server has of this host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_digest: Option<String>,
    /// Compressed bytes of a chunk.
    pub chunk_bytes_max: usize,
    /// When the run ends: what is sent later is of no use.
    pub deadline: Timestamp,
}

/// Ends an agent's part in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StopOrder {
    /// The run's ARN.
    pub run: String,
    /// Whether what was collected is thrown away; otherwise it is sent to its end.
    pub discard: bool,
}

/// The answer to a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChunkAnswer {
    /// The protocol's number.
    #[serde(default = "current_protocol")]
    pub protocol: u32,
    /// The number of the chunk that is now safe.
    pub acknowledged: u32,
    /// The number of the chunk that is expected next.
    pub next: u32,
}

message!(ChunkAnswer, "answer to the chunk", |this| {
    if this.next <= this.acknowledged { refuse("next", "is not beyond `acknowledged`") } else { Ok(()) }
});

/// The answer to a goodbye.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GoodbyeAnswer {
    /// The protocol's number.
    #[serde(default = "current_protocol")]
    pub protocol: u32,
}

message!(GoodbyeAnswer, "answer to the goodbye", |_this| { Ok(()) });

/// The body of every answer that refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// The protocol's number.
    #[serde(default = "current_protocol")]
    pub protocol: u32,
    /// Why, in one word: see [`ErrorCode`]. A word that this side does not know stays as it is.
    pub error: String,
    /// Why, in a sentence.
    #[serde(default)]
    pub message: String,
    /// Whether the same request may succeed later.
    #[serde(default)]
    pub retry: bool,
    /// With [`ErrorCode::ChunkConflict`]: the number of the chunk that is expected next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
}

message!(ErrorBody, "refusal", |this| {
    filled("error", &this.error, TEXT_BYTES_MAX)?;
    text("message", &this.message, DETAILS_BYTES_MAX)
});

impl ErrorBody {
    /// Makes a refusal.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let (protocol, error) = (crate::PROTOCOL, code.as_str().to_owned());
        Self { protocol, error, message: message.into(), retry: code.is_retried(), next: None }
    }

    /// Returns the code, where this side knows the word.
    pub fn code(&self) -> Option<ErrorCode> {
        ErrorCode::from_word(&self.error)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:literal, $retry:literal;)+) => {
        /// Why a server refuses.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the word of the protocol.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// Returns the number that HTTP gives it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// Tells whether the same request may succeed later.
            pub const fn is_retried(self) -> bool {
                match self { $(Self::$name => $retry,)+ }
            }
        }
    };
}

codes! {
    /// The request cannot be read.
    BadRequest = "BAD_REQUEST", 400, false;
    /// There is no such token, or its secret is another.
    TokenInvalid = "TOKEN_INVALID", 401, false;
    /// The token's time is over.
    TokenExpired = "TOKEN_EXPIRED", 401, false;
    /// The token was used as often as it may be.
    TokenUsedUp = "TOKEN_USED_UP", 401, false;
    /// The call needs a client certificate.
    CertificateRequired = "CERTIFICATE_REQUIRED", 401, false;
    /// The certificate was revoked.
    CertificateRevoked = "CERTIFICATE_REVOKED", 401, false;
    /// The certificate names an agent that the server does not have.
    AgentUnknown = "AGENT_UNKNOWN", 401, false;
    /// The id in the request is not the certificate's.
    AgentMismatch = "AGENT_MISMATCH", 403, false;
    /// There is no such run, or the agent has no part in it.
    RunUnknown = "RUN_UNKNOWN", 404, false;
    /// Two machines use one identity.
    CloneDetected = "CLONE_DETECTED", 409, false;
    /// The chunk is not the one that is expected, or has another content than the first time.
    ChunkConflict = "CHUNK_CONFLICT", 409, false;
    /// The run is over.
    RunClosed = "RUN_CLOSED", 410, false;
    /// The body is larger than allowed.
    TooLarge = "TOO_LARGE", 413, false;
    /// The server speaks another protocol.
    ProtocolUnsupported = "PROTOCOL_UNSUPPORTED", 426, false;
    /// Too many requests.
    Throttled = "THROTTLED", 429, true;
    /// The server cannot do it now.
    Unavailable = "UNAVAILABLE", 503, true;
}

impl ErrorCode {
    /// Reads the word of the protocol.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == word)
    }
}
