//! What of a run was not judged, told from its exclusions: for each host the reasons, for each
//! rules package how many hosts.
//!
//! Memory grows with the hosts of the run, not with its findings: an id and a few small numbers
//! each. Reasons are kept once; beyond [`REASONS_MAX`] unlike ones, the rest share a general one.

use std::collections::{BTreeMap, BTreeSet};

use yagura_model::run_report::RunCoverage;
use yagura_model::{CoverageState, LocalText, Text};
use yagura_store::{ExclusionScope, StoredExclusion};

/// Unlike reasons that are kept.
const REASONS_MAX: usize = 200;
/// Reasons that are named for one host.
const REASONS_SHOWN_MAX: usize = 5;

const OTHER: Text = Text::new("other reasons; see the exclusions", "その他の理由（評価対象外の項目を参照）");
const SILENT: Text = Text::new(
    "nothing whole arrived from the host before the time was over",
    "時間内にホストから完全なデータが届きませんでした",
);
const NOT_JUDGED: Text = Text::new(
    "these instances were not evaluated by any rules package; the exclusions say why",
    "これらのインスタンスはどのルールパッケージでも評価されていません。理由は評価対象外の項目を参照してください",
);

const NO_HOST: Text = Text::new("no instance took part in the run", "この実行に参加したインスタンスはありません");

/// Titles of the API's exclusions that mean that a package did not judge a host at all.
const NOT_AT_ALL: [&str; 5] = [
    "Unsupported OS version",
    "Deprecated rules package",
    "Rules package not supported by OS",
    "Rules evaluation error for single instance",
    "Rules evaluation error",
];

/// Which hosts a package did not judge for one reason.
#[derive(Debug, Default)]
struct Missed {
    hosts: BTreeSet<String>,
    /// It concerns the package, whatever the host.
    everywhere: bool,
    /// The package did not judge them at all.
    not_at_all: bool,
}

/// What of a run was not judged.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    reasons: Vec<LocalText>,
    by_host: BTreeMap<String, BTreeSet<usize>>,
    /// By the package's ARN and the number of the reason.
    by_package: BTreeMap<(String, usize), Missed>,
}

impl Gaps {
    /// Takes an exclusion in.
    pub(super) fn add(&mut self, exclusion: &StoredExclusion) {
        let of = |wanted: ExclusionScope| {
            exclusion.scopes.iter().filter(move |(kind, _)| *kind == wanted).map(|(_, value)| value)
        };
        let hosts: Vec<&String> = of(ExclusionScope::InstanceId).collect();
        // Without a host, the description says what the title cannot: which data is missing.
        let reason = if hosts.is_empty() { &exclusion.description } else { &exclusion.title };
        let reason = self.number(reason);
        let not_at_all = NOT_AT_ALL.contains(&exclusion.title.en.as_str());
        for host in &hosts {
            self.by_host.entry((*host).clone()).or_default().insert(reason);
        }
        for package in of(ExclusionScope::RulesPackageArn) {
            let missed = self.by_package.entry((package.clone(), reason)).or_default();
            missed.hosts.extend(hosts.iter().map(|host| (*host).clone()));
            missed.everywhere |= hosts.is_empty();
            missed.not_at_all |= not_at_all;
        }
    }

    /// The number of a reason; that of all others is [`REASONS_MAX`].
    fn number(&mut self, reason: &LocalText) -> usize {
        if let Some(known) = self.reasons.iter().position(|known| known == reason) {
            return known;
        }
        if self.reasons.len() < REASONS_MAX {
            self.reasons.push(reason.clone());
            return self.reasons.len() - 1;
        }
        REASONS_MAX
    }

    fn reason(&self, number: usize) -> LocalText {
        self.reasons.get(number).cloned().unwrap_or_else(|| OTHER.into())
    }

    /// Why a host was not judged, or not wholly.
    pub(super) fn why(&self, host: &str) -> LocalText {
        let Some(numbers) = self.by_host.get(host) else { return SILENT.into() };
        let reasons: Vec<LocalText> =
            numbers.iter().take(REASONS_SHOWN_MAX).map(|number| self.reason(*number)).collect();
        let joined =
            |text: fn(&LocalText) -> &str, between: &str| reasons.iter().map(text).collect::<Vec<_>>().join(between);
        LocalText::new(joined(|reason| &reason.en, "; "), joined(|reason| &reason.ja, "、"))
    }

    /// The lines of coverage of a run's packages, gaps first. `unjudged` are the hosts that no
    /// package judged; `judged` is the number of the others.
    pub(super) fn coverage(
        &self,
        packages: &[(String, LocalText)],
        unjudged: &BTreeSet<String>,
        judged: u64,
    ) -> Vec<RunCoverage> {
        let mut lines = Vec::new();
        let not_judged = count(unjudged.len());
        for (arn, name) in packages {
            let line = |state, reason: Option<LocalText>, instances| RunCoverage {
                rules_package: name.clone(),
                feed: None,
                state,
                reason,
                age: None,
                instances,
            };
            if not_judged > 0 {
                lines.push(line(CoverageState::NotAssessed, Some(NOT_JUDGED.into()), not_judged));
            }
            let mut short: BTreeSet<&String> = BTreeSet::new();
            let mut judges = true;
            for ((_, number), missed) in self.by_package.iter().filter(|((package, _), _)| package == arn) {
                let hosts: BTreeSet<&String> = missed.hosts.iter().filter(|host| !unjudged.contains(*host)).collect();
                let reason = self.reason(*number);
                let state = if missed.not_at_all { CoverageState::NotAssessed } else { CoverageState::Partly };
                if !hosts.is_empty() {
                    lines.push(line(state, Some(reason.clone()), count(hosts.len())));
                }
                if missed.everywhere && judged > 0 {
                    lines.push(line(state, Some(reason), judged));
                    judges &= !missed.not_at_all;
                }
                short.extend(hosts);
            }
            let whole = judged.saturating_sub(count(short.len()));
            if whole > 0 && judges {
                lines.push(line(CoverageState::Assessed, None, whole));
            } else if judged == 0 && not_judged == 0 {
                lines.push(line(CoverageState::NotAssessed, Some(NO_HOST.into()), 0));
            }
        }
        lines.sort_by_key(|line| std::cmp::Reverse(line.state));
        lines
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use yagura_model::service::Id;

    use super::*;

    fn exclusion(number: u64, title: &str, scopes: &[(ExclusionScope, &str)]) -> StoredExclusion {
        StoredExclusion {
            id: Id::from_number(number),
            title: LocalText::untranslated(title),
            description: LocalText::untranslated(format!("about {title}")),
            recommendation: LocalText::default(),
            scopes: scopes.iter().map(|(kind, value)| (*kind, (*value).to_owned())).collect(),
            attributes: Vec::new(),
        }
    }

    #[test]
    fn lines_count_each_host_once_and_gaps_come_first() {
        use ExclusionScope::{InstanceId, RulesPackageArn};
        let mut gaps = Gaps::default();
        gaps.add(&exclusion(1, "Agent is unhealthy", &[(InstanceId, "i-0")]));
        gaps.add(&exclusion(2, "Unsupported OS version", &[(InstanceId, "i-1"), (RulesPackageArn, "cve")]));
        gaps.add(&exclusion(3, "something is unreadable", &[(InstanceId, "i-2"), (RulesPackageArn, "best")]));
        gaps.add(&exclusion(4, "old data", &[(RulesPackageArn, "cve")]));
        let packages: Vec<_> = ["cve", "best"].map(|arn| (arn.to_owned(), LocalText::untranslated(arn))).into();
        let lines = gaps.coverage(&packages, &BTreeSet::from(["i-0".to_owned()]), 3);
        let shown: Vec<String> = lines
            .iter()
            .map(|line| {
                let reason = line.reason.as_ref().map_or("", |reason| reason.en.as_str());
                let short: String = reason.chars().take(24).collect();
                format!("{} {} {}: {short}", line.rules_package.en, line.state.word(), line.instances)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "cve not-assessed 1: these instances were not",
                "cve not-assessed 1: Unsupported OS version",
                "best not-assessed 1: these instances were not",
                "cve partly 3: about old data",
                "best partly 1: something is unreadable",
                "cve assessed 2: ",
                "best assessed 2: ",
            ]
        );
        assert_eq!(gaps.why("i-0").en, "Agent is unhealthy");
        assert_eq!(gaps.why("i-9").en, SILENT.en);
    }

    #[test]
    fn a_package_without_data_judged_nothing() {
        let mut gaps = Gaps::default();
        gaps.add(&exclusion(1, "Rules evaluation error", &[(ExclusionScope::RulesPackageArn, "cve")]));
        let lines = gaps.coverage(&[("cve".to_owned(), LocalText::untranslated("cve"))], &BTreeSet::new(), 3);
        let shown: Vec<_> = lines.iter().map(|line| (line.state, line.instances)).collect();
        assert_eq!(shown, [(CoverageState::NotAssessed, 3)]);
        let lines = Gaps::default().coverage(&[("cve".to_owned(), LocalText::default())], &BTreeSet::new(), 0);
        let shown: Vec<_> = lines.iter().map(|line| (line.state, line.instances)).collect();
        assert_eq!(shown, [(CoverageState::NotAssessed, 0)]);
    }

    #[test]
    fn unlike_reasons_are_bounded() {
        let mut gaps = Gaps::default();
        for number in 0..u64::try_from(REASONS_MAX).unwrap() + 50 {
            let host = format!("i-{number}");
            gaps.add(&exclusion(number, &format!("reason {number}"), &[(ExclusionScope::InstanceId, &host)]));
        }
        assert_eq!(gaps.reasons.len(), REASONS_MAX);
        assert_eq!(gaps.why(&format!("i-{}", REASONS_MAX + 1)).en, OTHER.en);
    }
}
