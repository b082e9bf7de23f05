//! The feeds of Ubuntu, Amazon Linux and SUSE as their upstreams published them: counts, and what
//! they say of real hosts.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper that fails, fails its test; Clippy only sees the test functions themselves"
)]

mod real;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use real::unpack;
use yagura_feed::{FEEDS, FeedSpec, Sink};
use yagura_model::{Names, ReleaseKey, Statement, StatementState, Vulnerability};
use yagura_version::Scheme;

/// Takes everything that a feed says.
#[derive(Default)]
struct Taken {
    records: usize,
    statements: Vec<Statement>,
    flaws: BTreeMap<String, Vulnerability>,
    rejected: BTreeMap<String, usize>,
    releases: BTreeSet<String>,
    data_date: Option<Timestamp>,
}

impl Sink for Taken {
    fn record(&mut self) {
        self.records += 1;
    }

    fn statement(&mut self, told: Statement) {
        self.statements.push(told);
    }

    fn vulnerability(&mut self, flaw: Vulnerability) {
        self.flaws.insert(flaw.id.clone(), flaw);
    }

    fn release(&mut self, release: ReleaseKey) {
        self.releases.insert(release.to_string());
    }

    fn data_date(&mut self, date: Timestamp) {
        self.data_date = self.data_date.max(Some(date));
    }

    fn rejected(&mut self, _: &str, why: &str) {
        *self.rejected.entry(why.to_owned()).or_default() += 1;
    }
}

/// Reads a feed's real documents; `None` where they are not there.
fn take(id: &str) -> Option<Taken> {
    let base = yagura_testkit::shared_data("feeds")?;
    let feed: &FeedSpec = FEEDS.iter().find(|feed| feed.id == id).unwrap();
    let mut taken = Taken::default();
    for entry in &unpack(&base, feed) {
        (feed.parse)(&entry.entry(), &mut taken).unwrap();
    }
    Some(taken)
}

impl Taken {
    /// Counts what was said, by release and channel.
    fn summary(&self) -> String {
        let mut counts: BTreeMap<(String, String), BTreeMap<&str, usize>> = BTreeMap::new();
        let mut strings = HashSet::new();
        let mut about = HashSet::new();
        for told in &self.statements {
            strings.insert(told.package.as_str());
            strings.insert(told.vulnerability.as_str());
            strings.extend(told.note.as_deref());
            if let StatementState::Fixed(version) = &told.state {
                strings.insert(version);
            }
            about.insert((&told.release, &told.package, &told.vulnerability, &told.channel, &told.state));
            let channel = told.channel.clone().unwrap_or_default();
            let channel = channel.split_once(':').map_or(channel.clone(), |(kind, _)| format!("{kind}:*"));
            let scope = (told.release.to_string(), channel);
            *counts.entry(scope).or_default().entry(told.state.word()).or_default() += 1;
        }
        let mut text = format!(
            "{} records, {} statements ({} distinct, {} strings), {} flaws, rejected {:?}, of {}\n",
            self.records,
            self.statements.len(),
            about.len(),
            strings.len(),
            self.flaws.len(),
            self.rejected,
            self.data_date.map_or_else(|| "no date".to_owned(), |date| date.strftime("%F").to_string()),
        );
        for ((release, channel), states) in counts {
            let states: Vec<String> = states.iter().map(|(state, count)| format!("{state} {count}")).collect();
            let channel = if channel.is_empty() { channel } else { format!(" [{channel}]") };
            writeln!(text, "{release}{channel}: {}", states.join(", ")).unwrap();
        }
        text
    }
}

/// The rows of a table with tabs, without its head.
fn table(name: &str) -> Option<Vec<Vec<String>>> {
    let path = yagura_testkit::shared_data(&format!("hosts/{name}"))?;
    let text = std::fs::read_to_string(path).unwrap();
    Some(text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

#[test]
fn the_ubuntu_cve_tracker_and_a_host() {
    let Some(taken) = take("ubuntu-cve-tracker") else { return };
    insta::assert_snapshot!(taken.summary(), @r#"
    49564 records, 941864 statements (941864 distinct, 60092 strings), 49555 flaws, rejected {"not the id of a flaw": 9, "released, but not in a version": 1}, of no date
    ubuntu:bionic: end-of-life 45469, fixed 20419, not-affected 26638, will-not-fix 927
    ubuntu:bionic [esm-apps]: fixed 782, not-affected 110, open 1647, postponed 89, under-investigation 6792, will-not-fix 2511
    ubuntu:bionic [esm-infra]: end-of-life 38653, fixed 3871, not-affected 15733, open 6305, postponed 331, under-investigation 1804, will-not-fix 13220
    ubuntu:focal: end-of-life 95954, fixed 28539, not-affected 59109, open 25666, postponed 640, under-investigation 9470, will-not-fix 3313
    ubuntu:focal [esm-apps]: fixed 361, not-affected 2, open 16, under-investigation 75
    ubuntu:jammy: end-of-life 77446, fixed 22349, not-affected 77095, open 17005, postponed 484, under-investigation 8696, will-not-fix 2736
    ubuntu:jammy [esm-apps]: fixed 219, not-affected 5, open 7, under-investigation 67, will-not-fix 1
    ubuntu:noble: fixed 9564, not-affected 44634, open 7678, postponed 386, under-investigation 6876, will-not-fix 788
    ubuntu:noble [esm-apps]: fixed 37, under-investigation 1
    ubuntu:trusty: end-of-life 45251, fixed 10091, not-affected 18888, will-not-fix 4757
    ubuntu:trusty [esm-infra]: fixed 3670, not-affected 6155, open 1448, postponed 199, under-investigation 2252, will-not-fix 6598
    ubuntu:trusty [esm-infra-legacy]: fixed 1521, not-affected 6671, open 1218, postponed 202, under-investigation 2266, will-not-fix 6598
    ubuntu:xenial: end-of-life 46023, fixed 14807, not-affected 27139, will-not-fix 339
    ubuntu:xenial [esm-apps]: fixed 942, not-affected 95, open 3645, postponed 136, under-investigation 6948, will-not-fix 6424
    ubuntu:xenial [esm-infra]: end-of-life 2577, fixed 4844, not-affected 11387, open 1919, postponed 256, under-investigation 1419, will-not-fix 10659
    "#);

    let Some(packages) = table("ubuntu-18.04-a/packages.tsv") else { return };
    let Some(expected) = table("ubuntu-18.04-a/expected-ubuntu-cve-tracker-2024-08-09.tsv") else { return };
    let sources: BTreeMap<&str, &str> = packages
        .iter()
        .filter(|row| row[5].ends_with(" installed"))
        .map(|row| (row[3].as_str(), row[4].as_str()))
        .collect();
    let mut found = BTreeSet::new();
    for told in taken.statements.iter().filter(|told| told.release.as_str() == "ubuntu:bionic") {
        let Some(installed) = sources.get(told.package.as_str()) else { continue };
        let (state, fixed) = match &told.state {
            StatementState::Fixed(version) if Scheme::Dpkg.compare(installed, version).is_lt() => {
                ("fixable", version.as_str())
            }
            StatementState::Open => ("unfixed", ""),
            StatementState::UnderInvestigation => ("unfixed", ""),
            StatementState::Postponed => ("unfixed", ""),
            _ => continue,
        };
        let line = told.channel.as_ref().map_or_else(|| "bionic".to_owned(), |channel| format!("{channel}/bionic"));
        found.insert([&*told.package, *installed, &*told.vulnerability, &*line, state, fixed].join("\t"));
    }
    // The table tells needed, needs-triage, pending and deferred apart.
    let expected: BTreeSet<String> = expected
        .iter()
        .map(|row| {
            let state = row[4].split(':').next().unwrap();
            [&*row[0], &*row[1], &*row[2], &*row[3], state, &*row[5]].join("\t")
        })
        .collect();
    let missing: Vec<&String> = expected.difference(&found).collect();
    let surplus: Vec<&String> = found.difference(&expected).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:#?}\nsurplus {surplus:#?}");
    assert_eq!(found.len(), 142);
}

#[test]
fn amazon_linux() {
    let Some(taken) = take("amazon-linux") else { return };
    assert!(taken.statements.iter().all(|told| told.names == Names::Binary));
    assert!(taken.statements.iter().all(|told| Scheme::Rpm.is_valid(match &told.state {
        StatementState::Fixed(version) => version,
        _ => "",
    })));
    insta::assert_snapshot!(taken.summary(), @r"
    5116 records, 50480 statements (50480 distinct, 18229 strings), 5116 flaws, rejected {}, of 2025-02-07
    amazon:1: fixed 17420
    amazon:2: fixed 15816
    amazon:2 [extras:*]: fixed 7302
    amazon:2 [livepatch]: fixed 386
    amazon:2023: fixed 9518
    amazon:2023 [livepatch]: fixed 38
    ");
    let kernel = &taken.flaws["ALAS2-2018-939"];
    assert_eq!(kernel.covers, ["CVE-2017-5715", "CVE-2017-5754"]);
    assert_eq!(kernel.references[0].url, "https://alas.aws.amazon.com/AL2/ALAS2-2018-939.html");
}

#[test]
fn suse_and_a_host() {
    let Some(taken) = take("suse-osv") else { return };
    insta::assert_snapshot!(taken.summary(), @"");

    let Some(packages) = table("sle-15.3-bci-ndb/packages.tsv") else { return };
    let Some(expected) = table("sle-15.3-bci-ndb/expected-suse-osv-2025-02-13.tsv") else { return };
    let installed: BTreeMap<&str, String> = packages
        .iter()
        .map(|row| {
            let epoch = if row[1] == "(none)" { "0" } else { &row[1] };
            (row[0].as_str(), format!("{epoch}:{}-{}", row[2], row[3]))
        })
        .collect();
    let ordinary =
        taken.statements.iter().filter(|told| told.release.as_str() == "suse:15.3" && told.channel.is_none());
    let mut found = BTreeSet::new();
    for told in ordinary {
        let Some(installed) = installed.get(told.package.as_str()).filter(|_| told.names == Names::Binary) else {
            continue;
        };
        let StatementState::Fixed(fixed) = &told.state else { continue };
        if Scheme::Rpm.compare(installed, fixed).is_lt() {
            let covers = taken.flaws[&told.vulnerability].covers.join(",");
            found.insert([&*told.package, installed, &format!("0:{fixed}"), &*told.vulnerability, &covers].join("\t"));
        }
    }
    // The table has a row for each of two modules; both are the release.
    let expected: BTreeSet<String> =
        expected.iter().map(|row| [&*row[0], &*row[1], &*row[2], &*row[3], &*row[5]].join("\t")).collect();
    assert_eq!(found, expected);
}
