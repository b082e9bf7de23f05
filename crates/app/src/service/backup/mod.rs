//! One file with everything that a service is, made while it runs, and the way back.
//!
//! The file is a zstd-packed tar:
//!
//! ```text
//! format.json            {"yaguraBackup":1}: what this is
//! yagura.db              the SQLite database at one moment; none where PostgreSQL is used
//! ca.pem                 what clients and agents trust
//! master.key             only where it was asked for
//! blobs/…                every blob that the database refers to
//! manifest.json          versions, and each member's size and SHA-256
//! ```
//!
//! The database is copied first and the blobs follow, so that whatever the copy refers to was
//! there when it was made. What retention deletes in between is named in the manifest.
//!
//! - `write`: makes such a file.
//! - `restore`: unpacks one into an empty data directory.
//!
//! # Invariants
//!
//! - A backup appears under its name whole or not at all.
//! - Nothing of an archive is put in place before all of it was checked.
//! - An archive is hostile: its names are ours or refused, its sizes bounded, links are no members.

mod restore;
#[cfg(test)]
mod tests;
mod write;

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use restore::{Restored, Restoring, restore};
pub use write::{Backup, backup};

/// The form of the file.
pub const BACKUP_FORMAT: u32 = 1;
/// Members that an archive may have.
pub const MEMBERS_MAX: u64 = 2_000_000;
/// Bytes that all members together may have: 16 TiB.
pub const CONTENT_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024 * 1024;
/// Bytes of the manifest; a member has a line of some 200.
pub const MANIFEST_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Bytes of the first member, of the key and of the certificate.
const SMALL_BYTES_MAX: u64 = 64 * 1024;

const FORMAT: &str = "format.json";
const DATABASE: &str = "yagura.db";
const CA: &str = "ca.pem";
const MASTER_KEY: &str = "master.key";
const BLOBS: &str = "blobs/";
const MANIFEST: &str = "manifest.json";

/// The first member: what this file is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Format {
    yagura_backup: u32,
}

/// The last member: what there should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The form of the file.
    pub format: u32,
    /// The version of the program that made it.
    pub version: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// `sqlite` with the database inside, `postgres` without.
    pub database: String,
    /// Names the master key that the secrets inside are sealed with.
    pub master_key_id: String,
    /// Blobs that the database refers to and that were not there.
    pub missing_blobs: Vec<String>,
    /// Every member before this one, in their order.
    pub members: Vec<Member>,
}

/// A member of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its content.
    pub sha256: String,
}

/// Why a backup was not made or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("cannot {action} `{}`", path.display())]
    File {
        /// `read`, `write` …
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The archive is cut, damaged or something else.
    #[error("`{}` is not a whole backup", path.display())]
    Broken {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: std::io::Error,
    },
    /// The archive has what no backup of ours has, or lacks what it says to have.
    #[error("`{}` is not a backup that can be used: {why}", path.display())]
    Invalid {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A newer program made it.
    #[error("`{}` has the backup format {found}, and this program reads up to {BACKUP_FORMAT}", path.display())]
    Newer {
        /// The archive.
        path: PathBuf,
        /// The format that it names.
        found: u32,
    },
    /// There is something already.
    #[error("`{}` is not empty; a backup is restored into an empty data directory", path.display())]
    NotEmpty {
        /// The data directory.
        path: PathBuf,
    },
    /// The key given is not the one that the service uses.
    #[error("the master key given is not the one that the service uses")]
    OtherMasterKey,
    /// The database refuses.
    #[error(transparent)]
    Store(#[from] yagura_store::StoreError),
    /// The place of the blobs refuses.
    #[error(transparent)]
    Blobs(#[from] yagura_store::BlobError),
    /// The master key given is none.
    #[error(transparent)]
    MasterKey(#[from] yagura_identity::secrets::MasterKeyError),
}
