//! Agents in runs: who takes part, how far each has come, what it sent.

use jiff::Timestamp;
use yagura_model::service::{HealthCode, Scope};

use crate::tx::marks;
use crate::{Row, StoreError, Tx, Value};

/// How far an agent has come in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Its instruction lies ready.
    Instructed,
    /// It has begun to send.
    Collecting,
    /// All that it had to send has arrived.
    Flushed,
    /// Judged.
    Evaluated,
    /// Not judged; an exclusion says why.
    Excluded,
}

impl Phase {
    /// Returns the stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Instructed => "instructed",
            Self::Collecting => "collecting",
            Self::Flushed => "flushed",
            Self::Evaluated => "evaluated",
            Self::Excluded => "excluded",
        }
    }

    /// Reads the stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Instructed, Self::Collecting, Self::Flushed, Self::Evaluated, Self::Excluded]
            .into_iter()
            .find(|phase| phase.word() == word)
    }
}

/// An agent in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunAgent {
    /// The run's number.
    pub run_seq: i64,
    /// The agent's id.
    pub agent: String,
    /// How far it has come.
    pub phase: Phase,
    /// When it became part of the run.
    pub joined_at: Timestamp,
    /// When its first chunk came.
    pub started_at: Option<Timestamp>,
    /// When its last chunk came.
    pub data_at: Option<Timestamp>,
    /// The number of the chunk that is wanted next.
    pub next_chunk: u64,
    /// Digest of the snapshot that it sent.
    pub snapshot: Option<String>,
    /// How the agent was when it was last looked at in this run.
    pub health: HealthCode,
    /// Why it is not well, or why it was excluded.
    pub details: Option<String>,
    /// The host as findings show it (JSON in the API's shape of asset attributes).
    pub asset: String,
    /// When it was judged.
    pub evaluated_at: Option<Timestamp>,
}

const COLUMNS: &str = "run_seq, agent, phase, joined_ms, started_ms, data_ms, next_chunk, snapshot, health_code, \
     details, asset, evaluated_ms";

fn read(row: &mut Row) -> Result<RunAgent, StoreError> {
    Ok(RunAgent {
        run_seq: row.int()?,
        agent: row.text()?,
        phase: read_phase(row)?,
        joined_at: row.time()?,
        started_at: row.opt_time()?,
        data_at: row.opt_time()?,
        next_chunk: row.count()?,
        snapshot: row.opt_text()?,
        health: HealthCode::from_word(&row.text()?).unwrap_or(HealthCode::Unknown),
        details: row.opt_text()?,
        asset: row.text()?,
        evaluated_at: row.opt_time()?,
    })
}

fn read_phase(row: &mut Row) -> Result<Phase, StoreError> {
    let word = row.text()?;
    Phase::from_word(&word).ok_or_else(|| StoreError::Form(format!("`{word}` is no phase")))
}

impl Tx<'_> {
    /// Makes an agent part of a run; `false` when it is already.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn join_run(&mut self, scope: &Scope, member: &RunAgent) -> Result<bool, StoreError> {
        let added = self.execute(
            "INSERT INTO run_agent (account, region, run_seq, agent, phase, joined_ms, next_chunk, health_code, details, \
             asset) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9) ON CONFLICT (run_seq, agent) DO NOTHING",
            &[
                (&scope.account).into(),
                (&scope.region).into(),
                member.run_seq.into(),
                (&member.agent).into(),
                member.phase.word().into(),
                member.joined_at.into(),
                member.health.word().into(),
                member.details.clone().into(),
                (&member.asset).into(),
            ],
        )?;
        Ok(added == 1)
    }

    /// Finds an agent of a run.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn run_agent(&mut self, run_seq: i64, agent: &str) -> Result<Option<RunAgent>, StoreError> {
        self.query_one(
            &format!("SELECT {COLUMNS} FROM run_agent WHERE run_seq = ?1 AND agent = ?2{}", self.for_change()),
            &[run_seq.into(), agent.into()],
            read,
        )
    }

    /// Lists the agents of a run by id, after `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn run_agents(&mut self, run_seq: i64, after: &str, limit: usize) -> Result<Vec<RunAgent>, StoreError> {
        self.query(
            &format!("SELECT {COLUMNS} FROM run_agent WHERE run_seq = ?1 AND agent > ?2 ORDER BY agent LIMIT ?3"),
            &[run_seq.into(), after.into(), limit.into()],
            read,
        )
    }

    /// Lists the agents of a run that have one of these health codes (any where `codes` is
    /// `None`), by id, after `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn run_agents_with(
        &mut self,
        run_seq: i64,
        codes: Option<&[HealthCode]>,
        after: &str,
        limit: usize,
    ) -> Result<Vec<RunAgent>, StoreError> {
        let Some(codes) = codes else { return self.run_agents(run_seq, after, limit) };
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        let mut values: Vec<Value> = vec![run_seq.into(), after.into(), limit.into()];
        let marks = marks(values.len() + 1, codes.len());
        values.extend(codes.iter().map(|code| Value::from(code.word())));
        self.query(
            &format!(
                "SELECT {COLUMNS} FROM run_agent WHERE run_seq = ?1 AND agent > ?2 AND health_code IN ({marks}) \
                 ORDER BY agent LIMIT ?3"
            ),
            &values,
            read,
        )
    }

    /// Lists the agents of a run that are in a phase, by id.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn run_agents_in(&mut self, run_seq: i64, phase: Phase, limit: usize) -> Result<Vec<RunAgent>, StoreError> {
        self.query(
            &format!(
                "SELECT {COLUMNS} FROM run_agent WHERE run_seq = ?1 AND phase = ?2 ORDER BY agent LIMIT ?3{}",
                self.for_change()
            ),
            &[run_seq.into(), phase.word().into(), limit.into()],
            read,
        )
    }

    /// Counts the agents of a run by phase.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_run_agents(&mut self, run_seq: i64) -> Result<Vec<(Phase, u64)>, StoreError> {
        self.query(
            "SELECT phase, COUNT(*) FROM run_agent WHERE run_seq = ?1 GROUP BY phase",
            &[run_seq.into()],
            |row| Ok((read_phase(row)?, row.count()?)),
        )
    }

    /// Writes how far an agent of a run has come, and what is known of it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn update_run_agent(&mut self, member: &RunAgent) -> Result<(), StoreError> {
        self.execute(
            "UPDATE run_agent SET phase = ?3, started_ms = ?4, data_ms = ?5, next_chunk = ?6, snapshot = ?7, \
             health_code = ?8, details = ?9, evaluated_ms = ?10, asset = ?11 WHERE run_seq = ?1 AND agent = ?2",
            &[
                member.run_seq.into(),
                (&member.agent).into(),
                member.phase.word().into(),
                member.started_at.into(),
                member.data_at.into(),
                member.next_chunk.into(),
                member.snapshot.clone().into(),
                member.health.word().into(),
                member.details.clone().into(),
                member.evaluated_at.into(),
                (&member.asset).into(),
            ],
        )?;
        Ok(())
    }

    /// Remembers how many rules packages were not judged whole on a host of a run, and how many of
    /// them because something failed.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_gaps(&mut self, run_seq: i64, agent: &str, gaps: u64, failures: u64) -> Result<(), StoreError> {
        self.execute(
            "UPDATE run_agent SET gaps = ?3, failures = ?4 WHERE run_seq = ?1 AND agent = ?2",
            &[run_seq.into(), agent.into(), gaps.into(), failures.into()],
        )?;
        Ok(())
    }

    /// Counts what a run did not judge whole, and what failed: hosts that were excluded count in
    /// both, rules packages on a host as [`Tx::set_gaps`] said.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_gaps(&mut self, run_seq: i64) -> Result<(u64, u64), StoreError> {
        const EXCLUDED: &str = "CASE WHEN phase = 'excluded' THEN 1 ELSE 0 END";
        let counts = self.query_one(
            &format!(
                "SELECT CAST(COALESCE(SUM(gaps + {EXCLUDED}), 0) AS BIGINT), \
                 CAST(COALESCE(SUM(failures + {EXCLUDED}), 0) AS BIGINT) FROM run_agent WHERE run_seq = ?1"
            ),
            &[run_seq.into()],
            |row| Ok((row.count()?, row.count()?)),
        )?;
        Ok(counts.unwrap_or_default())
    }

    /// Finds live runs in which agents are, other than `except`: agent and the run's number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn busy_agents(&mut self, scope: &Scope, except: i64) -> Result<Vec<(String, i64)>, StoreError> {
        self.query(
            "SELECT a.agent, a.run_seq FROM run_agent a JOIN run r ON r.seq = a.run_seq \
             WHERE r.live = 1 AND r.account = ?1 AND r.region = ?2 AND a.run_seq <> ?3 AND a.phase <> 'excluded' \
             ORDER BY a.agent",
            &[(&scope.account).into(), (&scope.region).into(), except.into()],
            |row| Ok((row.text()?, row.int()?)),
        )
    }

    /// Lists the live runs in which an agent has something to do or to send, oldest first: the
    /// run's number and how far the agent has come.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn live_runs_of_agent(&mut self, agent: &str) -> Result<Vec<RunAgent>, StoreError> {
        let columns: Vec<String> = COLUMNS.split(", ").map(|column| format!("a.{}", column.trim())).collect();
        self.query(
            &format!(
                "SELECT {} FROM run_agent a JOIN run r ON r.seq = a.run_seq \
                 WHERE a.agent = ?1 AND r.live = 1 ORDER BY a.run_seq",
                columns.join(", ")
            ),
            &[agent.into()],
            read,
        )
    }

    /// Lists agents, of any scope, for which an instruction of a live run lies ready.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn instructed_agents(&mut self, limit: usize) -> Result<Vec<String>, StoreError> {
        self.query(
            "SELECT a.agent FROM run r JOIN run_agent a ON a.run_seq = r.seq \
             WHERE r.live = 1 AND a.phase = 'instructed' ORDER BY r.seq, a.agent LIMIT ?1",
            &[limit.into()],
            Row::text,
        )
    }

    /// Moves an agent on to the chunk after `number`; `false` when that one is not the chunk that
    /// is wanted next, or the agent sends no more. Whoever else writes the row meanwhile, a chunk
    /// counts once.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn take_chunk(&mut self, run_seq: i64, agent: &str, number: u64, now: Timestamp) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE run_agent SET phase = 'collecting', started_ms = COALESCE(started_ms, ?4), data_ms = ?4, \
             next_chunk = next_chunk + 1 \
             WHERE run_seq = ?1 AND agent = ?2 AND next_chunk = ?3 AND phase IN ('instructed', 'collecting')",
            &[run_seq.into(), agent.into(), number.into(), now.into()],
        )?;
        Ok(changed == 1)
    }

    /// Ends what an agent sends for a run, with the snapshot or with the reason why there is none;
    /// `false` when it was ended already.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn flush_run_agent(
        &mut self,
        run_seq: i64,
        agent: &str,
        outcome: Result<&str, (HealthCode, &str)>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = match outcome {
            Ok(snapshot) => self.execute(
                "UPDATE run_agent SET phase = 'flushed', snapshot = ?3, data_ms = ?4, last_chunk = next_chunk - 1 \
                 WHERE run_seq = ?1 AND agent = ?2 AND phase = 'collecting'",
                &[run_seq.into(), agent.into(), snapshot.into(), now.into()],
            )?,
            Err((health, details)) => self.execute(
                "UPDATE run_agent SET phase = 'flushed', data_ms = ?3, last_chunk = next_chunk - 1, \
                 health_code = ?4, details = ?5 WHERE run_seq = ?1 AND agent = ?2 AND phase = 'collecting'",
                &[run_seq.into(), agent.into(), now.into(), health.word().into(), details.into()],
            )?,
        };
        Ok(changed == 1)
    }

    /// Writes how an agent of a run is.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_run_agent_health(
        &mut self,
        run_seq: i64,
        agent: &str,
        health: HealthCode,
        details: &str,
    ) -> Result<(), StoreError> {
        self.execute(
            "UPDATE run_agent SET health_code = ?3, details = ?4 WHERE run_seq = ?1 AND agent = ?2",
            &[run_seq.into(), agent.into(), health.word().into(), details.into()],
        )?;
        Ok(())
    }
}
