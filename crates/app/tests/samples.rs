//! Package databases of real systems, judged from end to end: the tree is read, the feed is compiled, the host is
//! assessed, and what comes out is what the distributions' own version comparison gives.

#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;
use tempfile::TempDir;
use yagura_app::{AssessOptions, assess};
use yagura_feed::{CurrentIndex, FEEDS, Mirror, Silent, SyncOptions, sync};
use yagura_model::{Assessment, Evidence, RulesPackage, StatementState, VulnerabilityEvidence};
use yagura_probe::RootedHost;

/// A host of the samples, and the rows that are expected of it.
struct Sample {
    folder: PathBuf,
    work: TempDir,
}

impl Sample {
    /// Finds a sample; `None`, told aloud, where the shared data are not at hand.
    fn find(name: &str) -> Option<Self> {
        let folder = yagura_testkit::shared_data(&format!("hosts/{name}"))?;
        Some(Self { folder, work: tempfile::tempdir().unwrap() })
    }

    fn root(&self) -> PathBuf {
        let plain = self.folder.join("rootfs");
        if plain.is_dir() {
            return plain;
        }
        let archive = File::open(self.folder.join("rootfs.tar.zst")).unwrap();
        let target = self.work.path().join("root");
        tar::Archive::new(zstd::Decoder::new(archive).unwrap()).unpack(&target).unwrap();
        target
    }

    /// Assesses the host with one feed of the mirror.
    fn assess(&self, feed: &str) -> Option<Assessment> {
        let mirror: Mirror = yagura_testkit::shared_data("feeds")?.to_str().unwrap().parse().unwrap();
        let data = self.work.path().join("data");
        let now: Timestamp = "2026-11-25T00:00:00Z".parse().unwrap();
        let options =
            SyncOptions { mirror: Some(mirror), only: vec![feed.to_owned()], ..SyncOptions::new(data.clone(), now) };
        let report = sync(&options, FEEDS, &Silent, &AtomicBool::new(false)).unwrap();
        assert!(report.is_complete(), "{report:?}");
        let current = CurrentIndex::open(&data).unwrap().unwrap();
        let index = current.index().unwrap();
        let snapshot = yagura_probe::full_inventory(&RootedHost::open(self.root()).unwrap()).unwrap();
        let options =
            AssessOptions { rules: &[RulesPackage::Cve], index: Some(&index), no_index_reason: None, started_at: now };
        Some(assess(snapshot, &options, || now))
    }

    /// Returns the columns of a table by their names.
    fn rows<const N: usize>(&self, table: &str, columns: [&str; N]) -> BTreeSet<[String; N]> {
        rows(&self.folder.join(table), columns)
    }
}

fn rows<const N: usize>(path: &Path, columns: [&str; N]) -> BTreeSet<[String; N]> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let places = columns.map(|column| names.iter().position(|name| *name == column).unwrap());
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            places.map(|place| cells.get(place).copied().unwrap_or_default().to_owned())
        })
        .collect()
}

fn evidence(assessment: &Assessment) -> impl Iterator<Item = &VulnerabilityEvidence> {
    assessment.findings.iter().filter_map(|finding| match &finding.evidence {
        Evidence::Vulnerability(evidence) => Some(evidence.as_ref()),
        Evidence::Setting(_) => None,
    })
}

/// Advisory and installed package of each finding.
fn advised(assessment: &Assessment) -> BTreeSet<[String; 2]> {
    let pairs = evidence(assessment).flat_map(|evidence| {
        let packages = || evidence.packages.iter().map(|package| package.name.clone());
        evidence.advisories.iter().flat_map(move |advisory| packages().map(|name| [advisory.clone(), name]))
    });
    pairs.collect()
}

#[test]
fn ubuntu_18_04_has_what_its_tracker_says() {
    let Some(sample) = Sample::find("ubuntu-18.04-a") else { return };
    let Some(assessment) = sample.assess("ubuntu-cve-tracker") else { return };
    let found: BTreeSet<[String; 4]> = evidence(&assessment)
        .map(|evidence| {
            let (state, fixed) = match &evidence.state {
                StatementState::Fixed(fixed) => ("fixable", fixed.as_str()),
                StatementState::Postponed => ("unfixed:deferred", ""),
                _ if evidence.note.as_deref() == Some("not yet triaged") => ("unfixed:needs-triage", ""),
                _ => ("unfixed:needed", ""),
            };
            [evidence.source.name.as_str(), &evidence.cve, state, fixed].map(str::to_owned)
        })
        .collect();
    let table = "expected-ubuntu-cve-tracker-2024-08-09.tsv";
    assert_eq!(found, sample.rows(table, ["source", "cve", "state", "fixed_version"]));
    assert_eq!(found.len(), 142);
    // The column `release` says which line spoke.
    let bought = evidence(&assessment).filter(|evidence| evidence.entitlement.is_some()).count();
    let lines = sample.rows(table, ["source", "cve", "state", "release"]);
    let esm = lines.iter().filter(|row| row[2] == "fixable" && row[3].starts_with("esm")).count();
    assert_eq!(bought, esm);
}

/// The table is about security advisories; Red Hat's others that name a CVE are found beside them.
#[test]
fn rhel_8_has_what_its_advisories_say() {
    let Some(sample) = Sample::find("rhel-8.0-ubi-bdb") else { return };
    let Some(assessment) = sample.assess("redhat-osv") else { return };
    let mut found = advised(&assessment);
    found.retain(|[advisory, _]| advisory.starts_with("RHSA-"));
    assert_eq!(found, sample.rows("expected-redhat-osv-2025-02-18.tsv", ["advisory", "name"]));
    assert!(!found.is_empty());
}

/// The table compares installed packages with the names of sources; where both have one name, it is matched exactly.
/// `libz1`, which comes of the source `zlib`, is not in it.
#[test]
fn sle_15_3_has_what_its_advisories_say() {
    let Some(sample) = Sample::find("sle-15.3-bci-ndb") else { return };
    let Some(assessment) = sample.assess("suse-osv") else { return };
    let found = advised(&assessment);
    let expected = sample.rows("expected-suse-osv-2025-02-13.tsv", ["advisory", "name"]);
    let names: BTreeSet<&String> = expected.iter().map(|[_, name]| name).collect();
    let same: BTreeSet<[String; 2]> = found.iter().filter(|[_, name]| names.contains(name)).cloned().collect();
    assert_eq!(same, expected);
    assert!(found.iter().any(|[advisory, name]| advisory == "SUSE-SU-2022:2947-1" && name == "libz1"));
}
