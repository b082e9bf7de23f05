//! The export of OSV.dev for crates.io (see the module `language`).
//!
//! Its records are GitHub's and RustSec's; advice that a crate is unmaintained is no flaw in it.

use yagura_model::Ecosystem;

use crate::catalogue::{DocumentSpec, Entry, FeedSpec, ParseError, Sink};
use crate::language::{self, Source, export};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "osv-crates";

const DOCUMENTS: &[DocumentSpec] =
    &[export::all_zip("https://storage.googleapis.com/osv-vulnerabilities/crates.io/all.zip", "osv/crates.io/all.zip")];

/// The feed.
pub const FEED: FeedSpec = export::feed(ID, "OSV.dev export for crates.io", DOCUMENTS, parse);

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    language::parse(entry, &Source { feed: ID, ecosystem: Ecosystem::CratesIo, osv_name: "crates.io" }, sink)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::read;

    #[test]
    fn advice_is_kept_without_a_verdict() {
        let record = include_str!("../../fixtures/osv-crates/RUSTSEC-2099-0002.json");
        let said = read(&FEED, "RUSTSEC-2099-0002.json", record.as_bytes()).unwrap().render();
        assert_eq!(
            said,
            "record 1\ndate 2099-01-30T10:00:00Z\nflaw RUSTSEC-2099-0002 \"demo is unmaintained\" modified 2099-01-30T10:00:00Z\n"
        );
    }
}
