//! `yagura feed sync`: fetch what is new, read it, put a new index in place.
//!
//! The order is what makes it safe to stop anywhere: documents come into the store under names
//! that nothing refers to; all are read into a new index, which is written aside and verified;
//! only then do the documents become current, and last the index. A run that is killed leaves
//! the old index in use, and the next run does what is left.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::assemble::{AssembleError, Assembly, DocumentTrouble, Slot, fingerprint_of};
use crate::catalogue::FeedSpec;
use crate::compile::{CompileError, Rejected};
use crate::current::{self, OpenIndexError, PublishError};
use crate::fetch::{FetchError, Fetcher, Retry, Timeouts, Web};
use crate::files::StoreError;
use crate::lock::{CancelFlag, FeedLock, LockError};
use crate::mirror::{Mirror, MirrorError};
use crate::progress::{DocumentRef, Progress};
use crate::store::Store;

/// What to sync, from where, as of when.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// Where documents and index lie.
    pub data_dir: PathBuf,
    /// Where copies of the documents are; upstream when absent.
    pub mirror: Option<Mirror>,
    /// The feeds to fetch, by id or by family (`debian` for `debian-tracker` and its kin); all when
    /// empty. The others keep their documents.
    pub only: Vec<String>,
    /// The present time.
    pub now: Timestamp,
    /// Take no file of the mirror whose name carries a later date.
    pub as_of: Option<Date>,
    /// How often to try again.
    pub retry: Retry,
    /// How long to wait for the other side.
    pub timeouts: Timeouts,
    /// Wait for another process that syncs, instead of giving up.
    pub wait: bool,
    /// Make the index anew though nothing changed, and accept a feed that lost most of its
    /// records.
    pub force: bool,
}

impl SyncOptions {
    /// Returns the everyday options: all feeds from upstream.
    pub fn new(data_dir: PathBuf, now: Timestamp) -> Self {
        Self {
            data_dir,
            mirror: None,
            only: Vec::new(),
            now,
            as_of: None,
            retry: Retry::default(),
            timeouts: Timeouts::default(),
            wait: false,
            force: false,
        }
    }
}

/// What a sync did.
#[derive(Debug)]
pub struct SyncReport {
    /// Each document of the catalogue, in its order.
    pub documents: Vec<DocumentReport>,
    /// What became of the index.
    pub index: IndexOutcome,
    /// Records that were left out of a new index; a bounded choice.
    pub rejected: Vec<Rejected>,
}

impl SyncReport {
    /// Tells whether everything that was asked for is there and new.
    pub fn is_complete(&self) -> bool {
        self.documents.iter().all(|report| !report.outcome.is_failure())
    }
}

/// What became of one document.
#[derive(Debug)]
pub struct DocumentReport {
    /// The document.
    pub document: DocumentRef,
    /// What became of it.
    pub outcome: DocumentOutcome,
    /// Whether a copy of it, new or old, is in use.
    pub available: bool,
}

/// What became of one document.
#[derive(Debug)]
pub enum DocumentOutcome {
    /// A new one came and is in use.
    Updated {
        /// Its size in bytes, as published.
        bytes: u64,
    },
    /// The one that was there is still the newest.
    Unchanged,
    /// It was not asked for.
    NotAsked,
    /// The mirror does not offer it, and it was never here. A mirror may keep a part of the feeds; one that no longer
    /// has what came from it before is a failure.
    NotOffered,
    /// It did not come; what was there stays in use.
    Failed(FetchError),
    /// It came and cannot be used; what was there stays in use.
    Refused(DocumentTrouble),
}

impl DocumentOutcome {
    /// Tells whether something is missing that was asked for.
    pub const fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Refused(_))
    }
}

/// What became of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexOutcome {
    /// A new one is in use.
    Built {
        /// Its size in bytes.
        bytes: u64,
        /// The fingerprint of its contents.
        fingerprint: String,
    },
    /// Nothing changed; the one that was there stays in use.
    Unchanged,
    /// There is no document to make one of.
    NoData,
}

/// Why nothing was synced.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// No feed has this id.
    #[error("there is no feed `{id}`; there are: {}", .known.join(", "))]
    UnknownFeed {
        /// What was asked for.
        id: String,
        /// What there is.
        known: Vec<&'static str>,
    },
    /// Upstreams keep no history.
    #[error("only a mirror has data of earlier days; name one, or leave the date out")]
    AsOfNeedsMirror,
    /// The mirror is not there at all.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// Somebody else is at it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The data directory cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The new index cannot be made.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The new index does not read back as it was written.
    #[error("the new index failed its verification and was not put in place")]
    Verify(#[source] OpenIndexError),
    /// The program could not start what waits for the network.
    #[error("cannot start the network's event loop")]
    Runtime(#[source] std::io::Error),
    /// The caller asked to stop.
    #[error("stopped before the end; the data that was there is unharmed")]
    Cancelled,
}

impl From<AssembleError> for SyncError {
    fn from(error: AssembleError) -> Self {
        match error {
            AssembleError::Compile(error) => Self::Compile(error),
            AssembleError::Cancelled => Self::Cancelled,
        }
    }
}

impl From<PublishError> for SyncError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Store(error) => Self::Store(error),
            PublishError::Verify(error) => Self::Verify(error),
        }
    }
}

/// Fetches the documents that are new and makes an index of all. Blocks; call it outside of any
/// asynchronous runtime.
pub fn sync(
    options: &SyncOptions,
    catalogue: &'static [FeedSpec],
    progress: &dyn Progress,
    cancel: &CancelFlag,
) -> Result<SyncReport, SyncError> {
    check_options(options, catalogue)?;
    let store = Store::new(&options.data_dir);
    store.prepare(catalogue)?;
    let _lock = FeedLock::exclusive(store.directory(), options.wait, cancel)?;
    catalogue.iter().try_for_each(|feed| store.sweep(feed, true))?;
    let mut slots = slots(&store, catalogue);
    let fetched = fetch_all(options, &store, &mut slots, progress, cancel);
    if fetched.is_err() {
        // A full disk gets its space back. The first error is the one to report.
        let _ = catalogue.iter().try_for_each(|feed| store.sweep(feed, true));
    }
    let outcomes = fetched?;
    let update = Update { store: &store, options, progress, cancel };
    let result = update.run(&mut slots);
    for feed in catalogue {
        let unfinished = slots
            .iter()
            .zip(&outcomes)
            .any(|(slot, outcome)| slot.what.feed.id == feed.id && matches!(outcome, DocumentOutcome::Failed(_)));
        store.sweep(feed, unfinished)?;
    }
    let (index, rejected) = result?;
    let reports = slots.into_iter().zip(outcomes).map(|(slot, outcome)| report(slot, outcome, progress));
    Ok(SyncReport { documents: reports.collect(), index, rejected })
}

/// Tells whether an operator's word names a feed: its id, or the family before the first hyphen.
fn names(word: &str, id: &str) -> bool {
    id == word || id.split_once('-').is_some_and(|(family, _)| family == word)
}

fn check_options(options: &SyncOptions, catalogue: &'static [FeedSpec]) -> Result<(), SyncError> {
    let unknown = options.only.iter().find(|name| !catalogue.iter().any(|feed| names(name, feed.id)));
    if let Some(id) = unknown {
        let known = catalogue.iter().map(|feed| feed.id).collect();
        return Err(SyncError::UnknownFeed { id: id.clone(), known });
    }
    match &options.mirror {
        None if options.as_of.is_some() => Err(SyncError::AsOfNeedsMirror),
        Some(Mirror::Folder(path)) if !path.is_dir() => Err(MirrorError::NoFolder { path: path.clone() }.into()),
        _ => Ok(()),
    }
}

/// Lists the catalogue's documents with what the store has of each.
pub(crate) fn slots(store: &Store, catalogue: &'static [FeedSpec]) -> Vec<Slot> {
    let documents = catalogue.iter().flat_map(|feed| feed.documents.iter().map(move |document| (feed, document)));
    let slot = |(feed, document)| {
        let stored = store.document(feed, document).unwrap_or_else(|error| {
            // As good as never fetched: it is fetched again.
            tracing::warn!(feed = feed.id, %error, "metadata of `{}` is unusable", document.name);
            None
        });
        let current = stored.filter(|stored| store.is_complete(feed, document, stored));
        Slot { what: DocumentRef { feed, document }, current, candidate: None, trouble: None, lost: false }
    };
    documents.map(slot).collect()
}

fn fetch_all(
    options: &SyncOptions,
    store: &Store,
    slots: &mut [Slot],
    progress: &dyn Progress,
    cancel: &CancelFlag,
) -> Result<Vec<DocumentOutcome>, SyncError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(SyncError::Runtime)?;
    let fetcher = Fetcher {
        store,
        mirror: options.mirror.as_ref(),
        as_of: options.as_of,
        now: options.now,
        web: Web::new(),
        retry: options.retry,
        timeouts: options.timeouts,
        progress,
        cancel,
    };
    let outcomes = runtime.block_on(async {
        let mut outcomes = Vec::new();
        for slot in slots {
            let asked = options.only.is_empty() || options.only.iter().any(|name| names(name, slot.what.feed.id));
            let outcome = if asked { fetch_one(&fetcher, slot).await? } else { DocumentOutcome::NotAsked };
            progress.finished(slot.what, &outcome);
            outcomes.push(outcome);
        }
        Ok(outcomes)
    });
    // A name that is still being looked up must not hold the program back.
    runtime.shutdown_background();
    outcomes
}

async fn fetch_one(fetcher: &Fetcher<'_>, slot: &mut Slot) -> Result<DocumentOutcome, SyncError> {
    if fetcher.cancel.load(Ordering::Relaxed) {
        return Err(SyncError::Cancelled);
    }
    let fetched = match fetcher.fetch(slot.what, slot.current.as_ref()).await {
        Ok(fetched) => fetched,
        Err(FetchError::Cancelled) => return Err(SyncError::Cancelled),
        Err(FetchError::Store(error @ (StoreError::Full { .. } | StoreError::ReadOnly { .. }))) => {
            return Err(error.into());
        }
        Err(FetchError::Mirror(MirrorError::NoFile { as_of: None, .. })) if slot.current.is_none() => {
            return Ok(DocumentOutcome::NotOffered);
        }
        Err(error) => return Ok(DocumentOutcome::Failed(error)),
    };
    if slot.current.as_ref().is_some_and(|current| current.same_content(&fetched)) {
        fetcher.store.promote(slot.what.feed, slot.what.document, &fetched)?;
        slot.current = Some(fetched);
        return Ok(DocumentOutcome::Unchanged);
    }
    let bytes = fetched.bytes();
    slot.candidate = Some(fetched);
    Ok(DocumentOutcome::Updated { bytes })
}

/// Makes an index of the slots and puts documents and index in place.
pub(crate) struct Update<'a> {
    pub(crate) store: &'a Store,
    pub(crate) options: &'a SyncOptions,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) cancel: &'a CancelFlag,
}

impl Update<'_> {
    pub(crate) fn run(&self, slots: &mut [Slot]) -> Result<(IndexOutcome, Vec<Rejected>), SyncError> {
        let data_dir = &self.options.data_dir;
        // An index that cannot be opened, or is damaged anywhere, is made anew.
        let usable = current::CurrentIndex::open_whole(data_dir).ok().flatten();
        let before = usable.map(|index| (index.inputs().to_owned(), index.records().clone()));
        let (inputs, records) = before.unzip();
        let assembly = Assembly {
            store: self.store,
            now: self.options.now,
            progress: self.progress,
            cancel: self.cancel,
            before: &records.unwrap_or_default(),
            accept_shrunken: self.options.force,
        };
        let unless = inputs.as_deref().filter(|_| !self.options.force);
        let compiled = assembly.run(slots, unless)?;
        let Some(compiled) = compiled else {
            self.promote(slots)?;
            let kept = slots.iter().any(|slot| slot.used().is_some());
            return Ok((if kept { IndexOutcome::Unchanged } else { IndexOutcome::NoData }, Vec::new()));
        };
        self.progress.writing_index();
        let records: BTreeMap<String, u64> =
            compiled.feeds.iter().map(|feed| (feed.id.as_str().to_owned(), feed.records)).collect();
        let written = current::write(data_dir, &compiled.bytes, fingerprint_of(slots), self.options.now, records)?;
        self.promote(slots)?;
        let built = IndexOutcome::Built { bytes: written.bytes, fingerprint: written.fingerprint.clone() };
        written.publish(data_dir)?;
        Ok((built, compiled.rejected))
    }

    fn promote(&self, slots: &mut [Slot]) -> Result<(), StoreError> {
        for slot in slots {
            let (feed, document) = (slot.what.feed, slot.what.document);
            if let Some(candidate) = slot.candidate.take() {
                self.store.promote(feed, document, &candidate)?;
                slot.current = Some(candidate);
            } else if slot.lost {
                // Without its metadata the next sync fetches it whole, whatever the server says.
                self.store.forget(feed, document)?;
            }
        }
        Ok(())
    }
}

pub(crate) fn report(slot: Slot, outcome: DocumentOutcome, progress: &dyn Progress) -> DocumentReport {
    let available = slot.used().is_some();
    let outcome = match (outcome, slot.trouble) {
        (failed @ DocumentOutcome::Failed(_), _) => failed,
        (_, Some(trouble)) => {
            let refused = DocumentOutcome::Refused(trouble);
            progress.finished(slot.what, &refused);
            refused
        }
        (outcome, None) => outcome,
    };
    DocumentReport { document: slot.what, outcome, available }
}

#[cfg(test)]
mod real_data;
#[cfg(test)]
mod tests;
