//! Access keys, and the users behind them.

use jiff::Timestamp;

use crate::{Row, StoreError, Tx};

/// An access key as it is kept, with the role of its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAccessKey {
    /// `AKIA…`, or `ASIA…` for a temporary one.
    pub id: String,
    /// Whose.
    pub account: String,
    /// Of which user.
    pub user: String,
    /// The secret, sealed with the master key for `access-key/ID`.
    pub secret_sealed: Vec<u8>,
    /// Of a temporary key: the hash of its session token.
    pub token_hash: Option<String>,
    /// Of a temporary key: until when.
    pub expires_at: Option<Timestamp>,
    /// Switched on.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last, to the minute.
    pub last_used_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, account, user_name, secret_sealed, token_hash, expires_ms, active, created_ms, last_used_ms";

fn read(row: &mut Row) -> Result<StoredAccessKey, StoreError> {
    Ok(StoredAccessKey {
        id: row.text()?,
        account: row.text()?,
        user: row.text()?,
        secret_sealed: row.blob()?,
        token_hash: row.opt_text()?,
        expires_at: row.opt_time()?,
        active: row.truth()?,
        created_at: row.time()?,
        last_used_at: row.opt_time()?,
    })
}

impl Tx<'_> {
    /// Adds an access key.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id is taken.
    pub fn insert_access_key(&mut self, key: &StoredAccessKey) -> Result<(), StoreError> {
        self.execute(
            &format!("INSERT INTO access_key ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"),
            &[
                (&key.id).into(),
                (&key.account).into(),
                (&key.user).into(),
                key.secret_sealed.as_slice().into(),
                key.token_hash.clone().into(),
                key.expires_at.into(),
                key.active.into(),
                key.created_at.into(),
                key.last_used_at.into(),
            ],
        )?;
        Ok(())
    }

    /// Finds an access key by its id.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn access_key(&mut self, id: &str) -> Result<Option<StoredAccessKey>, StoreError> {
        self.query_one(&format!("SELECT {COLUMNS} FROM access_key WHERE id = ?1"), &[id.into()], read)
    }

    /// Lists the access keys of a user, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn keys_of_user(&mut self, account: &str, user: &str) -> Result<Vec<StoredAccessKey>, StoreError> {
        self.query(
            &format!("SELECT {COLUMNS} FROM access_key WHERE account = ?1 AND user_name = ?2 ORDER BY created_ms, id"),
            &[account.into(), user.into()],
            read,
        )
    }

    /// Remembers that an access key was used.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn touch_access_key(&mut self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        self.execute("UPDATE access_key SET last_used_ms = ?2 WHERE id = ?1", &[id.into(), now.into()])?;
        Ok(())
    }

    /// Lists the access keys of an account by user, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn access_keys(&mut self, account: &str) -> Result<Vec<StoredAccessKey>, StoreError> {
        self.query(
            &format!("SELECT {COLUMNS} FROM access_key WHERE account = ?1 ORDER BY user_name, created_ms, id"),
            &[account.into()],
            read,
        )
    }

    /// Switches an access key on or off; `false` when the account has no such key.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_access_key_active(&mut self, account: &str, id: &str, active: bool) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE access_key SET active = ?3 WHERE account = ?1 AND id = ?2",
            &[account.into(), id.into(), active.into()],
        )?;
        Ok(changed == 1)
    }

    /// Deletes an access key; `false` when the account has no such key.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delete_access_key(&mut self, account: &str, id: &str) -> Result<bool, StoreError> {
        let changed =
            self.execute("DELETE FROM access_key WHERE account = ?1 AND id = ?2", &[account.into(), id.into()])?;
        Ok(changed == 1)
    }

    /// Deletes the temporary keys of a user that ended before `now`, and returns how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delete_ended_keys(&mut self, account: &str, user: &str, now: Timestamp) -> Result<u64, StoreError> {
        self.execute(
            "DELETE FROM access_key WHERE account = ?1 AND user_name = ?2 AND expires_ms IS NOT NULL \
             AND expires_ms <= ?3",
            &[account.into(), user.into(), now.into()],
        )
    }

    /// Adds a user, or gives it another role.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_user(&mut self, account: &str, name: &str, role: &str, now: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO user_entry (account, name, role, created_ms) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (account, name) DO UPDATE SET role = excluded.role",
            &[account.into(), name.into(), role.into(), now.into()],
        )?;
        Ok(())
    }

    /// Returns the role of a user; `None` when there is no such user.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn role_of_user(&mut self, account: &str, name: &str) -> Result<Option<String>, StoreError> {
        self.query_one(
            "SELECT role FROM user_entry WHERE account = ?1 AND name = ?2",
            &[account.into(), name.into()],
            Row::text,
        )
    }
}
