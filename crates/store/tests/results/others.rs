//! Exclusions, previews, telemetry, results of rules.

use yagura_model::service::{Id, RunState};
use yagura_model::{Attribute, LocalText, Severity};
use yagura_store::{ExclusionScope, Preview, RuleOutcome, RuleResult, StoredExclusion, Telemetry};

use crate::support::{CVE, PRACTICES, at, on_each, run, write};

fn exclusion(number: u64) -> StoredExclusion {
    StoredExclusion {
        id: Id::from_number(number),
        title: LocalText::new("Agent is unhealthy", "エージェントが異常です"),
        description: LocalText::untranslated(format!("{number}")),
        recommendation: LocalText::untranslated("restart it"),
        scopes: vec![
            (ExclusionScope::InstanceId, "i-00000000000000001".into()),
            (ExclusionScope::RulesPackageArn, CVE.into()),
        ],
        attributes: vec![Attribute { key: "INSTANCE_ID".into(), value: "i-00000000000000001".into() }],
    }
}

#[test]
fn exclusions_are_kept_once_and_listed_by_pages() {
    on_each(|store, scope| {
        let run = run(store, scope, 1, RunState::Completed);
        let all: Vec<_> = (0..250).map(exclusion).collect();
        assert_eq!(write(store, |tx| tx.insert_exclusions(scope, run.seq, &all)), 250);
        assert_eq!(write(store, |tx| tx.insert_exclusions(scope, run.seq, &all)), 0);
        assert_eq!(write(store, |tx| tx.count_exclusions(run.seq)), 250);
        assert_eq!(write(store, |tx| tx.exclusion(scope, run.seq, &all[7].id)).as_ref(), Some(&all[7]));
        let mut listed: Vec<StoredExclusion> = Vec::new();
        loop {
            let after = listed.last().map(|last| last.id.as_str().to_owned()).unwrap_or_default();
            let page = write(store, |tx| tx.exclusions(run.seq, &after, 60));
            let ended = page.len() < 60;
            listed.extend(page);
            if ended {
                break;
            }
        }
        assert_eq!(listed.len(), 250);
        listed.dedup_by(|one, other| one.id == other.id);
        assert_eq!(listed.len(), 250);
    });
}

#[test]
fn previews_are_found_by_their_token_until_they_are_forgotten() {
    on_each(|store, scope| {
        let mut preview = Preview {
            token: "5f7a1e6e-0000-4000-8000-000000000001".into(),
            template: Id::from_number(5),
            created_at: at(0),
            done: false,
            exclusions: Vec::new(),
        };
        let being_made = |since| write(store, |tx| tx.preview_is_being_made(scope, &Id::from_number(5), at(since)));
        write(store, |tx| tx.put_preview(scope, &preview));
        assert_eq!((being_made(-10), being_made(10)), (true, false));
        (preview.done, preview.exclusions) = (true, vec![exclusion(1)]);
        write(store, |tx| tx.put_preview(scope, &preview));
        assert!(!being_made(-10));
        assert_eq!(write(store, |tx| tx.preview(scope, &preview.token)), Some(preview.clone()));
        assert_eq!(write(store, |tx| tx.forget_previews(scope, at(0))), 1);
        assert_eq!(write(store, |tx| tx.preview(scope, &preview.token)), None);
    });
}

#[test]
fn telemetry_adds_up() {
    on_each(|store, scope| {
        let run = run(store, scope, 1, RunState::CollectingData);
        let add = |agent: &str, kind: &str, messages, bytes| {
            write(store, |tx| tx.add_telemetry(&scope.account, run.seq, agent, kind, messages, bytes));
        };
        add("i-1", "InspectorPackageInfo", 400, 2_000_000);
        add("i-1", "InspectorPackageInfo", 74, 960_000);
        add("i-2", "InspectorPackageInfo", 1, 79);
        add("i-2", "InspectorUser", 26, 100);
        let row = |kind: &str, messages, bytes| Telemetry { message_type: kind.into(), messages, bytes };
        assert_eq!(
            write(store, |tx| tx.telemetry(run.seq, None)),
            [row("InspectorPackageInfo", 475, 2_960_079), row("InspectorUser", 26, 100)]
        );
        assert_eq!(
            write(store, |tx| tx.telemetry(run.seq, Some("i-1"))),
            [row("InspectorPackageInfo", 474, 2_960_000)]
        );
        let by_agent = write(store, |tx| tx.telemetry_of_agents(run.seq, &["i-2", "i-3"]));
        assert_eq!(by_agent.len(), 2);
        assert!(write(store, |tx| tx.telemetry_of_agents(run.seq, &[])).is_empty());
    });
}

#[test]
fn results_of_rules_are_kept_once_and_tallied() {
    on_each(|store, scope| {
        let run = run(store, scope, 1, RunState::EvaluatingRules);
        let result = |number: usize, result| RuleResult {
            rules_package: if number.is_multiple_of(2) { PRACTICES.into() } else { CVE.into() },
            rule: format!("rule {number}"),
            title: LocalText::new("Enable ASLR", "ASLR を有効にする"),
            severity: Severity::Medium,
            result,
        };
        for agent in 0..300 {
            let results: Vec<_> = (0..4).map(|number| result(number, RuleOutcome::ALL[(agent + number) % 4])).collect();
            let agent = format!("i-{agent:017x}");
            assert_eq!(write(store, |tx| tx.insert_rule_results(&scope.account, run.seq, &agent, &results)), 4);
            assert_eq!(write(store, |tx| tx.insert_rule_results(&scope.account, run.seq, &agent, &results)), 0);
        }
        let tallies = write(store, |tx| tx.count_rule_results(run.seq));
        assert_eq!(tallies.len(), 4);
        assert!(tallies.iter().all(|tally| tally.counts == [75; 4]), "{tallies:?}");
        let mut seen: Vec<(String, String, String)> = Vec::new();
        write(store, |tx| {
            tx.each_rule_result(run.seq, |agent, result| {
                seen.push((result.rules_package.clone(), result.rule.clone(), agent.to_owned()));
                true
            })
        });
        assert_eq!(seen.len(), 1_200);
        assert!(seen.is_sorted());
    });
}
