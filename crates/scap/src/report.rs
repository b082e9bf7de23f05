//! Results as the standards' own documents, for other tools: XCCDF `TestResult` and ARF 1.1.
//!
//! - [`writer`]: elements, attributes and texts, escaped.
//! - [`test_result`]: the XCCDF part.
//! - [`oval_results`]: definitions, tests and items of one document.
//! - [`arf`]: all of it around the content that was judged.

mod arf;
mod oval_results;
mod test_result;
mod writer;

use jiff::Timestamp;

/// What the documents say about a run beside its results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFacts {
    /// The host's name.
    pub host: String,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// When the run began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// The judging program's name.
    pub scanner: String,
    /// The judging program's version.
    pub scanner_version: String,
    /// The operating system's name.
    pub os_name: String,
    /// The operating system's version.
    pub os_version: String,
    /// The machine's architecture.
    pub architecture: String,
    /// How the benchmark's document is called.
    pub benchmark_href: String,
}

/// A time as XML writes it.
fn time(at: Timestamp) -> String {
    at.strftime("%FT%T+00:00").to_string()
}
