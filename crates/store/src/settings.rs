//! Settings of an account, by name.

use crate::{Row, StoreError, Tx};

impl Tx<'_> {
    /// Returns a setting.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn setting(&mut self, account: &str, name: &str) -> Result<Option<String>, StoreError> {
        self.query_one(
            "SELECT value FROM setting WHERE account = ?1 AND name = ?2",
            &[account.into(), name.into()],
            Row::text,
        )
    }

    /// Writes a setting.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_setting(&mut self, account: &str, name: &str, value: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO setting (account, name, value) VALUES (?1, ?2, ?3) \
             ON CONFLICT (account, name) DO UPDATE SET value = excluded.value",
            &[account.into(), name.into(), value.into()],
        )?;
        Ok(())
    }

    /// Removes a setting.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove_setting(&mut self, account: &str, name: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM setting WHERE account = ?1 AND name = ?2", &[account.into(), name.into()])?;
        Ok(())
    }
}
