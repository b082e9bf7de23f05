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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use yagura_model::service::Arn;

    use super::*;
    use crate::Store;

    /// Every table and its columns that must have a value, with a mark for numbers.
    fn tables(tx: &mut Tx<'_>) -> BTreeMap<String, Vec<(String, bool)>> {
        let names = tx
            .query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'", &[], Row::text)
            .unwrap();
        let mut tables = BTreeMap::new();
        for name in names {
            let columns = tx
                .query("SELECT name, type = 'TEXT' FROM pragma_table_info(?1)", &[(&name).into()], |row| {
                    Ok((row.text()?, row.truth()?))
                })
                .unwrap();
            tables.insert(name, columns);
        }
        tables
    }

    /// Puts a row into a table in which everything is said of one run.
    fn fill(tx: &mut Tx<'_>, table: &str, columns: &[(String, bool)], number: i64) {
        let id = Id::from_number(u64::try_from(number).unwrap());
        let values: Vec<Value> = columns
            .iter()
            .map(|(column, is_text)| match column.as_str() {
                "account" => "123456789012".into(),
                "region" => "us-west-2".into(),
                "id" | "target" | "template" => id.as_str().into(),
                "rules" | "attributes" | "tags" => "[]".into(),
                "counts" => "[0,0,0,0,0]".into(),
                "state" => "COMPLETED".into(),
                _ if *is_text => format!("{column} {number}").into(),
                _ => number.into(),
            })
            .collect();
        let names: Vec<&str> = columns.iter().map(|(column, _)| column.as_str()).collect();
        let marks: Vec<String> = (1..=columns.len()).map(|number| format!("?{number}")).collect();
        let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), marks.join(", "));
        tx.execute(&sql, &values).unwrap();
    }

    /// They are no account's things, or have one row an account.
    const NOT_FILLED: &[&str] = &["schema_step", "blob_trash", "audit_head", "service_role"];

    /// Fills every table for three runs, deletes one of them, and says what is left in each table.
    fn left_after(delete: impl Fn(&mut Tx<'_>, &Run)) -> BTreeMap<String, usize> {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_sqlite(folder.path()).unwrap();
        let left = store.write(|tx| -> Result<_, StoreError> {
            let tables: BTreeMap<String, Vec<(String, bool)>> =
                tables(tx).into_iter().filter(|(name, _)| !NOT_FILLED.contains(&name.as_str())).collect();
            for number in 1..=3 {
                for (name, columns) in &tables {
                    fill(tx, name, columns, number);
                }
            }
            let scope = Scope::new("123456789012", "us-west-2").unwrap();
            let id = Id::from_number(2);
            let run = tx.run_by_arn(&scope, &Arn::run(&scope, &id, &id, &id))?.unwrap();
            delete(tx, &run);
            assert_eq!(tx.trashed_blobs(10)?, ["blob 2"]);
            tx.forget_trashed_blob("blob 2")?;
            assert_eq!(tx.trashed_blobs(10)?, [""; 0]);
            let mut left = BTreeMap::new();
            for name in tables.into_keys() {
                let rows = tx.query(&format!("SELECT COUNT(*) FROM {name}"), &[], Row::count)?;
                left.insert(name, usize::try_from(rows[0]).unwrap());
            }
            Ok(left)
        });
        left.unwrap()
    }

    #[test]
    fn every_table_that_hangs_on_a_run_is_emptied_of_it_and_of_nothing_else() {
        let now = Timestamp::UNIX_EPOCH;
        let run = left_after(|tx, run| tx.delete_run(run, now).unwrap());
        let template = left_after(|tx, run| tx.delete_template(&run.scope, &run.template, now).unwrap());
        let target = left_after(|tx, run| tx.delete_target(&run.scope, &run.target, now).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_sqlite(folder.path()).unwrap();
        let tables = store.read(|tx| -> Result<_, StoreError> { Ok(tables(tx)) }).unwrap();
        for (name, columns) in &tables {
            if NOT_FILLED.contains(&name.as_str()) {
                continue;
            }
            let has = |wanted: &str| columns.iter().any(|(column, _)| column == wanted);
            let of_run = name == "run" || has("run_seq") || has("finding_seq");
            let of_template = of_run || name == "template" || has("template");
            let of_target = of_template || name == "target";
            let rows = |gone: bool| if gone { 2 } else { 3 };
            assert_eq!(run[name], rows(of_run), "{name} after a run");
            assert_eq!(template[name], rows(of_template), "{name} after a template");
            assert_eq!(target[name], rows(of_target), "{name} after a target");
        }
    }
}
