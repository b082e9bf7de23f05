//! The SCAP engine: standard content in, judged rules out; what it looks at comes through [`Collect`].
//!
//! # The interface for collectors
//!
//! - [`Collect`]: what reads a host; it gets an [`Object`] and answers [`Collected`].
//! - [`Object`], [`Entity`], [`Behaviors`]: what to look for, variables resolved, patterns compiled.
//! - [`Item`], [`Value`], [`Field`]: what was found; [`Facts`] lets filters look at a thing before it is an item.
//! - [`Pattern`]: Perl-compatible, bounded; the one that collectors and engine share.
//!
//! # The engine
//!
//! - [`Content`]: data streams, or benchmarks and definitions side by side; tailoring files.
//! - [`Compiled`]: one profile of a benchmark, tailored, in one file without XML. Made on the server, judged anywhere.
//! - [`judge`]: a compiled benchmark over a collector gives [`Judged`]: [`Results`] with [`Evidence`], and with
//!   [`RunFacts`] the standards' own documents (XCCDF `TestResult`, ARF).
//! - [`Definitions`]: plain OVAL without a benchmark.
//!
//! Inside: `xml` reads within bounds, `oval` and `xccdf` hold content as values, `cpe` platforms, `eval` computes
//! variables, objects, states and definitions, `truth` and `compare` are the tables.
//!
//! # Invariants
//!
//! - No file, socket, process, clock or randomness: the same content and the same items give the same results.
//! - Content and items are hostile: sizes and depths are bounded, cycles are found, nothing panics.

mod collect;
mod compare;
mod compiled;
mod content;
mod cpe;
mod definitions;
mod error;
mod eval;
mod field;
mod item;
mod judge;
mod object;
mod oval;
mod pattern;
mod report;
mod truth;
mod xccdf;
mod xml;

pub use collect::{Collect, Collected};
pub use compare::Operation;
pub use compiled::{COMPILED_BYTES_MAX, COMPILED_FORMAT, Compiled, CompiledItem, CompiledRule, RuleFix, RuleTexts};
pub use content::{BenchmarkSummary, Content, ProfileSummary};
pub use definitions::{Bindings, DefinitionResults, Definitions};
pub use error::ContentError;
pub use eval::{Unwatched, Watch};
pub use field::{Field, Kind};
pub use item::{Datatype, Entry, Facts, Flag, ITEMS_MAX, Item, Status, Value};
pub use judge::{CheckUsed, Evidence, ItemEvidence, Judged, Outcome, Results, RuleResult, Score, Verdict, judge};
pub use object::{Behaviors, Entity, Object, Recurse, RecurseDirection, RecurseFileSystem};
pub use pattern::{PATTERN_BYTES_MAX, Pattern, PatternError, PatternOptions, Search};
pub use report::RunFacts;
pub use truth::{Check, Existence, Operator, Tally, Truth};
pub use xccdf::profile::Selection;
pub use xccdf::{Role, Severity};
pub use xml::{DEPTH_MAX, DOCUMENT_BYTES_MAX, XmlError};
