//! What is old enough to go: counted for a preview, and deleted a bounded step at a time.
//!
//! Each step is a statement that chooses and deletes at once, so that what became wanted again
//! since a preview stays. Runs go by [`Tx::delete_run`], audit records into files.
//!
//! Texts of findings and snapshots are shared by content. Whoever adds a reference to one holds
//! the lock of its kind with [`Tx::share`] until the reference is committed; whoever deletes takes
//! it with [`Tx::lock`] and looks for references after that.

use jiff::Timestamp;

use crate::tx::marks;
use crate::{Row, StoreError, Tx, Value};

/// What of one kind would go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Doomed {
    /// How many things.
    pub count: u64,
    /// How many bytes of content, as far as the database knows.
    pub bytes: u64,
    /// The oldest of them.
    pub oldest: Option<Timestamp>,
    /// The newest of them.
    pub newest: Option<Timestamp>,
}

/// A report that is old enough to go. It is made anew when somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoomedReport {
    /// The run's number.
    pub run_seq: i64,
    /// Format, kind and language, as they are stored.
    pub variant: [String; 3],
    /// The name of its blob.
    pub blob: String,
    /// When it was made.
    pub changed_at: Timestamp,
}

fn read(row: &mut Row) -> Result<Doomed, StoreError> {
    Ok(Doomed { count: row.count()?, bytes: row.count()?, oldest: row.opt_time()?, newest: row.opt_time()? })
}

/// The lock that keeps texts of findings from going.
pub(crate) fn texts_lock(account: &str) -> String {
    format!("texts:{account}")
}

/// The lock that keeps snapshots from going.
pub(crate) fn snapshots_lock(account: &str) -> String {
    format!("snapshots:{account}")
}

/// Neither an agent that is accepted nor a run refers to the snapshot `s`.
const UNREFERENCED: &str = "NOT EXISTS (SELECT 1 FROM agent a WHERE a.account = s.account AND a.snapshot = s.digest AND a.revoked = 0) \
     AND NOT EXISTS (SELECT 1 FROM run_agent m WHERE m.account = s.account AND m.snapshot = s.digest)";

impl Tx<'_> {
    fn doomed(&mut self, sql: &str, account: &str, before: Timestamp) -> Result<Doomed, StoreError> {
        Ok(self.query_one(sql, &[account.into(), before.into()], read)?.unwrap_or_default())
    }

    /// Counts runs that were over before `before`; the bytes are those of their findings and of
    /// what is left of their telemetry.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn doomed_runs(&mut self, account: &str, before: Timestamp) -> Result<Doomed, StoreError> {
        let runs = "SELECT seq FROM run WHERE account = ?1 AND live = 0 AND changed_ms < ?2";
        let sum = |tx: &mut Self, expression: &str, table: &str| {
            let sql =
                format!("SELECT CAST(COALESCE(SUM({expression}), 0) AS BIGINT) FROM {table} WHERE run_seq IN ({runs})");
            tx.query_one(&sql, &[account.into(), before.into()], Row::count).map(Option::unwrap_or_default)
        };
        let findings = sum(self, "OCTET_LENGTH(title) + OCTET_LENGTH(attributes) + OCTET_LENGTH(evidence)", "finding")?;
        let chunks = sum(self, "CASE WHEN body IS NULL THEN 0 ELSE bytes END", "chunk")?;
        let doomed = self.doomed(
            "SELECT COUNT(*), 0, MIN(changed_ms), MAX(changed_ms) FROM run \
             WHERE account = ?1 AND live = 0 AND changed_ms < ?2",
            account,
            before,
        )?;
        Ok(Doomed { bytes: findings.saturating_add(chunks), ..doomed })
    }

    /// Counts bodies of chunks of runs that are over, received before `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn doomed_chunk_bodies(&mut self, account: &str, before: Timestamp) -> Result<Doomed, StoreError> {
        self.doomed(
            "SELECT COUNT(*), CAST(COALESCE(SUM(c.bytes), 0) AS BIGINT), MIN(c.received_ms), MAX(c.received_ms) \
             FROM chunk c JOIN run r ON r.seq = c.run_seq \
             WHERE c.account = ?1 AND r.live = 0 AND c.body IS NOT NULL AND c.received_ms < ?2",
            account,
            before,
        )
    }

    /// Lets such bodies go, `limit` at most, and returns how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn drop_old_chunk_bodies(&mut self, account: &str, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.execute(
            "UPDATE chunk SET body = NULL WHERE (run_seq, agent, number) IN \
             (SELECT c.run_seq, c.agent, c.number FROM chunk c JOIN run r ON r.seq = c.run_seq \
             WHERE c.account = ?1 AND r.live = 0 AND c.body IS NOT NULL AND c.received_ms < ?2 LIMIT ?3)",
            &[account.into(), before.into(), limit.into()],
        )
    }

    /// Counts faults that are gone since before `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn doomed_posture(&mut self, account: &str, before: Timestamp) -> Result<Doomed, StoreError> {
        self.doomed(
            "SELECT COUNT(*), CAST(COALESCE(SUM(OCTET_LENGTH(title) + OCTET_LENGTH(stable_key)), 0) AS BIGINT), \
             MIN(resolved_ms), MAX(resolved_ms) FROM posture WHERE account = ?1 AND resolved_ms < ?2",
            account,
            before,
        )
    }

    /// Forgets such faults, `limit` at most, and returns how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delete_old_posture(&mut self, account: &str, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.execute(
            "DELETE FROM posture WHERE (account, region, agent, stable_key) IN \
             (SELECT account, region, agent, stable_key FROM posture WHERE account = ?1 AND resolved_ms < ?2 LIMIT ?3)",
            &[account.into(), before.into(), limit.into()],
        )
    }

    /// Counts audit records that are not in a file yet and came before `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn doomed_audit_records(&mut self, account: &str, before: Timestamp) -> Result<Doomed, StoreError> {
        self.doomed(
            "SELECT COUNT(*), CAST(COALESCE(SUM(OCTET_LENGTH(record)), 0) AS BIGINT), MIN(at_ms), MAX(at_ms) \
             FROM audit_record WHERE account = ?1 AND at_ms < ?2",
            account,
            before,
        )
    }

    /// Counts snapshots to which neither an agent nor a run refers, stored first before `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn doomed_snapshots(&mut self, account: &str, before: Timestamp) -> Result<Doomed, StoreError> {
        let sql = format!(
            "SELECT COUNT(*), CAST(COALESCE(SUM(s.bytes), 0) AS BIGINT), MIN(s.created_ms), MAX(s.created_ms) \
             FROM snapshot s WHERE s.account = ?1 AND s.created_ms < ?2 AND {UNREFERENCED}"
        );
        self.doomed(&sql, account, before)
    }

    /// Deletes such snapshots, `limit` at most, and returns their digests. Their blobs are for the
    /// caller to trash in the same transaction.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delete_old_snapshots(
        &mut self,
        account: &str,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        self.lock(&snapshots_lock(account))?;
        let sql = format!(
            "SELECT s.digest FROM snapshot s WHERE s.account = ?1 AND s.created_ms < ?2 AND {UNREFERENCED} \
             ORDER BY s.created_ms, s.digest LIMIT ?3"
        );
        let digests = self.query(&sql, &[account.into(), before.into(), limit.into()], Row::text)?;
        for digest in &digests {
            let values = [account.into(), digest.into()];
            self.execute("DELETE FROM snapshot_package WHERE account = ?1 AND snapshot = ?2", &values)?;
            self.execute("DELETE FROM snapshot WHERE account = ?1 AND digest = ?2", &values)?;
        }
        Ok(digests)
    }

    /// Keeps snapshots of an account from being added or deleted until the transaction ends.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn lock_snapshots(&mut self, account: &str) -> Result<(), StoreError> {
        self.lock(&snapshots_lock(account))
    }

    /// Lists reports that were made before `before`, oldest first. One that is being made is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn doomed_reports(
        &mut self,
        account: &str,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<DoomedReport>, StoreError> {
        self.query(
            "SELECT run_seq, format, kind, language, blob, changed_ms FROM report \
             WHERE account = ?1 AND changed_ms < ?2 AND blob IS NOT NULL AND status <> 'WORK_IN_PROGRESS' \
             ORDER BY changed_ms, run_seq LIMIT ?3",
            &[account.into(), before.into(), limit.into()],
            |row| {
                Ok(DoomedReport {
                    run_seq: row.int()?,
                    variant: [row.text()?, row.text()?, row.text()?],
                    blob: row.text()?,
                    changed_at: row.time()?,
                })
            },
        )
    }

    /// Deletes a report if it is still the one that was listed, and trashes its blob.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delete_report(&mut self, account: &str, report: &DoomedReport, now: Timestamp) -> Result<bool, StoreError> {
        let [format, kind, language] = &report.variant;
        let changed = self.execute(
            "DELETE FROM report WHERE run_seq = ?1 AND format = ?2 AND kind = ?3 AND language = ?4 AND blob = ?5 \
             AND changed_ms = ?6",
            &[
                report.run_seq.into(),
                format.into(),
                kind.into(),
                language.into(),
                (&report.blob).into(),
                report.changed_at.into(),
            ],
        )?;
        if changed == 1 {
            self.trash_blob(account, &report.blob, now)?;
        }
        Ok(changed == 1)
    }

    /// Counts previews of exclusions that were asked for before `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn doomed_previews(&mut self, account: &str, before: Timestamp) -> Result<Doomed, StoreError> {
        self.doomed(
            "SELECT COUNT(*), CAST(COALESCE(SUM(OCTET_LENGTH(body)), 0) AS BIGINT), MIN(created_ms), MAX(created_ms) \
             FROM exclusion_preview WHERE account = ?1 AND created_ms < ?2",
            account,
            before,
        )
    }

    /// Forgets such previews, `limit` at most, and returns how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delete_old_previews(&mut self, account: &str, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.execute(
            "DELETE FROM exclusion_preview WHERE (account, region, token) IN \
             (SELECT account, region, token FROM exclusion_preview WHERE account = ?1 AND created_ms < ?2 LIMIT ?3)",
            &[account.into(), before.into(), limit.into()],
        )
    }

    /// Counts texts that no finding has any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn doomed_texts(&mut self, account: &str) -> Result<Doomed, StoreError> {
        let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(OCTET_LENGTH(body)), 0) AS BIGINT), NULL, NULL \
                   FROM finding_text WHERE account = ?1 \
                   AND digest NOT IN (SELECT text_digest FROM finding WHERE account = ?1)";
        Ok(self.query_one(sql, &[account.into()], read)?.unwrap_or_default())
    }

    /// Returns a number that every finding of which the text was kept so far is at or below, with
    /// all of those committed. It is where [`Tx::delete_texts`] looks for newer ones.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn settled_findings(&mut self, account: &str) -> Result<i64, StoreError> {
        self.lock(&texts_lock(account))?;
        Ok(self.query_one("SELECT COALESCE(MAX(seq), 0) FROM finding", &[], Row::int)?.unwrap_or_default())
    }

    /// Lists digests of texts that no finding has.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn unused_texts(&mut self, account: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.query(
            "SELECT digest FROM finding_text WHERE account = ?1 \
             AND digest NOT IN (SELECT text_digest FROM finding WHERE account = ?1) ORDER BY digest LIMIT ?2",
            &[account.into(), limit.into()],
            Row::text,
        )
    }

    /// Deletes texts but for those that a finding above the number `settled` has, and returns how
    /// many went.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delete_texts(&mut self, account: &str, digests: &[String], settled: i64) -> Result<u64, StoreError> {
        if digests.is_empty() {
            return Ok(0);
        }
        self.lock(&texts_lock(account))?;
        let mut values: Vec<Value> = vec![account.into(), settled.into()];
        values.extend(digests.iter().map(Value::from));
        self.execute(
            &format!(
                "DELETE FROM finding_text WHERE account = ?1 AND digest IN ({}) \
                 AND digest NOT IN (SELECT text_digest FROM finding WHERE account = ?1 AND seq > ?2)",
                marks(3, digests.len())
            ),
            &values,
        )
    }

    /// Lists names of blobs that reports have, after the given one, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn report_blobs(&mut self, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.query(
            "SELECT DISTINCT blob FROM report WHERE blob IS NOT NULL AND blob > ?1 ORDER BY blob LIMIT ?2",
            &[after.into(), limit.into()],
            Row::text,
        )
    }

    /// Lists names of blobs that audit records were moved to, after the given one, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn audit_blobs(&mut self, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.query(
            "SELECT blob FROM audit_file WHERE blob > ?1 ORDER BY blob LIMIT ?2",
            &[after.into(), limit.into()],
            Row::text,
        )
    }

    /// Lists accounts and digests of snapshots after the given pair, in their order.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn snapshot_digests(&mut self, after: (&str, &str), limit: usize) -> Result<Vec<(String, String)>, StoreError> {
        self.query(
            "SELECT account, digest FROM snapshot WHERE account > ?1 OR (account = ?1 AND digest > ?2) \
             ORDER BY account, digest LIMIT ?3",
            &[after.0.into(), after.1.into(), limit.into()],
            |row| Ok((row.text()?, row.text()?)),
        )
    }

    /// Tells whether a report or the audit log has a blob.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn blob_is_named(&mut self, name: &str) -> Result<bool, StoreError> {
        let found = self.query_one(
            "SELECT 1 FROM report WHERE blob = ?1 UNION ALL SELECT 1 FROM audit_file WHERE blob = ?1 LIMIT 1",
            &[name.into()],
            Row::int,
        )?;
        Ok(found.is_some())
    }
}
