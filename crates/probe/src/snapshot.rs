//! Puts the probes together: one host in, one snapshot out.

use yagura_model::{LocalText, Package, ReadProblem, Release, Snapshot, SourceLine};

use crate::dpkg;
use crate::error::InventoryError;
use crate::host::Host;
use crate::{identity, kernel, os_release, rpm, settings};

/// Reads all that we know how to read of a host.
///
/// # Errors
/// When the package database is there and cannot be read whole, see [`InventoryError`].
pub fn snapshot(host: &dyn Host) -> Result<Snapshot, InventoryError> {
    let mut snapshot = inventory(host)?;
    snapshot.settings = settings::read(host, &snapshot.packages, snapshot.release.as_ref(), &mut snapshot.problems);
    Ok(snapshot)
}

/// Reads who the host is, what it runs and what is installed; its settings are left empty.
///
/// A host without a package database that we read is no error: `package_database` is `None`.
///
/// # Errors
/// When the package database is there and cannot be read whole, see [`InventoryError`].
pub fn inventory(host: &dyn Host) -> Result<Snapshot, InventoryError> {
    let mut problems = Vec::new();
    let told = os_release::read(host, &mut problems);
    let kernel = kernel::read(host, &mut problems);
    let database = package_database(host, told.as_ref())?;
    let architecture = database.as_ref().and_then(|database| database.architecture.clone());
    let identity = identity::read(host, architecture, &mut problems);
    let mut snapshot = Snapshot { host: identity, release: told, kernel, ..Snapshot::default() };
    match database {
        Some(mut database) => {
            problems.append(&mut database.problems);
            snapshot.release = snapshot.release.or(database.release);
            snapshot.packages = database.packages;
            snapshot.package_database = Some(database.path);
        }
        None => problems.extend(other_database(host)),
    }
    snapshot.problems = problems;
    Ok(snapshot)
}

/// What one package manager's database says of its host.
#[derive(Debug, Default)]
pub(crate) struct PackageDatabase {
    /// The database that was read, relative to the root.
    pub(crate) path: String,
    /// By name, then architecture; origins are set.
    pub(crate) packages: Vec<Package>,
    /// The architecture of the programs, where the package manager knows it.
    pub(crate) architecture: Option<String>,
    /// The release that the packages show, for hosts on which no file says.
    pub(crate) release: Option<Release>,
    /// Records that could not be read.
    pub(crate) problems: Vec<ReadProblem>,
}

/// Reads one kind of database; the release is what the host's files say. `None` when the host
/// keeps no such database.
type ReadDatabase = fn(&dyn Host, Option<&Release>) -> Result<Option<PackageDatabase>, InventoryError>;

/// The package managers, in the order in which they are asked. A Debian host that builds for
/// others keeps an rpm database beside dpkg's own.
#[rustfmt::skip] // One line each.
const DATABASES: &[ReadDatabase] = &[
    dpkg::inventory,
    rpm::inventory,
];

/// Reads the first database with a package in it: Fedora's dpkg, installed as a tool, keeps an
/// empty one.
fn package_database(host: &dyn Host, release: Option<&Release>) -> Result<Option<PackageDatabase>, InventoryError> {
    let mut empty = None;
    for read in DATABASES {
        match read(host, release)? {
            Some(database) if !database.packages.is_empty() => return Ok(Some(database)),
            found => empty = empty.or(found),
        }
    }
    Ok(empty)
}

/// Where other package managers keep what they installed.
const OTHER_DATABASES: &[(&str, &str)] = &[
    ("lib/apk/db/installed", "apk"),
    ("usr/lib/apk/db/installed", "apk"),
    ("var/lib/pacman/local/ALPM_DB_VERSION", "pacman"),
];

/// A host whose packages we cannot read must not look like a host without packages.
fn other_database(host: &dyn Host) -> Option<ReadProblem> {
    let (path, manager) = OTHER_DATABASES.iter().find(|(path, _)| !matches!(host.metadata(path), Ok(None)))?;
    Some(ReadProblem {
        place: SourceLine::file(*path),
        message: LocalText::new(
            format!("this version does not read the package database of {manager}; no installed package is assessed"),
            format!(
                "このバージョンは {manager} のパッケージデータベースに対応していません。導入済みパッケージは評価されません"
            ),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryHost, RootedHost, Uname};
    use yagura_model::Virtualization;

    #[test]
    fn an_empty_root_is_an_answer() {
        let snapshot = inventory(&MemoryHost::new()).unwrap();
        assert_eq!(snapshot.package_database, None);
        assert_eq!(snapshot.host.virtualization, Virtualization::Tree);
        assert!(snapshot.release.is_none() && snapshot.packages.is_empty() && snapshot.problems.is_empty());
    }

    #[test]
    fn everything_finds_its_place() {
        let status = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\nSource: glibc\n\n\
            Package: broken\n\nPackage: x\nStatus: install ok installed\nVersion: 1-1~bpo12+1\n";
        let uname = Uname { nodename: "h".into(), release: "6.1.0-28-amd64".into(), ..Uname::default() };
        let host = MemoryHost::new()
            .live()
            .running(uname)
            .file("etc/os-release", "ID=debian\nVERSION_ID=12\n")
            .file("var/lib/dpkg/status", status);
        let snapshot = snapshot(&host).unwrap();
        assert_eq!(snapshot.release.unwrap().key().unwrap().as_str(), "debian:bookworm");
        assert_eq!((snapshot.host.name.as_str(), snapshot.host.root), ("h", None));
        assert_eq!(snapshot.host.architecture.as_deref(), Some("amd64"));
        assert_eq!(snapshot.kernel.running.as_deref(), Some("6.1.0-28-amd64"));
        assert_eq!(snapshot.package_database.as_deref(), Some("var/lib/dpkg/status"));
        assert_eq!(snapshot.packages.len(), 2);
        assert!(snapshot.packages[1].origin.is_foreign());
        assert_eq!(snapshot.problems[0].place.to_string(), "/var/lib/dpkg/status:7");
    }

    #[test]
    fn a_database_of_another_kind_is_said() {
        let snapshot = inventory(&MemoryHost::new().file("lib/apk/db/installed", "P:musl\n")).unwrap();
        insta::assert_snapshot!(snapshot.problems[0].message.en, @"this version does not read the package database of apk; no installed package is assessed");
        assert_eq!(snapshot.problems[0].place.path, "lib/apk/db/installed");
        // Debian hosts that build for others have an rpm database as well; theirs is dpkg's.
        let status = "Package: a\nStatus: install ok installed\nVersion: 1\n";
        let both = MemoryHost::new().denied("var/lib/rpm/rpmdb.sqlite").file("var/lib/dpkg/status", status);
        assert!(inventory(&both).unwrap().problems.is_empty());
    }

    #[test]
    fn a_tree_names_its_root() {
        let dir = tempfile::tempdir().unwrap();
        let snapshot = inventory(&RootedHost::open(dir.path()).unwrap()).unwrap();
        assert_eq!(snapshot.host.root, Some(dir.path().display().to_string()));
    }

    #[test]
    fn no_part_of_a_database_is_given_out() {
        assert!(inventory(&MemoryHost::new().denied("var/lib/dpkg/status")).is_err());
    }
}
