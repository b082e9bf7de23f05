//! Measures opening an index and looking packages up in it.
//!
//! `cargo bench -p yagura-index`. The synthetic index has the size of a full Debian one: 300,000
//! statements about 30,000 packages, and 300,000 ids with an EPSS estimate.

use divan::{Bencher, black_box};
use jiff::Timestamp;
use yagura_index::{Index, IndexBuilder};
use yagura_model::{Epss, FeedId, FeedRecord, ReleaseKey, Statement, StatementState, Urgency, Vulnerability};

const PACKAGES: usize = 30_000;
const STATEMENTS_EACH: usize = 10;
const SCORED: usize = 300_000;
const LOOK_UPS: usize = 1_000;

fn main() {
    divan::main();
}

fn builder() -> IndexBuilder {
    let mut builder = IndexBuilder::new();
    let release = ReleaseKey::new("debian", "bookworm");
    for package in 0..PACKAGES {
        for n in 0..STATEMENTS_EACH {
            builder.statement(Statement {
                feed: FeedId::new("debian-tracker"),
                release: release.clone(),
                package: format!("package-{package}"),
                vulnerability: format!("CVE-{}-{:05}", 2010 + n, package),
                state: StatementState::Fixed(format!("1.{n}-{}", package % 50)),
                urgency: Urgency::NotAssigned,
                note: None,
                advisories: vec![format!("DSA-{}-1", package % 6_000)],
                ..Statement::default()
            });
        }
    }
    for n in 0..SCORED {
        builder.vulnerability(Vulnerability {
            id: format!("CVE-{}-{:05}", 2000 + n % 25, n / 25),
            epss: Some(Epss { probability: 0.01, percentile: 0.5 }),
            ..Vulnerability::default()
        });
    }
    builder.feed(FeedRecord {
        id: FeedId::new("debian-tracker"),
        data_date: Timestamp::UNIX_EPOCH,
        fetched_at: Timestamp::UNIX_EPOCH,
        records: 300_000,
        statements: 300_000,
        rejected: 0,
        releases: vec![release],
        fingerprint: String::new(),
        fresh_days: 3,
    });
    builder
}

fn bytes() -> Vec<u8> {
    builder().build(Timestamp::UNIX_EPOCH).unwrap_or_default()
}

#[divan::bench(sample_count = 5)]
fn build(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(builder).bench_values(|builder| builder.build(Timestamp::UNIX_EPOCH));
}

#[divan::bench]
fn open(bencher: Bencher<'_, '_>) {
    let bytes = bytes();
    bencher.bench(|| Index::open(black_box(&bytes)).is_ok());
}

#[divan::bench]
fn verify(bencher: Bencher<'_, '_>) {
    let bytes = bytes();
    bencher.bench(|| Index::open(black_box(&bytes)).is_ok_and(|index| index.verify().is_ok()));
}

/// Seven of ten packages are in the index, as in a usual Debian installation about half are.
#[divan::bench]
fn look_up_1000_packages(bencher: Bencher<'_, '_>) {
    let bytes = bytes();
    let Ok(index) = Index::open(&bytes) else { return };
    let names: Vec<String> = (0..LOOK_UPS)
        .map(|n| if n % 10 < 7 { format!("package-{}", n * 29) } else { format!("stranger-{n}") })
        .collect();
    bencher
        .bench(|| names.iter().map(|name| index.statements("debian:bookworm", black_box(name)).len()).sum::<usize>());
}

#[divan::bench]
fn look_up_1000_vulnerabilities(bencher: Bencher<'_, '_>) {
    let bytes = bytes();
    let Ok(index) = Index::open(&bytes) else { return };
    let ids: Vec<String> = (0..LOOK_UPS).map(|n| format!("CVE-{}-{:05}", 2000 + n % 25, n * 11)).collect();
    bencher.bench(|| ids.iter().filter(|id| index.vulnerability(black_box(id)).is_some()).count());
}
