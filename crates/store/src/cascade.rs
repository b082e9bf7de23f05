//! Deletes a thing with everything that hangs on it, one function a level.
//!
//! The number of statements does not depend on how much there is. What is shared by content
//! (texts of findings, snapshots) stays, and so does what must outlive a run: metering, the audit
//! log, the posture of hosts.
//!
//! The reports' blobs lie outside the database, so they cannot go in the same transaction. Their
//! names move to the table `blob_trash`; whoever sweeps deletes the blob first and the name after,
//! and a kill between the two costs nothing but a second try.

use jiff::Timestamp;
use yagura_model::service::{Id, Run, Scope};

use crate::{Row, StoreError, Tx, Value};

/// Tables whose rows carry the number of their run, children before their parents.
const OF_A_RUN: &[&str] = &[
    "finding",
    "finding_span",
    "exclusion",
    "rule_result",
    "telemetry",
    "chunk",
    "run_agent",
    "run_notification",
    "run_transition",
    "report",
];

impl Tx<'_> {
    /// Deletes a run with its findings, exclusions, reports and whatever its agents sent.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delete_run(&mut self, run: &Run, now: Timestamp) -> Result<(), StoreError> {
        self.delete_runs("seq = ?1", &[run.seq.into()], now)
    }

    /// Deletes a template with its runs, subscriptions and previews.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delete_template(&mut self, scope: &Scope, id: &Id, now: Timestamp) -> Result<(), StoreError> {
        let values = [(&scope.account).into(), (&scope.region).into(), id.as_str().into()];
        self.delete_runs("account = ?1 AND region = ?2 AND template = ?3", &values, now)?;
        for table in ["subscription", "exclusion_preview"] {
            let sql = format!("DELETE FROM {table} WHERE account = ?1 AND region = ?2 AND template = ?3");
            self.execute(&sql, &values)?;
        }
        self.execute("DELETE FROM template WHERE account = ?1 AND region = ?2 AND id = ?3", &values)?;
        Ok(())
    }

    /// Deletes a target with its templates. Its resource group stays.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delete_target(&mut self, scope: &Scope, id: &Id, now: Timestamp) -> Result<(), StoreError> {
        let values = [(&scope.account).into(), (&scope.region).into(), id.as_str().into()];
        self.delete_runs("account = ?1 AND region = ?2 AND target = ?3", &values, now)?;
        for table in ["subscription", "exclusion_preview"] {
            let sql = format!(
                "DELETE FROM {table} WHERE account = ?1 AND region = ?2 AND template IN \
                 (SELECT id FROM template WHERE account = ?1 AND region = ?2 AND target = ?3)"
            );
            self.execute(&sql, &values)?;
        }
        self.execute("DELETE FROM template WHERE account = ?1 AND region = ?2 AND target = ?3", &values)?;
        self.execute("DELETE FROM target WHERE account = ?1 AND region = ?2 AND id = ?3", &values)?;
        Ok(())
    }

    /// Deletes the runs that a condition chooses.
    fn delete_runs(&mut self, chosen: &str, values: &[Value], now: Timestamp) -> Result<(), StoreError> {
        let runs = format!("(SELECT seq FROM run WHERE {chosen})");
        let mut with_now = values.to_vec();
        with_now.push(now.into());
        self.execute(
            &format!(
                "INSERT INTO blob_trash (account, name, at_ms) SELECT account, blob, ?{} FROM report \
                 WHERE blob IS NOT NULL AND run_seq IN {runs} ON CONFLICT (name) DO NOTHING",
                with_now.len()
            ),
            &with_now,
        )?;
        self.execute(
            &format!(
                "DELETE FROM finding_attribute WHERE finding_seq IN (SELECT seq FROM finding WHERE run_seq IN {runs})"
            ),
            values,
        )?;
        for table in OF_A_RUN {
            self.execute(&format!("DELETE FROM {table} WHERE run_seq IN {runs}"), values)?;
        }
        self.execute(&format!("DELETE FROM run WHERE {chosen}"), values)?;
        Ok(())
    }

    /// Moves the name of a blob whose row goes in this transaction to those that are to be deleted.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn trash_blob(&mut self, account: &str, name: &str, now: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO blob_trash (account, name, at_ms) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING",
            &[account.into(), name.into(), now.into()],
        )?;
        Ok(())
    }

    /// Lists blobs whose row went before `before`, oldest first, each with its account.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn trashed_blobs_before(
        &mut self,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreError> {
        self.query(
            "SELECT account, name FROM blob_trash WHERE at_ms < ?1 ORDER BY at_ms, name LIMIT ?2",
            &[before.into(), limit.into()],
            |row| Ok((row.text()?, row.text()?)),
        )
    }

    /// Lists blobs whose row is gone, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn trashed_blobs(&mut self, limit: usize) -> Result<Vec<String>, StoreError> {
        self.query("SELECT name FROM blob_trash ORDER BY at_ms, name LIMIT ?1", &[limit.into()], Row::text)
    }

    /// Forgets a blob that is deleted now.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_trashed_blob(&mut self, name: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM blob_trash WHERE name = ?1", &[name.into()])?;
        Ok(())
    }
}
