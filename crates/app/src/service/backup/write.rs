//! Makes a backup while the service runs.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use tar::{Builder, EntryType, Header};
use yagura_identity::secrets::{MasterKey, SecretText};
use yagura_store::{BlobError, Dialect, Store, StoreError, Tx};
use yagura_wire::Sha256;

use super::super::App;
use super::super::agents::snapshot_blob;
use super::{BACKUP_FORMAT, BLOBS, BackupError, CA, DATABASE, FORMAT, Format, MANIFEST, MASTER_KEY, Manifest, Member};

/// Blobs are packed already; a database packs well with little effort.
const ZSTD_LEVEL: i32 = 3;
/// Names asked of the store at once.
const PAGE: usize = 2_000;

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// What is in it.
    pub manifest: Manifest,
    /// Bytes of the file.
    pub bytes: u64,
    /// The database is inside; otherwise PostgreSQL's own tools must back it up.
    pub has_database: bool,
    /// The master key is inside; otherwise it must be kept elsewhere.
    pub has_master_key: bool,
}

/// Makes a backup at `file`, which is replaced when the new one is whole. With `master_key`, the
/// key as text, it holds the key too.
///
/// # Errors
/// When the database, a blob or the disk refuses, or the key is not the service's.
pub fn backup(app: &App, file: &Path, master_key: Option<&SecretText>) -> Result<Backup, BackupError> {
    if let Some(text) = master_key
        && MasterKey::from_text(text.expose())?.id_hex() != app.keys.id_hex()
    {
        return Err(BackupError::OtherMasterKey);
    }
    let failed = |action| move |source| BackupError::File { action, path: file.to_owned(), source };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Readable by its owner only, because it holds everything; beside its place, so that it can be renamed.
    let beside = tempfile::Builder::new().prefix(".yagura-backup-").tempfile_in(folder).map_err(failed("create"))?;
    let copies = tempfile::Builder::new().prefix(".yagura-copy-").tempdir_in(folder).map_err(failed("create"))?;
    let has_database = app.store.dialect() == Dialect::Sqlite;
    let out = beside.as_file().try_clone().map_err(failed("write"))?;
    let packed = zstd::Encoder::new(BufWriter::new(out), ZSTD_LEVEL).map_err(failed("write"))?;
    let mut archive = Archive { path: file, tar: Builder::new(packed), members: Vec::new() };

    let format = serde_json::json!(Format { yagura_backup: BACKUP_FORMAT }).to_string();
    archive.add(FORMAT, format.as_bytes())?;
    let missing_blobs = if has_database {
        let copy = copies.path().join(DATABASE);
        app.store.copy_to(&copy)?;
        archive.add_file(DATABASE, &copy)?;
        archive.add(CA, app.authority.certificate_pem().as_bytes())?;
        add_blobs(app, &Store::open_sqlite(copies.path())?, &mut archive)?
    } else {
        archive.add(CA, app.authority.certificate_pem().as_bytes())?;
        add_blobs(app, &app.store, &mut archive)?
    };
    if let Some(text) = master_key {
        archive.add(MASTER_KEY, format!("{}\n", text.expose().trim()).as_bytes())?;
    }
    let manifest = Manifest {
        format: BACKUP_FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: app.now(),
        database: if has_database { "sqlite" } else { "postgres" }.to_owned(),
        master_key_id: app.keys.id_hex(),
        missing_blobs,
        members: std::mem::take(&mut archive.members),
    };
    let text = serde_json::to_vec(&manifest).map_err(|error| failed("write")(error.into()))?;
    archive.add(MANIFEST, &text)?;
    let finished = archive.tar.into_inner().and_then(zstd::Encoder::finish);
    finished.and_then(|mut buffered| buffered.flush()).map_err(failed("write"))?;

    beside.as_file().sync_all().map_err(failed("write"))?;
    let bytes = beside.as_file().metadata().map_err(failed("read"))?.len();
    beside.persist(file).map_err(|error| failed("write")(error.error))?;
    // Some file systems cannot sync a folder; the content itself is safe by then.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(Backup { manifest, bytes, has_database, has_master_key: master_key.is_some() })
}

/// A list of blobs' names after one of them.
type ListNames = fn(&mut Tx<'_>, &str) -> Result<Vec<String>, StoreError>;

/// Adds every blob that the database refers to, and returns the names of those that are not there.
fn add_blobs<W: Write>(app: &App, store: &Store, archive: &mut Archive<'_, W>) -> Result<Vec<String>, BackupError> {
    let mut missing = Vec::new();
    let mut add = |archive: &mut Archive<'_, W>, name: &str| match app.blobs.open(name) {
        Ok((size, bytes)) => archive.add_from(&format!("{BLOBS}{name}"), size, bytes),
        Err(BlobError::NotFound { .. }) => {
            missing.push(name.to_owned());
            Ok(())
        }
        Err(error) => Err(error.into()),
    };
    let (mut account, mut digest) = (String::new(), String::new());
    loop {
        let page = store.read(|tx| tx.snapshot_digests((&account, &digest), PAGE))?;
        let Some(last) = page.last() else { break };
        (account, digest) = last.clone();
        for (account, digest) in &page {
            add(archive, &snapshot_blob(account, digest))?;
        }
    }
    let lists: [ListNames; 2] = [|tx, after| tx.report_blobs(after, PAGE), |tx, after| tx.audit_blobs(after, PAGE)];
    for list in lists {
        let mut after = String::new();
        loop {
            let page = store.read(|tx| list(tx, &after))?;
            let Some(last) = page.last() else { break };
            after.clone_from(last);
            for name in &page {
                add(archive, name)?;
            }
        }
    }
    Ok(missing)
}

struct Archive<'a, W: Write> {
    path: &'a Path,
    tar: Builder<W>,
    members: Vec<Member>,
}

impl<W: Write> Archive<'_, W> {
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
        self.add_from(name, u64::try_from(bytes.len()).unwrap_or(u64::MAX), bytes)
    }

    fn add_file(&mut self, name: &str, path: &Path) -> Result<(), BackupError> {
        let failed = |source| BackupError::File { action: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        self.add_from(name, size, file)
    }

    fn add_from(&mut self, name: &str, size: u64, bytes: impl Read) -> Result<(), BackupError> {
        let failed = |source| BackupError::File { action: "write", path: self.path.to_owned(), source };
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o600);
        header.set_size(size);
        header.set_path(name).map_err(failed)?;
        header.set_cksum();
        let mut counting = Counting { inner: bytes.take(size), digest: Sha256::new(), bytes: 0 };
        self.tar.append(&header, &mut counting).map_err(failed)?;
        if counting.bytes != size {
            return Err(failed(io::Error::new(io::ErrorKind::UnexpectedEof, format!("`{name}` ended early"))));
        }
        self.members.push(Member { name: name.to_owned(), bytes: size, sha256: counting.digest.finish() });
        Ok(())
    }
}

/// Counts and hashes what is read through it.
pub(super) struct Counting<R> {
    pub(super) inner: R,
    pub(super) digest: Sha256,
    pub(super) bytes: u64,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.digest.update(buffer.get(..read).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}
