//! The write-ahead log `-wal`: pages that were committed and not yet moved into the database.

use std::collections::HashMap;

use crate::paged::{Outcome, Window, be_u32, damaged, le_u32, size};

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The last bit says in which byte order the words are taken for the checksums.
const MAGIC: u32 = 0x377f_0682;
const VERSION: u32 = 3_007_000;

/// What the log holds.
pub(super) struct Log {
    pub(super) page_bytes: u32,
    /// How many pages the database has after the last commit.
    pub(super) pages: u32,
    /// Where in the log the newest committed version of each page is.
    pub(super) frames: HashMap<u32, u64>,
    /// Where the frames end that are whole, committed or not.
    pub(super) end: u64,
}

/// Reads the log; `None` when nothing in it counts. A frame whose checksum is wrong was not written
/// whole, or is left from an earlier round: the log ends before it.
pub(super) fn read(window: &mut Window) -> Outcome<Option<Log>> {
    let len = window.size_bytes();
    if len < u64::try_from(HEADER_BYTES).unwrap_or(0) {
        return Ok(None);
    }
    let header = window.at(0, HEADER_BYTES)?;
    let word = |at| be_u32(header, at).unwrap_or(0);
    let (magic, version, page_bytes) = (word(0), word(4), word(8));
    let salt = [word(16), word(20)];
    if magic & !1 != MAGIC {
        return Ok(None);
    }
    let mut sum = Sum { is_big: magic & 1 == 1, words: [0, 0] };
    sum.add(header.get(..24).unwrap_or_default());
    if sum.words != [word(24), word(28)] {
        return Ok(None);
    }
    if version != VERSION || !super::PAGE_BYTES.contains(&page_bytes) || !page_bytes.is_power_of_two() {
        return damaged("its write-ahead log is of an unknown kind");
    }
    let frame_bytes = FRAME_HEADER_BYTES + size(page_bytes);
    let (mut log, mut since_commit) = (Log { page_bytes, pages: 0, frames: HashMap::new(), end: 0 }, Vec::new());
    let mut offset = u64::try_from(HEADER_BYTES).unwrap_or(0);
    let step = u64::try_from(frame_bytes).unwrap_or(u64::MAX);
    while offset.saturating_add(step) <= len {
        let frame = window.at(offset, frame_bytes)?;
        let word = |at| be_u32(frame, at).unwrap_or(0);
        let (page, pages_after) = (word(0), word(4));
        sum.add(frame.get(..8).unwrap_or_default());
        sum.add(frame.get(FRAME_HEADER_BYTES..).unwrap_or_default());
        if page == 0 || [word(8), word(12)] != salt || sum.words != [word(16), word(20)] {
            break;
        }
        since_commit.push((page, offset + u64::try_from(FRAME_HEADER_BYTES).unwrap_or(0)));
        if pages_after != 0 {
            log.pages = pages_after;
            log.frames.extend(since_commit.drain(..));
        }
        offset = offset.saturating_add(step);
    }
    log.end = offset;
    Ok((log.pages != 0).then_some(log))
}

/// The log's running checksum.
struct Sum {
    is_big: bool,
    words: [u32; 2],
}

impl Sum {
    /// Takes a multiple of eight bytes.
    fn add(&mut self, bytes: &[u8]) {
        let [mut first, mut second] = self.words;
        for pair in bytes.as_chunks::<8>().0 {
            let word = |at| if self.is_big { be_u32(pair, at) } else { le_u32(pair, at) }.unwrap_or(0);
            first = first.wrapping_add(word(0)).wrapping_add(second);
            second = second.wrapping_add(word(4)).wrapping_add(first);
        }
        self.words = [first, second];
    }
}
