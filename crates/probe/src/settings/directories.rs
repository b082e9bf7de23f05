//! Reads owners and permissions of the directories that hold programs and system configuration.
//!
//! A fixed list ([`LISTED`]), and below some of them a bounded walk ([`WALKS`]). A directory with
//! two names (`bin` → `usr/bin` on a merged system) appears once. POSIX access control lists are
//! not read; with one, the group bits show the list's mask.

use std::collections::{BTreeMap, BTreeSet};

use yagura_model::settings::{Directory, DirectoryFacts, GroupReach};
use yagura_model::{Fact, LocalText, ReadProblem, SourceLine};

use crate::host::{FileKind, Host, Metadata};
use crate::settings::{accounts, explain};

/// Directories with programs, libraries, boot files or system configuration, and those on the way
/// to them: who may write into `/usr` may replace `/usr/bin`. The empty path is `/`.
const LISTED: [&str; 29] = [
    "",
    "usr",
    "usr/bin",
    "usr/sbin",
    "usr/lib",
    "usr/lib32",
    "usr/lib64",
    "usr/libx32",
    "usr/libexec",
    "usr/games",
    "usr/local",
    "usr/local/bin",
    "usr/local/sbin",
    "usr/local/lib",
    "usr/local/lib64",
    "usr/local/libexec",
    "usr/local/etc",
    "usr/local/games",
    "bin",
    "sbin",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "etc",
    "boot",
    "boot/grub",
    "boot/grub2",
    "boot/efi",
];
/// Below these, directories down to this depth are looked at too.
const WALKS: [(&str, usize); 5] = [("etc", 2), ("usr/lib", 1), ("usr/libexec", 1), ("usr/local/lib", 1), ("boot", 1)];
/// Directories in all.
const DIRECTORIES_MAX: usize = 4_000;
/// Entries of one directory; `/etc` of a large server has a few hundred.
const ENTRIES_MAX: usize = 20_000;
/// Users of a group that are named.
const NAMED_MAX: usize = 8;

/// Reads the directories.
pub(super) fn read(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Fact<DirectoryFacts> {
    let names = Names::read(host, problems);
    let mut walk = Walk { host, names, seen: BTreeMap::new(), facts: DirectoryFacts::default() };
    let outcome = walk.all(problems);
    match outcome {
        Err(reason) => Fact::Unreadable(reason),
        Ok(()) if walk.facts.directories.is_empty() => Fact::NotPresent(LocalText::new(
            "the tree has none of the system directories",
            "システムディレクトリがひとつもありません",
        )),
        Ok(()) => Fact::Known(walk.facts),
    }
}

struct Walk<'a> {
    host: &'a dyn Host,
    names: Names,
    /// Where the directory with this identity stands in the list.
    seen: BTreeMap<(u64, u64), usize>,
    facts: DirectoryFacts,
}

impl Walk<'_> {
    fn all(&mut self, problems: &mut Vec<ReadProblem>) -> Result<(), LocalText> {
        for path in LISTED {
            match self.host.metadata(path) {
                Ok(Some(metadata)) if metadata.kind == FileKind::Directory => self.add(path, metadata, true)?,
                Ok(_) => {}
                // A name that leads nowhere (`lib32` without its package) is not a directory.
                Err(crate::ReadError::BadLink { .. }) => {}
                Err(error) => return Err(report(&error, path, problems)),
            }
        }
        for (path, depth) in WALKS {
            self.below(path, depth, problems)?;
        }
        Ok(())
    }

    fn below(&mut self, folder: &str, depth: usize, problems: &mut Vec<ReadProblem>) -> Result<(), LocalText> {
        let entries = match self.host.list(folder, ENTRIES_MAX) {
            Ok(entries) => entries.unwrap_or_default(),
            // What only root may list (`/etc/sudoers.d`) leaves its own mode known already.
            Err(error) => {
                report(&error, folder, problems);
                return Ok(());
            }
        };
        for entry in entries.into_iter().filter(|entry| entry.kind == FileKind::Directory) {
            let path = format!("{folder}/{}", entry.name);
            match self.host.link_metadata(&path) {
                Ok(Some(metadata)) if metadata.kind == FileKind::Directory => self.add(&path, metadata, false)?,
                Ok(_) => continue,
                Err(error) => {
                    report(&error, &path, problems);
                    continue;
                }
            }
            if depth > 1 {
                self.below(&path, depth - 1, problems)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &str, metadata: Metadata, listed: bool) -> Result<(), LocalText> {
        if path.is_empty() {
            self.facts.root_uid = metadata.uid;
        }
        if let Some(first) = self.seen.get(&metadata.identity).and_then(|at| self.facts.directories.get_mut(*at)) {
            if first.path != path && listed {
                first.also.push(path.to_owned());
            }
            return Ok(());
        }
        if self.facts.directories.len() >= DIRECTORIES_MAX {
            return Err(LocalText::new(
                format!("there are more than {DIRECTORIES_MAX} system directories"),
                format!("システムディレクトリが {DIRECTORIES_MAX} 個を超えています"),
            ));
        }
        self.seen.insert(metadata.identity, self.facts.directories.len());
        self.facts.directories.push(Directory {
            path: path.to_owned(),
            also: Vec::new(),
            listed,
            mode: metadata.mode & 0o7777,
            uid: metadata.uid,
            owner: self.names.users.get(&metadata.uid).cloned(),
            gid: metadata.gid,
            group: self.names.groups.get(&metadata.gid).cloned(),
            group_reach: self.names.reach(metadata.gid),
        });
        Ok(())
    }
}

fn report(error: &crate::ReadError, path: &str, problems: &mut Vec<ReadProblem>) -> LocalText {
    let reason = explain(error);
    problems.push(ReadProblem { place: SourceLine::file(path), message: reason.clone() });
    reason
}

/// Who is who, by number.
#[derive(Default)]
struct Names {
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
    /// Users without root's rights by group, whether primary or listed; `None` where the group
    /// database cannot be read.
    reach: Option<BTreeMap<u32, BTreeSet<String>>>,
}

impl Names {
    fn read(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Self {
        let users = accounts::users(host, problems);
        let groups = accounts::groups(host, problems);
        let mut names = Self::default();
        let complete = matches!((&users, &groups), (Ok(Some(_)), Ok(Some(_))));
        let users = users.ok().flatten().unwrap_or_default();
        let groups = groups.ok().flatten().unwrap_or_default();
        let mut reach: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
        let mut uid_of = BTreeMap::new();
        for user in &users {
            uid_of.entry(user.name.as_str()).or_insert(user.uid);
            if user.uid != 0 {
                reach.entry(user.gid).or_default().insert(user.name.clone());
            }
            names.users.entry(user.uid).or_insert_with(|| user.name.clone());
        }
        for group in groups {
            // A member that no account has cannot log in; a directory service may still know it.
            let members = group.members.into_iter().filter(|name| uid_of.get(name.as_str()) != Some(&0));
            reach.entry(group.gid).or_default().extend(members);
            names.groups.entry(group.gid).or_insert(group.name);
        }
        names.reach = complete.then_some(reach);
        names
    }

    fn reach(&self, gid: u32) -> GroupReach {
        match &self.reach {
            None => GroupReach::Unknown,
            Some(reach) => match reach.get(&gid).filter(|users| !users.is_empty()) {
                None => GroupReach::Nobody,
                Some(users) => GroupReach::Users(users.iter().take(NAMED_MAX).cloned().collect()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    fn shown(host: &MemoryHost) -> Vec<String> {
        let fact = read(host, &mut Vec::new());
        let show = |d: &Directory| {
            let names: Vec<String> = d.also.iter().map(|name| format!("={name}")).collect();
            format!("{}{} {:o} {}:{} {:?}", d.name(), names.join(""), d.mode, d.uid, d.gid, d.group_reach)
        };
        fact.known().unwrap().directories.iter().map(show).collect()
    }

    fn base() -> MemoryHost {
        MemoryHost::new()
            .file("etc/passwd", "root:x:0:0::/:/bin/sh\nalice:x:1000:50::/:/bin/sh\n")
            .file("etc/group", "root:x:0:\nstaff:x:50:\nadm:x:4:bob,root\nempty:x:60:root\n")
    }

    #[test]
    fn a_merged_system_s_directory_appears_once() {
        let host = base().directory("usr/bin", 0o755, 0, 0).link("bin", "usr/bin");
        assert_eq!(shown(&host), ["/usr 755 0:0 Nobody", "/usr/bin=bin 755 0:0 Nobody", "/etc 755 0:0 Nobody"]);
    }

    #[test]
    fn groups_reach_users_without_root_s_rights() {
        let host = base()
            .directory("usr/local/bin", 0o2775, 0, 50)
            .directory("usr/local/lib", 0o2775, 0, 60)
            .directory("usr/local/sbin", 0o2775, 0, 4);
        let lines = shown(&host);
        assert!(lines.contains(&r#"/usr/local/bin 2775 0:50 Users(["alice"])"#.to_owned()), "{lines:?}");
        assert!(lines.contains(&r#"/usr/local/sbin 2775 0:4 Users(["bob"])"#.to_owned()), "{lines:?}");
        assert!(lines.contains(&"/usr/local/lib 2775 0:60 Nobody".to_owned()), "{lines:?}");
        let nameless = MemoryHost::new().directory("usr/local/bin", 0o2775, 0, 50);
        assert!(shown(&nameless).contains(&"/usr/local/bin 2775 0:50 Unknown".to_owned()));
    }

    #[test]
    fn the_walk_goes_two_levels_below_etc_and_follows_no_link() {
        let host = base()
            .directory("etc/a/b/c", 0o777, 0, 0)
            .link("etc/alternatives", "../tmp")
            .directory("tmp", 0o1777, 0, 0);
        let paths: Vec<String> = shown(&host).iter().map(|l| l.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(paths, ["/etc", "/etc/a", "/etc/a/b"]);
    }

    #[test]
    fn the_number_of_directories_is_bounded() {
        let host = (0..=DIRECTORIES_MAX).fold(base(), |host, n| host.directory(&format!("etc/{n}"), 0o755, 0, 0));
        assert!(matches!(read(&host, &mut Vec::new()), Fact::Unreadable(_)));
        let crowd = (0..=ENTRIES_MAX).fold(base(), |host, n| host.link(&format!("etc/{n}"), "x"));
        let mut problems = Vec::new();
        assert!(read(&crowd, &mut problems).known().is_some());
        assert_eq!(problems.len(), 1);
    }
}
