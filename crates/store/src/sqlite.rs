//! SQLite inside the program: one writer, a few readers, write-ahead log.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::database::{Database, Dialect, Statements, Work};
use crate::pool::{Pool, Waits};
use crate::{Row, StoreError, Value};

/// Readers that may work at once; more wait.
const READERS_MAX: usize = 8;
const STATEMENTS_CACHED: usize = 200;

pub(crate) struct Sqlite {
    path: PathBuf,
    lock_wait: Duration,
    /// One.
    writer: Pool<Connection>,
    readers: Pool<Connection>,
}

impl Sqlite {
    pub(crate) fn open(path: &Path, waits: Waits) -> Result<Self, StoreError> {
        let database = Self {
            path: path.to_owned(),
            lock_wait: waits.lock,
            writer: Pool::new(1, waits.connection),
            readers: Pool::new(READERS_MAX, waits.connection),
        };
        database.writer.take(|| database.connect(true))?.keep();
        Ok(database)
    }

    fn connect(&self, writes: bool) -> Result<Connection, StoreError> {
        connect(&self.path, self.lock_wait, writes)
    }
}

fn connect(path: &Path, lock_wait: Duration, writes: bool) -> Result<Connection, StoreError> {
    let shown = path.display().to_string();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| StoreError::open(&shown, error))?;
    let prepare = || -> rusqlite::Result<()> {
        connection.busy_timeout(lock_wait)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        write_ahead(&connection, lock_wait)?;
        // What is acknowledged must outlive a power cut, not only a killed process.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        // PostgreSQL's LIKE minds the case, and so do the API's patterns.
        connection.pragma_update(None, "case_sensitive_like", "ON")?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "cache_size", -16_384)?;
        connection.pragma_update(None, "journal_size_limit", 67_108_864)?;
        // Who said that it only reads is held to it, as on PostgreSQL.
        connection.pragma_update(None, "query_only", if writes { "OFF" } else { "ON" })
    };
    prepare().map_err(|error| translated(error).unwrap_or_else(|error| StoreError::open(&shown, error)))?;
    Ok(connection)
}

/// Turns the write-ahead log on. The mode stays with the file, so this does something once in its
/// life; two processes that make the file at the same moment do not wait for each other in that,
/// whatever the busy timeout says.
fn write_ahead(connection: &Connection, lock_wait: Duration) -> rusqlite::Result<()> {
    const PAUSE: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(rusqlite::Error::SqliteFailure(failure, _))
                if failure.code == ErrorCode::DatabaseBusy && waited < lock_wait =>
            {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            outcome => return outcome,
        }
    }
}

impl Database for Sqlite {
    fn transact(&self, writes: bool, work: Work<'_>) -> Result<(), StoreError> {
        let pool = if writes { &self.writer } else { &self.readers };
        let mut lent = pool.take(|| self.connect(writes))?;
        let outcome = run(&mut lent, writes, work);
        lent.keep();
        outcome
    }

    fn describe(&self) -> String {
        self.path.display().to_string()
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        // All pages in one step: with the write-ahead log that holds up no writer, while smaller steps
        // would begin anew whenever another process writes in between.
        const ALL_PAGES: std::ffi::c_int = -1;
        let source = self.readers.take(|| self.connect(false))?;
        let copy = || -> rusqlite::Result<rusqlite::backup::StepResult> {
            let mut target = Connection::open(path)?;
            let backup = rusqlite::backup::Backup::new(&source, &mut target)?;
            backup.step(ALL_PAGES)
        };
        let outcome = match copy() {
            Ok(rusqlite::backup::StepResult::Done) => Ok(()),
            Ok(_) => Err(StoreError::Busy),
            Err(error) => Err(failed("backup", error)),
        };
        source.keep();
        outcome
    }
}

fn run(connection: &mut Connection, writes: bool, work: Work<'_>) -> Result<(), StoreError> {
    // One that writes takes the lock at its beginning; otherwise it could be refused in its middle.
    let behavior = if writes { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
    let transaction = connection.transaction_with_behavior(behavior).map_err(|error| failed("BEGIN", error))?;
    // Dropped without a commit, it rolls back.
    work(&mut Inside { connection: &transaction, writes })?;
    transaction.commit().map_err(|error| failed("COMMIT", error))
}

struct Inside<'c> {
    connection: &'c Connection,
    writes: bool,
}

impl Statements for Inside<'_> {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let run = || -> rusqlite::Result<usize> {
            self.connection.prepare_cached(sql)?.execute(rusqlite::params_from_iter(values.iter()))
        };
        let changed = run().map_err(|error| failed(sql, error))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let run = || -> rusqlite::Result<Vec<Row>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let columns = statement.column_count();
            let mut rows = statement.query(rusqlite::params_from_iter(values.iter()))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let values: rusqlite::Result<Vec<Value>> =
                    (0..columns).map(|column| row.get_ref(column).map(owned)).collect();
                found.push(Row::new(values?));
            }
            Ok(found)
        };
        run().map_err(|error| failed(sql, error))
    }

    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(|error| failed(sql, error))
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn writes(&self) -> bool {
        self.writes
    }
}

fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(value) => Value::Text(String::from_utf8_lossy(value).into_owned()),
        ValueRef::Blob(value) => Value::Blob(value.to_vec()),
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

fn failed(sql: &str, error: rusqlite::Error) -> StoreError {
    translated(error).unwrap_or_else(|error| StoreError::statement(sql, error))
}

/// Gives the errors that callers tell apart their own kind, and the others back.
fn translated(error: rusqlite::Error) -> Result<StoreError, rusqlite::Error> {
    let rusqlite::Error::SqliteFailure(failure, message) = &error else { return Err(error) };
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Ok(StoreError::Busy),
        ErrorCode::DiskFull => Ok(StoreError::Full),
        ErrorCode::ConstraintViolation => Ok(StoreError::Conflict(message.clone().unwrap_or_default())),
        _ => Err(error),
    }
}
