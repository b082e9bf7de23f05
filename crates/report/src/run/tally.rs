//! How one rule came out: names of instances by result, as many as a report names.

use yagura_model::run_report::{RuleChecked, RuleInstance, RuleResult, Wanted};

use super::SCOPES_SHOWN_MAX;
use super::words::{Words, host_name, number};

/// A rule and the instances heard of so far.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) rule: RuleChecked,
    names: [Vec<String>; 4],
}

impl Tally {
    /// Begins with a rule.
    pub(super) fn new(rule: &RuleChecked) -> Self {
        Self { rule: rule.clone(), names: Default::default() }
    }

    /// Takes note of an instance.
    pub(super) fn hear(&mut self, instance: &RuleInstance) -> Wanted {
        for (result, names) in RuleResult::ALL.into_iter().zip(&mut self.names) {
            if result == instance.result && names.len() < SCOPES_SHOWN_MAX {
                names.push(host_name(&instance.hostname, &instance.agent_id).to_owned());
            }
        }
        let mut lists = self.names.iter().zip(&self.rule.counts);
        let full = lists.all(|(names, count)| names.len() >= SCOPES_SHOWN_MAX || number(names.len()) >= *count);
        if full { Wanted::NextGroup } else { Wanted::More }
    }

    /// The results that any instance had, each with its count and names: `failed 2: web-1, web-2`.
    pub(super) fn lines(&self, words: Words) -> Vec<(RuleResult, String)> {
        let lists = RuleResult::ALL.into_iter().zip(&self.rule.counts).zip(&self.names);
        lists
            .filter(|((_, count), names)| **count > 0 || !names.is_empty())
            .map(|((result, count), names)| {
                let heard = number(names.len());
                let count = (*count).max(heard);
                let mut line = format!("{} {count}", words.result(result));
                if !names.is_empty() {
                    line.push_str(": ");
                    line.push_str(&names.join(", "));
                }
                let left = count.saturating_sub(heard);
                if left > 0 && heard > 0 {
                    line.push(' ');
                    line.push_str(&words.further_instances(left));
                }
                (result, line)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use yagura_model::run_report::RunRulesPackage;
    use yagura_model::{Language, LocalText, Severity};

    use super::*;

    fn rule(counts: [u64; 4]) -> RuleChecked {
        RuleChecked {
            rules_package: RunRulesPackage {
                arn: String::new(),
                name: LocalText::untranslated("Security Best Practices"),
                version: "1.0".into(),
            },
            rule: "Disable root login over SSH".into(),
            title: LocalText::default(),
            severity: Severity::Medium,
            counts,
        }
    }

    fn instance(number: usize, result: RuleResult) -> RuleInstance {
        RuleInstance { agent_id: format!("i-{number}"), hostname: String::new(), result }
    }

    #[test]
    fn the_source_is_told_when_enough_is_known() {
        let mut tally = Tally::new(&rule([1, 0, 2, 0]));
        assert_eq!(tally.hear(&instance(1, RuleResult::Fail)), Wanted::More);
        assert_eq!(tally.hear(&instance(2, RuleResult::Pass)), Wanted::More);
        assert_eq!(tally.hear(&instance(3, RuleResult::Pass)), Wanted::NextGroup);
        let lines: Vec<_> = tally.lines(Words(Language::English)).into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, ["failed 1: i-1", "passed 2: i-2, i-3"]);
    }

    #[test]
    fn a_list_of_names_ends_with_the_number_of_the_others() {
        let mut tally = Tally::new(&rule([0, 0, 1_000, 0]));
        let answers: Vec<_> = (0..60).map(|number| tally.hear(&instance(number, RuleResult::Pass))).collect();
        assert_eq!(answers.iter().filter(|answer| **answer == Wanted::More).count(), SCOPES_SHOWN_MAX - 1);
        let lines = tally.lines(Words(Language::Japanese));
        assert!(lines[0].1.starts_with("合格 1000: i-0, i-1,"));
        assert!(lines[0].1.ends_with("i-49 … ほか 950 インスタンス (実行の検出結果を参照)"));
    }
}
