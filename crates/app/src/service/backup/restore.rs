//! Unpacks a backup into an empty data directory.
//!
//! Everything is unpacked into a folder inside of it first, checked there, and then moved to its
//! place; the database comes last, so that a directory with a database is a whole one.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tar::{Archive, EntryType};
use yagura_identity::secrets::MasterKey;
use yagura_store::{Store, open_blobs, valid_blob_name};
use yagura_wire::Sha256;

use super::write::Counting;
use super::{
    BACKUP_FORMAT, BLOBS, BackupError, CA, CONTENT_BYTES_MAX, DATABASE, FORMAT, Format, MANIFEST, MANIFEST_BYTES_MAX,
    MASTER_KEY, MEMBERS_MAX, Manifest, Member, SMALL_BYTES_MAX,
};

/// The largest zstd window, as a power of two, that memory is given to.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// The folder's name while the archive is being unpacked.
const STAGING_PREFIX: &str = ".yagura-restore-";

/// Where a backup goes.
#[derive(Debug, Clone)]
pub struct Restoring<'a> {
    /// The archive.
    pub file: &'a Path,
    /// The data directory: empty, or not there.
    pub data_dir: &'a Path,
    /// A bucket (`s3://…`) for the blobs instead of a folder in the data directory.
    pub blobs: Option<&'a str>,
    /// Environment variables for the bucket.
    pub environment: Vec<(String, String)>,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the archive said of itself.
    pub manifest: Manifest,
    /// The database is there; otherwise PostgreSQL's own tools must bring it back.
    pub has_database: bool,
    /// The master key is there; otherwise it must be put there before the service starts.
    pub has_master_key: bool,
}

/// Restores a backup into an empty data directory.
///
/// # Errors
/// When the directory is not empty, the archive is damaged, hostile or newer than this program, or
/// the disk refuses. Nothing is in its place then.
pub fn restore(restoring: &Restoring<'_>) -> Result<Restored, BackupError> {
    let data_dir = restoring.data_dir;
    let failed = |action| move |source| BackupError::File { action, path: data_dir.to_owned(), source };
    let archive = File::open(restoring.file).map_err(|source| BackupError::File {
        action: "read",
        path: restoring.file.to_owned(),
        source,
    })?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(failed("create"))?;
    if fs::read_dir(data_dir).map_err(failed("read"))?.next().is_some() {
        return Err(BackupError::NotEmpty { path: data_dir.to_owned() });
    }
    let staging = tempfile::Builder::new().prefix(STAGING_PREFIX).tempdir_in(data_dir).map_err(failed("create"))?;
    let manifest =
        Unpacking { restoring, folder: staging.path(), members: Vec::new(), names: BTreeSet::new() }.unpack(archive)?;
    check_content(restoring, staging.path(), &manifest)?;
    put_in_place(restoring, staging.path(), &manifest)?;
    let has = |name: &str| manifest.members.iter().any(|member| member.name == name);
    Ok(Restored { has_database: has(DATABASE), has_master_key: has(MASTER_KEY), manifest })
}

struct Unpacking<'a> {
    restoring: &'a Restoring<'a>,
    folder: &'a Path,
    members: Vec<Member>,
    names: BTreeSet<String>,
}

impl Unpacking<'_> {
    fn invalid(&self, why: impl Into<String>) -> BackupError {
        BackupError::Invalid { path: self.restoring.file.to_owned(), why: why.into() }
    }

    fn broken(&self, source: io::Error) -> BackupError {
        BackupError::Broken { path: self.restoring.file.to_owned(), source }
    }

    /// Unpacks every member and compares what came with the manifest, which is the last one.
    fn unpack(mut self, archive: File) -> Result<Manifest, BackupError> {
        let mut unpacked = zstd::Decoder::new(archive).map_err(|error| self.broken(error))?;
        unpacked.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|error| self.broken(error))?;
        let mut archive = Archive::new(BufReader::new(unpacked));
        let entries = archive.entries().map_err(|error| self.broken(error))?;
        let mut manifest: Option<Vec<u8>> = None;
        let mut left = CONTENT_BYTES_MAX;
        // Raw: an extension that gives a member another name or size is a member that is refused.
        for entry in entries.raw(true) {
            let entry = entry.map_err(|error| self.broken(error))?;
            if manifest.is_some() {
                return Err(self.invalid("something follows the manifest"));
            }
            let (name, size) = self.head(&entry)?;
            left = left.checked_sub(size).ok_or_else(|| self.invalid("it has more bytes than any backup"))?;
            if self.members.is_empty() && name != FORMAT {
                return Err(self.invalid("it does not begin like a backup"));
            }
            let bytes_max = match name.as_str() {
                MANIFEST => MANIFEST_BYTES_MAX,
                FORMAT | CA | MASTER_KEY => SMALL_BYTES_MAX,
                _ => CONTENT_BYTES_MAX,
            };
            if size > bytes_max {
                return Err(self.invalid(format!("`{name}` has more than {bytes_max} bytes")));
            }
            if name == MANIFEST {
                manifest = Some(self.small(entry, size)?);
            } else {
                self.member(&name, entry, size)?;
            }
        }
        let text = manifest.ok_or_else(|| self.invalid("it has no manifest; it was cut off"))?;
        self.agreed(&text)
    }

    /// Name and size of a member that a backup may have.
    fn head(&self, entry: &tar::Entry<'_, impl Read>) -> Result<(String, u64), BackupError> {
        let path = entry.path_bytes();
        let name = std::str::from_utf8(&path).map_err(|_| self.invalid("a member's name is no text"))?.to_owned();
        let shown: String = name.chars().take(100).collect();
        if entry.header().entry_type() != EntryType::Regular {
            return Err(self.invalid(format!("`{shown}` is not a plain file")));
        }
        let known = [FORMAT, DATABASE, CA, MASTER_KEY, MANIFEST].contains(&name.as_str())
            || name.strip_prefix(BLOBS).is_some_and(valid_blob_name);
        if !known {
            return Err(self.invalid(format!("`{shown}` does not belong into a backup")));
        }
        if self.names.contains(&name) {
            return Err(self.invalid(format!("`{shown}` is in it twice")));
        }
        if u64::try_from(self.names.len()).unwrap_or(u64::MAX) >= MEMBERS_MAX {
            return Err(self.invalid(format!("it has more than {MEMBERS_MAX} members")));
        }
        Ok((name, entry.header().size().map_err(|error| self.broken(error))?))
    }

    fn small(&self, entry: impl Read, size: u64) -> Result<Vec<u8>, BackupError> {
        let mut bytes = Vec::new();
        entry.take(size).read_to_end(&mut bytes).map_err(|error| self.broken(error))?;
        Ok(bytes)
    }

    fn member(&mut self, name: &str, entry: impl Read, size: u64) -> Result<(), BackupError> {
        let path = self.folder.join(name);
        let failed = |source| BackupError::File { action: "write", path: path.clone(), source };
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        let mut counting = Counting { inner: entry.take(size), digest: Sha256::new(), bytes: 0 };
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = counting.read(&mut buffer).map_err(|error| self.broken(error))?;
            if read == 0 {
                break;
            }
            file.write_all(buffer.get(..read).unwrap_or_default()).map_err(failed)?;
        }
        file.sync_all().map_err(failed)?;
        if name == FORMAT {
            self.check_format(&path)?;
        }
        self.names.insert(name.to_owned());
        self.members.push(Member { name: name.to_owned(), bytes: counting.bytes, sha256: counting.digest.finish() });
        Ok(())
    }

    /// Says at once that a file is something else, before the rest of it is unpacked.
    fn check_format(&self, path: &Path) -> Result<(), BackupError> {
        let text = fs::read(path).map_err(|error| self.broken(error))?;
        let format: Format =
            serde_json::from_slice(&text).map_err(|_| self.invalid("it does not begin like a backup"))?;
        if format.yagura_backup > BACKUP_FORMAT {
            return Err(BackupError::Newer { path: self.restoring.file.to_owned(), found: format.yagura_backup });
        }
        Ok(())
    }

    fn agreed(&self, text: &[u8]) -> Result<Manifest, BackupError> {
        let manifest: Manifest =
            serde_json::from_slice(text).map_err(|error| self.invalid(format!("its manifest is damaged: {error}")))?;
        if manifest.format > BACKUP_FORMAT {
            return Err(BackupError::Newer { path: self.restoring.file.to_owned(), found: manifest.format });
        }
        if let Some((said, came)) = manifest.members.iter().zip(&self.members).find(|(said, came)| said != came) {
            let what = if said.name == came.name { "is not what the manifest says" } else { "is not at its place" };
            return Err(self.invalid(format!("`{}` {what}", came.name)));
        }
        if manifest.members.len() != self.members.len() {
            return Err(self.invalid("its manifest names other members"));
        }
        Ok(manifest)
    }
}

/// Proves that the database opens and that the key is the one that its secrets are sealed with.
fn check_content(restoring: &Restoring<'_>, folder: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let invalid = |why: &str| BackupError::Invalid { path: restoring.file.to_owned(), why: why.to_owned() };
    let has = |name: &str| manifest.members.iter().any(|member| member.name == name);
    if !has(CA) || has(DATABASE) != (manifest.database == "sqlite") {
        return Err(invalid("it lacks the database or the certificate"));
    }
    if has(DATABASE) {
        drop(Store::open_sqlite(folder)?);
    }
    if let Some(key) = MasterKey::load(&folder.join(MASTER_KEY))?
        && key.id_hex() != manifest.master_key_id
    {
        return Err(invalid("its master key is not the one that its secrets are sealed with"));
    }
    Ok(())
}

fn put_in_place(restoring: &Restoring<'_>, folder: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let data_dir = restoring.data_dir;
    let rename = |name: &str| {
        let path: PathBuf = data_dir.join(name);
        match fs::rename(folder.join(name), &path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(BackupError::File { action: "write", path, source: error })
            }
            _ => Ok(()),
        }
    };
    match restoring.blobs {
        Some(location) => {
            let place = open_blobs(location, restoring.environment.clone())?;
            for name in manifest.members.iter().filter_map(|member| member.name.strip_prefix(BLOBS)) {
                let path = folder.join(BLOBS).join(name);
                let failed = |source| BackupError::File { action: "read", path: path.clone(), source };
                let mut file = File::open(&path).map_err(failed)?;
                place.put_from(name, &mut file)?;
            }
        }
        None => rename("blobs")?,
    }
    rename(CA)?;
    rename(MASTER_KEY)?;
    // Once the database is there, the directory is a whole one.
    rename(DATABASE)?;
    let _ = File::open(data_dir).and_then(|folder| folder.sync_all());
    Ok(())
}
