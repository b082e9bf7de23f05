//! The feeds of Red Hat and its kin as their upstreams published them: counts, and what a real
//! host's packages meet.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper that fails, fails its test; Clippy only sees the test functions themselves"
)]

mod real;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use real::unpack;
use yagura_feed::{FeedSpec, Sink, alma_osv, redhat_osv, rocky_osv};
use yagura_model::{Names, ReleaseKey, Statement, StatementState, Vulnerability};
use yagura_version::Scheme;

/// Keeps what a feed says.
#[derive(Default)]
struct Kept {
    records: u64,
    statements: Vec<Statement>,
    flaws: BTreeMap<String, Vulnerability>,
    rejected: BTreeMap<String, u64>,
    date: Option<Timestamp>,
}

impl Sink for Kept {
    fn record(&mut self) {
        self.records += 1;
    }

    fn statement(&mut self, statement: Statement) {
        self.statements.push(statement);
    }

    fn vulnerability(&mut self, flaw: Vulnerability) {
        self.flaws.insert(flaw.id.clone(), flaw);
    }

    fn release(&mut self, _: ReleaseKey) {}

    fn data_date(&mut self, date: Timestamp) {
        self.date = self.date.max(Some(date));
    }

    fn rejected(&mut self, _: &str, why: &str) {
        *self.rejected.entry(why.to_owned()).or_default() += 1;
    }
}

impl Kept {
    fn of(feed: &FeedSpec) -> Option<Self> {
        let base = yagura_testkit::shared_data("feeds")?;
        let mut kept = Self::default();
        for entry in unpack(&base, feed) {
            (feed.parse)(&entry.entry(), &mut kept).unwrap();
        }
        Some(kept)
    }

    /// Counts everything; `doubles` are statements that another one repeats.
    fn render(&self) -> String {
        let mut text = format!("{} records", self.records);
        writeln!(text, ", {} statements, {} flaws", self.statements.len(), self.flaws.len()).unwrap();
        let mut distinct = HashSet::new();
        let mut strings: HashSet<&str> = HashSet::new();
        let (mut modular, mut channels, mut unnamed, mut doubles) = (0_u64, 0_u64, 0_u64, 0_u64);
        let mut states: BTreeMap<&str, u64> = BTreeMap::new();
        let mut releases: BTreeMap<&str, u64> = BTreeMap::new();
        for told in &self.statements {
            let version = match &told.state {
                StatementState::Fixed(version) => version.as_str(),
                _ => "",
            };
            let about = (told.release.as_str(), &told.channel, &told.package, &told.vulnerability, &told.module);
            doubles += u64::from(!distinct.insert((about, told.names == Names::Binary)));
            strings.extend([&told.package, &told.vulnerability, version]);
            strings.extend(told.note.as_deref());
            modular += u64::from(told.module.is_some());
            unnamed += u64::from(told.module.is_none() && version.contains(".module"));
            channels += u64::from(told.channel.is_some());
            *states.entry(told.state.word()).or_default() += 1;
            *releases.entry(told.release.as_str()).or_default() += 1;
        }
        writeln!(text, "{} distinct strings, {doubles} doubles", strings.len()).unwrap();
        writeln!(text, "of channels {channels}, of modules {modular}, of modules without a name {unnamed}").unwrap();
        writeln!(text, "{states:?}\n{releases:?}\nrejected {:?}", self.rejected).unwrap();
        writeln!(text, "data of {}", self.date.map(|date| date.strftime("%F").to_string()).unwrap_or_default())
            .unwrap();
        text
    }
}

#[test]
fn red_hats_advisories() {
    let Some(kept) = Kept::of(&redhat_osv::FEED) else { return };
    insta::assert_snapshot!(kept.render(), @r#"
    15175 records, 234888 statements, 15148 flaws
    70554 distinct strings, 0 doubles
    of channels 155581, of modules 40708, of modules without a name 1059
    {"fixed": 234888}
    {"redhat:2": 600, "redhat:3": 2528, "redhat:4": 6574, "redhat:5": 17502, "redhat:6": 32668, "redhat:7": 56341, "redhat:8": 92453, "redhat:9": 26222}
    rejected {"a product of no known release": 31}
    data of 2025-02-18
    "#);
}

#[test]
fn almalinuxs_advisories() {
    let Some(kept) = Kept::of(&alma_osv::FEED) else { return };
    insta::assert_snapshot!(kept.render(), @r#"
    5680 records, 61847 statements, 4440 flaws
    16440 distinct strings, 2169 doubles
    of channels 0, of modules 16465, of modules without a name 104
    {"fixed": 61847}
    {"almalinux:10": 6479, "almalinux:8": 31518, "almalinux:9": 23850}
    rejected {}
    data of 2026-08-21
    "#);
}

#[test]
fn rockys_advisories() {
    let Some(kept) = Kept::of(&rocky_osv::FEED) else { return };
    insta::assert_snapshot!(kept.render(), @r#"
    1491 records, 4977 statements, 1491 flaws
    4449 distinct strings, 0 doubles
    of channels 14, of modules 3664, of modules without a name 12
    {"fixed": 4977}
    {"rocky:8": 4530, "rocky:9": 447}
    rejected {"a plain build in an advisory about modules": 8}
    data of 2025-01-11
    "#);
}

/// An installed rpm package.
struct Installed {
    name: String,
    evr: String,
}

/// One row of the expectation: package, installed version, fixed version, advisory, CVEs.
type Row = (String, String, String, String, String);

/// The packages of a real host, the statements of the feed and rpm's order of versions give the
/// findings that were computed independently with rpm itself.
#[test]
fn a_host_of_rhel_8_meets_the_expected_advisories() {
    let Some(hosts) = yagura_testkit::shared_data("hosts") else { return };
    let Some(kept) = Kept::of(&redhat_osv::FEED) else { return };
    let host = hosts.join("rhel-8.0-ubi-bdb");
    let table = |name: &str| std::fs::read_to_string(host.join(name)).unwrap();
    let rows = |text: &str| -> Vec<Vec<String>> {
        text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    };
    let with_epoch = |evr: &str| if evr.contains(':') { evr.to_owned() } else { format!("0:{evr}") };

    let installed: Vec<Installed> = rows(&table("packages.tsv"))
        .into_iter()
        .map(|row| {
            let epoch = if row[1] == "(none)" { "0" } else { &row[1] };
            Installed { name: row[0].clone(), evr: format!("{epoch}:{}-{}", row[2], row[3]) }
        })
        .collect();
    let expected: BTreeSet<Row> = rows(&table("expected-redhat-osv-2025-02-18.tsv"))
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone(), row[2].clone(), row[3].clone(), row[5].clone()))
        .collect();

    let mut found = BTreeSet::new();
    for told in &kept.statements {
        let main = told.release.as_str() == "redhat:8" && told.channel.is_none() && told.module.is_none();
        let security = told.vulnerability.starts_with("RHSA-");
        let StatementState::Fixed(fixed) = &told.state else { continue };
        for package in installed.iter().filter(|package| main && security && package.name == told.package) {
            if Scheme::Rpm.compare(&package.evr, fixed) == Ordering::Less {
                let covers = kept.flaws[&told.vulnerability].covers.join(",");
                let advisory = told.vulnerability.clone();
                found.insert((package.name.clone(), package.evr.clone(), with_epoch(fixed), advisory, covers));
            }
        }
    }
    let missing: Vec<&Row> = expected.difference(&found).collect();
    let beyond: Vec<&Row> = found.difference(&expected).collect();
    assert!(missing.is_empty(), "{} missing: {missing:#?}", missing.len());
    assert!(beyond.is_empty(), "{} beyond: {beyond:#?}", beyond.len());
    assert_eq!(installed.len(), 101);
}
