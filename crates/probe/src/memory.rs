//! A host that is a map: for tests of probes and of everything above them.

use std::collections::BTreeMap;

use crate::host::{ByteLimit, DirEntry, FileKind, Host, Metadata, ReadError, Uname};

/// A host that is a map from path to file. Directories follow from the files' paths and can be
/// given modes of their own. Symbolic links are followed.
#[derive(Debug, Clone, Default)]
pub struct MemoryHost {
    nodes: BTreeMap<String, Node>,
    live: bool,
    uname: Option<Uname>,
}

#[derive(Debug, Clone)]
enum Content {
    File(Vec<u8>),
    Directory,
    Link(String),
    Denied,
}

#[derive(Debug, Clone)]
struct Node {
    content: Content,
    mode: u32,
    uid: u32,
    gid: u32,
}

/// Links in a chain beyond this are a circle; Linux stops at the same number.
const LINKS_MAX: usize = 40;

impl MemoryHost {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the host say that it is the live machine.
    #[must_use]
    pub fn live(mut self) -> Self {
        self.live = true;
        self
    }

    /// Makes a kernel run on the host.
    #[must_use]
    pub fn running(mut self, uname: Uname) -> Self {
        self.uname = Some(uname);
        self
    }

    /// Adds a regular file, mode 0644, owned by root.
    #[must_use]
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.node(path, Content::File(content.as_ref().to_vec()), 0o644, 0, 0)
    }

    /// Adds a regular file that this user may not read.
    #[must_use]
    pub fn denied(self, path: &str) -> Self {
        self.node(path, Content::Denied, 0, 0, 0)
    }

    /// Adds a directory with a mode and an owner.
    #[must_use]
    pub fn directory(self, path: &str, mode: u32, uid: u32, gid: u32) -> Self {
        self.node(path, Content::Directory, mode, uid, gid)
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn link(self, path: &str, target: &str) -> Self {
        self.node(path, Content::Link(target.to_owned()), 0o777, 0, 0)
    }

    /// Changes mode and owner of a node added before.
    #[must_use]
    pub fn owned(mut self, path: &str, mode: u32, uid: u32, gid: u32) -> Self {
        if let Some(node) = self.nodes.get_mut(path) {
            (node.mode, node.uid, node.gid) = (mode, uid, gid);
        }
        self
    }

    fn node(mut self, path: &str, content: Content, mode: u32, uid: u32, gid: u32) -> Self {
        let path = path.trim_matches('/');
        for (at, _) in path.match_indices('/') {
            let parent = path.get(..at).unwrap_or_default().to_owned();
            self.nodes.entry(parent).or_insert(Node { content: Content::Directory, mode: 0o755, uid: 0, gid: 0 });
        }
        self.nodes.insert(path.to_owned(), Node { content, mode, uid, gid });
        self
    }

    /// Resolves links in every component, the last one only if asked.
    fn resolve(&self, path: &str, follow_last: bool) -> Result<Option<String>, ReadError> {
        let mut pending: Vec<String> = components(path);
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = pending.pop() {
            if part == ".." {
                done.pop();
                continue;
            }
            done.push(part);
            let here = done.join("/");
            match self.nodes.get(&here).map(|node| &node.content) {
                None => return Ok(None),
                Some(Content::Link(target)) if follow_last || !pending.is_empty() => {
                    links += 1;
                    if links > LINKS_MAX {
                        return Err(ReadError::BadLink { path: path.to_owned() });
                    }
                    if target.starts_with('/') {
                        done.clear();
                    } else {
                        done.pop();
                    }
                    pending.extend(components(target));
                }
                Some(_) => {}
            }
        }
        Ok(Some(done.join("/")))
    }

    fn found(&self, path: &str, follow_last: bool) -> Result<Option<(&str, &Node)>, ReadError> {
        let Some(resolved) = self.resolve(path, follow_last)? else {
            return Ok(None);
        };
        Ok(self.nodes.get_key_value(&resolved).map(|(name, node)| (name.as_str(), node)))
    }

    fn stat(&self, path: &str, follow_last: bool) -> Result<Option<Metadata>, ReadError> {
        Ok(self.found(path, follow_last)?.map(|(name, node)| {
            let (kind, size) = match &node.content {
                Content::File(bytes) => (FileKind::File, bytes.len()),
                Content::Denied => (FileKind::File, 0),
                Content::Directory => (FileKind::Directory, 0),
                Content::Link(target) => (FileKind::Symlink, target.len()),
            };
            let inode = self.nodes.range(..name.to_owned()).count();
            Metadata {
                kind,
                mode: node.mode,
                uid: node.uid,
                gid: node.gid,
                size_bytes: u64::try_from(size).unwrap_or(u64::MAX),
                identity: (0, u64::try_from(inode).unwrap_or(u64::MAX)),
            }
        }))
    }
}

/// Splits a path, last component first, so that `pop` takes the next one.
fn components(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").rev().map(str::to_owned).collect()
}

impl Host for MemoryHost {
    fn is_live(&self) -> bool {
        self.live
    }

    fn uname(&self) -> Option<Uname> {
        self.uname.clone()
    }

    fn read(&self, path: &str, limit: ByteLimit) -> Result<Option<Vec<u8>>, ReadError> {
        match self.found(path, true)?.map(|(_, node)| &node.content) {
            None => Ok(None),
            Some(Content::Denied) => Err(ReadError::Denied { path: path.to_owned() }),
            Some(Content::File(bytes)) if u64::try_from(bytes.len()).is_ok_and(|size| size <= limit.get()) => {
                Ok(Some(bytes.clone()))
            }
            Some(Content::File(_)) => Err(ReadError::TooLarge { path: path.to_owned(), limit: limit.to_string() }),
            Some(Content::Directory | Content::Link(_)) => {
                Err(ReadError::WrongKind { path: path.to_owned(), wanted: "regular file" })
            }
        }
    }

    fn metadata(&self, path: &str) -> Result<Option<Metadata>, ReadError> {
        self.stat(path, true)
    }

    fn link_metadata(&self, path: &str) -> Result<Option<Metadata>, ReadError> {
        self.stat(path, false)
    }

    fn read_link(&self, path: &str) -> Result<Option<String>, ReadError> {
        Ok(match self.found(path, false)?.map(|(_, node)| &node.content) {
            Some(Content::Link(target)) => Some(target.clone()),
            _ => None,
        })
    }

    fn list(&self, path: &str, entries_max: usize) -> Result<Option<Vec<DirEntry>>, ReadError> {
        let prefix = match self.found(path, true)? {
            Some((directory, Node { content: Content::Directory, .. })) => format!("{directory}/"),
            Some(_) => return Err(ReadError::WrongKind { path: path.to_owned(), wanted: "directory" }),
            // The root is there without being a node.
            None if self.resolve(path, true)?.is_some_and(|resolved| resolved.is_empty()) => String::new(),
            None => return Ok(None),
        };
        let entries: Vec<DirEntry> = self
            .nodes
            .iter()
            .filter_map(|(name, node)| {
                let name = name.strip_prefix(&prefix)?;
                let kind = match node.content {
                    Content::File(_) | Content::Denied => FileKind::File,
                    Content::Directory => FileKind::Directory,
                    Content::Link(_) => FileKind::Symlink,
                };
                (!name.contains('/')).then(|| DirEntry { name: name.to_owned(), kind })
            })
            .collect();
        if entries.len() > entries_max {
            return Err(ReadError::TooLarge { path: path.to_owned(), limit: format!("{entries_max} entries") });
        }
        Ok(Some(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside_and_circles_end() {
        let host = MemoryHost::new()
            .file("usr/lib/os-release", "ID=debian\n")
            .link("etc/os-release", "../usr/lib/os-release")
            .link("out", "/../../usr/lib/os-release")
            .link("a", "b")
            .link("b", "a");
        let limit = ByteLimit::kib(1);
        assert_eq!(host.read("etc/os-release", limit).unwrap().unwrap(), b"ID=debian\n");
        assert_eq!(host.read("out", limit).unwrap().unwrap(), b"ID=debian\n");
        assert!(matches!(host.read("a", limit), Err(ReadError::BadLink { .. })));
        assert!(matches!(host.read("etc/os-release", ByteLimit::bytes(3)), Err(ReadError::TooLarge { .. })));
    }

    #[test]
    fn lists_one_level() {
        let host = MemoryHost::new().file("etc/a/x", "").file("etc/b", "");
        let names: Vec<String> = host.list("etc", 10).unwrap().unwrap().into_iter().map(|e| e.name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(host.list("", 10).unwrap().unwrap(), [DirEntry { name: "etc".into(), kind: FileKind::Directory }]);
        assert!(host.list("etc", 1).is_err());
        assert!(host.list("none", 1).unwrap().is_none());
    }
}
