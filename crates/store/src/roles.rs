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
}
