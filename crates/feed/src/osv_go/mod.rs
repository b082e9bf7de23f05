//! The export of OSV.dev for Go (see the module `language`).
//!
//! Its records are GitHub's and the Go team's.

use yagura_model::Ecosystem;

use crate::catalogue::{DocumentSpec, Entry, FeedSpec, ParseError, Sink};
use crate::language::{self, Source, export};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "osv-go";

const DOCUMENTS: &[DocumentSpec] =
    &[export::all_zip("https://storage.googleapis.com/osv-vulnerabilities/Go/all.zip", "osv/Go/all.zip")];

/// The feed.
pub const FEED: FeedSpec = export::feed(ID, "OSV.dev export for Go", DOCUMENTS, parse);

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    language::parse(entry, &Source { feed: ID, ecosystem: Ecosystem::Go, osv_name: "Go" }, sink)
}
