//! `symlink`: where a symbolic link leads in the end.

use yagura_scap::{Collected, Field, Item, Object};

use super::listing::below_root;
use super::selected;
use crate::host::{FileKind, Host};

/// Links in a chain beyond this are a circle; the kernel stops at the same number.
const LINKS_MAX: usize = 40;
/// Parts of a path still to be walked beyond this are an attack.
const PARTS_MAX: usize = 4096;

/// Collects a link.
pub(super) fn collect(host: &dyn Host, object: &Object) -> Collected {
    let Some(filepath) = object.entity(Field::Filepath) else {
        return Collected::error("the object has no file path");
    };
    let Some(literals) = filepath.literals() else {
        return Collected::not_collected("links are looked up by their whole path only");
    };
    let mut items = Vec::new();
    for path in &literals {
        match host.link_metadata(below_root(path)) {
            Ok(Some(metadata)) if metadata.kind == FileKind::Symlink => {}
            Ok(_) => continue,
            Err(error) => return Collected::error(error.to_string()),
        }
        match canonical(host, path) {
            Some(target) => {
                items.push(Item::new().with(Field::Filepath, path.as_ref()).with(Field::CanonicalPath, target));
            }
            None => return Collected::error(format!("the link `{path}` leads nowhere or in circles")),
        }
    }
    selected(items, object)
}

/// The path of what a path leads to, without links; `None` when it leads nowhere.
pub(super) fn canonical(host: &dyn Host, path: &str) -> Option<String> {
    let parts = |path: &str| path.split('/').rev().map(str::to_owned).collect::<Vec<_>>();
    let (mut pending, mut done): (Vec<String>, Vec<String>) = (parts(path), Vec::new());
    let mut links = 0;
    while let Some(part) = pending.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                done.pop();
                continue;
            }
            _ => done.push(part),
        }
        let here = done.join("/");
        match host.link_metadata(&here).ok()?? {
            metadata if metadata.kind == FileKind::Symlink => {
                links += 1;
                let target = host.read_link(&here).ok()??;
                if links > LINKS_MAX || pending.len() + target.len() / 2 > PARTS_MAX {
                    return None;
                }
                if target.starts_with('/') {
                    done.clear();
                } else {
                    done.pop();
                }
                pending.extend(parts(&target));
            }
            _ => {}
        }
    }
    Some(format!("/{}", done.join("/")))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entity, flags, object};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Flag, Kind};

    #[test]
    fn follows_links_to_their_end() {
        let host = MemoryHost::new()
            .file("usr/share/zoneinfo/UTC", "")
            .link("etc/localtime", "/usr/share/zoneinfo/Etc")
            .link("usr/share/zoneinfo/Etc", "../zoneinfo/./UTC")
            .link("out", "/../../usr/share")
            .link("a", "b")
            .link("b", "a")
            .link("nowhere", "none");
        let get = |path: &str| collect(&host, &object(Kind::Symlink, vec![entity(Field::Filepath, path)]));
        let target = |path: &str| get(path).items[0].value(Field::CanonicalPath).unwrap().to_string();
        assert_eq!(target("/etc/localtime"), "/usr/share/zoneinfo/UTC");
        assert_eq!(target("/out"), "/usr/share");
        for (path, flag) in
            [("/a", Flag::Error), ("/nowhere", Flag::Error), ("/usr", Flag::DoesNotExist), ("/x", Flag::DoesNotExist)]
        {
            assert_eq!(flags(&host, &object(Kind::Symlink, vec![entity(Field::Filepath, path)])), (flag, 0), "{path}");
        }
    }
}
