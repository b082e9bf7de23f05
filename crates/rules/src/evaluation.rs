//! Asks every rule and sorts the answers.

use yagura_model::finding::Observation;
use yagura_model::{
    Evidence, Exclusion, ExclusionCode, Finding, FindingKey, LocalText, RulesPackage, SettingEvidence, Severity,
    Snapshot,
};

use crate::best_practices::RULES;
use crate::rule::{Rule, Verdict, cut};
use crate::wording::Wording;

/// The answers of all rules about one host.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evaluation {
    /// Broken rules, in the order of the rules.
    pub findings: Vec<Finding>,
    /// Rules that could not be judged.
    pub exclusions: Vec<Exclusion>,
    /// Kept rules, with what was looked at.
    pub passed: Vec<Passed>,
    /// Rules about something that the host does not have.
    pub not_applicable: Vec<NotApplicable>,
}

/// A kept rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The rule's name in sentence case.
    pub rule: &'static str,
    /// The rules package.
    pub package: RulesPackage,
    /// How urgent it would have been.
    pub severity: Severity,
    /// What was looked at.
    pub observations: Vec<Observation>,
}

/// A rule about something that the host does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotApplicable {
    /// The rule's name in sentence case.
    pub rule: &'static str,
    /// The rules package.
    pub package: RulesPackage,
    /// What the host does not have.
    pub reason: LocalText,
}

/// Asks every rule about a host. Findings have no attributes yet: the caller knows the instance.
pub fn evaluate(snapshot: &Snapshot) -> Evaluation {
    let wording = Wording::of(snapshot);
    let host_key = snapshot.host.key();
    let mut evaluation = Evaluation::default();
    for rule in RULES {
        match (rule.evaluate)(snapshot) {
            Verdict::Pass(observations) => evaluation.passed.push(Passed {
                rule: rule.name,
                package: rule.package,
                severity: rule.severity,
                observations: cut(observations),
            }),
            Verdict::Fail(observations) => evaluation.findings.push(finding(rule, observations, &wording, &host_key)),
            Verdict::NotApplicable(reason) => {
                evaluation.not_applicable.push(NotApplicable { rule: rule.name, package: rule.package, reason });
            }
            Verdict::Unknown(reason) => evaluation.exclusions.push(Exclusion {
                rules_package: rule.package,
                code: ExclusionCode::Unreadable,
                subject: rule.name.to_owned(),
                reason,
                place: None,
            }),
        }
    }
    evaluation
}

fn finding(rule: &Rule, observations: Vec<Observation>, wording: &Wording, host_key: &str) -> Finding {
    Finding {
        key: FindingKey::of(host_key, rule.package, rule.name, rule.id),
        rules_package: rule.package,
        rule: rule.name.to_owned(),
        title: wording.fill(rule.title),
        description: wording.fill(rule.description),
        recommendation: wording.fill(rule.recommendation),
        severity: rule.severity,
        severity_reason: wording.fill(rule.severity_reason),
        attributes: Vec::new(),
        evidence: Evidence::Setting(SettingEvidence { observations: cut(observations) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::OBSERVATIONS_MAX;
    use crate::testing;

    #[test]
    fn every_rule_ends_in_exactly_one_list() {
        let evaluation = evaluate(&Snapshot::default());
        assert_eq!(evaluation.exclusions.len(), RULES.len(), "nothing was read, so nothing is judged");
        assert!(evaluation.exclusions.iter().all(|e| e.code == ExclusionCode::Unreadable && !e.reason.ja.is_empty()));

        let bad = evaluate(&testing::bad_host());
        assert_eq!(bad.findings.len(), RULES.len(), "{bad:#?}");
        let good = evaluate(&testing::good_host());
        assert_eq!(good.passed.len(), RULES.len(), "{good:#?}");
    }

    #[test]
    fn the_same_fault_keeps_its_key_and_another_host_has_another() {
        let mut snapshot = testing::bad_host();
        let keys = |s: &Snapshot| evaluate(s).findings.into_iter().map(|f| f.key).collect::<Vec<_>>();
        let first = keys(&snapshot);
        assert_eq!(first, keys(&snapshot));
        snapshot.host.name = "other".into();
        assert!(keys(&snapshot).iter().all(|key| !first.contains(key)));
    }

    #[test]
    fn long_evidence_is_cut_and_says_so() {
        let one = Observation { place: None, found: "x".into(), note: None };
        let cut = cut(vec![one; OBSERVATIONS_MAX + 7]);
        assert_eq!(cut.len(), OBSERVATIONS_MAX + 1);
        assert_eq!(cut.last().and_then(|o| o.note.clone()).map(|n| n.en).as_deref(), Some("and 7 more"));
    }
}
