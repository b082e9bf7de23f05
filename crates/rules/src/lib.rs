//! The built-in rules packages: one judgement a file, its texts in English and Japanese.
//!
//! [`evaluate`] is the whole interface: a snapshot in, findings, exclusions, passed rules and
//! rules that do not apply out. [`manual`] writes the documentation page from the rules' own
//! texts.
//!
//! # Invariants
//!
//! - A rule is a function of the snapshot: no file, socket, clock, randomness or global.
//! - Every rule ends in exactly one of the four lists of [`Evaluation`]; what could not be read
//!   is an exclusion with its reason, never a pass.
//! - Evidence names the file and the line, or says whose default it is.

pub mod best_practices;
mod evaluation;
mod manual;
mod pattern;
mod rule;
mod wording;

#[cfg(test)]
mod testing;

pub use evaluation::{Evaluation, NotApplicable, Passed, evaluate};
pub use manual::manual;
pub use rule::{Rule, Verdict};
