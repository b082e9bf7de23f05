//! Runs and their transitions.

use jiff::Timestamp;
use yagura_model::service::{Arn, ArnKind, Id, Run, RunState, Scope, StopAction};

use crate::question::Question;
use crate::shapes::{attributes, read_attributes, read_id, read_scope};
use crate::value::json;
use crate::{Row, StoreError, Tx};

const COLUMNS: &str = "seq, account, region, id, target, template, name, state, version, duration_s, rules, attributes, \
     created_ms, started_ms, completed_ms, changed_ms, stop, data_collected, counts";

fn read(row: &mut Row) -> Result<Run, StoreError> {
    Ok(Run {
        seq: row.int()?,
        scope: read_scope(row)?,
        id: read_id(row)?,
        target: read_id(row)?,
        template: read_id(row)?,
        name: row.text()?,
        state: read_state(row)?,
        version: row.int()?,
        duration_s: u32::try_from(row.int()?).unwrap_or(u32::MAX),
        rules: row.json()?,
        attributes: read_attributes(row)?,
        created_at: row.time()?,
        started_at: row.opt_time()?,
        completed_at: row.opt_time()?,
        changed_at: row.time()?,
        stop: row.opt_text()?.as_deref().and_then(StopAction::from_word),
        data_collected: row.truth()?,
        counts: row.json()?,
    })
}

fn read_state(row: &mut Row) -> Result<RunState, StoreError> {
    let word = row.text()?;
    RunState::from_word(&word).ok_or_else(|| StoreError::Form(format!("`{word}` is no state of a run")))
}

/// What a list of runs is narrowed by. All that is given must match.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunFilter {
    /// Of any of these templates.
    pub templates: Vec<Id>,
    /// Names like this; `*` stands for anything.
    pub name_pattern: Option<String>,
    /// In any of these states.
    pub states: Vec<RunState>,
    /// Duration in seconds, both ends included.
    pub duration_s: Option<(u32, u32)>,
    /// With any of these rules packages.
    pub rules: Vec<String>,
    /// `startedAt`, both ends included.
    pub started: (Option<Timestamp>, Option<Timestamp>),
    /// `completedAt`, both ends included.
    pub completed: (Option<Timestamp>, Option<Timestamp>),
    /// `stateChangedAt` of any transition, both ends included.
    pub state_changed: (Option<Timestamp>, Option<Timestamp>),
}

impl Tx<'_> {
    /// Adds a run in its first state and returns its number.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id or the name is taken.
    pub fn insert_run(&mut self, run: &Run) -> Result<i64, StoreError> {
        let seq = self.query_one(
            "INSERT INTO run (account, region, id, target, template, name, state, live, version, duration_s, rules, \
             attributes, created_ms, changed_ms, data_collected, published, counts) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, 1, ?8, ?9, ?10, ?11, ?11, 0, 0, ?12) RETURNING seq",
            &[
                (&run.scope.account).into(),
                (&run.scope.region).into(),
                run.id.as_str().into(),
                run.target.as_str().into(),
                run.template.as_str().into(),
                (&run.name).into(),
                run.state.word().into(),
                run.duration_s.into(),
                json(&run.rules)?,
                attributes(&run.attributes)?,
                run.created_at.into(),
                json(&run.counts)?,
            ],
            Row::int,
        )?;
        let seq = seq.ok_or_else(|| StoreError::Form("a new run has no number".into()))?;
        self.insert_transition(&run.scope.account, seq, run.state, run.created_at)?;
        Ok(seq)
    }

    /// Writes a changed run if it is still what it was when it was read; `false` when somebody
    /// else was faster. Its version grows. A new state is a new transition.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn update_run(&mut self, before: &Run, after: &mut Run) -> Result<bool, StoreError> {
        after.version = before.version + 1;
        let changed = self.execute(
            "UPDATE run SET state = ?3, live = ?4, version = ?5, started_ms = ?6, completed_ms = ?7, changed_ms = ?8, \
             stop = ?9, data_collected = ?10, published = ?11, counts = ?12 WHERE seq = ?1 AND version = ?2",
            &[
                before.seq.into(),
                before.version.into(),
                after.state.word().into(),
                (!after.state.is_terminal()).into(),
                after.version.into(),
                after.started_at.into(),
                after.completed_at.into(),
                after.changed_at.into(),
                after.stop.map(StopAction::word).into(),
                after.data_collected.into(),
                after.state.shows_findings().into(),
                json(&after.counts)?,
            ],
        )?;
        if changed == 0 {
            return Ok(false);
        }
        if before.state != after.state {
            self.insert_transition(&after.scope.account, after.seq, after.state, after.changed_at)?;
        }
        Ok(true)
    }

    fn insert_transition(&mut self, account: &str, seq: i64, state: RunState, at: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO run_transition (account, run_seq, number, state, at_ms) \
             SELECT ?1, ?2, COALESCE(MAX(number), 0) + 1, ?3, ?4 FROM run_transition WHERE run_seq = ?2",
            &[account.into(), seq.into(), state.word().into(), at.into()],
        )?;
        Ok(())
    }

    /// Finds a run by its id.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn run(&mut self, scope: &Scope, id: &Id) -> Result<Option<Run>, StoreError> {
        self.query_one(
            &format!("SELECT {COLUMNS} FROM run WHERE account = ?1 AND region = ?2 AND id = ?3"),
            &[(&scope.account).into(), (&scope.region).into(), id.as_str().into()],
            read,
        )
    }

    /// Finds a run by its ARN; a run of another scope or with other parents is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn run_by_arn(&mut self, scope: &Scope, arn: &Arn) -> Result<Option<Run>, StoreError> {
        let Some(wanted) = arn.up_to(ArnKind::Run).filter(|wanted| wanted.scope() == scope) else { return Ok(None) };
        Ok(self.run(scope, wanted.id())?.filter(|run| run.arn() == wanted))
    }

    /// Finds a run by its number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn run_by_seq(&mut self, seq: i64) -> Result<Option<Run>, StoreError> {
        self.query_one(&format!("SELECT {COLUMNS} FROM run WHERE seq = ?1"), &[seq.into()], read)
    }

    /// Lists the states that a run has passed, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn transitions(&mut self, run_seq: i64) -> Result<Vec<(RunState, Timestamp)>, StoreError> {
        self.query(
            "SELECT state, at_ms FROM run_transition WHERE run_seq = ?1 ORDER BY number",
            &[run_seq.into()],
            |row| Ok((read_state(row)?, row.time()?)),
        )
    }

    /// Lists runs that are not over, in all scopes, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn live_runs(&mut self) -> Result<Vec<Run>, StoreError> {
        self.query(&format!("SELECT {COLUMNS} FROM run WHERE live = 1 ORDER BY seq"), &[], read)
    }

    /// Lists runs of an account that were over before `before`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn runs_over_before(&mut self, account: &str, before: Timestamp, limit: usize) -> Result<Vec<Run>, StoreError> {
        self.query(
            &format!(
                "SELECT {COLUMNS} FROM run WHERE account = ?1 AND live = 0 AND changed_ms < ?2 \
                 ORDER BY changed_ms, seq LIMIT ?3"
            ),
            &[account.into(), before.into(), limit.into()],
            read,
        )
    }

    /// Lists live runs of a target or of one of its templates, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn live_runs_of(&mut self, scope: &Scope, target: &Id, template: Option<&Id>) -> Result<Vec<Run>, StoreError> {
        self.query(
            &format!(
                "SELECT {COLUMNS} FROM run WHERE live = 1 AND account = ?1 AND region = ?2 AND target = ?3 \
                 AND (?4 = '' OR template = ?4) ORDER BY seq"
            ),
            &[
                (&scope.account).into(),
                (&scope.region).into(),
                target.as_str().into(),
                template.map_or("", Id::as_str).into(),
            ],
            read,
        )
    }

    /// Counts the runs of a scope.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_runs(&mut self, scope: &Scope) -> Result<u64, StoreError> {
        let count = self.query_one(
            "SELECT COUNT(*) FROM run WHERE account = ?1 AND region = ?2",
            &[(&scope.account).into(), (&scope.region).into()],
            Row::count,
        )?;
        Ok(count.unwrap_or_default())
    }

    /// Counts the runs of a template, and finds the newest.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn runs_of_template(&mut self, scope: &Scope, template: &Id) -> Result<(u64, Option<Run>), StoreError> {
        let values = [(&scope.account).into(), (&scope.region).into(), template.as_str().into()];
        let count = self.query_one(
            "SELECT COUNT(*) FROM run WHERE account = ?1 AND region = ?2 AND template = ?3",
            &values,
            Row::count,
        )?;
        let newest = self.query_one(
            &format!(
                "SELECT {COLUMNS} FROM run WHERE account = ?1 AND region = ?2 AND template = ?3 \
                 ORDER BY seq DESC LIMIT 1"
            ),
            &values,
            read,
        )?;
        Ok((count.unwrap_or_default(), newest))
    }

    /// Tells whether a template has a run of that name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn run_name_is_taken(&mut self, scope: &Scope, template: &Id, name: &str) -> Result<bool, StoreError> {
        let found = self.query_one(
            "SELECT 1 FROM run WHERE account = ?1 AND region = ?2 AND template = ?3 AND name = ?4",
            &[(&scope.account).into(), (&scope.region).into(), template.as_str().into(), name.into()],
            Row::count,
        )?;
        Ok(found.is_some())
    }

    /// Takes the right to work on a run until `until`, or keeps it; `false` while another server
    /// has it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn lease_run(&mut self, seq: i64, owner: &str, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE run SET lease_owner = ?2, lease_until_ms = ?4 \
             WHERE seq = ?1 AND live = 1 AND (lease_owner IS NULL OR lease_owner = ?2 OR lease_until_ms < ?3)",
            &[seq.into(), owner.into(), now.into(), until.into()],
        )?;
        Ok(changed == 1)
    }

    /// Lists runs of a scope, newest first, beginning below the number `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn list_runs(
        &mut self,
        scope: &Scope,
        filter: &RunFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Run>, StoreError> {
        let mut question = Question::new(scope);
        question.any("template", filter.templates.iter().map(|id| id.as_str().into()));
        question.any("state", filter.states.iter().map(|state| state.word().into()));
        if let Some(pattern) = &filter.name_pattern {
            question.like("name", pattern);
        }
        if let Some((least, most)) = filter.duration_s {
            question.between("duration_s", Some(least), Some(most));
        }
        question.any_part("rules", &filter.rules);
        question.between("started_ms", filter.started.0, filter.started.1);
        question.between("completed_ms", filter.completed.0, filter.completed.1);
        if filter.state_changed != (None, None) {
            let (from, to) = filter.state_changed;
            let from = question.value(from.map_or(i64::MIN, Timestamp::as_millisecond));
            let to = question.value(to.map_or(i64::MAX, Timestamp::as_millisecond));
            question.and(format!(
                "EXISTS (SELECT 1 FROM run_transition t WHERE t.run_seq = run.seq AND t.at_ms BETWEEN {from} AND {to})"
            ));
        }
        if let Some(before) = before {
            let mark = question.value(before);
            question.and(format!("seq < {mark}"));
        }
        let limit = question.value(limit);
        let sql = format!("SELECT {COLUMNS} FROM run WHERE {} ORDER BY seq DESC LIMIT {limit}", question.text);
        self.query(&sql, &question.values, read)
    }
}
