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
use real::{compile_into, unpack};
use yagura_feed::{Compiler, FEEDS, FeedSpec, Sink};
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
    let entries = unpack(&base, feed);
    for entry in &entries {
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
    49564 records, 941829 statements (941829 distinct, 60093 strings), 49555 flaws, rejected {"not the id of a flaw": 9, "released, but not in a version": 1}, of no date
    ubuntu:bionic: end-of-life 45469, fixed 20419, not-affected 26638, will-not-fix 927
    ubuntu:bionic [esm-apps]: fixed 782, not-affected 110, open 8439, postponed 89, will-not-fix 2511
    ubuntu:bionic [esm-infra]: end-of-life 38653, fixed 3871, not-affected 15733, open 8109, postponed 331, will-not-fix 13220
    ubuntu:focal: end-of-life 95954, fixed 28539, not-affected 59109, open 35136, postponed 640, will-not-fix 3313
    ubuntu:focal [esm-apps]: fixed 361, not-affected 2, open 83
    ubuntu:jammy: end-of-life 77446, fixed 22349, not-affected 77095, open 25701, postponed 484, will-not-fix 2736
    ubuntu:jammy [esm-apps]: fixed 219, not-affected 5, open 47, will-not-fix 1
    ubuntu:noble: fixed 9564, not-affected 44634, open 14554, postponed 386, will-not-fix 788
    ubuntu:noble [esm-apps]: fixed 37, open 1
    ubuntu:trusty: end-of-life 45251, fixed 10091, not-affected 18888, will-not-fix 4757
    ubuntu:trusty [esm-infra]: fixed 3670, not-affected 6155, open 3700, postponed 199, will-not-fix 6598
    ubuntu:trusty [esm-infra-legacy]: fixed 1521, not-affected 6671, open 3484, postponed 202, will-not-fix 6598
    ubuntu:xenial: end-of-life 46023, fixed 14807, not-affected 27139, will-not-fix 339
    ubuntu:xenial [esm-apps]: fixed 942, not-affected 95, open 10593, postponed 136, will-not-fix 6424
    ubuntu:xenial [esm-infra]: end-of-life 2577, fixed 4844, not-affected 11387, open 3338, postponed 256, will-not-fix 10659
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
    5116 records, 40716 statements (40716 distinct, 16801 strings), 5116 flaws, rejected {}, of 2025-02-07
    amazon:1: fixed 15044
    amazon:2: fixed 13827
    amazon:2 [extras:*]: fixed 5386
    amazon:2 [livepatch]: fixed 200
    amazon:2023: fixed 6221
    amazon:2023 [livepatch]: fixed 38
    ");
    let kernel = &taken.flaws["ALAS2-2018-939"];
    assert_eq!(kernel.covers, ["CVE-2017-5715", "CVE-2017-5754"]);
    assert_eq!(kernel.references[0].url, "https://alas.aws.amazon.com/AL2/ALAS2-2018-939.html");
}

#[test]
fn suse_and_a_host() {
    let Some(taken) = take("suse-osv") else { return };
    insta::assert_snapshot!(taken.summary(), @r#"
    14888 records, 267633 statements (267631 distinct, 53118 strings), 13837 flaws, rejected {"unknown product `SUSE:WebYast 1.3`": 2}, of 2025-02-12
    opensuse-micro:5.2: fixed 293
    opensuse-micro:5.3: fixed 795
    opensuse-micro:5.4: fixed 488
    opensuse-micro:5.5: fixed 201
    opensuse:15.1: fixed 258
    opensuse:15.2: fixed 4090
    opensuse:15.3: fixed 10688
    opensuse:15.4: fixed 13266
    opensuse:15.5: fixed 13366
    opensuse:15.6: fixed 5695
    opensuse:tumbleweed: fixed 31750
    suse-micro:5.0: fixed 398
    suse-micro:5.0 [Manager Client Tools]: fixed 122
    suse-micro:5.1: fixed 1362
    suse-micro:5.1 [Manager Client Tools]: fixed 122
    suse-micro:5.2: fixed 1313
    suse-micro:5.2 [Manager Client Tools]: fixed 122
    suse-micro:5.3: fixed 1234
    suse-micro:5.3 [Manager Client Tools]: fixed 122
    suse-micro:5.4: fixed 1032
    suse-micro:5.4 [Manager Client Tools]: fixed 122
    suse-micro:5.5: fixed 970
    suse-micro:5.5 [Manager Client Tools]: fixed 122
    suse-micro:5.5 [Manager Proxy 5.0]: fixed 20
    suse-micro:5.5 [Manager Retail Branch Server Extension 5.0]: fixed 20
    suse-micro:5.5 [Manager Server 5.0]: fixed 16
    suse:11 [PUBCLOUD]: fixed 1
    suse:11 [SECURITY]: fixed 81
    suse:11.3 [CLIENT-TOOLS]: fixed 54
    suse:11.3 [Point of Sale]: fixed 284
    suse:11.3 [Subscription Management Tool]: fixed 3
    suse:11.4: fixed 1
    suse:11.4 [CLIENT-TOOLS]: fixed 54
    suse:11.4 [LTSS]: fixed 537
    suse:11.4 [LTSS EXTREME CORE]: fixed 296
    suse:12: fixed 2808
    suse:12 [Manager Client Tools]: fixed 245
    suse:12.1: fixed 2813
    suse:12.1 [Manager Client Tools]: fixed 245
    suse:12.2: fixed 2819
    suse:12.2 [BCL]: fixed 2162
    suse:12.2 [LTSS]: fixed 191
    suse:12.2 [Manager Client Tools]: fixed 245
    suse:12.2 [OpenStack Cloud 7]: fixed 206
    suse:12.2 [Point of Sale]: fixed 2
    suse:12.2 [SAP Applications]: fixed 188
    suse:12.3: fixed 2865
    suse:12.3 [BCL]: fixed 1624
    suse:12.3 [Enterprise Storage 5]: fixed 70
    suse:12.3 [HPE Helion OpenStack 8]: fixed 1603
    suse:12.3 [LTSS]: fixed 1408
    suse:12.3 [Manager Client Tools]: fixed 245
    suse:12.3 [OpenStack Cloud 8]: fixed 1617
    suse:12.3 [OpenStack Cloud Crowbar 8]: fixed 1465
    suse:12.3 [SAP Applications]: fixed 1383
    suse:12.4: fixed 2918
    suse:12.4 [ESPOS]: fixed 401
    suse:12.4 [LTSS]: fixed 2476
    suse:12.4 [Live Patching]: fixed 263
    suse:12.4 [Manager Client Tools]: fixed 245
    suse:12.4 [OpenStack Cloud 9]: fixed 2863
    suse:12.4 [OpenStack Cloud Crowbar 9]: fixed 2728
    suse:12.4 [SAP Applications]: fixed 2416
    suse:12.5: fixed 11378
    suse:12.5 [LTSS]: fixed 356
    suse:12.5 [LTSS Extended Security]: fixed 454
    suse:12.5 [Live Patching]: fixed 652
    suse:12.5 [Manager Client Tools]: fixed 240
    suse:12.5 [Real Time Module]: fixed 569
    suse:12.5 [SAP Applications]: fixed 19
    suse:15: fixed 106
    suse:15 [ESPOS]: fixed 2971
    suse:15 [LTSS]: fixed 3093
    suse:15 [Live Patching]: fixed 183
    suse:15 [Manager Client Tools]: fixed 240
    suse:15 [SAP Applications]: fixed 2843
    suse:15.1: fixed 582
    suse:15.1 [BCL]: fixed 2916
    suse:15.1 [ESPOS]: fixed 3123
    suse:15.1 [Enterprise Storage 6]: fixed 3297
    suse:15.1 [LTSS]: fixed 5456
    suse:15.1 [Live Patching]: fixed 379
    suse:15.1 [Manager Client Tools]: fixed 240
    suse:15.1 [Manager Proxy 4.0]: fixed 1011
    suse:15.1 [Manager Retail Branch Server 4.0]: fixed 1011
    suse:15.1 [Manager Server 4.0]: fixed 1024
    suse:15.1 [Manager Server Module 4.0]: fixed 87
    suse:15.1 [Real Time Module]: fixed 11
    suse:15.1 [SAP Applications]: fixed 5004
    suse:15.2: fixed 3570
    suse:15.2 [BCL]: fixed 1597
    suse:15.2 [ESPOS]: fixed 1862
    suse:15.2 [Enterprise Storage 7]: fixed 3566
    suse:15.2 [LTSS]: fixed 5903
    suse:15.2 [Live Patching]: fixed 661
    suse:15.2 [Manager Client Tools]: fixed 240
    suse:15.2 [Manager Proxy 4.1]: fixed 1708
    suse:15.2 [Manager Proxy Module 4.1]: fixed 29
    suse:15.2 [Manager Retail Branch Server 4.1]: fixed 1708
    suse:15.2 [Manager Server 4.1]: fixed 1715
    suse:15.2 [Manager Server Module 4.1]: fixed 289
    suse:15.2 [Real Time Module]: fixed 872
    suse:15.2 [SAP Applications]: fixed 5457
    suse:15.3: fixed 6836
    suse:15.3 [ESPOS]: fixed 2585
    suse:15.3 [Enterprise Storage 7.1]: fixed 4226
    suse:15.3 [LTSS]: fixed 4637
    suse:15.3 [Live Patching]: fixed 638
    suse:15.3 [Manager Client Tools]: fixed 240
    suse:15.3 [Manager Proxy 4.2]: fixed 1411
    suse:15.3 [Manager Proxy Module 4.2]: fixed 90
    suse:15.3 [Manager Retail Branch Server 4.2]: fixed 213
    suse:15.3 [Manager Server 4.2]: fixed 1705
    suse:15.3 [Manager Server Module 4.2]: fixed 569
    suse:15.3 [Real Time Module]: fixed 1761
    suse:15.3 [SAP Applications]: fixed 4171
    suse:15.4: fixed 8364
    suse:15.4 [ESPOS]: fixed 2402
    suse:15.4 [LTSS]: fixed 2440
    suse:15.4 [Live Patching]: fixed 358
    suse:15.4 [Manager Client Tools]: fixed 239
    suse:15.4 [Manager Proxy 4.3]: fixed 1241
    suse:15.4 [Manager Proxy Module 4.3]: fixed 121
    suse:15.4 [Manager Retail Branch Server 4.3]: fixed 1
    suse:15.4 [Manager Server 4.3]: fixed 1408
    suse:15.4 [Manager Server Module 4.3]: fixed 450
    suse:15.4 [Real Time Module]: fixed 230
    suse:15.4 [SAP Applications]: fixed 2197
    suse:15.4 [TERADATA]: fixed 2
    suse:15.5: fixed 8986
    suse:15.5 [ESPOS]: fixed 198
    suse:15.5 [LTSS]: fixed 200
    suse:15.5 [Live Patching]: fixed 318
    suse:15.5 [Manager Client Tools]: fixed 238
    suse:15.5 [Real Time Module]: fixed 273
    suse:15.5 [SAP Applications]: fixed 188
    suse:15.6: fixed 3830
    suse:15.6 [Live Patching]: fixed 76
    suse:15.6 [Manager Client Tools]: fixed 240
    suse:15.6 [Real Time Module]: fixed 77
    suse:15.7 [Manager Client Tools]: fixed 240
    "#);

    let Some(packages) = table("sle-15.3-bci-ndb/packages.tsv") else { return };
    let Some(expected) = table("sle-15.3-bci-ndb/expected-suse-osv-2025-02-13.tsv") else { return };
    let sources = sources_of_suse();
    let ordinary =
        taken.statements.iter().filter(|told| told.release.as_str() == "suse:15.3" && told.channel.is_none());
    let by_name: BTreeMap<&str, &Vec<String>> = packages.iter().map(|row| (row[0].as_str(), row)).collect();
    let (mut found, mut others) = (BTreeSet::new(), BTreeSet::new());
    for told in ordinary {
        let Some(row) = by_name.get(told.package.as_str()).filter(|_| told.names == Names::Binary) else { continue };
        let StatementState::Fixed(fixed) = &told.state else { continue };
        let installed = format!("{}-{}", row[2], row[3]);
        if !Scheme::Rpm.compare(&installed, fixed).is_lt() {
            continue;
        }
        let advisory = told.vulnerability.clone();
        if sources.contains_key(&(advisory.clone(), told.package.clone())) {
            let covers = taken.flaws[&advisory].covers.join(",");
            found.insert(
                [&*told.package, &format!("0:{installed}"), &format!("0:{fixed}"), &advisory, &covers].join("\t"),
            );
        } else {
            // The source package that the host names is older than the one that the record names.
            let source = row[5].strip_suffix(".src.rpm").unwrap();
            let (rest, release) = source.rsplit_once('-').unwrap();
            let (name, version) = rest.rsplit_once('-').unwrap();
            let fixed = &sources[&(advisory.clone(), name.to_owned())];
            assert!(
                Scheme::Rpm.compare(&format!("{version}-{release}"), fixed).is_lt(),
                "{name} {version}-{release} {fixed}"
            );
            others.insert(format!("{} of {name} {advisory}", told.package));
        }
    }
    // The table compares names of installed packages with the names in the records, which are those of
    // source packages; and it has a row for each of two modules, both of which are the release.
    let expected: BTreeSet<String> =
        expected.iter().map(|row| [&*row[0], &*row[1], &*row[2], &*row[3], &*row[5]].join("\t")).collect();
    assert_eq!(found, expected);
    // What its rule cannot see: binary packages that are called otherwise than their source.
    insta::assert_snapshot!(others.into_iter().collect::<Vec<_>>().join("\n"), @r"
    libdw1 of elfutils SUSE-SU-2022:2614-1
    libebl-plugins of elfutils SUSE-SU-2022:2614-1
    libelf1 of elfutils SUSE-SU-2022:2614-1
    libgmp10 of gmp SUSE-SU-2021:3946-1
    libgpg-error0 of libgpg-error SUSE-SU-2022:3766-1
    liblzma5 of xz SUSE-SU-2022:1158-1
    libncurses6 of ncurses SUSE-SU-2022:2717-1
    libpcre1 of pcre SUSE-SU-2022:2361-1
    libz1 of zlib SUSE-SU-2022:1061-1
    libz1 of zlib SUSE-SU-2022:2947-1
    perl-base of perl SUSE-SU-2022:3271-1
    terminfo-base of ncurses SUSE-SU-2022:2717-1
    ");
}

/// Reads the records by other means: which source packages an advisory names for 15 SP3, and the
/// versions that fix them.
fn sources_of_suse() -> BTreeMap<(String, String), String> {
    let base = yagura_testkit::shared_data("feeds").unwrap();
    let mut fixed = BTreeMap::new();
    for entry in &unpack(&base, FEEDS.iter().find(|feed| feed.id == "suse-osv").unwrap()) {
        let record: serde_json::Value = serde_json::from_slice(&entry.bytes).unwrap();
        for affected in record["affected"].as_array().into_iter().flatten() {
            let (ecosystem, name) = (affected["package"]["ecosystem"].as_str(), affected["package"]["name"].as_str());
            let ordinary = ["Module for Basesystem 15 SP3", "Module for Development Tools 15 SP3"];
            if ordinary.iter().any(|module| ecosystem.unwrap().ends_with(module)) {
                let about = (record["id"].as_str().unwrap().to_owned(), name.unwrap().to_owned());
                fixed.insert(about, affected["ranges"][0]["events"][1]["fixed"].as_str().unwrap().to_owned());
            }
        }
    }
    fixed
}

/// All three in one index: it is written, and small.
#[test]
fn the_index_holds_them() {
    let Some(base) = yagura_testkit::shared_data("feeds") else { return };
    let now: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
    let mut compiler = Compiler::new();
    for id in ["ubuntu-cve-tracker", "amazon-linux", "suse-osv"] {
        let feed: &'static FeedSpec = FEEDS.iter().find(|feed| feed.id == id).unwrap();
        compile_into(&mut compiler, feed, &unpack(&base, feed), now);
    }
    let compiled = compiler.finish(now).unwrap();
    let statements: u64 = compiled.feeds.iter().map(|feed| feed.statements).sum();
    eprintln!("{statements} statements in an index of {} bytes", compiled.bytes.len());
    assert!(compiled.bytes.len() < 120_000_000, "{}", compiled.bytes.len());
}
