//! The use cases: one verb each. The programs and the faces call these and nothing below.
//!
//! - [`assess()`]: one host, its packages and settings judged, with what could not be judged.
//! - [`explain()`]: why a vulnerability does or does not concern a host.
//!
//! Clock, network and disk locations are passed in, so a test decides them.

pub mod assess;
pub mod coverage;
pub mod explain;
pub mod service;

pub use assess::{AssessOptions, assess};
pub use explain::explain;
pub use yagura_matcher::{Explanation, Reasoning, Verdict};
