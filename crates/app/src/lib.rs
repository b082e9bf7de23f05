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

/// Lists the ids of the feeds that an assessment of a host leans on; all of them where the host does not say what it is.
pub fn feeds_for(snapshot: &yagura_model::Snapshot) -> Vec<&'static str> {
    if snapshot.release.is_none() {
        return yagura_feed::FEEDS.iter().map(|feed| feed.id).collect();
    }
    coverage::expected(snapshot).map(|feed| feed.id).collect()
}
pub use yagura_matcher::{Explanation, Reasoning, Verdict};
