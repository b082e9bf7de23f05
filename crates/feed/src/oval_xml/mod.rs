//! OVAL definitions as distributors publish them about their packages: Red Hat, Oracle,
//! AlmaLinux, SUSE, Ubuntu, Azure Linux.
//!
//! OVAL is a language for judging hosts. Here it is read as data: which package of which version
//! a definition speaks of, under which conditions. ([`yagura-scap`] judges definitions.)
//!
//! The document has definitions first and what they refer to last, so it is walked twice:
//! [`Tables::read`] keeps tests, objects, states and variables, then [`for_each_definition`] shows
//! one [`Definition`] at a time, and [`for_each_claim`] flattens its criteria:
//!
//! ```text
//! AND: release is 9, module nodejs:18 is enabled         conditions  Release, Module
//!   OR: AND: nodejs is earlier than 1:18.17.1-1          claim       nodejs before 1:18.17.1-1
//!            nodejs is signed with key 5326810137017186  condition   Key
//!       AND: npm is earlier than …                       claim       npm before …
//! ```
//!
//! # Invariants
//!
//! - A test that forbids (`none satisfy`, `none_exist`, `negate`) makes no claim.
//! - A test that is not understood, or whose parts are missing, is a condition that says so; a
//!   feed decides what that costs.
//! - Whatever is repeated is bounded; a document with more is refused, a definition with more is
//!   shown as [`Broken`](definition::Broken).
//!
//! [`yagura-scap`]: https://oval.mitre.org/language/

mod claims;
mod definition;
mod tables;

pub(crate) use claims::{Claim, Condition, for_each_claim};
pub(crate) use definition::{Cve, Definition, for_each_definition};
pub(crate) use tables::{Operation, Tables};

/// What a document has to be.
const FORMAT: &str = "OVAL definitions XML";

/// The most definitions of one document. SUSE's largest has 60,000.
pub(crate) const DEFINITIONS_MAX: usize = 500_000;
/// The most tests, and objects, states and variables, of one document.
pub(crate) const TABLE_ROWS_MAX: usize = 2_000_000;
/// The most tests and groups of one definition. Kernel advisories have some thousands.
pub(crate) const CRITERIA_MAX: usize = 262_144;
/// The most references, flaws, platforms and CPEs of one definition, each.
pub(crate) const LIST_MAX: usize = 8_192;
/// The most values of one variable: the binary packages of one source package.
pub(crate) const VALUES_MAX: usize = 8_192;
/// Where a text is cut, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 65_536;
/// The longest id, name or version, in bytes; a longer one is cut and meets nothing.
pub(crate) const WORD_BYTES_MAX: usize = 512;
