//! `yagura feed export` and `import`: carries documents to a machine without a network.
//!
//! The archive is a zstd-packed tar: `manifest.json`, which is the store's metadata, then every
//! file that it names, in its order. An import believes nothing of it: sizes are bounded by the
//! catalogue, bytes must have the digests that the manifest gives, and the names of files are
//! our own. What comes in is read into a new index before it replaces anything, like any
//! fetched document.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::assemble::Slot;
use crate::catalogue::FeedSpec;
use crate::container::ZSTD_WINDOW_LOG_MAX;
use crate::files::{self, StoreError, temporary_name};
use crate::lock::{CancelFlag, FeedLock, LockError};
use crate::mirror::DOCUMENT_FILES_MAX;
use crate::progress::{DocumentRef, Progress};
use crate::store::{PartFile, Store, StoredDocument, StoredFile, copy_chunks, is_sha256};
use crate::sync::{DocumentOutcome, SyncError, SyncOptions, SyncReport, Update, report, slots};

const ARCHIVE_FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// A manifest has some lines for each of a few dozen documents.
const MANIFEST_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The documents are packed already, mostly: more effort would gain nothing.
const ZSTD_LEVEL: i32 = 3;

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    exported_at: Timestamp,
    documents: Vec<StoredDocument>,
}

/// Why documents were not exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// There is nothing to carry.
    #[error("there is no feed data in `{}`; run `yagura feed sync` first", .data_dir.display())]
    Nothing {
        /// The data directory.
        data_dir: PathBuf,
    },
    /// The archive is cut, damaged or something else.
    #[error("`{}` is not a whole feed archive", .path.display())]
    Broken {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        source: io::Error,
    },
    /// The archive's parts do not fit together.
    #[error("`{}` is not a feed archive that can be used: {why}", .path.display())]
    Invalid {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// What is there is newer.
    #[error("`{document}` of feed `{feed}` is older in the archive ({theirs}) than here ({ours})")]
    Older {
        /// The feed.
        feed: String,
        /// The document.
        document: String,
        /// When the one here was made.
        ours: Timestamp,
        /// When the one in the archive was made.
        theirs: Timestamp,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else is at it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The documents could not be put in use.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

/// Writes all documents of a data directory into one file. Returns how many there are.
pub fn export(
    data_dir: &Path,
    file: &Path,
    catalogue: &'static [FeedSpec],
    now: Timestamp,
) -> Result<usize, TransportError> {
    let store = Store::new(data_dir);
    let _lock = FeedLock::shared(store.directory())?;
    let slots = slots(&store, catalogue);
    let documents: Vec<StoredDocument> = slots.iter().filter_map(|slot| slot.current.clone()).collect();
    if documents.is_empty() {
        return Err(TransportError::Nothing { data_dir: data_dir.to_owned() });
    }
    let count = documents.len();
    let manifest = Manifest { format: ARCHIVE_FORMAT, exported_at: now, documents };
    let temporary = temporary_name(file);
    let written = write_archive(&temporary, &manifest, &store, &slots);
    let renamed = written.and_then(|()| Ok(files::rename(&temporary, file)?));
    if let Err(error) = renamed {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    Ok(count)
}

fn write_archive(path: &Path, manifest: &Manifest, store: &Store, slots: &[Slot]) -> Result<(), TransportError> {
    let trouble = |source| StoreError::new("write", path, source);
    let mut packed = zstd::Encoder::new(files::create(path)?, ZSTD_LEVEL).map_err(trouble)?;
    packed.include_checksum(true).map_err(trouble)?;
    let mut archive = tar::Builder::new(packed);
    let json = serde_json::to_vec_pretty(manifest).map_err(|error| trouble(error.into()))?;
    append(&mut archive, MANIFEST, &json[..], json.len().try_into().unwrap_or(u64::MAX)).map_err(trouble)?;
    for slot in slots {
        for stored in slot.current.iter().flat_map(|document| &document.files) {
            let content = store.open_verified(slot.what.feed, slot.what.document, stored)?;
            append(&mut archive, &member_name(slot.what, stored), content, stored.bytes).map_err(trouble)?;
        }
    }
    let packed = archive.into_inner().map_err(trouble)?;
    let mut file = packed.finish().map_err(trouble)?;
    file.flush().map_err(trouble)?;
    Ok(files::sync_file(&file, path)?)
}

fn append(archive: &mut tar::Builder<impl io::Write>, name: &str, content: impl Read, bytes: u64) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o644);
    archive.append_data(&mut header, name, content)
}

fn member_name(what: DocumentRef, stored: &StoredFile) -> String {
    let start: String = stored.sha256.chars().take(16).collect();
    format!("{}/{}-{start}", what.feed.id, what.document.name)
}

/// How to import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportOptions {
    /// Take documents that are older than those that are there.
    pub allow_older: bool,
}

/// Takes documents from an archive and puts a new index in place. Of the sync's options, those
/// for fetching are not used.
pub fn import(
    file: &Path,
    import: ImportOptions,
    options: &SyncOptions,
    catalogue: &'static [FeedSpec],
    progress: &dyn Progress,
    cancel: &CancelFlag,
) -> Result<SyncReport, TransportError> {
    let store = Store::new(&options.data_dir);
    let archive = File::open(file).map_err(|source| StoreError::new("read", file, source))?;
    store.prepare(catalogue)?;
    let _lock = FeedLock::exclusive(store.directory(), options.wait, cancel)?;
    let mut slots = slots(&store, catalogue);
    let unpacking = Unpacking { path: file, store: &store, now: options.now, progress, cancel };
    let result = unpacking.run(archive, &mut slots, import).and_then(|outcomes| {
        let update = Update { store: &store, options, progress, cancel };
        let (index, rejected) = update.run(&mut slots)?;
        Ok((outcomes, index, rejected))
    });
    let swept = catalogue.iter().try_for_each(|feed| store.sweep(feed, true));
    let (outcomes, index, rejected) = result?;
    swept?;
    let reports = slots.into_iter().zip(outcomes).map(|(slot, outcome)| report(slot, outcome, progress));
    Ok(SyncReport { documents: reports.collect(), index, rejected })
}

struct Unpacking<'a> {
    path: &'a Path,
    store: &'a Store,
    now: Timestamp,
    progress: &'a dyn Progress,
    cancel: &'a CancelFlag,
}

impl Unpacking<'_> {
    /// Makes the archive's documents candidates.
    fn run(
        &self,
        file: File,
        slots: &mut [Slot],
        import: ImportOptions,
    ) -> Result<Vec<DocumentOutcome>, TransportError> {
        let mut stream = zstd::Decoder::new(file).map_err(|source| self.broken(source))?;
        stream.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|source| self.broken(source))?;
        let mut archive = tar::Archive::new(stream);
        // Raw, because the crate would read a long name of any length into memory.
        let mut members = archive.entries().map_err(|source| self.broken(source))?.raw(true);
        let mut next = || members.next().transpose().map_err(|source| self.broken(source));
        let documents = self.manifest(next()?)?;
        let mut outcomes: Vec<DocumentOutcome> = slots.iter().map(|_| DocumentOutcome::NotAsked).collect();
        for document in documents {
            let place = slots
                .iter_mut()
                .zip(&mut outcomes)
                .find(|(slot, _)| slot.what.feed.id == document.feed && slot.what.document.name == document.document);
            let Some((slot, outcome)) = place else {
                // A newer program may know more feeds; their files are passed over.
                for _ in &document.files {
                    next()?;
                }
                continue;
            };
            self.check(slot, &document, import)?;
            self.progress.started(slot.what, Some(document.bytes()));
            for stored in &document.files {
                self.file(slot.what, stored, next()?)?;
            }
            *outcome = self.place(slot, document)?;
            self.progress.finished(slot.what, outcome);
        }
        if next()?.is_some() {
            return Err(self.invalid("it has more files than its manifest names".to_owned()));
        }
        let mut rest = archive.into_inner();
        // The checksum stands at the very end; what is left is less than a tar's last blocks.
        io::copy(&mut (&mut rest).take(MANIFEST_BYTES_MAX), &mut io::sink()).map_err(|source| self.broken(source))?;
        Ok(outcomes)
    }

    fn manifest(&self, member: Option<tar::Entry<'_, impl Read>>) -> Result<Vec<StoredDocument>, TransportError> {
        let named = member.filter(|member| *member.path_bytes() == *MANIFEST.as_bytes());
        let Some(member) = named else {
            return Err(self.invalid(format!("it does not begin with `{MANIFEST}`")));
        };
        if member.size() > MANIFEST_BYTES_MAX {
            return Err(self.invalid(format!("its manifest has more than {MANIFEST_BYTES_MAX} bytes")));
        }
        let mut json = Vec::new();
        member.take(MANIFEST_BYTES_MAX).read_to_end(&mut json).map_err(|source| self.broken(source))?;
        let manifest: Result<Manifest, _> = serde_json::from_slice(&json);
        let manifest = manifest.map_err(|error| self.invalid(format!("its manifest cannot be read: {error}")))?;
        if manifest.format != ARCHIVE_FORMAT {
            return Err(self.invalid(format!("it has format {}, this program reads {ARCHIVE_FORMAT}", manifest.format)));
        }
        Ok(manifest.documents)
    }

    /// Refuses what the catalogue does not allow, and what is older than what is there.
    fn check(&self, slot: &Slot, document: &StoredDocument, import: ImportOptions) -> Result<(), TransportError> {
        let spec = slot.what.document;
        let bounded =
            document.files.iter().all(|file| file.bytes <= spec.transfer_bytes_max && is_sha256(&file.sha256));
        let counted = (1..=DOCUMENT_FILES_MAX).contains(&document.files.len());
        if !bounded || !counted {
            return Err(self.invalid(format!("its manifest asks too much for `{}`", spec.name)));
        }
        let Some(current) = slot.current.as_ref().filter(|current| !current.same_content(document)) else {
            return Ok(());
        };
        let (ours, theirs) = match (current.modified(), document.modified()) {
            (Some(ours), Some(theirs)) => (ours, theirs),
            _ => (current.fetched_at, document.fetched_at),
        };
        if theirs >= ours || import.allow_older {
            return Ok(());
        }
        let (feed, document) = (document.feed.clone(), document.document.clone());
        Err(TransportError::Older { feed, document, ours, theirs })
    }

    /// Brings one file into the store.
    fn file(
        &self,
        what: DocumentRef,
        stored: &StoredFile,
        member: Option<tar::Entry<'_, impl Read>>,
    ) -> Result<(), TransportError> {
        let name = member_name(what, stored);
        let fits =
            |member: &tar::Entry<'_, _>| *member.path_bytes() == *name.as_bytes() && member.size() == stored.bytes;
        let Some(mut member) = member.filter(fits) else {
            return Err(self.invalid(format!("`{name}` is not where its manifest says, or not as large")));
        };
        let part_path = self.store.part_path(what.feed, what.document, &name);
        let mut part = PartFile::create(&part_path)?;
        let mut stopped = None;
        let copied = copy_chunks(&mut member, &mut |chunk| {
            if self.cancel.load(Ordering::Relaxed) {
                stopped = Some(TransportError::Sync(SyncError::Cancelled));
            } else if let Err(error) = part.add(chunk) {
                stopped = Some(error.into());
            }
            self.progress.advanced(what, chunk.len().try_into().unwrap_or(u64::MAX));
            if stopped.is_some() { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
        });
        let content = match (stopped, copied) {
            (Some(error), _) => Err(error),
            (None, Err(source)) => Err(self.broken(source)),
            (None, Ok(())) => part.finish().map_err(TransportError::from),
        };
        let content = content.and_then(|content| {
            let whole = content.sha256 == stored.sha256 && content.bytes == stored.bytes;
            let why = || self.invalid(format!("`{name}` does not have the digest that its manifest gives"));
            if whole { Ok(content) } else { Err(why()) }
        });
        match content {
            Ok(content) => Ok(self.store.keep(what.feed, what.document, &part_path, &content.sha256)?),
            Err(error) => {
                files::remove(&part_path)?;
                Err(error)
            }
        }
    }

    fn place(&self, slot: &mut Slot, mut document: StoredDocument) -> Result<DocumentOutcome, TransportError> {
        // Another machine's clock must not make the data look newer than now.
        document.fetched_at = document.fetched_at.min(self.now);
        document.confirmed_at = document.confirmed_at.min(self.now);
        if let Some(current) = slot.current.as_mut().filter(|current| current.same_content(&document)) {
            current.confirmed_at = current.confirmed_at.max(document.confirmed_at);
            self.store.promote(slot.what.feed, slot.what.document, current)?;
            return Ok(DocumentOutcome::Unchanged);
        }
        let bytes = document.bytes();
        slot.candidate = Some(document);
        Ok(DocumentOutcome::Updated { bytes })
    }

    fn broken(&self, source: io::Error) -> TransportError {
        TransportError::Broken { path: self.path.to_owned(), source }
    }

    fn invalid(&self, why: String) -> TransportError {
        TransportError::Invalid { path: self.path.to_owned(), why }
    }
}

#[cfg(test)]
mod tests;
