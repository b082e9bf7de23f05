//! One walk over the host's file system for all languages.
//!
//! Each directory is listed once, symbolic links are not followed, and a regular file is only named
//! to the visitor: opening it is his business. What is known to hold no packages of *this* host is
//! not entered ([`super::places`], and on a live host [`super::mounts`]); what could not be entered becomes a problem.

use yagura_model::{LocalText, SourceLine, Text};

use super::mounts::Mounts;
use super::places;
use crate::database::Faults;
use crate::host::{FileKind, Host};
use crate::problem::unreadable;

/// Bounds of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Files and directories in all. A build server has a few million.
    pub entries_max: usize,
    /// Entries of one directory. Mail folders and caches are larger; packages never live in one.
    pub directory_entries_max: usize,
    /// Directories on the way to a file. The deepest honest `node_modules` have some 60.
    pub depth_max: usize,
    /// Whether the storage of container engines, snaps and Flatpaks is entered too.
    pub containers: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { entries_max: 10_000_000, directory_entries_max: 200_000, depth_max: 100, containers: false }
    }
}

/// What a walk has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Directories that were listed.
    pub directories: usize,
    /// Entries of all kinds in them.
    pub entries: usize,
}

/// Where packages are most likely comes first, so that a bound takes the rest.
const FIRST: [&str; 7] = ["usr", "opt", "srv", "app", "home", "root", "var"];

const MEANING: Text =
    Text::new("language packages below it are not assessed", "その配下にある言語パッケージは評価されません");

/// Walks the host and names the regular files of each directory to `visit`.
pub(super) fn walk(
    host: &dyn Host,
    bounds: Bounds,
    mounts: &Mounts,
    faults: &mut Faults,
    visit: &mut dyn FnMut(&str, &[&str]),
) -> Seen {
    let mut seen = Seen::default();
    let mut pending: Vec<(String, usize)> = vec![(String::new(), 0)];
    while let Some((directory, depth)) = pending.pop() {
        let entries = match host.list(&directory, bounds.directory_entries_max) {
            Ok(Some(entries)) => entries,
            Ok(None) => {
                // Gone meanwhile, or its name is no text and so cannot be asked for.
                if directory.contains('\u{FFFD}') {
                    faults.report(SourceLine::file(directory), no_text_text());
                }
                continue;
            }
            Err(error) => {
                faults.add(unreadable(&error, &directory, MEANING));
                continue;
            }
        };
        seen.directories += 1;
        let first_below = pending.len();
        let mut files = Vec::new();
        for entry in &entries {
            if seen.entries == bounds.entries_max {
                visit(&directory, &files);
                faults.report(SourceLine::file(directory), too_many_text(bounds.entries_max));
                return seen;
            }
            seen.entries += 1;
            match entry.kind {
                FileKind::File => files.push(entry.name.as_str()),
                FileKind::Directory => {
                    let path = join(&directory, &entry.name);
                    if !places::is_entered(&path, bounds) || mounts.keeps_out(&path) {
                        continue;
                    }
                    if depth == bounds.depth_max {
                        faults.report(SourceLine::file(path), too_deep_text(bounds.depth_max));
                    } else {
                        pending.push((path, depth + 1));
                    }
                }
                FileKind::Symlink | FileKind::Special => {}
            }
        }
        visit(&directory, &files);
        let below = pending.get_mut(first_below..).unwrap_or_default();
        below.reverse();
        if depth == 0 {
            below.sort_by_key(|(path, _)| {
                std::cmp::Reverse(FIRST.iter().position(|first| first == path).unwrap_or(FIRST.len()))
            });
        }
    }
    seen
}

/// Puts a name below a directory; the root's own path is empty.
pub(super) fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

fn no_text_text() -> LocalText {
    LocalText::new(
        "the directory's name is not UTF-8; language packages below it are not assessed",
        "ディレクトリー名が UTF-8 ではありません。その配下にある言語パッケージは評価されません",
    )
}

fn too_many_text(entries_max: usize) -> LocalText {
    LocalText::new(
        format!(
            "there are more than {entries_max} files and directories; language packages after this one are not assessed"
        ),
        format!(
            "ファイルとディレクトリーが {entries_max} 件を超えています。これより後にある言語パッケージは評価されません"
        ),
    )
}

fn too_deep_text(depth_max: usize) -> LocalText {
    LocalText::new(
        format!("the directory lies deeper than {depth_max} levels; language packages below it are not assessed"),
        format!("ディレクトリーの深さが {depth_max} 階層を超えています。その配下にある言語パッケージは評価されません"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    fn walked(host: &MemoryHost, bounds: Bounds) -> (Vec<String>, Seen, Vec<String>) {
        let (mut files, mut faults) = (Vec::new(), Faults::default());
        let seen = walk(host, bounds, &Mounts::default(), &mut faults, &mut |directory, names| {
            files.extend(names.iter().map(|name| join(directory, name)));
        });
        let problems = faults.into_problems("");
        (files, seen, problems.into_iter().map(|p| format!("{}: {}", p.place, p.message.en)).collect())
    }

    #[test]
    fn likely_places_come_first_and_links_are_not_followed() {
        let host = MemoryHost::new()
            .file("bin-of-root", "")
            .file("aaa/x", "")
            .file("usr/lib/a", "")
            .file("usr/b", "")
            .file("var/c", "")
            .link("usr/self", "/usr")
            .link("lib", "usr/lib")
            .file("proc/1/x", "")
            .file("data/proc/x", "")
            .file("var/lib/docker/overlay2/x/merged/usr/y", "")
            .file("home/u/.local/share/containers/z", "")
            .file("home/u/.git/objects/00/z", "")
            .file("home/u/.cache/uv/z", "")
            .file("snap/x/1/y", "");
        let (files, seen, problems) = walked(&host, Bounds::default());
        assert_eq!(files, ["bin-of-root", "usr/b", "usr/lib/a", "var/c", "aaa/x", "data/proc/x"]);
        assert_eq!(problems, [""; 0]);
        assert_eq!((seen.directories, seen.entries), (13, 26));
        let everything = Bounds { containers: true, ..Bounds::default() };
        assert_eq!(walked(&host, everything).0.len(), 9);
    }

    #[test]
    fn bounds_are_said() {
        let host =
            MemoryHost::new().file("a/b/c/d/e", "").file("a/x", "").denied("a/y").file("z/0", "").file("z/1", "");
        let deep = Bounds { depth_max: 3, ..Bounds::default() };
        let (files, _, problems) = walked(&host, deep);
        assert_eq!(files, ["a/x", "a/y", "z/0", "z/1"]);
        insta::assert_snapshot!(problems.join("\n"), @"/a/b/c/d: the directory lies deeper than 3 levels; language packages below it are not assessed");
        let (files, _, problems) = walked(&host, Bounds { directory_entries_max: 2, ..Bounds::default() });
        assert_eq!(files, ["z/0", "z/1"]);
        insta::assert_snapshot!(problems.join("\n"), @"/a: `/a` is larger than 2 entries, which is more than we read; language packages below it are not assessed");
        let (files, seen, problems) = walked(&host, Bounds { entries_max: 4, ..Bounds::default() });
        assert_eq!((files.len(), seen.entries), (1, 4));
        insta::assert_snapshot!(problems.join("\n"), @"/a: there are more than 4 files and directories; language packages after this one are not assessed");
        let strange = MemoryHost::new().file("a\u{FFFD}/x", "");
        assert_eq!(
            walked(&strange, Bounds::default()).0.len(),
            1,
            "a name that has the character itself can be asked for"
        );
    }
}
