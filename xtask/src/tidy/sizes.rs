//! One idea a file, no large file, no copy of somebody else's data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Tree;
use crate::repository;

/// Past this there are usually two ideas in a file.
const RUST_LINES_MAX: usize = 800;

/// Longer Rust files that are one idea all the same, each with its reason.
const LONG: &[(&str, &str)] = &[];

/// Fixtures are small and our own; fetched data never goes in.
const FILE_BYTES_MAX: usize = 400_000;

/// Shorter files may well be equal by chance (a host name, a version).
const COPY_BYTES_MIN: u64 = 256;

/// Files past the limits.
pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for source in tree.texts.iter().filter(|source| source.is_rust()) {
        let lines = source.text.lines().count();
        let excused = LONG.iter().any(|(path, _)| source.path == Path::new(path));
        if lines > RUST_LINES_MAX && !excused {
            complaints.push(format!("{}: {lines} lines, more than {RUST_LINES_MAX}", source.shown()));
        }
    }
    for path in &tree.files {
        // The lock file is generated and as long as it has to be.
        let bytes = std::fs::metadata(tree.root.join(path)).map_or(0, |metadata| metadata.len());
        if usize::try_from(bytes).unwrap_or(usize::MAX) > FILE_BYTES_MAX && !path.ends_with("Cargo.lock") {
            complaints.push(format!("{}: {bytes} bytes, more than {FILE_BYTES_MAX}", path.display()));
        }
    }
    Ok(complaints)
}

/// Files that are byte for byte in the shared real data, where it is present.
pub(super) fn copies(tree: &Tree) -> Result<Vec<String>> {
    let Some(data) = repository::shared_data("") else { return Ok(Vec::new()) };
    let mut by_size: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
    collect(&data, &mut by_size)?;
    let mut complaints = Vec::new();
    for path in &tree.files {
        let ours = tree.root.join(path);
        let Some(theirs) = by_size.get(&std::fs::metadata(&ours)?.len()) else { continue };
        let bytes = std::fs::read(&ours)?;
        for original in theirs {
            if std::fs::read(original)? == bytes {
                complaints.push(format!("{} is a copy of `{}`", path.display(), original.display()));
            }
        }
    }
    Ok(complaints)
}

/// What tools leave behind for a person to look at, and what a crash leaves.
pub(super) fn leftovers(tree: &Tree) -> Result<Vec<String>> {
    const ENDINGS: [&str; 7] = [".pending-snap", ".snap.new", ".orig", ".rej", ".swp", ".profraw", ".whl"];
    let left = |path: &&PathBuf| path.to_str().is_some_and(|path| ENDINGS.iter().any(|ending| path.ends_with(ending)));
    Ok(tree.files.iter().filter(left).map(|path| format!("{} is a tool's leftover", path.display())).collect())
}

fn collect(folder: &Path, by_size: &mut BTreeMap<u64, Vec<PathBuf>>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), by_size)?;
        } else if kind.is_file() && entry.metadata()?.len() >= COPY_BYTES_MIN {
            by_size.entry(entry.metadata()?.len()).or_default().push(entry.path());
        }
    }
    Ok(())
}

#[test]
fn the_line_limit_is_exact() {
    let long = "x\n".repeat(RUST_LINES_MAX + 1);
    let fits = "x\n".repeat(RUST_LINES_MAX);
    let tree = Tree::of(&[("a.rs", &long), ("b.rs", &fits), ("c.md", &long)]);
    assert_eq!(check(&tree).unwrap(), ["a.rs: 801 lines, more than 800"]);
}

#[test]
fn a_pending_snapshot_is_no_part_of_the_project() {
    let tree = Tree::of(&[("crates/a/src/.x.rs.pending-snap", ""), ("crates/a/src/x.rs", "")]);
    assert_eq!(leftovers(&tree).unwrap(), ["crates/a/src/.x.rs.pending-snap is a tool's leftover"]);
}

#[test]
fn a_large_file_is_named() {
    let folder = std::env::temp_dir().join(format!("xtask-sizes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("data.bin"), vec![0; FILE_BYTES_MAX + 1]).unwrap();
    std::fs::write(folder.join("fits.bin"), vec![0; FILE_BYTES_MAX]).unwrap();
    let files = vec![PathBuf::from("data.bin"), PathBuf::from("fits.bin")];
    let tree = Tree { root: folder.clone(), files, texts: Vec::new() };
    let complaints = check(&tree).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    assert_eq!(complaints, ["data.bin: 400001 bytes, more than 400000"]);
}
