//! What a run's report reads beside findings: hosts by how far they were judged, names of hosts,
//! histories of faults. Page by page.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use yagura_model::service::{HealthCode, Scope};
use yagura_model::{FindingKey, Severity};

use crate::tx::{marks, rows_of_marks};
use crate::{Row, StoreError, Tx, Value};

/// How far a host of a run was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JudgedHow {
    /// Not at all.
    Not,
    /// Not by every rules package as a whole.
    Partly,
    /// By every rules package.
    Wholly,
}

impl JudgedHow {
    /// From nothing to everything, the order of a report.
    pub const ALL: [Self; 3] = [Self::Not, Self::Partly, Self::Wholly];

    const fn condition(self) -> &'static str {
        match self {
            Self::Not => "phase <> 'evaluated'",
            Self::Partly => "phase = 'evaluated' AND gaps > 0",
            Self::Wholly => "phase = 'evaluated' AND gaps = 0",
        }
    }
}

/// A host of a run as a report shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkedAgent {
    /// The agent's id.
    pub agent: String,
    /// How the agent was when it was last looked at in the run.
    pub health: HealthCode,
    /// Why it was not well, or why it was excluded.
    pub details: Option<String>,
    /// The host as findings show it, JSON.
    pub asset: String,
}

/// Of an asset's JSON, the host's name.
#[derive(Deserialize)]
struct Asset {
    #[serde(default)]
    hostname: Option<String>,
}

impl Tx<'_> {
    /// Counts the hosts of a run by how far they were judged, in the order of [`JudgedHow::ALL`].
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_judged(&mut self, run_seq: i64) -> Result<[u64; 3], StoreError> {
        let mut counts = [0; 3];
        for (how, count) in JudgedHow::ALL.into_iter().zip(&mut counts) {
            let sql = format!("SELECT COUNT(*) FROM run_agent WHERE run_seq = ?1 AND {}", how.condition());
            *count = self.query_one(&sql, &[run_seq.into()], Row::count)?.unwrap_or_default();
        }
        Ok(counts)
    }

    /// Lists the hosts of a run that were judged so far, by id, after `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn agents_judged(
        &mut self,
        run_seq: i64,
        how: JudgedHow,
        after: &str,
        limit: usize,
    ) -> Result<Vec<WalkedAgent>, StoreError> {
        let sql = format!(
            "SELECT agent, health_code, details, asset FROM run_agent WHERE run_seq = ?1 AND agent > ?2 AND {} \
             ORDER BY agent LIMIT ?3",
            how.condition()
        );
        self.query(&sql, &[run_seq.into(), after.into(), limit.into()], |row| {
            Ok(WalkedAgent {
                agent: row.text()?,
                health: HealthCode::from_word(&row.text()?).unwrap_or(HealthCode::Unknown),
                details: row.opt_text()?,
                asset: row.text()?,
            })
        })
    }

    /// Finds the names that the hosts of a run had in it; one without a name is not in the answer.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn hostnames_of_run(&mut self, run_seq: i64, agents: &[&str]) -> Result<BTreeMap<String, String>, StoreError> {
        let mut names = BTreeMap::new();
        for agents in agents.chunks(VALUES_A_STATEMENT) {
            let sql = format!(
                "SELECT agent, asset FROM run_agent WHERE run_seq = ?1 AND agent IN ({})",
                marks(2, agents.len())
            );
            let mut values: Vec<Value> = vec![run_seq.into()];
            values.extend(agents.iter().map(|agent| Value::from(*agent)));
            for (agent, asset) in self.query(&sql, &values, |row| Ok((row.text()?, row.text()?)))? {
                let name = serde_json::from_str::<Asset>(&asset).ok().and_then(|asset| asset.hostname);
                names.extend(name.filter(|name| !name.is_empty()).map(|name| (agent, name)));
            }
        }
        Ok(names)
    }

    /// Finds since when hosts have faults, both named. A fault that nobody noticed is not in the
    /// answer.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn faults_since(
        &mut self,
        scope: &Scope,
        faults: &[(&str, &FindingKey)],
    ) -> Result<BTreeMap<(String, String), Timestamp>, StoreError> {
        let mut since = BTreeMap::new();
        for faults in faults.chunks(VALUES_A_STATEMENT / 2) {
            let mut values: Vec<Value> =
                faults.iter().flat_map(|(agent, key)| [Value::from(*agent), (&key.0).into()]).collect();
            let (account, region) = (values.len() + 1, values.len() + 2);
            values.extend([(&scope.account).into(), (&scope.region).into()]);
            let sql = format!(
                "WITH wanted (agent, stable_key) AS (VALUES {}) \
                 SELECT p.agent, p.stable_key, p.first_ms FROM wanted w JOIN posture p ON p.account = ?{account} \
                 AND p.region = ?{region} AND p.agent = w.agent AND p.stable_key = w.stable_key",
                rows_of_marks(faults.len(), 2)
            );
            since.extend(self.query(&sql, &values, |row| Ok(((row.text()?, row.text()?), row.time()?)))?);
        }
        Ok(since)
    }

    /// Counts the findings of one rule and severity of a run.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_findings_of_rule(
        &mut self,
        run_seq: i64,
        severity: Severity,
        rule: &str,
        rules_package: &str,
    ) -> Result<u64, StoreError> {
        let count = self.query_one(
            "SELECT COUNT(*) FROM finding WHERE run_seq = ?1 AND severity = ?2 AND rule = ?3 AND rules_package = ?4",
            &[run_seq.into(), severity.word().into(), rule.into(), rules_package.into()],
            Row::count,
        )?;
        Ok(count.unwrap_or_default())
    }
}

/// Values of one statement; both databases bound them.
const VALUES_A_STATEMENT: usize = 1_000;
