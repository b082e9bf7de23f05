//! A host that is a map: for tests of probes and of everything above them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::host::{ByteLimit, DirEntry, FileKind, FileTimes, Host, Metadata, ReadError, Space, SpecialKind, Uname};

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
    Special(SpecialKind),
    Denied,
}

#[derive(Debug, Clone)]
struct Node {
    content: Content,
    mode: u32,
    uid: u32,
    gid: u32,
    times: FileTimes,
    attributes: BTreeMap<String, Vec<u8>>,
}

/// One entry of a directory.
struct Child<'a> {
    name: &'a str,
    full: &'a str,
    node: &'a Node,
}

/// Links in a chain beyond this are a circle; Linux stops at the same number.
const LINKS_MAX: usize = 40;

impl Node {
    const fn new(content: Content, mode: u32, uid: u32, gid: u32) -> Self {
        let times = FileTimes { accessed: 0, modified: 0, changed: 0 };
        Self { content, mode, uid, gid, times, attributes: BTreeMap::new() }
    }

    const fn kind(&self) -> FileKind {
        match self.content {
            Content::File(_) | Content::Denied => FileKind::File,
            Content::Directory => FileKind::Directory,
            Content::Link(_) => FileKind::Symlink,
            Content::Special(_) => FileKind::Special,
        }
    }
}

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

    /// Adds a device, FIFO or socket, mode 0600.
    #[must_use]
    pub fn special(self, path: &str, kind: SpecialKind) -> Self {
        self.node(path, Content::Special(kind), 0o600, 0, 0)
    }

    /// Sets all three times of a node added before, in seconds since 1970.
    #[must_use]
    pub fn touched(mut self, path: &str, seconds: i64) -> Self {
        if let Some(node) = self.nodes.get_mut(path) {
            node.times = FileTimes { accessed: seconds, modified: seconds, changed: seconds };
        }
        self
    }

    /// Gives a node added before an extended attribute.
    #[must_use]
    pub fn attributed(mut self, path: &str, name: &str, value: &[u8]) -> Self {
        if let Some(node) = self.nodes.get_mut(path) {
            node.attributes.insert(name.to_owned(), value.to_vec());
        }
        self
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
            self.nodes.entry(parent).or_insert_with(|| Node::new(Content::Directory, 0o755, 0, 0));
        }
        self.nodes.insert(path.to_owned(), Node::new(content, mode, uid, gid));
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
        Ok(self.found(path, follow_last)?.map(|(name, node)| Self::metadata_of(name, node)))
    }

    fn metadata_of(name: &str, node: &Node) -> Metadata {
        let size = match &node.content {
            Content::File(bytes) => bytes.len(),
            Content::Link(target) => target.len(),
            Content::Denied | Content::Directory | Content::Special(_) => 0,
        };
        let special = match node.content {
            Content::Special(kind) => Some(kind),
            _ => None,
        };
        Metadata {
            kind: node.kind(),
            special,
            mode: node.mode,
            uid: node.uid,
            gid: node.gid,
            size_bytes: u64::try_from(size).unwrap_or(u64::MAX),
            identity: (0, inode(name)),
            device_number: 0,
            times: node.times,
        }
    }

    /// What lies directly in a directory, sorted by name; `None` when there is no such path.
    fn children(&self, path: &str, follow_last: bool) -> Result<Option<Vec<Child<'_>>>, ReadError> {
        let (prefix, node) = match self.resolve(path, follow_last)?.as_deref() {
            None => return Ok(None),
            Some("") => (String::new(), None),
            Some(found) => match self.nodes.get(found) {
                None => return Ok(None),
                Some(node) => (format!("{found}/"), Some(node)),
            },
        };
        if node.is_some_and(|node| !matches!(node.content, Content::Directory)) {
            return Err(ReadError::WrongKind { path: path.to_owned(), wanted: "directory" });
        }
        let below = self.nodes.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
        let direct = below.filter_map(|(full, node)| {
            let name = full.get(prefix.len()..)?;
            (!name.is_empty() && !name.contains('/')).then_some(Child { name, full, node })
        });
        Ok(Some(direct.collect()))
    }
}

/// A number of its own for each path (FNV-1a).
fn inode(path: &str) -> u64 {
    path.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
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
            Some(Content::Directory | Content::Link(_) | Content::Special(_)) => {
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
        let Some(children) = self.children(path, true)? else {
            return Ok(None);
        };
        if children.len() > entries_max {
            return Err(ReadError::TooLarge { path: path.to_owned(), limit: format!("{entries_max} entries") });
        }
        let entry = |child: Child<'_>| DirEntry { name: child.name.to_owned(), kind: child.node.kind() };
        Ok(Some(children.into_iter().map(entry).collect()))
    }

    fn scan(
        &self,
        path: &str,
        follow: bool,
        visit: &mut dyn FnMut(&str, &Metadata) -> ControlFlow<()>,
    ) -> Result<bool, ReadError> {
        let Some(children) = self.children(path, follow)? else {
            return Ok(false);
        };
        for Child { name, full, node } in children {
            if visit(name, &Self::metadata_of(full, node)).is_break() {
                break;
            }
        }
        Ok(true)
    }

    fn attribute(&self, path: &str, name: &str, limit: ByteLimit) -> Result<Option<Vec<u8>>, ReadError> {
        let value = self.found(path, false)?.and_then(|(_, node)| node.attributes.get(name)).cloned();
        match value {
            Some(value) if u64::try_from(value.len()).is_ok_and(|length| length > limit.get()) => {
                Err(ReadError::TooLarge { path: path.to_owned(), limit: format!("an attribute of {limit}") })
            }
            other => Ok(other),
        }
    }

    fn space(&self, _: &str) -> Result<Option<Space>, ReadError> {
        Ok(None)
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
        assert_eq!(host.list("", 10).unwrap().unwrap().len(), 1);
        let rooted = host.clone().directory("", 0o755, 0, 0);
        assert_eq!(rooted.metadata("").unwrap().unwrap().kind, FileKind::Directory);
        assert_eq!(rooted.list("", 10).unwrap().unwrap().len(), 1);
        assert!(host.list("etc", 1).is_err());
        assert!(host.list("none", 1).unwrap().is_none());
    }

    #[test]
    fn scans_with_metadata_and_stops_when_told() {
        let host = MemoryHost::new()
            .file("etc/a", "12345")
            .special("etc/pipe", SpecialKind::Fifo)
            .touched("etc/a", 42)
            .attributed("etc/a", "security.selinux", b"system_u:object_r:etc_t:s0\0")
            .link("way", "etc");
        let mut seen = Vec::new();
        let scanned = host.scan("way", true, &mut |name, metadata| {
            seen.push((name.to_owned(), metadata.size_bytes, metadata.special, metadata.times.modified));
            ControlFlow::Continue(())
        });
        assert!(scanned.unwrap());
        assert_eq!(seen, [("a".to_owned(), 5, None, 42), ("pipe".to_owned(), 0, Some(SpecialKind::Fifo), 0)]);
        let mut count = 0;
        let stop = &mut |_: &str, _: &Metadata| {
            count += 1;
            ControlFlow::Break(())
        };
        assert!(host.scan("etc", false, stop).unwrap());
        assert_eq!(count, 1);
        assert!(matches!(
            host.scan("way", false, &mut |_, _| ControlFlow::Continue(())),
            Err(ReadError::WrongKind { .. })
        ));
        assert!(host.attribute("etc/a", "security.selinux", ByteLimit::bytes(100)).unwrap().is_some());
        assert!(host.attribute("etc/a", "security.selinux", ByteLimit::bytes(3)).is_err());
        assert!(host.attribute("etc/a", "user.none", ByteLimit::bytes(3)).unwrap().is_none());
    }
}
