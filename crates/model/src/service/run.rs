//! Runs, their states and the ways between them.

use jiff::Timestamp;

use super::{Arn, Id, Scope};
use crate::Attribute;

/// One execution of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The store's own number; newer runs have greater ones.
    pub seq: i64,
    /// Account and region.
    pub scope: Scope,
    /// `0-` and eight letters or digits.
    pub id: Id,
    /// Of which target.
    pub target: Id,
    /// Of which template.
    pub template: Id,
    /// Unique in its template.
    pub name: String,
    /// Where it stands.
    pub state: RunState,
    /// Grows with every change, so that of two servers only one makes it.
    pub version: i64,
    /// Copied from the template at the start, as are rules and attributes.
    pub duration_s: u32,
    /// ARNs of the rules packages.
    pub rules: Vec<String>,
    /// Attributes that its findings get.
    pub attributes: Vec<Attribute>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it began to collect.
    pub started_at: Option<Timestamp>,
    /// When it reached its end.
    pub completed_at: Option<Timestamp>,
    /// When it reached its present state.
    pub changed_at: Timestamp,
    /// How somebody wanted it to stop.
    pub stop: Option<StopAction>,
    /// Everything has arrived that will.
    pub data_collected: bool,
    /// Its findings per severity, in the order of [`crate::Severity::ALL`].
    pub counts: [u64; 5],
}

impl Run {
    /// Returns its name in the API.
    pub fn arn(&self) -> Arn {
        Arn::run(&self.scope, &self.target, &self.template, &self.id)
    }

    /// Returns the name of its template in the API.
    pub fn template_arn(&self) -> Arn {
        Arn::template(&self.scope, &self.target, &self.template)
    }
}

/// A state of a run, in the order in which a whole run passes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunState {
    /// Accepted.
    Created,
    /// The target is resolved to hosts.
    StartDataCollectionPending,
    /// The instructions lie ready for each agent.
    StartDataCollectionInProgress,
    /// The first agent works, or none is needed.
    CollectingData,
    /// The time is over, or somebody stopped the run.
    StopDataCollectionPending,
    /// Everything has arrived that will.
    DataCollected,
    /// Waits for the judges.
    StartEvaluatingRulesPending,
    /// Is judged.
    EvaluatingRules,
    /// Nothing could be judged.
    Failed,
    /// The service itself is at fault.
    Error,
    /// Judged whole.
    Completed,
    /// Judged in part; exclusions say what is missing.
    CompletedWithErrors,
    /// Somebody wanted no result.
    Canceled,
}

impl RunState {
    /// Every state.
    pub const ALL: [Self; 13] = [
        Self::Created,
        Self::StartDataCollectionPending,
        Self::StartDataCollectionInProgress,
        Self::CollectingData,
        Self::StopDataCollectionPending,
        Self::DataCollected,
        Self::StartEvaluatingRulesPending,
        Self::EvaluatingRules,
        Self::Failed,
        Self::Error,
        Self::Completed,
        Self::CompletedWithErrors,
        Self::Canceled,
    ];

    /// Returns the API's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::StartDataCollectionPending => "START_DATA_COLLECTION_PENDING",
            Self::StartDataCollectionInProgress => "START_DATA_COLLECTION_IN_PROGRESS",
            Self::CollectingData => "COLLECTING_DATA",
            Self::StopDataCollectionPending => "STOP_DATA_COLLECTION_PENDING",
            Self::DataCollected => "DATA_COLLECTED",
            Self::StartEvaluatingRulesPending => "START_EVALUATING_RULES_PENDING",
            Self::EvaluatingRules => "EVALUATING_RULES",
            Self::Failed => "FAILED",
            Self::Error => "ERROR",
            Self::Completed => "COMPLETED",
            Self::CompletedWithErrors => "COMPLETED_WITH_ERRORS",
            Self::Canceled => "CANCELED",
        }
    }

    /// Reads the API's word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Tells whether nothing follows.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Failed | Self::Error | Self::Completed | Self::CompletedWithErrors | Self::Canceled)
    }

    /// Tells whether agents may still send data for the run.
    pub const fn takes_data(self) -> bool {
        matches!(self, Self::StartDataCollectionInProgress | Self::CollectingData | Self::StopDataCollectionPending)
    }

    /// Tells whether a run in this state has its findings shown: only judged ones have.
    pub const fn shows_findings(self) -> bool {
        matches!(self, Self::Completed | Self::CompletedWithErrors)
    }

    /// Tells whether the state machine has a way from here to `next`.
    pub const fn may_become(self, next: Self) -> bool {
        if self.is_terminal() {
            return false;
        }
        match next {
            Self::Canceled | Self::Failed | Self::Error => true,
            Self::Created => false,
            Self::StartDataCollectionPending => matches!(self, Self::Created),
            Self::StartDataCollectionInProgress => matches!(self, Self::StartDataCollectionPending),
            Self::CollectingData => matches!(self, Self::StartDataCollectionInProgress),
            Self::StopDataCollectionPending => matches!(self, Self::CollectingData),
            Self::DataCollected => matches!(self, Self::StopDataCollectionPending),
            Self::StartEvaluatingRulesPending => matches!(self, Self::DataCollected),
            // The queue may be skipped, as it is in the published example.
            Self::EvaluatingRules => matches!(self, Self::DataCollected | Self::StartEvaluatingRulesPending),
            Self::Completed | Self::CompletedWithErrors => matches!(self, Self::EvaluatingRules),
        }
    }
}

/// How a run is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopAction {
    /// Judge what has arrived.
    StartEvaluation,
    /// No result is wanted.
    SkipEvaluation,
}

impl StopAction {
    /// Returns the API's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::StartEvaluation => "START_EVALUATION",
            Self::SkipEvaluation => "SKIP_EVALUATION",
        }
    }

    /// Reads the API's word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::StartEvaluation, Self::SkipEvaluation].into_iter().find(|action| action.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for state in RunState::ALL {
            assert_eq!(RunState::from_word(state.word()), Some(state));
        }
    }

    #[test]
    fn nothing_follows_an_end_and_every_other_state_has_a_way_on() {
        for state in RunState::ALL {
            let ways = RunState::ALL.into_iter().filter(|next| state.may_become(*next)).count();
            assert_eq!(ways == 0, state.is_terminal(), "{state:?}");
        }
    }

    #[test]
    fn a_whole_run_passes_every_state_in_order() {
        let whole = [
            RunState::Created,
            RunState::StartDataCollectionPending,
            RunState::StartDataCollectionInProgress,
            RunState::CollectingData,
            RunState::StopDataCollectionPending,
            RunState::DataCollected,
            RunState::StartEvaluatingRulesPending,
            RunState::EvaluatingRules,
            RunState::Completed,
        ];
        for pair in whole.windows(2) {
            assert!(pair[0].may_become(pair[1]), "{pair:?}");
            assert!(!pair[1].may_become(pair[0]), "{pair:?}");
        }
    }
}
