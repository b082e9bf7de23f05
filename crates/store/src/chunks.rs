//! The numbered pieces of telemetry, and the counts that outlive them.
//!
//! The body of a chunk goes when the snapshot that it was a part of is stored. Its number and its
//! hash stay as long as the run, so that the same chunk sent again is known to be the same.

use jiff::Timestamp;

use crate::{Row, StoreError, Tx};

/// A chunk that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChunk {
    /// The run's number.
    pub run_seq: i64,
    /// The agent's id.
    pub agent: String,
    /// From 0.
    pub number: u64,
    /// Of the body, in hexadecimal digits.
    pub sha256: String,
    /// Of the body.
    pub bytes: u64,
    /// When it came.
    pub received_at: Timestamp,
}

impl Tx<'_> {
    /// Adds a chunk with its body.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the number is taken.
    pub fn insert_chunk(&mut self, account: &str, chunk: &StoredChunk, body: &[u8]) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO chunk (account, run_seq, agent, number, sha256, bytes, body, received_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            &[
                account.into(),
                chunk.run_seq.into(),
                (&chunk.agent).into(),
                chunk.number.into(),
                (&chunk.sha256).into(),
                chunk.bytes.into(),
                body.into(),
                chunk.received_at.into(),
            ],
        )?;
        Ok(())
    }

    /// Finds a chunk by its number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn chunk(&mut self, run_seq: i64, agent: &str, number: u64) -> Result<Option<StoredChunk>, StoreError> {
        self.query_one(
            "SELECT sha256, bytes, received_ms FROM chunk WHERE run_seq = ?1 AND agent = ?2 AND number = ?3",
            &[run_seq.into(), agent.into(), number.into()],
            |row| {
                Ok(StoredChunk {
                    run_seq,
                    agent: agent.to_owned(),
                    number,
                    sha256: row.text()?,
                    bytes: row.count()?,
                    received_at: row.time()?,
                })
            },
        )
    }

    /// Returns the body of a chunk; `None` when there is no such chunk or its body is gone.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn chunk_body(&mut self, run_seq: i64, agent: &str, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.query_one(
            "SELECT body FROM chunk WHERE run_seq = ?1 AND agent = ?2 AND number = ?3",
            &[run_seq.into(), agent.into(), number.into()],
            Row::opt_blob,
        )?;
        Ok(found.flatten())
    }

    /// Sums up the bytes that an agent sent for a run.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn chunk_bytes(&mut self, run_seq: i64, agent: &str) -> Result<u64, StoreError> {
        // PostgreSQL's sum of whole numbers is a fraction; the cast makes it one type on both.
        let sum = self.query_one(
            "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM chunk WHERE run_seq = ?1 AND agent = ?2",
            &[run_seq.into(), agent.into()],
            Row::count,
        )?;
        Ok(sum.unwrap_or_default())
    }

    /// Lets the bodies of an agent's chunks of a run go.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn drop_chunk_bodies(&mut self, run_seq: i64, agent: &str) -> Result<(), StoreError> {
        self.execute(
            "UPDATE chunk SET body = NULL WHERE run_seq = ?1 AND agent = ?2 AND body IS NOT NULL",
            &[run_seq.into(), agent.into()],
        )?;
        Ok(())
    }
}
