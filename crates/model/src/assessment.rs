//! The result of assessing one host.

use jiff::Timestamp;

use crate::{Coverage, CoverageState, Exclusion, Finding, Severity, Snapshot};

/// The result of assessing one host.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// What was read of the host.
    pub snapshot: Snapshot,
    /// When the assessment began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// What was assessed and what was not.
    pub coverage: Vec<Coverage>,
    /// What could not be judged.
    pub exclusions: Vec<Exclusion>,
    /// What was found, most severe first.
    pub findings: Vec<Finding>,
    /// Which upgrades fix most, best first.
    pub upgrades: Vec<Upgrade>,
}

/// One upgrade and what it would repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// The source package.
    pub source: String,
    /// What is installed.
    pub installed_version: String,
    /// The version that repairs all of the findings counted here.
    pub fixed_version: String,
    /// The binary packages to upgrade.
    pub packages: Vec<String>,
    /// How many findings of each severity it repairs, in the order of [`Severity::ALL`].
    pub repairs: [usize; 5],
    /// How many of these are known to be exploited.
    pub known_exploited: usize,
    /// Why the upgrade alone may not be enough: a hold, a reboot.
    pub obstacle: Option<crate::LocalText>,
}

impl Upgrade {
    /// Returns how many findings the upgrade repairs.
    pub fn total(&self) -> usize {
        self.repairs.iter().sum()
    }
}

impl Assessment {
    /// Counts the findings of one severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Tells whether everything asked for was read and assessed, with data young enough. A file
    /// that could not be read counts even where a rule found enough without it.
    pub fn is_complete(&self) -> bool {
        let whole =
            |line: &Coverage| line.state == CoverageState::Assessed && !line.age.as_ref().is_some_and(|age| age.stale);
        self.snapshot.problems.is_empty() && self.coverage.iter().all(whole)
    }
}
