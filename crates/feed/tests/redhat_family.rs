//! The feeds of Red Hat and its kin as their upstreams published them: counts, and what a real
//! host's packages meet.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper that fails, fails its test; Clippy only sees the test functions themselves"
)]

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use yagura_feed::container::{Origin, for_each_entry};
use yagura_feed::{FeedSpec, Sink, alma_osv, fedora, oracle_oval, redhat_cve, redhat_osv, redhat_oval};
use yagura_feed::{redhat_repositories, redhat_vex, rocky_osv};
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
    /// Reads every document of `feed` from the mirror, or the one file of the format samples that
    /// stands for them.
    fn of(feed: &FeedSpec) -> Option<Self> {
        let mirror = feed.documents[0].mirror;
        let base = yagura_testkit::shared_data("feeds")?;
        let (folder, last) = mirror.rsplit_once('/').unwrap();
        let (before, after) = last.split_once('*').unwrap_or((last, ""));
        let files = std::fs::read_dir(base.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let named = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with(before) && name.ends_with(after)
        };
        Some(Self::of_file(feed, &files.filter(named).max().unwrap()))
    }

    fn of_sample(feed: &FeedSpec, sample: &str) -> Option<Self> {
        let base = yagura_testkit::shared_data("feeds/_format-samples")?;
        Some(Self::of_file(feed, &base.join(sample)))
    }

    fn of_file(feed: &FeedSpec, path: &Path) -> Self {
        let mut kept = Self::default();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let document = &feed.documents[0];
        let origin = Origin { document: document.name, file: &file };
        for_each_entry(File::open(path).unwrap(), origin, document.into(), &mut |entry| {
            (feed.parse)(entry, &mut kept).unwrap();
            ControlFlow::Continue(())
        })
        .unwrap();
        kept
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
    15175 records, 235002 statements, 15148 flaws
    70555 distinct strings, 0 doubles
    of channels 156804, of modules 40708, of modules without a name 1059
    {"fixed": 235002}
    {"redhat:2": 600, "redhat:3": 2528, "redhat:4": 6574, "redhat:5": 17502, "redhat:6": 32671, "redhat:7": 56452, "redhat:8": 92453, "redhat:9": 26222}
    rejected {"a product of no known release": 31}
    data of 2025-02-18
    "#);
}

#[test]
fn red_hats_flaws() {
    let Some(kept) = Kept::of(&redhat_cve::FEED) else { return };
    insta::assert_snapshot!(kept.render(), @r#"
    12760 records, 132343 statements, 12760 flaws
    29898 distinct strings, 0 doubles
    of channels 62968, of modules 1802, of modules without a name 0
    {"end-of-life": 13571, "fixed": 75924, "not-affected": 31453, "open": 4461, "postponed": 1370, "under-investigation": 477, "will-not-fix": 5087}
    {"redhat:5": 1723, "redhat:6": 14978, "redhat:7": 56229, "redhat:8": 38412, "redhat:9": 21001}
    rejected {}
    data of
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

#[test]
fn red_hats_vex_documents_of_five_flaws() {
    let Some(kept) = Kept::of_sample(&redhat_vex::FEED, "redhat/vex/v1/csaf_vex_2024-08-04.tar.zst") else { return };
    insta::assert_snapshot!(kept.render(), @r#"
    5 records, 65 statements, 5 flaws
    40 distinct strings, 0 doubles
    of channels 26, of modules 0, of modules without a name 0
    {"end-of-life": 8, "fixed": 37, "not-affected": 16, "open": 3, "will-not-fix": 1}
    {"redhat:6": 6, "redhat:7": 10, "redhat:8": 30, "redhat:9": 19}
    rejected {}
    data of 2024-08-02
    "#);
}

/// Where VEX and the API speak of one package, they agree in all but what happened between their dates.
#[test]
fn vex_and_the_api_agree() {
    let Some(vex) = Kept::of_sample(&redhat_vex::FEED, "redhat/vex/v1/csaf_vex_2024-08-04.tar.zst") else { return };
    let Some(api) = Kept::of(&redhat_cve::FEED) else { return };
    type About = (String, String, Option<String>, Option<String>, String);
    let about = |told: &Statement| -> About {
        let Statement { release, package, channel, module, vulnerability, .. } = told;
        (vulnerability.clone(), release.to_string(), channel.clone(), module.clone(), package.clone())
    };
    let by_api: BTreeMap<About, &StatementState> =
        api.statements.iter().map(|told| (about(told), &told.state)).collect();
    let (mut same, mut other) = (0_u32, String::new());
    for told in vex.statements.iter().filter(|told| told.names == Names::Source) {
        match by_api.get(&about(told)) {
            Some(state) if **state == told.state => same += 1,
            Some(state) => writeln!(other, "{:?} vex {:?} api {state:?}", about(told), told.state).unwrap(),
            None => {}
        }
    }
    insta::assert_snapshot!(format!("{same} agree\n{other}"), @r#"
    62 agree
    ("CVE-2023-6228", "redhat:8", None, None, "compat-libtiff3") vex WillNotFix api Postponed
    ("CVE-2023-6228", "redhat:8", None, None, "libtiff") vex Open api Fixed("4.0.9-32.el8_10")
    ("CVE-2023-6237", "redhat:9", None, None, "edk2") vex Open api Fixed("20240524-6.el9_5")
    "#);
}

#[test]
fn red_hats_oval_of_rhel_9_cut_down() {
    let sample = "redhat/oval/v2/oval/v2/RHEL9/rhel-9-including-unpatched.oval.xml.bz2";
    let Some(kept) = Kept::of_sample(&redhat_oval::FEED, sample) else { return };
    insta::assert_snapshot!(kept.render(), @r#"
    4 records, 6 statements, 6 flaws
    12 distinct strings, 0 doubles
    of channels 0, of modules 0, of modules without a name 0
    {"fixed": 2, "not-affected": 3, "will-not-fix": 1}
    {"redhat:9": 6}
    rejected {}
    data of 2022-08-17
    "#);
}

#[test]
fn oracles_errata_cut_down() {
    let Some(kept) = Kept::of_sample(&oracle_oval::FEED, "oracle/linux/com.oracle.elsa-all.xml.bz2") else { return };
    insta::assert_snapshot!(kept.render(), @r#"
    2 records, 9 statements, 6 flaws
    13 distinct strings, 0 doubles
    of channels 0, of modules 1, of modules without a name 0
    {"fixed": 9}
    {"oracle:5": 8, "oracle:8": 1}
    rejected {}
    data of 2022-04-27
    "#);
}

#[test]
fn fedoras_updates_cut_down() {
    let happy = "fedora/updateinfo/happy";
    let hashes = [
        "fedora/linux/updates/43/Everything/x86_64/repodata/74f58a91baa4a290e7ab058c6298b46ef49fc5ee990ede14d181340e5d22fca9-updateinfo.xml.zst",
        "archive/fedora/linux/updates/38/Modular/x86_64/repodata/5018295245e031a2d51db78a23935461d067cdbc1b6e43d8575983c5f6893252-updateinfo.xml.xz",
        "archive/epel/6.2017-11-07/SRPMS/repodata/804c7236e6d341cbb68a257bf8b984a140c1f1d2006e35ba9f6d2383b1a50ab0-updateinfo.xml.bz2",
    ];
    let mut records = 0;
    for file in hashes {
        let Some(kept) = Kept::of_sample(&fedora::FEED, &format!("{happy}/{file}")) else { return };
        assert_eq!(kept.rejected, BTreeMap::new(), "{file}");
        records += kept.records;
    }
    assert_eq!(records, 3);
}

#[test]
fn red_hats_repositories() {
    let Some(base) = yagura_testkit::shared_data("feeds/redhat/repository-to-cpe.json.zst") else { return };
    let document = &redhat_repositories::DOCUMENT;
    let origin = Origin { document: document.name, file: "repository-to-cpe.json.zst" };
    let (mut rows, mut places) = (BTreeMap::new(), BTreeSet::new());
    for_each_entry(File::open(base).unwrap(), origin, document.into(), &mut |entry| {
        let summary = redhat_repositories::read(entry, &mut |row| {
            places.extend(row.places.iter().cloned());
            rows.insert(row.repository, row.places);
        });
        let summary = summary.unwrap();
        assert_eq!((summary.repositories, summary.rejected), (10_106, 0));
        ControlFlow::Continue(())
    })
    .unwrap();
    let shown = |repository: &str| {
        let places =
            rows[repository].iter().map(|(key, channel)| format!("{key}/{}", channel.as_deref().unwrap_or("-")));
        places.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown("rhel-9-for-x86_64-baseos-rpms"), "redhat:9/-");
    assert_eq!(shown("rhel-9-for-s390x-highavailability-eus-rpms__9_DOT_4"), "redhat:9/eus:9.4");
    insta::assert_snapshot!(format!("{} repositories, {} places", rows.len(), places.len()), @r"
    3554 repositories, 1315 places
    ");
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
