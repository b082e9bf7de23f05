//! From each state of a run to the next.

use jiff::{SignedDuration, Timestamp};
use yagura_model::service::{Run, RunState, StopAction};
use yagura_model::{RulesPackage, Severity};
use yagura_store::{Phase, Tx};

use super::super::exclusions;
use super::super::{App, AppError};
use super::{Engine, Step};

/// A run starts without those that have not answered by then; they may still join.
const START_GRACE: SignedDuration = SignedDuration::from_secs(60);
/// How long the last data is waited for after the end.
const DRAIN: SignedDuration = SignedDuration::from_secs(60);
/// Hosts judged before the lease is renewed.
const JUDGED_AT_ONCE_MAX: usize = 8;

/// How many hosts of a run are in which phase.
#[derive(Debug, Clone, Copy, Default)]
struct Census {
    waiting: u64,
    flushed: u64,
    evaluated: u64,
    excluded: u64,
    begun: u64,
}

impl Census {
    fn take(tx: &mut Tx<'_>, run: &Run) -> Result<Self, AppError> {
        let mut census = Self::default();
        for (phase, count) in tx.count_run_agents(run.seq)? {
            match phase {
                Phase::Instructed => census.waiting += count,
                Phase::Collecting => {
                    census.waiting += count;
                    census.begun += count;
                }
                Phase::Flushed => {
                    census.flushed += count;
                    census.begun += count;
                }
                Phase::Evaluated => census.evaluated += count,
                Phase::Excluded => census.excluded += count,
            }
        }
        Ok(census)
    }

    const fn all(self) -> u64 {
        self.waiting + self.flushed + self.evaluated + self.excluded
    }
}

impl Engine {
    /// Moves a run one step, if it can move.
    pub(super) fn step(&self, run: &Run, now: Timestamp) -> Result<Step, AppError> {
        let app = &self.app;
        if self.held == Some(run.state) {
            return Ok(Step::Waiting);
        }
        if run.stop == Some(StopAction::SkipEvaluation) && !run.state.is_terminal() {
            return app.transition(run, RunState::Canceled, now);
        }
        match run.state {
            RunState::Created => {
                while app.take_members(run, now)? {}
                app.transition(run, RunState::StartDataCollectionPending, now)
            }
            RunState::StartDataCollectionPending => {
                let moved = app.transition(run, RunState::StartDataCollectionInProgress, now)?;
                app.bell.ring();
                Ok(moved)
            }
            RunState::StartDataCollectionInProgress => self.wait_for_the_first(run, now),
            RunState::CollectingData => self.collect(run, now),
            RunState::StopDataCollectionPending => self.drain(run, now),
            RunState::DataCollected => app.transition(run, RunState::StartEvaluatingRulesPending, now),
            RunState::StartEvaluatingRulesPending => app.transition(run, RunState::EvaluatingRules, now),
            RunState::EvaluatingRules => self.evaluate(run, now),
            RunState::Failed
            | RunState::Error
            | RunState::Completed
            | RunState::CompletedWithErrors
            | RunState::Canceled => Ok(Step::Waiting),
        }
    }

    fn wait_for_the_first(&self, run: &Run, now: Timestamp) -> Result<Step, AppError> {
        let census = self.app.store.read(|tx| Census::take(tx, run))?;
        let nobody = census.waiting == 0 && census.flushed == 0;
        let patience_over = now.duration_since(run.changed_at) >= START_GRACE;
        if census.begun > 0 || nobody || patience_over || run.stop.is_some() {
            return self.app.transition(run, RunState::CollectingData, now);
        }
        Ok(Step::Waiting)
    }

    fn collect(&self, run: &Run, now: Timestamp) -> Result<Step, AppError> {
        let started = run.started_at.unwrap_or(run.changed_at);
        let end = started.checked_add(SignedDuration::from_secs(i64::from(run.duration_s))).unwrap_or(started);
        if now >= end || run.stop == Some(StopAction::StartEvaluation) {
            let moved = self.app.transition(run, RunState::StopDataCollectionPending, now)?;
            self.app.bell.ring();
            return Ok(moved);
        }
        let more = self.app.take_members(run, now)?;
        if more {
            self.app.bell.ring();
        }
        Ok(Step::Waiting)
    }

    fn drain(&self, run: &Run, now: Timestamp) -> Result<Step, AppError> {
        let census = self.app.store.read(|tx| Census::take(tx, run))?;
        let over = now.duration_since(run.changed_at) >= DRAIN;
        if census.waiting > 0 && !over {
            return Ok(Step::Waiting);
        }
        if census.waiting > 0 {
            while self.exclude_the_lost(run)? {}
        }
        let all_lost = census.all() > 0 && census.flushed == 0 && census.evaluated == 0;
        if all_lost {
            return self.app.transition(run, RunState::Failed, now);
        }
        self.app.transition(run, RunState::DataCollected, now)
    }

    /// Hosts whose data never came whole; `true` when there may be more.
    fn exclude_the_lost(&self, run: &Run) -> Result<bool, AppError> {
        const AT_ONCE_MAX: usize = 500;
        self.app.store.write(|tx| {
            let mut lost = tx.run_agents_in(run.seq, Phase::Instructed, AT_ONCE_MAX)?;
            lost.extend(tx.run_agents_in(run.seq, Phase::Collecting, AT_ONCE_MAX)?);
            let mut excluded = Vec::new();
            for member in &mut lost {
                let why = if member.phase == Phase::Instructed {
                    "it never took up its instruction"
                } else {
                    "its data did not arrive whole before the run ended"
                };
                member.phase = Phase::Excluded;
                member.details = Some(why.to_owned());
                tx.update_run_agent(member)?;
                excluded.push(exclusions::agent_unhealthy(&member.agent, why));
            }
            tx.insert_exclusions(&run.scope, run.seq, &excluded)?;
            Ok::<_, AppError>(!lost.is_empty())
        })
    }

    fn evaluate(&self, run: &Run, now: Timestamp) -> Result<Step, AppError> {
        let waiting = self
            .app
            .store
            .read(|tx| Ok::<_, AppError>(tx.run_agents_in(run.seq, Phase::Flushed, JUDGED_AT_ONCE_MAX)?))?;
        if waiting.is_empty() {
            return self.finish(run, now);
        }
        for member in &waiting {
            self.app.judge_member(run, member, now)?;
        }
        Ok(Step::Judged(waiting.len()))
    }

    fn finish(&self, run: &Run, now: Timestamp) -> Result<Step, AppError> {
        let index = self.app.index.current();
        let outcome = self.app.store.write(|tx| {
            let census = Census::take(tx, run)?;
            if census.all() == 0 {
                tx.insert_exclusions(&run.scope, run.seq, &[exclusions::no_instances()])?;
            }
            let cve = self.app.packages(run).into_iter().find(|(_, package)| *package == RulesPackage::Cve);
            if let (Some((arn, _)), Err(why)) = (&cve, &index)
                && census.all() > 0
            {
                tx.insert_exclusions(&run.scope, run.seq, &[exclusions::missing_feed(arn, why)])?;
            }
            let (gaps, failures) = tx.count_gaps(run.seq)?;
            if self.app.settings.nothing_found_finding && gaps == 0 && census.evaluated > 0 {
                self.app.tell_nothing_found(tx, run, now)?;
            }
            let mut after = run.clone();
            after.counts = tx.count_findings(run.seq)?;
            let nothing_judged = census.all() > 0 && census.evaluated == 0;
            let state = match failures {
                _ if nothing_judged => RunState::Failed,
                0 => RunState::Completed,
                _ => RunState::CompletedWithErrors,
            };
            self.app.move_to(tx, run, &mut after, state, now)
        })?;
        if outcome {
            tracing::info!(run.arn = %run.arn(), "run `{}` is over", run.name);
        }
        Ok(if outcome { Step::Moved } else { Step::Lost })
    }

    /// Ends a run that the service itself cannot go on with.
    pub(super) fn fail(&self, seq: i64) -> Result<(), AppError> {
        let now = self.app.now();
        self.app.store.write(|tx| {
            let Some(run) = tx.run_by_seq(seq)?.filter(|run| !run.state.is_terminal()) else { return Ok(()) };
            let mut after = run.clone();
            self.app.move_to(tx, &run, &mut after, RunState::Error, now).map(drop)
        })
    }
}

impl App {
    /// Makes a transition in a transaction of its own.
    pub(super) fn transition(&self, run: &Run, state: RunState, now: Timestamp) -> Result<Step, AppError> {
        let moved = self.store.write(|tx| self.move_to(tx, run, &mut run.clone(), state, now))?;
        Ok(if moved { Step::Moved } else { Step::Lost })
    }

    /// Makes a transition with everything that hangs on it; `false` when somebody else was faster.
    pub(in super::super) fn move_to(
        &self,
        tx: &mut Tx<'_>,
        run: &Run,
        after: &mut Run,
        state: RunState,
        now: Timestamp,
    ) -> Result<bool, AppError> {
        if !run.state.may_become(state) {
            return Err(AppError::internal(format!("a run cannot go from {} to {}", run.state.word(), state.word())));
        }
        after.state = state;
        after.changed_at = now;
        match state {
            RunState::CollectingData => after.started_at = Some(now),
            RunState::DataCollected => after.data_collected = true,
            _ if state.is_terminal() => after.completed_at = Some(now),
            _ => {}
        }
        if !tx.update_run(run, after)? {
            return Ok(false);
        }
        self.tell_transition(tx, after, now)?;
        Ok(true)
    }

    /// The run's rules packages that this server has, with their ARNs.
    pub(super) fn packages(&self, run: &Run) -> Vec<(String, RulesPackage)> {
        let catalogue = yagura_model::service::catalogue(&run.scope.region);
        let known = catalogue.into_iter().filter(|entry| run.rules.contains(&entry.arn));
        known.map(|entry| (entry.arn, entry.package)).collect()
    }
}

/// Severities in the order in which a run counts them.
pub(super) const SEVERITIES: [Severity; 5] = Severity::ALL;
