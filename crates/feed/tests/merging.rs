//! What the compiler makes of small feeds: who is believed, and what a broken document costs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails, fails its test; Clippy only sees the test functions themselves"
)]

use std::fmt::Write as _;

use jiff::Timestamp;
use yagura_feed::compile::REJECTED_NAMED_MAX;
use yagura_feed::{Compiler, Entry, FEEDS, FeedSpec, ParseError};
use yagura_index::Index;
use yagura_model::StatementState;

const TRACKER: &str = include_str!("../fixtures/debian-tracker/tracker-2099-01-31.json");
const DSA_LIST: &str = include_str!("../fixtures/debian-advisories/DSA-list");
const OSV: [(&str, &str); 4] = [
    ("CVE-2099-0001.json", include_str!("../fixtures/debian-osv/CVE-2099-0001.json")),
    ("DEBIAN-CVE-2099-0002.json", include_str!("../fixtures/debian-osv/DEBIAN-CVE-2099-0002.json")),
    ("DSA-9001-1.json", include_str!("../fixtures/debian-osv/DSA-9001-1.json")),
    ("CVE-2099-0009.json", include_str!("../fixtures/debian-osv/withdrawn.json")),
];
const KEV: &str = include_str!("../fixtures/cisa-kev/known_exploited_vulnerabilities.json");
const EPSS: &str = include_str!("../fixtures/epss/epss_scores-2099-01-30.csv");

fn fetched() -> Timestamp {
    "2099-02-01T00:00:00Z".parse().unwrap()
}

/// Debian's feeds and the facts: the ones that speak of one another's statements.
const IDS: [&str; 5] = ["debian-tracker", "debian-advisories", "debian-osv", "cisa-kev", "epss"];

fn spec(id: &str) -> &'static FeedSpec {
    FEEDS.iter().find(|feed| feed.id == id).unwrap()
}

fn begin(compiler: &mut Compiler, id: &str) {
    compiler.begin(spec(id), fetched(), format!("sha-{id}"));
}

fn entry(compiler: &mut Compiler, document: &str, name: &str, text: &str) -> Result<(), ParseError> {
    compiler.entry(&Entry { document, name, bytes: text.as_bytes() })
}

fn read(compiler: &mut Compiler, id: &str) {
    begin(compiler, id);
    match id {
        "debian-tracker" => entry(compiler, "tracker.json", "tracker-2099-01-31.json", TRACKER).unwrap(),
        "debian-advisories" => entry(compiler, "DSA-list", "list", DSA_LIST).unwrap(),
        "debian-osv" => OSV.iter().for_each(|(name, text)| entry(compiler, "all.zip", name, text).unwrap()),
        "cisa-kev" => entry(compiler, "known_exploited_vulnerabilities.json", "kev.json", KEV).unwrap(),
        "epss" => entry(compiler, "epss_scores-current.csv.gz", "epss.csv", EPSS).unwrap(),
        other => panic!("{other}"),
    }
}

/// Writes down what a compiler has merged.
fn render(compiler: Compiler) -> String {
    let mut statements = String::new();
    let mut flaws = String::new();
    compiler.merge(
        |told| {
            let version = match &told.state {
                StatementState::Fixed(version) => format!(" {version}"),
                _ => String::new(),
            };
            let advisories: String = told.advisories.iter().map(|advisory| format!(" {advisory}")).collect();
            writeln!(
                statements,
                "{} {} {} {}{version} by {}{advisories}",
                told.release,
                told.package,
                told.vulnerability,
                told.state.word(),
                told.feed.as_str(),
            )
            .unwrap();
        },
        |flaw| {
            writeln!(
                flaws,
                "{} {:?} aliases {} cvss {} references {} kev {} epss {:?}",
                flaw.id,
                flaw.description.lines().next().unwrap_or_default(),
                flaw.aliases.len(),
                flaw.cvss.iter().map(|cvss| cvss.version.number()).collect::<Vec<_>>().join(" "),
                flaw.references.len(),
                flaw.kev.is_some(),
                flaw.epss.map(|epss| epss.probability),
            )
            .unwrap();
        },
    );
    statements + &flaws
}

#[test]
fn the_tracker_speaks_for_its_releases_and_the_others_for_the_rest() {
    let mut compiler = Compiler::new();
    IDS.iter().for_each(|id| read(&mut compiler, id));
    insta::assert_snapshot!(render(compiler), @r#"
    debian:bookworm demo-lib CVE-2099-0001 fixed 1.2-3+deb12u1 by debian-tracker DSA-9003-1 DSA-9001-1
    debian:bookworm demo-lib CVE-2099-0002 open by debian-tracker
    debian:bookworm demo-lib CVE-2099-0003 under-investigation by debian-tracker DSA-9003-1 DSA-9001-1
    debian:bookworm demo-tool TEMP-0990002-ABCDEF open by debian-tracker
    debian:bullseye demo-lib CVE-2099-0001 fixed 1.1-1+deb11u1 by debian-advisories DSA-9003-1
    debian:bullseye demo-lib CVE-2099-0003 fixed 1.1-1+deb11u1 by debian-advisories DSA-9003-1
    debian:bullseye demo-tool CVE-2099-0001 not-affected by debian-advisories
    debian:bullseye demo-tool CVE-2099-0003 not-affected by debian-advisories
    debian:buster demo-lib CVE-2099-0001 end-of-life by debian-advisories
    debian:forky demo-lib CVE-2099-0002 fixed 2.0-1 by debian-osv
    debian:jessie demo-lib CVE-2099-0001 open by debian-advisories
    debian:sarge demo-lib CVE-2099-0001 fixed 0.9-1sarge1 by debian-osv DSA-9001-1
    debian:sarge demo-lib CVE-2099-0003 fixed 0.9-1sarge1 by debian-osv DSA-9001-1
    debian:sid demo-lib CVE-2099-0001 open by debian-tracker
    debian:sid demo-lib CVE-2099-0002 postponed by debian-tracker
    debian:trixie demo-lib CVE-2099-0001 not-affected by debian-tracker
    debian:trixie demo-lib CVE-2099-0002 will-not-fix by debian-tracker
    debian:trixie demo-lib CVE-2099-0003 end-of-life by debian-tracker
    CVE-2099-0001 "A heap overflow in demo-lib." aliases 1 cvss 4.0 3.1 3.0 2.0 references 4 kev true epss Some(0.65117)
    CVE-2099-0002 "A second flaw." aliases 0 cvss  references 0 kev false epss None
    CVE-2099-0005 "An old entry." aliases 0 cvss  references 0 kev true epss None
    CVE-2099-0006 "" aliases 0 cvss  references 0 kev false epss Some(0.0)
    "#);
}

#[test]
fn without_the_tracker_the_lists_are_believed_before_the_export() {
    let mut compiler = Compiler::new();
    ["debian-osv", "debian-advisories"].into_iter().for_each(|id| read(&mut compiler, id));
    let text = render(compiler);
    let bookworm: Vec<&str> = text.lines().filter(|line| line.starts_with("debian:bookworm")).collect();
    insta::assert_snapshot!(bookworm.join("\n"), @r#"
    debian:bookworm demo-lib CVE-2099-0001 fixed 1.2-3+deb12u2 by debian-advisories DSA-9003-1 DSA-9001-1
    debian:bookworm demo-lib CVE-2099-0003 fixed 1.2-3+deb12u2 by debian-advisories DSA-9003-1 DSA-9001-1
    "#);
}

#[test]
fn the_order_of_feeds_is_nothing() {
    let ids: Vec<&str> = IDS.to_vec();
    let merged = |ids: &[&str]| {
        let mut compiler = Compiler::new();
        ids.iter().for_each(|id| read(&mut compiler, id));
        render(compiler)
    };
    let expected = merged(&ids);
    for turn in 0..ids.len() {
        let mut turned = ids.clone();
        turned.rotate_left(turn);
        assert_eq!(merged(&turned), expected);
        turned.reverse();
        assert_eq!(merged(&turned), expected);
    }
}

#[test]
fn a_broken_document_leaves_its_feed_out_whole() {
    let mut compiler = Compiler::new();
    read(&mut compiler, "debian-advisories");
    let cut = &DSA_LIST[..DSA_LIST.len() - 1];
    entry(&mut compiler, "DLA-list", "list", cut).unwrap_err();
    read(&mut compiler, "cisa-kev");
    let compiled = compiler.finish(fetched()).unwrap();
    let ids: Vec<&str> = compiled.feeds.iter().map(|feed| feed.id.as_str()).collect();
    assert_eq!(ids, ["cisa-kev"]);
    let index = Index::open(&compiled.bytes).unwrap();
    assert_eq!(index.statements("debian:bookworm", "demo-lib").count(), 0);
    assert!(index.vulnerability("CVE-2099-0001").unwrap().is_known_exploited());
    assert!(compiled.rejected.iter().any(|one| one.feed == "debian-advisories" && one.record == "list"));
}

#[test]
fn a_broken_member_of_an_archive_is_one_rejected_record() {
    let mut compiler = Compiler::new();
    read(&mut compiler, "debian-osv");
    let cut = &OSV[0].1[..OSV[0].1.len() / 2];
    entry(&mut compiler, "all.zip", "CVE-2099-0008.json", cut).unwrap_err();
    let compiled = compiler.finish(fetched()).unwrap();
    let record = &compiled.feeds[0];
    // Five rejected inside the good records, and the member itself.
    assert_eq!((record.records, record.rejected), (5, 6));
    assert_eq!(record.data_date.to_string(), "2099-01-31T00:00:00Z");
    let index = Index::open(&compiled.bytes).unwrap();
    assert_eq!(index.statements("debian:bookworm", "demo-lib").count(), 2);
}

#[test]
fn records_tell_age_and_size() {
    let mut compiler = Compiler::new();
    read(&mut compiler, "debian-tracker");
    begin(&mut compiler, "epss");
    let (_, undated) = EPSS.split_once('\n').unwrap();
    entry(&mut compiler, "epss_scores-current.csv.gz", "epss.csv", undated).unwrap();
    compiler.dated("2099-01-29T00:00:00Z".parse().unwrap());
    begin(&mut compiler, "cisa-kev");
    entry(&mut compiler, "known_exploited_vulnerabilities.json", "kev.json", r#"{"vulnerabilities":[]}"#).unwrap();
    // Begun, and nothing read: the feed is absent, not empty.
    begin(&mut compiler, "debian-osv");
    let feeds = compiler.finish(fetched()).unwrap().feeds;
    let lines: Vec<String> = feeds
        .iter()
        .map(|feed| {
            format!(
                "{} {} records {} statements {} rejected {} fresh {} {} {:?}",
                feed.id.as_str(),
                feed.data_date,
                feed.records,
                feed.statements,
                feed.rejected,
                feed.fresh_days,
                feed.fingerprint,
                feed.releases.iter().map(ToString::to_string).collect::<Vec<_>>()
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    debian-tracker 2099-01-31T00:00:00Z records 6 statements 9 rejected 5 fresh 3 sha-debian-tracker ["debian:bookworm", "debian:sid", "debian:trixie"]
    epss 2099-01-29T00:00:00Z records 7 statements 0 rejected 5 fresh 7 sha-epss []
    cisa-kev 2099-02-01T00:00:00Z records 0 statements 0 rejected 0 fresh 14 sha-cisa-kev []
    "#);
}

#[test]
fn rejected_records_are_counted_beyond_those_that_are_named() {
    let rows = "nothing,0,0\n".repeat(REJECTED_NAMED_MAX + 5);
    let mut compiler = Compiler::new();
    begin(&mut compiler, "epss");
    entry(&mut compiler, "epss_scores-current.csv.gz", "epss.csv", &format!("cve,epss,percentile\n{rows}")).unwrap();
    let compiled = compiler.finish(fetched()).unwrap();
    assert_eq!(compiled.rejected.len(), REJECTED_NAMED_MAX);
    assert_eq!(compiled.feeds[0].rejected, 1_005);
}

#[test]
fn an_entry_without_a_feed_is_refused() {
    let error = entry(&mut Compiler::new(), "tracker.json", "tracker.json", TRACKER).unwrap_err();
    assert_eq!(error.to_string(), "`tracker.json` is not a valid entry of a feed: no feed was begun");
}

#[test]
fn too_many_releases_refuse_the_document() {
    let lines: String = (0..=128).fold(String::new(), |mut text, n| {
        writeln!(text, "[1 Jan 2099] DSA-{n}-1 a\n\t{{CVE-2099-0001}}\n\t[r{n}] - demo 1-1").unwrap();
        text
    });
    let mut compiler = Compiler::new();
    begin(&mut compiler, "debian-advisories");
    let error = entry(&mut compiler, "DSA-list", "list", &lines).unwrap_err();
    assert_eq!(error.to_string(), "`list` has more than 128 releases");
}
