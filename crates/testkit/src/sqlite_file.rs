//! SQLite files made by SQLite itself, for tests of our own reader.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use rusqlite::{Connection, ToSql};
use tempfile::TempDir;

/// A database in a folder of its own, open for writing.
#[derive(Debug)]
pub struct SqliteFile {
    dir: TempDir,
    connection: Connection,
}

/// What the file is called in its folder.
const NAME: &str = "db";

impl SqliteFile {
    /// Makes a database with settings such as `page_size = 512`.
    ///
    /// # Panics
    /// When it cannot be made; so does every other function here.
    pub fn new(settings: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let connection = Connection::open(dir.path().join(NAME)).unwrap();
        let file = Self { dir, connection };
        file.set("synchronous = OFF");
        file.set("foreign_keys = OFF");
        for setting in settings {
            file.set(setting);
        }
        file
    }

    /// Changes a setting, or asks for something that SQLite calls so: `wal_checkpoint(PASSIVE)`.
    pub fn set(&self, setting: &str) {
        self.run(&format!("PRAGMA {setting}"));
    }

    /// Makes a table; `columns` is all that stands in its parentheses.
    pub fn table(&self, name: &str, columns: &str) {
        self.run(&format!("CREATE TABLE {name} ({columns})"));
    }

    /// Adds a row to a table.
    pub fn insert(&self, table: &str, columns: &[&str], values: &[&dyn ToSql]) {
        let marks = vec!["?"; values.len()].join(", ");
        let sql = format!("INSERT INTO {table} ({}) VALUES ({marks})", columns.join(", "));
        self.connection.execute(&sql, values).unwrap();
    }

    /// Takes rows out of a table.
    pub fn delete(&self, table: &str, condition: &str) {
        self.run(&format!("DELETE FROM {table} WHERE {condition}"));
    }

    /// Begins a transaction.
    pub fn begin(&self) {
        self.run("BEGIN");
    }

    /// Ends it.
    pub fn commit(&self) {
        self.run("COMMIT");
    }

    fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }

    /// Reads the files that there are now: the suffix (`-wal`, `-journal`, nothing) and the bytes.
    pub fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let read =
            |suffix: &'static str| Some((suffix, std::fs::read(self.dir.path().join(format!("{NAME}{suffix}"))).ok()?));
        ["", "-wal", "-journal"].into_iter().filter_map(read).collect()
    }

    /// Closes the database and moves its file.
    pub fn move_to(self, path: &Path) {
        drop(self.connection);
        std::fs::copy(self.dir.path().join(NAME), path).unwrap();
    }
}
