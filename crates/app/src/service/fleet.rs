//! The fleet as people see it: which hosts there are, how they are, what is wrong with each.

use jiff::Timestamp;
use yagura_model::service::{Agent, AgentHealth, Tag};
use yagura_store::{PostureRecord, Rematch, RematchChange, StoredCertificate, StoredSnapshot};

use super::tokens::check_tags;
use super::{AppError, Cx};

/// The code of an agent that is not there.
pub const AGENT_DOES_NOT_EXIST: &str = "AGENT_DOES_NOT_EXIST";
/// The code of a re-matching that is not there.
pub const CHANGE_DOES_NOT_EXIST: &str = "CHANGE_DOES_NOT_EXIST";
/// Agents that a list shows.
pub const AGENTS_LISTED_MAX: usize = 100_000;
/// Changes of one re-matching that are shown.
pub const CHANGES_LISTED_MAX: usize = 100_000;
/// Re-matchings that a list shows.
pub const REMATCHES_LISTED_MAX: usize = 1_000;
/// Certificates of an agent that are shown.
const CERTIFICATES_MAX: usize = 20;
/// Agents asked of the store at once.
const PAGE: usize = 1_000;

/// What a list of agents is narrowed by. All that is given must match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FleetFilter {
    /// With all of these tags; one without a value matches on its key alone.
    pub tags: Vec<Tag>,
    /// In this health.
    pub health: Option<AgentHealth>,
    /// Revoked ones too.
    pub with_revoked: bool,
}

/// An agent with what is known of its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownAgent {
    /// The agent and its facts.
    pub agent: Agent,
    /// The last whole snapshot.
    pub snapshot: Option<StoredSnapshot>,
    /// Its certificates, newest first.
    pub certificates: Vec<StoredCertificate>,
    /// What is wrong with the host now, most severe first.
    pub open: Vec<PostureRecord>,
}

/// Lists agents in the order of enrolment.
///
/// # Errors
/// When the store fails.
pub fn list(cx: &mut Cx<'_, '_>, filter: &FleetFilter) -> Result<Vec<Agent>, AppError> {
    let (scope, now) = (cx.scope().clone(), cx.now);
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = cx.tx.fleet(&scope, &filter.tags, filter.with_revoked, after, PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        let wanted = |agent: &Agent| filter.health.is_none_or(|health| agent.health(now) == health);
        found.extend(page.into_iter().map(|(_, agent)| agent).filter(wanted));
        if found.len() >= AGENTS_LISTED_MAX {
            found.truncate(AGENTS_LISTED_MAX);
            break;
        }
    }
    Ok(found)
}

/// Returns an agent with the findings that are open on it.
///
/// # Errors
/// When there is no such agent.
pub fn show(cx: &mut Cx<'_, '_>, id: &str) -> Result<ShownAgent, AppError> {
    let scope = cx.scope().clone();
    let agent = cx.tx.agent(&scope, id)?.ok_or_else(|| no_agent(id))?;
    let snapshot = match &agent.snapshot {
        Some(digest) => cx.tx.snapshot(&scope.account, digest)?,
        None => None,
    };
    let certificates = cx.tx.certificates_of(id, CERTIFICATES_MAX)?;
    let mut open = cx.tx.posture(&scope, id, false)?;
    open.sort_by(|a, b| (a.entry.severity, &a.entry.rule).cmp(&(b.entry.severity, &b.entry.rule)));
    Ok(ShownAgent { agent, snapshot, certificates, open })
}

/// Replaces the tags of an agent. Runs that are under way find it by its new ones.
///
/// # Errors
/// When there is no such agent, or a tag is none.
pub fn set_tags(cx: &mut Cx<'_, '_>, id: &str, tags: &[Tag]) -> Result<(), AppError> {
    let scope = cx.scope().clone();
    check_tags(tags)?;
    if cx.tx.set_agent_tags(&scope, id, tags)? { Ok(()) } else { Err(no_agent(id)) }
}

/// Takes an agent's certificates back: it is refused from its next call on, and must enrol anew.
/// Returns how many certificates that were.
///
/// # Errors
/// When there is no such agent.
pub fn revoke(cx: &mut Cx<'_, '_>, id: &str) -> Result<u64, AppError> {
    let (scope, now) = (cx.scope().clone(), cx.now);
    if !cx.tx.set_agent_revoked(&scope, id)? {
        return Err(no_agent(id));
    }
    Ok(cx.tx.revoke_certificates(id, &[], now)?)
}

/// Lists what changed feeds changed, newest first.
///
/// # Errors
/// When the store fails.
pub fn rematches(cx: &mut Cx<'_, '_>, limit: usize) -> Result<Vec<Rematch>, AppError> {
    let account = cx.scope().account.clone();
    Ok(cx.tx.rematches(&account, limit.min(REMATCHES_LISTED_MAX))?)
}

/// Returns a re-matching with its changes, host by host.
///
/// # Errors
/// When the account has none of that number.
pub fn changes(cx: &mut Cx<'_, '_>, number: i64) -> Result<(Rematch, Vec<RematchChange>), AppError> {
    let account = cx.scope().account.clone();
    let missing = || AppError::missing(CHANGE_DOES_NOT_EXIST, format!("there is no change `{number}`"));
    let rematch = cx.tx.rematch_by_number(&account, number)?.ok_or_else(missing)?;
    let changes = cx.tx.rematch_changes(number, CHANGES_LISTED_MAX)?;
    Ok((rematch, changes))
}

/// How many whole days lie between a moment and now.
pub fn age_days(since: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(since).as_hours().max(0) / 24
}

fn no_agent(id: &str) -> AppError {
    AppError::missing(AGENT_DOES_NOT_EXIST, format!("there is no agent `{id}`"))
}
