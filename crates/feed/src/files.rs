//! Files that are whole or absent: written aside, made durable, then renamed into place.
//!
//! A machine that stops in the middle of a write leaves a temporary file and the old one, never
//! half a file under the real name. Temporary files end in [`TEMPORARY`] and are swept by the next
//! run that holds the lock.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// How the names of unfinished files end.
pub(crate) const TEMPORARY: &str = ".tmp";

/// Why the data directory could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk or the quota is full.
    #[error("no space left to write `{}`; free some space and sync again, the data that was there is unharmed", .path.display())]
    Full {
        /// What was being written.
        path: PathBuf,
    },
    /// The directory cannot be written.
    #[error("cannot write `{}`: it is read-only or belongs to another user; choose another data directory", .path.display())]
    ReadOnly {
        /// What was being written.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Anything else that the system refused.
    #[error("cannot {action} `{}`", .path.display())]
    Io {
        /// What was being done: `read`, `create`, `rename` …
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// One of our own small files is not what we wrote.
    #[error("`{}` is damaged: {why}; remove it and sync again", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl StoreError {
    /// Sorts the system's answer into what a person can act on.
    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, source },
            io::ErrorKind::PermissionDenied if action != "read" => Self::ReadOnly { path, source },
            _ => Self::Io { action, path, source },
        }
    }
}

/// Creates a directory with those above it.
pub(crate) fn create_directory(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(|source| StoreError::new("create the directory", path, source))
}

/// Writes a small file whole.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = temporary_name(path);
    let written = write_durably(&temporary, bytes).and_then(|()| rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to report; a leftover is swept by the next run.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Returns the name under which a file is written before it is whole.
pub(crate) fn temporary_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(TEMPORARY);
    PathBuf::from(name)
}

/// Writes bytes and waits until the disk has them.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut file = create(path)?;
    file.write_all(bytes).map_err(|source| StoreError::new("write", path, source))?;
    sync_file(&file, path)
}

/// Creates a file or empties the one that is there.
pub(crate) fn create(path: &Path) -> Result<File, StoreError> {
    File::create(path).map_err(|source| StoreError::new("create", path, source))
}

/// Waits until the disk has a file's bytes. A full disk may only be noticed here.
pub(crate) fn sync_file(file: &File, path: &Path) -> Result<(), StoreError> {
    file.sync_all().map_err(|source| StoreError::new("write", path, source))
}

/// Renames within one directory and waits until the disk has the new name.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|source| StoreError::new("rename a file to", to, source))?;
    let Some(directory) = to.parent() else { return Ok(()) };
    let handle = File::open(directory).map_err(|source| StoreError::new("open", directory, source))?;
    sync_file(&handle, directory)
}

/// Removes a file; its absence is as good.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StoreError::new("remove", path, source)),
        _ => Ok(()),
    }
}

/// Reads a small file of at most `bytes_max` bytes; `None` where there is none.
pub(crate) fn read_small(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::new("read", path, source)),
    };
    let mut bytes = Vec::new();
    let read = file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|source| StoreError::new("read", path, source))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= bytes_max) {
        return Ok(Some(bytes));
    }
    Err(StoreError::Damaged { path: path.to_owned(), why: format!("it has more than {bytes_max} bytes") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_is_whole_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        write_file(&path, b"one").unwrap();
        write_file(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_beyond_its_bound_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read_small(&path, 5).unwrap().unwrap(), b"12345");
        assert!(matches!(read_small(&path, 4), Err(StoreError::Damaged { .. })));
        assert!(read_small(&directory.path().join("absent"), 4).unwrap().is_none());
    }

    #[test]
    fn a_directory_below_a_file_says_what_and_where() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, b"").unwrap();
        let error = create_directory(&file.join("feeds")).unwrap_err();
        assert!(error.to_string().starts_with("cannot create the directory `"), "{error}");
    }

    #[test]
    fn the_systems_answers_become_advice() {
        let full = StoreError::new("write", Path::new("/d/x"), io::ErrorKind::StorageFull.into());
        assert!(full.to_string().contains("no space left to write `/d/x`"), "{full}");
        let read_only = StoreError::new("create", Path::new("/d/x"), io::ErrorKind::ReadOnlyFilesystem.into());
        assert!(read_only.to_string().contains("choose another data directory"), "{read_only}");
    }
}
