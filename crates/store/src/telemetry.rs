//! How much the agents of a run sent, by type of message.

use crate::tx::marks;
use crate::{Row, StoreError, Tx, Value};

/// How much of one type of message was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telemetry {
    /// `InspectorPackageInfo`.
    pub message_type: String,
    /// Messages.
    pub messages: u64,
    /// Bytes.
    pub bytes: u64,
}

fn read(row: &mut Row) -> Result<Telemetry, StoreError> {
    Ok(Telemetry { message_type: row.text()?, messages: row.count()?, bytes: row.count()? })
}

impl Tx<'_> {
    /// Adds what an agent sent.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_telemetry(
        &mut self,
        account: &str,
        run_seq: i64,
        agent: &str,
        message_type: &str,
        messages: u64,
        bytes: u64,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO telemetry (account, run_seq, agent, message_type, messages, bytes) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (run_seq, agent, message_type) DO UPDATE SET \
             messages = telemetry.messages + excluded.messages, bytes = telemetry.bytes + excluded.bytes",
            &[account.into(), run_seq.into(), agent.into(), message_type.into(), messages.into(), bytes.into()],
        )?;
        Ok(())
    }

    /// Returns what the agents of a run, or one of them, sent, by type.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn telemetry(&mut self, run_seq: i64, agent: Option<&str>) -> Result<Vec<Telemetry>, StoreError> {
        self.query(
            "SELECT message_type, CAST(SUM(messages) AS BIGINT), CAST(SUM(bytes) AS BIGINT) FROM telemetry \
             WHERE run_seq = ?1 AND (?2 = '' OR agent = ?2) GROUP BY message_type ORDER BY message_type",
            &[run_seq.into(), agent.unwrap_or_default().into()],
            read,
        )
    }

    /// Returns what each of these agents of a run sent, by agent and type.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn telemetry_of_agents(
        &mut self,
        run_seq: i64,
        agents: &[&str],
    ) -> Result<Vec<(String, Telemetry)>, StoreError> {
        if agents.is_empty() {
            return Ok(Vec::new());
        }
        let mut values: Vec<Value> = vec![run_seq.into()];
        values.extend(agents.iter().map(|agent| Value::from(*agent)));
        self.query(
            &format!(
                "SELECT agent, message_type, messages, bytes FROM telemetry WHERE run_seq = ?1 AND agent IN ({}) \
                 ORDER BY agent, message_type",
                marks(2, agents.len())
            ),
            &values,
            |row| Ok((row.text()?, read(row)?)),
        )
    }
}
