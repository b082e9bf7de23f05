//! Where fetched documents lie: `feeds/<feed>/`, one metadata file per document.
//!
//! A document is the list of files in its metadata file, `<document>.meta.json`. The files
//! themselves are named by their content (`<document>-<start of the SHA-256>`) and never change,
//! so replacing the metadata file by a rename replaces the whole document at once. What no
//! metadata file names is a leftover and is swept.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::catalogue::{DocumentSpec, FeedSpec};
use crate::files::{self, StoreError, TEMPORARY};
use crate::mirror::date_in_name;

/// The layout of the metadata files. A higher one is of a newer program and is left alone.
pub(crate) const STORE_FORMAT: u32 = 1;
/// A document of many mirror files has some dozens of lines.
pub(crate) const METADATA_BYTES_MAX: u64 = 1024 * 1024;
/// How a half-finished transfer's file ends.
pub(crate) const PART: &str = ".part";
const METADATA: &str = ".meta.json";
const COPY_BYTES: usize = 128 * 1024;

/// A document as it lies in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDocument {
    pub(crate) format: u32,
    /// The feed's id.
    pub feed: String,
    /// The document's name within the feed.
    pub document: String,
    /// When its bytes came.
    pub fetched_at: Timestamp,
    /// When upstream or the mirror last said that they are still the newest.
    pub confirmed_at: Timestamp,
    /// Its files, in reading order; more than one only from a mirror.
    pub files: Vec<StoredFile>,
}

/// One file of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Its name as published.
    pub name: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Its size in bytes, as published.
    pub bytes: u64,
    /// The address or path that it came from.
    pub source: String,
    /// What to ask the server with next time.
    #[serde(flatten)]
    pub validators: Validators,
}

/// What a server calls this state of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`, with its quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified`, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

impl StoredDocument {
    /// Returns the size of its files in bytes, as published.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Tells whether both hold the same bytes under the same names.
    pub(crate) fn same_content(&self, other: &Self) -> bool {
        let content = |document: &Self| -> Vec<(String, String)> {
            document.files.iter().map(|file| (file.name.clone(), file.sha256.clone())).collect()
        };
        content(self) == content(other)
    }

    /// Returns when its publisher last changed it: as a file's name says, or the server.
    pub(crate) fn modified(&self) -> Option<Timestamp> {
        let times = self.files.iter().filter_map(|file| {
            let named = date_in_name(&file.name).and_then(start_of);
            named.or_else(|| file.validators.last_modified.as_deref().and_then(http_date))
        });
        times.max()
    }
}

fn start_of(date: Date) -> Option<Timestamp> {
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// The feeds' part of a data directory.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    feeds: PathBuf,
}

impl Store {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self { feeds: data_dir.join("feeds") }
    }

    /// Returns the directory that the lock is for.
    pub(crate) fn directory(&self) -> &Path {
        &self.feeds
    }

    /// Makes the directories that writing needs.
    pub(crate) fn prepare(&self, catalogue: &[FeedSpec]) -> Result<(), StoreError> {
        files::create_directory(&self.feeds)?;
        catalogue.iter().try_for_each(|feed| files::create_directory(&self.feeds.join(feed.id)))
    }

    /// Reads a document's metadata; `None` where it was never fetched.
    pub(crate) fn document(&self, feed: &FeedSpec, spec: &DocumentSpec) -> Result<Option<StoredDocument>, StoreError> {
        let path = self.metadata_path(feed, spec);
        let Some(bytes) = files::read_small(&path, METADATA_BYTES_MAX)? else { return Ok(None) };
        let damaged = |why: String| StoreError::Damaged { path: path.clone(), why };
        let document: StoredDocument = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if document.format != STORE_FORMAT {
            return Err(damaged(format!("it has format {}, this program writes {STORE_FORMAT}", document.format)));
        }
        if document.files.is_empty() || document.files.iter().any(|file| !is_sha256(&file.sha256)) {
            return Err(damaged("it names no valid files".to_owned()));
        }
        Ok(Some(document))
    }

    /// Makes a document the current one. Its files must be there.
    pub(crate) fn promote(
        &self,
        feed: &FeedSpec,
        spec: &DocumentSpec,
        document: &StoredDocument,
    ) -> Result<(), StoreError> {
        let path = self.metadata_path(feed, spec);
        let json = serde_json::to_vec_pretty(document);
        let json =
            json.map_err(|error| StoreError::Io { action: "write", path: path.clone(), source: error.into() })?;
        files::write_file(&path, &json)
    }

    /// Makes a document one that was never fetched.
    pub(crate) fn forget(&self, feed: &FeedSpec, spec: &DocumentSpec) -> Result<(), StoreError> {
        files::remove(&self.metadata_path(feed, spec))
    }

    /// Opens one of a document's files after checking that it still is what was fetched.
    pub(crate) fn open_verified(
        &self,
        feed: &FeedSpec,
        spec: &DocumentSpec,
        stored: &StoredFile,
    ) -> Result<File, StoreError> {
        let path = self.content_path(feed, spec, &stored.sha256);
        let seen = content_of(&path, spec.transfer_bytes_max)?;
        if seen.sha256 != stored.sha256 {
            return Err(StoreError::Damaged { path, why: "its bytes have changed since it was fetched".to_owned() });
        }
        File::open(&path).map_err(|source| StoreError::new("read", &path, source))
    }

    /// Tells whether all files of a document are there, by size.
    pub(crate) fn is_complete(&self, feed: &FeedSpec, spec: &DocumentSpec, document: &StoredDocument) -> bool {
        document.files.iter().all(|file| {
            let path = self.content_path(feed, spec, &file.sha256);
            fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == file.bytes)
        })
    }

    /// Moves a finished transfer under the name of its content.
    pub(crate) fn keep(
        &self,
        feed: &FeedSpec,
        spec: &DocumentSpec,
        part: &Path,
        sha256: &str,
    ) -> Result<(), StoreError> {
        files::rename(part, &self.content_path(feed, spec, sha256))
    }

    /// Returns where the transfer of one address goes until it is whole.
    pub(crate) fn part_path(&self, feed: &FeedSpec, spec: &DocumentSpec, source: &str) -> PathBuf {
        let digest = digest::digest(&digest::SHA256, source.as_bytes());
        let short: String = hexadecimal(digest.as_ref()).chars().take(8).collect();
        self.feeds.join(feed.id).join(format!("{}-{short}{PART}", spec.name))
    }

    pub(crate) fn content_path(&self, feed: &FeedSpec, spec: &DocumentSpec, sha256: &str) -> PathBuf {
        let start: String = sha256.chars().take(16).collect();
        self.feeds.join(feed.id).join(format!("{}-{start}", spec.name))
    }

    fn metadata_path(&self, feed: &FeedSpec, spec: &DocumentSpec) -> PathBuf {
        self.feeds.join(feed.id).join(format!("{}{METADATA}", spec.name))
    }

    /// Removes what no document of the feed names: old contents, leftovers of killed runs, and,
    /// unless a later run may go on with them, half-finished transfers.
    pub(crate) fn sweep(&self, feed: &FeedSpec, keep_parts: bool) -> Result<(), StoreError> {
        let mut wanted = BTreeSet::new();
        for spec in feed.documents {
            wanted.insert(self.metadata_path(feed, spec));
            // A damaged metadata file names nothing; the next sync fetches the document anew.
            if let Ok(Some(document)) = self.document(feed, spec) {
                wanted.extend(document.files.iter().map(|file| self.content_path(feed, spec, &file.sha256)));
            }
        }
        let directory = self.feeds.join(feed.id);
        let listing = fs::read_dir(&directory).map_err(|source| StoreError::new("read", &directory, source))?;
        for entry in listing {
            let path = entry.map_err(|source| StoreError::new("read", &directory, source))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let resumable = keep_parts && name.contains(PART) && !name.ends_with(TEMPORARY);
            if !wanted.contains(&path) && !resumable {
                files::remove(&path)?;
            }
        }
        Ok(())
    }
}

/// The digest and size of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
}

/// Digests a file of at most `bytes_max` bytes.
pub(crate) fn content_of(path: &Path, bytes_max: u64) -> Result<Content, StoreError> {
    let file = File::open(path).map_err(|source| StoreError::new("read", path, source))?;
    let mut tally = ContentTally::new();
    let read = copy_chunks(&mut file.take(bytes_max.saturating_add(1)), &mut |chunk| {
        tally.add(chunk);
        Ok(())
    });
    read.map_err(|source| StoreError::new("read", path, source))?;
    Ok(tally.finish())
}

/// Reads to the end in bounded chunks.
pub(crate) fn copy_chunks(reader: &mut dyn io::Read, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => take(buffer.get(..count).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Digests and counts bytes as they pass.
pub(crate) struct ContentTally {
    digest: digest::Context,
    pub(crate) bytes: u64,
}

impl ContentTally {
    pub(crate) fn new() -> Self {
        Self { digest: digest::Context::new(&digest::SHA256), bytes: 0 }
    }

    pub(crate) fn add(&mut self, chunk: &[u8]) {
        self.digest.update(chunk);
        self.bytes = self.bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
    }

    pub(crate) fn finish(self) -> Content {
        Content { sha256: hexadecimal(self.digest.finish().as_ref()), bytes: self.bytes }
    }
}

/// A file that grows until it is whole, and is digested on the way.
pub(crate) struct PartFile {
    path: PathBuf,
    file: File,
    tally: ContentTally,
}

impl PartFile {
    /// Starts anew.
    pub(crate) fn create(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { path: path.to_owned(), file: files::create(path)?, tally: ContentTally::new() })
    }

    /// Goes on where a broken-off transfer ended.
    pub(crate) fn resume(path: &Path) -> Result<Self, StoreError> {
        let trouble = |source| StoreError::new("open", path, source);
        let mut file = File::options().read(true).append(true).open(path).map_err(trouble)?;
        let mut tally = ContentTally::new();
        let read = copy_chunks(&mut file, &mut |chunk| {
            tally.add(chunk);
            Ok(())
        });
        read.map_err(trouble)?;
        Ok(Self { path: path.to_owned(), file, tally })
    }

    /// Returns how many bytes it has.
    pub(crate) const fn bytes(&self) -> u64 {
        self.tally.bytes
    }

    /// Adds some.
    pub(crate) fn add(&mut self, chunk: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(chunk).map_err(|source| StoreError::new("write", &self.path, source))?;
        self.tally.add(chunk);
        Ok(())
    }

    /// Waits until the disk has it and returns what it is.
    pub(crate) fn finish(self) -> Result<Content, StoreError> {
        files::sync_file(&self.file, &self.path)?;
        Ok(self.tally.finish())
    }
}

/// Writes bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Tells whether a text is a SHA-256 in hexadecimal; only such texts become parts of file names.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
