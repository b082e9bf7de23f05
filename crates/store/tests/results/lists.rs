//! A list agrees with a plain look through everything, whatever the filter.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};
use yagura_model::service::{RunState, Scope};
use yagura_model::{Attribute, Severity};
use yagura_store::{FindingFilter, Store, StoredFinding};

use crate::support::{CVE, PRACTICES, at, finding, on_each, run, write};

type Pairs = Vec<(String, Option<String>)>;

/// Three published runs, one that is not, and the findings of the first three, newest first.
fn fleet(store: &Store, scope: &Scope) -> (Vec<i64>, Vec<StoredFinding>) {
    let states = [RunState::Completed, RunState::EvaluatingRules, RunState::CompletedWithErrors, RunState::Completed];
    let runs: Vec<_> = (1..).zip(states).map(|(number, state)| run(store, scope, number, state)).collect();
    // Runs are judged at the same time, so their findings lie between each other.
    for part in 0..4_u64 {
        for (number, run) in (0..).zip(&runs) {
            let from = part * 40 + number * 13;
            let batch: Vec<_> = (from..from + 25).map(|number| finding(run, number)).collect();
            write(store, |tx| tx.insert_findings(&batch));
        }
    }
    let mut all = Vec::new();
    for run in runs.iter().filter(|run| run.state.shows_findings()) {
        write(store, |tx| {
            tx.each_finding(run.seq, |finding| {
                all.push(finding);
                true
            })
        });
    }
    all.sort_by_key(|finding| std::cmp::Reverse(finding.seq));
    (runs.iter().map(|run| run.seq).collect(), all)
}

fn has(attributes: &[Attribute], wanted: &Pairs) -> bool {
    wanted.iter().all(|(key, value)| {
        attributes.iter().any(|have| have.key == *key && value.as_ref().is_none_or(|value| have.value == *value))
    })
}

fn matches(finding: &StoredFinding, filter: &FindingFilter) -> bool {
    fn any<T: PartialEq>(values: &[T], value: &T) -> bool {
        values.is_empty() || values.contains(value)
    }
    any(&filter.runs, &finding.run_seq)
        && any(&filter.agents, &finding.agent)
        && any(&filter.rules, &finding.rule)
        && any(&filter.severities, &finding.severity)
        && any(&filter.rules_packages, &finding.rules_package)
        && (filter.scaling_groups.is_empty()
            || finding.scaling_group.as_ref().is_some_and(|group| filter.scaling_groups.contains(group)))
        && has(&finding.attributes, &filter.attributes)
        && has(&finding.user_attributes, &filter.user_attributes)
        && filter.created.0.is_none_or(|from| finding.created_at >= from)
        && filter.created.1.is_none_or(|to| finding.created_at <= to)
}

fn pair(key: &str, value: &str) -> (String, Option<String>) {
    (key.into(), Some(value.into()))
}

/// Filters over the values that there are, and some that there are not.
fn filters(runs: Vec<i64>) -> impl Strategy<Value = FindingFilter> {
    let texts = |values: Vec<String>| {
        let most = values.len().min(3);
        prop_oneof![3 => Just(Vec::new()), 2 => subsequence(values, 1..=most)]
    };
    let agents = (0..6).map(|number| format!("i-{number:017x}")).collect();
    let rules = (0..9).map(|number| format!("CVE-2026-{number:04}")).collect();
    let groups = vec!["group 0".into(), "group 1".into(), "group 2".into()];
    let packages = vec![CVE.into(), PRACTICES.into(), "arn".into()];
    let attributes: Pairs = vec![
        pair("INSTANCE_ID", "i-00000000000000001"),
        pair("CVE_ID", "CVE-2026-0003"),
        pair("CVE_ID", "CVE-2026-0004"),
        pair("package_name", "a\"b%_!\\"),
        pair("package_name", "zlib"),
        ("package_name".into(), None),
        ("package_nam_".into(), None),
    ];
    let user: Pairs = vec![
        pair("担当者", "横田"),
        pair("状況", "対応済み"),
        pair("bare", ""),
        ("bare".into(), None),
        ("状況".into(), None),
        ("nobody".into(), None),
    ];
    let time = prop_oneof![2 => Just(None), 1 => (0_i64..2_200).prop_map(|seconds| Some(at(seconds)))];
    let pairs = |values: Pairs| prop_oneof![3 => Just(Vec::new()), 2 => subsequence(values, 1..=2)];
    (
        prop_oneof![3 => Just(Vec::new()), 2 => subsequence(runs, 1..=4)],
        texts(agents),
        texts(groups),
        texts(rules),
        prop_oneof![3 => Just(Vec::new()), 2 => subsequence(Severity::ALL.to_vec(), 1..=5)],
        texts(packages),
        pairs(attributes),
        pairs(user),
        (time.clone(), time),
    )
        .prop_map(
            |(
                runs,
                agents,
                scaling_groups,
                rules,
                severities,
                rules_packages,
                attributes,
                user_attributes,
                created,
            )| {
                FindingFilter {
                    runs,
                    agents,
                    scaling_groups,
                    rules,
                    severities,
                    rules_packages,
                    attributes,
                    user_attributes,
                    created,
                    // Asked for by the attribute, as the API does.
                    package_names: Vec::new(),
                }
            },
        )
}

#[test]
fn a_list_agrees_with_a_plain_look() {
    on_each(|store, scope| {
        let (runs, all) = fleet(store, scope);
        assert_eq!(all.len(), 300);
        let cases = (filters(runs), select(vec![1_usize, 3, 100]));
        let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
        runner
            .run(&cases, |(filter, limit)| {
                let expected: Vec<i64> = all.iter().filter(|f| matches(f, &filter)).map(|f| f.seq).take(250).collect();
                let mut listed = Vec::new();
                let mut before = None;
                loop {
                    let page = store.read(|tx| tx.list_findings(scope, &filter, before, limit)).unwrap();
                    prop_assert!(page.len() <= limit);
                    listed.extend(page.iter().map(|finding| finding.seq));
                    before = page.last().map(|finding| finding.seq);
                    // Single steps through everything would take long and show nothing more.
                    if page.len() < limit || listed.len() >= 250 || (limit == 1 && listed.len() >= 12) {
                        break;
                    }
                }
                listed.truncate(250);
                let seen = if limit == 1 { expected.len().min(12) } else { expected.len() };
                prop_assert_eq!(&listed[..], &expected[..seen]);
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn another_scope_sees_nothing_even_by_the_number_of_a_run() {
    on_each(|store, scope| {
        let (runs, _) = fleet(store, scope);
        let elsewhere = Scope::new(&scope.account, "eu-west-1").unwrap();
        for filter in [FindingFilter::default(), FindingFilter { runs, ..FindingFilter::default() }] {
            assert!(write(store, |tx| tx.list_findings(&elsewhere, &filter, None, 10)).is_empty());
        }
    });
}

#[test]
fn as_many_values_as_the_api_allows_are_one_question() {
    on_each(|store, scope| {
        let (mut runs, _) = fleet(store, scope);
        runs.extend((0..46).map(|number| i64::MAX - number));
        let filter = FindingFilter {
            runs: runs.clone(),
            agents: (0..99).map(|number| format!("i-{number:017x}")).collect(),
            scaling_groups: (0..20).map(|number| format!("group {number}")).collect(),
            rules: (0..50).map(|number| format!("CVE-2026-{number:04}")).collect(),
            severities: Severity::ALL.to_vec(),
            rules_packages: (0..49).map(|number| format!("arn {number}")).chain([CVE.to_owned()]).collect(),
            attributes: Vec::new(),
            user_attributes: (0..49)
                .map(|number| (format!("key {number}"), None))
                .chain([pair("担当者", "横田")])
                .collect(),
            created: (Some(at(0)), Some(at(10_000))),
            package_names: Vec::new(),
        };
        assert!(write(store, |tx| tx.list_findings(scope, &filter, None, 100)).is_empty());
        let filter = FindingFilter { user_attributes: Vec::new(), ..filter };
        assert!(!write(store, |tx| tx.list_findings(scope, &filter, None, 100)).is_empty());
        let filter = FindingFilter { rules_packages: filter.rules_packages, ..FindingFilter::default() };
        assert!(!write(store, |tx| tx.list_findings(scope, &filter, None, 100)).is_empty());
    });
}
