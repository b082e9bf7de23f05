//! The Go vulnerability database: flaws in modules and in Go itself, written by the Go team.
//!
//! Modules go by their paths, without versions of their own numbering; `stdlib` and `toolchain`
//! stand for the standard library and for the compiler and its tools, and their versions are Go's
//! own without the word `go`: `1.21.9`. Ranges are SemVer without the leading `v`.
//!
//! A statement's note names the packages of the module that hold the flaw: a program that imports
//! none of them is not affected, which its build information does not tell.

use yagura_model::Ecosystem;

use crate::catalogue::{Authority, DocumentSpec, Entry, FeedSpec, ParseError, Pick, Sink, Via};
use crate::language::{self, Source};
use crate::reading;

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "go-vulndb";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Go vulnerability database",
    licence: "Go vulnerability database, CC BY 4.0",
    authority: Authority::VendorAdvisory,
    speaks_of: &["ecosystem"],
    documents: &[DocumentSpec {
        name: "vulndb.zip",
        url: "https://vuln.go.dev/vulndb.zip",
        mirror: "lang/golang-vulndb-osv-*.tar.zst",
        pick: Pick::Newest,
        via: Via::Direct,
        // 4,300 records in 2026, 8 MB unpacked.
        transfer_bytes_max: 512 << 20,
        content_bytes_max: 2 << 30,
        members_max: 500_000,
    }],
    // Changes several times a week; the records of its repository carry no date of change.
    fresh_days: 14,
    parse,
};

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    if !reading::is_member(entry.name, "GO-", ".json") {
        return Ok(());
    }
    language::parse(entry, &Source { feed: ID, ecosystem: Ecosystem::Go, osv_name: "Go" }, sink)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::read;

    const RECORD: &str = include_str!("../../fixtures/go-vulndb/GO-2099-0001.json");

    #[test]
    fn modules_and_go_itself() {
        let recorder = read(&FEED, "data/osv/GO-2099-0001.json", RECORD.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        rejected GO-2099-0001 example.org/git: no range of versions
        ecosystem:go example.org/lost CVE-2099-0001 open (not yet assigned) GO-2099-0001
        ecosystem:go golang.org/x/demo CVE-2099-0001 fixed 0.23.0 (not yet assigned) "in golang.org/x/demo/a, golang.org/x/demo/b" GO-2099-0001
        ecosystem:go stdlib CVE-2099-0001 affected [.., 1.21.9) [1.22.0-0, 1.22.2) (not yet assigned) "in net/demo" GO-2099-0001
        flaw CVE-2099-0001 "An attacker may flood." alias GO-2099-0001 alias GHSA-aaaa-bbbb-cccc Fix https://go.dev/cl/1
        "#);
    }

    #[test]
    fn several_cves_are_covered() {
        let record = RECORD.replace(r#""CVE-2099-0001","#, r#""CVE-2099-0001", "CVE-2099-0002", "CVE-2099-0001","#);
        let text = read(&FEED, "GO-2099-0001.json", record.as_bytes()).unwrap().render();
        insta::assert_snapshot!(text, @r#"
        record 1
        rejected GO-2099-0001 example.org/git: no range of versions
        ecosystem:go example.org/lost GO-2099-0001 open (not yet assigned)
        ecosystem:go golang.org/x/demo GO-2099-0001 fixed 0.23.0 (not yet assigned) "in golang.org/x/demo/a, golang.org/x/demo/b"
        ecosystem:go stdlib GO-2099-0001 affected [.., 1.21.9) [1.22.0-0, 1.22.2) (not yet assigned) "in net/demo"
        flaw GO-2099-0001 "An attacker may flood." covers CVE-2099-0001 covers CVE-2099-0002 Fix https://go.dev/cl/1
        "#);
    }

    #[test]
    fn other_members_and_withdrawn_records_say_nothing() {
        assert_eq!(read(&FEED, "vulndb/index/modules.json", b"[]").unwrap().render(), "record 0\n");
        let withdrawn = RECORD.replace(r#""summary""#, r#""withdrawn": "2099-01-02T00:00:00Z", "summary""#);
        assert_eq!(read(&FEED, "GO-2099-0001.json", withdrawn.as_bytes()).unwrap().render(), "record 1\n");
    }

    #[test]
    fn refuses_what_ends_early() {
        for cut in 0..RECORD.trim_end().len() {
            assert!(read(&FEED, "t", &RECORD.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
    }
}
