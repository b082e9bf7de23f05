//! Metering: which agents were assessed in which run.

use jiff::Timestamp;
use yagura_model::service::Scope;

use crate::{Row, StoreError, Tx};

impl Tx<'_> {
    /// Counts an agent of a run once, in the month of `at`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_usage(
        &mut self,
        scope: &Scope,
        meter: &str,
        run: &str,
        agent: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO usage_entry (account, region, month, meter, run, agent, at_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (account, month, meter, run, agent) DO NOTHING",
            &[
                (&scope.account).into(),
                (&scope.region).into(),
                at.strftime("%Y-%m").to_string().into(),
                meter.into(),
                run.into(),
                agent.into(),
                at.into(),
            ],
        )?;
        Ok(())
    }

    /// Counts agent-assessments of an account: month (`2026-11`), meter, count; oldest month first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn usage(&mut self, account: &str) -> Result<Vec<(String, String, u64)>, StoreError> {
        self.query(
            "SELECT month, meter, COUNT(*) FROM usage_entry WHERE account = ?1 GROUP BY month, meter ORDER BY month, meter",
            &[account.into()],
            |row: &mut Row| Ok((row.text()?, row.text()?, row.count()?)),
        )
    }
}
