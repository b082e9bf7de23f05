//! What a rule is, and what it may answer.

use yagura_model::finding::Observation;
use yagura_model::{LocalText, RulesPackage, Severity, Snapshot, Text};

/// One judgement of a rules package.
///
/// Texts may hold the placeholders of the `wording` module (`{host}`, `{restart-sshd}` …), which
/// become the host's own name, paths and commands.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Names the bad state, for machines: `sshd-root-login`.
    pub id: &'static str,
    /// The API's `id` of a finding, in sentence case: `Disable root login over SSH`.
    pub name: &'static str,
    /// The name for people who read Japanese.
    pub name_ja: &'static str,
    /// The rules package that it belongs to.
    pub package: RulesPackage,
    /// How urgent.
    pub severity: Severity,
    /// Why it is that urgent.
    pub severity_reason: Text,
    /// One line about a host that breaks the rule.
    pub title: Text,
    /// What is wrong and why it matters.
    pub description: Text,
    /// What to do.
    pub recommendation: Text,
    /// What is looked at and where the line is drawn; for the manual.
    pub method: Text,
    /// Where to read more: manual pages, CWE, benchmarks by number.
    pub references: &'static [&'static str],
    /// Judges a snapshot.
    pub evaluate: fn(&Snapshot) -> Verdict,
}

/// What a rule says about a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Kept; what was looked at.
    Pass(Vec<Observation>),
    /// Broken; what shows it, the decisive line first.
    Fail(Vec<Observation>),
    /// The host has nothing that the rule is about.
    NotApplicable(LocalText),
    /// What the rule needs could not be read.
    Unknown(LocalText),
}

impl Verdict {
    /// Breaks the rule if there is anything to show, keeps it otherwise.
    pub(crate) fn of(broken: Vec<Observation>, looked_at: Vec<Observation>) -> Self {
        if broken.is_empty() { Self::Pass(looked_at) } else { Self::Fail(broken) }
    }
}

/// Observations that one verdict shows; the last line then says how many there are in all.
pub(crate) const OBSERVATIONS_MAX: usize = 50;

/// Cuts a long list and says so.
pub(crate) fn cut(mut observations: Vec<Observation>) -> Vec<Observation> {
    let all = observations.len();
    if all > OBSERVATIONS_MAX {
        observations.truncate(OBSERVATIONS_MAX);
        let rest = all - OBSERVATIONS_MAX;
        observations.push(Observation {
            place: None,
            found: "…".to_owned(),
            note: Some(LocalText::new(format!("and {rest} more"), format!("ほか {rest} 件"))),
        });
    }
    observations
}

/// Adds a note to an observation, behind the one that it has.
pub(crate) fn noted(mut observation: Observation, en: impl Into<String>, ja: impl Into<String>) -> Observation {
    let (en, ja) = (en.into(), ja.into());
    observation.note = Some(match observation.note {
        Some(note) => LocalText::new(format!("{}; {en}", note.en), format!("{}。{ja}", note.ja)),
        None => LocalText::new(en, ja),
    });
    observation
}
