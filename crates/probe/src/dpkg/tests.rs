use std::fmt::Write as _;

use proptest::prelude::*;
use yagura_testkit::shared_data;

use super::*;
use crate::{MemoryHost, RootedHost};

fn stanza(name: &str, version: &str) -> String {
    format!("Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n")
}

fn database(host: &MemoryHost) -> Database {
    read(host).unwrap().unwrap()
}

fn rendered(database: &Database) -> String {
    let mut out = String::new();
    for Record { package, .. } in &database.records {
        let architecture = &package.architecture;
        writeln!(out, "{} {} {architecture} ({}) {}", package.name, package.version, package.status, package.record)
            .unwrap();
    }
    for problem in &database.problems {
        writeln!(out, "{}: {}", problem.place, problem.message.en).unwrap();
    }
    out
}

#[test]
fn no_database_is_an_answer() {
    assert_eq!(read(&MemoryHost::new().file("etc/hostname", "x")).unwrap(), None);
    assert_eq!(read(&MemoryHost::new().directory("var/lib/dpkg/status.d", 0o755, 0, 0)).unwrap(), None);
    let empty = database(&MemoryHost::new().file(STATUS_PATH, ""));
    assert!(empty.records.is_empty() && empty.problems.is_empty() && empty.path == STATUS_PATH);
}

#[test]
fn sorts_and_reports_what_is_repeated() {
    let i386 = stanza("b", "1").replace("amd64", "i386");
    let status = stanza("b", "1")
        + &i386
        + &stanza("a", "2")
        + &stanza("b", "3")
        + "Package: c\nStatus: purge ok not-installed\n";
    insta::assert_snapshot!(rendered(&database(&MemoryHost::new().file(STATUS_PATH, status))), @r"
    a 2 amd64 (install ok installed) /var/lib/dpkg/status:11
    b 1 amd64 (install ok installed) /var/lib/dpkg/status:1
    b 1 i386 (install ok installed) /var/lib/dpkg/status:6
    /var/lib/dpkg/status:16: the package `b` (amd64) has a record already, at /var/lib/dpkg/status:1; only that one is assessed
    ");
}

#[test]
fn reads_distroless_folders() {
    let host = MemoryHost::new()
        .file(
            "var/lib/dpkg/status.d/base-files",
            "Package: base-files\nVersion: 12.4\nArchitecture: amd64\nMaintainer: x",
        )
        .file("var/lib/dpkg/status.d/base-files.md5sums", "d41d8cd98f00b204e9800998ecf8427e  etc/x\n")
        .file("var/lib/dpkg/status.d/folder/x", "Package: hidden\nVersion: 1\n")
        .file("var/lib/dpkg/status.d/libc6", "Package: libc6\nSource: glibc\nVersion: 2.36-9\nArchitecture: amd64\n\n");
    let database = database(&host);
    assert_eq!(database.path, STATUS_D_PATH);
    insta::assert_snapshot!(rendered(&database), @r"
    base-files 12.4 amd64 (install ok installed) /var/lib/dpkg/status.d/base-files:1
    libc6 2.36-9 amd64 (install ok installed) /var/lib/dpkg/status.d/libc6:1
    ");
}

#[test]
fn the_journal_of_an_interrupted_dpkg_counts() {
    let host = MemoryHost::new()
        .file(STATUS_PATH, stanza("a", "1") + &stanza("b", "1") + &stanza("c", "1"))
        .file("var/lib/dpkg/updates/0000", stanza("a", "2").replace("ok installed", "ok unpacked"))
        .file("var/lib/dpkg/updates/0001", stanza("a", "2").replace("ok installed", "ok half-configured"))
        .file("var/lib/dpkg/updates/0002", stanza("b", "1").replace("ok installed", "ok not-installed"))
        .file("var/lib/dpkg/updates/tmp.i", "Package: c\nStat");
    insta::assert_snapshot!(rendered(&database(&host)), @r"
    a 2 amd64 (install ok half-configured) /var/lib/dpkg/updates/0001:1
    c 1 amd64 (install ok installed) /var/lib/dpkg/status:11
    ");
}

#[test]
fn damage_is_said_and_costs_one_record_only() {
    let status =
        stanza("a", "1") + "<<<<<<< HEAD\n" + &stanza("b", "1") + "Package: dÿ\n\n" + stanza("c", "1").trim_end();
    let mut bytes = status.into_bytes();
    // Not UTF-8: a maintainer's name in an old encoding.
    let at = bytes.iter().position(|byte| *byte == b'<').unwrap();
    bytes.splice(at..at, *b"Package: z\nStatus: install ok installed\nVersion: 1\nMaintainer: Andr\xe9\n\n");
    let database = database(&MemoryHost::new().file(STATUS_PATH, bytes));
    assert_eq!(database.records[3].package.maintainer.as_deref(), Some("Andr\u{FFFD}"));
    insta::assert_snapshot!(rendered(&database), @r"
    a 1 amd64 (install ok installed) /var/lib/dpkg/status:1
    b 1 amd64 (install ok installed) /var/lib/dpkg/status:11
    c 1 amd64 (install ok installed) /var/lib/dpkg/status:19
    z 1  (install ok installed) /var/lib/dpkg/status:6
    /var/lib/dpkg/status:11: this line is no field and was passed over; the file may be damaged
    /var/lib/dpkg/status:17: `dÿ` cannot be the name of a package; the record is not assessed
    /var/lib/dpkg/status:22: the file ends in the middle of a line, so its last record may be cut off and others missing
    ");
}

#[test]
fn windows_line_ends_are_tolerated() {
    let status = (stanza("a", "1") + &stanza("b", "1")).replace('\n', "\r\n");
    let database = database(&MemoryHost::new().file(STATUS_PATH, status));
    assert_eq!((database.records.len(), database.problems.len()), (2, 0));
}

#[test]
fn what_cannot_be_read_whole_is_an_error() {
    let denied = read(&MemoryHost::new().denied(STATUS_PATH)).unwrap_err();
    insta::assert_snapshot!(denied, @"cannot take the inventory from `/var/lib/dpkg/status`");
    assert!(denied.advice().en.contains("root"));
    let file = "var/lib/dpkg/status.d/a";
    assert!(read(&MemoryHost::new().file(STATUS_PATH, "").denied(file)).is_err());
    let large = MemoryHost::new().file(file, vec![b'\n'; 1024 * 1024 + 1]);
    assert!(matches!(read(&large), Err(InventoryError::Unreadable { source: crate::ReadError::TooLarge { .. }, .. })));
}

#[test]
fn a_gigabyte_is_refused_before_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("var/lib/dpkg")).unwrap();
    std::fs::File::create(dir.path().join(STATUS_PATH)).unwrap().set_len(1 << 30).unwrap();
    let error = read(&RootedHost::open(dir.path()).unwrap()).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    insta::assert_snapshot!(cause, @"`/var/lib/dpkg/status` is larger than 256 MiB, which is more than we read");
    assert!(error.advice().ja.contains("MiB"));
}

#[test]
fn records_and_files_and_problems_are_bounded() {
    let status = stanza("a", "1").repeat(3);
    let take = |records_max| Parsed::default().take(status.as_bytes(), "s", StatusField::Required, records_max);
    assert!(take(3).is_ok());
    insta::assert_snapshot!(take(2).unwrap_err(), @"the package database `/s` has more than 2 records, which is more than we read");
    let shortest = "Package: a\nStatus: install ok installed\nVersion: 1\n\n".repeat(RECORDS_MAX + 1);
    assert!(matches!(parse(shortest.as_bytes(), "s"), Err(InventoryError::TooManyRecords { .. })));

    let files = (0..=FILES_MAX).fold(MemoryHost::new(), |host, n| host.file(&format!("{STATUS_D_PATH}/{n}"), ""));
    assert!(read(&files).is_err());

    let broken = database(&MemoryHost::new().file(STATUS_PATH, "Package: a\n\n".repeat(PROBLEMS_MAX + 7)));
    assert_eq!(broken.problems.len(), PROBLEMS_MAX + 1);
    let last = &broken.problems.last().unwrap().message;
    insta::assert_snapshot!(last.en, @"7 more problems in the package database are not listed");
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = parse(&bytes, "s");
    }

    #[test]
    fn nearly_sound_documents_are_survived(lines in proptest::collection::vec(
        prop_oneof![
            Just("Package: a".to_owned()), Just("Status: install ok installed".to_owned()), Just(String::new()),
            Just("Version: 1:2-3".to_owned()), Just(" folded".to_owned()), "[A-Z][a-z]{0,9}: ?[ -~]{0,20}", "\\PC{0,20}",
        ], 0..60))
    {
        let document = lines.join("\n") + "\n";
        let parsed = parse(document.as_bytes(), "s").unwrap();
        let lines = u32::try_from(document.lines().count()).unwrap();
        for problem in &parsed.problems {
            prop_assert!(problem.place.line.is_some_and(|line| (1..=lines).contains(&line)));
        }
        for record in &parsed.records {
            prop_assert!(!record.package.name.is_empty() && version::check(&record.package.version).is_ok());
        }
    }
}

/// `packages.tsv` beside each sample is what `dpkg-query` itself printed.
#[test]
fn samples_equal_what_dpkg_query_printed() {
    for sample in ["debian-13-minbase", "ubuntu-18.04-a"] {
        let Some(folder) = shared_data(&format!("hosts/{sample}")) else { return };
        let database = read(&RootedHost::open(folder.join("rootfs")).unwrap()).unwrap().unwrap();
        let mut ours = "package\tversion\tarch\tsource\tsource_version\tstatus\n".to_owned();
        for Record { package: p, .. } in &database.records {
            let (source, status) = (&p.source, &p.status);
            writeln!(
                ours,
                "{}\t{}\t{}\t{}\t{}\t{status}",
                p.name, p.version, p.architecture, source.name, source.version
            )
            .unwrap();
        }
        assert_eq!(ours, std::fs::read_to_string(folder.join("packages.tsv")).unwrap(), "{sample}");
        assert_eq!(database.problems, [], "{sample}");
    }
}

fn edge_case(file: &str) -> Option<Database> {
    let bytes = std::fs::read(shared_data("hosts/dpkg-edge-cases")?.join(file)).unwrap();
    Some(database(&MemoryHost::new().file(STATUS_PATH, bytes)))
}

#[test]
fn broken_entries_sample() {
    let Some(database) = edge_case("broken-entries.status") else { return };
    insta::assert_snapshot!(rendered(&database), @r"
    apt 1.6.12 amd64 (deinstall ok config-files) /var/lib/dpkg/status:106
    libapt-pkg5.0 1.6.12 amd64 (install ok installed) /var/lib/dpkg/status:112
    libgcc1 1:5.1.1-12ubuntu1 amd64 (install ok installed) /var/lib/dpkg/status:65
    libpam-modules-bin 1.1.8-3.1ubuntu3 amd64 (install ok installed) /var/lib/dpkg/status:24
    libpam-runtime 1.1.8-3.1ubuntu3 all (install ok installed) /var/lib/dpkg/status:1
    makedev 2.3.1-93ubuntu1 all (install ok installed) /var/lib/dpkg/status:42
    pkg-source 1.1.8-3.1ubuntu3 amd64 (install ok installed) /var/lib/dpkg/status:101
    pkg1 1.1.8-3.1ubuntu3 amd64 (install ok installed) /var/lib/dpkg/status:89
    pkg2 1.1.8-3.1ubuntu3 amd64 (install ok installed) /var/lib/dpkg/status:95
    /var/lib/dpkg/status:63: the record of `brokenPackageWithNoVersionThatShouldGetThrownOut` has no field `Version`; it is not assessed
    /var/lib/dpkg/status:87: the version `1:5.#` of `invalidpkg` is invalid: it holds a character that no version has; it is not assessed
    ");
}

#[test]
fn postgresql_sample() {
    let Some(database) = edge_case("postgresql.status") else { return };
    insta::assert_snapshot!(rendered(&database), @r"
    postgresql-client 11+200+deb10u5 all (install ok installed) /var/lib/dpkg/status:1
    postgresql-client-11 11.22-0+deb10u2 amd64 (install ok installed) /var/lib/dpkg/status:24
    postgresql-client-common 200+deb10u5 all (install ok installed) /var/lib/dpkg/status:51
    ");
}

#[test]
fn vcpkg_sample_has_records_without_versions() {
    let Some(database) = edge_case("vcpkg.status") else { return };
    insta::assert_snapshot!(rendered(&database), @r"
    bzip2 1.0.6-5 x64-windows (install ok installed) /var/lib/dpkg/status:54
    curl 7.68.0-1 x64-windows (install ok installed) /var/lib/dpkg/status:19
    libarchive 3.4.1 x64-windows (install ok installed) /var/lib/dpkg/status:138
    libffi 3.3 x64-windows (install ok installed) /var/lib/dpkg/status:1
    libffi 3.3 x86-windows (install ok installed) /var/lib/dpkg/status:211
    libiconv 1.16-1 x64-windows (install ok installed) /var/lib/dpkg/status:72
    liblzma 5.2.4-4 x64-windows (install ok installed) /var/lib/dpkg/status:63
    libressl 2.9.1-2 x64-windows (install ok installed) /var/lib/dpkg/status:202
    libxml2 2.9.9-5 x64-windows (install ok installed) /var/lib/dpkg/status:81
    lz4 1.9.2 x64-windows (install ok installed) /var/lib/dpkg/status:100
    lzo 2.10-4 x64-windows (install ok installed) /var/lib/dpkg/status:110
    openssl 1.1.1d x64-windows (install ok installed) /var/lib/dpkg/status:128
    openssl-windows 1.1.1d-1 x64-windows (install ok installed) /var/lib/dpkg/status:119
    xxhash 0.7.0 x64-windows (install ok installed) /var/lib/dpkg/status:91
    zlib 1.2.11-6 x64-windows (install ok installed) /var/lib/dpkg/status:10
    /var/lib/dpkg/status:29: the record of `curl` has no field `Version`; it is not assessed
    /var/lib/dpkg/status:37: the record of `curl` has no field `Version`; it is not assessed
    /var/lib/dpkg/status:46: the record of `curl` has no field `Version`; it is not assessed
    /var/lib/dpkg/status:148: the record of `libarchive` has no field `Version`; it is not assessed
    /var/lib/dpkg/status:157: the record of `libarchive` has no field `Version`; it is not assessed
    /var/lib/dpkg/status:166: the record of `libarchive` has no field `Version`; it is not assessed
    /var/lib/dpkg/status:175: the record of `libarchive` has no field `Version`; it is not assessed
    /var/lib/dpkg/status:184: the record of `libarchive` has no field `Version`; it is not assessed
    /var/lib/dpkg/status:193: the record of `libarchive` has no field `Version`; it is not assessed
    ");
}
