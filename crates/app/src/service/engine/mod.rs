//! The run engine: moves every live run along its states, one transaction a transition.
//!
//! Nothing lives in memory between two ticks: deadlines, members and results stand in the store,
//! so a server that is killed goes on where it was, and a second server takes over when the
//! first one's lease is over.
//!
//! - `members`: which hosts take part, and why others do not.
//! - `steps`: from each state to the next.
//! - `judge`: one host of a run, judged in one transaction.
//! - `tell`: what is told to subscribers, in the transaction of the thing itself.
//!
//! # Invariants
//!
//! - A transition happens once: a run is written only if it is still what was read.
//! - A host is judged once: its findings and its phase are one transaction, and a finding's id
//!   follows from the run, the host and the fault.
//! - A host that is not judged is an exclusion.

mod evidence;
mod judge;
mod members;
mod rematch;
mod steps;
mod tell;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use yagura_model::service::{Run, RunState};

use super::{App, AppError};

/// How long a server keeps a run to itself without saying so again. A killed server's runs wait
/// this long.
const LEASE: SignedDuration = SignedDuration::from_secs(15);

/// Moves runs along. One for each server.
#[derive(Debug)]
pub struct Engine {
    app: Arc<App>,
    owner: String,
    held: Option<RunState>,
}

/// What one tick did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ticked {
    /// Runs that were looked at.
    pub runs: usize,
    /// Transitions made.
    pub transitions: usize,
    /// Hosts judged.
    pub judged: usize,
}

/// What a step of a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is in another state now.
    Moved,
    /// So many hosts were judged; there may be more.
    Judged(usize),
    /// There is nothing to do before something happens.
    Waiting,
    /// Another server was faster.
    Lost,
}

impl Engine {
    /// Makes the engine of a server. `owner` tells it from other servers.
    pub fn new(app: Arc<App>, owner: impl Into<String>) -> Self {
        Self { app, owner: owner.into(), held: None }
    }

    /// Leaves every run in this state, once it is there. For laboratories, which kill the server in each state; most
    /// states last milliseconds.
    #[must_use]
    pub fn holding(self, state: RunState) -> Self {
        Self { held: Some(state), ..self }
    }

    /// Moves every live run as far as it goes now.
    ///
    /// # Errors
    /// When the store cannot be read. What is wrong with one run ends that run and no other.
    pub fn tick(&self) -> Result<Ticked, AppError> {
        let runs = self.app.store.read(|tx| Ok::<_, AppError>(tx.live_runs()?))?;
        let mut ticked = Ticked { runs: runs.len(), ..Ticked::default() };
        for run in runs {
            if let Err(error) = self.advance(run.seq, &mut ticked) {
                self.trouble(&run, &error);
            }
        }
        Ok(ticked)
    }

    fn advance(&self, seq: i64, ticked: &mut Ticked) -> Result<(), AppError> {
        loop {
            let now = self.app.now();
            let Some(run) = self.leased(seq, now)? else { return Ok(()) };
            match self.step(&run, now)? {
                Step::Moved => ticked.transitions += 1,
                Step::Judged(hosts) => ticked.judged += hosts,
                Step::Waiting | Step::Lost => return Ok(()),
            }
            if run.state.is_terminal() {
                return Ok(());
            }
        }
    }

    /// Takes the run for this server and reads it as it is now.
    fn leased(&self, seq: i64, now: Timestamp) -> Result<Option<Run>, AppError> {
        let until = now.checked_add(LEASE).unwrap_or(now);
        self.app.store.write(|tx| {
            if !tx.lease_run(seq, &self.owner, now, until)? {
                return Ok(None);
            }
            Ok(tx.run_by_seq(seq)?)
        })
    }

    /// A store that is busy or full is tried again at the next tick. Any other trouble ends the
    /// run, because it would come back at every tick.
    fn trouble(&self, run: &Run, error: &AppError) {
        if matches!(error, AppError::Temporary(_)) {
            tracing::warn!(run.arn = %run.arn(), "cannot move the run now: {error}");
            return;
        }
        tracing::error!(run.arn = %run.arn(), error = ?error, "a run ends with an error");
        if let Err(error) = self.fail(run.seq) {
            tracing::error!(run.arn = %run.arn(), "cannot end the run: {error}");
        }
    }
}
