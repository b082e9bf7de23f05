use std::fmt::Write as _;

use super::sample::{HeaderWriter, bdb, ndb};
use super::*;
use crate::MemoryHost;
use proptest::prelude::*;

/// Names of all headers, with what could not be read.
fn names(host: &MemoryHost) -> String {
    let mut out = String::new();
    let path = read_headers(host, &mut |header| {
        match header {
            Ok(header) => write!(out, "{}={} ", header.number(), header.text(Tag::NAME).unwrap_or_default()).unwrap(),
            Err((number, broken)) => write!(out, "{number}: {broken} ").unwrap(),
        }
        Flow::Next
    });
    match path {
        Ok(path) => format!("{out}in {path:?}"),
        Err(error) => format!("{error}"),
    }
}

/// What is wrong with the database, a line.
fn damage(host: &MemoryHost) -> String {
    match read_headers(host, &mut |_| Flow::Next) {
        Err(InventoryError::Damaged { what, .. }) => format!("{what}\n"),
        other => format!("{other:?}\n"),
    }
}

fn package(name: &str, summary_bytes: usize) -> Vec<u8> {
    HeaderWriter::package(name, "1", "1", "noarch").text(Tag::SUMMARY, &"x".repeat(summary_bytes)).build()
}

fn some() -> Vec<Vec<u8>> {
    vec![package("a", 10), package("b", 3000), package("c", 10), package("d", 486 * 3), package("e", 100_000)]
}

#[test]
fn every_format_gives_the_same_headers() {
    for (file, bytes) in [
        ("var/lib/rpm/Packages", bdb(&some(), false)),
        ("var/lib/rpm/Packages", bdb(&some(), true)),
        ("usr/lib/sysimage/rpm/Packages.db", ndb(&some())),
    ] {
        let told = names(&MemoryHost::new().file(file, bytes));
        for name in ["1=a", "2=b", "3=c", "4=d", "5=e"] {
            assert!(told.contains(name), "{told}");
        }
        assert!(told.ends_with(&format!("in Some(\"{file}\")")), "{told}");
    }
}

#[test]
fn an_empty_database_does_not_hide_a_full_one() {
    let host = MemoryHost::new()
        .file("var/lib/rpm/Packages.db", ndb(&[]))
        .file("var/lib/rpm/Packages", bdb(&[], false))
        .file("usr/share/rpm/Packages.db", ndb(&some()[..1]));
    insta::assert_snapshot!(names(&host), @r#"1=a in Some("usr/share/rpm/Packages.db")"#);
}

#[test]
fn a_broken_header_does_not_hide_its_neighbours() {
    let host = MemoryHost::new().file("var/lib/rpm/Packages.db", ndb(&[package("a", 1), vec![0; 9], package("c", 1)]));
    insta::assert_snapshot!(names(&host), @r#"1=a 2: the header's lengths are not those of its bytes 3=c in Some("var/lib/rpm/Packages.db")"#);
}

#[test]
fn a_damaged_ndb_is_an_error() {
    let good = ndb(&some());
    let mut told = String::new();
    let with = |at: usize, bytes: &[u8]| {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        damage(&MemoryHost::new().file("var/lib/rpm/Packages.db", bad))
    };
    told += &with(0, b"x");
    told += &with(4, &[1]);
    told += &with(12, &[0]);
    told += &with(12, &[255, 255, 255, 255]);
    told += &with(12, &[2]);
    told += &with(40, &[9]);
    told += &with(40, &[17, 1]);
    told += &with(44, &[255, 255, 255, 255]);
    told += &with(4096 + 40, b"!");
    let cut = damage(&MemoryHost::new().file("var/lib/rpm/Packages.db", &good[..good.len() - 16]));
    told += &cut;
    insta::assert_snapshot!(told, @r"
    it is no rpm package database
    version 1 of rpm's package database is not known
    it cannot have 0 pages of slots
    it cannot have 4294967295 pages of slots
    the slot of header 1 is outside of the file
    two headers lie in the same place
    two headers lie in the same place
    the slot of header 1 is outside of the file
    header 1 is not what its checksum says
    the slot of header 5 is outside of the file
    ");
}

#[test]
fn a_damaged_bdb_is_an_error() {
    let good = bdb(&some(), false);
    let mut told = String::new();
    let with = |at: usize, bytes: &[u8]| {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        damage(&MemoryHost::new().file("var/lib/rpm/Packages", bad))
    };
    told += &with(12, b"x");
    told += &with(16, &[7]);
    told += &with(20, &[1]);
    told += &with(24, &[1]);
    told += &with(72, &[255, 255]);
    told += &with(96, &[200]);
    // The first bucket's page: number, next page, count, kind, first offset.
    told += &with(512 + 8, &[9]);
    told += &with(512 + 16, &[1]);
    told += &with(512 + 20, &[3]);
    told += &with(512 + 25, &[7]);
    told += &with(512 + 26, &[255, 255]);
    // An overflow page's kind, length and next page.
    told += &with(3 * 512 + 25, &[13]);
    told += &with(3 * 512 + 22, &[0, 0]);
    told += &with(3 * 512 + 16, &[3]);
    let cut = damage(&MemoryHost::new().file("var/lib/rpm/Packages", &good[..good.len() - 512]));
    told += &cut;
    insta::assert_snapshot!(told, @r"
    it is no Berkeley DB hash
    version 7 of Berkeley DB's hash is not known
    its pages cannot have 513 bytes
    it is encrypted or has checksums, which rpm does not use
    it cannot have 65535 buckets
    page 200 is no page of a bucket
    page 1 calls itself 9
    page 1 is used twice
    a page cannot have 3 items
    page 1 is no page of a bucket
    item 0 of a page is outside of it
    page 3 is not the part of a value that it should be
    page 3 is not the part of a value that it should be
    page 3 is used twice
    it refers to page 219, which it does not have
    ");
}

#[test]
fn the_number_of_headers_is_bounded() {
    // A header of nothing is the smallest that there is.
    let many = ndb_of_empty_headers(RECORDS_MAX + 1);
    insta::assert_snapshot!(names(&MemoryHost::new().file("var/lib/rpm/Packages.db", many)), @"the package database `/var/lib/rpm/Packages.db` has more than 200000 records, which is more than we read");
}

/// Slots enough, all in a row.
fn ndb_of_empty_headers(count: usize) -> Vec<u8> {
    let slots = ndb(&[vec![0; 8]]);
    let pages = u32::try_from((count + 2).div_ceil(256)).unwrap();
    let mut file = slots[..12].to_vec();
    file.extend(pages.to_le_bytes());
    file.resize(32, 0);
    for number in 1..=u32::try_from(count).unwrap() {
        let block = pages * 256 + 3 * (number - 1);
        file.extend([&b"Slot"[..], &number.to_le_bytes(), &block.to_le_bytes(), &3_u32.to_le_bytes()].concat());
    }
    while !file.len().is_multiple_of(4096) {
        file.extend([&b"Slot"[..], &[0; 12]].concat());
    }
    file.resize(file.len() + count * 48, 0);
    file
}

#[test]
fn what_cannot_be_read_is_an_error() {
    insta::assert_snapshot!(names(&MemoryHost::new().denied("var/lib/rpm/rpmdb.sqlite")), @"cannot take the inventory from `/var/lib/rpm/rpmdb.sqlite`");
    insta::assert_snapshot!(names(&MemoryHost::new().file("var/lib/rpm/rpmdb.sqlite", "")), @"the package database `/var/lib/rpm/rpmdb.sqlite` is damaged: it ends before byte 100");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Damage is an error or goes unseen, and never more than that.
    #[test]
    fn any_damage_is_survived(
        format in 0..3,
        damage in proptest::collection::vec((0_usize..4000, any::<u8>()), 1..12),
    ) {
        let (file, mut bytes) = match format {
            0 => ("var/lib/rpm/Packages", bdb(&some()[..4], false)),
            1 => ("var/lib/rpm/Packages", bdb(&some()[..4], true)),
            _ => ("var/lib/rpm/Packages.db", ndb(&some()[..4])),
        };
        for (at, byte) in damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        names(&MemoryHost::new().file(file, bytes));
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..2000), format in 0..3) {
        let (file, magic, at) = match format {
            0 => ("var/lib/rpm/Packages", &0x0006_1561_u32.to_le_bytes()[..], 12),
            1 => ("var/lib/rpm/Packages.db", &b"RpmP\0\0\0\0"[..], 0),
            _ => ("var/lib/rpm/rpmdb.sqlite", &b"SQLite format 3\0\x02\0\x01\x01"[..], 0),
        };
        let mut bytes = bytes;
        if bytes.len() > 40 {
            bytes[at..at + magic.len()].copy_from_slice(magic);
        }
        names(&MemoryHost::new().file(file, bytes));
    }
}
