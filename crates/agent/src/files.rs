//! Files of the state directory: whole or absent, and read by their owner only.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// How the names of unfinished files end.
pub(crate) const TEMPORARY: &str = ".tmp";
/// Bytes of a small file of ours: state, keys, a run's record.
pub(crate) const SMALL_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Why the state directory could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The disk or the quota is full.
    #[error("no space left to write `{}`", .path.display())]
    Full {
        /// What was being written.
        path: PathBuf,
    },
    /// This user may not.
    #[error("cannot {action} `{}`: permission denied", .path.display())]
    Denied {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
    },
    /// Anything else that the system refused.
    #[error("cannot {action} `{}`", .path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// One of our own files is not what we wrote.
    #[error("`{}` is damaged: {why}", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Another agent works here.
    #[error("another agent runs in `{}`", .path.display())]
    Busy {
        /// The state directory.
        path: PathBuf,
    },
}

impl StateError {
    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::PermissionDenied => Self::Denied { action, path },
            _ => Self::Io { action, path, source },
        }
    }

    /// Says what to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Full { .. } => "free some space; the agent goes on by itself",
            Self::Denied { .. } => "run as the user who owns the state directory, or name another with `--state-dir`",
            Self::Io { .. } => "look at the cause above; the file system may be damaged or read-only",
            Self::Damaged { .. } => "enrol the host anew with `yagura-agent enroll --force`",
            Self::Busy { .. } => "stop the other one first: `systemctl stop yagura-agent`",
        }
    }
}

/// Creates a directory that only its owner may enter, with those above it.
pub(crate) fn create_directory(path: &Path) -> Result<(), StateError> {
    let created = DirBuilder::new().recursive(true).mode(0o700).create(path);
    created.map_err(|source| StateError::new("create the directory", path, source))
}

/// Writes a small file whole, readable by its owner only, and waits until the disk has it.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let temporary = temporary_name(path);
    let written = write_durably(&temporary, bytes).and_then(|()| rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to report; the next start sweeps what is left.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(TEMPORARY);
    PathBuf::from(name)
}

/// Writes a file in place and waits until the disk has it.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let error = |source| StateError::new("write", path, source);
    // A file that was left behind may have another mode: it is replaced, not reused.
    remove(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(error)?;
    file.write_all(bytes).map_err(error)?;
    file.sync_all().map_err(error)
}

/// Renames and waits until the disk has the new name.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), StateError> {
    fs::rename(from, to).map_err(|source| StateError::new("rename a file to", to, source))?;
    to.parent().map_or(Ok(()), sync_directory)
}

/// Waits until the disk has a directory's names.
pub(crate) fn sync_directory(path: &Path) -> Result<(), StateError> {
    let synced = File::open(path).and_then(|directory| directory.sync_all());
    synced.map_err(|source| StateError::new("write", path, source))
}

/// Removes a file; its absence is as good.
pub(crate) fn remove(path: &Path) -> Result<(), StateError> {
    absent_is_good(fs::remove_file(path), path)
}

/// Removes a directory with all that is in it; its absence is as good.
pub(crate) fn remove_directory(path: &Path) -> Result<(), StateError> {
    absent_is_good(fs::remove_dir_all(path), path)
}

fn absent_is_good(removed: io::Result<()>, path: &Path) -> Result<(), StateError> {
    match removed {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StateError::new("remove", path, source)),
        _ => Ok(()),
    }
}

/// Reads a file of at most `bytes_max` bytes; `None` where there is none.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, StateError> {
    let error = |source| StateError::new("read", path, source);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(error(source)),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(error)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= bytes_max) {
        return Ok(Some(bytes));
    }
    Err(StateError::Damaged { path: path.to_owned(), why: format!("it has more than {bytes_max} bytes") })
}

/// Reads one of our JSON files; `None` where there is none.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, StateError> {
    let Some(bytes) = read(path, SMALL_BYTES_MAX)? else { return Ok(None) };
    let damaged = |error: serde_json::Error| StateError::Damaged { path: path.to_owned(), why: error.to_string() };
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

/// Writes one of our JSON files.
pub(crate) fn write_json<T: serde::Serialize>(path: &Path, value: &T) -> Result<(), StateError> {
    let bytes = serde_json::to_vec_pretty(value);
    let bytes = bytes.map_err(|error| StateError::new("write", path, error.into()))?;
    write_file(path, &bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn files_are_whole_and_their_owners_own() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("a/b");
        create_directory(&inner).unwrap();
        let path = inner.join("key");
        write_file(&path, b"one").unwrap();
        write_file(&path, b"two").unwrap();
        assert_eq!(read(&path, 3).unwrap().unwrap(), b"two");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&inner)), (0o600, 0o700));
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 1);
        assert!(matches!(read(&path, 2), Err(StateError::Damaged { .. })));
        assert!(read(&inner.join("none"), 2).unwrap().is_none());
        assert!(matches!(read_json::<u32>(&path), Err(StateError::Damaged { .. })));
    }

    #[test]
    fn a_leftover_with_another_mode_is_not_reused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        fs::write(temporary_name(&path), b"old").unwrap();
        fs::set_permissions(temporary_name(&path), fs::Permissions::from_mode(0o644)).unwrap();
        write_file(&path, b"new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
