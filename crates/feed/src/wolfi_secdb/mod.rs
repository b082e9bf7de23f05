//! Wolfi's security database, in the format of Alpine's.
//!
//! Wolfi rolls: there is one release, and the document names none. Its ids are CVEs and GHSAs, each
//! in a string of its own.

use yagura_model::ReleaseKey;

use crate::catalogue::{Authority, DocumentSpec, Entry, FeedSpec, ParseError, Pick, Sink, Via};
use crate::secdb::{self, Place};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "wolfi-secdb";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Wolfi security database",
    licence: "Chainguard, CC BY-NC-ND 4.0, other terms for makers of scanners: read from upstream only",
    authority: Authority::VendorAdvisory,
    speaks_of: &["wolfi"],
    documents: &[DocumentSpec {
        name: "security.json",
        url: "https://packages.wolfi.dev/os/security.json",
        mirror: "wolfi/security.json",
        pick: Pick::Newest,
        via: Via::Direct,
        // A few megabytes in 2025.
        transfer_bytes_max: 256 << 20,
        content_bytes_max: 256 << 20,
        members_max: 1,
    }],
    // Rebuilt whenever an advisory changes.
    fresh_days: 3,
    parse,
};

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let release = ReleaseKey::new("wolfi", "rolling");
    secdb::parse(entry, &Place { feed: ID, release, distroversion: None }, sink)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::read;

    const FIXTURE: &str = include_str!("../../fixtures/wolfi-secdb/security.json");

    #[test]
    fn reads_the_fixture() {
        let recorder = read(&FEED, "security.json", FIXTURE.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r"
        record 1
        release wolfi:rolling
        wolfi:rolling demo-lib CVE-2099-0001 not-affected (not yet assigned)
        wolfi:rolling demo-lib CVE-2099-0002 fixed 1.2.3-r1 (not yet assigned)
        wolfi:rolling demo-lib GHSA-aaaa-bbbb-cccc not-affected (not yet assigned)
        ");
    }
}
