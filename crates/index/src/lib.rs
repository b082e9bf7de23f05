//! The index file: what every feed says, compiled into one flat file that opens in no time.
//!
//! [`IndexBuilder`] takes statements, vulnerabilities and feed records and gives bytes;
//! [`Index`] reads such bytes where they lie, usually in a file mapped into memory by `feed`.
//! Looking a package up is one hash and a run of neighbouring records; nothing is parsed, copied
//! or allocated. `docs/index-format.md` draws the layout.
//!
//! # Invariants
//!
//! - The same facts give the same bytes, in whatever order they came.
//! - Reading never panics and never loops, whatever the bytes: each offset is checked where it
//!   is used, and a wrong one gives an empty answer. [`Index::verify`] tells whether every byte
//!   is as it was written.
//! - The layout has a version. A file of another version is refused, never guessed at.
//! - No file, map or clock: bytes in, values out.

mod builder;
mod interner;
mod layout;
mod packed;
mod reader;
mod statement;
mod table;
mod vulnerability;

pub use builder::{BuildError, IndexBuilder};
pub use layout::FORMAT_VERSION;
pub use reader::{Counts, Index, OpenError};
pub use statement::{EndRef, RangeRef, RangesRef, StateRef, StatementRef, Statements};
pub use vulnerability::{CvssRef, ReferenceRef, VulnerabilityRef};
