//! `cargo xtask fuzz`: every target in turn, under the address sanitizer.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::process::{self, cargo};
use crate::repository;

/// The most memory that a target may use, in MiB: the bounds that it tests are smaller.
const MEMORY_MIB: u32 = 2048;
/// The longest that one input may take, in seconds.
const TIMEOUT_S: u32 = 20;

/// Runs every target, or the one that is named, for some minutes each.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let minutes: u64 = match arguments.first() {
        Some(text) => text.parse().with_context(|| format!("`{text}` is not a number of minutes"))?,
        None => 1,
    };
    let manifest =
        std::fs::read_to_string(repository::root().join("fuzz/Cargo.toml")).context("cannot read `fuzz/Cargo.toml`")?;
    let mut targets = targets(&manifest);
    if let Some(wanted) = arguments.get(1) {
        targets.retain(|target| target == wanted);
    }
    if targets.is_empty() {
        bail!("fuzz/Cargo.toml has no such target");
    }
    if process::find("cargo-fuzz").is_none() {
        bail!(
            "`cargo fuzz` is not installed; try `cargo install --locked cargo-fuzz` (a C++ compiler is needed as well)"
        );
    }
    let limits = [
        format!("-max_total_time={}", minutes.saturating_mul(60)),
        format!("-rss_limit_mb={MEMORY_MIB}"),
        format!("-timeout={TIMEOUT_S}"),
    ];
    for target in &targets {
        println!("== {target}");
        // The sanitizers come with the stable toolchain; only the switch that turns them on is not stable.
        let mut fuzz = cargo("fuzz");
        fuzz.env("RUSTC_BOOTSTRAP", "1").args(["run", target]).args(folders(target)?).arg("--").args(&limits);
        process::run(&mut fuzz)
            .with_context(|| format!("target `{target}` failed; its input is in fuzz/artifacts/{target}"))?;
    }
    println!("fuzz: {} targets, {minutes} min each, nothing found", targets.len());
    Ok(())
}

/// Where new inputs are kept, and the small documents of our own that a target starts from.
fn folders(target: &str) -> Result<Vec<PathBuf>> {
    let fuzz = repository::root().join("fuzz");
    let corpus = fuzz.join("corpus").join(target);
    std::fs::create_dir_all(&corpus).with_context(|| format!("cannot make `{}`", corpus.display()))?;
    let seeds = fuzz.join("seeds").join(target);
    Ok(if seeds.is_dir() { vec![corpus, seeds] } else { vec![corpus] })
}

/// The names of the `[[bin]]` sections.
fn targets(manifest: &str) -> Vec<String> {
    let sections = manifest.split("[[bin]]").skip(1);
    sections
        .filter_map(|section| section.lines().find_map(|line| line.strip_prefix("name = \"")))
        .map(|name| name.trim_end_matches('"').to_owned())
        .collect()
}

#[test]
fn targets_are_the_bins_of_the_manifest() {
    let manifest = "[package]\nname = \"fuzz\"\n[[bin]]\nname = \"a\"\npath = \"x\"\n[[bin]]\nname = \"b\"\n";
    assert_eq!(targets(manifest), ["a", "b"]);
}
