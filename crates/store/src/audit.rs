//! The audit log's chain: its head and its records.

use jiff::Timestamp;

use crate::{Row, StoreError, Tx};

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

/// A file that records were moved to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFile {
    /// The number of its first record.
    pub first: u64,
    /// The number of its last record.
    pub last: u64,
    /// The chain's hash before its first record; empty for the beginning of the log.
    pub before_hash: String,
    /// The chain's hash after its last record.
    pub last_hash: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The name of the blob.
    pub blob: String,
    /// When it was made.
    pub created_at: Timestamp,
}

const FILE_COLUMNS: &str = "first_number, last_number, before_hash, last_hash, sha256, blob, created_ms";

fn read_file(row: &mut Row) -> Result<AuditFile, StoreError> {
    Ok(AuditFile {
        first: row.count()?,
        last: row.count()?,
        before_hash: row.text()?,
        last_hash: row.text()?,
        sha256: row.text()?,
        blob: row.text()?,
        created_at: row.time()?,
    })
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
    /// Finds the first file that has records after the number `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn next_audit_file(&mut self, account: &str, after: u64) -> Result<Option<AuditFile>, StoreError> {
        self.query_one(
            &format!(
                "SELECT {FILE_COLUMNS} FROM audit_file WHERE account = ?1 AND last_number > ?2 \
                 ORDER BY first_number LIMIT 1"
            ),
            &[account.into(), after.into()],
            read_file,
        )
    }

    /// Finds the last file of an account.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn last_audit_file(&mut self, account: &str) -> Result<Option<AuditFile>, StoreError> {
        self.query_one(
            &format!("SELECT {FILE_COLUMNS} FROM audit_file WHERE account = ?1 ORDER BY first_number DESC LIMIT 1"),
            &[account.into()],
            read_file,
        )
    }

    /// Puts a file in the place of the records that it holds.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else moved them, or they are not all there.
    pub fn move_audit_to_file(&mut self, account: &str, file: &AuditFile) -> Result<(), StoreError> {
        self.execute(
            &format!("INSERT INTO audit_file (account, {FILE_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
            &[
                account.into(),
                file.first.into(),
                file.last.into(),
                (&file.before_hash).into(),
                (&file.last_hash).into(),
                (&file.sha256).into(),
                (&file.blob).into(),
                file.created_at.into(),
            ],
        )?;
        let moved = self.execute(
            "DELETE FROM audit_record WHERE account = ?1 AND number BETWEEN ?2 AND ?3",
            &[account.into(), file.first.into(), file.last.into()],
        )?;
        let expected = (file.last + 1).saturating_sub(file.first);
        if moved != expected {
            return Err(StoreError::Conflict(format!("{moved} of {expected} audit records were there to be moved")));
        }
        Ok(())
    }
}
