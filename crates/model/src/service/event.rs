//! What happens to runs, as the API names it.

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// A run began to collect data.
    RunStarted,
    /// A run reached its end.
    RunCompleted,
    /// A run reached another state.
    RunStateChanged,
    /// A finding was made.
    FindingReported,
    /// Anything else.
    Other,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::RunStarted, Self::RunCompleted, Self::RunStateChanged, Self::FindingReported, Self::Other];

    /// Returns the API's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::RunStarted => "ASSESSMENT_RUN_STARTED",
            Self::RunCompleted => "ASSESSMENT_RUN_COMPLETED",
            Self::RunStateChanged => "ASSESSMENT_RUN_STATE_CHANGED",
            Self::FindingReported => "FINDING_REPORTED",
            Self::Other => "OTHER",
        }
    }

    /// Reads the API's word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}
