//! The roles that an account made for itself.

use jiff::Timestamp;

use crate::{StoreError, Tx};

/// A role of an account's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRole {
    /// Unique in its account.
    pub name: String,
    /// Cedar policies.
    pub policy: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Tx<'_> {
    /// Lists an account's own roles, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn custom_roles(&mut self, account: &str) -> Result<Vec<CustomRole>, StoreError> {
        self.query(
            "SELECT name, policy, created_ms FROM role_entry WHERE account = ?1 ORDER BY name",
            &[account.into()],
            |row| Ok(CustomRole { name: row.text()?, policy: row.text()?, created_at: row.time()? }),
        )
    }
    /// Adds a role, or gives it other policies.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_role(&mut self, account: &str, name: &str, policy: &str, now: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO role_entry (account, name, policy, created_ms) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (account, name) DO UPDATE SET policy = excluded.policy",
            &[account.into(), name.into(), policy.into(), now.into()],
        )?;
        Ok(())
    }

    /// Deletes a role; `false` when the account has none of that name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delete_role(&mut self, account: &str, name: &str) -> Result<bool, StoreError> {
        let changed =
            self.execute("DELETE FROM role_entry WHERE account = ?1 AND name = ?2", &[account.into(), name.into()])?;
        Ok(changed == 1)
    }
}
