//! Where the repository is and which files belong to it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Folders that no check looks into when git cannot say what is tracked.
const UNTRACKED: [&str; 4] = [".git", "target", "corpus", "artifacts"];

/// Returns the folder that holds the workspace.
pub(crate) fn root() -> PathBuf {
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    manifest.parent().map_or_else(|| manifest.clone(), Path::to_path_buf)
}

/// Returns a folder or file of the shared real data, or says that it is not there.
pub(crate) fn shared_data(part: &str) -> Option<PathBuf> {
    let base = std::env::var_os("YAGURA_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = base.join("data").join(part);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no real data at `{}`", path.display());
    None
}

/// Lists the files of the repository, relative to its root and sorted: what git tracks or would
/// track, or, without git, everything outside the build folders.
pub(crate) fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let git = std::process::Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output();
    let mut files = match git {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout)
            .context("a tracked file name is not UTF-8")?
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(PathBuf::from)
            // A deleted file is still listed until the deletion is staged.
            .filter(|path| root.join(path).is_file())
            .collect(),
        _ => {
            let mut found = Vec::new();
            walk(root, Path::new(""), &mut found)?;
            found
        }
    };
    files.sort();
    files.dedup();
    Ok(files)
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let path = root.join(folder);
    for entry in std::fs::read_dir(&path).with_context(|| format!("cannot list `{}`", path.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let kind = entry.file_type()?;
        if kind.is_dir() && !UNTRACKED.iter().any(|skipped| name == *skipped) {
            walk(root, &folder.join(name), found)?;
        } else if kind.is_file() {
            found.push(folder.join(name));
        }
    }
    Ok(())
}

#[test]
fn the_walk_without_git_finds_this_file_and_no_build_output() {
    let mut found = Vec::new();
    walk(&root(), Path::new(""), &mut found).unwrap();
    assert!(found.contains(&PathBuf::from("xtask/src/repository.rs")));
    assert!(!found.iter().any(|path| path.starts_with("target")));
}
