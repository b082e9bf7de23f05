//! The contract between agent and server: enrolment, instructions, telemetry.
//!
//! Values only: no file, no socket, no clock. Both ends parse what the other sends through this room, so a bound that
//! stands here holds on both sides.
//!
//! # Parts
//!
//! - [`message`]: every request and answer of the protocol, read through [`read`], which checks size, protocol
//!   number and members before anybody acts on them.
//! - [`telemetry`]: a [`Snapshot`](yagura_model::Snapshot) as lines of JSON ([`snapshot_lines`]) and back
//!   ([`Assembler`]); [`Chunker`] packs lines into gzip chunks, [`decode_chunk`] unpacks them.
//! - [`stored`]: the form in which the server keeps a snapshot.
//! - [`token`]: the text of an enrolment token, which pins the server's CA.
//! - [`bounds`]: every limit, with its unit.
//!
//! # Invariants
//!
//! - One snapshot has one sequence of lines, byte for byte, and so one [`snapshot_digest`].
//! - Lines that a newer agent sends and this server does not know are counted and left out; anything else that
//!   does not fit is an error that names the line.
//! - Nothing is unpacked beyond its bound.
//! - The nouns of `yagura-model` are not serialized themselves: their shapes live in `shape`, and a field added to
//!   a noun does not compile until the shape has it.

pub mod bounds;
mod hash;
pub mod message;
mod shape;
pub mod stored;
pub mod telemetry;
#[cfg(test)]
mod testing;
pub mod token;

pub use hash::{Sha256, sha256_hex};
pub use message::{
    AgentFacts, ChunkAnswer, EnrollAnswer, EnrollRequest, ErrorBody, ErrorCode, GoodbyeAnswer, GoodbyeRequest, Health,
    HealthCode, HeartbeatAnswer, HeartbeatRequest, Instruction, InvalidMessage, Message, ReleaseFacts, RenewAnswer,
    RenewRequest, RunProgress, StopOrder, Tag, is_agent_id, read, write,
};
pub use stored::{StoredError, decode_snapshot, encode_snapshot};
pub use telemetry::{
    AssembleError, Assembler, Chunk, ChunkError, ChunkLimits, Chunker, Content, Counts, DecodedChunk, Line,
    MessageType, MonitoringStart, MonitoringStop, NetworkInterface, Problem, Telemetry, TypeCount, decode_chunk,
    snapshot_digest, snapshot_lines, visit_snapshot_lines,
};
pub use token::{EnrolmentToken, TokenError};

/// The version of the protocol that this room speaks.
pub const PROTOCOL: u32 = 1;

/// The collection words that an instruction may name.
pub mod collect {
    /// Identity, release, kernel, packages.
    pub const INVENTORY: &str = "inventory";
    /// The configuration facts of the best-practice rules.
    pub const SETTINGS: &str = "settings";
}

/// The header of a chunk that carries the SHA-256 of its body in hexadecimal digits.
pub const CONTENT_SHA256: &str = "content-sha256";
