//! No public method of `Tx` is without a case.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The `.rs` files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Names of the public functions in the `impl Tx` blocks of a file.
fn methods(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("impl Tx<") || line.starts_with("impl<'t> Tx<") {
            inside = true;
        } else if line.starts_with('}') {
            inside = false;
        }
        let signature = line.strip_prefix("    pub fn ").or_else(|| line.strip_prefix("    pub const fn "));
        if let Some(signature) = signature.filter(|_| inside) {
            found.push(signature.split(['(', '<']).next().unwrap().to_owned());
        }
    }
    found
}

#[test]
fn every_public_method_of_a_transaction_has_a_case() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
    let all: BTreeSet<String> = sources(&store.join("src")).iter().flat_map(|path| methods(&read(path))).collect();
    assert!(all.len() > 100 && all.contains("insert_findings") && all.contains("lock"), "{all:?}");
    // `tests/results` and `tests/reports` run on both databases too.
    let cases: String = sources(&store.join("tests")).iter().map(read).collect();
    let left_out: Vec<&String> = all.iter().filter(|name| !cases.contains(&format!("tx.{name}("))).collect();
    assert!(left_out.is_empty(), "without a case in `tests/contract`: {left_out:?}");
}
