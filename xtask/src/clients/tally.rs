//! The figure that every client program prints last, and their sum.

use std::fmt;

/// How many checks passed, failed and were skipped.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Tally {
    /// Reads `NAME: N checks passed, M failed, K skipped`.
    pub(crate) fn parse(line: &str, name: &str) -> Option<Self> {
        let figures = line.strip_prefix(name)?.strip_prefix(": ")?;
        let (passed, rest) = figures.split_once(" checks passed, ")?;
        let (failed, rest) = rest.split_once(" failed, ")?;
        let skipped = rest.trim_end().strip_suffix(" skipped")?;
        Some(Self { passed: passed.parse().ok()?, failed: failed.parse().ok()?, skipped: skipped.parse().ok()? })
    }

    /// A single check: counted, and printed when it does not hold.
    pub(crate) fn check(&mut self, what: &str, holds: bool) {
        if holds {
            self.passed = self.passed.saturating_add(1);
        } else {
            self.fail(what);
        }
    }

    /// A check that failed.
    pub(crate) fn fail(&mut self, what: &str) {
        println!("FAILED {what}");
        self.failed = self.failed.saturating_add(1);
    }

    /// Something that cannot be done here.
    pub(crate) fn skip(&mut self, what: &str) {
        println!("skipped: {what}");
        self.skipped = self.skipped.saturating_add(1);
    }

    /// Adds another program's figure.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.skipped = self.skipped.saturating_add(other.skipped);
    }

    /// Whether any check failed.
    pub(crate) fn failed(&self) -> bool {
        self.failed > 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} checks passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[test]
fn a_figure_is_read_as_it_is_written() {
    let tally = Tally { passed: 12, failed: 1, skipped: 3 };
    assert_eq!(Tally::parse(&format!("boto3: {tally}"), "boto3"), Some(tally));
    assert_eq!(Tally::parse(&format!("boto3: {tally}"), "js"), None);
    assert_eq!(Tally::parse("boto3: many checks passed, 0 failed, 0 skipped", "boto3"), None);
}

#[test]
fn figures_add_up() {
    let mut sum = Tally::default();
    sum.check("holds", true);
    sum.skip("a check of the tally's own test");
    sum.add(Tally { passed: 2, failed: 0, skipped: 0 });
    assert!(!sum.failed());
    sum.check("a check of the tally's own test", false);
    assert!(sum.failed());
    assert_eq!(sum.to_string(), "3 checks passed, 1 failed, 1 skipped");
}
