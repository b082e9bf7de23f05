//! Which hosts a target means now.

use yagura_model::service::{Agent, Arn};

use super::{AppError, Cx, target};

/// Lists agents that a target means, in the order of enrolment, each with its number; `after` is
/// the last number of the page before.
///
/// # Errors
/// When the target is not there.
pub fn agents(cx: &mut Cx<'_, '_>, arn: &Arn, after: i64, limit: usize) -> Result<Vec<(i64, Agent)>, AppError> {
    let scope = cx.scope().clone();
    let target = target::get(cx, arn)?;
    let tags = cx.tx.target_tags(&scope, &target)?;
    Ok(cx.tx.agents_with(&scope, tags.as_deref(), after, limit)?)
}
