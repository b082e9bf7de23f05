//! PyPA's advisory database: OSV records of Python packages, written as YAML.

mod yaml;

use yagura_model::Ecosystem;

use crate::catalogue::{Authority, DocumentSpec, Entry, FeedSpec, ParseError, Pick, Sink, Via};
use crate::language::{self, Source};
use crate::reading;

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "pypa";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "PyPA advisory database",
    licence: "PyPA advisory database, CC BY 4.0",
    authority: Authority::VendorAdvisory,
    speaks_of: &["ecosystem"],
    documents: &[DocumentSpec {
        name: "advisory-database.tar.gz",
        url: "https://github.com/pypa/advisory-database/archive/refs/heads/main.tar.gz",
        mirror: "lang/pypa-advisory-database-*.tar.zst",
        pick: Pick::Newest,
        via: Via::Direct,
        // 2,700 records in 2024, 8 MB unpacked.
        transfer_bytes_max: 256 << 20,
        content_bytes_max: 1 << 30,
        members_max: 200_000,
    }],
    // Changes daily; the newest record tells the date.
    fresh_days: 14,
    parse,
};

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    if !reading::is_member(entry.name, "PYSEC-", ".yaml") {
        return Ok(());
    }
    let json = yaml::to_json(entry)?;
    let entry = Entry { bytes: &json, ..*entry };
    language::parse(&entry, &Source { feed: ID, ecosystem: Ecosystem::PyPi, osv_name: "PyPI" }, sink)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::read;

    const RECORD: &str = include_str!("../../fixtures/pypa/PYSEC-2099-1.yaml");

    fn said(text: &str) -> String {
        let read = read(&FEED, "vulns/demo/PYSEC-2099-1.yaml", text.as_bytes());
        read.map_or_else(|error| error.to_string(), |recorder| recorder.render())
    }

    #[test]
    fn versions_stay_texts() {
        insta::assert_snapshot!(said(RECORD), @r#"
        record 1
        date 2099-01-30T10:00:00.5Z
        ecosystem:pypi demo-lib CVE-2099-0001 affected [.., 1.10) [2.0, 2.0.10) (not yet assigned) PYSEC-2099-1
        ecosystem:pypi demo-listed CVE-2099-0001 affected [1.0, 1.0] [1.10, 1.10] (not yet assigned) PYSEC-2099-1
        flaw CVE-2099-0001 "Demo has a flaw:
        "quotes" and all." alias PYSEC-2099-1 alias GHSA-aaaa-bbbb-cccc cvss 3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H Fix https://example.org/commit/1 published 2099-01-01T00:00:00Z modified 2099-01-30T10:00:00.5Z
        "#);
    }

    #[test]
    fn other_members_are_no_records() {
        assert_eq!(read(&FEED, "main/README.md", b"text").unwrap().render(), "record 0\n");
        assert_eq!(read(&FEED, "main/vulns/demo/notes.yaml", b"a: 1").unwrap().render(), "record 0\n");
    }

    #[test]
    fn anchors_bombs_and_deep_nesting_are_refused() {
        let refused = |text: &str| {
            let said = said(text);
            assert!(said.starts_with("`vulns/demo/PYSEC-2099-1.yaml` is not a valid OSV YAML"), "{said}");
        };
        refused("id: &a PYSEC-2099-1\naliases: [*a, *a]\n");
        refused(&format!("id: PYSEC-2099-1\nother: {}", "[".repeat(100_000)));
        refused(&format!("id: PYSEC-2099-1\naliases: [{}]", "a,".repeat(yaml::NODES_MAX)));
        refused("id: [\n");
        refused("- a\n");
        refused("\u{0}");
        assert!(read(&FEED, "t", b"\xff").is_err());
        assert!(said(&" ".repeat(yaml::RECORD_BYTES_MAX + 1)).ends_with("has more than 4194304 bytes"));
    }
}
