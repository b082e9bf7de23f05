//! Reads the tables of an SQLite file: rpm's `rpmdb.sqlite`, dnf's history.
//!
//! A reader of our own, and a small one: the agent runs as root over files that the host's owner
//! may have made, and SQLite itself is a large library in C that would have to be trusted with
//! them. What an inventory needs is to walk the b-tree of a table from its first row to its last,
//! which are a few hundred lines: `wal` (what the writer has committed and not yet moved into the
//! file), `tree` (pages, cells, overflow) and `row` (the columns). There is no query, no index, no
//! lock and no write.
//!
//! # Invariants
//!
//! - A page is visited once, so that no circle is walked and no scan takes longer than its file.
//! - The rows of one scan are those of one committed transaction: frames of the log count up to its
//!   last commit, a rollback journal is undone, and a file that changed meanwhile is an error.

mod journal;
mod row;
mod tree;
mod wal;

use std::collections::HashMap;

use crate::host::{ByteLimit, Host};
use crate::paged::{Fault, Flow, Outcome, Window, be_u16, be_u32, damaged, size};
pub(crate) use row::Row;

/// Beyond this a file is not the database of a package manager.
const FILE_LIMIT: ByteLimit = ByteLimit::mib(2048);

const MAGIC: &[u8] = b"SQLite format 3\0";
const HEADER_BYTES: usize = 100;
const PAGE_BYTES: std::ops::RangeInclusive<u32> = 512..=65_536;
/// The smallest part of a page that SQLite allows to be used.
const USABLE_BYTES_MIN: u32 = 480;
/// The page of the table of tables.
const SCHEMA_ROOT: u32 = 1;
/// A schema has some fifty entries.
const SCHEMA_ROWS_MAX: usize = 10_000;

/// An open database.
pub(crate) struct Database {
    file: Window,
    /// The write-ahead log or the rollback journal, whichever holds pages that count.
    beside: Option<Window>,
    /// Where in that file the pages are that stand there in place of the database's own.
    overlay: HashMap<u32, u64>,
    page_bytes: u32,
    usable_bytes: u32,
    pages: u32,
    /// Where what counts in the file beside ends.
    beside_end: u64,
    stamp: Stamp,
}

/// What every writer changes: the counter in the file's header, the head of the file beside it, and
/// the place where the next frame of the log goes.
#[derive(PartialEq, Eq, Default)]
struct Stamp {
    file: [u8; 4],
    beside: [u8; 24],
    next: [u8; 24],
}

/// One table: its root page and the names of its columns.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    root: u32,
    columns: Vec<String>,
}

impl Table {
    /// Finds a column by its name.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.eq_ignore_ascii_case(name))
    }
}

impl Database {
    /// Opens the file; `None` when there is none.
    pub(crate) fn open(host: &dyn Host, path: &str) -> Outcome<Option<Self>> {
        let Some(file) = host.open_file(path, FILE_LIMIT)? else {
            return Ok(None);
        };
        let file = Window::new(file);
        let open = |suffix: &str| -> Outcome<Option<Window>> {
            let file = host.open_file(&format!("{path}{suffix}"), FILE_LIMIT)?;
            Ok(file.map(Window::new).filter(|window| window.size_bytes() > 0))
        };
        Self::assemble(file, open("-wal")?, open("-journal")?).map(Some)
    }

    fn assemble(mut file: Window, wal: Option<Window>, journal: Option<Window>) -> Outcome<Self> {
        let (mut beside, mut overlay, mut pages) = (None, HashMap::new(), None);
        let (mut page_bytes, mut beside_end) = (None, 0);
        if let Some(mut window) = wal
            && let Some(log) = wal::read(&mut window)?
        {
            (page_bytes, pages, overlay) = (Some(log.page_bytes), Some(log.pages), log.frames);
            (beside, beside_end) = (Some(window), log.end);
        } else if let Some(mut window) = journal
            && let Some(undo) = journal::read(&mut window)?
        {
            (page_bytes, pages, overlay) = (Some(undo.page_bytes), Some(undo.pages), undo.pages_before);
            beside = Some(window);
        }
        let header_at = |window: &mut Window, offset| -> Outcome<[u8; HEADER_BYTES]> {
            let header = window.at(offset, HEADER_BYTES)?.first_chunk().copied();
            header.ok_or_else(|| Fault::Damaged("it has no header".to_owned()))
        };
        let header = match (overlay.get(&SCHEMA_ROOT), &mut beside) {
            (Some(offset), Some(window)) => header_at(window, *offset)?,
            _ => header_at(&mut file, 0)?,
        };
        if !header.starts_with(MAGIC) {
            return damaged("it is no SQLite file");
        }
        let own_page_bytes = match be_u16(&header, 16) {
            Some(1) => 65_536,
            other => u32::from(other.unwrap_or(0)),
        };
        if !PAGE_BYTES.contains(&own_page_bytes) || !own_page_bytes.is_power_of_two() {
            return damaged(format!("its pages cannot have {own_page_bytes} bytes"));
        }
        if page_bytes.is_some_and(|other| other != own_page_bytes) {
            return damaged("its log is that of another file");
        }
        let [reserved, read_version] = [20, 19].map(|at| header.get(at).copied().unwrap_or(0));
        let usable_bytes = own_page_bytes - u32::from(reserved);
        if usable_bytes < USABLE_BYTES_MIN || read_version > 2 {
            return damaged("it is of a newer kind than this reader knows");
        }
        if be_u32(&header, 56).is_some_and(|encoding| encoding > 1) {
            return damaged("its text is not UTF-8");
        }
        // What a log says of the size is bounded as the size itself is.
        if pages.is_some_and(|pages| u64::from(pages) * u64::from(own_page_bytes) > FILE_LIMIT.get()) {
            return damaged(format!("it cannot have {} pages", pages.unwrap_or(0)));
        }
        let in_file = u32::try_from(file.size_bytes() / u64::from(own_page_bytes)).unwrap_or(u32::MAX);
        let mut database = Self {
            file,
            beside,
            overlay,
            page_bytes: own_page_bytes,
            usable_bytes,
            pages: pages.unwrap_or(in_file),
            beside_end,
            stamp: Stamp::default(),
        };
        database.stamp = database.stamp_now();
        Ok(database)
    }

    /// Reads the stamp anew.
    fn stamp_now(&self) -> Stamp {
        Stamp {
            file: self.file.fresh_or_nothing(24),
            beside: self.beside.as_ref().map_or([0; 24], |beside| beside.fresh_or_nothing(0)),
            next: self.beside.as_ref().map_or([0; 24], |beside| beside.fresh_or_nothing(self.beside_end)),
        }
    }

    /// Finds a table; `None` when the database has none of this name.
    pub(crate) fn table(&mut self, name: &str) -> Outcome<Option<Table>> {
        let (mut found, mut rows) = (None, 0_usize);
        self.scan_root(SCHEMA_ROOT, &mut |row| {
            rows += 1;
            if rows > SCHEMA_ROWS_MAX {
                return Err(Fault::TooManyRecords(SCHEMA_ROWS_MAX));
            }
            let is_it = row.text(0) == Some(b"table")
                && row.text(1).is_some_and(|own| own.eq_ignore_ascii_case(name.as_bytes()));
            if !is_it {
                return Ok(Flow::Next);
            }
            let root = row.integer(3).and_then(|root| u32::try_from(root).ok());
            let columns = row.text(4).map(|sql| row::columns(&String::from_utf8_lossy(sql))).unwrap_or_default();
            found = root.map(|root| Table { root, columns });
            Ok(Flow::Stop)
        })?;
        Ok(found)
    }

    /// Hands over each row of a table, by its number.
    pub(crate) fn scan(&mut self, table: &Table, visitor: &mut dyn FnMut(&Row<'_>) -> Outcome<Flow>) -> Outcome<()> {
        self.scan_root(table.root, visitor)?;
        match self.stamp_now() == self.stamp {
            true => Ok(()),
            false => damaged("it was written to while it was read"),
        }
    }

    /// Copies a page out of the log or the file.
    fn page(&mut self, number: u32, into: &mut Vec<u8>) -> Outcome<()> {
        let bytes = size(self.page_bytes);
        let page = match (self.overlay.get(&number), &mut self.beside) {
            (Some(offset), Some(beside)) => beside.at(*offset, bytes)?,
            _ => {
                let before = u64::from(number.saturating_sub(1));
                self.file.at(before * u64::from(self.page_bytes), bytes)?
            }
        };
        into.clear();
        into.extend_from_slice(page);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
