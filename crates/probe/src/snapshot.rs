//! Puts the probes together: one host in, one snapshot out.

use yagura_model::{LocalText, Package, ReadProblem, Release, Snapshot, SourceLine};

use crate::error::InventoryError;
use crate::host::Host;
use crate::{
    alpm, apk, channels, dpkg, flatpak, identity, kernel, languages, os_release, owners, portage, rpm, settings, snap,
};

/// Reads all that we know how to read of a host.
///
/// # Errors
/// When the package database is there and cannot be read whole, see [`InventoryError`].
pub fn snapshot(host: &dyn Host) -> Result<Snapshot, InventoryError> {
    let mut snapshot = inventory(host)?;
    snapshot.settings = settings::read(host, &snapshot.packages, snapshot.release.as_ref(), &mut snapshot.problems);
    add_other_packages(host, &mut snapshot);
    Ok(snapshot)
}

/// Reads what [`inventory`] reads, and what is installed beside the operating system's packages: the
/// inventory of whoever judges or lists packages. It walks over the whole file system.
///
/// # Errors
/// As [`inventory`].
pub fn full_inventory(host: &dyn Host) -> Result<Snapshot, InventoryError> {
    let mut snapshot = inventory(host)?;
    add_other_packages(host, &mut snapshot);
    Ok(snapshot)
}

/// Reads who the host is, what it runs and which packages of the operating system are installed; its
/// settings are left empty.
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
            kernel::name_package(&mut snapshot.kernel, &snapshot.packages);
            snapshot.package_database = Some(database.path);
        }
        None => problems.extend(other_database(host)),
    }
    let architecture = snapshot.host.architecture.as_deref();
    snapshot.channels =
        channels::read(host, snapshot.release.as_ref(), architecture, &mut snapshot.packages, &mut problems);
    snapshot.problems = problems;
    Ok(snapshot)
}

/// Adds what is installed beside the operating system's packages, after them: snaps, Flatpaks, and
/// packages of languages, for which the whole file system is walked over.
fn add_other_packages(host: &dyn Host, snapshot: &mut Snapshot) {
    let kind = snapshot.packages.first().map(|package| package.kind);
    let mut others = snap::read(host, &mut snapshot.problems);
    others.append(&mut flatpak::read(host, &mut snapshot.problems));
    let mut languages = languages::read(host, owners::of(kind));
    others.append(&mut languages.packages);
    snapshot.problems.append(&mut languages.problems);
    snapshot.packages.append(&mut others);
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
    apk::inventory,
    alpm::inventory,
    portage::inventory,
];

/// Words of distributions made of rpms, in their own `ID` or in `ID_LIKE`.
const OF_RPMS: &[&str] =
    &["rhel", "centos", "fedora", "suse", "opensuse", "sles", "amzn", "azurelinux", "mariner", "photon"];

/// Reads the first database with a package in it: Fedora's dpkg, installed as a tool, keeps an
/// empty one mostly, and is asked last there.
fn package_database(host: &dyn Host, release: Option<&Release>) -> Result<Option<PackageDatabase>, InventoryError> {
    let is_of_rpms = release.is_some_and(|release| {
        let mut words = std::iter::once(&release.distribution).chain(&release.like);
        words.any(|word| OF_RPMS.contains(&word.as_str()))
    });
    let (dpkg, others) = DATABASES.split_at(1);
    let order = if is_of_rpms { [others, dpkg] } else { [dpkg, others] };
    let mut empty = None;
    for read in order.into_iter().flatten() {
        match read(host, release)? {
            Some(database) if !database.packages.is_empty() => return Ok(Some(database)),
            found => empty = empty.or(found),
        }
    }
    Ok(empty)
}

/// Where other package managers keep what they installed.
const OTHER_DATABASES: &[(&str, &str)] = &[
    ("usr/lib/opkg/status", "opkg"),
    ("var/db/xbps", "xbps"),
    ("var/lib/pkgtools/packages", "pkgtools"),
    ("var/lib/eopkg/package", "eopkg"),
    ("nix/var/nix/db/db.sqlite", "Nix"),
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
    use yagura_model::{PackageKind, Virtualization};

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
        let snapshot = inventory(&MemoryHost::new().file("usr/lib/opkg/status", "")).unwrap();
        insta::assert_snapshot!(snapshot.problems[0].message.en, @"this version does not read the package database of opkg; no installed package is assessed");
        assert_eq!(snapshot.problems[0].place.path, "usr/lib/opkg/status");
        // Debian hosts that build for others have an rpm database as well; theirs is dpkg's.
        let status = "Package: a\nStatus: install ok installed\nVersion: 1\n";
        let fedora = MemoryHost::new()
            .file("etc/os-release", "ID=rocky\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=9.4\n")
            .file("var/lib/dpkg/status", status)
            .denied("var/lib/rpm/rpmdb.sqlite");
        assert!(inventory(&fedora).is_err(), "its dpkg is a tool; its own database cannot be read");
        let both = MemoryHost::new().denied("var/lib/rpm/rpmdb.sqlite").file("var/lib/dpkg/status", status);
        assert!(inventory(&both).unwrap().problems.is_empty());
    }

    #[test]
    fn every_package_manager_is_asked() {
        let apk = "P:musl\nV:1.2.4-r2\nA:x86_64\n\n";
        let desc = "%NAME%\nzlib\n\n%VERSION%\n1:1.3-1\n\n%ARCH%\nx86_64\n";
        for (path, content, kind, name) in [
            ("lib/apk/db/installed", apk, PackageKind::Apk, "musl"),
            ("usr/lib/apk/db/installed", apk, PackageKind::Apk, "musl"),
            ("var/lib/pacman/local/zlib-1/desc", desc, PackageKind::Alpm, "zlib"),
            ("var/db/pkg/sys-libs/zlib-1.3-r1/SLOT", "0\n", PackageKind::Portage, "sys-libs/zlib"),
        ] {
            let snapshot = inventory(&MemoryHost::new().file(path, content)).unwrap();
            assert_eq!(snapshot.problems, []);
            assert_eq!((snapshot.packages[0].kind, snapshot.packages[0].name.as_str()), (kind, name));
            assert!(path.starts_with(&snapshot.package_database.unwrap()));
        }
    }

    #[test]
    fn other_packages_stand_behind_the_systems_own() {
        let host = MemoryHost::new()
            .file(
                "lib/apk/db/installed",
                "P:py3-six\nV:1.16-r0\nF:usr/lib/python3.11/site-packages\nR:six.egg-info\n\n",
            )
            .file("usr/lib/python3.11/site-packages/six.egg-info", "Name: six\nVersion: 1.16.0\n")
            .file("snap/a/current/meta/snap.yaml", "version: 1\n")
            .file("var/lib/flatpak/app/org.x/x86_64/stable/active/deploy", "flathub\0")
            .file("opt/node_modules/broken/package.json", "");
        let system = inventory(&host).unwrap();
        assert_eq!((system.packages.len(), system.problems.len()), (1, 0));
        let whole = snapshot(&host).unwrap();
        assert_eq!(full_inventory(&host).unwrap().packages, whole.packages);
        let shown: Vec<String> =
            whole.packages.iter().map(|p| format!("{} {} {:?}", p.kind.word(), p.name, p.provenance.owner)).collect();
        assert_eq!(shown, ["apk py3-six None", "snap a None", "flatpak org.x None", r#"pypi six Some("py3-six")"#]);
        assert_eq!(whole.problems.last().unwrap().place.path, "opt/node_modules/broken/package.json");
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
