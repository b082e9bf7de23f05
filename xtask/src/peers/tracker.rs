//! The Debian tracker document from which every party's database is made.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::process;
use crate::repository;

/// What the tracker says of one flaw in one source package of one release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Statement {
    pub(crate) source: String,
    pub(crate) cve: String,
    /// The repaired version; `None` while there is none.
    pub(crate) fixed: Option<String>,
    pub(crate) urgency: String,
}

/// Returns the newest document of the shared real data, or nothing where there is none.
pub(crate) fn newest() -> Result<Option<PathBuf>> {
    let Some(folder) = repository::shared_data("feeds/debian/derived") else { return Ok(None) };
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        // Names carry ISO dates, so the last one is the newest.
        if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("tracker-")) {
            documents.push(path);
        }
    }
    Ok(documents.into_iter().max())
}

/// Reads a document, decompressed by `zstd` where its name says so.
pub(crate) fn read(path: &Path) -> Result<String> {
    if path.extension().is_some_and(|extension| extension == "zst") {
        let zstd = process::need("zstd", "zstd")?;
        return process::output(process::command(zstd).args(["-d", "-q", "-c"]).arg(path), &[0]);
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// The statements about one release: affected until a version, or affected with no end.
pub(crate) fn statements(document: &str, codename: &str) -> Result<Vec<Statement>> {
    let document: Value = serde_json::from_str(document).context("the tracker document is not JSON")?;
    let mut statements = Vec::new();
    for (source, flaws) in document.as_object().context("the tracker document is not an object")? {
        for (cve, flaw) in flaws.as_object().context("a source package is not an object")? {
            let Some(release) = flaw.get("releases").and_then(|releases| releases.get(codename)) else { continue };
            let text = |key: &str| release.get(key).and_then(Value::as_str).unwrap_or_default();
            let fixed = match (text("status"), text("fixed_version")) {
                ("open", _) => None,
                // Version 0 marks what never applied; undecided statements claim nothing.
                ("resolved", "" | "0") | ("undetermined", _) => continue,
                ("resolved", version) => Some(version.to_owned()),
                (other, _) => bail!("{cve} in `{source}` has the unknown status `{other}`"),
            };
            let urgency = text("urgency").to_owned();
            statements.push(Statement { source: source.clone(), cve: cve.clone(), fixed, urgency });
        }
    }
    statements.sort();
    Ok(statements)
}

/// The code name of a root's release, from its os-release file.
pub(crate) fn codename(root: &Path) -> Result<String> {
    let path = root.join("etc/os-release");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let name = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let name = name.with_context(|| format!("`{}` has no VERSION_CODENAME", path.display()))?;
    Ok(name.trim_matches('"').to_owned())
}

#[test]
fn only_what_affects_the_release_is_a_statement() {
    let document = r#"{"demo":{
        "CVE-1":{"releases":{"bookworm":{"status":"open","urgency":"low"}}},
        "CVE-2":{"releases":{"bookworm":{"status":"resolved","fixed_version":"1.2-3","urgency":"high"}}},
        "CVE-3":{"releases":{"bookworm":{"status":"resolved","fixed_version":"0","urgency":"high"}}},
        "CVE-4":{"releases":{"bookworm":{"status":"undetermined","urgency":"high"}}},
        "CVE-5":{"releases":{"trixie":{"status":"open","urgency":"low"}}}}}"#;
    let rows: Vec<String> = statements(document, "bookworm")
        .unwrap()
        .into_iter()
        .map(|s| format!("{} {} {} {}", s.source, s.cve, s.fixed.unwrap_or_else(|| "-".into()), s.urgency))
        .collect();
    assert_eq!(rows, ["demo CVE-1 - low", "demo CVE-2 1.2-3 high"]);
    assert!(statements(r#"{"a":{"CVE-1":{"releases":{"x":{"status":"odd"}}}}}"#, "x").is_err());
}
