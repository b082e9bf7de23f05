//! Tells which packages own some paths.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Flow, Tag, read_headers};
use crate::error::InventoryError;
use crate::host::Host;

/// Returns the name of the package that owns each of the paths, which are relative to the root:
/// `usr/lib/python3.12/site-packages/six.py`. A path that no package owns is not in the answer.
/// Packages name paths as they were built; where `/bin` is a link, `usr/bin/x` and `bin/x` are two.
///
/// # Errors
/// As [`read_headers`].
pub fn owners(host: &dyn Host, paths: &[&str]) -> Result<BTreeMap<String, String>, InventoryError> {
    let mut wanted: HashMap<&[u8], HashSet<&[u8]>> = HashMap::new();
    for path in paths {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        wanted.entry(directory.as_bytes()).or_default().insert(name.as_bytes());
    }
    let mut owners = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(owners);
    }
    read_headers(host, &mut |header| {
        let Ok(header) = header else { return Flow::Next };
        // Most packages have no file in any of the folders.
        let is_near = header.has(Tag::OLDFILENAMES)
            || header.texts(Tag::DIRNAMES).any(|directory| wanted.contains_key(bare(directory)));
        if !is_near {
            return Flow::Next;
        }
        for file in header.files() {
            if wanted.get(bare(file.directory)).is_some_and(|names| names.contains(file.name))
                && let Some(package) = header.text(Tag::NAME)
            {
                let path = file.path();
                owners.entry(path.trim_start_matches('/').to_owned()).or_insert_with(|| package.into_owned());
            }
        }
        Flow::Next
    })?;
    Ok(owners)
}

/// `/usr/bin/` as `usr/bin`.
fn bare(directory: &[u8]) -> &[u8] {
    let directory = directory.strip_prefix(b"/").unwrap_or(directory);
    directory.strip_suffix(b"/").unwrap_or(directory)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{HeaderWriter, ndb};
    use super::*;
    use crate::MemoryHost;

    #[test]
    fn paths_have_owners() {
        let package = |name: &str, directories: &[&str], files: &[(u32, &str)]| {
            let indexes: Vec<u32> = files.iter().map(|(index, _)| *index).collect();
            let names: Vec<&str> = files.iter().map(|(_, name)| *name).collect();
            HeaderWriter::new()
                .text(Tag::NAME, name)
                .texts(Tag::DIRNAMES, directories)
                .numbers(Tag::DIRINDEXES, &indexes)
                .texts(Tag::BASENAMES, &names)
                .build()
        };
        let six = package("python3-six", &["/usr/lib/python3/", "/"], &[(0, "six.py"), (1, "top")]);
        let other = package("other", &["/usr/lib/"], &[(0, "python3"), (0, "x")]);
        let host = MemoryHost::new().file("var/lib/rpm/Packages.db", ndb(&[six, other]));
        let owners = owners(&host, &["usr/lib/python3/six.py", "top", "usr/lib/python3", "usr/lib/y"]).unwrap();
        let shown: Vec<String> = owners.iter().map(|(path, name)| format!("{path} {name}")).collect();
        assert_eq!(shown, ["top python3-six", "usr/lib/python3 other", "usr/lib/python3/six.py python3-six"]);
        assert!(super::owners(&MemoryHost::new(), &["x"]).unwrap().is_empty());
    }
}
