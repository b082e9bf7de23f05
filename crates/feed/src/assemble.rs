//! Reads documents into a new index, and finds out which of them can be read.
//!
//! A document that was just fetched is only a candidate. If it turns out to be cut, damaged or
//! something else altogether, the work starts again with the document that it would have
//! replaced: a broken upload never costs the good data. The good case reads everything once.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use crate::catalogue::{Entry, FeedSpec, ParseError};
use crate::compile::{CompileError, Compiled, Compiler};
use crate::container::{ContainerError, Limits, Origin, Tally, for_each_entry};
use crate::files::StoreError;
use crate::lock::CancelFlag;
use crate::progress::{DocumentRef, Progress};
use crate::store::{ContentTally, Store, StoredDocument};

/// Of an archive's members at most one in so many may be unreadable. A few odd records are
/// everyday life; more are another format.
const UNREADABLE_SHARE: u64 = 20;
/// A feed that keeps less than one in so many of its records was cut, not cleaned up.
const SHRUNKEN_SHARE: u64 = 2;

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentTrouble {
    /// It cannot be unpacked.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// It cannot be read.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It is not in the store as it should be.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is an archive of something else.
    #[error("{unreadable} of its {members} members cannot be read")]
    Members {
        /// How many cannot be read.
        unreadable: u64,
        /// How many there are.
        members: u64,
        /// What is wrong with the first.
        source: ParseError,
    },
    /// It is well-formed and says nothing.
    #[error("it has no records")]
    Empty,
    /// It is well-formed and says much less than before.
    #[error("its feed would keep only {records} of {before} records")]
    Shrunken {
        /// With it.
        records: u64,
        /// Without it.
        before: u64,
    },
}

/// A document's place in the work: what there is, what came, what became of it.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) what: DocumentRef,
    /// The one in use until now.
    pub(crate) current: Option<StoredDocument>,
    /// The one that came.
    pub(crate) candidate: Option<StoredDocument>,
    /// Why the candidate, or else the current one, cannot be used.
    pub(crate) trouble: Option<DocumentTrouble>,
    /// Whether the current one had to be given up.
    pub(crate) lost: bool,
}

impl Slot {
    /// Returns the document to read.
    pub(crate) fn used(&self) -> Option<&StoredDocument> {
        self.candidate.as_ref().or(self.current.as_ref())
    }

    fn give_up(&mut self, trouble: DocumentTrouble) {
        if self.candidate.take().is_none() {
            self.lost = self.current.take().is_some();
        }
        // What is wrong with the candidate is worth more than what was wrong before it.
        self.trouble.get_or_insert(trouble);
    }
}

/// What the program adds to the documents. Raise it when a parser reads the same bytes in another
/// way, so that the next sync makes the index anew.
const READING_REVISION: u32 = 1;

/// Why no index could be made of the documents.
#[derive(Debug)]
pub(crate) enum AssembleError {
    Compile(CompileError),
    Cancelled,
}

/// What the work has at hand.
pub(crate) struct Assembly<'a> {
    pub(crate) store: &'a Store,
    pub(crate) now: Timestamp,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) cancel: &'a CancelFlag,
    /// How many records each feed had in the index until now.
    pub(crate) before: &'a BTreeMap<String, u64>,
    /// Whether a feed may lose most of its records.
    pub(crate) accept_shrunken: bool,
}

impl Assembly<'_> {
    /// Makes an index of what can be read. Returns `None` when nothing can, or when what is left
    /// is what the index of `unless` was made of.
    pub(crate) fn run(&self, slots: &mut [Slot], unless: Option<&str>) -> Result<Option<Compiled>, AssembleError> {
        // Every round gives up at least one document, so this ends.
        loop {
            let nothing_new = unless.is_some_and(|inputs| inputs == fingerprint_of(slots));
            if nothing_new || slots.iter().all(|slot| slot.used().is_none()) {
                return Ok(None);
            }
            let (compiler, mut troubles) = self.read_all(slots)?;
            if troubles.is_empty() {
                let compiled = compiler.finish(self.now).map_err(AssembleError::Compile)?;
                troubles = self.implausible(&compiled, slots);
                if troubles.is_empty() {
                    return Ok(Some(compiled));
                }
            }
            for (index, trouble) in troubles {
                if let Some(slot) = slots.get_mut(index) {
                    slot.give_up(trouble);
                }
            }
        }
    }

    /// Reads every document, also after one has failed: so all that are bad are found at once.
    fn read_all(&self, slots: &[Slot]) -> Result<(Compiler, Vec<(usize, DocumentTrouble)>), AssembleError> {
        let mut compiler = Compiler::new();
        let mut troubles = Vec::new();
        let mut begun = None;
        for (index, slot) in slots.iter().enumerate() {
            let Some(document) = slot.used() else { continue };
            let feed = slot.what.feed;
            if begun != Some(feed.id) {
                begun = Some(feed.id);
                let fetched_at = of_feed(slots, feed).map(|document| document.confirmed_at).min();
                compiler.begin(feed, fetched_at.unwrap_or(self.now), feed_fingerprint(slots, feed));
                of_feed(slots, feed).filter_map(StoredDocument::modified).for_each(|date| compiler.dated(date));
            }
            self.progress.reading(slot.what);
            match self.read(&mut compiler, slot.what, document) {
                Err(DocumentTrouble::Container(ContainerError::Stopped)) => return Err(AssembleError::Cancelled),
                Err(trouble) => troubles.push((index, trouble)),
                Ok(()) => {}
            }
        }
        Ok((compiler, troubles))
    }

    fn read(
        &self,
        compiler: &mut Compiler,
        what: DocumentRef,
        document: &StoredDocument,
    ) -> Result<(), DocumentTrouble> {
        for stored in &document.files {
            let file = self.store.open_verified(what.feed, what.document, stored)?;
            let origin = Origin { document: what.document.name, file: &stored.name };
            let mut unreadable = Unreadable::default();
            let mut visit = |entry: &Entry<'_>| {
                if self.cancel.load(Ordering::Relaxed) {
                    return ControlFlow::Break(());
                }
                unreadable.note(compiler.entry(entry));
                ControlFlow::Continue(())
            };
            let tally = for_each_entry(file, origin, Limits::from(what.document), &mut visit)?;
            unreadable.judge(tally)?;
        }
        Ok(())
    }

    /// Finds feeds that brought new documents and came out empty or cut.
    fn implausible(&self, compiled: &Compiled, slots: &[Slot]) -> Vec<(usize, DocumentTrouble)> {
        let judge = |(index, slot): (usize, &Slot)| {
            let id = slot.what.feed.id;
            let record = compiled.feeds.iter().find(|record| record.id.as_str() == id)?;
            let before = self.before.get(id).copied().unwrap_or(0);
            slot.candidate.as_ref()?;
            let trouble = if record.records == 0 {
                DocumentTrouble::Empty
            } else if record.records.saturating_mul(SHRUNKEN_SHARE) < before && !self.accept_shrunken {
                DocumentTrouble::Shrunken { records: record.records, before }
            } else {
                return None;
            };
            Some((index, trouble))
        };
        slots.iter().enumerate().filter_map(judge).collect()
    }
}

/// Counts the members that could not be read.
#[derive(Default)]
struct Unreadable {
    members: u64,
    first: Option<ParseError>,
}

impl Unreadable {
    fn note(&mut self, result: Result<(), ParseError>) {
        if let Err(error) = result {
            self.members += 1;
            self.first.get_or_insert(error);
        }
    }

    fn judge(self, tally: Tally) -> Result<(), DocumentTrouble> {
        match self.first {
            Some(error) if !tally.archive => Err(error.into()),
            Some(source) if self.members.saturating_mul(UNREADABLE_SHARE) > tally.entries => {
                Err(DocumentTrouble::Members { unreadable: self.members, members: tally.entries, source })
            }
            _ => Ok(()),
        }
    }
}

fn of_feed<'a>(slots: &'a [Slot], feed: &'a FeedSpec) -> impl Iterator<Item = &'a StoredDocument> {
    slots.iter().filter(|slot| slot.what.feed.id == feed.id).filter_map(Slot::used)
}

/// Returns the SHA-256 over the names and digests of a feed's documents.
fn feed_fingerprint(slots: &[Slot], feed: &FeedSpec) -> String {
    let mut tally = ContentTally::new();
    for document in of_feed(slots, feed) {
        for file in &document.files {
            tally.add(format!("{}\0{}\0{}\n", document.document, file.name, file.sha256).as_bytes());
        }
    }
    tally.finish().sha256
}

/// Returns the SHA-256 over everything that an index is made of: the documents and the program.
pub(crate) fn fingerprint_of(slots: &[Slot]) -> String {
    let mut tally = ContentTally::new();
    tally.add(format!("{READING_REVISION} {}\n", yagura_index::FORMAT_VERSION).as_bytes());
    let mut last = None;
    for slot in slots {
        let feed = slot.what.feed;
        if last != Some(feed.id) && of_feed(slots, feed).next().is_some() {
            tally.add(format!("{}\0{}\0{}\n", feed.id, feed.fresh_days, feed_fingerprint(slots, feed)).as_bytes());
        }
        last = Some(feed.id);
    }
    tally.finish().sha256
}
