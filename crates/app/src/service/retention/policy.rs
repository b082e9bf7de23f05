//! The settings of an account: for each kind of things how many days it is kept.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::super::{AppError, Cx};

/// The setting under which an account's policy stands.
const SETTING: &str = "retention";
/// The most days that can be said: a century.
pub const DAYS_MAX: u32 = 36_500;

/// A kind of things that can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Runs that are over, with findings, exclusions and whatever else belongs to them.
    Runs,
    /// What agents sent, as they sent it. The snapshot that was made of it stays.
    TelemetryBodies,
    /// Findings of hosts that are gone, in the history of each host.
    ResolvedFindings,
    /// Audit records in the database; they move into files.
    AuditRecords,
    /// Snapshots to which neither a host nor a run refers any more.
    Snapshots,
    /// Documents that were made of a run; they are made anew when somebody asks.
    Reports,
    /// Previews of exclusions.
    Previews,
    /// Long texts that no finding has any more.
    FindingTexts,
}

impl Kind {
    /// Every kind, in the order in which they go: what others refer to comes later.
    pub const ALL: [Self; 8] = [
        Self::Runs,
        Self::TelemetryBodies,
        Self::ResolvedFindings,
        Self::AuditRecords,
        Self::Snapshots,
        Self::Reports,
        Self::Previews,
        Self::FindingTexts,
    ];

    /// Returns its name in the settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::TelemetryBodies => "telemetry-bodies",
            Self::ResolvedFindings => "resolved-findings",
            Self::AuditRecords => "audit-records",
            Self::Snapshots => "snapshots",
            Self::Reports => "reports",
            Self::Previews => "previews",
            Self::FindingTexts => "finding-texts",
        }
    }

    /// Reads its name in the settings.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Returns how many days it is kept where nobody says; `None` for ever.
    pub const fn default_days(self) -> Option<u32> {
        match self {
            // Findings are what the service is for; only an operator knows when they are worthless.
            Self::Runs => None,
            Self::TelemetryBodies => Some(7),
            Self::ResolvedFindings => Some(400),
            Self::AuditRecords => Some(90),
            Self::Snapshots => Some(7),
            Self::Reports => Some(30),
            Self::Previews => Some(7),
            // They have no date: an unused one goes with the next step.
            Self::FindingTexts => Some(0),
        }
    }
}

/// How long each kind is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy(BTreeMap<Kind, Option<u32>>);

impl Default for Policy {
    fn default() -> Self {
        Self(Kind::ALL.into_iter().map(|kind| (kind, kind.default_days())).collect())
    }
}

impl Policy {
    /// Returns for how many days a kind is kept; `None` for ever.
    pub fn days(&self, kind: Kind) -> Option<u32> {
        self.0.get(&kind).copied().unwrap_or_else(|| kind.default_days())
    }

    /// Sets for how many days a kind is kept; `None` for ever.
    #[must_use]
    pub fn with(mut self, kind: Kind, days: Option<u32>) -> Self {
        self.0.insert(kind, days);
        self
    }

    /// Returns the moment before which things of a kind go; `None` when they stay for ever.
    pub fn cutoff(&self, kind: Kind, now: Timestamp) -> Option<Timestamp> {
        let age = SignedDuration::from_hours(i64::from(self.days(kind)?) * 24);
        now.checked_sub(age).ok()
    }

    fn to_text(&self) -> String {
        let days: BTreeMap<&str, Option<u32>> = self.0.iter().map(|(kind, days)| (kind.word(), *days)).collect();
        serde_json::json!(days).to_string()
    }

    /// Kinds that this version does not know are passed over, so that an older program still works.
    fn from_text(text: &str) -> Result<Self, serde_json::Error> {
        let days: BTreeMap<String, Option<u32>> = serde_json::from_str(text)?;
        let known = days.into_iter().filter_map(|(word, days)| Some((Kind::from_word(&word)?, days)));
        Ok(known.fold(Self::default(), |policy, (kind, days)| policy.with(kind, days)))
    }
}

/// Returns the account's policy, or the built-in one.
///
/// # Errors
/// When the kept one is damaged.
pub fn policy(cx: &mut Cx<'_, '_>) -> Result<Policy, AppError> {
    let account = cx.scope().account.clone();
    of_account(cx.tx, &account)
}

pub(super) fn of_account(tx: &mut yagura_store::Tx<'_>, account: &str) -> Result<Policy, AppError> {
    match tx.setting(account, SETTING)? {
        Some(kept) => Policy::from_text(&kept).map_err(AppError::internal),
        None => Ok(Policy::default()),
    }
}

/// Sets how many days some kinds are kept and leaves the others as they are.
///
/// # Errors
/// When a number of days is beyond the bound.
pub fn set_policy(cx: &mut Cx<'_, '_>, changes: &[(Kind, Option<u32>)]) -> Result<Policy, AppError> {
    let account = cx.scope().account.clone();
    if changes.iter().any(|(_, days)| days.is_some_and(|days| days > DAYS_MAX)) {
        return Err(AppError::Validation(format!("things are kept for {DAYS_MAX} days at most, or for ever")));
    }
    let policy = changes.iter().fold(policy(cx)?, |policy, (kind, days)| policy.with(*kind, *days));
    cx.tx.put_setting(&account, SETTING, &policy.to_text())?;
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_survives_its_text_and_unknown_kinds_do_no_harm() {
        let policy = Policy::default().with(Kind::Runs, Some(30)).with(Kind::Reports, None);
        assert_eq!(Policy::from_text(&policy.to_text()).unwrap(), policy);
        let newer = Policy::from_text(r#"{"runs":5,"holograms":1}"#).unwrap();
        assert_eq!(newer.days(Kind::Runs), Some(5));
        assert_eq!(newer.days(Kind::Previews), Kind::Previews.default_days());
        assert!(Policy::from_text("[]").is_err());
    }

    #[test]
    fn what_stays_for_ever_has_no_cutoff() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let policy = Policy::default().with(Kind::Previews, Some(DAYS_MAX));
        assert_eq!(policy.cutoff(Kind::Runs, now), None);
        assert_eq!(policy.cutoff(Kind::FindingTexts, now), Some(now));
        assert!(policy.cutoff(Kind::Previews, now).is_some_and(|cutoff| cutoff < now));
    }
}
