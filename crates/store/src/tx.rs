//! One transaction: the door to the typed methods.

use crate::database::{Dialect, Statements};
use crate::{Row, StoreError, Value};

/// One transaction. The typed methods stand in one file a noun.
pub struct Tx<'t> {
    statements: &'t mut dyn Statements,
    failed: bool,
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tx")
    }
}

impl<'t> Tx<'t> {
    pub(crate) fn new(statements: &'t mut dyn Statements) -> Self {
        Self { statements, failed: false }
    }

    /// Whether the database refused a statement.
    pub(crate) const fn has_failed(&self) -> bool {
        self.failed
    }

    pub(crate) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        fit(values)?;
        self.statements.execute(sql, values).inspect_err(|_| self.failed = true)
    }

    pub(crate) fn query<T>(
        &mut self,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&mut Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut read = read;
        fit(values)?;
        let rows = self.statements.query(sql, values).inspect_err(|_| self.failed = true);
        rows?.iter_mut().map(&mut read).collect()
    }

    pub(crate) fn query_one<T>(
        &mut self,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&mut Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.query(sql, values, read)?.into_iter().next())
    }

    /// What a question ends with whose rows will be changed after they are looked at: on PostgreSQL
    /// it keeps others from changing them meanwhile, and shows them as they are after that wait.
    pub(crate) fn for_change(&self) -> &'static str {
        let locks = self.statements.writes() && self.statements.dialect() == Dialect::Postgres;
        if locks { " FOR NO KEY UPDATE" } else { "" }
    }

    /// Holds a named lock until the transaction ends, so that a limit is counted and used by one
    /// caller at a time. SQLite has one writer anyway.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn lock(&mut self, name: &str) -> Result<(), StoreError> {
        if self.statements.dialect() == Dialect::Postgres {
            self.query("SELECT pg_advisory_xact_lock(hashtextextended(?1, 0))", &[name.into()], |_| Ok(()))?;
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
            self.query("SELECT pg_advisory_xact_lock_shared(hashtextextended(?1, 0))", &[name.into()], |_| Ok(()))?;
        }
        Ok(())
    }
}

/// PostgreSQL keeps no NUL in a text, and SQLite cuts it off there in some of its functions.
fn fit(values: &[Value]) -> Result<(), StoreError> {
    let has_nul = |value: &Value| matches!(value, Value::Text(text) if text.contains('\0'));
    if values.iter().any(has_nul) { Err(StoreError::Unfit("a text has a NUL character")) } else { Ok(()) }
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
