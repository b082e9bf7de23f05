//! Directories that were listed, each at most once, small enough to keep a whole file system.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::mounts::Mounts;
use crate::host::{FileKind, Host, Metadata, SpecialKind};

/// Entries that are kept; a host has some hundred thousand files, at some forty bytes each. What
/// is beyond is listed again when it is asked for again.
const KEPT_ENTRIES_MAX: usize = 1_500_000;
/// Entries of one directory; one beyond is judged incompletely.
pub(super) const DIRECTORY_ENTRIES_MAX: usize = 2_000_000;
/// Between two looks whether somebody wants us to stop.
const ENTRIES_BETWEEN_LOOKS: usize = 4096;

/// What is known of a file from listing its directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    /// What it is, a link not followed.
    pub(super) kind: FileKind,
    /// Which special file.
    pub(super) special: Option<SpecialKind>,
    /// Permission, set-id and sticky bits.
    pub(super) mode: u16,
    /// Owner.
    pub(super) uid: u32,
    /// Group.
    pub(super) gid: u32,
}

impl Stat {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            kind: metadata.kind,
            special: metadata.special,
            mode: u16::try_from(metadata.mode & 0o7777).unwrap_or(0),
            uid: metadata.uid,
            gid: metadata.gid,
        }
    }
}

#[derive(Debug)]
struct Entry {
    name_at: u32,
    name_bytes: u16,
    stat: Stat,
}

/// A listed directory, sorted by name.
#[derive(Debug, Default)]
pub(super) struct Listing {
    names: String,
    entries: Vec<Entry>,
    /// It has more entries than we take.
    pub(super) cut: bool,
}

impl Listing {
    /// Its entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, Stat)> {
        self.entries.iter().map(|entry| (self.name(entry), entry.stat))
    }

    fn name(&self, entry: &Entry) -> &str {
        let start = usize::try_from(entry.name_at).unwrap_or(usize::MAX);
        self.names.get(start..start.saturating_add(entry.name_bytes.into())).unwrap_or_default()
    }

    fn add(&mut self, name: &str, metadata: &Metadata) {
        let (Ok(name_at), Ok(name_bytes)) = (u32::try_from(self.names.len()), u16::try_from(name.len())) else {
            self.cut = true;
            return;
        };
        self.names.push_str(name);
        self.entries.push(Entry { name_at, name_bytes, stat: Stat::of(metadata) });
    }

    fn sort(&mut self) {
        let names = std::mem::take(&mut self.names);
        let name = |entry: &Entry| {
            let start = usize::try_from(entry.name_at).unwrap_or(usize::MAX);
            names.get(start..start.saturating_add(entry.name_bytes.into())).unwrap_or_default()
        };
        self.entries.sort_by(|a, b| name(a).cmp(name(b)));
        self.names = names;
        self.names.shrink_to_fit();
        self.entries.shrink_to_fit();
    }
}

/// A directory that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Directory {
    /// Device and inode.
    pub(super) identity: (u64, u64),
}

/// The files of a host.
pub(super) struct Files<'h> {
    pub(super) host: &'h dyn Host,
    pub(super) mounts: Mounts,
    stop: &'h dyn Fn() -> bool,
    kept: RefCell<HashMap<(u64, u64), Rc<Listing>>>,
    kept_entries: Cell<usize>,
    /// Entries that were listed in all, for progress and for tests.
    pub(super) listed: Cell<u64>,
}

impl<'h> Files<'h> {
    pub(super) fn new(host: &'h dyn Host, stop: &'h dyn Fn() -> bool) -> Self {
        Self {
            host,
            mounts: Mounts::read(host),
            stop,
            kept: RefCell::default(),
            kept_entries: Cell::new(0),
            listed: Cell::new(0),
        }
    }

    /// Whether somebody wants us to stop.
    pub(super) fn stopped(&self) -> bool {
        (self.stop)()
    }

    /// Looks a directory up, links followed; `path` begins with a slash.
    pub(super) fn directory(&self, path: &str) -> Option<Directory> {
        let metadata = self.host.metadata(below_root(path)).ok().flatten();
        match metadata {
            Some(metadata) if metadata.kind == FileKind::Directory => Some(Directory { identity: metadata.identity }),
            // A tree in memory need not name its root.
            None if below_root(path).is_empty() => Some(Directory { identity: (u64::MAX, u64::MAX) }),
            _ => None,
        }
    }

    /// Lists a directory; one that cannot be read has no entries.
    pub(super) fn list(&self, path: &str, directory: Directory) -> Rc<Listing> {
        if let Some(listing) = self.kept.borrow().get(&directory.identity) {
            return Rc::clone(listing);
        }
        let mut listing = Listing::default();
        let mut until_look = ENTRIES_BETWEEN_LOOKS;
        let scanned = self.host.scan(below_root(path), true, &mut |name, metadata| {
            until_look -= 1;
            if until_look == 0 {
                until_look = ENTRIES_BETWEEN_LOOKS;
                if self.stopped() {
                    return ControlFlow::Break(());
                }
            }
            if listing.entries.len() == DIRECTORY_ENTRIES_MAX {
                listing.cut = true;
                return ControlFlow::Break(());
            }
            listing.add(name, metadata);
            ControlFlow::Continue(())
        });
        // What may not be listed holds nothing that we could judge: single failures are passed over.
        drop(scanned);
        listing.sort();
        let count = listing.entries.len();
        self.listed.set(self.listed.get().saturating_add(u64::try_from(count).unwrap_or(u64::MAX)));
        let listing = Rc::new(listing);
        let kept_entries = self.kept_entries.get().saturating_add(count);
        if kept_entries <= KEPT_ENTRIES_MAX {
            self.kept_entries.set(kept_entries);
            self.kept.borrow_mut().insert(directory.identity, Rc::clone(&listing));
        }
        listing
    }
}

/// A path as [`Host`] wants it.
pub(super) fn below_root(path: &str) -> &str {
    path.trim_start_matches('/')
}

/// A name in a directory, whose own path may end in a slash.
pub(super) fn join(directory: &str, name: &str) -> String {
    let directory = directory.strip_suffix('/').unwrap_or(directory);
    format!("{directory}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryHost;

    #[test]
    fn a_directory_is_listed_once_under_all_its_names() {
        let host = MemoryHost::new().file("usr/bin/ls", "").file("usr/bin/cat", "").link("bin", "usr/bin");
        let go_on = || false;
        let files = Files::new(&host, &go_on);
        for path in ["/usr/bin", "/bin", "/usr/bin/"] {
            let directory = files.directory(path).unwrap();
            let names: Vec<String> = files.list(path, directory).entries().map(|(name, _)| name.to_owned()).collect();
            assert_eq!(names, ["cat", "ls"]);
        }
        assert_eq!(files.listed.get(), 2);
        assert!(files.directory("/usr/bin/ls").is_none());
        assert!(files.directory("/").is_some());
    }

    #[test]
    fn listing_stops_when_told() {
        let host = (0..10_000).fold(MemoryHost::new(), |host, n| host.file(&format!("d/{n}"), ""));
        let stop = || true;
        let files = Files::new(&host, &stop);
        let listed = files.list("/d", files.directory("/d").unwrap()).entries().count();
        assert!(listed < ENTRIES_BETWEEN_LOOKS, "{listed}");
    }
}
