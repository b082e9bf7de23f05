//! What the service remembers: the only SQL of the house, and the blobs.
//!
//! [`Store`] is the whole interface. [`Store::write`] runs a closure in one transaction with a
//! [`Tx`], whose typed methods stand in one file a noun; [`Store::read`] the same without the
//! right to change anything. What a closure did is there as a whole or not at all.
//!
//! Below [`Tx`] lies one trait, [`Database`], with two drivers: SQLite inside the program, and
//! PostgreSQL by URL. The SQL is written once, in the part of the language that both speak;
//! `?1` stands for the first value on both.
//!
//! # Invariants
//!
//! - Every table carries the account.
//! - Only this crate contains SQL.
//! - A schema change is a new numbered file in `schema/`; a file that has shipped never changes.
//! - Work is blocking. Who runs an async runtime calls from a blocking thread.

mod access_keys;
mod accounts;
mod agents;
mod audit;
mod blobs;
mod cascade;
mod certificates;
mod chunks;
mod database;
mod error;
mod events;
mod exclusions;
mod finding_list;
mod finding_walk;
mod findings;
mod groups;
mod migrate;
mod notifications;
mod pool;
mod postgres_driver;
mod posture;
mod previews;
mod question;
mod rematch;
mod report_walk;
mod reports;
mod retention;
mod roles;
mod rule_results;
mod run_agents;
mod runs;
mod settings;
mod shapes;
mod snapshots;
mod sqlite;
mod subscriptions;
mod tags;
mod targets;
mod telemetry;
mod templates;
mod tokens;
mod tx;
mod usage;
mod users;
mod value;

use std::path::Path;

pub use access_keys::StoredAccessKey;
pub use agents::AgentNonces;
pub use audit::{AuditFile, AuditHead, StoredRecord};
pub use blobs::{BLOB_BYTES_MAX, BlobEntry, BlobError, Blobs, open_blobs, valid_blob_name};
pub use certificates::StoredCertificate;
pub use chunks::StoredChunk;
pub use database::{Database, Dialect, Statements, Work};
pub use error::StoreError;
pub use events::Event;
pub use exclusions::{ExclusionScope, StoredExclusion};
pub use finding_list::{FindingFilter, ListedFinding};
pub use finding_walk::FindingPosition;
pub use findings::{FindingText, StoredFinding};
pub use notifications::Notification;
pub use pool::Waits;
pub use posture::{PostureChange, PostureEntry, PostureRecord};
pub use previews::Preview;
pub use rematch::{KnownPackage, Rematch, RematchChange};
pub use report_walk::{JudgedHow, WalkedAgent};
pub use reports::{ReportKey, ReportStatus, StoredReport};
pub use retention::{Doomed, DoomedReport};
pub use roles::CustomRole;
pub use rule_results::{RuleOutcome, RuleResult, RuleTally};
pub use run_agents::{Phase, RunAgent};
pub use runs::RunFilter;
pub use snapshots::StoredSnapshot;
pub use subscriptions::Subscription;
pub use telemetry::Telemetry;
pub use templates::TemplateFilter;
pub use tokens::StoredToken;
pub use tx::Tx;
pub use users::StoredUser;
pub use value::{Row, Value};

/// The database and what stands beside it.
pub struct Store {
    database: Box<dyn Database>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("database", &self.database.describe()).finish()
    }
}

impl Store {
    /// Opens the SQLite database `yagura.db` in `data_dir`, made if it is not there, and brings
    /// its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, is no database, or was written by a newer version.
    pub fn open_sqlite(data_dir: &Path) -> Result<Self, StoreError> {
        Self::open_sqlite_with(data_dir, Waits::default())
    }

    /// Connects to PostgreSQL and brings the schema up to date.
    ///
    /// # Errors
    /// When the URL is not one, the server cannot be reached, or a newer version wrote the schema.
    pub fn open_postgres(url: &str) -> Result<Self, StoreError> {
        Self::open_postgres_with(url, Waits::default())
    }

    /// Opens the SQLite database as [`Store::open_sqlite`] does, with other waits.
    ///
    /// # Errors
    /// Those of [`Store::open_sqlite`].
    pub fn open_sqlite_with(data_dir: &Path, waits: Waits) -> Result<Self, StoreError> {
        Self::start(Box::new(sqlite::Sqlite::open(&data_dir.join("yagura.db"), waits)?))
    }

    /// Connects to PostgreSQL as [`Store::open_postgres`] does, with other waits.
    ///
    /// # Errors
    /// Those of [`Store::open_postgres`].
    pub fn open_postgres_with(url: &str, waits: Waits) -> Result<Self, StoreError> {
        Self::start(Box::new(postgres_driver::Postgres::connect(url, waits)?))
    }

    fn start(database: Box<dyn Database>) -> Result<Self, StoreError> {
        migrate::run(database.as_ref())?;
        Ok(Self { database })
    }

    /// Runs `work` in one transaction that may change things. An error undoes all of it.
    ///
    /// `work` may run again after a conflict with another transaction, or when the connection to
    /// the database broke, so it must have no effect outside the transaction. A statement that
    /// failed cannot be passed over: the transaction is undone even if `work` is content.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError`] when the transaction cannot begin or commit.
    pub fn write<T, E: From<StoreError>>(&self, mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        self.transact(true, &mut work)
    }

    /// Runs `work` on one consistent state that it cannot change.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError`] when the database cannot be read.
    pub fn read<T, E: From<StoreError>>(&self, mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        self.transact(false, &mut work)
    }

    fn transact<T, E: From<StoreError>>(
        &self,
        writes: bool,
        work: &mut dyn FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut answer: Option<Result<T, E>> = None;
        let outcome = self.database.transact(writes, &mut |statements| {
            let mut tx = Tx::new(statements);
            let done = work(&mut tx);
            // PostgreSQL would let nothing of the transaction stay, and SQLite a part of it.
            if done.is_ok() && tx.has_failed() {
                answer = None;
                return Err(StoreError::Undone);
            }
            let outcome = if done.is_ok() { Ok(()) } else { Err(StoreError::Undone) };
            answer = Some(done);
            outcome
        });
        match (outcome, answer) {
            (Ok(()), Some(answer)) => answer,
            (Err(StoreError::Undone), Some(answer)) => answer,
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::Undone.into()),
        }
    }

    /// Tells which of the two databases it is.
    pub fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    /// Copies the whole database, as it is at one moment, into an SQLite file while others work.
    ///
    /// # Errors
    /// When the copy cannot be written, or the database has no such way: PostgreSQL has its own.
    pub fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        self.database.copy_to(path)
    }

    /// Names the database for people: a path, or host and name without the password.
    pub fn describe(&self) -> String {
        self.database.describe()
    }
}
