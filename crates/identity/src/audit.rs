//! The audit log, as far as it is a function of values: the record of a call, and the chain that holds records
//! together.
//!
//! - `record`: a call in CloudTrail's form, bounded, without secrets
//! - `redact`: which members are secrets
//! - `chain`: each record's hash over the one before
//!
//! # Invariants
//!
//! - A record has [`RECORD_BYTES_MAX`] bytes at most, whatever was sent; what had to go is named by hash and size.
//! - No record holds the value of a member of [`SECRET_MEMBERS`].
//! - A record that is changed, removed, added or moved breaks the chain from there on.

mod chain;
mod record;
mod redact;

pub use chain::{Break, FileDigest, GENESIS, Head, LOOKAHEAD_RECORDS_MAX, Verifier, chain};
pub use record::{Caller, CallerKind, Failure, RECORD_BYTES_MAX, Record, TEXT_BYTES_MAX};
pub use redact::{DEPTH_MAX, REDACTED, SECRET_MEMBERS, redact};
