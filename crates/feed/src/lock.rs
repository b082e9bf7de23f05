//! One writer at a time: the lock on a data directory's feeds.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::files::StoreError;

/// The lock file's name within the feeds' directory. It stays; only the lock on it comes and goes.
const LOCK_NAME: &str = ".lock";
/// How often a waiting process asks again.
const WAIT_STEP: Duration = Duration::from_millis(100);
/// How often a process that does not wait asks again before it is refused. A child that the holder
/// is just starting shares its files for an instant, between fork and exec; that is no other process.
const PATIENCE_STEPS: u32 = 10;
/// How long it sleeps between.
const PATIENCE_STEP: Duration = Duration::from_millis(20);
/// A process id has at most ten digits; beyond this the file is not ours.
const HOLDER_BYTES_MAX: u64 = 32;

/// Set by a signal handler or another thread to stop early.
pub type CancelFlag = AtomicBool;

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process syncs or imports.
    #[error("another process{} is updating the feeds in `{}`; try again when it has finished", holder_text(.holder.as_deref()), .directory.display())]
    Busy {
        /// The data directory's feeds.
        directory: PathBuf,
        /// The process id that the other one left.
        holder: Option<String>,
    },
    /// The caller gave up waiting.
    #[error("stopped while waiting for another process to finish updating the feeds")]
    Cancelled,
    /// The lock file cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn holder_text(holder: Option<&str>) -> String {
    holder.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

/// Holds the lock; dropping it, or the end of the process however it ends, gives it back.
#[derive(Debug)]
pub(crate) struct FeedLock {
    _file: File,
}

impl FeedLock {
    /// Takes the lock to write, or says who has it; with `wait`, waits for it.
    pub(crate) fn exclusive(directory: &Path, wait: bool, cancel: &CancelFlag) -> Result<Self, LockError> {
        let path = directory.join(LOCK_NAME);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(|source| StoreError::new("open", &path, source))?;
        let mut asked = 0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if asked < PATIENCE_STEPS => std::thread::sleep(PATIENCE_STEP),
                Err(TryLockError::WouldBlock) => wait_or_refuse(&mut file, directory, wait, cancel)?,
                Err(TryLockError::Error(source)) => return Err(StoreError::new("lock", &path, source).into()),
            }
            asked += 1;
        }
        let named = file.set_len(0).and_then(|()| file.rewind());
        let named = named.and_then(|()| write!(file, "{}", std::process::id()));
        named.map_err(|source| StoreError::new("write", &path, source))?;
        Ok(Self { _file: file })
    }

    /// Takes the lock to read, so that no file goes away meanwhile. `None` where nobody ever wrote.
    pub(crate) fn shared(directory: &Path) -> Result<Option<Self>, LockError> {
        let path = directory.join(LOCK_NAME);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::new("read", &path, source).into()),
        };
        for _ in 0..PATIENCE_STEPS {
            match file.try_lock_shared() {
                Ok(()) => return Ok(Some(Self { _file: file })),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PATIENCE_STEP),
                Err(TryLockError::Error(source)) => return Err(StoreError::new("lock", &path, source).into()),
            }
        }
        Err(busy(&mut file, directory))
    }
}

fn wait_or_refuse(file: &mut File, directory: &Path, wait: bool, cancel: &CancelFlag) -> Result<(), LockError> {
    if !wait {
        return Err(busy(file, directory));
    }
    if cancel.load(Ordering::Relaxed) {
        return Err(LockError::Cancelled);
    }
    std::thread::sleep(WAIT_STEP);
    Ok(())
}

fn busy(file: &mut File, directory: &Path) -> LockError {
    let mut text = String::new();
    // Who holds it is a courtesy: an unreadable name changes nothing.
    let _ = file.take(HOLDER_BYTES_MAX).read_to_string(&mut text);
    let holder = text.trim();
    let known = !holder.is_empty() && holder.bytes().all(|byte| byte.is_ascii_digit());
    LockError::Busy { directory: directory.to_owned(), holder: known.then(|| holder.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_is_first() {
        let directory = tempfile::tempdir().unwrap();
        let cancel = CancelFlag::new(false);
        let first = FeedLock::exclusive(directory.path(), false, &cancel).unwrap();
        let second = FeedLock::exclusive(directory.path(), false, &cancel).unwrap_err();
        let expected = format!("another process (process {}) is updating the feeds", std::process::id());
        assert!(second.to_string().starts_with(&expected), "{second}");
        assert!(matches!(FeedLock::shared(directory.path()), Err(LockError::Busy { .. })));
        drop(first);
        FeedLock::exclusive(directory.path(), false, &cancel).unwrap();
    }

    #[test]
    fn a_waiting_process_gets_it_or_stops_when_told() {
        let directory = tempfile::tempdir().unwrap();
        let cancel = CancelFlag::new(false);
        let first = FeedLock::exclusive(directory.path(), false, &cancel).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| FeedLock::exclusive(directory.path(), true, &cancel));
            std::thread::sleep(WAIT_STEP * 2);
            drop(first);
            let held = waiting.join().unwrap().unwrap();
            cancel.store(true, Ordering::Relaxed);
            let refused = FeedLock::exclusive(directory.path(), true, &cancel).unwrap_err();
            assert!(matches!(refused, LockError::Cancelled));
            drop(held);
        });
    }

    #[test]
    fn readers_share_and_need_no_lock_file() {
        let directory = tempfile::tempdir().unwrap();
        assert!(FeedLock::shared(directory.path()).unwrap().is_none());
        drop(FeedLock::exclusive(directory.path(), false, &CancelFlag::new(false)).unwrap());
        let one = FeedLock::shared(directory.path()).unwrap();
        let two = FeedLock::shared(directory.path()).unwrap();
        assert!(one.is_some() && two.is_some());
    }
}
