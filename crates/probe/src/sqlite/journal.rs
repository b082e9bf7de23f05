//! The rollback journal `-journal`: pages as they were before a transaction that did not end.
//!
//! A transaction that is under way, or was cut off, has its old pages here; with them in their old
//! places the database is what it was before.

use std::collections::HashMap;

use crate::paged::{Outcome, Window, be_u32, damaged, size};

const MAGIC: &[u8] = &[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
const HEADER_BYTES: usize = 28;
/// The count of a journal that its writer did not go back to complete: up to the end of the file.
const COUNT_UNKNOWN: u32 = u32::MAX;
const SECTOR_BYTES: std::ops::RangeInclusive<u32> = 32..=65_536;

/// What the journal holds.
pub(super) struct Undo {
    pub(super) page_bytes: u32,
    /// How many pages the database had.
    pub(super) pages: u32,
    /// Where in the journal the pages are.
    pub(super) pages_before: HashMap<u32, u64>,
}

/// Reads the journal; `None` when it holds nothing to undo: SQLite ends a transaction by emptying
/// or overwriting the header.
pub(super) fn read(window: &mut Window) -> Outcome<Option<Undo>> {
    let len = window.size_bytes();
    let mut undo: Option<Undo> = None;
    let mut offset = 0_u64;
    while offset.saturating_add(u64::try_from(HEADER_BYTES).unwrap_or(0)) <= len {
        let header = window.at(offset, HEADER_BYTES)?;
        if !header.starts_with(MAGIC) {
            break;
        }
        let word = |at| be_u32(header, at).unwrap_or(0);
        let (count, nonce, pages, sector_bytes, page_bytes) = (word(8), word(12), word(16), word(20), word(24));
        let is_known = SECTOR_BYTES.contains(&sector_bytes)
            && super::PAGE_BYTES.contains(&page_bytes)
            && page_bytes.is_power_of_two()
            && undo.as_ref().is_none_or(|undo| undo.page_bytes == page_bytes);
        if !is_known {
            return damaged("its rollback journal is of an unknown kind");
        }
        let undo = undo.get_or_insert_with(|| Undo { page_bytes, pages, pages_before: HashMap::new() });
        let record_bytes = size(page_bytes) + 8;
        let step = u64::try_from(record_bytes).unwrap_or(u64::MAX);
        offset = offset.saturating_add(u64::from(sector_bytes));
        let records = if count == COUNT_UNKNOWN { len.saturating_sub(offset) / step } else { u64::from(count) };
        for _ in 0..records {
            if offset.saturating_add(step) > len {
                return Ok(some_pages(undo));
            }
            let record = window.at(offset, record_bytes)?;
            let (number, page) = (be_u32(record, 0).unwrap_or(0), record.get(4..record_bytes - 4).unwrap_or_default());
            if number == 0 || be_u32(record, record_bytes - 4) != Some(checksum(nonce, page)) {
                return Ok(some_pages(undo));
            }
            // The first version of a page is the oldest.
            undo.pages_before.entry(number).or_insert(offset + 4);
            offset = offset.saturating_add(step);
        }
        offset = offset.div_ceil(u64::from(sector_bytes)).saturating_mul(u64::from(sector_bytes));
    }
    Ok(undo.filter(|undo| !undo.pages_before.is_empty()))
}

fn some_pages(undo: &mut Undo) -> Option<Undo> {
    let taken =
        Undo { page_bytes: undo.page_bytes, pages: undo.pages, pages_before: std::mem::take(&mut undo.pages_before) };
    (!taken.pages_before.is_empty()).then_some(taken)
}

/// SQLite's own: every 200th byte from the end.
fn checksum(nonce: u32, page: &[u8]) -> u32 {
    let mut sum = nonce;
    let mut at = page.len().saturating_sub(200);
    while at > 0 {
        sum = sum.wrapping_add(page.get(at).copied().map_or(0, u32::from));
        at = at.saturating_sub(200);
    }
    sum
}
