//! The export of OSV.dev for npm (see the module `language`).
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::read;

    const REVIEWED: &str = include_str!("../../fixtures/osv-npm/GHSA-aaaa-bbbb-cccc.json");
    const MALICIOUS: &str = include_str!("../../fixtures/osv-npm/MAL-2099-1.json");

    #[test]
    fn a_reviewed_advisory_brings_ranges_and_grading() {
        let recorder = read(&FEED, "GHSA-aaaa-bbbb-cccc.json", REVIEWED.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        date 2099-01-30T10:00:00Z
        rejected GHSA-aaaa-bbbb-cccc: not the name of a package
        rejected GHSA-aaaa-bbbb-cccc demo-git: no range of versions
        ecosystem:npm @demo/set CVE-2099-0001 affected [.., 1.2.3) [2.0.0-rc.1, 2.0.1) (high) GHSA-aaaa-bbbb-cccc
        ecosystem:npm demo-listed CVE-2099-0001 affected [.., 1.0.0) [1.5.0, 1.5.0] (high) GHSA-aaaa-bbbb-cccc
        ecosystem:npm demo-lost CVE-2099-0001 affected [.., 3.1.4] (high) GHSA-aaaa-bbbb-cccc
        ecosystem:npm demo-soon CVE-2099-0001 fixed 4.0.0 (high) GHSA-aaaa-bbbb-cccc
        flaw CVE-2099-0001 "The function `set` pollutes." alias GHSA-aaaa-bbbb-cccc alias SNYK-JS-DEMO-1 CWE-1321 cvss 3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H Advisory https://example.org/advisory published 2099-01-01T00:00:00Z modified 2099-01-30T10:00:00Z
        "#);
    }

    #[test]
    fn a_malicious_package_is_a_critical_finding_of_its_own() {
        let recorder = read(&FEED, "MAL-2099-1.json", MALICIOUS.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        date 2099-01-30T10:00:00Z
        ecosystem:npm demo-evil MAL-2099-1 open (critical)
        flaw MAL-2099-1 "Malicious code in demo-evil (npm)" alias GHSA-dddd-eeee-ffff Web https://example.org/1 published 2099-01-01T00:00:00Z modified 2099-01-30T10:00:00Z
        "#);
    }

    #[test]
    fn withdrawn_records_and_other_ecosystems_say_nothing() {
        let withdrawn = REVIEWED.replace(r#""summary""#, r#""withdrawn": "2099-02-01T00:00:00Z", "summary""#);
        let said = read(&FEED, "t", withdrawn.as_bytes()).unwrap().render();
        assert_eq!(said, "record 1\ndate 2099-01-30T10:00:00Z\n");
        let other = MALICIOUS.replace(r#""ecosystem": "npm""#, r#""ecosystem": "PyPI""#);
        let said = read(&FEED, "t", other.as_bytes()).unwrap().render();
        assert_eq!(said, "record 1\ndate 2099-01-30T10:00:00Z\n");
    }

    #[test]
    fn refuses_what_ends_early() {
        for cut in 0..REVIEWED.trim_end().len() {
            assert!(read(&FEED, "t", &REVIEWED.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn more_versions_than_are_kept_reject_the_package() {
        let versions = (0..5_000).map(|n| format!(r#""{n}.0.0""#)).collect::<Vec<_>>().join(",");
        let record = format!(
            r#"{{"id":"MAL-2099-2","affected":[{{"package":{{"ecosystem":"npm","name":"demo"}},"versions":[{versions}]}}]}}"#
        );
        let said = read(&FEED, "t", record.as_bytes()).unwrap().render();
        assert_eq!(said, "record 1\nrejected MAL-2099-2 demo: more ranges than are kept\nflaw MAL-2099-2\n");
    }
}
