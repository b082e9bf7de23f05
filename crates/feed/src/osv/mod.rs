//! OSV records (schema 1.6) as most upstreams publish them: Red Hat, AlmaLinux, Rocky, SUSE,
//! Ubuntu, Go, GitHub, OSV.dev.
//!
//! [`read`] borrows a record from its bytes, one archive member at a time. What a record means
//! (an advisory of a distributor, a flaw in a library) is the business of each feed; this module
//! knows the schema alone:
//!
//! - [`Record`], [`Affected`] and their parts, every list bounded;
//! - [`Affected::fix`] for advisories: one fixed version or none;
//! - [`Affected::affected_ranges`] for upstreams whose ranges count;
//! - [`Record::facts`]: text, vectors, references, ids and dates.
//!
//! # Invariants
//!
//! - A list that is too long is cut and says so (`over`); where a cut list would turn a verdict
//!   round, reading fails instead.
//! - What is extra in a record (`database_specific`, `ecosystem_specific`) stays raw and is read
//!   by the feed that knows its shape.

mod facts;
mod ranges;
mod record;

pub(crate) use facts::{cvss_vector, facts_of};
pub(crate) use record::{
    AFFECTED_MAX, Affected, FLAWS_MAX, Link, Package, RECORD_BYTES_MAX, Range, Record, Severity, read,
};
