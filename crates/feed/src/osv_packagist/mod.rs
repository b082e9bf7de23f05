//! The export of OSV.dev for Packagist (see the module `language`).

use yagura_model::Ecosystem;

use crate::catalogue::{DocumentSpec, Entry, FeedSpec, ParseError, Sink};
use crate::language::{self, Source, export};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "osv-packagist";

const DOCUMENTS: &[DocumentSpec] =
    &[export::all_zip("https://storage.googleapis.com/osv-vulnerabilities/Packagist/all.zip", "osv/Packagist/all.zip")];

/// The feed.
pub const FEED: FeedSpec = export::feed(ID, "OSV.dev export for Packagist", DOCUMENTS, parse);

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    language::parse(entry, &Source { feed: ID, ecosystem: Ecosystem::Packagist, osv_name: "Packagist" }, sink)
}
