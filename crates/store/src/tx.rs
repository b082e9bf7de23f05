//! One transaction: the door to the typed methods.

use crate::database::{Dialect, Statements};
use crate::{Row, StoreError, Value};

/// One transaction. The typed methods stand in one file a noun.
pub struct Tx<'t> {
    statements: &'t mut dyn Statements,
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tx")
    }
}

impl<'t> Tx<'t> {
    pub(crate) fn new(statements: &'t mut dyn Statements) -> Self {
        Self { statements }
    }

    pub(crate) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        self.statements.execute(sql, values)
    }

    pub(crate) fn query<T>(
        &mut self,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&mut Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut read = read;
        self.statements.query(sql, values)?.iter_mut().map(&mut read).collect()
    }

    pub(crate) fn query_one<T>(
        &mut self,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&mut Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.query(sql, values, read)?.into_iter().next())
    }

    /// Holds a named lock until the transaction ends, so that a limit is counted and used by one
    /// caller at a time. SQLite has one writer anyway.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn lock(&mut self, name: &str) -> Result<(), StoreError> {
        if self.statements.dialect() == Dialect::Postgres {
            self.statements.query("SELECT pg_advisory_xact_lock(hashtextextended(?1, 0))", &[name.into()])?;
        }
        Ok(())
    }

    /// Holds a named lock beside others who share it; whoever asks for it with [`Tx::lock`] waits
    /// for all of them.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn share(&mut self, name: &str) -> Result<(), StoreError> {
        if self.statements.dialect() == Dialect::Postgres {
            self.statements.query("SELECT pg_advisory_xact_lock_shared(hashtextextended(?1, 0))", &[name.into()])?;
        }
        Ok(())
    }
}

/// `?3, ?4, ?5` for three values from the third on.
pub(crate) fn marks(first: usize, count: usize) -> String {
    let marks: Vec<String> = (first..first + count).map(|number| format!("?{number}")).collect();
    marks.join(", ")
}

/// `(?1, ?2), (?3, ?4)` for two rows of two values.
pub(crate) fn rows_of_marks(rows: usize, columns: usize) -> String {
    let rows: Vec<String> = (0..rows).map(|row| format!("({})", marks(row * columns + 1, columns))).collect();
    rows.join(", ")
}
