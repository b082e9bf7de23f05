//! Requests and answers between agent and server.
//!
//! [`read`] is the only way in: it bounds the body, reads the JSON, compares the protocol number and asks
//! [`Message::validate`], so that a value that exists is a valid one. [`write()`] is the way out and asks the same.

mod answer;
mod check;
mod facts;
mod request;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use answer::{
    ChunkAnswer, EnrollAnswer, ErrorBody, ErrorCode, GoodbyeAnswer, HeartbeatAnswer, Instruction, RenewAnswer,
    StopOrder,
};
pub use check::is_agent_id;
pub use facts::{AgentFacts, ReleaseFacts, Tag};
pub use request::{EnrollRequest, GoodbyeRequest, Health, HealthCode, HeartbeatRequest, RenewRequest, RunProgress};

use crate::PROTOCOL;
use crate::bounds::BODY_BYTES_MAX;

/// A request or an answer.
pub trait Message {
    /// What the message is, for error texts: `enrolment request`.
    const WHAT: &'static str;

    /// Returns the protocol number that the message carries.
    fn protocol(&self) -> u32;

    /// Checks the members against their bounds.
    ///
    /// # Errors
    /// [`InvalidMessage::Member`] with the member's name.
    fn validate(&self) -> Result<(), InvalidMessage>;
}

/// Why a message is not acted on.
#[derive(Debug, thiserror::Error)]
pub enum InvalidMessage {
    /// Larger than anything honest.
    #[error("the {what} has more than {BODY_BYTES_MAX} bytes")]
    TooLarge {
        /// Which message.
        what: &'static str,
    },
    /// Not JSON, or a member is missing or of another type.
    #[error("the {what} cannot be read")]
    Json {
        /// Which message.
        what: &'static str,
        /// What the parser says; it names the member.
        source: serde_json::Error,
    },
    /// The other side speaks another protocol.
    #[error("the {what} speaks protocol {protocol}, and this side speaks {PROTOCOL}")]
    Protocol {
        /// Which message.
        what: &'static str,
        /// The number that it carries.
        protocol: u32,
    },
    /// A member is out of bounds.
    #[error("member `{member}` {why}")]
    Member {
        /// The member, with its place: `facts.hostname`, `tags[3].key`.
        member: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Reads a message.
///
/// # Errors
/// See [`InvalidMessage`].
pub fn read<M: Message + DeserializeOwned>(body: &[u8]) -> Result<M, InvalidMessage> {
    if body.len() > BODY_BYTES_MAX {
        return Err(InvalidMessage::TooLarge { what: M::WHAT });
    }
    // A message of another protocol may have other members: its number is looked at first.
    #[derive(serde::Deserialize)]
    struct Head {
        protocol: Option<u32>,
    }
    let json = |source| InvalidMessage::Json { what: M::WHAT, source };
    let head: Head = serde_json::from_slice(body).map_err(json)?;
    if let Some(protocol) = head.protocol.filter(|protocol| *protocol != PROTOCOL) {
        return Err(InvalidMessage::Protocol { what: M::WHAT, protocol });
    }
    let message: M = serde_json::from_slice(body).map_err(json)?;
    message.validate()?;
    Ok(message)
}

/// Writes a message.
///
/// # Errors
/// When the message breaks its own bounds, see [`InvalidMessage`].
pub fn write<M: Message + Serialize>(message: &M) -> Result<Vec<u8>, InvalidMessage> {
    message.validate()?;
    let body = serde_json::to_vec(message).map_err(|source| InvalidMessage::Json { what: M::WHAT, source })?;
    if body.len() > BODY_BYTES_MAX {
        return Err(InvalidMessage::TooLarge { what: M::WHAT });
    }
    Ok(body)
}

/// Answers need not say their protocol number: an error body or `{}` is one of this protocol.
const fn current_protocol() -> u32 {
    PROTOCOL
}

macro_rules! message {
    ($name:ident, $what:literal, |$this:ident| $checks:block) => {
        impl $crate::message::Message for $name {
            const WHAT: &'static str = $what;

            fn protocol(&self) -> u32 {
                self.protocol
            }

            fn validate(&self) -> Result<(), $crate::message::InvalidMessage> {
                let $this = self;
                $checks
            }
        }
    };
}
use message;

#[cfg(test)]
mod tests;
