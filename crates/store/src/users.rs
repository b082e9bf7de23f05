//! The users of an account. Each has one role.

use jiff::Timestamp;

use crate::{Row, StoreError, Tx};

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredUser {
    /// Unique in the account.
    pub name: String,
    /// The role's name.
    pub role: String,
    /// When the user was made.
    pub created_at: Timestamp,
    /// How many access keys the user has.
    pub keys: u64,
}

impl Tx<'_> {
    /// Lists the users of an account by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn users(&mut self, account: &str) -> Result<Vec<StoredUser>, StoreError> {
        self.query(
            "SELECT u.name, u.role, u.created_ms, \
             (SELECT COUNT(*) FROM access_key k WHERE k.account = u.account AND k.user_name = u.name) \
             FROM user_entry u WHERE u.account = ?1 ORDER BY u.name",
            &[account.into()],
            |row| Ok(StoredUser { name: row.text()?, role: row.text()?, created_at: row.time()?, keys: row.count()? }),
        )
    }

    /// Counts the users of a role.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_users_of_role(&mut self, account: &str, role: &str) -> Result<u64, StoreError> {
        let count = self.query_one(
            "SELECT COUNT(*) FROM user_entry WHERE account = ?1 AND role = ?2",
            &[account.into(), role.into()],
            Row::count,
        )?;
        Ok(count.unwrap_or_default())
    }

    /// Deletes a user with all access keys; `false` when there is no such user.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delete_user(&mut self, account: &str, name: &str) -> Result<bool, StoreError> {
        let values = [account.into(), name.into()];
        self.execute("DELETE FROM access_key WHERE account = ?1 AND user_name = ?2", &values)?;
        Ok(self.execute("DELETE FROM user_entry WHERE account = ?1 AND name = ?2", &values)? == 1)
    }
}
