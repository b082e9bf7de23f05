//! Reads zip archives – Java's and Python's – by their directory: only the members that are asked for
//! are opened, and nothing is unpacked to anywhere.
//!
//! An archive may lie on the host, in memory, or in another archive; a member that is stored without
//! compression is read where it lies. What all of it costs together is bounded by a [`Budget`].

use std::io::Read;

use flate2::read::DeflateDecoder;
use yagura_model::{LocalText, SourceLine, Text};

use super::found::Found;
use super::part::{FILE_LIMIT, part};
use crate::host::{ByteLimit, Host, OpenFile, ReadError};

/// The directory of an archive: 100,000 members with long names.
const DIRECTORY_LIMIT: ByteLimit = ByteLimit::mib(64);
/// Bytes read or decompressed for one file of the host, archives in it included.
const WORK_LIMIT: ByteLimit = ByteLimit::mib(1024);
/// Archives in one file of the host. Large applications bring some 500.
const ARCHIVES_MAX: usize = 10_000;
/// Decompression reads its input in such pieces.
const PIECE_BYTES: usize = 64 * 1024;

const END_BYTES: usize = 22;
const COMMENT_BYTES_MAX: usize = 65_535;
const LOCATOR_BYTES: u64 = 20;
const END64_BYTES: u64 = 56;
const CENTRAL_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;

const NO_ARCHIVE: Text =
    Text::new("this is no zip archive, or a broken one", "zip アーカイブではないか、破損しています");
const BROKEN_MEMBER: Text =
    Text::new("a member of the archive cannot be read", "アーカイブ内に読み取れないファイルがあります");
const UNKNOWN_METHOD: Text = Text::new(
    "a member of the archive is encrypted, or compressed in a way that we do not read",
    "アーカイブ内に、暗号化されているか、未対応の方式で圧縮されたファイルがあります",
);
const TOO_MUCH: Text = Text::new(
    "unpacking the archive is more work than any honest one",
    "アーカイブの展開に必要な処理量が、通常の範囲を大きく超えています",
);

/// Why an archive or a member of it cannot be read.
#[derive(Debug)]
pub(super) enum Fault {
    Read(ReadError),
    Broken(Text),
    TooLarge(ByteLimit),
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl Fault {
    /// Says it of the archive at `place`.
    pub(super) fn report(self, place: &str, found: &mut Found) {
        match self {
            Self::Read(error) => found.unreadable(place, &error),
            Self::Broken(why) => found.broken(place, why),
            Self::TooLarge(limit) => found.faults.report(SourceLine::file(place), too_large_text(limit)),
        }
    }
}

/// What may still be read and opened.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: u64,
    archives: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: WORK_LIMIT.get(), archives: ARCHIVES_MAX }
    }
}

impl Budget {
    fn spend(&mut self, bytes: usize) -> Result<(), Fault> {
        let left = u64::try_from(bytes).ok().and_then(|bytes| self.bytes.checked_sub(bytes));
        self.bytes = left.ok_or(Fault::Broken(TOO_MUCH))?;
        Ok(())
    }
}

/// Bytes that can be read in parts.
pub(super) trait Source {
    fn length(&self) -> u64;

    /// Reads `length` bytes, fewer at the end.
    fn read_at(&self, offset: u64, length: usize) -> Result<Vec<u8>, ReadError>;
}

/// A file of the host.
pub(super) struct HostFile(Box<dyn OpenFile>);

impl HostFile {
    /// `None` when there is no such file.
    pub(super) fn open(host: &dyn Host, path: &str) -> Result<Option<Self>, ReadError> {
        Ok(host.open_file(path, FILE_LIMIT)?.map(Self))
    }
}

impl Source for HostFile {
    fn length(&self) -> u64 {
        self.0.size_bytes()
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Vec<u8>, ReadError> {
        part(&*self.0, offset, length)
    }
}

impl Source for Vec<u8> {
    fn length(&self) -> u64 {
        u64::try_from(self.len()).unwrap_or(u64::MAX)
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Vec<u8>, ReadError> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        Ok(rest.get(..length).unwrap_or(rest).to_vec())
    }
}

/// A part of another source: a member that is stored as it is.
pub(super) struct Window<'a> {
    inner: &'a dyn Source,
    offset: u64,
    length: u64,
}

impl Source for Window<'_> {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Vec<u8>, ReadError> {
        let rest = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.inner.read_at(self.offset.saturating_add(offset), length.min(rest))
    }
}

/// One file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    is_plain: bool,
    method: u16,
    compressed: u64,
    header: u64,
}

/// Reads the directory of an archive and keeps the members whose names are `wanted`.
pub(super) fn members(
    source: &dyn Source,
    budget: &mut Budget,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Vec<Member>, Fault> {
    budget.archives = budget.archives.checked_sub(1).ok_or(Fault::Broken(TOO_MUCH))?;
    let (begin, length, shift) = find_directory(source, budget)?;
    let length = usize::try_from(length).ok().filter(|_| length <= DIRECTORY_LIMIT.get());
    let length = length.ok_or(Fault::TooLarge(DIRECTORY_LIMIT))?;
    budget.spend(length)?;
    let bytes = source.read_at(begin, length)?;
    let mut members = Vec::new();
    let mut rest = bytes.as_slice();
    // What follows the last whole entry, such as a signature, is none of ours.
    while let Some((member, after)) = read_entry(rest, shift) {
        rest = after;
        members.extend(member.filter(|member| wanted(&member.name)));
    }
    Ok(members)
}

/// Finds begin and length of the directory, and by how much all offsets are shifted: a program may
/// stand before an archive.
fn find_directory(source: &dyn Source, budget: &mut Budget) -> Result<(u64, u64, u64), Fault> {
    let broken = || Fault::Broken(NO_ARCHIVE);
    // Most archives have no comment: their end is looked for in the last few bytes first.
    for tail_bytes in [END_BYTES, END_BYTES + COMMENT_BYTES_MAX] {
        let tail_begin = source.length().saturating_sub(u64::try_from(tail_bytes).unwrap_or(u64::MAX));
        budget.spend(tail_bytes)?;
        let tail = source.read_at(tail_begin, tail_bytes)?;
        let Some(at) = tail.windows(4).rposition(|window| window == b"PK\x05\x06") else { continue };
        let end = tail.get(at..).unwrap_or_default();
        let end_at = tail_begin.saturating_add(u64::try_from(at).unwrap_or(u64::MAX));
        let (Some(length), Some(offset)) = (u32_at(end, 12), u32_at(end, 16)) else { return Err(broken()) };
        let is_wide = length == u32::MAX || offset == u32::MAX;
        if let Some(found) = if is_wide { find_directory64(source, end_at)? } else { None } {
            return Ok(found);
        }
        let begin = end_at.checked_sub(u64::from(length)).ok_or_else(broken)?;
        let shift = begin.checked_sub(u64::from(offset)).ok_or_else(broken)?;
        return Ok((begin, u64::from(length), shift));
    }
    Err(broken())
}

/// The same for an archive that is too large for 32 bits: `None` when it is not one.
fn find_directory64(source: &dyn Source, end_at: u64) -> Result<Option<(u64, u64, u64)>, Fault> {
    let Some(end64_at) = end_at.checked_sub(LOCATOR_BYTES + END64_BYTES) else { return Ok(None) };
    let bytes = source.read_at(end64_at, usize::try_from(LOCATOR_BYTES + END64_BYTES).unwrap_or(0))?;
    if !bytes.starts_with(b"PK\x06\x06") {
        return Ok(None);
    }
    let (Some(length), Some(offset)) = (u64_at(&bytes, 40), u64_at(&bytes, 48)) else { return Ok(None) };
    let begin = end64_at.checked_sub(length);
    Ok(begin.and_then(|begin| Some((begin, length, begin.checked_sub(offset)?))))
}

/// Reads one entry of the directory: the member, where its numbers are sound, and what follows it.
fn read_entry(bytes: &[u8], shift: u64) -> Option<(Option<Member>, &[u8])> {
    if !bytes.starts_with(b"PK\x01\x02") {
        return None;
    }
    let lengths = [u16_at(bytes, 28)?, u16_at(bytes, 30)?, u16_at(bytes, 32)?].map(usize::from);
    let [name, extra, comment] = lengths;
    let name_end = CENTRAL_BYTES + name;
    let name = bytes.get(CENTRAL_BYTES..name_end)?;
    let extra = bytes.get(name_end..name_end + extra)?;
    let rest = bytes.get(name_end + extra.len() + comment..)?;
    let numbers = wide_numbers(extra, u32_at(bytes, 24)?, u32_at(bytes, 20)?, u32_at(bytes, 42)?);
    let member = numbers.and_then(|(compressed, header)| {
        Some(Member {
            name: String::from_utf8_lossy(name).into_owned(),
            is_plain: u16_at(bytes, 8)? & 1 == 0,
            method: u16_at(bytes, 10)?,
            compressed,
            header: shift.checked_add(header)?,
        })
    });
    Some((member, rest))
}

/// Numbers that do not fit into 32 bits stand in the extra field 1, in this order.
fn wide_numbers(extra: &[u8], size: u32, compressed: u32, header: u32) -> Option<(u64, u64)> {
    if ![size, compressed, header].contains(&u32::MAX) {
        return Some((compressed.into(), header.into()));
    }
    let mut rest = extra;
    loop {
        let (id, length) = (u16_at(rest, 0)?, usize::from(u16_at(rest, 2)?));
        let field = rest.get(4..4 + length)?;
        rest = rest.get(4 + length..)?;
        if id != 1 {
            continue;
        }
        let mut at = 0;
        let mut wide = |narrow: u32| {
            if narrow != u32::MAX {
                return Some(u64::from(narrow));
            }
            at += 8;
            u64_at(field, at - 8)
        };
        let (_, compressed, header) = (wide(size)?, wide(compressed)?, wide(header)?);
        return Some((compressed, header));
    }
}

impl Member {
    /// The part of the archive that holds the member, as it lies there.
    fn window<'a>(&self, archive: &'a dyn Source) -> Result<Window<'a>, Fault> {
        let header = archive.read_at(self.header, LOCAL_BYTES)?;
        let lengths = (header.starts_with(b"PK\x03\x04"), u16_at(&header, 26), u16_at(&header, 28));
        let (true, Some(name), Some(extra)) = lengths else { return Err(Fault::Broken(BROKEN_MEMBER)) };
        let skipped = u64::try_from(LOCAL_BYTES + usize::from(name) + usize::from(extra)).unwrap_or(u64::MAX);
        let offset = self.header.saturating_add(skipped);
        if offset.checked_add(self.compressed).is_none_or(|end| end > archive.length()) {
            return Err(Fault::Broken(BROKEN_MEMBER));
        }
        Ok(Window { inner: archive, offset, length: self.compressed })
    }

    /// The member where it lies, if it is not compressed.
    pub(super) fn stored<'a>(&self, archive: &'a dyn Source) -> Result<Option<Window<'a>>, Fault> {
        if self.method == 0 && self.is_plain { self.window(archive).map(Some) } else { Ok(None) }
    }

    /// Reads the whole member, decompressed.
    pub(super) fn bytes(&self, archive: &dyn Source, limit: ByteLimit, budget: &mut Budget) -> Result<Vec<u8>, Fault> {
        if !self.is_plain {
            return Err(Fault::Broken(UNKNOWN_METHOD));
        }
        let window = self.window(archive)?;
        let mut bytes = Vec::new();
        let pieces = Pieces { source: &window, at: 0, piece: Vec::new(), used: 0 };
        // The budget may be smaller than the limit; what is read beyond either ends it.
        let limit_bytes = limit.get().min(budget.bytes).saturating_add(1);
        let read = match self.method {
            0 => pieces.take(limit_bytes).read_to_end(&mut bytes),
            8 => DeflateDecoder::new(pieces).take(limit_bytes).read_to_end(&mut bytes),
            _ => return Err(Fault::Broken(UNKNOWN_METHOD)),
        };
        budget.spend(bytes.len())?;
        if bytes.length() > limit.get() {
            return Err(Fault::TooLarge(limit));
        }
        read.map_err(|_| Fault::Broken(BROKEN_MEMBER))?;
        Ok(bytes)
    }
}

/// Reads a source from begin to end, a piece at a time.
struct Pieces<'a> {
    source: &'a dyn Source,
    at: u64,
    piece: Vec<u8>,
    used: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.used == self.piece.len() {
            self.piece = self.source.read_at(self.at, PIECE_BYTES).map_err(std::io::Error::other)?;
            self.at = self.at.saturating_add(self.piece.length());
            self.used = 0;
        }
        let mut rest = self.piece.get(self.used..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.used += read;
        Ok(read)
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}

fn too_large_text(limit: ByteLimit) -> LocalText {
    LocalText::new(
        format!(
            "a part of the archive is larger than {limit}, which is more than we read; its packages are not assessed"
        ),
        format!("アーカイブの一部が読み取りの上限 ({limit}) を超えています。そこに含まれるパッケージは評価されません"),
    )
}

#[cfg(test)]
pub(super) mod tests;
