//! Decides which published vulnerabilities the packages of a host have.
//!
//! [`match_packages`] joins a snapshot with an index; [`findings`] turns the matches into
//! findings with severity, evidence and advice; [`upgrades`] says which upgrades repair most;
//! [`explain()`] tells for one vulnerability why the host has it or has it not. The caller brings
//! values and gets values: no clock, file or socket, so the tests are tables.
//!
//! # Invariants
//!
//! - A version is compared under the scheme of the host's own distribution, never a guessed one.
//! - Each flaw is reported once for each source package and installed version, with the binary packages that carry
//!   it, whether the vendor names sources or binaries, flaws or advisories that cover many (see `weigh`).
//! - A package that the distribution did not build is not judged by the distribution's
//!   statements. The kernel is judged once, as the one that runs (see [`kernel`]).
//! - What cannot be judged becomes an exclusion with a reason; nothing disappears.
//! - The same input gives the same findings in the same order.

pub mod authority;
pub mod explain;
mod family;
pub mod finding;
mod inventory;
pub mod kernel;
mod languages;
pub mod matching;
mod recommend;
mod scope;
pub mod severity;
mod sources;
pub mod upgrade;
mod verdict;
mod weigh;

#[cfg(test)]
mod sample;

pub use explain::{Explanation, Reasoning, Verdict, explain};
pub use finding::findings;
pub use matching::{Installed, Judged, Match, MatchResult, match_packages, supports, supports_distribution};
pub use sources::{language_sources, statement_sources, subjects_of};
pub use upgrade::upgrades;
pub use verdict::Outcome;
