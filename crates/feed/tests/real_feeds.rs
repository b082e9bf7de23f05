//! The five feeds as their upstreams published them: counts, and what the merge makes of them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails, fails its test; Clippy only sees the test functions themselves"
)]

mod real;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use jiff::Timestamp;
use real::{Unpacked, compile_into, unpack, unpack_file};
use serde_json::Value;
use yagura_feed::{Compiler, Entry, FEEDS, FeedSpec, Rejected, Sink, debian_advisories, debian_osv, debian_tracker};
use yagura_index::{Index, IndexBuilder};
use yagura_model::{FeedRecord, ReleaseKey, Statement, StatementState, Vulnerability};

const NOW: &str = "2026-11-23T00:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// The name of a statement's subject: release, package, flaw.
type About = (String, String, String);

struct Merged {
    index: Vec<u8>,
    statements: BTreeMap<About, Statement>,
    flaws: BTreeMap<String, Vulnerability>,
    feeds: Vec<FeedRecord>,
    rejected: Vec<Rejected>,
}

fn about(statement: &Statement) -> About {
    (statement.release.to_string(), statement.package.clone(), statement.vulnerability.clone())
}

/// The documents of every feed, unpacked once for all tests.
static DOCUMENTS: LazyLock<Option<BTreeMap<&'static str, Vec<Unpacked>>>> = LazyLock::new(|| {
    let base = yagura_testkit::shared_data("feeds")?;
    Some(of_debian().map(|feed| (feed.id, unpack(&base, feed))).collect())
});

/// The feeds of a Debian host; those of other systems have tests of their own.
fn of_debian() -> impl Iterator<Item = &'static FeedSpec> {
    ["debian-tracker", "debian-advisories", "debian-osv", "cisa-kev", "epss"].into_iter().map(feed)
}

fn documents(feed: &FeedSpec) -> &'static [Unpacked] {
    &DOCUMENTS.as_ref().unwrap()[feed.id]
}

fn merge(feeds: &[&'static FeedSpec]) -> Merged {
    let mut compiler = Compiler::new();
    for feed in feeds {
        compile_into(&mut compiler, feed, documents(feed), now());
    }
    let mut statements = BTreeMap::new();
    let mut flaws = BTreeMap::new();
    let mut builder = RefCell::new(IndexBuilder::new());
    let (feeds, rejected) = compiler.merge(
        |statement| {
            builder.borrow_mut().statement(statement.clone());
            let double = statements.insert(about(&statement), statement);
            assert!(double.is_none(), "two statements about one flaw: {double:?}");
        },
        |flaw| {
            builder.borrow_mut().vulnerability(flaw.clone());
            assert!(flaws.insert(flaw.id.clone(), flaw).is_none());
        },
    );
    feeds.iter().cloned().for_each(|feed| builder.get_mut().feed(feed));
    Merged { index: builder.into_inner().build(now()).unwrap(), statements, flaws, feeds, rejected }
}

fn feed(id: &str) -> &'static FeedSpec {
    FEEDS.iter().find(|feed| feed.id == id).unwrap()
}

#[test]
fn all_feeds_together() {
    if DOCUMENTS.is_none() {
        return;
    }
    let all: Vec<&'static FeedSpec> = of_debian().collect();
    let merged = merge(&all);

    let counts: Vec<String> = merged
        .feeds
        .iter()
        .map(|feed| {
            let releases: Vec<&str> = feed.releases.iter().map(|release| release.release()).collect();
            format!(
                "{} {}: {} records, {} statements, {} rejected; [{}]",
                feed.id.as_str(),
                feed.data_date,
                feed.records,
                feed.statements,
                feed.rejected,
                releases.join(" ")
            )
        })
        .collect();
    insta::assert_snapshot!(counts.join("\n"), @r#"
    debian-tracker 2026-08-21T00:00:00Z: 48846 records, 117953 statements, 0 rejected; [bookworm bullseye trixie]
    debian-advisories 2026-08-21T00:00:00Z: 11375 records, 61257 statements, 0 rejected; [bookworm bullseye buster etch jessie lenny sarge squeeze stretch trixie wheezy woody]
    debian-osv 2025-02-12T16:46:00.46398Z: 44152 records, 142372 statements, 8 rejected; [bookworm bullseye buster etch jessie lenny sarge squeeze stretch trixie wheezy woody]
    cisa-kev 2026-07-23T16:21:10.8082Z: 1653 records, 0 statements, 0 rejected; []
    epss 2026-01-30T12:55:00Z: 313089 records, 0 statements, 0 rejected; []
    "#);
    let rejected: BTreeSet<String> =
        merged.rejected.iter().map(|one| format!("{} {}: {}", one.feed, one.record, one.why)).collect();
    insta::assert_snapshot!(rejected.into_iter().collect::<Vec<_>>().join("\n"), @r#"
    debian-osv DLA-372-1 virtualbox-ose debian:squeeze: an advisory without a fix
    debian-osv DSA-3148-1 chromium-browser debian:wheezy: an advisory without a fix
    debian-osv DSA-3314-1 typo3-src debian:wheezy: an advisory without a fix
    debian-osv DSA-3389-1 elasticsearch debian:jessie: an advisory without a fix
    debian-osv DSA-3699-1 virtualbox debian:jessie: an advisory without a fix
    debian-osv DSA-746-1 phpgroupware debian:woody: an advisory without a fix
    debian-osv DSA-866-1 mozilla debian:woody: an advisory without a fix
    debian-osv DSA-880-1 phpmyadmin debian:woody: an advisory without a fix
    "#);

    the_tracker_is_the_authority(&merged);
    facts_come_from_every_feed(&merged);
    the_index_holds_what_was_merged(&merged);
}

/// For the releases of the tracker, the merge is exactly what the tracker's document says, read
/// here by other means.
fn the_tracker_is_the_authority(merged: &Merged) {
    let mut expected = BTreeMap::new();
    let document: Value = serde_json::from_slice(&documents(feed(debian_tracker::ID))[0].bytes).unwrap();
    for (source, issues) in document.as_object().unwrap() {
        for (issue, told) in issues.as_object().unwrap() {
            for (release, told) in told["releases"].as_object().unwrap() {
                let about = (format!("debian:{release}"), source.clone(), issue.clone());
                let state = match (told["status"].as_str().unwrap(), told["urgency"].as_str().unwrap()) {
                    ("resolved", _) => StatementState::Fixed(told["fixed_version"].as_str().unwrap().to_owned()),
                    ("open", "end-of-life") => StatementState::EndOfLife,
                    ("open", _) => StatementState::Open,
                    other => panic!("{other:?}"),
                };
                expected.insert(about, state);
            }
        }
    }
    let spoken: BTreeSet<&str> = expected.keys().map(|(release, ..)| release.as_str()).collect();
    assert_eq!(spoken.into_iter().collect::<Vec<_>>(), ["debian:bookworm", "debian:bullseye", "debian:trixie"]);
    let (of_tracker, others): (Vec<_>, Vec<_>) = merged
        .statements
        .iter()
        .partition(|(about, _)| ["debian:bookworm", "debian:bullseye", "debian:trixie"].contains(&about.0.as_str()));
    let of_tracker: BTreeMap<About, StatementState> =
        of_tracker.into_iter().map(|(about, told)| (about.clone(), told.state.clone())).collect();
    assert_eq!(of_tracker.len(), expected.len());
    assert!(of_tracker == expected);

    // Older releases rest on the feeds that still speak of them.
    assert!(others.len() > 20_000, "{}", others.len());
    assert!(others.iter().all(|(_, told)| told.feed.as_str() != debian_tracker::ID));
    let buster = &merged.statements[&("debian:buster".into(), "openssl".into(), "CVE-2023-0286".into())];
    assert_eq!((buster.feed.as_str(), buster.advisories.len()), (debian_advisories::ID, 1));

    // An advisory stands beside the tracker's own statement.
    let webp = &merged.statements[&("debian:bookworm".into(), "libwebp".into(), "CVE-2023-4863".into())];
    assert_eq!(webp.feed.as_str(), debian_tracker::ID);
    assert_eq!(webp.advisories, ["DSA-5497-1"]);
}

fn facts_come_from_every_feed(merged: &Merged) {
    let webp = &merged.flaws["CVE-2023-4863"];
    assert!(webp.description.starts_with("Heap buffer overflow in libwebp"));
    assert_eq!(webp.cvss[0].vector, "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H");
    assert_eq!(webp.kev.as_ref().unwrap().added.to_string(), "2023-09-13");
    assert!(webp.epss.unwrap().probability > 0.5);
    assert!(webp.aliases.iter().any(|alias| alias == "GHSA-j7hp-h8jx-5ppr"));
    assert!(!webp.references.is_empty());

    let count = |has: fn(&Vulnerability) -> bool| merged.flaws.values().filter(|flaw| has(flaw)).count();
    assert_eq!(count(|flaw| flaw.kev.is_some()), 1_653);
    assert_eq!(count(|flaw| flaw.epss.is_some()), 313_089);
    assert_eq!(count(|flaw| !flaw.cvss.is_empty()), 23_582);
    assert!(count(|flaw| !flaw.description.is_empty()) >= 33_844);
}

fn the_index_holds_what_was_merged(merged: &Merged) {
    let index = Index::open(&merged.index).unwrap();
    index.verify().unwrap();
    let sources: BTreeSet<(&str, &str)> =
        merged.statements.keys().map(|(release, package, _)| (release.as_str(), package.as_str())).collect();
    let mut held = 0;
    for (release, package) in sources {
        for statement in index.statements(release, package) {
            let statement = statement.to_owned();
            assert_eq!(Some(&statement), merged.statements.get(&about(&statement)));
            held += 1;
        }
    }
    assert_eq!(held, merged.statements.len());
    for id in ["CVE-2023-4863", "CVE-2024-3094", "CVE-2021-44228"] {
        assert_eq!(index.vulnerability(id).unwrap().to_owned(), merged.flaws[id], "{id}");
    }
}

/// Without the tracker's export the OSV export gives the same verdicts as the tracker of its day.
#[test]
fn the_osv_export_stands_in_for_the_tracker() {
    let Some(base) = yagura_testkit::shared_data("feeds") else { return };
    let osv = merge(&[feed(debian_osv::ID)]);
    let differ = differences(&base, "tracker-2025-02-12.json.zst", &osv);
    assert!(differ.is_empty(), "{differ:#?}");
}

/// Lists the verdicts of a tracker that `others` lack or give otherwise.
fn differences(base: &Path, tracker: &str, others: &Merged) -> Vec<String> {
    let mut entries = Vec::new();
    unpack_file(&base.join("debian/derived").join(tracker), "tracker.json", &mut entries);
    let mut compiler = Compiler::new();
    compile_into(&mut compiler, feed(debian_tracker::ID), &entries, now());
    let mut differ = Vec::new();
    compiler.merge(
        |told| {
            let (release, package, flaw) = about(&told);
            let other = others.statements.get(&about(&told)).map(|other| &other.state);
            if other != Some(&told.state) {
                differ.push(format!("{release} {package} {flaw} {:?} but {other:?}", told.state));
            }
        },
        |_| {},
    );
    differ
}

/// Takes everything and keeps nothing.
#[derive(Default)]
struct Counter {
    records: u64,
    rejected: u64,
    statements: u64,
    flaws: u64,
}

impl Sink for Counter {
    fn record(&mut self) {
        self.records += 1;
    }
    fn statement(&mut self, _: Statement) {
        self.statements += 1;
    }
    fn vulnerability(&mut self, _: Vulnerability) {
        self.flaws += 1;
    }
    fn release(&mut self, _: ReleaseKey) {}
    fn data_date(&mut self, _: Timestamp) {}
    fn rejected(&mut self, _: &str, _: &str) {
        self.rejected += 1;
    }
}

/// Small raw documents of all shapes, the broken ones among them: read or refused, as they deserve.
#[test]
fn samples_of_every_format() {
    let Some(base) = yagura_testkit::shared_data("feeds/_format-samples") else { return };
    let samples = [
        ("debian-tracker", "debian/tracker/api/advisory.json"),
        ("debian-tracker", "debian/tracker/api/invalid.json"),
        ("debian-osv", "debian/osv/all.zip"),
        ("cisa-kev", "cisa/kev/known_exploited_vulnerabilities.json"),
        ("epss", "epss/epss_scores-2021-04-14.csv.gz"),
        ("epss", "epss/epss_scores-2021-09-01.csv.gz"),
        ("epss", "epss/epss_scores-2022-02-04.csv.gz"),
        ("epss", "epss/epss_scores-2023-03-07.csv.gz"),
    ];
    let mut lines = Vec::new();
    let mut everything: Vec<Unpacked> = Vec::new();
    for (id, path) in samples {
        let mut entries = Vec::new();
        unpack_file(&base.join(path), "", &mut entries);
        for unpacked in &entries {
            let mut counter = Counter::default();
            lines.push(match (feed(id).parse)(&unpacked.entry(), &mut counter) {
                Ok(()) => format!(
                    "{} {} records, {} statements, {} flaws, {} rejected",
                    unpacked.name, counter.records, counter.statements, counter.flaws, counter.rejected
                ),
                Err(error) => error.to_string(),
            });
        }
        everything.append(&mut entries);
    }
    let lists = base.join("debian/tracker/salsa/security-tracker-master.tar.gz");
    let reader = flate2::read::GzDecoder::new(std::fs::File::open(lists).unwrap());
    for member in tar::Archive::new(reader).entries().unwrap() {
        let mut member = member.unwrap();
        let name = member.path().unwrap().to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut member, &mut bytes).unwrap();
        if name.ends_with("/list") {
            let mut counter = Counter::default();
            let outcome =
                (feed("debian-advisories").parse)(&Entry { document: "", name: &name, bytes: &bytes }, &mut counter);
            lines.push(match outcome {
                Ok(()) => format!(
                    "{name} {} records, {} statements, {} rejected",
                    counter.records, counter.statements, counter.rejected
                ),
                Err(error) => error.to_string(),
            });
        }
        everything.push(Unpacked { document: "", name, bytes });
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    advisory.json 4 records, 8 statements, 3 flaws, 0 rejected
    `invalid.json` is not a valid Debian tracker JSON at line 1 column 1: expected value
    all/DLA-0010-1.json 1 records, 1 statements, 0 flaws, 0 rejected
    all/DSA-135.json 1 records, 1 statements, 0 flaws, 0 rejected
    all/DTSA-1-1.json 1 records, 2 statements, 0 flaws, 0 rejected
    known_exploited_vulnerabilities.json 1 records, 0 statements, 1 flaws, 1 rejected
    epss_scores-2021-04-14.csv.gz 2 records, 0 statements, 2 flaws, 0 rejected
    epss_scores-2021-09-01.csv.gz 2 records, 0 statements, 2 flaws, 0 rejected
    epss_scores-2022-02-04.csv.gz 2 records, 0 statements, 2 flaws, 0 rejected
    epss_scores-2023-03-07.csv.gz 2 records, 0 statements, 2 flaws, 0 rejected
    `security-tracker-master/data/DTSA/list` is not a valid list of Debian advisories at line 1: not the head of an advisory
    `security-tracker-master/data/CPE/list` is not a valid list of Debian advisories at line 1: a line before the first advisory
    `security-tracker-master/data/CVE/list` is not a valid list of Debian advisories at line 1: a line before the first advisory
    security-tracker-master/data/DLA/list 2 records, 2 statements, 0 rejected
    security-tracker-master/data/DSA/list 3 records, 28 statements, 0 rejected
    "#);

    // Every document before every parser: most are refused, none does harm.
    for unpacked in &everything {
        for feed in FEEDS {
            let _ = (feed.parse)(&unpacked.entry(), &mut Counter::default());
        }
    }
}
