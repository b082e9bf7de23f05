//! How long the inventory of a host with 600 packages takes: all of it from the disk, and the
//! parser alone; and that of a host with 1,000 rpms, made of the headers of a real one.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot prepare itself may fail loudly")]

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use yagura_probe::rpm::{self, Flow};
use yagura_probe::{RootedHost, dpkg, inventory, languages};
use yagura_testkit::SqliteFile;

const PACKAGES: usize = 600;

fn main() {
    divan::main();
}

/// A status file with the fields, lengths and proportions of a real one: some 1.1 KB a record.
fn status() -> String {
    let mut text = String::new();
    for n in 0..PACKAGES {
        let source = if n % 3 == 0 { format!("Source: source{n} (1:2.{n}-3)\n") } else { String::new() };
        write!(
            text,
            "Package: lib-sample{n}\nStatus: install ok installed\nPriority: optional\nSection: libs\nInstalled-Size: {n}\n\
             Maintainer: Sample Maintainers <sample{n}@lists.debian.org>\nArchitecture: amd64\nMulti-Arch: same\n{source}\
             Version: 1:2.{n}-3+b1\nReplaces: lib-old{n} (<< 1.0)\nDepends: libc6 (>= 2.36), lib-sample1 (>= 1.0), lib-sample2\n\
             Conffiles:\n /etc/sample{n}/main.conf 87fc76f18e98ee7d3848f6b81b3391e5\n\
             Description: a package that a benchmark reads\n{}Homepage: https://example.org/{n}\n\n",
            " It stands for one of many and its description has the usual length of a line.\n".repeat(7),
        )
        .unwrap();
    }
    text
}

#[divan::bench]
fn inventory_of_600_packages(bencher: Bencher<'_, '_>) {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n");
    write("etc/debian_version", "12.11\n");
    write("etc/hostname", "sample\n");
    write("boot/vmlinuz-6.1.0-28-amd64", "");
    write("usr/lib/modules/6.1.0-28-amd64/modules.order", "");
    write("var/lib/dpkg/status", &status());
    let host = RootedHost::open(dir.path()).unwrap();
    bencher.counter(ItemsCount::new(PACKAGES)).bench(|| {
        let snapshot = inventory(&host).unwrap();
        assert_eq!((snapshot.packages.len(), snapshot.problems.len()), (PACKAGES, 0));
        snapshot
    });
}

#[divan::bench]
fn parse_600_records(bencher: Bencher<'_, '_>) {
    let text = status();
    bencher.counter(BytesCount::of_str(&text)).bench(|| dpkg::parse(text.as_bytes(), "status").unwrap());
}

/// Directories with ten files each: as many files as 600 packages bring.
const DIRECTORIES: usize = 6_000;

/// A tree of 60,000 files, with a Python package in every hundredth directory and every tenth file
/// one that may be run.
#[divan::bench(sample_count = 20)]
fn languages_of_600_packages(bencher: Bencher<'_, '_>) {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let info = dir.path().join("var/lib/dpkg/info");
    std::fs::create_dir_all(&info).unwrap();
    let mut lists = vec![String::new(); PACKAGES];
    for n in 0..DIRECTORIES {
        let ending = if n % 100 == 0 { ".dist-info" } else { "" };
        let folder = format!("usr/lib/{}/{n}{ending}", n % 60);
        std::fs::create_dir_all(dir.path().join(&folder)).unwrap();
        for name in ["a.py", "b.so", "c", "d.h", "e.txt", "f.gz", "g", "h.png", "METADATA", "tool"] {
            let path = dir.path().join(&folder).join(name);
            let content = if name == "METADATA" { format!("Name: p{n}\nVersion: 1.{n}\n") } else { "x".repeat(200) };
            std::fs::write(&path, content).unwrap();
            if name == "tool" {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
            writeln!(lists.get_mut(n % PACKAGES).unwrap(), "/{folder}/{name}").unwrap();
        }
    }
    for (n, list) in lists.iter().enumerate() {
        std::fs::write(info.join(format!("lib-sample{n}.list")), list).unwrap();
    }
    let host = RootedHost::open(dir.path()).unwrap();
    bencher.counter(ItemsCount::new(DIRECTORIES * 10)).bench(|| {
        let found = languages::read(&host, &dpkg::Files);
        assert_eq!((found.packages.len(), found.problems.len()), (DIRECTORIES / 100, 0));
        assert!(found.packages.iter().all(|package| package.provenance.owner.is_some()));
        found
    });
}

/// The machine at hand, whatever lies on it.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn languages_of_this_machine(bencher: Bencher<'_, '_>) {
    let host = RootedHost::live().unwrap();
    bencher.bench(|| languages::read(&host, &dpkg::Files));
}

/// The machine at hand with all that its apt knows, for comparison.
#[divan::bench]
fn inventory_of_this_machine(bencher: Bencher<'_, '_>) {
    let host = RootedHost::live().unwrap();
    bencher.bench(|| inventory(&host));
}

/// The headers of a real RHEL 8, over and over up to 1,000, as a current rpm keeps them: 45 MB.
fn rpm_host() -> Option<tempfile::TempDir> {
    let packed = yagura_testkit::shared_data("hosts/rhel-8.0-ubi-bdb/rootfs.tar.zst")?;
    let sample = tempfile::tempdir().unwrap();
    tar::Archive::new(&*zstd::decode_all(&*std::fs::read(packed).unwrap()).unwrap()).unpack(sample.path()).unwrap();
    let mut blobs: Vec<Vec<u8>> = Vec::new();
    rpm::read_headers(&RootedHost::open(sample.path()).unwrap(), &mut |header| {
        let header = header.unwrap();
        if !header.is_public_key() {
            blobs.push(header.to_blob());
        }
        Flow::Next
    })
    .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("usr/lib/sysimage/rpm");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::create_dir_all(dir.path().join("etc")).unwrap();
    std::fs::write(dir.path().join("etc/os-release"), "ID=rhel\nVERSION_ID=9.4\n").unwrap();
    let database = SqliteFile::new(&[]);
    database.begin();
    database.table("Packages", "hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL");
    for blob in blobs.iter().cycle().take(1000) {
        database.insert("Packages", &["blob"], &[blob]);
    }
    database.commit();
    database.move_to(&folder.join("rpmdb.sqlite"));
    Some(dir)
}

#[divan::bench]
fn inventory_of_1000_rpms(bencher: Bencher<'_, '_>) {
    let Some(dir) = rpm_host() else { return };
    let host = RootedHost::open(dir.path()).unwrap();
    bencher.counter(ItemsCount::new(1000_usize)).bench(|| {
        let snapshot = inventory(&host).unwrap();
        assert_eq!((snapshot.packages.len(), snapshot.problems.len()), (1000, 0));
        snapshot
    });
}

/// What a look-up of owners costs on top: every list of folders is gone through.
#[divan::bench]
fn owners_among_1000_rpms(bencher: Bencher<'_, '_>) {
    let Some(dir) = rpm_host() else { return };
    let host = RootedHost::open(dir.path()).unwrap();
    bencher.bench(|| rpm::owners(&host, &["usr/lib/python3.6/site-packages/six.py", "usr/bin/bash"]).unwrap());
}
