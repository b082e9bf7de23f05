//! Alpine's security database: which version of which package of which release fixed a flaw.
//!
//! One document for each release and repository. It names what was fixed, and what never applied;
//! a flaw that nobody has fixed yet is not in it.

use yagura_model::ReleaseKey;

use crate::catalogue::{Authority, DocumentSpec, Entry, FeedSpec, ParseError, Pick, Sink, Via};
use crate::secdb::{self, Place};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "alpine-secdb";

/// The most bytes of one document. The largest has 160 kB.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

/// One repository of one release.
macro_rules! repository {
    ($release:literal, $repository:literal) => {
        DocumentSpec {
            name: concat!($release, "-", $repository, ".json"),
            url: concat!("https://secdb.alpinelinux.org/", $release, "/", $repository, ".json"),
            mirror: concat!("alpine/", $release, "/", $repository, ".json"),
            pick: Pick::Newest,
            via: Via::Direct,
            transfer_bytes_max: DOCUMENT_BYTES_MAX,
            content_bytes_max: DOCUMENT_BYTES_MAX,
            members_max: 1,
        }
    };
}

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Alpine security database",
    licence: "Alpine Linux secdb, from aports",
    authority: Authority::VendorAdvisory,
    speaks_of: &["alpine"],
    documents: &[
        repository!("v3.12", "main"),
        repository!("v3.12", "community"),
        repository!("v3.13", "main"),
        repository!("v3.13", "community"),
        repository!("v3.14", "main"),
        repository!("v3.14", "community"),
        repository!("v3.15", "main"),
        repository!("v3.15", "community"),
        repository!("v3.16", "main"),
        repository!("v3.16", "community"),
        repository!("v3.17", "main"),
        repository!("v3.17", "community"),
        repository!("v3.18", "main"),
        repository!("v3.18", "community"),
        repository!("v3.19", "main"),
        repository!("v3.19", "community"),
        repository!("v3.20", "main"),
        repository!("v3.20", "community"),
        repository!("v3.21", "main"),
        repository!("v3.21", "community"),
        repository!("edge", "main"),
        repository!("edge", "community"),
    ],
    // Rebuilt whenever a package changes. The documents carry no date of their own.
    fresh_days: 7,
    parse,
};

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    // The name of a document begins with the release: `v3.21-main.json`.
    let version = entry.document.split_once('-').map_or(entry.document, |(version, _)| version);
    let release = ReleaseKey::new("alpine", version.strip_prefix('v').unwrap_or(version));
    secdb::parse(entry, &Place { feed: ID, release, distroversion: Some(version.to_owned()) }, sink)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{Recorder, read};

    const FIXTURE: &str = include_str!("../../fixtures/alpine-secdb/v3.12-main.json");

    #[test]
    fn reads_every_shape_of_the_fixture() {
        let recorder = read(&FEED, "main.json", FIXTURE.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 5
        release alpine:3.12
        flaw CVE-2099-0003 alias GHSA-aaaa-bbbb-cccc
        alpine:3.12 demo-lib CVE-2099-0001 fixed 1.2.10-r0 (not yet assigned)
        alpine:3.12 demo-lib CVE-2099-0002 fixed 1.2.10-r0 (not yet assigned) XSA-1
        alpine:3.12 demo-lib CVE-2099-0003 fixed 1.2.9-r3 (not yet assigned)
        alpine:3.12 demo-lib CVE-2099-0004 not-affected (not yet assigned)
        rejected demo-tool 2.0_rc1-r0 CVE-9999: no id of a flaw
        rejected demo-tool latest: not a version
        alpine:3.12 demo-tool CVE-2099-0005 not-affected (not yet assigned) "Not affected, requires --with-demo"
        alpine:3.12 demo-tool TS-2099-005 fixed 2.0_rc1-r0 (not yet assigned)
        alpine:3.12 demo-tool XSA-2 fixed 2.0_rc1-r0 (not yet assigned)
        rejected not a name: not a package name
        rejected package 5: missing field `name`
        "#);
    }

    #[test]
    fn the_document_names_the_release() {
        let mut recorder = Recorder::default();
        let edge = FIXTURE.replace("v3.12", "edge");
        parse(&Entry { document: "edge-community.json", name: "t", bytes: edge.as_bytes() }, &mut recorder).unwrap();
        assert_eq!(recorder.lines.first().map(String::as_str), Some("release alpine:edge"));
        let error = parse(&Entry { document: "v3.21-main.json", name: "t", bytes: FIXTURE.as_bytes() }, &mut recorder);
        let error = error.unwrap_err().to_string();
        assert_eq!(error, "`t` is not a valid secdb JSON: it is about `v3.12` instead of `v3.21`");
    }

    #[test]
    fn refuses_what_ends_early_or_is_empty() {
        for cut in 0..FIXTURE.trim_end().len() {
            assert!(read(&FEED, "t", &FIXTURE.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        let empty = read(&FEED, "t", br#"{"distroversion":"v3.12","packages":[]}"#).unwrap_err();
        assert_eq!(empty.to_string(), "`t` is not a valid secdb JSON: it has no packages");
    }
}
