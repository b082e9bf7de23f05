use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;

use super::*;

/// How a member of a sample archive is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    Stored,
    Deflated,
}

/// Writes a zip archive.
pub(crate) fn zip(members: &[(&str, &[u8], Kept)]) -> Vec<u8> {
    zip_with(members, b"", 0)
}

/// Writes a zip archive with a program before it and with a comment of a length.
pub(crate) fn zip_with(members: &[(&str, &[u8], Kept)], before: &[u8], comment: u16) -> Vec<u8> {
    let (mut out, mut directory) = (before.to_vec(), Vec::new());
    let len32 = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    for (name, content, kept) in members {
        let data = if *kept == Kept::Stored {
            content.to_vec()
        } else {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        };
        let method = if *kept == Kept::Stored { 0_u16 } else { 8 };
        let offset = u32::try_from(out.len() - before.len()).unwrap();
        let mut common = Vec::new();
        common.extend(20_u16.to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        common.extend(method.to_le_bytes());
        common.extend([0; 8]); // Time, date, checksum: nobody looks at them.
        common.extend(len32(&data));
        common.extend(len32(content));
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(&data);
        directory.extend(b"PK\x01\x02");
        directory.extend(20_u16.to_le_bytes());
        directory.extend(&common);
        directory.extend([0; 10]); // Comment, disk, attributes.
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let begin = u32::try_from(out.len() - before.len()).unwrap();
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    let count = u16::try_from(members.len()).unwrap();
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(len32(&directory));
    out.extend(begin.to_le_bytes());
    out.extend(comment.to_le_bytes());
    out.extend(vec![b'c'; comment.into()]);
    out
}

fn contents(archive: &Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut budget = Budget::default();
    let members = members(archive, &mut budget, &|_| true).unwrap();
    let limit = ByteLimit::kib(100);
    members
        .into_iter()
        .map(|member| (member.name.clone(), member.bytes(archive, limit, &mut budget).unwrap()))
        .collect()
}

fn text(fault: Fault) -> String {
    let mut found = Found::default();
    fault.report("a.jar", &mut found);
    let problem = found.faults.into_problems("").remove(0);
    assert_ne!(problem.message.en, problem.message.ja);
    problem.message.en
}

#[test]
fn members_are_read_wherever_the_archive_begins() {
    let members: [(&str, &[u8], Kept); 3] =
        [("a", b"stored", Kept::Stored), ("b/c", &[b'x'; 70_000], Kept::Deflated), ("empty", b"", Kept::Deflated)];
    let plain = contents(&zip(&members));
    assert_eq!(plain[0], ("a".into(), b"stored".to_vec()));
    assert_eq!(plain[1].1.len(), 70_000);
    assert_eq!(plain[2].1, b"");
    assert_eq!(contents(&zip_with(&members, b"#!/bin/sh\nexec java -jar $0\n", 0)), plain);
    assert_eq!(contents(&zip_with(&members, b"", u16::MAX)), plain);
}

#[test]
fn only_wanted_members_are_kept_and_stored_ones_lie_open() {
    let inner = zip(&[("x", b"y", Kept::Deflated)]);
    let outer = zip(&[("a", b"1", Kept::Deflated), ("in.jar", &inner, Kept::Stored)]);
    let mut budget = Budget::default();
    let found = members(&outer, &mut budget, &|name| name.ends_with(".jar")).unwrap();
    assert_eq!(found.len(), 1);
    let window = found[0].stored(&outer).unwrap().unwrap();
    assert_eq!(window.length(), inner.length());
    let inside = members(&window, &mut budget, &|_| true).unwrap();
    assert_eq!(inside[0].bytes(&window, ByteLimit::kib(1), &mut budget).unwrap(), b"y");
    assert!(inside[0].stored(&window).unwrap().is_none());
}

/// The numbers of a 64-bit archive stand elsewhere; small ones may be written that way too.
#[test]
fn wide_archives_are_read() {
    let plain = zip(&[("a", b"stored", Kept::Stored)]);
    let end = plain.len() - END_BYTES;
    let begin = u32_at(&plain, end + 16).unwrap();
    let mut entry = plain[usize::try_from(begin).unwrap()..end].to_vec();
    let mut extra = vec![9, 0, 2, 0, 7, 7, 1, 0, 24, 0];
    for wide in [6_u64, 6, 0] {
        extra.extend(wide.to_le_bytes());
    }
    for at in [20, 24, 42] {
        entry[at..at + 4].copy_from_slice(&[0xff; 4]);
    }
    entry[30..32].copy_from_slice(&u16::try_from(extra.len()).unwrap().to_le_bytes());
    entry.extend(&extra);
    let mut wide = plain[..usize::try_from(begin).unwrap()].to_vec();
    wide.extend(&entry);
    wide.extend(b"PK\x06\x06");
    wide.extend([0; 36]);
    wide.extend(entry.length().to_le_bytes());
    wide.extend(u64::from(begin).to_le_bytes());
    wide.extend(b"PK\x06\x07");
    wide.extend([0; 16]);
    wide.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
    assert_eq!(contents(&wide), [("a".to_owned(), b"stored".to_vec())]);
}

#[test]
fn bounds_are_reached_and_said() {
    let bomb = zip(&[("a", &vec![0; 200_000], Kept::Deflated)]);
    let member = members(&bomb, &mut Budget::default(), &|_| true).unwrap().remove(0);
    let large = member.bytes(&bomb, ByteLimit::kib(100), &mut Budget::default()).unwrap_err();
    insta::assert_snapshot!(text(large), @"a part of the archive is larger than 100 KiB, which is more than we read; its packages are not assessed");
    let mut small = Budget { bytes: 100_000, archives: 1 };
    let much = member.bytes(&bomb, ByteLimit::mib(1), &mut small).unwrap_err();
    insta::assert_snapshot!(text(much), @"unpacking the archive is more work than any honest one; its packages are not assessed");
    let mut none = Budget { bytes: 100_000, archives: 0 };
    assert!(members(&bomb, &mut none, &|_| true).is_err());
    let mut end = bomb[bomb.len() - END_BYTES..].to_vec();
    end[12..16].copy_from_slice(&(65 * 1024 * 1024_u32).to_le_bytes());
    let mut huge = vec![0; 65 * 1024 * 1024];
    end[16..20].fill(0);
    huge.extend(end);
    assert!(matches!(members(&huge, &mut Budget::default(), &|_| true), Err(Fault::TooLarge(_))));
}

#[test]
fn broken_archives_are_said() {
    let whole = zip(&[("a", b"stored", Kept::Stored)]);
    for broken in [&b""[..], b"PK\x05\x06", &whole[..whole.len() - 3], b"text", &[0; 100]] {
        let fault = members(&broken.to_vec(), &mut Budget::default(), &|_| true).unwrap_err();
        assert!(text(fault).starts_with("this is no zip archive"), "{broken:?}");
    }
    let mut member = members(&whole, &mut Budget::default(), &|_| true).unwrap().remove(0);
    let said = |member: &Member| text(member.bytes(&whole, ByteLimit::kib(1), &mut Budget::default()).unwrap_err());
    member.header += 1;
    assert!(said(&member).starts_with("a member of the archive cannot be read"));
    (member.header, member.compressed) = (0, 10_000);
    assert!(said(&member).starts_with("a member of the archive cannot be read"));
    (member.compressed, member.method) = (6, 12);
    assert!(said(&member).starts_with("a member of the archive is encrypted"));
    member.method = 8;
    assert!(said(&member).starts_with("a member of the archive cannot be read"));
    (member.method, member.is_plain) = (0, false);
    assert!(said(&member).starts_with("a member of the archive is encrypted"));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = members(&bytes, &mut Budget::default(), &|_| true);
    }

    #[test]
    fn flipped_bytes_never_panic(flips in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6)) {
        let mut bytes = zip(&[("a", b"stored", Kept::Stored), ("b", &[7; 500], Kept::Deflated)]);
        for (at, value) in flips {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        let mut budget = Budget::default();
        for member in members(&bytes, &mut budget, &|_| true).unwrap_or_default() {
            let _ = member.bytes(&bytes, ByteLimit::kib(4), &mut budget);
        }
    }
}
