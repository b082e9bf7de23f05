//! Measures matching 1,000 packages against an index of 300,000 statements.
//!
//! `cargo bench -p yagura-matcher`. The proportions are a Debian desktop's: about half of the
//! 550 sources have statements at all, most a handful, a browser and the kernel thousands; eight
//! of a hundred statements are about flaws without a fix, the others were fixed long ago.

use divan::{Bencher, black_box};
use jiff::Timestamp;
use yagura_index::{Index, IndexBuilder};
use yagura_matcher::{findings, match_packages};
use yagura_model::{
    FeedId, FeedRecord, Origin, Package, PackageStatus, Release, ReleaseKey, Snapshot, SourceLine, SourcePackage,
    Statement, StatementState, Urgency,
};

const RELEASES: [&str; 3] = ["bullseye", "bookworm", "trixie"];
const SOURCES: usize = 3_200;
const KERNEL_STATEMENTS: usize = 9_600;
const BROWSER_STATEMENTS: usize = 4_000;
const PACKAGES: usize = 1_000;
const PACKAGES_A_SOURCE: usize = 2;

fn main() {
    divan::main();
}

/// How many statements a source has: a handful, for one in fifty hundreds.
const fn statements_of(source: usize) -> usize {
    match source {
        0 => KERNEL_STATEMENTS,
        1 => BROWSER_STATEMENTS,
        n if n % 50 == 2 => 600,
        _ => 15,
    }
}

fn source_name(source: usize) -> String {
    if source == 0 { "linux".into() } else { format!("source-{source}") }
}

fn index() -> Vec<u8> {
    let mut builder = IndexBuilder::new();
    for release in RELEASES {
        let release = ReleaseKey::new("debian", release);
        for source in 0..SOURCES {
            for n in 0..statements_of(source) {
                let state = match n % 25 {
                    0 => StatementState::Open,
                    1 => StatementState::Postponed,
                    2 => StatementState::NotAffected,
                    _ => StatementState::Fixed(format!("1.{}.{}-{}+deb12u1", n % 7, n % 11, n % 3)),
                };
                builder.statement(Statement {
                    feed: FeedId::new("debian-tracker"),
                    release: release.clone(),
                    package: source_name(source),
                    vulnerability: format!("CVE-{}-{:05}", 2005 + n % 20, source * 7 + n),
                    state,
                    urgency: Urgency::NotAssigned,
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
        releases: RELEASES.map(|release| ReleaseKey::new("debian", release)).to_vec(),
        fingerprint: String::new(),
        fresh_days: 3,
    });
    builder.build(Timestamp::UNIX_EPOCH).unwrap_or_default()
}

/// A host of 1,000 packages; every other source is one that the tracker has never named.
fn host() -> Snapshot {
    let package = |name: String, source: String, version: &str| Package {
        name,
        version: version.into(),
        architecture: "amd64".into(),
        source: SourcePackage { name: source, version: version.into() },
        status: PackageStatus::installed(),
        origin: Origin::Assumed,
        maintainer: None,
        multi_arch: None,
        record: SourceLine::at("var/lib/dpkg/status", 1),
        ..Package::default()
    };
    let mut snapshot = Snapshot {
        release: Some(Release {
            distribution: "debian".into(),
            codename: Some("bookworm".into()),
            ..Release::default()
        }),
        package_database: Some("var/lib/dpkg/status".into()),
        ..Snapshot::default()
    };
    for n in 1..PACKAGES {
        let source = n / PACKAGES_A_SOURCE;
        let name = if source.is_multiple_of(2) { format!("quiet-{source}") } else { source_name(source) };
        snapshot.packages.push(package(format!("package-{n:04}"), name, "1.9.3-2+deb12u1"));
    }
    let image = "linux-image-6.1.0-28-amd64";
    snapshot.packages.push(package(image.into(), "linux".into(), "6.1.119-1"));
    snapshot.kernel.running = Some("6.1.0-28-amd64".into());
    snapshot
}

#[divan::bench]
fn match_1000_packages(bencher: Bencher<'_, '_>) {
    let (bytes, snapshot) = (index(), host());
    let Ok(index) = Index::open(&bytes) else { return };
    bencher.bench(|| match_packages(black_box(&snapshot), &index));
}

#[divan::bench]
fn match_and_write_findings(bencher: Bencher<'_, '_>) {
    let (bytes, snapshot) = (index(), host());
    let Ok(index) = Index::open(&bytes) else { return };
    bencher.bench(|| findings(&match_packages(black_box(&snapshot), &index), &snapshot, &index));
}

#[divan::bench]
fn sort_the_inventory_alone(bencher: Bencher<'_, '_>) {
    let (bytes, snapshot) = (empty_index(), host());
    let Ok(index) = Index::open(&bytes) else { return };
    bencher.bench(|| match_packages(black_box(&snapshot), &index));
}

/// An index that speaks of the release and says nothing.
fn empty_index() -> Vec<u8> {
    let mut builder = IndexBuilder::new();
    builder.feed(FeedRecord {
        id: FeedId::new("debian-tracker"),
        data_date: Timestamp::UNIX_EPOCH,
        fetched_at: Timestamp::UNIX_EPOCH,
        records: 0,
        statements: 0,
        rejected: 0,
        releases: vec![ReleaseKey::new("debian", "bookworm")],
        fingerprint: String::new(),
        fresh_days: 3,
    });
    builder.build(Timestamp::UNIX_EPOCH).unwrap_or_default()
}
