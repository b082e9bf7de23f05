//! One agent a state directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::files::StateError;

const NAME: &str = "lock";

/// Holds the state directory; dropping it, or the end of the process however it ends, gives it back.
#[derive(Debug)]
pub(crate) struct StateLock {
    _file: File,
}

impl StateLock {
    /// Takes the lock, or says that another agent has it.
    pub(crate) fn take(directory: &Path) -> Result<Self, StateError> {
        let path = directory.join(NAME);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = opened.map_err(|source| StateError::new("open", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StateError::Busy { path: directory.to_owned() }),
            Err(TryLockError::Error(source)) => Err(StateError::new("lock", &path, source)),
        }
    }

    /// Tells whether an agent runs. Looking takes a shared lock for a moment, which an agent that starts in it waits
    /// out by trying again.
    pub(crate) fn is_held(directory: &Path) -> Result<bool, StateError> {
        let path = directory.join(NAME);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(StateError::new("open", &path, source)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(source)) => Err(StateError::new("lock", &path, source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_agent_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!StateLock::is_held(directory.path()).unwrap());
        let first = StateLock::take(directory.path()).unwrap();
        assert!(matches!(StateLock::take(directory.path()), Err(StateError::Busy { .. })));
        assert!(StateLock::is_held(directory.path()).unwrap());
        drop(first);
        assert!(!StateLock::is_held(directory.path()).unwrap());
        StateLock::take(directory.path()).unwrap();
    }
}
