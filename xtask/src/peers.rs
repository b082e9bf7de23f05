//! Other scanners, fed with the very document that Yagura reads.
//!
//! A peer with data of its own day would disagree about the data. Here each gets a database made
//! from the same Debian tracker document, so what remains is how a host is read and judged.

pub(crate) mod debsecan;
pub(crate) mod dpkg;
pub(crate) mod tracker;
pub(crate) mod trivy;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::process;
use crate::repository;

/// One statement about a host: this source package has this flaw.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) source: String,
    pub(crate) cve: String,
}

impl Row {
    pub(crate) fn new(source: impl Into<String>, cve: impl Into<String>) -> Self {
        Self { source: source.into(), cve: cve.into() }
    }
}

/// What Yagura says of a root.
pub(crate) struct Ours {
    pub(crate) rows: BTreeSet<Row>,
    /// What it declares to be nobody's business but its own vendor's: `nodejs 20.1-1nodesource1`.
    pub(crate) foreign: BTreeSet<String>,
}

/// Returns the folder in which databases and downloaded peers are kept.
pub(crate) fn workshop() -> Result<PathBuf> {
    let folder = repository::root().join("target/peers");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    Ok(folder)
}

/// Yagura with an index made from one tracker document and nothing else.
pub(crate) struct Yagura {
    program: PathBuf,
    data: PathBuf,
}

impl Yagura {
    /// Syncs from a mirror that holds this document alone.
    pub(crate) fn prepare(program: PathBuf, tracker: &Path) -> Result<Self> {
        let folder = workshop()?.join("yagura");
        let data = folder.join("data");
        let mirror = folder.join("mirror/debian/derived");
        for stale in [&data, &mirror] {
            if stale.exists() {
                std::fs::remove_dir_all(stale)?;
            }
        }
        std::fs::create_dir_all(&mirror)?;
        let name = tracker.file_name().context("the tracker document has no file name")?;
        std::fs::copy(tracker, mirror.join(name)).with_context(|| format!("cannot copy `{}`", tracker.display()))?;
        let mut sync = process::command(&program);
        sync.args(["feed", "sync", "--only", "debian-tracker", "--mirror"]).arg(folder.join("mirror"));
        process::output(sync.arg("--data-dir").arg(&data), &[0])?;
        Ok(Self { program, data })
    }

    /// Prepares the run that all comparisons and measures are about.
    pub(crate) fn assess(&self, root: &Path) -> Command {
        let mut assess = process::command(&self.program);
        assess.args(["assess", "--rules", "cve", "--format", "json"]);
        // `/` is this machine as it runs, with its kernel; anything else is a tree that nobody booted.
        if root != Path::new("/") {
            assess.arg("--root").arg(root);
        }
        assess.arg("--data-dir").arg(&self.data);
        assess
    }

    /// Assesses a root and reads the result.
    pub(crate) fn rows(&self, root: &Path) -> Result<Ours> {
        read_assessment(&process::output(&mut self.assess(root), &[0])?)
    }
}

fn read_assessment(json: &str) -> Result<Ours> {
    let result: Value = serde_json::from_str(json).context("`yagura assess --format json` did not print JSON")?;
    let findings = result.get("findings").and_then(Value::as_array).context("the result has no `findings`")?;
    let (mut rows, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for finding in findings {
        let evidence = finding.get("evidence").context("a finding has no `evidence`")?;
        let text = |key: &str| {
            let value = evidence.get(key).with_context(|| format!("a finding's evidence has no `{key}`"))?;
            // A source package may be its name, or an object that carries the version as well.
            let name = value.as_str().or_else(|| value.get("name").and_then(Value::as_str));
            name.with_context(|| format!("`{key}` is not a text")).map(str::to_owned)
        };
        // Binaries of one source can be there in two versions, and each version has its finding.
        let (row, version) = (Row::new(text("sourcePackage")?, text("cve")?), text("installedVersion")?);
        let first = seen.insert((row.clone(), version.clone()));
        ensure!(first, "two findings about {} in `{} {version}`", row.cve, row.source);
        rows.insert(row);
    }
    let exclusions = result.get("exclusions").and_then(Value::as_array).into_iter().flatten();
    let foreign = exclusions
        .filter(|exclusion| exclusion.get("code").and_then(Value::as_str) == Some("no-authority"))
        .filter_map(|exclusion| exclusion.get("subject").and_then(Value::as_str))
        .map(str::to_owned)
        .collect();
    Ok(Ours { rows, foreign })
}

#[test]
fn an_assessment_gives_rows_and_what_has_no_authority() {
    let json = r#"{"findings":[{"evidence":{"cve":"CVE-2099-0001","sourcePackage":"demo","installedVersion":"1"}},
        {"evidence":{"cve":"CVE-2099-0001","sourcePackage":"demo","installedVersion":"2"}},
        {"evidence":{"cve":"CVE-2099-0002","sourcePackage":{"name":"demo","version":"1"},"installedVersion":"1"}}],
        "exclusions":[{"code":"no-authority","subject":"nodejs"},{"code":"unreadable","subject":"x"}]}"#;
    let ours = read_assessment(json).unwrap();
    let expected = [Row::new("demo", "CVE-2099-0001"), Row::new("demo", "CVE-2099-0002")];
    assert_eq!(ours.rows.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(ours.foreign.into_iter().collect::<Vec<_>>(), ["nodejs"]);
}

#[test]
fn one_flaw_of_one_version_counted_twice_is_an_error() {
    let finding = r#"{"evidence":{"cve":"CVE-1","sourcePackage":"a","installedVersion":"1"}}"#;
    let json = format!(r#"{{"findings":[{finding},{finding}]}}"#);
    assert_eq!(read_assessment(&json).err().unwrap().to_string(), "two findings about CVE-1 in `a 1`");
}
