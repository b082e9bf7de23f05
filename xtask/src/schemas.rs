//! `cargo xtask schemas`: every document that we write, against the schema of its format.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::process::{self, cargo};
use crate::repository;

/// Renders invented and hostile assessments and checks them with the official schemas, which come
/// with packages of other ecosystems: without Python or a network the check skips itself aloud.
pub(crate) fn run() -> Result<()> {
    let Some(python) = process::find("python3") else {
        println!("skipped: schemas, for which `python3` is not installed");
        return Ok(());
    };
    let folder = repository::root().join("target/samples");
    let mut samples = cargo("run");
    samples.args(["--quiet", "--locked", "--package", "yagura-report", "--example", "samples", "--"]).arg(&folder);
    process::run(&mut samples)?;
    let mut check = process::command(python);
    check.arg("checks/schemas.py");
    for (flag, ending) in [("--sarif", "sarif"), ("--cyclonedx", "cyclonedx"), ("--assessment", "json")] {
        check.arg(flag).args(documents(&folder, ending)?);
    }
    let shown = check.status().context("cannot start `python3 checks/schemas.py`")?;
    match shown.code() {
        Some(0) => Ok(()),
        Some(2) => {
            println!("skipped: schemas, which could not be fetched or checked here (see above)");
            Ok(())
        }
        _ => anyhow::bail!("a document is not valid under its format's schema"),
    }
}

/// The rendered documents of one format; the inventory is JSON of a shape of its own.
fn documents(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == ending) && !name.contains("inventory") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
