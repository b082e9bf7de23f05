//! The one trait below the typed methods: a database with transactions.

use crate::{Row, StoreError, Value};

/// Work done on a transaction.
pub type Work<'w> = &'w mut dyn FnMut(&mut dyn Statements) -> Result<(), StoreError>;

/// A database with transactions.
pub trait Database: Send + Sync {
    /// Runs `work` in one transaction and commits it; an error undoes it. The driver runs the
    /// work again when the database asks for that after a conflict.
    ///
    /// # Errors
    /// Those of the work, and the driver's own.
    fn transact(&self, writes: bool, work: Work<'_>) -> Result<(), StoreError>;

    /// Names the database for people, without secrets.
    fn describe(&self) -> String;

    /// Which of the two it is.
    fn dialect(&self) -> Dialect;

    /// Copies the whole database, as it is at one moment, into an SQLite file while others work.
    ///
    /// # Errors
    /// When the copy cannot be written, or the database has no such way.
    fn copy_to(&self, path: &std::path::Path) -> Result<(), StoreError>;
}

/// What differs between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// Statements of one transaction. `?1` stands for the first value.
pub trait Statements {
    /// Runs a statement and returns how many rows it changed.
    ///
    /// # Errors
    /// When the database refuses.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError>;

    /// Runs a question and returns its rows.
    ///
    /// # Errors
    /// When the database refuses.
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// Runs several statements without values, separated by semicolons.
    ///
    /// # Errors
    /// When the database refuses one.
    fn batch(&mut self, sql: &str) -> Result<(), StoreError>;

    /// Which of the two it is.
    fn dialect(&self) -> Dialect;

    /// Whether the transaction may change things.
    fn writes(&self) -> bool;
}
