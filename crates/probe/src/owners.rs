//! Which package of the operating system owns a file.
//!
//! A database names hundreds of thousands of files and we ask for a few: so the files are named
//! first ([`Claims::new`]), and each database then goes through its lists once and claims what it
//! owns ([`Owners::claim`]). Nothing but the answers is kept.

use std::collections::{HashMap, HashSet};

use yagura_model::{LocalText, PackageKind, ReadProblem, SourceLine, Text};

use crate::error::InventoryError;
use crate::host::Host;
use crate::problem::unreadable;
use crate::{alpm, apk, dpkg, portage, rpm};

/// Knows which package put a file on the host.
pub trait Owners {
    /// Claims every file of every package that is installed. What cannot be read becomes a
    /// problem; its files then have no owner.
    fn claim(&self, host: &dyn Host, claims: &mut Claims, problems: &mut Vec<ReadProblem>);
}

/// Nobody owns anything: for hosts without a package database, and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Owners for Nobody {
    fn claim(&self, _: &dyn Host, _: &mut Claims, _: &mut Vec<ReadProblem>) {}
}

/// The files of an rpm host.
#[derive(Debug, Clone, Copy, Default)]
struct RpmFiles;

impl Owners for RpmFiles {
    fn claim(&self, host: &dyn Host, claims: &mut Claims, problems: &mut Vec<ReadProblem>) {
        let spellings = claims.spellings();
        let paths: Vec<&str> = spellings.iter().map(String::as_str).collect();
        match rpm::owners(host, &paths) {
            Ok(owners) => owners.iter().for_each(|(path, package)| claims.claim(path, package)),
            Err(InventoryError::Unreadable { path, source }) => problems.push(unreadable(&source, &path, MEANING)),
            Err(error) => problems.push(ReadProblem {
                place: SourceLine::default(),
                message: LocalText::new(
                    format!("{error}; {}", MEANING.en),
                    format!("RPM データベースを読み取れません ({error})。{}", MEANING.ja),
                ),
            }),
        }
    }
}

/// Returns who knows the owners on a host with packages of a kind.
pub fn of(kind: Option<PackageKind>) -> &'static dyn Owners {
    match kind {
        Some(PackageKind::Deb) => &dpkg::Files,
        Some(PackageKind::Rpm) => &RpmFiles,
        Some(PackageKind::Apk) => &apk::Files,
        Some(PackageKind::Alpm) => &alpm::Files,
        Some(PackageKind::Portage) => &portage::Files,
        Some(PackageKind::Snap | PackageKind::Flatpak | PackageKind::Language(_)) | None => &Nobody,
    }
}

const MEANING: Text = Text::new(
    "language packages that belong to the system's packages are taken for packages of their own",
    "システムのパッケージに属する言語パッケージは、独立したパッケージとして扱われます",
);

/// Directories that merged systems make links, in the order in which they are to be replaced.
const LINKS: [&str; 9] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr/sbin", "usr/lib64", "usr/libexec"];

/// The files that are asked for, and who claimed them.
#[derive(Debug, Default)]
pub struct Claims {
    owners: HashMap<String, Option<String>>,
    /// Last components of the paths: most files are told from ours by their name alone.
    names: HashSet<String>,
    /// `lib/` is `usr/lib/`: databases name files as the package does, we as the file system does.
    links: Vec<(String, String)>,
}

impl Claims {
    /// Asks for files by their paths on the disk, without links and without a leading slash.
    pub fn new<'a>(host: &dyn Host, paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut claims = Self::default();
        for path in paths {
            claims.names.insert(last(path).1.to_owned());
            claims.owners.insert(path.to_owned(), None);
        }
        for link in LINKS {
            // A link that cannot be read leads nowhere for us; its files are then found by their own name only.
            let Ok(Some(target)) = host.read_link(link) else { continue };
            let target = target.trim_end_matches('/');
            let target = match (target.strip_prefix('/'), link.rsplit_once('/')) {
                (Some(absolute), _) => absolute.to_owned(),
                (None, Some((parent, _))) => format!("{parent}/{target}"),
                (None, None) => target.to_owned(),
            };
            claims.links.push((format!("{link}/"), format!("{target}/")));
        }
        claims
    }

    /// Claims a file, its path with or without a leading slash. The first one to claim it has it.
    pub fn claim(&mut self, path: &str, package: &str) {
        let (directory, name) = last(path);
        self.claim_in(directory, name, package);
    }

    /// Claims a file that the database names by directory and name.
    pub fn claim_in(&mut self, directory: &str, name: &str, package: &str) {
        if !self.names.contains(name) {
            return;
        }
        let directory = directory.trim_matches('/');
        let mut path = if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
        for (link, target) in &self.links {
            if let Some(rest) = path.strip_prefix(link.as_str()) {
                path = format!("{target}{rest}");
            }
        }
        if let Some(owner) = self.owners.get_mut(&path) {
            owner.get_or_insert_with(|| package.to_owned());
        }
    }

    /// Names every file that is asked for, by the names too under which a package may know it: of
    /// `usr/lib/x` on a merged system also `lib/x`.
    pub fn spellings(&self) -> Vec<String> {
        let mut spellings: Vec<String> = self.owners.keys().cloned().collect();
        for (link, target) in self.links.iter().rev() {
            let others: Vec<String> = spellings
                .iter()
                .filter_map(|path| path.strip_prefix(target.as_str()))
                .map(|rest| format!("{link}{rest}"))
                .collect();
            spellings.extend(others);
        }
        spellings
    }

    /// Names the package that has claimed the file.
    pub fn owner(&self, path: &str) -> Option<&str> {
        self.owners.get(path)?.as_deref()
    }

    /// Tells whether nothing is asked for, so that no database need be read.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }
}

/// Splits a path before its last component.
fn last(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    /// A real database; its package of Python's names the library's folder as it was built.
    #[test]
    fn rpm_names_owners_under_either_name() {
        let Some(database) = yagura_testkit::shared_data("hosts/fedora-33-small-sqlite/rpmdb.sqlite") else { return };
        let file = "python3.9/site-packages/rpm-4.16.0-py3.9.egg-info";
        let host = MemoryHost::new()
            .file("var/lib/rpm/rpmdb.sqlite", std::fs::read(database).unwrap())
            .file(&format!("usr/lib/{file}"), "Name: rpm\nVersion: 4.16.0\n")
            .link("usr/lib64", "lib");
        let snapshot = crate::snapshot(&host).unwrap();
        let owned: Vec<_> =
            snapshot.packages.iter().filter_map(|package| package.provenance.owner.as_deref()).collect();
        assert_eq!(owned, ["python3-rpm"]);
        let broken = MemoryHost::new().file("var/lib/rpm/rpmdb.sqlite", "no database");
        let mut problems = Vec::new();
        of(Some(PackageKind::Rpm)).claim(&broken, &mut Claims::new(&broken, ["usr/x"]), &mut problems);
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn files_are_claimed_under_either_name() {
        let host = MemoryHost::new()
            .link("lib", "usr/lib")
            .link("sbin", "/usr/sbin")
            .link("usr/sbin", "bin/")
            .file("usr/lib/a.jar", "")
            .file("usr/bin/tool", "");
        let mut claims = Claims::new(&host, ["usr/lib/a.jar", "usr/bin/tool", "opt/a.jar", "top"]);
        claims.claim("/lib/a.jar", "a");
        claims.claim("usr/lib/a.jar", "b");
        claims.claim_in("/sbin/", "tool", "tools");
        claims.claim("/top", "t");
        claims.claim("/elsewhere/a.jar", "x");
        assert_eq!(claims.owner("usr/lib/a.jar"), Some("a"));
        assert_eq!(claims.owner("usr/bin/tool"), Some("tools"));
        assert_eq!(claims.owner("top"), Some("t"));
        assert_eq!(claims.owner("opt/a.jar"), None);
        assert_eq!(claims.owner("never/asked"), None);
        assert!(!claims.is_empty() && Claims::default().is_empty());
        let mut spellings = claims.spellings();
        spellings.sort();
        assert_eq!(
            spellings,
            ["lib/a.jar", "opt/a.jar", "sbin/tool", "top", "usr/bin/tool", "usr/lib/a.jar", "usr/sbin/tool"]
        );
    }
}
