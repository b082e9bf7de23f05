//! The feeds of Alpine, Arch, Azure Linux, the languages and the CVE list as their upstreams
//! published them: how many records each has, what is left out of them, and single known answers.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper that fails, fails its test; Clippy only sees the test functions themselves"
)]

#[expect(dead_code, reason = "other tests compile what it unpacks")]
mod real;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use real::{Unpacked, unpack, unpack_file};
use yagura_feed::{FEEDS, FeedSpec, Sink};
use yagura_model::{AffectedRange, RangeEnd, ReleaseKey, Statement, StatementState, Vulnerability};
use yagura_version::Scheme;

/// Keeps everything.
#[derive(Default)]
struct Keeper {
    records: u64,
    rejected: BTreeMap<String, u64>,
    statements: Vec<Statement>,
    flaws: Vec<Vulnerability>,
    releases: BTreeSet<String>,
    date: Option<Timestamp>,
}

impl Sink for Keeper {
    fn record(&mut self) {
        self.records += 1;
    }
    fn statement(&mut self, statement: Statement) {
        self.statements.push(statement);
    }
    fn vulnerability(&mut self, flaw: Vulnerability) {
        self.flaws.push(flaw);
    }
    fn release(&mut self, release: ReleaseKey) {
        self.releases.insert(release.to_string());
    }
    fn data_date(&mut self, date: Timestamp) {
        self.date = self.date.max(Some(date));
    }
    fn rejected(&mut self, record: &str, why: &str) {
        *self.rejected.entry(format!("{record}: {why}")).or_default() += 1;
    }
}

impl Keeper {
    fn summary(&self) -> String {
        let date = self.date.map_or_else(|| "no date".to_owned(), |date| date.strftime("%F").to_string());
        let mut states: BTreeMap<&str, usize> = BTreeMap::new();
        for statement in &self.statements {
            *states.entry(statement.state.word()).or_default() += 1;
        }
        let mut text = format!(
            "{} records, {} statements {states:?} of {} strings, {} flaws, {date}",
            self.records,
            self.statements.len(),
            distinct_strings(&self.statements),
            self.flaws.len()
        );
        for (what, times) in &self.rejected {
            text.push_str(&format!("\n{times} {what}"));
        }
        text
    }

    fn about(&self, release: &str, package: &str, flaw: &str) -> &Statement {
        let mut found = self
            .statements
            .iter()
            .filter(|it| it.release.as_str() == release && it.package == package && it.vulnerability == flaw);
        let statement = found.next().unwrap();
        assert!(found.next().is_none(), "two statements about {flaw} in {package} of {release}");
        statement
    }

    fn flaw(&self, id: &str) -> &Vulnerability {
        self.flaws.iter().find(|flaw| flaw.id == id).unwrap()
    }
}

fn feed(id: &str) -> &'static FeedSpec {
    FEEDS.iter().find(|feed| feed.id == id).unwrap()
}

/// Reads a whole feed; `None` where there is no data, which is announced.
fn keep(id: &str) -> Option<Keeper> {
    let base = yagura_testkit::shared_data("feeds")?;
    Some(read(feed(id), &unpack(&base, feed(id))))
}

fn read(feed: &FeedSpec, entries: &[Unpacked]) -> Keeper {
    let mut keeper = Keeper::default();
    for entry in entries {
        (feed.parse)(&entry.entry(), &mut keeper).unwrap();
    }
    keeper
}

/// Counts the distinct strings of statements: with their number, they are what a feed weighs.
fn distinct_strings(statements: &[Statement]) -> usize {
    let mut strings: HashSet<&str> = HashSet::new();
    for statement in statements {
        strings.extend([statement.package.as_str(), statement.vulnerability.as_str()]);
        strings.extend(statement.note.as_deref());
        strings.extend(statement.advisories.iter().map(String::as_str));
        match &statement.state {
            StatementState::Fixed(version) => drop(strings.insert(version)),
            StatementState::Affected(ranges) => {
                for AffectedRange { introduced, end } in ranges {
                    strings.extend(introduced.as_deref());
                    if let RangeEnd::Fixed(version) | RangeEnd::LastAffected(version) = end {
                        strings.insert(version);
                    }
                }
            }
            _ => {}
        }
    }
    strings.len()
}

fn fixed(statement: &Statement) -> &str {
    match &statement.state {
        StatementState::Fixed(version) => version,
        other => other.word(),
    }
}

#[test]
fn alpine() {
    let Some(keeper) = keep("alpine-secdb") else { return };
    insta::assert_snapshot!(keeper.summary(), @r#"
    6131 records, 70574 statements {"fixed": 70045, "not-affected": 529} of 11277 strings, 22 flaws, no date
    1 linux-lts 6.6.13-r0 CVE-46838: no id of a flaw
    3 linux-lts 6.6.13-r1 CVE-46838: no id of a flaw
    "#);
    assert_eq!(keeper.releases.len(), 11);
    // Two versions: the first repair was not whole.
    assert_eq!(fixed(keeper.about("alpine:3.21", "runc", "CVE-2023-27561")), "1.1.4-r7");
    assert_eq!(keeper.about("alpine:3.21", "xen", "CVE-2024-45819").advisories, ["XSA-464"]);
    assert!(keeper.flaw("CVE-2024-22195").aliases.contains(&"GHSA-h5c8-rqwp-cp95".to_owned()));
}

/// What Alpine 3.16 fixed and a host of those days lacks: its packages' origins against the feed. An
/// independent comparison in another language gave the same rows, for this host and for 650,000
/// pairs of versions of the feed itself.
#[test]
fn a_host_of_alpine_3_16() {
    let Some(keeper) = keep("alpine-secdb") else { return };
    let Some(hosts) = yagura_testkit::shared_data("hosts") else { return };
    let packages = std::fs::read_to_string(hosts.join("alpine-a/packages.tsv")).unwrap();
    let mut rows = Vec::new();
    for line in packages.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (package, version, origin) = (columns[0], columns[1], columns[3]);
        for told in keeper.statements.iter().filter(|it| it.release.as_str() == "alpine:3.16" && it.package == origin) {
            if let StatementState::Fixed(fixed) = &told.state
                && Scheme::Apk.compare(version, fixed).is_lt()
            {
                rows.push(format!("{package} {version} {} {fixed}", told.vulnerability));
            }
        }
    }
    rows.sort();
    insta::assert_snapshot!(rows.join("\n"), @r"
    busybox 1.35.0-r17 CVE-2023-42366 1.35.0-r18
    libcrypto1.1 1.1.1q-r0 CVE-2022-4304 1.1.1t-r0
    libcrypto1.1 1.1.1q-r0 CVE-2022-4450 1.1.1t-r0
    libcrypto1.1 1.1.1q-r0 CVE-2023-0215 1.1.1t-r0
    libcrypto1.1 1.1.1q-r0 CVE-2023-0286 1.1.1t-r0
    libcrypto1.1 1.1.1q-r0 CVE-2023-0464 1.1.1t-r1
    libcrypto1.1 1.1.1q-r0 CVE-2023-0465 1.1.1t-r2
    libcrypto1.1 1.1.1q-r0 CVE-2023-2650 1.1.1u-r0
    libcrypto1.1 1.1.1q-r0 CVE-2023-3446 1.1.1u-r2
    libcrypto1.1 1.1.1q-r0 CVE-2023-3817 1.1.1v-r0
    libcrypto1.1 1.1.1q-r0 CVE-2023-5678 1.1.1w-r1
    libssl1.1 1.1.1q-r0 CVE-2022-4304 1.1.1t-r0
    libssl1.1 1.1.1q-r0 CVE-2022-4450 1.1.1t-r0
    libssl1.1 1.1.1q-r0 CVE-2023-0215 1.1.1t-r0
    libssl1.1 1.1.1q-r0 CVE-2023-0286 1.1.1t-r0
    libssl1.1 1.1.1q-r0 CVE-2023-0464 1.1.1t-r1
    libssl1.1 1.1.1q-r0 CVE-2023-0465 1.1.1t-r2
    libssl1.1 1.1.1q-r0 CVE-2023-2650 1.1.1u-r0
    libssl1.1 1.1.1q-r0 CVE-2023-3446 1.1.1u-r2
    libssl1.1 1.1.1q-r0 CVE-2023-3817 1.1.1v-r0
    libssl1.1 1.1.1q-r0 CVE-2023-5678 1.1.1w-r1
    ssl_client 1.35.0-r17 CVE-2023-42366 1.35.0-r18
    ");
}

#[test]
fn arch() {
    let Some(keeper) = keep("arch") else { return };
    insta::assert_snapshot!(keeper.summary(), @r#"2507 records, 8549 statements {"fixed": 7966, "not-affected": 307, "open": 252, "under-investigation": 24} of 12299 strings, 0 flaws, no date"#);
    assert_eq!(fixed(keeper.about("arch:rolling", "mediawiki", "CVE-2017-0361")), "1.29.2-1");
}

#[test]
fn cve_list() {
    let Some(keeper) = keep("cve-list") else { return };
    insta::assert_snapshot!(keeper.summary(), @"6143 records, 0 statements {} of 0 strings, 6143 flaws, 2024-10-24");
    let count = |has: fn(&Vulnerability) -> bool| keeper.flaws.iter().filter(|flaw| has(flaw)).count();
    insta::assert_snapshot!(
        format!(
            "{} with ssvc, {} with cvss, {} with cwe, {} rejected",
            count(|flaw| flaw.ssvc.is_some()),
            count(|flaw| !flaw.cvss.is_empty()),
            count(|flaw| !flaw.cwes.is_empty()),
            count(|flaw| flaw.description.starts_with("Rejected reason: "))
        ),
        @"6134 with ssvc, 1963 with cvss, 1828 with cwe, 9 rejected"
    );
    let xz = keeper.flaw("CVE-2024-3094");
    assert_eq!(xz.ssvc.as_ref().unwrap().technical_impact, "total");
    assert_eq!(xz.cwes, ["CWE-506"]);
}

#[test]
fn go() {
    let Some(keeper) = keep("go-vulndb") else { return };
    insta::assert_snapshot!(keeper.summary(), @r#"4291 records, 6041 statements {"affected": 1478, "fixed": 2507, "open": 2056} of 12733 strings, 4274 flaws, no date"#);
    let flood = keeper.about("ecosystem:go", "stdlib", "CVE-2023-45288");
    assert_eq!(flood.note.as_deref(), Some("in net/http"));
    assert!(matches!(&flood.state, StatementState::Affected(ranges) if ranges.len() == 2));
    assert_eq!(keeper.flaw("GO-2022-0536").covers, ["CVE-2019-9512", "CVE-2019-9514"]);
}

#[test]
fn rustsec() {
    let Some(keeper) = keep("rustsec") else { return };
    insta::assert_snapshot!(keeper.summary(), @r#"1205 records, 726 statements {"affected": 258, "fixed": 325, "open": 143} of 2175 strings, 1192 flaws, no date"#);
    let age = keeper.about("ecosystem:crates.io", "age", "RUSTSEC-2024-0433");
    let StatementState::Affected(ranges) = &age.state else { unreachable!("{age:?}") };
    let ranges: Vec<String> = ranges
        .iter()
        .map(|AffectedRange { introduced, end }| format!("{} {end:?}", introduced.as_deref().unwrap_or_default()))
        .collect();
    insta::assert_snapshot!(ranges.join("\n"), @r#"
        0.6.0 Fixed("0.6.1")
        0.7.0 Fixed("0.7.2")
        0.8.0 Fixed("0.8.2")
        0.9.0 Fixed("0.9.3")
        0.10.0 Fixed("0.10.1")
        0.11.0 Fixed("0.11.1")
        "#);
}

#[test]
fn pypa() {
    let Some(keeper) = keep("pypa") else { return };
    insta::assert_snapshot!(keeper.summary(), @r#"2661 records, 2651 statements {"affected": 1349, "fixed": 1157, "open": 145} of 6610 strings, 2651 flaws, 2024-10-10"#);
    assert_eq!(fixed(keeper.about("ecosystem:pypi", "werkzeug", "CVE-2023-23934")), "2.2.3");
}

#[test]
fn azure_linux() {
    let Some(keeper) = keep("azurelinux-oval") else { return };
    insta::assert_snapshot!(keeper.summary(), @r#"
    4702 records, 4673 statements {"affected": 160, "fixed": 4391, "not-affected": 122} of 5461 strings, 0 flaws, 2025-02-24
    1 oval:com.microsoft.azurelinux:def:34750: several fixed versions
    1 oval:com.microsoft.azurelinux:def:41033: its version is not a version
    1 oval:com.microsoft.cbl-mariner:def:32259: its version is not a version
    1 oval:com.microsoft.cbl-mariner:def:32280: its version is not a version
    "#);
    assert_eq!(fixed(keeper.about("azurelinux:3.0", "openssh", "CVE-2025-26466")), "9.8p1-3.azl3");
}

/// The catalogue as JSON and, of an earlier day, as CSV.
#[test]
fn exploited_in_either_form() {
    let Some(base) = yagura_testkit::shared_data("feeds/cisa-kev") else { return };
    let files = ["known_exploited_vulnerabilities.json", "known_exploited_vulnerabilities-2025-08-25.csv"];
    let [newer, older] = files.map(|file| {
        let mut entries = Vec::new();
        unpack_file(&base.join(file), "known_exploited_vulnerabilities.json", &mut entries);
        read(feed("cisa-kev"), &entries)
    });
    insta::assert_snapshot!(format!("{}\n{}", newer.summary(), older.summary()), @r"
    1653 records, 0 statements {} of 0 strings, 1653 flaws, 2026-07-23
    1404 records, 0 statements {} of 0 strings, 1404 flaws, 2025-08-25
    ");
    // What both know, they know alike, but for due dates and texts that CISA changed later.
    let later: BTreeMap<&str, &Vulnerability> = newer.flaws.iter().map(|flaw| (flaw.id.as_str(), flaw)).collect();
    let kept = older.flaws.iter().filter(|flaw| {
        let now = later.get(flaw.id.as_str()).and_then(|now| now.kev.as_ref());
        now.map(|kev| kev.added) == flaw.kev.as_ref().map(|kev| kev.added)
    });
    assert!(kept.count() > 1_390, "the dates of the two forms differ");
}

/// Small raw documents of all shapes.
#[test]
fn samples_of_every_format() {
    let Some(base) = yagura_testkit::shared_data("feeds/_format-samples") else { return };
    let samples = [
        ("alpine-secdb", "edge-main.json", "alpine/secdb/edge/main.json"),
        ("alpine-secdb", "edge-community.json", "alpine/secdb/edge/community.json"),
        ("alpine-secdb", "v3.16-main.json", "alpine/secdb/v3.16/main.json"),
        ("alpine-secdb", "v3.16-community.json", "alpine/secdb/v3.16/community.json"),
        ("arch", "all.json", "arch/advisory.json"),
        ("arch", "all.json", "arch/invalid.json"),
        ("photon", "cve_data_photon1.0.json", "photon/cve/happy/cve_data_photon1.0.json"),
        ("photon", "cve_data_photon4.0.json", "photon/cve/happy/cve_data_photon4.0.json"),
        ("photon", "cve_data_photon5.0.json", "photon/cve/happy/cve_data_photon5.0.json"),
        ("gentoo-glsa", "glsa.tar.gz", "gentoo/glsa/data/glsa-202305-28.xml"),
        ("nvd", "nvdcve-2.0-2002.json.gz", "nvd/feed/cve/v2/nvdcve-2.0-2002.json.gz"),
        ("nvd", "nvdcve-2.0-2021.json.gz", "nvd/feed/cve/v2/nvdcve-2.0-2021.json.gz"),
        ("nvd", "nvdcve-2.0-2021.json.gz", "nvd/feed/cve/v2/nvdcve-2.0-modified.json.gz"),
        ("nvd", "nvdcve-2.0-2002.json.gz", "nvd/feed/cve/v1/nvdcve-1.1-2002.json.gz"),
        ("nvd", "nvdcve-2.0-2021.json.gz", "nvd/feed/cve/v1/nvdcve-1.1-2021.json.gz"),
        ("nvd", "nvdcve-2.0-2021.json.gz", "nvd/api/cve/3_items/0-3.json"),
        ("nvd", "nvdcve-2.0-2021.json.gz", "nvd/api/cve/3_pages/6-3.json"),
        ("nvd", "nvdcve-2.0-2021.json.gz", "nvd/api/cve/empty/0-1.json"),
        ("nvd", "nvdcve-2.0-2021.json.gz", "nvd/api/cve/ssvc_affected/0-3.json"),
        ("cve-list", "cvelistV5.tar.gz", "mitre/cve/v5/cvelistV5-main.tar.gz"),
    ];
    let mut lines = Vec::new();
    for (id, document, path) in samples {
        let mut entries = Vec::new();
        if path.ends_with(".tar.gz") {
            let reader = flate2::read::GzDecoder::new(std::fs::File::open(base.join(path)).unwrap());
            for member in tar::Archive::new(reader).entries().unwrap() {
                let mut member = member.unwrap();
                if member.header().entry_type().is_file() {
                    let name = member.path().unwrap().to_string_lossy().into_owned();
                    let mut bytes = Vec::new();
                    std::io::Read::read_to_end(&mut member, &mut bytes).unwrap();
                    entries.push(Unpacked { document, name, bytes });
                }
            }
        } else {
            unpack_file(&base.join(path), document, &mut entries);
        }
        let mut keeper = Keeper::default();
        let outcome = entries.iter().try_for_each(|entry| (feed(id).parse)(&entry.entry(), &mut keeper));
        let said = match outcome {
            Ok(()) => keeper.summary(),
            Err(error) => error.to_string(),
        };
        lines.push(format!("{path} {said}"));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    alpine/secdb/edge/main.json 1 records, 3 statements {"fixed": 3} of 5 strings, 0 flaws, no date
    alpine/secdb/edge/community.json 1 records, 8 statements {"fixed": 8} of 11 strings, 0 flaws, no date
    alpine/secdb/v3.16/main.json 1 records, 2 statements {"fixed": 2} of 5 strings, 0 flaws, no date
    alpine/secdb/v3.16/community.json 1 records, 1 statements {"fixed": 1} of 3 strings, 0 flaws, no date
    arch/advisory.json 2 records, 3 statements {"fixed": 3} of 11 strings, 0 flaws, no date
    arch/invalid.json `invalid.json` is not a valid Arch tracker JSON at line 1 column 1: expected value
    photon/cve/happy/cve_data_photon1.0.json 2 records, 2 statements {"fixed": 2} of 5 strings, 0 flaws, no date
    photon/cve/happy/cve_data_photon4.0.json 7 records, 3 statements {"fixed": 3} of 5 strings, 0 flaws, no date
    1 curl UNK-1: not the id of a flaw
    1 curl-devel UNK-1: not the id of a flaw
    1 curl-libs UNK-1: not the id of a flaw
    1 linux Re: not the id of a flaw
    photon/cve/happy/cve_data_photon5.0.json 2 records, 2 statements {"fixed": 1, "not-affected": 1} of 5 strings, 0 flaws, no date
    gentoo/glsa/data/glsa-202305-28.xml 1 records, 1 statements {"fixed": 1} of 3 strings, 1 flaws, 2023-05-21
    nvd/feed/cve/v2/nvdcve-2.0-2002.json.gz 4 records, 0 statements {} of 0 strings, 4 flaws, 2026-03-09
    nvd/feed/cve/v2/nvdcve-2.0-2021.json.gz 3 records, 0 statements {} of 0 strings, 3 flaws, 2025-06-25
    nvd/feed/cve/v2/nvdcve-2.0-modified.json.gz 2 records, 0 statements {} of 0 strings, 2 flaws, 2026-01-01
    nvd/feed/cve/v1/nvdcve-1.1-2002.json.gz 4 records, 0 statements {} of 0 strings, 4 flaws, 2025-01-01
    nvd/feed/cve/v1/nvdcve-1.1-2021.json.gz 2 records, 0 statements {} of 0 strings, 2 flaws, 2022-09-10
    nvd/api/cve/3_items/0-3.json 3 records, 0 statements {} of 0 strings, 3 flaws, 2023-11-10
    nvd/api/cve/3_pages/6-3.json 2 records, 0 statements {} of 0 strings, 2 flaws, 2023-11-10
    nvd/api/cve/empty/0-1.json 0 records, 0 statements {} of 0 strings, 0 flaws, 2023-11-10
    nvd/api/cve/ssvc_affected/0-3.json 1 records, 0 statements {} of 0 strings, 1 flaws, 2026-06-18
    mitre/cve/v5/cvelistV5-main.tar.gz 4 records, 0 statements {} of 0 strings, 4 flaws, 2022-08-18
    "#);
}
