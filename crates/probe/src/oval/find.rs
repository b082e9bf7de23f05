//! Which files an object means: by `filepath`, or by `path` and `filename`, with its behaviours.
//!
//! How the reference reads them, and we with it:
//!
//! - A `filepath` never means a directory, nor a link to one.
//! - A `path` may be a link to a directory, and stands in the item as it was asked for. A link to
//!   a directory among the names of a directory counts as a `filename`.
//! - A `filename` that is nil means the directory itself.
//! - Looking for a pattern goes down from the longest literal directory of the pattern and follows
//!   links to directories, but not into a directory that it is in already. A recursion that
//!   the behaviours ask for then starts at each `path` that was found.

use std::ops::ControlFlow;

use yagura_scap::{Behaviors, Entity, Field, Object, Operation, Pattern, Recurse, RecurseDirection, RecurseFileSystem};

use super::listing::{Directory, Files, Stat, below_root, join};
use super::mounts::Reach;
use crate::host::FileKind;

/// Directories inside one another beyond this are a trap.
const DEPTH_MAX: usize = 128;
/// Directories that one object may look up, the same one under several names counted each time: a
/// large host has a hundred thousand, and looking one up costs some microseconds.
const DIRECTORIES_MAX: u64 = 4_000_000;
/// Names that one object may look at.
const NAMES_MAX: u64 = 50_000_000;
/// Between two looks whether somebody wants us to stop.
const DIRECTORIES_BETWEEN_LOOKS: usize = 64;

/// One file that an object means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    /// Its directory as it stands in the item.
    pub(super) path: &'a str,
    /// Its name; `None` for the directory itself.
    pub(super) filename: Option<&'a str>,
    /// What it is, a link not followed.
    pub(super) stat: Stat,
}

impl Found<'_> {
    /// The whole path, with a slash in front.
    pub(super) fn filepath(&self) -> String {
        match self.filename {
            Some(name) => join(self.path, name),
            None => self.path.to_owned(),
        }
    }
}

/// How a search ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Ending {
    /// Somebody wanted us to stop, or what was found was enough.
    pub(super) stopped: bool,
    /// A bound was reached: there may be more.
    pub(super) bounded: Option<&'static str>,
    /// File systems of other hosts that were left out.
    pub(super) remote: usize,
    /// An entity could not be compared.
    pub(super) failed: bool,
}

/// Shows `visit` every file that an object means, until it answers [`Break`](ControlFlow::Break).
pub(super) fn find(files: &Files<'_>, object: &Object, visit: &mut Visit<'_>) -> Ending {
    let mut search = Search::new(files, &object.behaviors, visit);
    // Running into a bound or being stopped is written down already.
    let _ = match (object.entity(Field::Filepath), object.entity(Field::Path)) {
        (Some(filepath), _) => search.by_filepath(filepath),
        (None, Some(path)) => search.by_path(path, object.entity(Field::Filename)),
        (None, None) => ControlFlow::Continue(()),
    };
    search.ending
}

/// Who hears of what is found.
pub(super) type Visit<'v> = dyn FnMut(Found<'_>) -> ControlFlow<()> + 'v;

struct Search<'s, 'h, 'v> {
    files: &'s Files<'h>,
    behaviors: &'s Behaviors,
    visit: &'s mut Visit<'v>,
    ending: Ending,
    directories_left: u64,
    names_left: u64,
}

/// Which directories a walk enters.
#[derive(Clone, Copy)]
struct Way {
    follow_links: bool,
    enter_directories: bool,
    /// Deeper than this it does not go.
    depth: usize,
    /// Only this device.
    device: Option<u64>,
}

impl<'s, 'h, 'v> Search<'s, 'h, 'v> {
    fn new(files: &'s Files<'h>, behaviors: &'s Behaviors, visit: &'s mut Visit<'v>) -> Self {
        let ending = Ending::default();
        Self { files, behaviors, visit, ending, directories_left: DIRECTORIES_MAX, names_left: NAMES_MAX }
    }
}

impl Search<'_, '_, '_> {
    fn by_filepath(&mut self, entity: &Entity) -> ControlFlow<()> {
        if let Some(literals) = entity.literals() {
            for literal in distinct(&literals) {
                let Some((directory, name)) = literal.rsplit_once('/') else { continue };
                if literal.starts_with('/') && !name.is_empty() && self.accepts(entity, literal) {
                    self.one(if directory.is_empty() { "/" } else { directory }, name, false)?;
                }
            }
            return ControlFlow::Continue(());
        }
        let way = Way { follow_links: true, enter_directories: true, depth: DEPTH_MAX, device: None };
        let prefixes = prefixes(entity);
        for start in self.starts(entity) {
            self.walk(&start, way, &prefixes, &mut |search, path, directory| {
                let listing = search.files.list(path, directory);
                search.count(listing.entries().count(), listing.cut)?;
                for (name, stat) in listing.entries() {
                    let filepath = match stat.kind {
                        FileKind::Directory => continue,
                        _ => join(path, name),
                    };
                    if !search.accepts(entity, &filepath) {
                        continue;
                    }
                    if stat.kind == FileKind::Symlink && search.files.directory(&filepath).is_some() {
                        continue;
                    }
                    (search.visit)(Found { path, filename: Some(name), stat })
                        .map_break(|()| search.ending.stopped = true)?;
                }
                ControlFlow::Continue(())
            })?;
        }
        ControlFlow::Continue(())
    }

    fn by_path(&mut self, path: &Entity, filename: Option<&Entity>) -> ControlFlow<()> {
        if let Some(literals) = path.literals() {
            for literal in distinct(&literals) {
                if literal.starts_with('/') && self.accepts(path, literal) {
                    self.base(literal, filename)?;
                }
            }
            return ControlFlow::Continue(());
        }
        let way = Way { follow_links: true, enter_directories: true, depth: DEPTH_MAX, device: None };
        let prefixes = prefixes(path);
        for start in self.starts(path) {
            self.walk(&start, way, &prefixes, &mut |search, at, _| {
                if search.accepts(path, at) { search.base(at, filename) } else { ControlFlow::Continue(()) }
            })?;
        }
        ControlFlow::Continue(())
    }

    /// Looks at one directory that the `path` means, and from there as the behaviours say.
    fn base(&mut self, path: &str, filename: Option<&Entity>) -> ControlFlow<()> {
        let Some(directory) = self.files.directory(path) else { return ControlFlow::Continue(()) };
        let device = match self.behaviors.recurse_file_system {
            RecurseFileSystem::Defined => Some(directory.identity.0),
            RecurseFileSystem::All | RecurseFileSystem::Local => None,
        };
        if self.behaviors.recurse_file_system == RecurseFileSystem::Local
            && self.files.mounts.reach(directory.identity.0) != Reach::Local
        {
            self.ending.remote += 1;
            return ControlFlow::Continue(());
        }
        let depth = usize::try_from(self.behaviors.max_depth).unwrap_or(DEPTH_MAX);
        let wanted = filename.filter(|entity| !entity.nil);
        match self.behaviors.recurse_direction {
            RecurseDirection::None => self.inside(path, directory, wanted),
            RecurseDirection::Up => self.upwards(path, depth, device, wanted),
            RecurseDirection::Down => {
                let recurse = self.behaviors.recurse;
                let way = Way {
                    follow_links: matches!(recurse, Recurse::Symlinks | Recurse::SymlinksAndDirectories),
                    enter_directories: matches!(recurse, Recurse::Directories | Recurse::SymlinksAndDirectories),
                    depth,
                    device,
                };
                self.walk(path, way, &[], &mut |search, at, directory| search.inside(at, directory, wanted))
            }
        }
    }

    fn upwards(&mut self, path: &str, depth: usize, device: Option<u64>, wanted: Option<&Entity>) -> ControlFlow<()> {
        let mut at = path.trim_end_matches('/');
        for _ in 0..=depth.min(DEPTH_MAX) {
            let shown = if at.is_empty() { "/" } else { at };
            match self.files.directory(shown) {
                Some(directory) if device.is_none_or(|device| device == directory.identity.0) => {
                    self.inside(shown, directory, wanted)?;
                }
                _ => break,
            }
            match at.rsplit_once('/') {
                Some((parent, _)) => at = parent,
                None => break,
            }
        }
        ControlFlow::Continue(())
    }

    /// Looks at a directory itself, or at the names in it.
    fn inside(&mut self, path: &str, directory: Directory, wanted: Option<&Entity>) -> ControlFlow<()> {
        let Some(wanted) = wanted else {
            // A link to a directory is shown as the link that it is.
            let shown = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
            let metadata = self.files.host.link_metadata(below_root(shown)).ok().flatten();
            let metadata = metadata.or_else(|| self.files.host.metadata(below_root(path)).ok().flatten());
            let Some(metadata) = metadata else { return ControlFlow::Continue(()) };
            let stat = Stat::of(&metadata);
            return (self.visit)(Found { path, filename: None, stat }).map_break(|()| self.ending.stopped = true);
        };
        if let Some(literals) = wanted.literals() {
            for literal in distinct(&literals) {
                if !literal.is_empty() && !literal.contains('/') && self.accepts(wanted, literal) {
                    self.one(path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path), literal, true)?;
                }
            }
            return ControlFlow::Continue(());
        }
        let listing = self.files.list(path, directory);
        self.count(listing.entries().count(), listing.cut)?;
        let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
        for (name, stat) in listing.entries() {
            if stat.kind != FileKind::Directory && self.accepts(wanted, name) {
                let found = Found { path, filename: Some(name), stat };
                (self.visit)(found).map_break(|()| self.ending.stopped = true)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Looks one name up.
    fn one(&mut self, path: &str, name: &str, with_links_to_directories: bool) -> ControlFlow<()> {
        self.count(1, false)?;
        let filepath = join(path, name);
        if matches!(name, "." | "..") {
            return ControlFlow::Continue(());
        }
        let Ok(Some(metadata)) = self.files.host.link_metadata(below_root(&filepath)) else {
            return ControlFlow::Continue(());
        };
        let is_directory = match metadata.kind {
            FileKind::Directory => true,
            FileKind::Symlink => !with_links_to_directories && self.files.directory(&filepath).is_some(),
            FileKind::File | FileKind::Special => false,
        };
        if is_directory {
            return ControlFlow::Continue(());
        }
        let found = Found { path, filename: Some(name), stat: Stat::of(&metadata) };
        (self.visit)(found).map_break(|()| self.ending.stopped = true)
    }

    /// Where a walk for an entity begins, so that everything it can mean lies at or below.
    fn starts(&self, entity: &Entity) -> Vec<String> {
        let mut starts: Vec<String> = match entity.operation {
            Operation::PatternMatch => {
                entity.patterns().iter().map(|pattern| literal_directory(&pattern.anchored_prefix())).collect()
            }
            _ => vec!["/".to_owned()],
        };
        starts.sort();
        starts.dedup();
        let all = starts.clone();
        // What lies below another start is walked with it.
        starts.retain(|start| !all.iter().any(|other| other != start && is_below(start, other)));
        starts
    }

    /// Shows `each` a directory and all those below it that can lead to what begins with one of the prefixes.
    fn walk(&mut self, start: &str, way: Way, prefixes: &[String], each: &mut EachDirectory<'_>) -> ControlFlow<()> {
        let Some(directory) = self.files.directory(start) else { return ControlFlow::Continue(()) };
        let start_reach = self.files.mounts.reach(directory.identity.0);
        // The directories from the start to where we are: how deep, and which.
        let mut inside: Vec<Directory> = Vec::new();
        let mut until_look = DIRECTORIES_BETWEEN_LOOKS;
        let mut pending = vec![(start.to_owned(), directory, 0_usize)];
        while let Some((path, directory, depth)) = pending.pop() {
            inside.truncate(depth);
            inside.push(directory);
            until_look -= 1;
            if until_look == 0 {
                until_look = DIRECTORIES_BETWEEN_LOOKS;
            }
            if until_look == DIRECTORIES_BETWEEN_LOOKS && self.files.stopped() {
                self.ending.stopped = true;
                return ControlFlow::Break(());
            }
            each(self, &path, directory)?;
            if depth == way.depth {
                if way.depth == DEPTH_MAX {
                    self.ending.bounded = Some("directories nest deeper than we follow");
                }
                continue;
            }
            let listing = self.files.list(&path, directory);
            let first_below = pending.len();
            for (name, stat) in listing.entries() {
                let enters = match stat.kind {
                    FileKind::Directory => way.enter_directories,
                    FileKind::Symlink => way.follow_links,
                    FileKind::File | FileKind::Special => false,
                };
                if !enters {
                    continue;
                }
                let below = join(&path, name);
                if !leads_to(&below, prefixes) {
                    continue;
                }
                self.directories_left = self.directories_left.saturating_sub(1);
                if self.directories_left == 0 {
                    return self.bound("more directories than one object may look up");
                }
                let Some(directory) = self.files.directory(&below) else {
                    // What is in it stays unseen, which must not pass for an empty directory.
                    if stat.kind == FileKind::Directory && name.contains(char::REPLACEMENT_CHARACTER) {
                        self.ending.bounded = Some("the name of a directory is not UTF-8, so it cannot be entered");
                    }
                    continue;
                };
                if inside.contains(&directory) || way.device.is_some_and(|device| device != directory.identity.0) {
                    continue;
                }
                match self.files.mounts.reach(directory.identity.0) {
                    Reach::Local => {}
                    Reach::Pseudo if start_reach == Reach::Pseudo => {}
                    Reach::Pseudo => continue,
                    Reach::Remote => {
                        self.ending.remote += 1;
                        continue;
                    }
                }
                pending.push((below, directory, depth + 1));
            }
            // The last one pushed is the first one taken: names come in their order.
            if let Some(below) = pending.get_mut(first_below..) {
                below.reverse();
            }
        }
        ControlFlow::Continue(())
    }

    fn accepts(&mut self, entity: &Entity, text: &str) -> bool {
        match entity.test(text) {
            yagura_scap::Truth::True => true,
            yagura_scap::Truth::Error => {
                self.ending.failed = true;
                false
            }
            _ => false,
        }
    }

    fn count(&mut self, names: usize, cut: bool) -> ControlFlow<()> {
        self.names_left = self.names_left.saturating_sub(u64::try_from(names).unwrap_or(u64::MAX));
        if cut {
            self.ending.bounded = Some("a directory has more entries than we read");
        }
        if self.names_left == 0 {
            return self.bound("more names than one object may look at");
        }
        ControlFlow::Continue(())
    }

    const fn bound(&mut self, what: &'static str) -> ControlFlow<()> {
        self.ending.bounded = Some(what);
        ControlFlow::Break(())
    }
}

type EachDirectory<'e> = dyn FnMut(&mut Search<'_, '_, '_>, &str, Directory) -> ControlFlow<()> + 'e;

/// The texts without repetition, in their order.
fn distinct<T: AsRef<str>>(texts: &[T]) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    texts.iter().map(AsRef::as_ref).filter(|text| seen.insert(*text)).collect()
}

/// What everything that a pattern entity means begins with; nothing where a pattern does not say.
fn prefixes(entity: &Entity) -> Vec<String> {
    let prefixes: Vec<String> = entity.patterns().iter().map(Pattern::anchored_prefix).collect();
    if prefixes.iter().any(String::is_empty) { Vec::new() } else { prefixes }
}

/// Whether a directory, or something below it, begins with one of the prefixes: `/b` leads past `/sys`.
fn leads_to(directory: &str, prefixes: &[String]) -> bool {
    let leads = |prefix: &String| directory.starts_with(prefix.as_str()) || prefix.starts_with(directory);
    prefixes.is_empty() || prefixes.iter().any(leads)
}

/// The directory that a literal prefix names: `/etc/` of `/etc/pam`.
fn literal_directory(prefix: &str) -> String {
    match prefix.rfind('/') {
        Some(end) if prefix.starts_with('/') && end > 0 => prefix.get(..end).unwrap_or_default().to_owned(),
        _ => "/".to_owned(),
    }
}

fn is_below(path: &str, other: &str) -> bool {
    other == "/" || path.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests;
