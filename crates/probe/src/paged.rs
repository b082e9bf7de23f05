//! Reads database files piece by piece: a window over the file, numbers out of bytes, and the set
//! of pages that were seen.
//!
//! The databases that are read this way belong to the host and may be hostile. No reader trusts a
//! length or a page number before it was compared with the file, and none visits a page twice.

use crate::host::{OpenFile, ReadError};

/// What a step back or aside reads. Pages of these databases have 4 KiB mostly, and their
/// neighbours are wanted next.
const STEP_BYTES: usize = 16 * 1024;
/// What a step on reads.
const STRIDE_BYTES: usize = 256 * 1024;

/// Why a database could not be read whole.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The file could not be read.
    Read(ReadError),
    /// What stands in it contradicts itself. English, to be read after "the database is damaged: ".
    Damaged(String),
    /// It holds more records than this.
    TooManyRecords(usize),
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

pub(crate) type Outcome<T> = Result<T, Fault>;

/// Whether a visitor wants more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// The next one.
    Next,
    /// No more.
    Stop,
}

/// Shortens the most frequent complaint.
pub(crate) fn damaged<T>(what: impl Into<String>) -> Outcome<T> {
    Err(Fault::Damaged(what.into()))
}

/// A file seen through a window that moves.
pub(crate) struct Window {
    file: Box<dyn OpenFile>,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    pub(crate) fn new(file: Box<dyn OpenFile>) -> Self {
        Self { file, start: 0, bytes: Vec::new() }
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.file.size_bytes()
    }

    /// Shows `len` bytes from `offset` on. `len` has been compared with a bound by the caller; here
    /// it is compared with the file.
    pub(crate) fn at(&mut self, offset: u64, len: usize) -> Outcome<&[u8]> {
        let is_shown = |window: &Self| -> Option<std::ops::Range<usize>> {
            let from = usize::try_from(offset.checked_sub(window.start)?).ok()?;
            let to = from.checked_add(len)?;
            (to <= window.bytes.len()).then_some(from..to)
        };
        if is_shown(self).is_none() {
            self.load(offset, len)?;
        }
        match is_shown(self).and_then(|range| self.bytes.get(range)) {
            Some(shown) => Ok(shown),
            None => damaged("it ends too early"),
        }
    }

    /// Reads past the window: what stands in the file now.
    pub(crate) fn fresh(&self, offset: u64, buffer: &mut [u8]) -> Outcome<()> {
        Ok(self.file.read_at(offset, buffer)?)
    }

    /// As [`fresh`](Self::fresh), with nothing where the file does not reach.
    pub(crate) fn fresh_or_nothing<const N: usize>(&self, offset: u64) -> [u8; N] {
        let mut bytes = [0; N];
        match self.file.read_at(offset, &mut bytes) {
            Ok(()) => bytes,
            Err(_) => [0; N],
        }
    }

    fn load(&mut self, offset: u64, len: usize) -> Outcome<()> {
        let left = self.size_bytes().saturating_sub(offset);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        if left < len {
            return damaged(format!("it ends before byte {}", offset.saturating_add(u64::try_from(len).unwrap_or(0))));
        }
        let end = self.start.saturating_add(u64::try_from(self.bytes.len()).unwrap_or(0));
        let ahead = if offset == end && !self.bytes.is_empty() { STRIDE_BYTES } else { STEP_BYTES };
        self.bytes.resize(ahead.max(len).min(left), 0);
        self.start = offset;
        let read = self.file.read_at(offset, &mut self.bytes);
        if read.is_err() {
            self.bytes.clear();
        }
        Ok(read?)
    }
}

/// Which pages were seen.
pub(crate) struct PageSet {
    seen: Vec<u64>,
    pages: u64,
}

impl PageSet {
    /// For pages below `pages`, which the caller took from the size of a file.
    pub(crate) fn new(pages: u64) -> Self {
        let words = usize::try_from(pages.div_ceil(64)).unwrap_or(0);
        Self { seen: vec![0; words], pages }
    }

    /// Notes a page; an error when it is not in the file or was noted before.
    pub(crate) fn note(&mut self, page: u32) -> Outcome<()> {
        let number = u64::from(page);
        let word = usize::try_from(number / 64).ok().and_then(|word| self.seen.get_mut(word));
        let Some(word) = word.filter(|_| number < self.pages) else {
            return damaged(format!("it refers to page {page}, which it does not have"));
        };
        let bit = 1_u64 << (number % 64);
        if *word & bit != 0 {
            return damaged(format!("page {page} is used twice"));
        }
        *word |= bit;
        Ok(())
    }
}

pub(crate) fn be_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(crate) fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(crate) fn le_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(crate) fn le_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Widens a page number or length; addresses have at least 32 bits on every system we run on.
pub(crate) fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ByteLimit, Host as _, MemoryHost};

    fn window(bytes: &[u8]) -> Window {
        let host = MemoryHost::new().file("f", bytes);
        Window::new(host.open_file("f", ByteLimit::mib(1)).unwrap().unwrap())
    }

    #[test]
    fn shows_any_part_and_nothing_beyond() {
        let bytes: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut window = window(&bytes);
        for offset in [0, 4, 16_000, 16_384, 0, 159_990, 100_000, 131_072] {
            let len = if offset == 159_990 { 10 } else { 3000 };
            let from = usize::try_from(offset).unwrap();
            assert_eq!(window.at(offset, len).unwrap(), &bytes[from..from + len], "{offset}");
        }
        assert!(matches!(window.at(159_990, 11), Err(Fault::Damaged(_))));
        assert!(matches!(window.at(u64::MAX, 1), Err(Fault::Damaged(_))));
        assert_eq!(window.at(160_000, 0).unwrap(), b"");
    }

    #[test]
    fn a_page_is_seen_once() {
        let mut pages = PageSet::new(65);
        pages.note(64).unwrap();
        assert!(matches!(pages.note(64), Err(Fault::Damaged(text)) if text == "page 64 is used twice"));
        assert!(matches!(pages.note(65), Err(Fault::Damaged(_))));
        assert!(PageSet::new(0).note(0).is_err());
    }

    #[test]
    fn numbers_need_their_bytes() {
        let bytes = [1, 2, 3, 4, 5];
        assert_eq!((be_u32(&bytes, 1), le_u32(&bytes, 1)), (Some(0x0203_0405), Some(0x0504_0302)));
        assert_eq!((be_u16(&bytes, 3), le_u16(&bytes, 3)), (Some(0x0405), Some(0x0504)));
        assert_eq!((be_u32(&bytes, 2), be_u16(&bytes, usize::MAX), le_u16(&bytes, 5)), (None, None, None));
    }
}
