//! Findings of one run: counted, and walked in bounded memory for reports.

use yagura_model::Severity;

use yagura_model::service::Id;

use crate::findings::{COLUMNS, TABLES, read};
use crate::shapes::{add_count, read_severity};
use crate::{Row, StoreError, StoredFinding, Tx, Value};

/// Where a walk through the findings of a run stands: after this finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingPosition {
    /// Its severity.
    pub severity: Severity,
    /// Its rule.
    pub rule: String,
    /// Its number.
    pub seq: i64,
}

impl From<&StoredFinding> for FindingPosition {
    fn from(finding: &StoredFinding) -> Self {
        Self { severity: finding.severity, rule: finding.rule.clone(), seq: finding.seq }
    }
}

/// Findings read at once while walking.
const STEP: usize = 500;

impl Tx<'_> {
    /// Lists the ids of a run's findings, in the order in which they were made.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finding_ids(&mut self, run_seq: i64) -> Result<Vec<Id>, StoreError> {
        self.query("SELECT id FROM finding WHERE run_seq = ?1 ORDER BY seq", &[run_seq.into()], crate::shapes::read_id)
    }

    /// Counts the findings of a run by severity, in the order of [`Severity::ALL`].
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_findings(&mut self, run_seq: i64) -> Result<[u64; 5], StoreError> {
        let mut counts = [0; 5];
        let found = self.query(
            "SELECT severity, COUNT(*) FROM finding WHERE run_seq = ?1 GROUP BY severity",
            &[run_seq.into()],
            |row| Ok((read_severity(row)?, row.count()?)),
        )?;
        for (severity, count) in found {
            add_count(&mut counts, severity, count);
        }
        Ok(counts)
    }

    /// Counts the findings of a run by the ARN of their rules package.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_findings_by_package(&mut self, run_seq: i64) -> Result<Vec<(String, u64)>, StoreError> {
        self.query(
            "SELECT rules_package, COUNT(*) FROM finding WHERE run_seq = ?1 GROUP BY rules_package \
             ORDER BY rules_package",
            &[run_seq.into()],
            |row| Ok((row.text()?, row.count()?)),
        )
    }

    /// Counts the findings of a run by agent and severity, agents in the order of their ids.
    /// Agents without a finding are not in the list.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_findings_by_agent(&mut self, run_seq: i64) -> Result<Vec<(String, [u64; 5])>, StoreError> {
        let found = self.query(
            "SELECT agent, severity, COUNT(*) FROM finding WHERE run_seq = ?1 GROUP BY agent, severity ORDER BY agent",
            &[run_seq.into()],
            |row| Ok((row.text()?, read_severity(row)?, row.count()?)),
        )?;
        let mut counts: Vec<(String, [u64; 5])> = Vec::new();
        for (agent, severity, count) in found {
            match counts.last_mut() {
                Some((last, counts)) if *last == agent => add_count(counts, severity, count),
                _ => {
                    let mut first = [0; 5];
                    add_count(&mut first, severity, count);
                    counts.push((agent, first));
                }
            }
        }
        Ok(counts)
    }

    /// Counts the hosts of a run that break each rule of a severity, by rule, beginning after
    /// `after`: ARN of the rules package, rule, number of findings.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_findings_by_rule(
        &mut self,
        run_seq: i64,
        severity: Severity,
        after: &str,
        limit: usize,
    ) -> Result<Vec<(String, String, u64)>, StoreError> {
        self.query(
            "SELECT rules_package, rule, COUNT(*) FROM finding WHERE run_seq = ?1 AND severity = ?2 AND rule > ?3 \
             GROUP BY rule, rules_package ORDER BY rule, rules_package LIMIT ?4",
            &[run_seq.into(), severity.word().into(), after.into(), limit.into()],
            |row| Ok((row.text()?, row.text()?, row.count()?)),
        )
    }

    /// Lists findings of a run, most severe first, then by rule, then in the order in which they
    /// were found, beginning after a position. Published or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn findings_of_run(
        &mut self,
        run_seq: i64,
        after: Option<&FindingPosition>,
        limit: usize,
    ) -> Result<Vec<StoredFinding>, StoreError> {
        let mut found = Vec::new();
        for severity in Severity::ALL {
            if after.is_some_and(|after| severity < after.severity) {
                continue;
            }
            let mut rule = "";
            // The rest of the rule at which the walk stands, then the rules behind it: two questions,
            // so that the index serves each from its start.
            if let Some(after) = after.filter(|after| after.severity == severity) {
                rule = &after.rule;
                let condition = "f.rule = ?3 AND f.seq > ?5";
                self.findings_in_order(run_seq, severity, rule, condition, Some(after.seq), limit, &mut found)?;
            }
            self.findings_in_order(run_seq, severity, rule, "f.rule > ?3", None, limit, &mut found)?;
        }
        Ok(found)
    }

    #[expect(clippy::too_many_arguments, reason = "one statement in its variants")]
    fn findings_in_order(
        &mut self,
        run_seq: i64,
        severity: Severity,
        rule: &str,
        condition: &str,
        seq: Option<i64>,
        limit: usize,
        found: &mut Vec<StoredFinding>,
    ) -> Result<(), StoreError> {
        let left = limit.saturating_sub(found.len());
        if left == 0 {
            return Ok(());
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM {TABLES} WHERE f.run_seq = ?1 AND f.severity = ?2 AND {condition} \
             ORDER BY f.rule, f.seq LIMIT ?4"
        );
        let mut values = vec![run_seq.into(), severity.word().into(), rule.into(), left.into()];
        values.extend(seq.map(Value::from));
        found.extend(self.query(&sql, &values, read)?);
        Ok(())
    }

    /// Shows each finding of a run, in the order of [`Tx::findings_of_run`], until `each` returns
    /// `false`. Only a step of them is in memory at once.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn each_finding(
        &mut self,
        run_seq: i64,
        mut each: impl FnMut(StoredFinding) -> bool,
    ) -> Result<(), StoreError> {
        let mut after: Option<FindingPosition> = None;
        loop {
            let step = self.findings_of_run(run_seq, after.as_ref(), STEP)?;
            let ended = step.len() < STEP;
            after = step.last().map(FindingPosition::from);
            for finding in step {
                if !each(finding) {
                    return Ok(());
                }
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// Counts every finding of a run.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn total_findings(&mut self, run_seq: i64) -> Result<u64, StoreError> {
        let count = self.query_one("SELECT COUNT(*) FROM finding WHERE run_seq = ?1", &[run_seq.into()], Row::count)?;
        Ok(count.unwrap_or_default())
    }
}
