//! What only one room may do: speak SQL, speak HTTP, draw, print.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Tree;

/// Dependencies that belong to some rooms alone, so that what they do happens nowhere else.
const OWNERS: &[(&str, &[&str])] = &[
    ("anyhow", &["agent", "yagura"]),
    ("anstream", &["yagura"]),
    ("askama", &["report", "console"]),
    ("aws-lc-rs", &["agent", "app", "feed", "identity", "probe", "store", "wire"]),
    ("axum", &["api", "console"]),
    ("cedar-policy", &["identity"]),
    // Dates and times are jiff's; both come in with others' crates only.
    ("chrono", &[]),
    ("clap", &["yagura"]),
    ("comfy-table", &["yagura"]),
    ("governor", &["api"]),
    ("hyper", &["api", "console"]),
    ("indicatif", &["yagura"]),
    ("lexopt", &["agent"]),
    ("memmap2", &["feed"]),
    ("object_store", &["store"]),
    ("pdf-writer", &["report"]),
    ("postgres", &["store"]),
    ("rcgen", &["agent", "identity"]),
    ("reqwest", &["feed", "store"]),
    ("rusqlite", &["store", "testkit"]),
    ("rustls", &["agent", "api", "feed", "identity", "store", "yagura"]),
    ("time", &[]),
    ("tracing-subscriber", &["yagura"]),
    ("ureq", &["agent"]),
];

/// Rooms that may print.
const PROGRAMS: &[&str] = &["yagura"];

/// The room that may contain SQL.
const STORE: &str = "store";

/// How SQL begins in a string literal.
const SQL: &[&str] =
    &["\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM ", "\"CREATE TABLE ", "\"CREATE INDEX "];

/// A crate with an owner is used by its owner only.
pub(super) fn owners(tree: &Tree) -> Result<Vec<String>> {
    let owners: BTreeMap<&str, &[&str]> = OWNERS.iter().copied().collect();
    let mut complaints = Vec::new();
    for manifest in tree.texts.iter().filter(|source| source.path.ends_with("Cargo.toml")) {
        let Some(room) = manifest.room() else { continue };
        for (section, dependency, _) in dependencies(&manifest.text) {
            let owned = section == "dependencies" && owners.get(dependency).is_some_and(|rooms| !rooms.contains(&room));
            if owned {
                complaints.push(format!("`{room}` may not use `{dependency}`: see OWNERS in xtask/src/tidy/rooms.rs"));
            }
        }
    }
    Ok(complaints)
}

/// Versions stand once, in the workspace's manifest.
pub(super) fn manifests(tree: &Tree) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for manifest in tree.texts.iter().filter(|source| source.path.ends_with("Cargo.toml")) {
        let member =
            manifest.room().is_some() || ["simulate", "xtask"].iter().any(|folder| manifest.path.starts_with(folder));
        if !member {
            continue;
        }
        for (_, dependency, line) in dependencies(&manifest.text) {
            if !line.contains("workspace = true") {
                complaints.push(format!("{}: `{dependency}` must say `workspace = true`", manifest.shown()));
            }
        }
        if !manifest.text.contains("[lints]\nworkspace = true") {
            complaints.push(format!("{}: the workspace's lints are not taken over", manifest.shown()));
        }
    }
    Ok(complaints)
}

/// The dependency lines of a manifest: section, crate, the line.
fn dependencies(manifest: &str) -> Vec<(&str, &str, &str)> {
    let mut found = Vec::new();
    let mut section = "";
    for line in manifest.lines() {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
        } else if section.ends_with("dependencies")
            && let Some((name, _)) = line.split_once(['.', '='])
            && !line.starts_with('#')
        {
            found.push((section, name.trim(), line));
        }
    }
    found
}

/// Only programs print; the lint says so too, but an `expect` could talk its way out.
pub(super) fn printing(tree: &Tree) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for source in tree.texts.iter().filter(|source| source.is_rust() && !source.is_test()) {
        let Some(room) = source.room().filter(|room| !PROGRAMS.contains(room)) else { continue };
        for (number, line) in (1_usize..).zip(source.shipped().lines()) {
            let code = line.trim_start();
            let prints = ["print!(", "println!(", "eprint!(", "eprintln!("].iter().any(|call| code.contains(call));
            if prints && !code.starts_with("//") {
                complaints.push(format!("{}:{number}: `{room}` is no program and may not print", source.shown()));
            }
        }
    }
    Ok(complaints)
}

/// SQL text lives in the store.
pub(super) fn sql(tree: &Tree) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for source in tree.texts.iter().filter(|source| source.is_rust()) {
        // What is beside the picture makes databases for tests and for the simulated fleet.
        let Some(room) = source.room().filter(|room| *room != STORE && *room != "testkit") else { continue };
        for (number, line) in (1_usize..).zip(source.text.lines()) {
            if SQL.iter().any(|start| line.contains(start)) {
                complaints.push(format!("{}:{number}: SQL in `{room}`; only `{STORE}` may have it", source.shown()));
            }
        }
    }
    Ok(complaints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_used_by_its_owner_only() {
        let manifest = "[dependencies]\nreqwest.workspace = true\nserde.workspace = true\n";
        let tree = Tree::of(&[("crates/feed/Cargo.toml", manifest), ("crates/rules/Cargo.toml", manifest)]);
        let complaints = owners(&tree).unwrap();
        assert_eq!(complaints, ["`rules` may not use `reqwest`: see OWNERS in xtask/src/tidy/rooms.rs"]);
        let test_only = Tree::of(&[("crates/rules/Cargo.toml", "[dev-dependencies]\nreqwest.workspace = true\n")]);
        assert!(owners(&test_only).unwrap().is_empty());
    }

    #[test]
    fn a_version_outside_the_workspace_manifest_is_refused() {
        let text = "[dependencies]\n# why\nserde = \"1\"\nzip = { workspace = true }\n[lints]\nworkspace = true\n";
        let complaints = manifests(&Tree::of(&[("crates/feed/Cargo.toml", text)])).unwrap();
        assert_eq!(complaints, ["crates/feed/Cargo.toml: `serde` must say `workspace = true`"]);
        let bare = manifests(&Tree::of(&[("crates/feed/Cargo.toml", "[dependencies]\n")])).unwrap();
        assert_eq!(bare, ["crates/feed/Cargo.toml: the workspace's lints are not taken over"]);
    }

    #[test]
    fn a_library_prints_only_in_its_tests() {
        let text = "// println!(\"no\")\nfn f() { println!(\"x\"); }\n#[cfg(test)]\nmod tests { fn g() { println!(\"y\"); } }\n";
        let tree = Tree::of(&[("crates/feed/src/a.rs", text), ("crates/yagura/src/main.rs", text)]);
        assert_eq!(printing(&tree).unwrap(), ["crates/feed/src/a.rs:2: `feed` is no program and may not print"]);
    }

    #[test]
    fn a_statement_outside_the_store_is_found() {
        let text = "const ALL: &str = \"SELECT id FROM runs\";\n";
        let tree = Tree::of(&[("crates/app/src/a.rs", text), ("crates/store/src/a.rs", text)]);
        assert_eq!(sql(&tree).unwrap(), ["crates/app/src/a.rs:1: SQL in `app`; only `store` may have it"]);
    }
}
