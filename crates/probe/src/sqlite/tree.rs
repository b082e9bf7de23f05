//! Walks the b-tree of a table: pages of rows below pages of pages, long rows on chains of pages.

use super::row::{Row, varint};
use super::{Database, HEADER_BYTES, SCHEMA_ROOT};
use crate::paged::{Flow, Outcome, PageSet, be_u16, be_u32, damaged, size};

/// A tree of twenty levels would hold more pages than a file can.
const DEPTH_MAX: usize = 20;
/// The largest row that is read: one rpm header with its list of files.
const ROW_BYTES_MAX: usize = 64 * 1024 * 1024;

const PAGE_INTERIOR: u8 = 5;
const PAGE_LEAF: u8 = 13;

/// A page of pages on the way down, and which of its children comes next.
struct Step {
    page: Vec<u8>,
    children: Cells,
    next: usize,
}

/// Where the array of cells is.
#[derive(Clone, Copy)]
struct Cells {
    array: usize,
    count: usize,
}

impl Cells {
    fn of(page: &[u8], header: usize, header_bytes: usize) -> Outcome<Self> {
        let count = be_u16(page, header + 3).map_or(0, usize::from);
        let array = header + header_bytes;
        match array + 2 * count <= page.len() {
            true => Ok(Self { array, count }),
            false => damaged(format!("a page cannot have {count} cells")),
        }
    }

    /// Where a cell begins.
    fn at(self, page: &[u8], index: usize) -> usize {
        be_u16(page, self.array + 2 * index).map_or(usize::MAX, usize::from)
    }
}

impl Database {
    /// Hands over each row below a root page, left to right.
    pub(super) fn scan_root(&mut self, root: u32, visitor: &mut dyn FnMut(&Row<'_>) -> Outcome<Flow>) -> Outcome<()> {
        // One more, because pages are numbered from 1.
        let mut seen = PageSet::new(u64::from(self.pages) + 1);
        let (mut stack, mut payload, mut leaf): (Vec<Step>, Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new(), Vec::new());
        let mut number = root;
        loop {
            if number == 0 {
                return damaged("a table has no root page");
            }
            seen.note(number)?;
            self.page(number, &mut leaf)?;
            let header = if number == SCHEMA_ROOT { HEADER_BYTES } else { 0 };
            match leaf.get(header).copied() {
                Some(PAGE_INTERIOR) if stack.len() < DEPTH_MAX => {
                    let children = Cells::of(&leaf, header, 12)?;
                    stack.push(Step { page: std::mem::take(&mut leaf), children, next: 0 });
                }
                Some(PAGE_LEAF) => {
                    let cells = Cells::of(&leaf, header, 8)?;
                    for index in 0..cells.count {
                        let cell = leaf.get(cells.at(&leaf, index)..).unwrap_or_default();
                        let row_number = self.payload(cell, &mut payload, &mut seen)?;
                        if visitor(&Row::read(row_number, &payload)?)? == Flow::Stop {
                            return Ok(());
                        }
                    }
                }
                _ => return damaged(format!("page {number} is no page of a table")),
            }
            match next_child(&mut stack) {
                Some(child) => number = child,
                None => return Ok(()),
            }
        }
    }

    /// Reads the number and the whole payload of one cell.
    fn payload(&mut self, cell: &[u8], payload: &mut Vec<u8>, seen: &mut PageSet) -> Outcome<i64> {
        let read = varint(cell).and_then(|(len, rest)| {
            let (number, rest) = varint(rest)?;
            Some((usize::try_from(len).ok()?, number, rest))
        });
        let Some((len, number, rest)) = read else {
            return damaged("a row is cut off");
        };
        if len > ROW_BYTES_MAX {
            return damaged(format!("row {number} cannot have {len} bytes"));
        }
        let here = bytes_here(len, size(self.usable_bytes));
        payload.clear();
        match rest.get(..here) {
            Some(part) => payload.extend_from_slice(part),
            None => return damaged(format!("row {number} is cut off")),
        }
        let mut next = if here < len { be_u32(rest, here).unwrap_or(0) } else { 0 };
        let mut page = Vec::new();
        while payload.len() < len {
            if next == 0 {
                return damaged(format!("row {number} ends too early"));
            }
            seen.note(next)?;
            self.page(next, &mut page)?;
            next = be_u32(&page, 0).unwrap_or(0);
            let want = (len - payload.len()).min(size(self.usable_bytes).saturating_sub(4));
            payload.extend_from_slice(page.get(4..4 + want).unwrap_or_default());
        }
        Ok(number)
    }
}

/// How many bytes of a payload stand in its cell, by the rules of SQLite's file format.
fn bytes_here(len: usize, usable: usize) -> usize {
    let most = usable - 35;
    if len <= most {
        return len;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let fitting = least + (len - least) % (usable - 4);
    if fitting <= most { fitting } else { least }
}

/// Takes the next child of the lowest page that has one left.
fn next_child(stack: &mut Vec<Step>) -> Option<u32> {
    while let Some(step) = stack.last_mut() {
        let index = step.next;
        step.next += 1;
        if index < step.children.count {
            return Some(be_u32(&step.page, step.children.at(&step.page, index)).unwrap_or(0));
        }
        if index == step.children.count {
            // The last child stands in the page's header.
            return Some(be_u32(&step.page, step.children.array.saturating_sub(4)).unwrap_or(0));
        }
        stack.pop();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_what_the_format_says() {
        // Pages of 4096 bytes: at most 4061 in the cell, else at least 489.
        assert_eq!((bytes_here(4061, 4096), bytes_here(4062, 4096)), (4061, 489));
        assert_eq!((bytes_here(4092 + 489, 4096), bytes_here(4092 + 4061, 4096)), (489, 4061));
        assert_eq!(bytes_here(100, 480), 100);
        assert_eq!(bytes_here(446, 480), 35);
    }
}
