//! `cargo xtask policy`: which crates may come in, under which licence, from where, how often.
//!
//! The policy is `deny.toml`, which `cargo deny` reads. That tool takes minutes to build, so the
//! parts that matter are judged here from `cargo tree` and the lock file, by the same lists; where
//! `cargo deny` is installed it judges as well.

mod document;
mod licence;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};

use self::document::Document;
use crate::process::{self, cargo};
use crate::repository;

/// One crate of the tree that is really built here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Crate {
    name: String,
    version: String,
    licence: String,
}

/// Judges the workspace and the fuzz targets.
pub(crate) fn run() -> Result<()> {
    let root = repository::root();
    let policy = std::fs::read_to_string(root.join("deny.toml")).context("cannot read `deny.toml`")?;
    let policy = Document::parse(&policy);
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).context("cannot read `Cargo.lock`")?;
    let arguments = [
        "--workspace",
        "--edges",
        "normal,build,dev",
        "--prefix",
        "none",
        "--no-dedupe",
        "--locked",
        "--format",
        "{p}|{l}",
    ];
    let crates = read_tree(&process::output(cargo("tree").args(arguments), &[0])?)?;
    let mut complaints = judge(&policy, &crates);
    complaints.extend(sources(&policy, &lock));
    for complaint in &complaints {
        println!("{complaint}");
    }
    if !complaints.is_empty() {
        bail!("policy: {} things to put right", complaints.len());
    }
    if process::find("cargo-deny").is_some() {
        process::run(cargo("deny").args(["--locked", "check", "bans", "licenses", "sources"]))?;
    } else {
        println!("skipped: `cargo deny`, which is not installed; its lists were judged here");
    }
    println!("policy: {} crates, nothing to put right", crates.len());
    Ok(())
}

/// Reads lines such as `serde v1.0.0|MIT OR Apache-2.0`.
fn read_tree(tree: &str) -> Result<BTreeSet<Crate>> {
    let lines = tree.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (package, licence) = line.split_once('|').with_context(|| format!("no licence column in `{line}`"))?;
            let mut words = package.split(' ');
            let name = words.next().unwrap_or_default().to_owned();
            let version = words.next().unwrap_or_default().trim_start_matches('v').to_owned();
            Ok(Crate { name, version, licence: licence.trim_end_matches(" (*)").to_owned() })
        })
        .collect()
}

fn judge(policy: &Document, crates: &BTreeSet<Crate>) -> Vec<String> {
    let mut complaints = Vec::new();
    let allowed = policy.names("licenses", "allow");
    let banned = policy.names("bans", "deny");
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Crate { name, version, licence } in crates {
        if !licence::allowed(licence, &allowed) {
            complaints.push(format!("`{name}` {version} has the licence `{licence}`, which deny.toml does not allow"));
        }
        if banned.contains(&name.as_str()) {
            complaints
                .push(format!("`{name}` {version} is banned by deny.toml; `cargo tree -i {name}` tells who wants it"));
        }
        versions.entry(name).or_default().push(version);
    }
    let skipped = policy.names("bans", "skip");
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        if !skipped.iter().any(|skip| skip.split('@').next() == Some(*name)) {
            complaints.push(format!("`{name}` is built {} times: {}", versions.len(), versions.join(", ")));
        }
    }
    complaints
}

/// Every crate of the lock file comes from an allowed registry.
fn sources(policy: &Document, lock: &str) -> Vec<String> {
    let allowed = policy.names("sources", "allow-registry");
    let lines = lock.lines().filter_map(|line| line.strip_prefix("source = \"")).map(|line| line.trim_end_matches('"'));
    let foreign: BTreeSet<&str> =
        lines.filter(|source| !source.strip_prefix("registry+").is_some_and(|url| allowed.contains(&url))).collect();
    foreign
        .into_iter()
        .map(|source| format!("Cargo.lock has crates from `{source}`, which deny.toml does not allow"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "[licenses]\nallow = [\"MIT\"]\n[bans]\ndeny = [{ crate = \"ring\", reason = \"one provider\" }]\n\
        skip = [{ crate = \"syn@2\", reason = \"moving\" }]\n[sources]\nallow-registry = [\"https://index\"]\n";

    fn complaints(tree: &str) -> Vec<String> {
        judge(&Document::parse(POLICY), &read_tree(tree).unwrap())
    }

    #[test]
    fn licences_bans_and_duplicates_are_judged() {
        assert!(complaints("a v1.0.0|MIT\nsyn v1.0.0 (proc-macro)|MIT\nsyn v2.0.0|MIT\n").is_empty());
        assert_eq!(
            complaints("a v1.0.0|GPL-3.0-only\n"),
            ["`a` 1.0.0 has the licence `GPL-3.0-only`, which deny.toml does not allow"]
        );
        assert!(complaints("ring v0.17.0|MIT\n").first().unwrap().contains("banned"));
        assert_eq!(
            complaints("a v1.0.0|MIT\na v2.0.0|MIT\na v2.0.0|MIT (*)\n"),
            ["`a` is built 2 times: 1.0.0, 2.0.0"]
        );
    }

    #[test]
    fn another_registry_is_named() {
        let lock = "source = \"registry+https://index\"\nsource = \"git+https://elsewhere/x\"\n";
        let complaints = sources(&Document::parse(POLICY), lock);
        assert_eq!(
            complaints,
            ["Cargo.lock has crates from `git+https://elsewhere/x`, which deny.toml does not allow"]
        );
    }
}
