//! Runs: start and stop.

use jiff::Timestamp;
use yagura_model::service::{Arn, ArnKind, Run, RunState, Scope, StopAction};

use super::{AppError, Cx, codes};

/// Busy agents that a refusal names.
const BUSY_NAMED_MAX: usize = 10;

/// Starts a run of a template.
///
/// # Errors
/// When there is no such template, the name is taken, a limit is reached, or every host of the
/// target is in another run.
pub fn start_run(cx: &mut Cx<'_, '_>, template: &Arn, name: Option<String>) -> Result<Arn, AppError> {
    let scope = cx.scope().clone();
    super::run::lock(cx)?;
    let Some(found) = cx.tx.template_by_arn(&scope, template)? else {
        return Err(AppError::missing(
            codes::ASSESSMENT_TEMPLATE_DOES_NOT_EXIST,
            format!("there is no assessment template `{template}`"),
        ));
    };
    if found.rules.is_empty() {
        // The original let such a template be made; a run of it would judge nothing and look clean.
        return Err(AppError::invalid(
            codes::INVALID_NUMBER_OF_RULES_PACKAGE_ARNS,
            "the template has no rules packages, so a run of it would assess nothing",
        ));
    }
    if cx.tx.count_runs(&scope)? >= cx.app.settings.runs_max {
        return Err(AppError::Limit {
            code: codes::ASSESSMENT_RUN_LIMIT_EXCEEDED,
            message: format!("there are {} assessment runs already; delete some", cx.app.settings.runs_max),
        });
    }
    let name = name.unwrap_or_else(|| default_name(&found.name, cx.now));
    if cx.tx.run_name_is_taken(&scope, &found.id, &name)? {
        return Err(AppError::Validation(format!(
            "1 validation error detected: the template already has an assessment run named `{name}`"
        )));
    }
    refuse_if_all_busy(cx, &scope, &found.target)?;
    let run = Run {
        seq: 0,
        scope: scope.clone(),
        id: cx.app.new_id()?,
        target: found.target.clone(),
        template: found.id.clone(),
        name,
        state: RunState::Created,
        version: 1,
        duration_s: found.duration_s,
        rules: found.rules.clone(),
        attributes: found.attributes.clone(),
        created_at: cx.now,
        started_at: None,
        completed_at: None,
        changed_at: cx.now,
        stop: None,
        data_collected: false,
        counts: [0; 5],
    };
    let mut run = run;
    run.seq = cx.tx.insert_run(&run)?;
    cx.app.tell_created(cx.tx, &run, cx.now)?;
    Ok(run.arn())
}

/// The name that the original gives: `Run - web - 2022-05-19T06:52:00.131Z`, within its bounds.
fn default_name(template: &str, now: Timestamp) -> String {
    const NAME_CHARS_MAX: usize = 140;
    let when = now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let room = NAME_CHARS_MAX.saturating_sub("Run -  - ".len() + when.len());
    let short: String = template.chars().take(room).collect();
    format!("Run - {short} - {when}")
}

/// With every host busy a run could only exclude them all; with the strict setting one is enough.
fn refuse_if_all_busy(cx: &mut Cx<'_, '_>, scope: &Scope, target: &yagura_model::service::Id) -> Result<(), AppError> {
    let busy = cx.tx.busy_agents(scope, 0)?;
    let live = u64::try_from(busy.len()).unwrap_or(u64::MAX);
    let tags = match cx.tx.target(scope, target)? {
        Some(target) => cx.tx.target_tags(scope, &target)?,
        None => Some(Vec::new()),
    };
    let members = cx.tx.count_agents_with(scope, tags.as_deref())?;
    if live.saturating_add(members) > cx.app.settings.live_agents_max {
        return Err(AppError::Limit {
            code: codes::ASSESSMENT_RUN_LIMIT_EXCEEDED,
            message: format!(
                "{live} agents are in live runs and this target has {members}; at most {} may be in live runs at once",
                cx.app.settings.live_agents_max
            ),
        });
    }
    if busy.is_empty() {
        return Ok(());
    }
    let mut concerned = Vec::new();
    for (agent, run) in busy {
        if cx.tx.agent(scope, &agent)?.is_some_and(|agent| agent.belongs(tags.as_deref())) {
            concerned.push((agent, run));
        }
    }
    let all = u64::try_from(concerned.len()).unwrap_or(u64::MAX) >= members && members > 0;
    if !(all || (cx.app.settings.busy_is_an_error && !concerned.is_empty())) {
        return Ok(());
    }
    let truncated = concerned.len() > BUSY_NAMED_MAX;
    let mut agents = Vec::new();
    for (agent, run) in concerned.into_iter().take(BUSY_NAMED_MAX) {
        if let Some(run) = cx.tx.run_by_seq(run)? {
            agents.push((agent, run.arn()));
        }
    }
    Err(AppError::AgentsBusy { agents, truncated })
}

/// Stops a run. On one that collects no more it does nothing, as the original does.
///
/// # Errors
/// When there is no such run.
pub fn stop_run(cx: &mut Cx<'_, '_>, arn: &Arn, action: StopAction) -> Result<(), AppError> {
    let scope = cx.scope().clone();
    let run = existing(cx, &scope, arn)?;
    let collected = run.data_collected || run.state.is_terminal();
    let effective = match action {
        StopAction::StartEvaluation => !collected && run.stop.is_none(),
        StopAction::SkipEvaluation => !run.state.is_terminal(),
    };
    if !effective {
        return Ok(());
    }
    let mut after = run.clone();
    after.stop = Some(action);
    let moved = match action {
        StopAction::StartEvaluation => cx.tx.update_run(&run, &mut after)?,
        // The caller sees the run cancelled as soon as the call is over.
        StopAction::SkipEvaluation => cx.app.move_to(cx.tx, &run, &mut after, RunState::Canceled, cx.now)?,
    };
    cx.app.bell.ring();
    if moved { Ok(()) } else { Err(AppError::Temporary("the run moved at the same moment; try again".into())) }
}

fn existing(cx: &mut Cx<'_, '_>, scope: &Scope, arn: &Arn) -> Result<Run, AppError> {
    debug_assert_eq!(arn.kind(), ArnKind::Run);
    cx.tx.run_by_arn(scope, arn)?.ok_or_else(|| {
        AppError::missing(codes::ASSESSMENT_RUN_DOES_NOT_EXIST, format!("there is no assessment run `{arn}`"))
    })
}
