use proptest::prelude::*;

use super::*;
use crate::languages::part::FILE_LIMIT;
use crate::{Host as _, MemoryHost};

/// The address to which the samples' only segment is loaded.
pub(crate) const ADDRESS: u64 = 0x40_0000;

/// Writes a program with sections; the whole file is one segment at [`ADDRESS`].
pub(crate) fn program(pointer_bytes: usize, endian: Endian, sections: &[(&str, &[u8])]) -> Vec<u8> {
    let is_wide = pointer_bytes == 8;
    let (header_bytes, segment_bytes, section_bytes) = if is_wide { (64, 56, 64) } else { (52, 32, 40) };
    let mut bytes = vec![0; header_bytes + segment_bytes];
    let mut names = vec![0];
    let mut rows = vec![(0, 0, 0)];
    for (name, content) in sections {
        rows.push((names.len(), bytes.len(), content.len()));
        bytes.extend(*content);
        names.extend(name.as_bytes());
        names.push(0);
    }
    rows.push((names.len(), bytes.len(), names.len() + 10));
    names.extend(b".shstrtab\0");
    bytes.extend(&names);
    let sections_at = bytes.len();
    let ordered = |value: u64, width: usize| -> Vec<u8> {
        if endian == Endian::Little {
            value.to_le_bytes()[..width].to_vec()
        } else {
            value.to_be_bytes()[8 - width..].to_vec()
        }
    };
    let number = |value: usize| u64::try_from(value).unwrap();
    for (name, offset, length) in &rows {
        let mut row = ordered(number(*name), 4);
        row.extend(ordered(1, 4));
        row.extend(ordered(0, pointer_bytes));
        row.extend(ordered(0, pointer_bytes));
        row.extend(ordered(number(*offset), pointer_bytes));
        row.extend(ordered(number(*length), pointer_bytes));
        row.resize(section_bytes, 0);
        bytes.extend(row);
    }
    let mut header =
        vec![0x7f, b'E', b'L', b'F', if is_wide { 2 } else { 1 }, if endian == Endian::Little { 1 } else { 2 }];
    header.resize(16, 0);
    header.extend(ordered(2, 2));
    header.extend(ordered(62, 2));
    header.extend(ordered(1, 4));
    header.extend(ordered(ADDRESS, pointer_bytes));
    header.extend(ordered(number(header_bytes), pointer_bytes));
    header.extend(ordered(number(sections_at), pointer_bytes));
    header.extend(ordered(0, 4));
    for half in [header_bytes, segment_bytes, 1, section_bytes, rows.len(), rows.len() - 1] {
        header.extend(ordered(number(half), 2));
    }
    let length = number(bytes.len());
    let mut segment = ordered(1, 4);
    if is_wide {
        segment.extend(ordered(6, 4));
    }
    for word in [0, ADDRESS, ADDRESS, length, length] {
        segment.extend(ordered(word, pointer_bytes));
    }
    if !is_wide {
        segment.extend(ordered(6, 4));
    }
    bytes[..header_bytes].copy_from_slice(&header);
    bytes[header_bytes..header_bytes + segment.len()].copy_from_slice(&segment);
    bytes
}

/// A program in memory.
fn file(bytes: impl AsRef<[u8]>) -> Box<dyn OpenFile> {
    host_with(bytes).open_file("p", FILE_LIMIT).unwrap().unwrap()
}

/// A host with one program.
pub(crate) fn host_with(bytes: impl AsRef<[u8]>) -> MemoryHost {
    MemoryHost::new().file("p", bytes).owned("p", 0o755, 0, 0)
}

#[test]
fn sections_are_found_in_every_format() {
    for (pointer_bytes, endian) in [(8, Endian::Little), (8, Endian::Big), (4, Endian::Little), (4, Endian::Big)] {
        let file = file(program(pointer_bytes, endian, &[(".a", b"first"), (".b", b"second")]));
        let elf = Elf::read(&*file).unwrap().unwrap();
        assert_eq!((elf.endian, elf.pointer_bytes), (endian, pointer_bytes));
        let section = elf.section(".b").unwrap();
        assert_eq!(part(&*file, section.offset, 6).unwrap(), b"second");
        assert!(elf.section(".c").is_none() && elf.segments[0].is_writable);
        let loaded = elf.read_loaded(&*file, ADDRESS + section.offset + 1, 3).unwrap();
        assert_eq!(loaded.unwrap(), b"eco");
        assert!(elf.read_loaded(&*file, ADDRESS - 1, 3).unwrap().is_none());
        assert!(elf.read_loaded(&*file, u64::MAX, 3).unwrap().is_none());
    }
}

#[test]
fn other_files_are_no_programs() {
    for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x02\x01", b"\x7fELF\x09\x01\x01", &[0; 100]] {
        assert!(Elf::read(&*file(bytes)).unwrap().is_none());
    }
}

#[test]
fn tables_are_bounded() {
    let mut many = program(8, Endian::Little, &[]);
    many[60..62].copy_from_slice(&4097_u16.to_le_bytes());
    assert!(matches!(Elf::read(&*file(&many)), Err(Fault::Broken(why)) if why == TOO_MANY));
    let mut wide = program(8, Endian::Little, &[]);
    wide[58..60].copy_from_slice(&65_u16.to_le_bytes());
    assert!(matches!(Elf::read(&*file(&wide)), Err(Fault::Broken(why)) if why == TOO_MANY));
    let whole = program(8, Endian::Little, &[(".a", &[0; 2000])]);
    assert!(matches!(Elf::read(&*file(&whole[..whole.len() - 1])), Err(Fault::Broken(why)) if why == CUT_OFF));
}

proptest! {
    #[test]
    fn flipped_bytes_never_panic(flips in proptest::collection::vec((0_usize..400, any::<u8>()), 1..12)) {
        let mut bytes = program(8, Endian::Little, &[(".a", b"first"), (".b", b"second")]);
        for (at, value) in flips {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        let file = file(bytes);
        if let Ok(Some(elf)) = Elf::read(&*file) {
            let _ = elf.read_loaded(&*file, ADDRESS, usize::MAX);
        }
    }
}
