//! What was assessed, what was not, and why: the half of a result that a list of findings hides.

use jiff::Timestamp;

use crate::{FeedId, LocalText, RulesPackage, SourceLine};

/// How far something was assessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CoverageState {
    /// All of it.
    Assessed,
    /// Some of it; the line says what is missing.
    Partly,
    /// None of it.
    NotAssessed,
}

impl CoverageState {
    /// Returns a word for machines: `assessed`, `partly`, `not-assessed`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Assessed => "assessed",
            Self::Partly => "partly",
            Self::NotAssessed => "not-assessed",
        }
    }
}

/// One line of coverage: a rules package, or a feed that it leans on.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// The rules package that the line is about.
    pub rules_package: RulesPackage,
    /// The feed, where the line is about one.
    pub feed: Option<FeedId>,
    /// How far it was assessed.
    pub state: CoverageState,
    /// Why, and what to do about it; always there unless `Assessed`.
    pub reason: Option<LocalText>,
    /// How old the data is, where it has an age.
    pub age: Option<FeedAge>,
}

/// How old a feed's data is.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedAge {
    /// The date that upstream gives its data, or the file's own where it gives none.
    pub data_date: Timestamp,
    /// Whole days between that date and the assessment.
    pub age_days: i64,
    /// Older than the feed's limit.
    pub stale: bool,
}

/// Something of this host that could not be judged, with the reason. Never dropped silently.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exclusion {
    /// The rules package that could not judge it.
    pub rules_package: RulesPackage,
    /// A word for machines: `no-authority`, `under-investigation`, `unreadable` …
    pub code: &'static str,
    /// What: a package, a rule, a file.
    pub subject: String,
    /// Why, and what would have to change.
    pub reason: LocalText,
    /// Where on the host, where there is a place.
    pub place: Option<SourceLine>,
}
