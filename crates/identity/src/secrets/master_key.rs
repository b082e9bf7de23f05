//! The key that all other secrets are sealed with.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::random::{RandomError, random_bytes, random_hex};
use crate::encoding::{from_base64_32, from_hex, hex, sha256};

/// The most bytes that a key file may have: 64 digits, and room for blanks.
const KEY_FILE_BYTES_MAX: u64 = 1024;

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read.
    #[error("cannot read the master key `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The file cannot be made.
    #[error("cannot create the master key `{}`", .path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("the master key `{}` has mode {mode:04o}; only its owner may read it (chmod 600)", .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A folder, a pipe, a device.
    #[error("the master key `{}` is not a regular file", .path.display())]
    NotAFile {
        /// What is there.
        path: PathBuf,
    },
    /// Neither hexadecimal nor base64 of 32 bytes. The text is not repeated: it may be a key with a typing error.
    #[error("a master key is 32 bytes as 64 hexadecimal digits or as base64")]
    Malformed,
    /// The system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// The 32 bytes that everything kept is sealed with. Never in `Debug` output, wiped when it goes.
#[derive(Clone)]
pub struct MasterKey {
    bytes: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MasterKey({})", self.id_hex())
    }
}

impl MasterKey {
    /// Makes a new key.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError::Random`], which no healthy system gives.
    pub fn generate() -> Result<Self, MasterKeyError> {
        Ok(Self { bytes: Zeroizing::new(random_bytes()?) })
    }

    /// Reads a key that was given as text: 64 hexadecimal digits, or base64.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError::Malformed`].
    pub fn from_text(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        let bytes = from_hex(text).or_else(|| from_base64_32(text)).ok_or(MasterKeyError::Malformed)?;
        Ok(Self { bytes: Zeroizing::new(bytes) })
    }

    /// Reads the key file, or makes one with a new key where there is none.
    ///
    /// Of two processes that start at once both get the same key: the file appears whole, under its name, once.
    ///
    /// # Errors
    ///
    /// Whatever the system says; [`MasterKeyError::Exposed`] where others than the owner may read it.
    pub fn load_or_create(path: &Path) -> Result<Self, MasterKeyError> {
        if let Some(key) = Self::load(path)? {
            return Ok(key);
        }
        let new = Self::generate()?;
        match new.store(path)? {
            Stored::Made => Ok(new),
            Stored::WasThere => Self::load(path)?
                .ok_or_else(|| MasterKeyError::Read { path: path.to_owned(), source: io::ErrorKind::NotFound.into() }),
        }
    }

    /// Reads the key file; `None` where there is none.
    ///
    /// # Errors
    ///
    /// See [`MasterKey::load_or_create`].
    pub fn load(path: &Path) -> Result<Option<Self>, MasterKeyError> {
        let read = |source| MasterKeyError::Read { path: path.to_owned(), source };
        // Asked before opening, because opening a pipe would wait for a writer.
        match fs::metadata(path) {
            Ok(found) if !found.is_file() => return Err(MasterKeyError::NotAFile { path: path.to_owned() }),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read(error)),
        }
        let file = File::open(path).map_err(read)?;
        let mode = file.metadata().map_err(read)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::Exposed { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text).map_err(read)?;
        Self::from_text(&text).map(Some)
    }

    /// Writes beside the place and links there, which fails where a file is: nobody's key is ever replaced.
    fn store(&self, path: &Path) -> Result<Stored, MasterKeyError> {
        let create = |source| MasterKeyError::Create { path: path.to_owned(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let beside = folder.join(format!(".master-key-{}", random_hex::<8>()?));
        let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).and_then(|mut file| {
            let digits = Zeroizing::new(hex(&*self.bytes));
            file.write_all(digits.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()
        });
        let linked = written.and_then(|()| fs::hard_link(&beside, path));
        // What stays behind on failure is an unused key; there is nothing better to do about it.
        let _ = fs::remove_file(&beside);
        match linked {
            Ok(()) => {
                File::open(folder).and_then(|folder| folder.sync_all()).map_err(create)?;
                Ok(Stored::Made)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Stored::WasThere),
            Err(error) => Err(create(error)),
        }
    }

    /// Names the key without telling it: the first bytes of a hash.
    pub(super) fn id(&self) -> [u8; 4] {
        let mut named = Zeroizing::new(b"yagura master key id\0".to_vec());
        named.extend_from_slice(&*self.bytes);
        let [a, b, c, d, ..] = sha256(&named);
        [a, b, c, d]
    }

    /// Returns the key's name in hexadecimal, for messages.
    pub fn id_hex(&self) -> String {
        hex(&self.id())
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Derives a key for one purpose, so that no purpose's use tells of another's.
    pub(crate) fn derive(&self, purpose: &str) -> hmac::Key {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &*self.bytes);
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, format!("yagura derive\0{purpose}").as_bytes()).as_ref())
    }
}

enum Stored {
    Made,
    WasThere,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_made_once_with_mode_0600_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(MasterKey::load(&path).unwrap().is_none());
        let made = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        let again = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(made.bytes(), again.bytes());
        // Nothing else is left in the folder.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn starting_together_gives_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let keys: Vec<MasterKey> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..8).map(|_| scope.spawn(|| MasterKey::load_or_create(&path).unwrap())).collect();
            started.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| key.bytes() == keys[0].bytes()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_others_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        MasterKey::load_or_create(&path).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = MasterKey::load_or_create(&path).unwrap_err();
            assert!(matches!(error, MasterKeyError::Exposed { mode: found, .. } if found == mode), "{error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(MasterKey::load_or_create(&path).is_ok());
    }

    #[test]
    fn what_is_no_key_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        for content in [String::new(), "abc".into(), "0".repeat(63), "0".repeat(2000)] {
            fs::write(&path, &content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let error = MasterKey::load_or_create(&path).unwrap_err();
            assert!(matches!(error, MasterKeyError::Malformed), "{error}");
            assert!(!error.to_string().contains("abc"));
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        let error = MasterKey::load_or_create(folder.path()).unwrap_err();
        assert!(matches!(error, MasterKeyError::NotAFile { .. }), "{error}");
        let error = MasterKey::load_or_create(&folder.path().join("no/such/folder")).unwrap_err();
        assert!(matches!(error, MasterKeyError::Create { .. }), "{error}");
    }

    #[test]
    fn text_forms_give_the_same_key() {
        let hexadecimal = MasterKey::from_text(&format!(" {}\n", "00".repeat(32))).unwrap();
        let base64 = MasterKey::from_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
        assert_eq!(hexadecimal.bytes(), base64.bytes());
        assert_eq!(hexadecimal.id(), base64.id());
        assert_ne!(hexadecimal.id(), MasterKey::generate().unwrap().id());
    }

    #[test]
    fn debug_names_the_key_and_does_not_tell_it() {
        let key = MasterKey::from_text(&"ab".repeat(32)).unwrap();
        assert_eq!(format!("{key:?}"), format!("MasterKey({})", key.id_hex()));
        assert!(!format!("{key:?}").contains("abab"));
    }
}
