//! Opens a service from its data directory: store, blobs, master key, certificate authority.
//!
//! ```text
//! yagura.db            SQLite, unless a database URL is given
//! blobs/               snapshots, reports, audit files, unless a bucket is given
//! master.key           seals secrets at rest; 0600; unless a key is given
//! ca.pem               what clients and agents trust
//! ```
//!
//! The authority's certificate and its sealed key stand in the store, so that every server on one
//! database has the same; such servers share the master key.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use yagura_identity::ca::{CaPem, CertificateAuthority};
use yagura_identity::secrets::{AccessKey, AccessKeyKind, MasterKey, SecretText};
use yagura_model::service::Scope;
use yagura_store::{Store, StoredAccessKey, Tx, open_blobs};

use super::{App, AppError, Clock, DataDirIndex, Parts, Settings};

/// What belongs to the server as a whole and to no account.
const SERVER: &str = "";
const CA_CERTIFICATE: &str = "ca.certificate";
const CA_KEY: &str = "ca.key";
const HOME: &str = "home";
/// What the authority's key is sealed for.
const CA_CONTEXT: &str = "ca/key";
/// The user that a first start makes.
pub const FIRST_USER: &str = "admin";

/// Where a service lives.
#[derive(Clone)]
pub struct Opening {
    /// The data directory, made if it is not there.
    pub data_dir: PathBuf,
    /// PostgreSQL instead of SQLite in the data directory.
    pub database_url: Option<String>,
    /// A bucket (`s3://…`) instead of a folder in the data directory.
    pub blobs: Option<String>,
    /// The master key as text, instead of the file in the data directory.
    pub master_key: Option<String>,
    /// Account and region of calls that name none; what was chosen first stays without it.
    pub account: Option<String>,
    /// See `account`.
    pub region: Option<String>,
    /// Environment variables for the bucket.
    pub environment: Vec<(String, String)>,
    /// The time.
    pub clock: Clock,
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

/// Why a service cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A directory or file cannot be made.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] yagura_store::StoreError),
    /// The blobs cannot be opened.
    #[error(transparent)]
    Blobs(#[from] yagura_store::BlobError),
    /// The master key cannot be read or made.
    #[error(transparent)]
    MasterKey(#[from] yagura_identity::secrets::MasterKeyError),
    /// What is sealed in the store was sealed with another master key.
    #[error("the master key is not the one that this database was made with")]
    OtherMasterKey(#[source] yagura_identity::secrets::OpenError),
    /// The certificate authority is unusable.
    #[error("cannot use the certificate authority")]
    Authority(#[source] yagura_identity::ca::CaError),
    /// Account or region have not the form of one.
    #[error("`{account}` and `{region}` are no account (12 digits) and region")]
    Home {
        /// The account.
        account: String,
        /// The region.
        region: String,
    },
    /// A secret cannot be made or sealed.
    #[error("cannot make a secret")]
    Secret(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl OpenError {
    fn secret(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Secret(source.into())
    }
}

/// Opens the service; a first start makes what is missing.
///
/// # Errors
/// See [`OpenError`].
pub fn open(opening: &Opening) -> Result<App, OpenError> {
    let data_dir = &opening.data_dir;
    make_private(data_dir)?;
    let keys = match &opening.master_key {
        Some(text) => MasterKey::from_text(text)?,
        None => MasterKey::load_or_create(&data_dir.join("master.key"))?,
    };
    let store = match &opening.database_url {
        Some(url) => Store::open_postgres(url)?,
        None => {
            make_file_private(&data_dir.join("yagura.db"))?;
            Store::open_sqlite(data_dir)?
        }
    };
    let folder = data_dir.join("blobs");
    let location = opening.blobs.clone().unwrap_or_else(|| folder.display().to_string());
    let blobs = open_blobs(&location, opening.environment.clone())?;
    let now = (opening.clock)();
    let home = store.write(|tx| home(tx, opening, now))?;
    let authority = store.write(|tx| authority(tx, &keys, now))?;
    let mut settings = Settings::new(home);
    store.read(|tx| super::configuration::load(tx, &mut settings))?;
    write_beside(&data_dir.join("ca.pem"), authority.certificate_pem().as_bytes())?;
    Ok(App::new(Parts {
        store,
        blobs,
        clock: opening.clock.clone(),
        settings,
        index: Box::new(DataDirIndex(data_dir.clone())),
        keys,
        authority,
    }))
}

/// Chooses account and region: those given, else those chosen before, else the defaults.
fn home(tx: &mut Tx<'_>, opening: &Opening, now: Timestamp) -> Result<Scope, OpenError> {
    tx.lock("server")?;
    let kept = tx.setting(SERVER, HOME)?;
    let (kept_account, kept_region) = kept.as_deref().and_then(|kept| kept.split_once('/')).unzip();
    let account = opening.account.as_deref().or(kept_account).unwrap_or("123456789012").to_owned();
    let region = opening.region.as_deref().or(kept_region).unwrap_or("us-east-1").to_owned();
    let home = Scope::new(&account, &region)
        .ok_or_else(|| OpenError::Home { account: account.clone(), region: region.clone() })?;
    tx.put_setting(SERVER, HOME, &format!("{account}/{region}"))?;
    tx.account_since(&account, now)?;
    Ok(home)
}

/// Reads the authority of the store, or makes the first one.
fn authority(tx: &mut Tx<'_>, keys: &MasterKey, now: Timestamp) -> Result<CertificateAuthority, OpenError> {
    tx.lock("server")?;
    if let (Some(certificate), Some(sealed)) = (tx.setting(SERVER, CA_CERTIFICATE)?, tx.setting(SERVER, CA_KEY)?) {
        let key = keys.open(CA_CONTEXT, &from_hex(&sealed)).map_err(OpenError::OtherMasterKey)?;
        let key = SecretText::new(String::from_utf8_lossy(&key).into_owned());
        return CertificateAuthority::from_pem(&CaPem { certificate, key }).map_err(OpenError::Authority);
    }
    let made = CertificateAuthority::create(now, "Yagura").map_err(OpenError::Authority)?;
    let pem = made.to_pem();
    let sealed = keys.seal(CA_CONTEXT, pem.key.expose().as_bytes()).map_err(OpenError::secret)?;
    tx.put_setting(SERVER, CA_CERTIFICATE, &pem.certificate)?;
    tx.put_setting(SERVER, CA_KEY, &to_hex(&sealed))?;
    Ok(made)
}

/// An access key that was just made or that the operator may see.
#[derive(Debug, Clone)]
pub struct ShownKey {
    /// `AKIA…`.
    pub id: String,
    /// The secret.
    pub secret: SecretText,
    /// Made just now.
    pub is_new: bool,
}

impl App {
    /// Returns the first administrator's access key, made with its user if there is none yet.
    ///
    /// # Errors
    /// When the store refuses, or the key was sealed with another master key.
    pub fn first_key(&self) -> Result<ShownKey, AppError> {
        let now = self.now();
        let account = self.settings.home.account.clone();
        self.store.write(|tx| {
            tx.lock("server")?;
            if let Some(kept) = tx.keys_of_user(&account, FIRST_USER)?.into_iter().find(|key| key.active) {
                let secret = self.open_secret(&kept)?;
                return Ok(ShownKey { id: kept.id, secret, is_new: false });
            }
            tx.put_user(&account, FIRST_USER, "Administrator", now)?;
            let key = AccessKey::generate(AccessKeyKind::Permanent).map_err(AppError::internal)?;
            let sealed = self.keys.seal(&secret_context(&key.id), key.secret.expose().as_bytes());
            tx.insert_access_key(&StoredAccessKey {
                id: key.id.clone(),
                account: account.clone(),
                user: FIRST_USER.to_owned(),
                secret_sealed: sealed.map_err(AppError::internal)?,
                token_hash: None,
                expires_at: None,
                active: true,
                created_at: now,
                last_used_at: None,
            })?;
            Ok(ShownKey { id: key.id, secret: key.secret, is_new: true })
        })
    }

    /// Returns an access key of the home account with its secret, for whoever holds the master key.
    ///
    /// # Errors
    /// When there is no such key, or it was sealed with another master key.
    pub fn shown_key(&self, id: &str) -> Result<ShownKey, AppError> {
        let account = &self.settings.home.account;
        let kept = self.store.read(|tx| Ok::<_, AppError>(tx.access_key(id)?))?;
        let kept = kept
            .filter(|key| key.account == *account)
            .ok_or_else(|| AppError::Validation(format!("there is no access key `{id}`")))?;
        let secret = self.open_secret(&kept)?;
        Ok(ShownKey { id: kept.id, secret, is_new: false })
    }

    /// Opens the secret of a kept access key.
    ///
    /// # Errors
    /// When it was sealed with another master key.
    pub fn open_secret(&self, key: &StoredAccessKey) -> Result<SecretText, AppError> {
        let opened = self.keys.open(&secret_context(&key.id), &key.secret_sealed).map_err(AppError::internal)?;
        Ok(SecretText::new(String::from_utf8_lossy(&opened).into_owned()))
    }
}

/// What the secret of an access key is sealed for.
pub fn secret_context(id: &str) -> String {
    format!("access-key/{id}")
}

fn make_private(folder: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| OpenError::Write { path: folder.to_owned(), source })
}

/// The database tells what is wrong with every host: it is its owner's alone. SQLite's files beside
/// it take over its mode.
fn make_file_private(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|source| OpenError::Write { path: path.to_owned(), source })
}

/// Writes a file whole: beside, synced, renamed.
///
/// # Errors
/// When the disk refuses.
pub fn write_beside(path: &Path, bytes: &[u8]) -> Result<(), OpenError> {
    use std::io::Write as _;
    let failed = |source| OpenError::Write { path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = folder.join(format!(".{name}-{}", uuid::Uuid::new_v4().simple()));
    let written = std::fs::File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| std::fs::rename(&beside, path));
    if renamed.is_err() {
        // The first error is the one to report.
        let _ = std::fs::remove_file(&beside);
    }
    renamed.map_err(failed)
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
