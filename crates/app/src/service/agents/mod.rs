//! What agents ask: an identity, work, and that what they send is kept.
//!
//! - `peer`: who is at the other end, and whether it is let in.
//! - `enrol`: a token and a signing request become an identity; a certificate becomes a newer one.
//! - `heartbeat`: how an agent is, the chain by which clones are noticed, what is to be done.
//! - `chunks`: numbered pieces of telemetry, each kept once.
//! - `assemble`: the last piece makes a snapshot of them all.
//! - `manage`: tokens and revocation, for people.
//!
//! Agents have a certificate and no role: what one may do is its own part of the protocol. These
//! functions therefore open their transactions themselves and do not pass through
//! `App::change`. What an auditor asks for is recorded all the same: enrolments, renewals,
//! clones and refusals; heartbeats and chunks are not.
//!
//! # Invariants
//!
//! - An agent acts under the identity of its certificate, whatever a body says.
//! - No host gets the identity of another: an id is given again only to the machine that had it,
//!   and only where nobody else can use it.
//! - A chunk is acknowledged after it is committed, and counted once.
//! - The last chunk is acknowledged after the snapshot is stored.

mod assemble;
mod chunks;
mod enrol;
mod error;
mod gate;
mod heartbeat;
mod manage;
mod peer;

pub use chunks::{CHUNK_BODY_BYTES_MAX, RUN_BYTES_MAX, SentChunk};
pub use enrol::{CERTIFICATE_LIFETIME, RENEW_AFTER};
pub use error::AgentError;
pub use heartbeat::{HEARTBEAT_SECONDS, Heard, Work};
pub use manage::{
    NewToken, TOKEN_TTL_MAX, TOKEN_TTL_MIN, TOKEN_USES_MAX, create_token, list_tokens, revoke_agent, revoke_token,
};
pub use peer::{Peer, UnknownRefusal};

/// Returns the name of the blob that keeps a snapshot.
pub fn snapshot_blob(account: &str, digest: &str) -> String {
    let folder = digest.get(..2).unwrap_or("00");
    format!("snapshots/{account}/{folder}/{digest}.gz")
}
