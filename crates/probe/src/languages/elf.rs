//! Finds sections of a program, without reading more of it than its tables.

use yagura_model::Text;

use super::part::part;
use crate::host::{OpenFile, ReadError};

/// The file's header and, usually, the table of segments behind it.
const HEAD_BYTES: usize = 1024;
/// Programs have some 40; builds with a section a function have thousands, but are no programs yet.
const SECTIONS_MAX: u16 = 4096;
const SEGMENTS_MAX: u16 = 256;
/// One row of either table, in the wider of the two formats.
const ROW_BYTES_MAX: u16 = 64;
/// The names of the sections.
const NAMES_BYTES_MAX: usize = 1024 * 1024;

/// What of a program we look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Elf {
    pub(super) endian: Endian,
    /// 8 or 4.
    pub(super) pointer_bytes: usize,
    pub(super) sections: Vec<Section>,
    /// What is loaded from where: by address.
    pub(super) segments: Vec<Segment>,
}

/// The order of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

/// A named part of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// A part of the file that is loaded into memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) address: u64,
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) is_writable: bool,
}

/// Why a program cannot be looked at.
#[derive(Debug)]
pub(super) enum Fault {
    Read(ReadError),
    Broken(Text),
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

const CUT_OFF: Text = Text::new("the program's tables are cut off", "プログラムのテーブルが途中で切れています");
const TOO_MANY: Text = Text::new(
    "the program's tables are larger than any honest ones",
    "プログラムのテーブルが通常の範囲を大きく超えています",
);

impl Elf {
    /// Reads the tables; `None` when the file is no program.
    pub(super) fn read(file: &dyn OpenFile) -> Result<Option<Self>, Fault> {
        let head = part(file, 0, HEAD_BYTES)?;
        let Some(header) = Header::parse(&head) else { return Ok(None) };
        let widest = header.section_bytes.max(header.segment_bytes);
        if header.sections > SECTIONS_MAX || header.segments > SEGMENTS_MAX || widest > ROW_BYTES_MAX {
            return Err(Fault::Broken(TOO_MANY));
        }
        let table = |offset: u64, count: u16, size: u16| -> Result<Vec<u8>, Fault> {
            let length = usize::from(count) * usize::from(size);
            let end = usize::try_from(offset).ok().and_then(|offset| Some(offset..offset.checked_add(length)?));
            if let Some(bytes) = end.and_then(|range| head.get(range)) {
                return Ok(bytes.to_vec());
            }
            let bytes = part(file, offset, length)?;
            if bytes.len() == length { Ok(bytes) } else { Err(Fault::Broken(CUT_OFF)) }
        };
        let segments = table(header.segments_at, header.segments, header.segment_bytes)?;
        let sections = table(header.sections_at, header.sections, header.section_bytes)?;
        let segments =
            header.entries(&segments, header.segment_bytes).filter_map(|entry| header.segment(entry)).collect();
        let rows: Vec<Row> =
            header.entries(&sections, header.section_bytes).filter_map(|entry| header.section(entry)).collect();
        let names = match rows.get(usize::from(header.names_index)) {
            Some(row) => {
                let length = usize::try_from(row.length).unwrap_or(usize::MAX).min(NAMES_BYTES_MAX);
                part(file, row.offset, length)?
            }
            None => Vec::new(),
        };
        let sections = rows.into_iter().map(|row| Section {
            name: string_at(&names, row.name),
            offset: row.offset,
            length: row.length,
        });
        Ok(Some(Self {
            endian: header.endian,
            pointer_bytes: header.pointer_bytes,
            sections: sections.collect(),
            segments,
        }))
    }

    /// Finds a section by its name.
    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// Reads what is loaded to an address: at most `length` bytes, fewer where the segment ends.
    pub(super) fn read_loaded(
        &self,
        file: &dyn OpenFile,
        address: u64,
        length: usize,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        let within =
            |segment: &&Segment| address.checked_sub(segment.address).is_some_and(|distance| distance < segment.length);
        let Some(segment) = self.segments.iter().find(within) else { return Ok(None) };
        let distance = address.saturating_sub(segment.address);
        let rest = usize::try_from(segment.length.saturating_sub(distance)).unwrap_or(usize::MAX);
        part(file, segment.offset.saturating_add(distance), length.min(rest)).map(Some)
    }
}

/// The file's header.
struct Header {
    endian: Endian,
    pointer_bytes: usize,
    segments_at: u64,
    segment_bytes: u16,
    segments: u16,
    sections_at: u64,
    section_bytes: u16,
    sections: u16,
    names_index: u16,
}

/// A row of the section table.
struct Row {
    name: usize,
    offset: u64,
    length: u64,
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let [0x7f, b'E', b'L', b'F', class, data, ..] = bytes else { return None };
        let endian = match data {
            1 => Endian::Little,
            2 => Endian::Big,
            _ => return None,
        };
        let pointer_bytes = match class {
            1 => 4,
            2 => 8,
            _ => return None,
        };
        let kind = endian.u16_at(bytes, 16)?;
        // Programs, and programs and libraries that can be loaded anywhere.
        matches!(kind, 2 | 3).then_some(())?;
        let at = |narrow, wide| if pointer_bytes == 4 { narrow } else { wide };
        let word = |place| endian.word_at(bytes, place, pointer_bytes);
        let half = |place| endian.u16_at(bytes, place);
        Some(Self {
            endian,
            pointer_bytes,
            segments_at: word(at(28, 32))?,
            sections_at: word(at(32, 40))?,
            segment_bytes: half(at(42, 54))?,
            segments: half(at(44, 56))?,
            section_bytes: half(at(46, 58))?,
            sections: half(at(48, 60))?,
            names_index: half(at(50, 62))?,
        })
    }

    fn entries<'a>(&self, table: &'a [u8], entry_bytes: u16) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        table.chunks_exact(usize::from(entry_bytes).max(1))
    }

    fn segment(&self, entry: &[u8]) -> Option<Segment> {
        const LOADED: u32 = 1;
        const WRITABLE: u32 = 2;
        let endian = self.endian;
        (endian.u32_at(entry, 0)? == LOADED).then_some(())?;
        let [flags, offset, address, length] = if self.pointer_bytes == 4 { [24, 4, 8, 16] } else { [4, 8, 16, 32] };
        let word = |place| endian.word_at(entry, place, self.pointer_bytes);
        Some(Segment {
            address: word(address)?,
            offset: word(offset)?,
            length: word(length)?,
            is_writable: endian.u32_at(entry, flags)? & WRITABLE != 0,
        })
    }

    fn section(&self, entry: &[u8]) -> Option<Row> {
        let [offset, length] = if self.pointer_bytes == 4 { [16, 20] } else { [24, 32] };
        Some(Row {
            name: usize::try_from(self.endian.u32_at(entry, 0)?).ok()?,
            offset: self.endian.word_at(entry, offset, self.pointer_bytes)?,
            length: self.endian.word_at(entry, length, self.pointer_bytes)?,
        })
    }
}

impl Endian {
    fn u16_at(self, bytes: &[u8], at: usize) -> Option<u16> {
        let chunk = *bytes.get(at..)?.first_chunk()?;
        Some(if self == Self::Little { u16::from_le_bytes(chunk) } else { u16::from_be_bytes(chunk) })
    }

    fn u32_at(self, bytes: &[u8], at: usize) -> Option<u32> {
        let chunk = *bytes.get(at..)?.first_chunk()?;
        Some(if self == Self::Little { u32::from_le_bytes(chunk) } else { u32::from_be_bytes(chunk) })
    }

    /// Reads a pointer of 4 or 8 bytes.
    pub(super) fn word_at(self, bytes: &[u8], at: usize, pointer_bytes: usize) -> Option<u64> {
        if pointer_bytes == 4 {
            return self.u32_at(bytes, at).map(u64::from);
        }
        let chunk = *bytes.get(at..)?.first_chunk()?;
        Some(if self == Self::Little { u64::from_le_bytes(chunk) } else { u64::from_be_bytes(chunk) })
    }
}

fn string_at(names: &[u8], at: usize) -> String {
    let bytes = names.get(at..).unwrap_or_default();
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

#[cfg(test)]
pub(super) mod tests;
