//! The inventory of real rpm databases is what `rpm -qa` printed of them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot prepare itself may fail loudly"
)]

use std::path::{Path, PathBuf};

use yagura_model::{Origin, Snapshot};
use yagura_probe::{RootedHost, inventory};
use yagura_testkit::shared_data;

/// Lays a sample out as a host: a packed root, or a database alone.
fn sample(name: &str, database: Option<(&str, &str)>) -> Option<(tempfile::TempDir, PathBuf)> {
    let folder = shared_data(&format!("hosts/{name}"))?;
    let dir = tempfile::tempdir().unwrap();
    match database {
        None => {
            let packed = std::fs::File::open(folder.join("rootfs.tar.zst")).unwrap();
            tar::Archive::new(zstd::Decoder::new(packed).unwrap()).unpack(dir.path()).unwrap();
        }
        Some((file, path)) => {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::copy(folder.join(file), path).unwrap();
        }
    }
    Some((dir, folder))
}

/// The lines of `packages.tsv` as our packages, without the keys.
fn expected(folder: &Path) -> Vec<String> {
    let table = std::fs::read_to_string(folder.join("packages.tsv")).unwrap();
    let mut lines: Vec<String> = table
        .lines()
        .skip(1)
        .filter(|line| !line.starts_with("gpg-pubkey\t"))
        .map(|line| {
            let [name, epoch, version, release, arch, source] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let prefix = if epoch == "(none)" || epoch == "0" { String::new() } else { format!("{epoch}:") };
            format!("{name} {prefix}{version}-{release} {arch} {source}")
        })
        .collect();
    lines.sort();
    lines
}

/// Our packages in the same form; the source's file is put together again.
fn ours(snapshot: &Snapshot) -> Vec<String> {
    let lines = snapshot.packages.iter().map(|package| {
        let source_version = package.source.version.split_once(':').map_or(&*package.source.version, |(_, rest)| rest);
        let source = format!("{}-{source_version}.src.rpm", package.source.name);
        format!("{} {} {} {source}", package.name, package.version, package.architecture)
    });
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

fn compare(name: &str, database: Option<(&str, &str)>) -> Option<Snapshot> {
    let (dir, folder) = sample(name, database)?;
    let snapshot = inventory(&RootedHost::open(dir.path()).unwrap()).unwrap();
    assert_eq!(ours(&snapshot), expected(&folder));
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    for package in &snapshot.packages {
        assert_eq!(package.origin, Origin::Distribution, "{package:?}");
        assert!(package.provenance.installed_at.is_some() && package.provenance.vendor.is_some());
    }
    Some(snapshot)
}

fn key(snapshot: &Snapshot) -> String {
    let release = snapshot.release.as_ref().unwrap();
    format!("{} by {}", release.key().unwrap(), release.told_by)
}

#[test]
fn rhel_8_berkeley_db() {
    let Some(snapshot) = compare("rhel-8.0-ubi-bdb", None) else { return };
    assert_eq!(
        (snapshot.packages.len(), key(&snapshot).as_str()),
        (99, "redhat:8 by var/lib/rpm/Packages (redhat-release-8.0-0.44.el8)")
    );
    assert_eq!(snapshot.host.architecture.as_deref(), Some("x86_64"));
    assert!(snapshot.packages.iter().all(|p| p.provenance.signing_key.as_deref() == Some("199e2f91fd431d51")));
}

#[test]
fn sle_15_ndb() {
    let Some(snapshot) = compare("sle-15.3-bci-ndb", None) else { return };
    assert_eq!(
        (snapshot.packages.len(), key(&snapshot).as_str()),
        (35, "suse:15.3 by usr/lib/sysimage/rpm/Packages.db (sles-release-15.3-55.4.1)")
    );
}

#[test]
fn fedora_33_sqlite() {
    let Some(snapshot) = compare("fedora-33-small-sqlite", Some(("rpmdb.sqlite", "var/lib/rpm/rpmdb.sqlite"))) else {
        return;
    };
    assert_eq!(
        (snapshot.packages.len(), key(&snapshot).as_str()),
        (9, "fedora:33 by var/lib/rpm/rpmdb.sqlite (deltarpm-3.6.2-7.fc33)")
    );
}

#[test]
fn centos_6_berkeley_db() {
    let Some(snapshot) = compare("el6-small-bdb", Some(("Packages", "var/lib/rpm/Packages"))) else { return };
    assert_eq!(
        (snapshot.packages.len(), key(&snapshot).as_str()),
        (3, "redhat:6 by var/lib/rpm/Packages (rpm-4.8.0-59.el6)")
    );
}
