//! What a report of a whole assessment run is made of: plain values, and the source that gives
//! them one by one.
//!
//! A run over many hosts may have a hundred thousand findings. [`RunReportSource`] therefore
//! hands out one value at a time and keeps none; whoever writes the report keeps none either.
//! The values repeat names (host names, titles of rules packages) where a reader needs them, so
//! that no part has to be looked up in another.
//!
//! # Invariants
//!
//! - The parts are asked for in the order of the methods of [`RunReportSource`], each at most once.
//! - Groups come most severe first, and every [`FindingItem::Instance`] belongs to the
//!   [`FindingItem::Group`] before it. [`RuleItem`]s follow each other likewise.
//! - Totals stand in the header, the group and the rule. They hold even where the listener
//!   has heard enough before the list ends.

use std::error::Error;

use jiff::Timestamp;

use crate::{Attribute, CoverageState, FeedAge, FeedId, LocalText, Severity, Text};

/// How many findings there are of each severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeverityCounts(
    /// In the order of [`Severity::ALL`].
    pub [u64; 5],
);

impl SeverityCounts {
    /// Returns the count of one severity.
    pub fn get(&self, severity: Severity) -> u64 {
        self.pairs().find(|(other, _)| *other == severity).map_or(0, |(_, count)| count)
    }

    /// Adds to the count of one severity.
    pub fn add(&mut self, severity: Severity, more: u64) {
        for (other, count) in Severity::ALL.into_iter().zip(&mut self.0) {
            if other == severity {
                *count = count.saturating_add(more);
            }
        }
    }

    /// Returns the severities with their counts, most severe first.
    pub fn pairs(&self) -> impl Iterator<Item = (Severity, u64)> {
        Severity::ALL.into_iter().zip(self.0)
    }

    /// Returns how many there are of all severities.
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// A thing of the API with its name and its ARN.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// What its owner called it.
    pub name: String,
    /// `arn:aws:inspector:…`.
    pub arn: String,
}

/// A rules package as the run used it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRulesPackage {
    /// Its ARN in the run's region.
    pub arn: String,
    /// Its name for people.
    pub name: LocalText,
    /// `1.1`.
    pub version: String,
}

/// The run as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunHeader {
    /// The run.
    pub run: Named,
    /// The template that it was started from, as it was called then.
    pub template: Named,
    /// The target that it assessed, as it was called then.
    pub target: Named,
    /// The account, twelve digits.
    pub account: String,
    /// `eu-central-1`.
    pub region: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When collecting began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// How long it was meant to collect.
    pub duration_seconds: u32,
    /// The API's word for its state: `COMPLETED_WITH_ERRORS`.
    pub state: String,
    /// The rules packages that it was asked to judge by.
    pub rules_packages: Vec<RunRulesPackage>,
    /// How many instances its target had.
    pub agents: u64,
    /// How many of them were judged by every rules package.
    pub agents_evaluated: u64,
    /// How many checks could not be done.
    pub exclusions: u64,
    /// Its findings.
    pub counts: SeverityCounts,
    /// The template's attributes, which every finding of the run got.
    pub attributes: Vec<Attribute>,
    /// Who asked for the report: a user's name or ARN.
    pub made_by: String,
    /// When the report was made.
    pub made_at: Timestamp,
    /// The version of the program that made it.
    pub product_version: String,
}

/// How far an instance was judged in the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentOutcome {
    /// By every rules package that the run asked for.
    Evaluated,
    /// By some of them only.
    Partly {
        /// Which not, and why.
        reason: LocalText,
    },
    /// By none.
    NotEvaluated {
        /// Why, and what to do about it.
        reason: LocalText,
    },
}

/// One instance of the run's target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunAgent {
    /// `i-0123456789abcdef0`.
    pub agent_id: String,
    /// The host's name, empty where it is not known.
    pub hostname: String,
    /// `Debian GNU/Linux 12 (bookworm)`.
    pub operating_system: Option<String>,
    /// `6.1.0-28-amd64`.
    pub kernel: Option<String>,
    /// The host's addresses.
    pub addresses: Vec<String>,
    /// The host's tags.
    pub tags: Vec<Attribute>,
    /// The API's word: `HEALTHY`, `UNHEALTHY`, `UNKNOWN`.
    pub health: String,
    /// The API's code: `IDLE`, `THROTTLED` …
    pub health_code: String,
    /// Whether the run judged it.
    pub outcome: AgentOutcome,
    /// Its findings in the run.
    pub counts: SeverityCounts,
}

/// What an exclusion reaches over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExclusionScope {
    /// One instance.
    Instance {
        /// `i-0123456789abcdef0`.
        agent_id: String,
        /// The host's name, empty where it is not known.
        hostname: String,
    },
    /// A rules package.
    RulesPackage(RunRulesPackage),
}

/// A check that the run could not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunExclusion {
    /// One line.
    pub title: LocalText,
    /// What could not be checked, and why.
    pub description: LocalText,
    /// What to do about it.
    pub recommendation: LocalText,
    /// Which instances and rules packages it reaches over.
    pub scopes: Vec<ExclusionScope>,
}

/// One line of coverage: a rules package, or a feed that it leans on, over all hosts.
#[derive(Debug, Clone, PartialEq)]
pub struct RunCoverage {
    /// The rules package's name for people.
    pub rules_package: LocalText,
    /// The feed, where the line is about one.
    pub feed: Option<FeedId>,
    /// How far it was assessed.
    pub state: CoverageState,
    /// Why, and what to do about it; always there unless `Assessed`.
    pub reason: Option<LocalText>,
    /// How old the data was, where it has an age.
    pub age: Option<FeedAge>,
    /// How many instances the line holds for.
    pub instances: u64,
}

/// The same fault on one or more instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingGroup {
    /// The rules package whose rule this is.
    pub rules_package: RunRulesPackage,
    /// The API's `id`: the CVE id, or the rule's name.
    pub rule: String,
    /// How urgent.
    pub severity: Severity,
    /// One line, without the name of a host.
    pub title: LocalText,
    /// What is wrong and why it matters.
    pub description: LocalText,
    /// What to do.
    pub recommendation: LocalText,
    /// What shows it on every instance alike: scores, comparison, references.
    pub evidence: Vec<LocalText>,
    /// How many instances have it.
    pub instances: u64,
}

/// One instance that has the fault of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingInstance {
    /// `i-0123456789abcdef0`.
    pub agent_id: String,
    /// The host's name, empty where it is not known.
    pub hostname: String,
    /// The finding's ARN.
    pub finding_arn: String,
    /// When any run saw this fault on this instance for the first time.
    pub first_seen: Option<Timestamp>,
    /// What shows it here: versions, files, settings.
    pub evidence: Vec<LocalText>,
    /// The attributes that people put on the finding.
    pub attributes: Vec<Attribute>,
}

/// How a rule came out on one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleResult {
    /// The rule is broken; there is a finding.
    Fail,
    /// It could not be told.
    Unknown,
    /// The rule is kept.
    Pass,
    /// The rule does not concern the instance.
    NotApplicable,
}

impl RuleResult {
    /// Every result, the one that asks most of a reader first.
    pub const ALL: [Self; 4] = [Self::Fail, Self::Unknown, Self::Pass, Self::NotApplicable];

    /// Returns the result for people.
    pub const fn text(self) -> Text {
        match self {
            Self::Fail => Text::new("failed", "不合格"),
            Self::Unknown => Text::new("unknown", "判定不能"),
            Self::Pass => Text::new("passed", "合格"),
            Self::NotApplicable => Text::new("not applicable", "該当なし"),
        }
    }
}

/// A rule that the run checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleChecked {
    /// The rules package that it belongs to.
    pub rules_package: RunRulesPackage,
    /// The rule's id.
    pub rule: String,
    /// One line.
    pub title: LocalText,
    /// How urgent a finding of it is.
    pub severity: Severity,
    /// On how many instances it came out how, in the order of [`RuleResult::ALL`].
    pub counts: [u64; 4],
}

/// How the rule came out on one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInstance {
    /// `i-0123456789abcdef0`.
    pub agent_id: String,
    /// The host's name, empty where it is not known.
    pub hostname: String,
    /// How it came out.
    pub result: RuleResult,
}

/// The next thing of the list of findings.
#[derive(Debug, Clone, Copy)]
pub enum FindingItem<'a> {
    /// A fault begins.
    Group(&'a FindingGroup),
    /// An instance has the fault that began last.
    Instance(&'a FindingInstance),
}

/// The next thing of the list of rules.
#[derive(Debug, Clone, Copy)]
pub enum RuleItem<'a> {
    /// A rule begins.
    Rule(&'a RuleChecked),
    /// How the rule that began last came out on an instance.
    Instance(&'a RuleInstance),
}

/// What a listener wants next. A source that goes on all the same is only slower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The next thing.
    More,
    /// The next group or rule: no further instance of this one. Elsewhere the same as `More`.
    NextGroup,
    /// Nothing more of this list.
    Nothing,
}

/// Why a source cannot give what it was asked for.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the assessment run's {part}")]
pub struct RunReportError {
    /// What was asked for: `findings`.
    pub part: &'static str,
    /// Why it cannot be read.
    pub source: Box<dyn Error + Send + Sync>,
}

/// Gives a run's report its contents, one thing at a time.
pub trait RunReportSource {
    /// Returns the run as a whole.
    ///
    /// # Errors
    /// The run cannot be read.
    fn header(&mut self) -> Result<RunHeader, RunReportError>;

    /// Tells every line of coverage, gaps first.
    ///
    /// # Errors
    /// The coverage cannot be read.
    fn coverage(&mut self, each: &mut dyn FnMut(&RunCoverage) -> Wanted) -> Result<(), RunReportError>;

    /// Tells every exclusion.
    ///
    /// # Errors
    /// The exclusions cannot be read.
    fn exclusions(&mut self, each: &mut dyn FnMut(&RunExclusion) -> Wanted) -> Result<(), RunReportError>;

    /// Tells every instance of the target, those that were not judged first.
    ///
    /// # Errors
    /// The instances cannot be read.
    fn agents(&mut self, each: &mut dyn FnMut(&RunAgent) -> Wanted) -> Result<(), RunReportError>;

    /// Tells every finding, grouped, most severe first.
    ///
    /// # Errors
    /// The findings cannot be read.
    fn findings(&mut self, each: &mut dyn FnMut(FindingItem<'_>) -> Wanted) -> Result<(), RunReportError>;

    /// Tells every rule that was checked, by rules package. Asked for only by a FULL report.
    ///
    /// # Errors
    /// The results of the rules cannot be read.
    fn rules(&mut self, each: &mut dyn FnMut(RuleItem<'_>) -> Wanted) -> Result<(), RunReportError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_kept_by_severity() {
        let mut counts = SeverityCounts::default();
        counts.add(Severity::Low, 2);
        counts.add(Severity::High, u64::MAX);
        counts.add(Severity::High, 1);
        assert_eq!(counts.get(Severity::Low), 2);
        assert_eq!(counts.get(Severity::High), u64::MAX);
        assert_eq!(counts.get(Severity::Medium), 0);
        assert_eq!(counts.total(), u64::MAX);
        assert_eq!(counts.pairs().next(), Some((Severity::High, u64::MAX)));
    }
}
