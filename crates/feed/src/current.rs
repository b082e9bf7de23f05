//! The index in use: which file it is, how it is opened, how it is replaced.
//!
//! `index/index-<content>.yidx` files never change. `index/current.json` names the one in use and
//! is replaced by a rename, so a reader sees the old index or the new one. The one before stays
//! on disk for readers that have just read the old name; those that have it open keep it anyway.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use memmap2::Mmap;
use serde::{Deserialize, Serialize};
use yagura_index::{Index, OpenError};

use crate::files::{self, StoreError, temporary_name};
use crate::store::{ContentTally, is_sha256};

const POINTER: &str = "current.json";
const POINTER_FORMAT: u32 = 1;
const POINTER_BYTES_MAX: u64 = 1024 * 1024;
/// How often a reader looks again when the file that it was named is gone: each time means that
/// two syncs ended between two steps of the reader.
const OPEN_ATTEMPTS: u32 = 3;

/// Why the index cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenIndexError {
    /// The index is not what was written.
    #[error("the index `{}` is damaged: {why}; run `yagura feed sync` to make it anew", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The index file itself says that it cannot be read.
    #[error("cannot use the index `{}`", .path.display())]
    Index {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: OpenError,
    },
    /// The data directory cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What `current.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pointer {
    format: u32,
    /// SHA-256 of the index file, hexadecimal; its start names the file.
    pub(crate) sha256: String,
    /// The file's size in bytes.
    pub(crate) bytes: u64,
    /// What it was made of.
    pub(crate) inputs: String,
    /// When.
    pub(crate) built_at: Timestamp,
    /// How many records each feed has in it.
    pub(crate) records: BTreeMap<String, u64>,
    /// The index before, which is kept.
    previous: Option<String>,
}

/// An index file, mapped into memory.
#[derive(Debug)]
pub struct CurrentIndex {
    map: Mmap,
    path: PathBuf,
    pointer: Pointer,
}

impl CurrentIndex {
    /// Opens the index of a data directory; `None` when there was never one.
    pub fn open(data_dir: &Path) -> Result<Option<Self>, OpenIndexError> {
        for attempt in 1.. {
            let Some(pointer) = read_pointer(data_dir)? else { return Ok(None) };
            let path = index_path(data_dir, &pointer.sha256);
            // Opening a FIFO would wait for its writer.
            if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
                return Err(OpenIndexError::Damaged { path, why: "it is not a file".to_owned() });
            }
            match File::open(&path) {
                Ok(file) => return Self::map(&file, path, pointer).map(Some),
                Err(error) if error.kind() == io::ErrorKind::NotFound && attempt < OPEN_ATTEMPTS => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(OpenIndexError::Damaged { path, why: "the file is gone".to_owned() });
                }
                Err(source) => return Err(StoreError::new("read", &path, source).into()),
            }
        }
        Ok(None)
    }

    /// Opens the index and reads every byte of it: what opens may still be damaged further in.
    pub(crate) fn open_whole(data_dir: &Path) -> Result<Option<Self>, OpenIndexError> {
        let current = Self::open(data_dir)?;
        if let Some(current) = &current {
            current.index()?.verify().map_err(|source| unusable(&current.path, source))?;
        }
        Ok(current)
    }

    fn map(file: &File, path: PathBuf, pointer: Pointer) -> Result<Self, OpenIndexError> {
        let map = map_file(file).map_err(|source| StoreError::new("read", &path, source))?;
        // A host touches some hundred places of the file. Without the advice the kernel reads and
        // maps the neighbourhood of each, which is nearly all of it. Advice may be refused.
        let _ = map.advise(memmap2::Advice::Random);
        if u64::try_from(map.len()) != Ok(pointer.bytes) {
            let why = format!("it has {} bytes instead of {}", map.len(), pointer.bytes);
            return Err(OpenIndexError::Damaged { path, why });
        }
        let current = Self { map, path, pointer };
        current.index()?;
        Ok(current)
    }

    /// Returns the index. Opening has checked its header, so this fails only if the file was
    /// changed in place since, which nothing of ours does.
    pub fn index(&self) -> Result<Index<'_>, OpenIndexError> {
        Index::open(&self.map).map_err(|source| unusable(&self.path, source))
    }

    /// Returns the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the file's size in bytes.
    pub const fn bytes(&self) -> u64 {
        self.pointer.bytes
    }

    /// Returns what it was made of.
    pub(crate) fn inputs(&self) -> &str {
        &self.pointer.inputs
    }

    /// Returns how many records each feed has in it.
    pub(crate) const fn records(&self) -> &BTreeMap<String, u64> {
        &self.pointer.records
    }

    /// Returns when it was made.
    pub const fn built_at(&self) -> Timestamp {
        self.pointer.built_at
    }
}

fn unusable(path: &Path, source: OpenError) -> OpenIndexError {
    OpenIndexError::Index { path: path.to_owned(), source }
}

#[expect(
    unsafe_code,
    reason = "the only map call; index files are written under another name, renamed and never changed"
)]
fn map_file(file: &File) -> io::Result<Mmap> {
    // SAFETY: no program of ours writes to an index file after its rename, so the mapped bytes
    // stay as they are. Whoever else may write to the data directory may also replace the index.
    unsafe { Mmap::map(file) }
}

/// Reads which index is in use.
pub(crate) fn read_pointer(data_dir: &Path) -> Result<Option<Pointer>, OpenIndexError> {
    let path = directory(data_dir).join(POINTER);
    let Some(bytes) = files::read_small(&path, POINTER_BYTES_MAX)? else { return Ok(None) };
    let damaged = |why: String| OpenIndexError::Damaged { path: path.clone(), why };
    let pointer: Pointer = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if pointer.format != POINTER_FORMAT {
        return Err(damaged(format!("it has format {}, this program reads {POINTER_FORMAT}", pointer.format)));
    }
    if !is_sha256(&pointer.sha256) || pointer.previous.as_deref().is_some_and(|previous| !is_sha256(previous)) {
        return Err(damaged("it names no valid file".to_owned()));
    }
    Ok(Some(pointer))
}

/// Why a new index was not put in place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Verify(#[from] OpenIndexError),
}

/// A new index on disk, verified, not yet in use.
pub(crate) struct Written {
    pub(crate) fingerprint: String,
    pub(crate) bytes: u64,
    pointer: Pointer,
}

/// Writes an index beside the one in use and reads it back whole.
pub(crate) fn write(
    data_dir: &Path,
    bytes: &[u8],
    inputs: String,
    built_at: Timestamp,
    records: BTreeMap<String, u64>,
) -> Result<Written, PublishError> {
    files::create_directory(&directory(data_dir))?;
    let mut tally = ContentTally::new();
    tally.add(bytes);
    let content = tally.finish();
    let path = index_path(data_dir, &content.sha256);
    let temporary = temporary_name(&path);
    let written = files::write_durably(&temporary, bytes).map_err(PublishError::from);
    let verified = written.and_then(|()| verify(&temporary));
    forget_cached(&temporary);
    let renamed = verified.and_then(|fingerprint| {
        files::rename(&temporary, &path)?;
        Ok(fingerprint)
    });
    let fingerprint = renamed.inspect_err(|_| {
        // The first error is the one to report; a leftover is swept by the next run.
        let _ = fs::remove_file(&temporary);
    })?;
    let previous = read_pointer(data_dir).ok().flatten().map(|pointer| pointer.sha256);
    let (sha256, bytes) = (content.sha256, content.bytes);
    let pointer = Pointer { format: POINTER_FORMAT, sha256, bytes, inputs, built_at, records, previous };
    Ok(Written { fingerprint, bytes, pointer })
}

/// Lets the page cache forget a file that was just written. What a write leaves there is in pieces
/// of megabytes, and a reader that touches one byte of a piece is charged for all of it; read
/// again on demand, the file comes in single pages.
fn forget_cached(path: &Path) {
    if let Ok(file) = File::open(path) {
        // Advice only: where it is refused, readers merely look larger.
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    }
}

/// Reads a file whole and returns the fingerprint of its contents.
fn verify(path: &Path) -> Result<String, PublishError> {
    let file = File::open(path).map_err(|source| StoreError::new("read", path, source))?;
    let map = map_file(&file).map_err(|source| StoreError::new("read", path, source))?;
    let index = Index::open(&map).map_err(|source| unusable(path, source))?;
    index.verify().map_err(|source| unusable(path, source))?;
    Ok(index.fingerprint())
}

impl Written {
    /// Puts the new index in place of the one in use, and removes those that nobody reads.
    pub(crate) fn publish(self, data_dir: &Path) -> Result<(), StoreError> {
        let directory = directory(data_dir);
        let path = directory.join(POINTER);
        let json = serde_json::to_vec_pretty(&self.pointer);
        let json =
            json.map_err(|error| StoreError::Io { action: "write", path: path.clone(), source: error.into() })?;
        files::write_file(&path, &json)?;
        sweep(&directory, &self.pointer)
    }
}

fn sweep(directory: &Path, pointer: &Pointer) -> Result<(), StoreError> {
    let previous = pointer.previous.as_deref().unwrap_or(&pointer.sha256);
    let wanted = [file_name(&pointer.sha256), file_name(previous), POINTER.to_owned()];
    let listing = fs::read_dir(directory).map_err(|source| StoreError::new("read", directory, source))?;
    for entry in listing {
        let entry = entry.map_err(|source| StoreError::new("read", directory, source))?;
        if !wanted.iter().any(|name| entry.file_name() == name.as_str()) {
            files::remove(&entry.path())?;
        }
    }
    Ok(())
}

fn directory(data_dir: &Path) -> PathBuf {
    data_dir.join("index")
}

fn index_path(data_dir: &Path, sha256: &str) -> PathBuf {
    directory(data_dir).join(file_name(sha256))
}

fn file_name(sha256: &str) -> String {
    let start: String = sha256.chars().take(16).collect();
    format!("index-{start}.yidx")
}
