//! A real Debian 13 host against two states of the real tracker: exactly the expected rows.
//!
//! The expected rows were computed with dpkg's own comparison. Inventory and feed are read here
//! by a few plain lines, so that a difference can only come from the matcher or the index.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;

use jiff::Timestamp;
use serde_json::Value;
use yagura_index::{Index, IndexBuilder};
use yagura_matcher::{Outcome, match_packages};
use yagura_model::{
    FeedId, FeedRecord, Origin, Package, PackageStatus, Release, ReleaseKey, Snapshot, SourceLine, SourcePackage,
    Statement, StatementState, Urgency,
};
use yagura_testkit::shared_data;

#[test]
fn the_rows_of_debian_13_are_exactly_the_expected_ones() {
    for date in ["2025-02-12", "2026-08-21"] {
        let parts = (shared_data("hosts/debian-13-minbase"), shared_data(&tracker(date)));
        let (Some(host), Some(tracker)) = parts else { return };
        let inventory = fs::read_to_string(host.join("packages.tsv")).unwrap();
        let expected = fs::read_to_string(host.join(format!("expected-debian-tracker-{date}.tsv"))).unwrap();
        let document = zstd::decode_all(fs::File::open(tracker).unwrap()).unwrap();
        let bytes = compile(&serde_json::from_slice(&document).unwrap()).unwrap();
        let found = rows(&snapshot(&inventory), &Index::open(&bytes).unwrap());
        let expected: BTreeSet<String> = expected.lines().skip(1).map(str::to_owned).collect();
        assert_eq!(found, expected, "tracker of {date}");
        assert_eq!(found.len(), 24);
    }
}

fn tracker(date: &str) -> String {
    format!("feeds/debian/derived/tracker-{date}.json.zst")
}

/// Renders the matches as the rows of the expected file.
fn rows(snapshot: &Snapshot, index: &Index<'_>) -> BTreeSet<String> {
    let result = match_packages(snapshot, index);
    let row = |found: &yagura_matcher::Match<'_>| {
        let (state, fixed) = match found.outcome {
            Outcome::Fixable { fixed } => ("fixable", fixed),
            Outcome::Unfixed => ("unfixed", ""),
        };
        let (installed, statement) = (&found.installed, found.statement);
        let (id, urgency) = (statement.vulnerability(), statement.urgency().word());
        format!("{}\t{}\t{id}\t{state}\t{fixed}\t{urgency}", installed.source, installed.version)
    };
    result.matches.iter().map(row).collect()
}

fn snapshot(inventory: &str) -> Snapshot {
    let package = |line: &str| {
        let mut columns = line.split('\t').map(str::to_owned);
        let mut next = || columns.next().unwrap_or_default();
        Package {
            name: next(),
            version: next(),
            architecture: next(),
            source: SourcePackage { name: next(), version: next() },
            status: PackageStatus::installed(),
            origin: Origin::Assumed,
            maintainer: None,
            multi_arch: None,
            record: SourceLine::file("var/lib/dpkg/status"),
            ..Package::default()
        }
    };
    Snapshot {
        release: Some(Release { distribution: "debian".into(), codename: Some("trixie".into()), ..Release::default() }),
        package_database: Some("var/lib/dpkg/status".into()),
        packages: inventory.lines().skip(1).map(package).collect(),
        ..Snapshot::default()
    }
}

/// Compiles the tracker's JSON: source → id → releases → status, urgency, fixed version.
fn compile(document: &Value) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut builder = IndexBuilder::new();
    for (package, flaws) in document.as_object().ok_or("no object")? {
        for (id, flaw) in flaws.as_object().ok_or("no flaws")? {
            for (release, said) in flaw.get("releases").and_then(Value::as_object).ok_or("no releases")? {
                let word = |key: &str| said.get(key).and_then(Value::as_str).unwrap_or_default();
                let urgency = match word("urgency") {
                    "unimportant" => Urgency::Unimportant,
                    "low" => Urgency::Low,
                    "medium" => Urgency::Medium,
                    "high" => Urgency::High,
                    _ => Urgency::NotAssigned,
                };
                builder.statement(Statement {
                    feed: FeedId::new("debian-tracker"),
                    release: ReleaseKey::new("debian", release),
                    package: package.clone(),
                    vulnerability: id.clone(),
                    state: match word("status") {
                        "resolved" => StatementState::Fixed(word("fixed_version").to_owned()),
                        "open" => StatementState::Open,
                        _ => StatementState::UnderInvestigation,
                    },
                    urgency,
                    note: None,
                    advisories: Vec::new(),
                    ..Statement::default()
                });
            }
        }
    }
    builder.feed(FeedRecord {
        id: FeedId::new("debian-tracker"),
        data_date: Timestamp::UNIX_EPOCH,
        fetched_at: Timestamp::UNIX_EPOCH,
        records: 0,
        statements: 0,
        rejected: 0,
        releases: vec![ReleaseKey::new("debian", "trixie")],
        fingerprint: String::new(),
        fresh_days: 3,
    });
    Ok(builder.build(Timestamp::UNIX_EPOCH)?)
}
