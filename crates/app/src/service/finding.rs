//! Findings: listed, shown, and marked by users. What users see of a run they see when it is
//! judged as a whole.

use yagura_model::Attribute;
use yagura_model::service::{Arn, ArnKind, Run};
pub use yagura_store::FindingFilter as Filter;
use yagura_store::StoredFinding;

use super::{AppError, Cx, codes};

/// A finding and where it belongs.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// Its name.
    pub arn: Arn,
    /// Its run's name.
    pub run: Arn,
    /// The finding.
    pub finding: StoredFinding,
    /// The host as its run knew it (JSON in the API's shape of asset attributes).
    pub asset: Option<String>,
}

/// What became of a finding that was to be marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// It has the attributes, or has them no longer.
    Done,
    /// There is no such finding.
    NotThere,
    /// It would have more attributes than a finding may have.
    Full,
}

/// User attributes that a finding may have.
pub const USER_ATTRIBUTES_MAX: usize = 10;

/// Lists findings of these runs, or of every one where none is named, newest first, each with its
/// number; `before` is the last number of the page before.
///
/// # Errors
/// When a run is not there, or the caller may not see its findings.
pub fn list(
    cx: &mut Cx<'_, '_>,
    runs: &[Arn],
    mut filter: Filter,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<(i64, Arn)>, AppError> {
    let mut known: Vec<Run> = Vec::new();
    for arn in runs {
        cx.app.decide(cx.tx, cx.caller, cx.action, Some(arn))??;
        let run = run_of(cx, arn)?;
        if !filter.runs.contains(&run.seq) {
            filter.runs.push(run.seq);
            known.push(run);
        }
    }
    let scope = cx.scope().clone();
    let listed = cx.tx.list_findings(&scope, &filter, before, limit)?;
    let mut named = Vec::with_capacity(listed.len());
    for finding in listed {
        let run = match known.iter().position(|run| run.seq == finding.run_seq) {
            Some(place) => known.get(place),
            None => {
                known.extend(cx.tx.run_by_seq(finding.run_seq)?);
                known.last().filter(|run| run.seq == finding.run_seq)
            }
        };
        if let Some(run) = run {
            named.push((finding.seq, run.arn().finding(&finding.id)));
        }
    }
    Ok(named)
}

/// Finds a finding; one of another account or region, or of a run that is not judged as a whole,
/// is none.
///
/// # Errors
/// When the store fails.
pub fn describe(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<Option<Described>, AppError> {
    let Some((run, finding)) = published(cx, arn)? else { return Ok(None) };
    let asset = cx.tx.run_agent(run.seq, &finding.agent)?.map(|member| member.asset);
    Ok(Some(Described { arn: arn.clone(), run: run.arn(), finding, asset }))
}

/// Gives a finding attributes: one whose key it has gets the new value.
///
/// # Errors
/// When the store fails.
pub fn add_attributes(cx: &mut Cx<'_, '_>, arn: &Arn, attributes: &[Attribute]) -> Result<Marked, AppError> {
    lock(cx)?;
    let Some((_, finding)) = published(cx, arn)? else { return Ok(Marked::NotThere) };
    let has = |key: &str| finding.user_attributes.iter().any(|known| known.key == key);
    let new = attributes.iter().filter(|attribute| !has(&attribute.key)).count();
    if finding.user_attributes.len() + new > USER_ATTRIBUTES_MAX {
        return Ok(Marked::Full);
    }
    if !attributes.is_empty() {
        cx.tx.put_user_attributes(&finding, attributes, cx.now)?;
    }
    Ok(Marked::Done)
}

/// Takes attributes from a finding; keys that it does not have are passed over.
///
/// # Errors
/// When the store fails.
pub fn remove_attributes(cx: &mut Cx<'_, '_>, arn: &Arn, keys: &[String]) -> Result<Marked, AppError> {
    lock(cx)?;
    let Some((_, finding)) = published(cx, arn)? else { return Ok(Marked::NotThere) };
    cx.tx.remove_user_attributes(&finding, keys, cx.now)?;
    Ok(Marked::Done)
}

/// Of two callers that change the attributes of the same finding, each sees what the other did.
fn lock(cx: &mut Cx<'_, '_>) -> Result<(), AppError> {
    let scope = cx.scope();
    let name = format!("finding-attributes:{}:{}", scope.account, scope.region);
    Ok(cx.tx.lock(&name)?)
}

fn published(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<Option<(Run, StoredFinding)>, AppError> {
    let scope = cx.scope().clone();
    if arn.kind() != ArnKind::Finding {
        return Ok(None);
    }
    let Some(run) = cx.tx.run_by_arn(&scope, arn)?.filter(|run| run.state.shows_findings()) else { return Ok(None) };
    Ok(cx.tx.finding(&scope, run.seq, arn.id())?.map(|finding| (run, finding)))
}

/// Finds a run that must be there.
pub(super) fn run_of(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<Run, AppError> {
    let scope = cx.scope().clone();
    cx.tx.run_by_arn(&scope, arn)?.ok_or_else(|| {
        AppError::missing(codes::ASSESSMENT_RUN_DOES_NOT_EXIST, format!("the assessment run `{arn}` does not exist"))
    })
}
