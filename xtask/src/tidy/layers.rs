//! A crate uses only rows below its own, and the judges stay pure.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Tree;
use crate::process::{self, cargo};

/// The rooms, lowest row first, as `ARCHITECTURE.md` draws them. Rooms of one row do not know each other.
const ROWS: &[&[&str]] = &[
    &["version"],
    &["model"],
    &["index"],
    &["matcher", "rules", "scap"],
    &["wire", "identity"],
    &["feed", "probe", "store"],
    &["app"],
    &["report", "api", "agent"],
    &["yagura"],
];

/// They stand beside the picture: nothing that ships may use them.
const BESIDE: &[&str] = &["simulate", "testkit", "xtask"];

/// Rooms without file, socket, clock or randomness.
const PURE: &[&str] = &["version", "model", "index", "matcher", "rules", "scap"];

/// What would give a pure room a file, a socket or a runtime.
const IMPURE: &[&str] = &[
    "aws-lc-rs",
    "hyper",
    "libsqlite3-sys",
    "memmap2",
    "mio",
    "reqwest",
    "rusqlite",
    "rustix",
    "rustls",
    "socket2",
    "tempfile",
    "tokio",
    "tokio-postgres",
];

/// What of the standard library would do the same, and what `probe` may not use either: it starts no process.
const IMPURE_STD: &[&str] =
    &["std::env", "std::fs", "std::net", "std::process", "std::thread", "SystemTime", "Instant::now", "Timestamp::now"];
const PROBE_STD: &[&str] = &["std::process", "std::net", "SystemTime", "Timestamp::now"];

/// One `[dependencies]` line of one of our crates to another of them.
#[derive(Debug)]
struct Edge {
    from: String,
    to: String,
    /// `normal`, `dev` or `build`.
    kind: String,
}

/// Every workspace crate is on a row, and every dependency points downwards.
pub(super) fn layers(tree: &Tree) -> Result<Vec<String>> {
    let metadata = process::output(cargo("metadata").args(["--format-version", "1", "--no-deps", "--locked"]), &[0])?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is not JSON")?;
    let (rooms, edges) = read_metadata(&metadata);
    let mut complaints = judge(&rooms, &edges);
    if let Some(page) = tree.text("ARCHITECTURE.md") {
        let unnamed = rooms.iter().filter(|room| !page.text.contains(&format!("`{room}`")));
        complaints.extend(unnamed.map(|room| format!("ARCHITECTURE.md does not name the crate `{room}`")));
    }
    Ok(complaints)
}

fn judge(rooms: &[String], edges: &[Edge]) -> Vec<String> {
    let mut complaints: Vec<String> = rooms
        .iter()
        .filter(|room| row(room).is_none() && !BESIDE.contains(&room.as_str()))
        .map(|room| format!("crate `{room}` has no row in xtask/src/tidy/layers.rs"))
        .collect();
    for Edge { from, to, kind } in edges {
        let beside = |room: &str| BESIDE.contains(&room);
        if beside(from) {
            continue;
        }
        if beside(to) {
            if kind != "dev" {
                complaints.push(format!("`{from}` ships `{to}`, which is for tests"));
            }
            continue;
        }
        // A test may use a row below or its own crate's neighbours' documents, but never upwards.
        if row(to) >= row(from) {
            complaints.push(format!("`{from}` may not use `{to}` ({kind}): it is not on a row below"));
        }
    }
    complaints
}

fn row(room: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&room))
}

/// The short names of the workspace's crates, and the dependencies among them.
fn read_metadata(metadata: &Value) -> (Vec<String>, Vec<Edge>) {
    let short = |name: &str| name.strip_prefix("yagura-").unwrap_or(name).to_owned();
    let mut rooms = Vec::new();
    let mut edges = Vec::new();
    for package in list(metadata, "packages") {
        let from = short(string(package, "name"));
        for dependency in list(package, "dependencies") {
            // Our own crates, and only they, are dependencies by path.
            if dependency.get("path").is_some_and(Value::is_string) {
                let kind = dependency.get("kind").and_then(Value::as_str).unwrap_or("normal").to_owned();
                edges.push(Edge { from: from.clone(), to: short(string(dependency, "name")), kind });
            }
        }
        rooms.push(from);
    }
    (rooms, edges)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// No pure room's own tree holds a crate that reads, listens or waits.
pub(super) fn pure(tree: &Tree) -> Result<Vec<String>> {
    let mut complaints = reaching(tree);
    for room in PURE {
        // `cargo tree` and not the metadata's graph: that one lists optional crates nobody turned on.
        let package = format!("yagura-{room}");
        let arguments = ["--package", &package, "--edges", "normal", "--prefix", "none", "--format", "{p}", "--locked"];
        let graph = process::output(cargo("tree").args(arguments), &[0])?;
        complaints.extend(impure(room, &graph));
    }
    Ok(complaints)
}

/// Lines of shipped code that reach for a file, a socket, a process or the clock.
fn reaching(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in tree.texts.iter().filter(|source| source.is_rust() && !source.is_test()) {
        let forbidden = match source.room() {
            Some(room) if PURE.contains(&room) => IMPURE_STD,
            Some("probe") => PROBE_STD,
            _ => continue,
        };
        for (number, line) in (1_usize..).zip(source.shipped().lines()) {
            let code = line.trim_start();
            for word in forbidden.iter().filter(|word| code.contains(**word) && !code.starts_with("//")) {
                complaints.push(format!("{}:{number}: `{word}` does not belong in this room", source.shown()));
            }
        }
    }
    complaints
}

fn impure(room: &str, graph: &str) -> Vec<String> {
    let mut names: Vec<&str> = graph.lines().filter_map(|line| line.split(' ').next()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter(|name| IMPURE.contains(name))
        .map(|name| format!("`{room}` is pure, but `{name}` is in its tree"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(edges: &[(&str, &str, &str)]) -> Vec<String> {
        let edges: Vec<Edge> = edges
            .iter()
            .map(|(from, to, kind)| Edge { from: (*from).into(), to: (*to).into(), kind: (*kind).into() })
            .collect();
        judge(&[], &edges)
    }

    #[test]
    fn downwards_is_allowed_and_nothing_else() {
        assert!(complaints(&[("matcher", "index", "normal"), ("yagura", "version", "normal")]).is_empty());
        assert_eq!(complaints(&[("index", "matcher", "normal")]).len(), 1, "upwards");
        assert_eq!(complaints(&[("matcher", "rules", "normal")]).len(), 1, "sideways");
        assert_eq!(complaints(&[("model", "report", "dev")]).len(), 1, "upwards in a test");
    }

    #[test]
    fn the_test_kit_never_ships() {
        assert!(complaints(&[("feed", "testkit", "dev"), ("testkit", "probe", "normal")]).is_empty());
        assert_eq!(complaints(&[("feed", "testkit", "normal")]), ["`feed` ships `testkit`, which is for tests"]);
    }

    #[test]
    fn a_room_without_a_row_is_named() {
        let rooms = ["model".to_owned(), "attic".to_owned()];
        assert_eq!(judge(&rooms, &[]), ["crate `attic` has no row in xtask/src/tidy/layers.rs"]);
    }

    #[test]
    fn metadata_gives_the_edges_among_our_own_crates() {
        let metadata = serde_json::json!({"packages": [{"name": "yagura-feed", "dependencies": [
            {"name": "yagura-model", "kind": null, "path": "/x/model"},
            {"name": "yagura-testkit", "kind": "dev", "path": "/x/testkit"},
            {"name": "serde", "kind": null},
        ]}]});
        let (rooms, edges) = read_metadata(&metadata);
        assert_eq!(rooms, ["feed"]);
        let edges: Vec<String> = edges.iter().map(|e| format!("{} {} {}", e.from, e.to, e.kind)).collect();
        assert_eq!(edges, ["feed model normal", "feed testkit dev"]);
    }

    #[test]
    fn a_judge_may_not_reach_for_the_world() {
        let text = "// not std::fs\nuse std::fs::File;\n#[test]\nfn t() { std::fs::read(\"x\"); }\n";
        let tree = Tree::of(&[
            ("crates/rules/src/a.rs", text),
            ("crates/feed/src/a.rs", text),
            ("crates/probe/src/a.rs", text),
        ]);
        assert_eq!(reaching(&tree), ["crates/rules/src/a.rs:2: `std::fs` does not belong in this room"]);
        let starts = Tree::of(&[("crates/probe/src/a.rs", "use std::process::Command;\n")]);
        assert_eq!(reaching(&starts), ["crates/probe/src/a.rs:1: `std::process` does not belong in this room"]);
    }

    #[test]
    fn a_runtime_in_a_pure_tree_is_seen_once() {
        let graph = "yagura-rules v0.1.0 (/x)\ntokio v1.50.0\nserde v1.0.0\ntokio v1.50.0\n";
        assert_eq!(impure("rules", graph), ["`rules` is pure, but `tokio` is in its tree"]);
    }
}
