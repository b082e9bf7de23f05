//! Members of a zip.
//!
//! The directory at the end of a zip says how many members there are. That figure is checked
//! before the directory is read, because each of its lines costs memory.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};

use zip::ZipArchive;
use zip::result::ZipError;

use super::{ContainerError, Limits, MEMBER_NAME_BYTES_MAX, Origin, Tally, Visit, show};
use crate::catalogue::Entry;

const FORMAT: &str = "zip archive";
/// The end record without its comment.
const END_BYTES: usize = 22;
/// The end record with the longest comment, and the 64-bit locator before it.
const TAIL_BYTES_MAX: u64 = 22 + 65_535 + 20;
const LOCATOR_BYTES: usize = 20;

pub(super) fn read(
    mut file: File,
    origin: Origin<'_>,
    limits: Limits,
    visit: &mut Visit<'_>,
) -> Result<Tally, ContainerError> {
    let broken = |source| origin.broken(FORMAT, source);
    let declared = declared_members(&mut file).map_err(broken)?;
    if declared > limits.members_max {
        return Err(ContainerError::TooManyMembers { name: origin.file.to_owned(), limit: limits.members_max });
    }
    let opened = ZipArchive::new(BufReader::new(file));
    let mut archive = opened.map_err(|error| broken(io_error(error)))?;
    if u64::try_from(archive.len()) != Ok(declared) {
        // The reader keeps one member of each name: dropping the others unseen would lose records.
        return Err(broken(io::Error::other("several members share one name")));
    }
    let mut reading = Reading { left: limits.content_bytes_max, extents: Vec::new(), bytes: Vec::new() };
    let mut tally = Tally { entries: 0, archive: true };
    for index in 0..archive.len() {
        let name = reading.member(&mut archive, index, origin, limits)?;
        if let Some(name) = name {
            show(&Entry { document: origin.document, name: &name, bytes: &reading.bytes }, visit)?;
            tally.entries += 1;
        }
    }
    if reading.members_overlap() {
        return Err(broken(io::Error::other("members share their bytes")));
    }
    Ok(tally)
}

struct Reading {
    left: u64,
    /// Where each member's packed bytes begin and end.
    extents: Vec<(u64, u64)>,
    bytes: Vec<u8>,
}

impl Reading {
    /// Unpacks one member and returns its name; `None` for a folder. The checksum is verified on
    /// the way.
    fn member(
        &mut self,
        archive: &mut ZipArchive<BufReader<File>>,
        index: usize,
        origin: Origin<'_>,
        limits: Limits,
    ) -> Result<Option<String>, ContainerError> {
        let opened = archive.by_index(index);
        let mut member = opened.map_err(|error| origin.broken(FORMAT, io_error(error)))?;
        if member.name_raw().len() > MEMBER_NAME_BYTES_MAX {
            return Err(ContainerError::NameTooLong { name: origin.file.to_owned() });
        }
        if member.is_dir() {
            return Ok(None);
        }
        let name = member.name().to_owned();
        if let Some(start) = member.data_start() {
            self.extents.push((start, start.saturating_add(member.compressed_size())));
        }
        self.bytes.clear();
        // What the directory says of the size is not believed.
        let allowed = limits.member_bytes_max.min(self.left);
        let read = member.by_ref().take(allowed.saturating_add(1)).read_to_end(&mut self.bytes);
        read.map_err(|source| origin.broken(FORMAT, source))?;
        let length = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        if length > limits.member_bytes_max {
            return Err(ContainerError::TooLarge { name, limit: limits.member_bytes_max });
        }
        let Some(left) = self.left.checked_sub(length) else {
            let name = origin.file.to_owned();
            return Err(ContainerError::TooLarge { name, limit: limits.content_bytes_max });
        };
        self.left = left;
        Ok(Some(name))
    }

    fn members_overlap(&mut self) -> bool {
        self.extents.sort_unstable();
        let following = self.extents.iter().skip(1);
        self.extents.iter().zip(following).any(|(one, next)| next.0 < one.1)
    }
}

/// Returns how many members the end of the file declares; the largest figure where a comment
/// imitates an end record.
fn declared_members(file: &mut File) -> io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    let tail_start = length.saturating_sub(TAIL_BYTES_MAX);
    file.seek(SeekFrom::Start(tail_start))?;
    let mut tail = Vec::new();
    file.take(TAIL_BYTES_MAX).read_to_end(&mut tail)?;
    let mut most = None;
    for (at, record) in tail.windows(END_BYTES).enumerate() {
        if !record.starts_with(b"PK\x05\x06") {
            continue;
        }
        let narrow = little_endian(record, 10, 2);
        let locator = at.checked_sub(LOCATOR_BYTES).and_then(|start| tail.get(start..at));
        let wide = locator.filter(|bytes| bytes.starts_with(b"PK\x06\x07"));
        let members = match wide {
            Some(locator) => wide_members(file, little_endian(locator, 8, 8))?,
            None => narrow,
        };
        most = most.max(Some(members));
    }
    file.rewind()?;
    most.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "no directory at its end"))
}

/// Reads the figure of the 64-bit end record, which archives of more than 65,535 members have.
fn wide_members(file: &mut File, at: u64) -> io::Result<u64> {
    const WIDE_BYTES: u64 = 56;
    file.seek(SeekFrom::Start(at))?;
    let mut record = Vec::new();
    file.take(WIDE_BYTES).read_to_end(&mut record)?;
    if !record.starts_with(b"PK\x06\x06") {
        return Err(io::Error::other("the 64-bit directory is not where it should be"));
    }
    Ok(little_endian(&record, 32, 8))
}

/// Reads an unsigned number; bytes that are not there count as the highest, which no bound allows.
fn little_endian(bytes: &[u8], at: usize, length: usize) -> u64 {
    let Some(digits) = bytes.get(at..at.saturating_add(length)) else { return u64::MAX };
    digits.iter().rev().fold(0, |number, digit| (number << 8) | u64::from(*digit))
}

fn io_error(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::super::tests::{LIMITS, unpack};
    use super::*;

    fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn members_are_shown_in_order_and_folders_passed_over() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_directory("osv/", SimpleFileOptions::default()).unwrap();
        writer.start_file("../../b.json", SimpleFileOptions::default()).unwrap();
        writer.write_all(b"{}").unwrap();
        let archive = writer.finish().unwrap().into_inner();
        assert_eq!(unpack(&archive, LIMITS).unwrap(), [("../../b.json".to_owned(), b"{}".to_vec())]);
        assert!(unpack(&zip_of(&[]), LIMITS).unwrap().is_empty());
    }

    #[test]
    fn a_cut_or_altered_zip_is_refused() {
        let text: Vec<u8> = (0..500_u32).flat_map(|n| n.to_le_bytes()).collect();
        let whole = zip_of(&[("a", &text)]);
        assert_eq!(
            unpack(&whole[..whole.len() - 1], LIMITS).unwrap_err(),
            "`list-1.txt.gz` is not a whole zip archive"
        );
        let mut altered = whole.clone();
        // The checksum stands 16 bytes into the directory's line and 14 into the member's header.
        let line = whole.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
        altered[line + 16] ^= 0xff;
        assert_eq!(unpack(&altered, LIMITS).unwrap_err(), "`list-1.txt.gz` is not a whole zip archive");
    }

    #[test]
    fn every_bound_is_reached() {
        let large = vec![b'x'; 8 * 1024];
        assert!(unpack(&zip_of(&[("a", &large)]), LIMITS).is_ok());
        let larger = vec![b'x'; 8 * 1024 + 1];
        assert_eq!(
            unpack(&zip_of(&[("a", &larger)]), LIMITS).unwrap_err(),
            "`a` has more than 8192 bytes when unpacked"
        );
        let names: Vec<String> = (0..17).map(|n| n.to_string()).collect();
        let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
        assert!(unpack(&zip_of(&many[..16]), LIMITS).is_ok());
        assert_eq!(unpack(&zip_of(&many), LIMITS).unwrap_err(), "`list-1.txt.gz` has more than 16 members");
        let bomb: Vec<(&str, &[u8])> = names.iter().take(9).map(|name| (name.as_str(), &large[..])).collect();
        assert_eq!(
            unpack(&zip_of(&bomb), LIMITS).unwrap_err(),
            "`list-1.txt.gz` has more than 65536 bytes when unpacked"
        );
        let endless = "n".repeat(MEMBER_NAME_BYTES_MAX + 1);
        assert!(unpack(&zip_of(&[(&endless, b"x")]), LIMITS).unwrap_err().contains("name of more than 4096 bytes"));
    }

    #[test]
    fn a_directory_that_declares_too_much_is_not_read() {
        let mut archive = zip_of(&[("a", b"x")]);
        let end = archive.len() - END_BYTES;
        archive[end + 10..end + 12].copy_from_slice(&u16::MAX.to_le_bytes());
        assert_eq!(unpack(&archive, LIMITS).unwrap_err(), "`list-1.txt.gz` has more than 16 members");
    }

    #[test]
    fn lines_that_share_one_members_bytes_are_refused() {
        // The trick of the well-known small bombs: many directory lines, one block of data.
        let mut archive = zip_of(&[("a", b"xxxxxxxx"), ("b", b"yyyyyyyy")]);
        let lines: Vec<usize> = (0..archive.len() - 4).filter(|at| archive[*at..].starts_with(b"PK\x01\x02")).collect();
        let (first, second) = (lines[0], lines[1]);
        for field in [16..28, 42..46] {
            let copied = archive[first + field.start..first + field.end].to_vec();
            archive[second + field.start..second + field.end].copy_from_slice(&copied);
        }
        assert_eq!(unpack(&archive, LIMITS).unwrap_err(), "`list-1.txt.gz` is not a whole zip archive");
    }
}
