//! The audit log's chain: its head and its records.

use jiff::Timestamp;

use crate::{StoreError, Tx};

/// Where the chain of an account ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of the last record, from 1; 0 for none.
    pub number: u64,
    /// The last record's hash; empty for none.
    pub hash: String,
}

/// One stored record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// From 1, without gaps.
    pub number: u64,
    /// When the call came.
    pub at: Timestamp,
    /// The record's bytes as they were hashed.
    pub record: String,
    /// The chain's hash after it.
    pub hash: String,
}

impl Tx<'_> {
    /// Takes the end of an account's chain for adding to it: until this transaction ends nobody
    /// else gets it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn take_audit_head(&mut self, account: &str) -> Result<AuditHead, StoreError> {
        self.execute(
            "INSERT INTO audit_head (account, number, hash) VALUES (?1, 0, '') ON CONFLICT (account) DO NOTHING",
            &[account.into()],
        )?;
        // An update takes the row's lock on PostgreSQL; SQLite has one writer anyway.
        self.execute("UPDATE audit_head SET number = number WHERE account = ?1", &[account.into()])?;
        self.audit_head(account)
    }

    /// Returns the end of an account's chain.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn audit_head(&mut self, account: &str) -> Result<AuditHead, StoreError> {
        let head =
            self.query_one("SELECT number, hash FROM audit_head WHERE account = ?1", &[account.into()], |row| {
                Ok(AuditHead { number: row.count()?, hash: row.text()? })
            })?;
        Ok(head.unwrap_or(AuditHead { number: 0, hash: String::new() }))
    }

    /// Adds a record behind the head that [`Tx::take_audit_head`] gave.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn append_audit(&mut self, account: &str, stored: &StoredRecord) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO audit_record (account, number, at_ms, record, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
            &[account.into(), stored.number.into(), stored.at.into(), (&stored.record).into(), (&stored.hash).into()],
        )?;
        self.execute(
            "UPDATE audit_head SET number = ?2, hash = ?3 WHERE account = ?1",
            &[account.into(), stored.number.into(), (&stored.hash).into()],
        )?;
        Ok(())
    }

    /// Lists records after `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn audit_records(&mut self, account: &str, after: u64, limit: usize) -> Result<Vec<StoredRecord>, StoreError> {
        self.query(
            "SELECT number, at_ms, record, hash FROM audit_record WHERE account = ?1 AND number > ?2 \
             ORDER BY number LIMIT ?3",
            &[account.into(), after.into(), limit.into()],
            |row| Ok(StoredRecord { number: row.count()?, at: row.time()?, record: row.text()?, hash: row.text()? }),
        )
    }
}
