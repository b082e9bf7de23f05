//! Assessment runs as things: found, shown and deleted. What makes them go on is the run engine.

use jiff::Timestamp;
use yagura_model::service::{Arn, Run, RunState};
pub use yagura_store::{Notification, RunFilter as Filter};

use super::{AppError, Cx, codes, template};

/// A run and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The run.
    pub run: Run,
    /// The states that it has passed, oldest first.
    pub transitions: Vec<(RunState, Timestamp)>,
    /// The newest messages about it, oldest of them first.
    pub notifications: Vec<Notification>,
}

/// Messages that a description of a run shows.
const NOTIFICATIONS_MAX: usize = 50;

/// Finds a run with its history; one of another account or region is none.
///
/// # Errors
/// When the store fails.
pub fn describe(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<Option<Described>, AppError> {
    let scope = cx.scope().clone();
    let Some(run) = cx.tx.run_by_arn(&scope, arn)? else { return Ok(None) };
    let transitions = cx.tx.transitions(run.seq)?;
    let notifications = cx.tx.notifications(run.seq, NOTIFICATIONS_MAX)?;
    Ok(Some(Described { run, transitions, notifications }))
}

/// Lists runs of these templates, or of every one where none is named, newest first; `before` is
/// the last number of the page before.
///
/// # Errors
/// When a template is not there, or the caller may not list its runs.
pub fn list(
    cx: &mut Cx<'_, '_>,
    templates: &[Arn],
    mut filter: Filter,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Run>, AppError> {
    for arn in templates {
        cx.must(Some(arn))?;
        filter.templates.push(template::get(cx, arn)?.id);
    }
    let scope = cx.scope().clone();
    Ok(cx.tx.list_runs(&scope, &filter, before, limit)?)
}

/// Finds a run that must be there.
///
/// # Errors
/// When it is not.
pub fn get(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<Run, AppError> {
    let scope = cx.scope().clone();
    cx.tx.run_by_arn(&scope, arn)?.ok_or_else(|| {
        AppError::missing(codes::ASSESSMENT_RUN_DOES_NOT_EXIST, format!("the assessment run `{arn}` does not exist"))
    })
}

/// Deletes a run with its findings, exclusions and reports.
///
/// # Errors
/// When it is not there, or in progress.
pub fn delete(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<(), AppError> {
    let now = cx.now;
    lock(cx)?;
    let run = get(cx, arn)?;
    if !run.state.is_terminal() {
        return Err(AppError::RunInProgress { runs: vec![run.arn()], truncated: false });
    }
    cx.tx.delete_run(&run, now)?;
    Ok(())
}

/// Keeps others from starting or deleting runs of the scope until the transaction ends. Whoever
/// takes the lock of the targets too takes that one first.
///
/// # Errors
/// When the store fails.
pub fn lock(cx: &mut Cx<'_, '_>) -> Result<(), AppError> {
    let name = lock_name(cx.scope());
    Ok(cx.tx.lock(&name)?)
}

/// The name of that lock, for who works outside of a call.
pub(super) fn lock_name(scope: &yagura_model::service::Scope) -> String {
    format!("runs:{}:{}", scope.account, scope.region)
}

/// Refuses to go on while there are live runs, and names up to ten of them.
pub(super) fn refuse_live(live: &[Run]) -> Result<(), AppError> {
    const NAMED_MAX: usize = 10;
    if live.is_empty() {
        return Ok(());
    }
    let runs = live.iter().take(NAMED_MAX).map(Run::arn).collect();
    Err(AppError::RunInProgress { runs, truncated: live.len() > NAMED_MAX })
}
