//! PostgreSQL by URL: a small pool of blocking connections.
//!
//! - `address`: the URL, and how far the server is trusted.
//! - `tls`: the encrypted way to it.
//!
//! # Invariants
//!
//! - A transaction that lost against another one, or whose connection broke, runs again, whatever
//!   its work made of the failed statement.
//! - A transaction whose `COMMIT` was sent and not answered is looked up by its number before it
//!   would run again, so that it happens once.

mod address;
mod tls;

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

use postgres::types::{IsNull, ToSql, Type};
use postgres::{Client, SimpleQueryMessage, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::address::Address;
use crate::database::{Database, Dialect, Statements, Work};
use crate::pool::{Lent, Pool, Waits};
use crate::{Row, StoreError, Value};

/// Connections that one server opens.
const CONNECTIONS_MAX: usize = 16;
/// Times that a transaction is run again after a conflict with another.
const RETRIES_MAX: u32 = 10;
/// The first pause before a transaction runs again; each is longer by it than the one before.
const RETRY_PAUSE: Duration = Duration::from_millis(5);
/// The first pause before a server that went away is asked for again; each is twice the one before.
const RECONNECT_PAUSE: Duration = Duration::from_millis(50);
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(1);
/// Statements that a connection keeps prepared.
const STATEMENTS_CACHED: usize = 200;

pub(crate) struct Postgres {
    address: Address,
    tls: MakeRustlsConnect,
    waits: Waits,
    pool: Pool<Connection>,
}

/// A connection with what it has prepared.
struct Connection {
    client: Client,
    prepared: HashMap<String, Statement>,
}

impl Connection {
    /// Prepares a statement once; the server then reads and plans it no more.
    fn prepared(&mut self, sql: &str) -> Result<Statement, postgres::Error> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&dollars(sql))?;
        if self.prepared.len() >= STATEMENTS_CACHED {
            self.prepared.clear();
        }
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Postgres {
    pub(crate) fn connect(url: &str, waits: Waits) -> Result<Self, StoreError> {
        let address = Address::parse(url)?;
        let tls = tls::connector(&address.trust)?;
        let database = Self { address, tls, waits, pool: Pool::new(CONNECTIONS_MAX, waits.connection) };
        database.pool.take(|| database.open())?.keep();
        Ok(database)
    }

    fn borrow(&self) -> Result<Lent<'_, Connection>, StoreError> {
        loop {
            let lent = self.pool.take(|| self.open())?;
            // One that is known to be broken is dropped, and its place is free again.
            if !lent.client.is_closed() {
                return Ok(lent);
            }
        }
    }

    fn open(&self) -> Result<Connection, StoreError> {
        let connected = self.address.config.connect(self.tls.clone());
        let mut client = connected.map_err(|error| StoreError::open(&self.address.described, error))?;
        // Who waits for another's lock for longer is told that the database is busy.
        let milliseconds = self.waits.lock.as_millis();
        client.batch_execute(&format!("SET lock_timeout = {milliseconds}")).map_err(|error| failed("SET", error))?;
        Ok(Connection { client, prepared: HashMap::new() })
    }

    /// Waits for a server that went away and returns a connection to it.
    fn open_again(&self, patience: &mut Patience) -> Result<Lent<'_, Connection>, StoreError> {
        loop {
            match self.borrow() {
                Ok(lent) => return Ok(lent),
                Err(error) if !patience.pause() => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// Tells whether a transaction was committed whose `COMMIT` was not answered.
    fn is_committed(&self, number: &str, patience: &mut Patience) -> Result<bool, StoreError> {
        loop {
            let mut lent = self.open_again(patience)?;
            let question = format!("SELECT pg_xact_status('{number}'::xid8)");
            let status = lent.client.simple_query(&question).map(|answer| first_text(&answer));
            match status.as_ref().map(Option::as_deref) {
                Ok(Some("committed")) => {
                    lent.keep();
                    return Ok(true);
                }
                Ok(Some("aborted")) => {
                    lent.keep();
                    return Ok(false);
                }
                // The server has not noticed yet that we are gone, or it went away again.
                _ if patience.pause() => {}
                _ => return Err(StoreError::Busy),
            }
        }
    }
}

impl Drop for Postgres {
    /// A connection says goodbye when it goes, and waits for that, which nobody may do on a thread
    /// of an async runtime. Who drops the service last is not known, so a thread of its own waits.
    fn drop(&mut self) {
        let idle = self.pool.take_idle();
        // One that panicked has closed its connections all the same.
        let _ = std::thread::spawn(move || drop(idle)).join();
    }
}

/// How much longer a server that went away is waited for.
struct Patience {
    left: Duration,
    next: Duration,
}

impl Patience {
    /// Waits a little; `false` when that was all.
    fn pause(&mut self) -> bool {
        let pause = self.next.min(self.left);
        if pause.is_zero() {
            return false;
        }
        std::thread::sleep(pause);
        self.left -= pause;
        self.next = (self.next * 2).min(RECONNECT_PAUSE_MAX);
        true
    }
}

impl Database for Postgres {
    fn transact(&self, writes: bool, work: Work<'_>) -> Result<(), StoreError> {
        let mut conflicts = 0;
        let mut patience = Patience { left: self.waits.server, next: RECONNECT_PAUSE };
        let mut lent = self.borrow()?;
        loop {
            match attempt(&mut lent, writes, work) {
                End::Over { outcome, usable } => {
                    if usable {
                        lent.keep();
                    }
                    return outcome;
                }
                End::Conflict => {
                    conflicts += 1;
                    if conflicts > RETRIES_MAX {
                        return Err(StoreError::Busy);
                    }
                    std::thread::sleep(RETRY_PAUSE * conflicts);
                }
                End::Lost { sent_commit } => {
                    // What else is idle is as dead as this one.
                    drop(lent);
                    self.pool.clear();
                    if let Some(number) = sent_commit
                        && self.is_committed(&number, &mut patience)?
                    {
                        return Ok(());
                    }
                    if !patience.pause() {
                        return Err(StoreError::Busy);
                    }
                    lent = self.open_again(&mut patience)?;
                }
            }
        }
    }

    fn describe(&self) -> String {
        self.address.described.clone()
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn copy_to(&self, _path: &Path) -> Result<(), StoreError> {
        Err(StoreError::Schema("a PostgreSQL database is backed up by its own tools (pg_dump)".into()))
    }
}

/// How a try at a transaction ended.
enum End {
    /// There is an outcome, good or bad.
    Over {
        outcome: Result<(), StoreError>,
        /// The connection may be used again.
        usable: bool,
    },
    /// Another transaction was in the way; nothing of this one is left.
    Conflict,
    /// The connection broke.
    Lost {
        /// The transaction's number, if it may have been committed.
        sent_commit: Option<String>,
    },
}

fn attempt(connection: &mut Connection, writes: bool, work: Work<'_>) -> End {
    let number = match begin(&mut connection.client, writes) {
        Ok(number) => number,
        Err(error) => return ended(connection, "BEGIN", error),
    };
    let mut inside = Inside { connection, writes, trouble: None };
    let outcome = work(&mut inside);
    match inside.trouble {
        Some(Trouble::Lost) => return End::Lost { sent_commit: None },
        Some(Trouble::Conflict) => {
            return if roll_back(connection) { End::Conflict } else { End::Lost { sent_commit: None } };
        }
        None => {}
    }
    if outcome.is_err() {
        return End::Over { outcome, usable: roll_back(connection) };
    }
    match connection.client.batch_execute("COMMIT") {
        Ok(()) => End::Over { outcome: Ok(()), usable: true },
        // What was only read has been read.
        Err(_) if !writes => End::Over { outcome: Ok(()), usable: false },
        Err(error) if trouble(&error) == Some(Trouble::Lost) => End::Lost { sent_commit: number },
        Err(error) => ended(connection, "COMMIT", error),
    }
}

/// Begins a transaction and, of one that writes, returns the number.
fn begin(client: &mut Client, writes: bool) -> Result<Option<String>, postgres::Error> {
    if !writes {
        // Readers see one state through all their statements.
        client.batch_execute("START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        return Ok(None);
    }
    // Writers see what others committed meanwhile.
    let answer = client
        .simple_query("START TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_current_xact_id()")?;
    Ok(first_text(&answer))
}

fn ended(connection: &mut Connection, statement: &str, error: postgres::Error) -> End {
    match trouble(&error) {
        Some(Trouble::Lost) => End::Lost { sent_commit: None },
        Some(Trouble::Conflict) if roll_back(connection) => End::Conflict,
        Some(Trouble::Conflict) => End::Lost { sent_commit: None },
        None => End::Over { outcome: Err(failed(statement, error)), usable: roll_back(connection) },
    }
}

fn roll_back(connection: &mut Connection) -> bool {
    connection.client.batch_execute("ROLLBACK").is_ok()
}

fn first_text(answer: &[SimpleQueryMessage]) -> Option<String> {
    answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    })
}

struct Inside<'c> {
    connection: &'c mut Connection,
    writes: bool,
    /// What went wrong with a statement that may go right when all runs again.
    trouble: Option<Trouble>,
}

impl Inside<'_> {
    fn note(&mut self, sql: &str, error: postgres::Error) -> StoreError {
        self.trouble = self.trouble.or_else(|| trouble(&error));
        failed(sql, error)
    }
}

impl Statements for Inside<'_> {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let run = |connection: &mut Connection| {
            let statement = connection.prepared(sql)?;
            connection.client.execute(&statement, &parameters(values))
        };
        run(self.connection).map_err(|error| self.note(sql, error))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let run = |connection: &mut Connection| {
            let statement = connection.prepared(sql)?;
            connection.client.query(&statement, &parameters(values))
        };
        let rows = run(self.connection).map_err(|error| self.note(sql, error))?;
        rows.iter().map(|row| owned(sql, row)).collect()
    }

    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection.client.batch_execute(sql).map_err(|error| self.note(sql, error))
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn writes(&self) -> bool {
        self.writes
    }
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| -> &(dyn ToSql + Sync) { value }).collect()
}

/// `?1` is `$1` here. No statement of ours has a question mark for anything else.
fn dollars(sql: &str) -> String {
    sql.replace('?', "$")
}

fn owned(sql: &str, row: &postgres::Row) -> Result<Row, StoreError> {
    let mut values = Vec::with_capacity(row.len());
    for (index, column) in row.columns().iter().enumerate() {
        let value = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(index).map(Value::from),
            Type::INT4 => row.try_get::<_, Option<i32>>(index).map(|value| value.map(i64::from).into()),
            Type::FLOAT8 => row.try_get::<_, Option<f64>>(index).map(Value::from),
            Type::BOOL => row.try_get::<_, Option<bool>>(index).map(Value::from),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index).map(Value::from),
            Type::VOID => Ok(Value::Null),
            _ => row.try_get::<_, Option<String>>(index).map(Value::from),
        };
        values.push(value.map_err(|error| StoreError::statement(sql, error))?);
    }
    Ok(Row::new(values))
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *kind == Type::INT4 => i32::try_from(*value)?.to_sql(kind, out),
            Self::Int(value) => value.to_sql(kind, out),
            Self::Real(value) => value.to_sql(kind, out),
            Self::Text(value) => value.to_sql(kind, out),
            Self::Blob(value) => value.to_sql(kind, out),
        }
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }

    postgres::types::to_sql_checked!();
}

/// Trouble that may be over when the transaction runs again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// With another transaction.
    Conflict,
    /// The connection is gone.
    Lost,
}

fn trouble(error: &postgres::Error) -> Option<Trouble> {
    const SERIALIZATION: &str = "40001";
    const DEADLOCK: &str = "40P01";
    let Some(code) = error.code() else {
        let broken = error.source().is_some_and(|cause| cause.is::<std::io::Error>());
        return (error.is_closed() || broken).then_some(Trouble::Lost);
    };
    match code.code() {
        SERIALIZATION | DEADLOCK => Some(Trouble::Conflict),
        // The server is shutting down or starting up, or somebody ended the connection.
        code if code.starts_with("57P") || code.starts_with("08") => Some(Trouble::Lost),
        _ => None,
    }
}

fn failed(sql: &str, error: postgres::Error) -> StoreError {
    const DISK_FULL: &str = "53100";
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    const TOO_MANY_CONNECTIONS: &str = "53300";
    if trouble(&error).is_some() {
        return StoreError::Busy;
    }
    match error.as_db_error() {
        Some(refusal) => match refusal.code().code() {
            DISK_FULL => StoreError::Full,
            LOCK_NOT_AVAILABLE | TOO_MANY_CONNECTIONS => StoreError::Busy,
            code if code.starts_with("23") => StoreError::Conflict(refusal.message().to_owned()),
            _ => StoreError::statement(sql, error),
        },
        None => StoreError::statement(sql, error),
    }
}
