//! Feeds: which documents upstreams publish, how they reach us, how their bytes become
//! statements and facts, and how these become the index file.
//!
//! A feed has two halves. *Fetching* knows addresses, conditions and disks; *parsing* is bytes
//! in, values out, and needs no network to test. [`catalogue::FEEDS`] joins them: adding a feed
//! is one folder and one line there.

pub mod catalogue;

pub use catalogue::{DocumentSpec, FeedSpec, ParseError, Pick, Sink};
