//! PostgreSQL by URL: a small pool of blocking connections.

use std::error::Error;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use postgres::types::{IsNull, ToSql, Type};
use postgres::{Client, Config, IsolationLevel, NoTls};

use crate::database::{Database, Dialect, Statements, Work};
use crate::{Row, StoreError, Value};

/// Connections that one server opens.
const CONNECTIONS_MAX: usize = 16;
/// Times that a transaction is run again after a conflict with another.
const RETRIES_MAX: usize = 5;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) struct Postgres {
    config: Config,
    described: String,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Client>,
    lent: usize,
}

impl Postgres {
    pub(crate) fn connect(url: &str) -> Result<Self, StoreError> {
        let mut config: Config =
            url.parse().map_err(|error: postgres::Error| StoreError::open("the database URL", error))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("yagura");
        }
        let hosts: Vec<String> = config
            .get_hosts()
            .iter()
            .map(|host| match host {
                postgres::config::Host::Tcp(name) => name.clone(),
                postgres::config::Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        let described = format!("postgresql://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default());
        let database = Self { config, described, pool: Mutex::new(Pool::default()), returned: Condvar::new() };
        let client = database.borrow()?;
        database.give_back(client);
        Ok(database)
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn borrow(&self) -> Result<Client, StoreError> {
        let mut pool = self.lock();
        loop {
            while let Some(client) = pool.idle.pop() {
                if !client.is_closed() {
                    pool.lent += 1;
                    return Ok(client);
                }
            }
            if pool.lent < CONNECTIONS_MAX {
                pool.lent += 1;
                drop(pool);
                return self.open().inspect_err(|_| {
                    self.lock().lent -= 1;
                    self.returned.notify_one();
                });
            }
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn open(&self) -> Result<Client, StoreError> {
        self.config.connect(NoTls).map_err(|error| StoreError::open(&self.described, error))
    }

    fn give_back(&self, client: Client) {
        let mut pool = self.lock();
        pool.lent -= 1;
        if !client.is_closed() {
            pool.idle.push(client);
        }
        self.returned.notify_one();
    }
}

impl Database for Postgres {
    fn transact(&self, writes: bool, work: Work<'_>) -> Result<(), StoreError> {
        let mut tries = 0;
        loop {
            let mut client = self.borrow()?;
            let outcome = run(&mut client, writes, work);
            self.give_back(client);
            tries += 1;
            match outcome {
                // A deadlock, a serialization failure, or a server that was restarted.
                Err(StoreError::Busy) if tries <= RETRIES_MAX => {}
                outcome => return outcome,
            }
        }
    }

    fn describe(&self) -> String {
        self.described.clone()
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn copy_to(&self, _path: &Path) -> Result<(), StoreError> {
        Err(StoreError::Schema("a PostgreSQL database is backed up by its own tools (pg_dump)".into()))
    }
}

fn run(client: &mut Client, writes: bool, work: Work<'_>) -> Result<(), StoreError> {
    // Readers see one state through all their statements; writers see what others committed.
    let level = if writes { IsolationLevel::ReadCommitted } else { IsolationLevel::RepeatableRead };
    let begun = client.build_transaction().isolation_level(level).read_only(!writes).start();
    let mut transaction = begun.map_err(|error| failed("BEGIN", error))?;
    // Dropped without a commit, it rolls back.
    work(&mut Inside { transaction: &mut transaction })?;
    transaction.commit().map_err(|error| failed("COMMIT", error))
}

struct Inside<'i, 't> {
    transaction: &'i mut postgres::Transaction<'t>,
}

impl Statements for Inside<'_, '_> {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        self.transaction.execute(&dollars(sql), &values).map_err(|error| failed(sql, error))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let rows = self.transaction.query(&dollars(sql), &values).map_err(|error| failed(sql, error))?;
        rows.iter().map(|row| owned(sql, row)).collect()
    }

    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.transaction.batch_execute(sql).map_err(|error| failed(sql, error))
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }
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

fn failed(sql: &str, error: postgres::Error) -> StoreError {
    const SERIALIZATION: &str = "40001";
    const DEADLOCK: &str = "40P01";
    const DISK_FULL: &str = "53100";
    let Some(code) = error.code().map(|code| code.code().to_owned()) else {
        // The connection broke; nothing of the transaction is there.
        return if error.is_closed() { StoreError::Busy } else { StoreError::statement(sql, error) };
    };
    match code.as_str() {
        SERIALIZATION | DEADLOCK => StoreError::Busy,
        DISK_FULL => StoreError::Full,
        _ if code.starts_with("23") => StoreError::Conflict(error.to_string()),
        // The server is shutting down or starting up.
        _ if code.starts_with("57P") => StoreError::Busy,
        _ => StoreError::statement(sql, error),
    }
}
