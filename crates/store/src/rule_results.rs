//! How each rule came out on each host of a run, for reports that list what was checked.

use yagura_model::{LocalText, Severity};

use crate::shapes::{Sentence, read_severity};
use crate::tx::rows_of_marks;
use crate::value::json;
use crate::{Row, StoreError, Tx, Value};

/// How a rule came out on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleOutcome {
    /// The rule is broken; there is a finding.
    Fail,
    /// It could not be told.
    Unknown,
    /// The rule is kept.
    Pass,
    /// The rule does not concern the host.
    NotApplicable,
}

impl RuleOutcome {
    /// Every outcome, the one that asks most of a reader first.
    pub const ALL: [Self; 4] = [Self::Fail, Self::Unknown, Self::Pass, Self::NotApplicable];

    /// Returns the stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Pass => "pass",
            Self::NotApplicable => "not-applicable",
        }
    }

    /// Reads the stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// How one rule came out on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleResult {
    /// ARN of the rules package.
    pub rules_package: String,
    /// The rule's id.
    pub rule: String,
    /// One line.
    pub title: LocalText,
    /// How urgent a finding of it is.
    pub severity: Severity,
    /// How it came out.
    pub result: RuleOutcome,
}

/// How one rule came out on all hosts of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTally {
    /// ARN of the rules package.
    pub rules_package: String,
    /// The rule's id.
    pub rule: String,
    /// On how many hosts it came out how, in the order of [`RuleOutcome::ALL`].
    pub counts: [u64; 4],
}

fn read_outcome(row: &mut Row) -> Result<RuleOutcome, StoreError> {
    let word = row.text()?;
    RuleOutcome::from_word(&word).ok_or_else(|| StoreError::Form(format!("`{word}` is no result of a rule")))
}

const ROWS_A_STATEMENT: usize = 200;
const STEP: usize = 1_000;

impl Tx<'_> {
    /// Keeps how rules came out on a host of a run; what is already kept stays as it is.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_rule_results(
        &mut self,
        account: &str,
        run_seq: i64,
        agent: &str,
        results: &[RuleResult],
    ) -> Result<u64, StoreError> {
        let mut added = 0;
        for batch in results.chunks(ROWS_A_STATEMENT) {
            let mut values: Vec<Value> = Vec::with_capacity(batch.len() * 8);
            for result in batch {
                values.extend([
                    account.into(),
                    run_seq.into(),
                    agent.into(),
                    (&result.rules_package).into(),
                    (&result.rule).into(),
                    json(&Sentence::from(&result.title))?,
                    result.severity.word().into(),
                    result.result.word().into(),
                ]);
            }
            let sql = format!(
                "INSERT INTO rule_result (account, run_seq, agent, rules_package, rule, title, severity, result) \
                 VALUES {} ON CONFLICT (run_seq, agent, rules_package, rule) DO NOTHING",
                rows_of_marks(batch.len(), 8)
            );
            added += self.execute(&sql, &values)?;
        }
        Ok(added)
    }

    /// Lists how rules came out on the hosts of a run, by rules package, rule and agent, beginning
    /// after the one named: agent and result.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn rule_results(
        &mut self,
        run_seq: i64,
        after: (&str, &str, &str),
        limit: usize,
    ) -> Result<Vec<(String, RuleResult)>, StoreError> {
        let (package, rule, agent) = after;
        self.query(
            "SELECT agent, rules_package, rule, title, severity, result FROM rule_result \
             WHERE run_seq = ?1 AND (rules_package, rule, agent) > (?2, ?3, ?4) \
             ORDER BY rules_package, rule, agent LIMIT ?5",
            &[run_seq.into(), package.into(), rule.into(), agent.into(), limit.into()],
            |row| {
                let agent = row.text()?;
                let result = RuleResult {
                    rules_package: row.text()?,
                    rule: row.text()?,
                    title: row.json::<Sentence>()?.into(),
                    severity: read_severity(row)?,
                    result: read_outcome(row)?,
                };
                Ok((agent, result))
            },
        )
    }

    /// Shows how each rule came out on each host of a run, in the order of [`Tx::rule_results`],
    /// until `each` returns `false`. Only a step of them is in memory at once.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn each_rule_result(
        &mut self,
        run_seq: i64,
        mut each: impl FnMut(&str, &RuleResult) -> bool,
    ) -> Result<(), StoreError> {
        let mut after = (String::new(), String::new(), String::new());
        loop {
            let step = self.rule_results(run_seq, (&after.0, &after.1, &after.2), STEP)?;
            for (agent, result) in &step {
                if !each(agent, result) {
                    return Ok(());
                }
            }
            match step.last() {
                Some((agent, last)) if step.len() == STEP => {
                    after = (last.rules_package.clone(), last.rule.clone(), agent.clone());
                }
                _ => return Ok(()),
            }
        }
    }

    /// Counts how each rule of a run came out, by rules package and rule.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_rule_results(&mut self, run_seq: i64) -> Result<Vec<RuleTally>, StoreError> {
        let found = self.query(
            "SELECT rules_package, rule, result, COUNT(*) FROM rule_result WHERE run_seq = ?1 \
             GROUP BY rules_package, rule, result ORDER BY rules_package, rule",
            &[run_seq.into()],
            |row| Ok((row.text()?, row.text()?, read_outcome(row)?, row.count()?)),
        )?;
        let mut tallies: Vec<RuleTally> = Vec::new();
        for (rules_package, rule, outcome, count) in found {
            let is_last = |tally: &RuleTally| tally.rules_package == rules_package && tally.rule == rule;
            if !tallies.last().is_some_and(is_last) {
                tallies.push(RuleTally { rules_package, rule, counts: [0; 4] });
            }
            for (known, place) in
                RuleOutcome::ALL.into_iter().zip(tallies.iter_mut().rev().take(1).flat_map(|tally| &mut tally.counts))
            {
                if known == outcome {
                    *place = count;
                }
            }
        }
        Ok(tallies)
    }
}
