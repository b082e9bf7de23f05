//! Large things beside the database: snapshots, reports, audit files.
//!
//! A folder, or a bucket of an S3-compatible service, behind one blocking door. What [`Blobs::put`]
//! has taken outlives a power cut: in a folder the bytes and the folder's entry are synced before
//! it returns, and a blob appears under its name whole or not at all.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::runtime::Runtime;

/// Bytes of a blob's name.
pub(crate) const BLOB_NAME_BYTES_MAX: usize = 300;
/// Parts of a blob's name.
pub(crate) const BLOB_NAME_PARTS_MAX: usize = 8;
/// Bytes of a blob that is read as one.
pub const BLOB_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of a piece of a blob that is read or written piece by piece; S3 takes none below 5 MiB.
const PIECE_BYTES: usize = 8 * 1024 * 1024;
/// Blobs that one list names.
pub(crate) const BLOBS_LISTED_MAX: usize = 1_000_000;

/// Why a blob could not be kept or had.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is none of that name.
    #[error("there is no blob `{name}`")]
    NotFound {
        /// The name.
        name: String,
    },
    /// Not a name that we give.
    #[error("`{name}` is no name of a blob")]
    Name {
        /// The name.
        name: String,
    },
    /// Larger than what is read as one.
    #[error("the blob `{name}` has more than {BLOB_BYTES_MAX} bytes")]
    TooLarge {
        /// The name.
        name: String,
    },
    /// There are more than a list names.
    #[error("there are more than {BLOBS_LISTED_MAX} blobs")]
    TooMany,
    /// Neither a folder nor a bucket.
    #[error("cannot open the blob store `{location}`")]
    Open {
        /// Where it should be.
        location: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The place gave an error.
    #[error("cannot {action} the blob `{name}`")]
    Failed {
        /// `read`, `write` …
        action: &'static str,
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A blob of a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlobEntry {
    /// The name.
    pub name: String,
    /// How large it is.
    pub bytes: u64,
}

/// A place for blobs. Names are parts of `[A-Za-z0-9._-]` with slashes between them, and no part
/// begins with a dot.
pub trait Blobs: Send + Sync {
    /// Keeps a blob, instead of any that had the name. It is durable when this returns.
    ///
    /// # Errors
    /// When the name is none, or the place refuses.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), BlobError>;

    /// Keeps what a reader gives, in bounded memory, and returns how much it was.
    ///
    /// # Errors
    /// When the name is none, the reader fails, or the place refuses.
    fn put_from(&self, name: &str, reader: &mut dyn Read) -> Result<u64, BlobError>;

    /// Returns a blob as one.
    ///
    /// # Errors
    /// [`BlobError::NotFound`], [`BlobError::TooLarge`], or when the place refuses.
    fn get(&self, name: &str) -> Result<Vec<u8>, BlobError>;

    /// Opens a blob for reading in bounded memory, and tells its size.
    ///
    /// # Errors
    /// [`BlobError::NotFound`], or when the place refuses.
    fn open(&self, name: &str) -> Result<(u64, Box<dyn Read + Send>), BlobError>;

    /// Removes a blob; one that is not there is removed already.
    ///
    /// # Errors
    /// When the name is none, or the place refuses.
    fn delete(&self, name: &str) -> Result<(), BlobError>;

    /// Lists the blobs below a folder (`snapshots`), or all with `""`, by name.
    ///
    /// # Errors
    /// [`BlobError::TooMany`], or when the place refuses.
    fn list(&self, folder: &str) -> Result<Vec<BlobEntry>, BlobError>;

    /// Names the place for people, without secrets.
    fn describe(&self) -> String;
}

/// Tells whether a text can name a blob.
pub fn valid_blob_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    name.len() <= BLOB_NAME_BYTES_MAX && name.split('/').count() <= BLOB_NAME_PARTS_MAX && name.split('/').all(part)
}

/// Opens a place for blobs: a folder, made if it is not there, or `s3://BUCKET/PREFIX` with
/// endpoint, region and keys from the pairs of `environment` that the AWS programs know
/// (`AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_ALLOW_HTTP` …).
///
/// # Errors
/// When the folder cannot be made, or the address is none.
pub fn open_blobs(
    location: &str,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Box<dyn Blobs>, BlobError> {
    let failed =
        |source: Box<dyn std::error::Error + Send + Sync>| BlobError::Open { location: location.to_owned(), source };
    let place: Arc<dyn ObjectStore> = match location.strip_prefix("s3://") {
        Some(rest) => {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            // The HTTP client asks the process for its provider; whoever has set one keeps it.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
            for (name, value) in environment {
                let key = name.starts_with("AWS_").then(|| name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>().ok());
                if let Some(key) = key.flatten() {
                    builder = builder.with_config(key, value);
                }
            }
            let bucket = builder.build().map_err(|error| failed(error.into()))?;
            let prefix = Key::parse(prefix.trim_end_matches('/')).map_err(|error| failed(error.into()))?;
            Arc::new(PrefixStore::new(bucket, prefix))
        }
        None => {
            let folder = Path::new(location);
            std::fs::create_dir_all(folder).map_err(|error| failed(error.into()))?;
            let folder = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(error.into()))?;
            Arc::new(folder.with_fsync(true))
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name("blobs")
        .enable_all()
        .build()
        .map_err(|error| failed(error.into()))?;
    Ok(Box::new(Objects {
        place: Place { place, runtime: Arc::new(Background(Some(runtime))) },
        described: location.to_owned(),
    }))
}

/// Threads that drive requests; the work is waiting.
const WORKERS: usize = 2;

struct Objects {
    place: Place,
    described: String,
}

#[derive(Clone)]
struct Place {
    place: Arc<dyn ObjectStore>,
    runtime: Arc<Background>,
}

/// A runtime that may be dropped anywhere: it does not wait for its threads.
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Place {
    /// Waits for work at the place.
    fn wait<T>(
        &self,
        action: &'static str,
        name: &str,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, BlobError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| BlobError::Failed {
            action,
            name: name.to_owned(),
            source,
        };
        let Some(runtime) = &self.runtime.0 else { return Err(failed("the blob store was closed".into())) };
        runtime.block_on(work).map_err(|error| match error {
            object_store::Error::NotFound { .. } => BlobError::NotFound { name: name.to_owned() },
            error => failed(error.into()),
        })
    }

    fn read(&self, name: &str, key: &Key, from: u64, to: u64) -> Result<Vec<u8>, BlobError> {
        self.wait("read", name, self.place.get_range(key, from..to)).map(|bytes| bytes.to_vec())
    }
}

fn key(name: &str) -> Result<Key, BlobError> {
    if !valid_blob_name(name) {
        return Err(BlobError::Name { name: name.to_owned() });
    }
    Key::parse(name).map_err(|_| BlobError::Name { name: name.to_owned() })
}

impl Blobs for Objects {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), BlobError> {
        let key = key(name)?;
        self.place.wait("write", name, self.place.place.put(&key, bytes.to_vec().into())).map(drop)
    }

    fn put_from(&self, name: &str, reader: &mut dyn Read) -> Result<u64, BlobError> {
        let key = key(name)?;
        let failed =
            |source: io::Error| BlobError::Failed { action: "write", name: name.to_owned(), source: source.into() };
        let mut piece = Vec::new();
        fill(reader, &mut piece).map_err(failed)?;
        let mut total = length(&piece);
        if piece.len() < PIECE_BYTES {
            self.put(name, &piece)?;
            return Ok(total);
        }
        let mut upload = self.place.wait("write", name, self.place.place.put_multipart(&key))?;
        let mut parts = || -> Result<(), BlobError> {
            while !piece.is_empty() {
                let part = upload.put_part(std::mem::take(&mut piece).into());
                self.place.wait("write", name, part)?;
                fill(reader, &mut piece).map_err(failed)?;
                total = total.saturating_add(length(&piece));
            }
            Ok(())
        };
        let written = parts();
        if let Err(error) = written {
            // What was begun is of no use to anybody; that it stays is no worse than the error.
            let _ = self.place.wait("write", name, upload.abort());
            return Err(error);
        }
        self.place.wait("write", name, upload.complete())?;
        Ok(total)
    }

    fn get(&self, name: &str) -> Result<Vec<u8>, BlobError> {
        let key = key(name)?;
        let size = self.place.wait("read", name, self.place.place.head(&key))?.size;
        if size > BLOB_BYTES_MAX {
            return Err(BlobError::TooLarge { name: name.to_owned() });
        }
        if size == 0 { Ok(Vec::new()) } else { self.place.read(name, &key, 0, size) }
    }

    fn open(&self, name: &str) -> Result<(u64, Box<dyn Read + Send>), BlobError> {
        let key = key(name)?;
        let size = self.place.wait("read", name, self.place.place.head(&key))?.size;
        let reader = Pieces {
            place: self.place.clone(),
            name: name.to_owned(),
            key,
            size,
            next: 0,
            piece: io::Cursor::default(),
        };
        Ok((size, Box::new(reader)))
    }

    fn delete(&self, name: &str) -> Result<(), BlobError> {
        let key = key(name)?;
        match self.place.wait("delete", name, self.place.place.delete(&key)) {
            Err(BlobError::NotFound { .. }) => Ok(()),
            outcome => outcome,
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<BlobEntry>, BlobError> {
        let mut folders = vec![if folder.is_empty() { None } else { Some(key(folder)?) }];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            let shown = folder.as_ref().map(ToString::to_string).unwrap_or_default();
            let listed = self.place.wait("list", &shown, self.place.place.list_with_delimiter(folder.as_ref()))?;
            found.extend(
                listed
                    .objects
                    .into_iter()
                    .map(|object| BlobEntry { name: object.location.to_string(), bytes: object.size }),
            );
            folders.extend(listed.common_prefixes.into_iter().map(Some));
            if found.len().saturating_add(folders.len()) > BLOBS_LISTED_MAX {
                return Err(BlobError::TooMany);
            }
        }
        found.sort();
        Ok(found)
    }

    fn describe(&self) -> String {
        self.described.clone()
    }
}

/// Reads until a piece is whole or nothing follows.
fn fill(reader: &mut dyn Read, piece: &mut Vec<u8>) -> io::Result<()> {
    let bound = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
    reader.take(bound).read_to_end(piece).map(drop)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Reads a blob piece by piece.
struct Pieces {
    place: Place,
    name: String,
    key: Key,
    size: u64,
    next: u64,
    piece: io::Cursor<Vec<u8>>,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.piece.read(buffer)?;
        if read > 0 || buffer.is_empty() || self.next >= self.size {
            return Ok(read);
        }
        let end = self.next.saturating_add(u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX)).min(self.size);
        let piece = self.place.read(&self.name, &self.key, self.next, end).map_err(io::Error::other)?;
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.next = end;
        self.piece = io::Cursor::new(piece);
        self.piece.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Box<dyn Blobs>) {
        let data = tempfile::tempdir().unwrap();
        let blobs = open_blobs(&data.path().join("blobs").display().to_string(), []).unwrap();
        (data, blobs)
    }

    #[test]
    fn what_was_put_is_there_until_it_is_deleted() {
        let (_data, blobs) = folder();
        blobs.put("snapshots/ab/abcd", b"one").unwrap();
        blobs.put("snapshots/ab/abcd", b"other").unwrap();
        blobs.put("reports/empty.html", b"").unwrap();
        assert_eq!(blobs.get("snapshots/ab/abcd").unwrap(), b"other");
        assert_eq!(blobs.get("reports/empty.html").unwrap(), b"");
        let names = |folder: &str| -> Vec<(String, u64)> {
            blobs.list(folder).unwrap().into_iter().map(|entry| (entry.name, entry.bytes)).collect()
        };
        assert_eq!(names(""), [("reports/empty.html".to_owned(), 0), ("snapshots/ab/abcd".to_owned(), 5)]);
        assert_eq!(names("snapshots"), [("snapshots/ab/abcd".to_owned(), 5)]);
        assert_eq!(names("nothing"), []);
        blobs.delete("snapshots/ab/abcd").unwrap();
        blobs.delete("snapshots/ab/abcd").unwrap();
        assert!(matches!(blobs.get("snapshots/ab/abcd"), Err(BlobError::NotFound { .. })));
        assert!(matches!(blobs.open("snapshots/ab/abcd"), Err(BlobError::NotFound { .. })));
    }

    #[test]
    fn large_blobs_pass_in_pieces() {
        let (_data, blobs) = folder();
        for size in [1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, PIECE_BYTES * 2 + 7] {
            let bytes: Vec<u8> = (0..size).map(|number| u8::try_from(number % 251).unwrap()).collect();
            assert_eq!(blobs.put_from("reports/a", &mut bytes.as_slice()).unwrap(), length(&bytes));
            let (told, mut reader) = blobs.open("reports/a").unwrap();
            let mut back = Vec::new();
            reader.read_to_end(&mut back).unwrap();
            assert_eq!(told, length(&bytes));
            assert!(back == bytes, "{size}");
        }
    }

    #[test]
    fn a_reader_that_fails_leaves_no_blob() {
        struct Failing(usize);
        impl Read for Failing {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if self.0 == 0 {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                let read = buffer.len().min(self.0);
                self.0 -= read;
                Ok(read)
            }
        }
        let (_data, blobs) = folder();
        for size in [10, PIECE_BYTES + 10] {
            assert!(blobs.put_from("reports/a", &mut Failing(size)).is_err());
            assert!(matches!(blobs.get("reports/a"), Err(BlobError::NotFound { .. })));
            assert_eq!(blobs.list("").unwrap(), []);
        }
    }

    #[test]
    fn names_cannot_leave_the_place() {
        let (_data, blobs) = folder();
        let long = "a".repeat(BLOB_NAME_BYTES_MAX + 1);
        let deep = ["a"; BLOB_NAME_PARTS_MAX + 1].join("/");
        for name in
            ["", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a b", "a#1", "a%2fb", "a\\b", "ä", &long, &deep]
        {
            assert!(matches!(blobs.put(name, b"x"), Err(BlobError::Name { .. })), "{name}");
            assert!(matches!(blobs.get(name), Err(BlobError::Name { .. })), "{name}");
        }
        assert!(valid_blob_name(&["a"; BLOB_NAME_PARTS_MAX].join("/")));
    }

    #[test]
    fn a_place_that_cannot_be_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = open_blobs(&file.path().join("blobs").display().to_string(), []).err().unwrap();
        assert!(matches!(error, BlobError::Open { .. }), "{error}");
    }
}
