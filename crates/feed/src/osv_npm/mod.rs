//! The export of OSV.dev for npm (see [`crate::language`]).
//!
//! Nearly all of its records are of malicious packages (`MAL-…`), which are findings of their own.

use yagura_model::Ecosystem;

use crate::catalogue::{DocumentSpec, Entry, FeedSpec, ParseError, Sink};
use crate::language::{self, Source, export};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "osv-npm";

const DOCUMENTS: &[DocumentSpec] =
    &[export::all_zip("https://storage.googleapis.com/osv-vulnerabilities/npm/all.zip", "osv/npm/all.zip")];

/// The feed.
pub const FEED: FeedSpec = export::feed(ID, "OSV.dev export for npm", DOCUMENTS, parse);

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    language::parse(entry, &Source { feed: ID, ecosystem: Ecosystem::Npm, osv_name: "npm" }, sink)
}
