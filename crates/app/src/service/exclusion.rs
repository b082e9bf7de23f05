//! What runs could not judge: listed and shown. How each exclusion is worded stands in
//! [`super::exclusions`].

use yagura_model::service::{Arn, ArnKind};
pub use yagura_store::StoredExclusion as Exclusion;

use super::{AppError, Cx, finding::run_of};

/// Lists exclusions of a run by their ids; `after` is the last id of the page before, empty for
/// the first page.
///
/// # Errors
/// When the run is not there.
pub fn list(cx: &mut Cx<'_, '_>, run: &Arn, after: &str, limit: usize) -> Result<Vec<Arn>, AppError> {
    let run = run_of(cx, run)?;
    let exclusions = cx.tx.exclusions(run.seq, after, limit)?;
    Ok(exclusions.iter().map(|exclusion| run.arn().exclusion(&exclusion.id)).collect())
}

/// Finds an exclusion; one of another account or region is none.
///
/// # Errors
/// When the store fails.
pub fn describe(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<Option<Exclusion>, AppError> {
    let scope = cx.scope().clone();
    if arn.kind() != ArnKind::Exclusion {
        return Ok(None);
    }
    let Some(run) = cx.tx.run_by_arn(&scope, arn)? else { return Ok(None) };
    Ok(cx.tx.exclusion(&scope, run.seq, arn.id())?)
}
