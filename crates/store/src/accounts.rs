//! Accounts, and the role that each shows as the one it gave to the service.

use jiff::Timestamp;
use yagura_model::service::Scope;

use crate::{Row, StoreError, Tx};

impl Tx<'_> {
    /// Lists the accounts that were ever seen, and since when.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn accounts(&mut self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        self.query("SELECT id, created_ms FROM account ORDER BY id", &[], |row| Ok((row.text()?, row.time()?)))
    }

    /// Returns when an account was seen first; that is now for one that nobody knew.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn account_since(&mut self, account: &str, now: Timestamp) -> Result<Timestamp, StoreError> {
        self.execute(
            "INSERT INTO account (id, created_ms) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING",
            &[account.into(), now.into()],
        )?;
        let since = self.query_one("SELECT created_ms FROM account WHERE id = ?1", &[account.into()], Row::time)?;
        Ok(since.unwrap_or(now))
    }

    /// Returns the role that was registered, and when.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn service_role(&mut self, scope: &Scope) -> Result<Option<(String, Timestamp)>, StoreError> {
        self.query_one(
            "SELECT arn, registered_ms FROM service_role WHERE account = ?1 AND region = ?2",
            &[(&scope.account).into(), (&scope.region).into()],
            |row| Ok((row.text()?, row.time()?)),
        )
    }

    /// Registers a role in place of the one before.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_service_role(&mut self, scope: &Scope, arn: &str, at: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO service_role (account, region, arn, registered_ms) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (account, region) DO UPDATE SET arn = excluded.arn, registered_ms = excluded.registered_ms",
            &[(&scope.account).into(), (&scope.region).into(), arn.into(), at.into()],
        )?;
        Ok(())
    }
}
