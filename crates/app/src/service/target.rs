//! Assessment targets.

use yagura_model::service::{Arn, Id, Target};

use super::{AppError, Cx, codes, resource_group, run};

/// Makes a target and returns its ARN. Without a group it means every host of the scope.
///
/// # Errors
/// When the group is not there, the name is taken, or the scope has as many as it may have.
pub fn create(cx: &mut Cx<'_, '_>, name: String, group: Option<&Arn>) -> Result<Arn, AppError> {
    let (scope, limit) = (cx.scope().clone(), cx.app.settings.targets_max);
    lock(cx)?;
    let resource_group = group_id(cx, group)?;
    refuse_taken_name(cx, &name, None)?;
    if cx.tx.count_targets(&scope)? >= limit {
        return Err(AppError::Limit {
            code: codes::ASSESSMENT_TARGET_LIMIT_EXCEEDED,
            message: format!("the account has {limit} assessment targets in this region already"),
        });
    }
    let now = cx.now;
    cx.tx.account_since(&scope.account, now)?;
    let target = Target { id: cx.app.new_id()?, name, resource_group, created_at: now, updated_at: now };
    cx.tx.insert_target(&scope, &target)?;
    Ok(Arn::target(&scope, &target.id))
}

/// Replaces name and group of a target. Without a group it means every host of the scope
/// afterwards, which needs the right that no single thing gives.
///
/// # Errors
/// When target or group are not there, or the name is taken.
pub fn update(cx: &mut Cx<'_, '_>, arn: &Arn, name: String, group: Option<&Arn>) -> Result<(), AppError> {
    let scope = cx.scope().clone();
    lock(cx)?;
    let mut target = get(cx, arn)?;
    if group.is_none() && target.resource_group.is_some() {
        cx.must(None)?;
    }
    target.resource_group = group_id(cx, group)?;
    refuse_taken_name(cx, &name, Some(&target.id))?;
    target.name = name;
    target.updated_at = cx.now;
    cx.tx.update_target(&scope, &target)?;
    Ok(())
}

/// Deletes a target with its templates and their runs.
///
/// # Errors
/// When it is not there, or one of the runs is in progress.
pub fn delete(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<(), AppError> {
    let (scope, now) = (cx.scope().clone(), cx.now);
    lock(cx)?;
    run::lock(cx)?;
    let target = get(cx, arn)?;
    run::refuse_live(&cx.tx.live_runs_of(&scope, &target.id, None)?)?;
    cx.tx.delete_target(&scope, &target.id, now)?;
    Ok(())
}

/// Finds a target; one of another account or region is none.
///
/// # Errors
/// When the store fails.
pub fn find(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<Option<Target>, AppError> {
    let scope = cx.scope().clone();
    Ok(cx.tx.target_by_arn(&scope, arn)?)
}

/// Lists targets in the order in which they were made, each with its number; `after` is the last
/// number of the page before.
///
/// # Errors
/// When the store fails.
pub fn list(
    cx: &mut Cx<'_, '_>,
    name_pattern: Option<&str>,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, Arn)>, AppError> {
    let scope = cx.scope().clone();
    let targets = cx.tx.list_targets(&scope, name_pattern, after, limit)?;
    Ok(targets.into_iter().map(|(seq, target)| (seq, Arn::target(&scope, &target.id))).collect())
}

/// Finds a target that must be there.
///
/// # Errors
/// When it is not.
pub fn get(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<Target, AppError> {
    find(cx, arn)?.ok_or_else(|| {
        AppError::missing(
            codes::ASSESSMENT_TARGET_DOES_NOT_EXIST,
            format!("the assessment target `{arn}` does not exist"),
        )
    })
}

/// Keeps others from making, changing or deleting targets and templates of the scope until the
/// transaction ends, so that names, limits and parents stay what they were when they were read.
pub(super) fn lock(cx: &mut Cx<'_, '_>) -> Result<(), AppError> {
    let scope = cx.scope();
    let name = format!("targets:{}:{}", scope.account, scope.region);
    Ok(cx.tx.lock(&name)?)
}

fn group_id(cx: &mut Cx<'_, '_>, group: Option<&Arn>) -> Result<Option<Id>, AppError> {
    let Some(arn) = group else { return Ok(None) };
    cx.must(Some(arn))?;
    Ok(Some(resource_group::get(cx, arn)?.id))
}

fn refuse_taken_name(cx: &mut Cx<'_, '_>, name: &str, but: Option<&Id>) -> Result<(), AppError> {
    let scope = cx.scope().clone();
    let other = cx.tx.target_by_name(&scope, name)?.filter(|other| Some(&other.id) != but);
    match other {
        None => Ok(()),
        Some(_) => Err(AppError::invalid(
            codes::ASSESSMENT_TARGET_NAME_ALREADY_TAKEN,
            format!("there is an assessment target `{name}` already"),
        )),
    }
}
