//! The plans that SQLite makes: no list looks through every finding.

use tempfile::TempDir;
use yagura_model::Severity;
use yagura_model::service::Scope;

use super::*;
use crate::Store;

/// The plan of a list, one line a step.
fn plan(filter: &FindingFilter, before: Option<i64>) -> Vec<String> {
    let data = TempDir::new().unwrap();
    let store = Store::open_sqlite(data.path()).unwrap();
    let scope = Scope::new("123456789012", "us-west-2").unwrap();
    let plan: Result<Vec<String>, StoreError> = store.write(|tx| {
        tx.execute(
            "INSERT INTO run (account, region, id, target, template, name, state, live, version, duration_s, rules, \
             attributes, created_ms, changed_ms, data_collected, published, counts) VALUES (?1, ?2, 'r', 't', 'm', 'n', \
             'COMPLETED', 0, 1, 180, '[]', '[]', 0, 0, 1, 1, '[]')",
            &[(&scope.account).into(), (&scope.region).into()],
        )?;
        tx.execute(
            "INSERT INTO finding_span (account, region, run_seq, first_seq, last_seq, first_ms, last_ms) \
             VALUES (?1, ?2, 1, 1, 1000, 0, 1000)",
            &[(&scope.account).into(), (&scope.region).into()],
        )?;
        let (sql, values) = tx.statement(&scope, filter, before, 101)?.expect("a filter that can match");
        tx.query(&format!("EXPLAIN QUERY PLAN {sql}"), &values, |row| {
            row.int()?;
            row.int()?;
            row.int()?;
            row.text()
        })
    });
    plan.unwrap()
}

fn texts(value: &str) -> Vec<String> {
    vec![value.to_owned(), "another".to_owned()]
}

fn pair(key: &str, value: &str) -> (String, Option<String>) {
    (key.into(), Some(value.into()))
}

#[test]
fn every_filter_is_led_by_an_index_in_the_order_of_the_list() {
    let none = FindingFilter::default;
    let cases: Vec<(FindingFilter, &str)> = vec![
        (none(), "finding_by_severity (account=? AND region=? AND severity=? AND"),
        (FindingFilter { runs: vec![1], ..none() }, "finding_by_run (run_seq=? AND severity=? AND"),
        (
            FindingFilter { runs: vec![1], severities: vec![Severity::High], ..none() },
            "finding_by_run (run_seq=? AND severity=? AND",
        ),
        (
            FindingFilter { severities: vec![Severity::High, Severity::Low], ..none() },
            "finding_by_severity (account=? AND region=? AND severity=? AND",
        ),
        (FindingFilter { agents: texts("i-1"), ..none() }, "finding_by_agent (account=? AND region=? AND agent=? AND"),
        (
            FindingFilter { attributes: vec![pair("INSTANCE_ID", "i-1")], ..none() },
            "finding_by_agent (account=? AND region=? AND agent=? AND",
        ),
        (FindingFilter { rules: texts("r"), ..none() }, "finding_by_rule (account=? AND region=? AND rule=? AND"),
        (
            FindingFilter { attributes: vec![pair("CVE_ID", "CVE-1")], ..none() },
            "finding_by_rule (account=? AND region=? AND rule=? AND",
        ),
        (
            FindingFilter { attributes: vec![pair("package_name", "openssl")], ..none() },
            "finding_by_name (account=? AND region=? AND package_name=? AND",
        ),
        (
            FindingFilter { scaling_groups: texts("g"), ..none() },
            "finding_by_group (account=? AND region=? AND scaling_group=? AND",
        ),
        (
            FindingFilter { rules_packages: texts("p"), ..none() },
            "finding_by_package (account=? AND rules_package=? AND severity=? AND",
        ),
        (
            FindingFilter { rules_packages: texts("p"), severities: vec![Severity::Low], ..none() },
            "finding_by_package (account=? AND rules_package=? AND severity=? AND",
        ),
        (
            FindingFilter { user_attributes: vec![pair("状況", "対応済み")], ..none() },
            "finding_attribute_by_value (account=? AND region=? AND key=? AND value=? AND",
        ),
        (
            FindingFilter { created: (Some(Timestamp::UNIX_EPOCH), None), ..none() },
            "finding_by_severity (account=? AND region=? AND severity=? AND",
        ),
        // With nothing in the table every candidate is as good, and the first leads.
        (
            FindingFilter { agents: texts("i-1"), severities: vec![Severity::High], runs: vec![1], ..none() },
            "finding_by_agent (account=? AND region=? AND agent=? AND",
        ),
        (
            FindingFilter { user_attributes: vec![pair("状況", "対応済み")], runs: vec![1], ..none() },
            "finding_attribute_by_value (account=? AND region=? AND key=? AND value=? AND",
        ),
    ];
    for (filter, index) in cases {
        for before in [None, Some(500)] {
            let plan = plan(&filter, before);
            let shown = plan.join("\n");
            assert!(plan.iter().any(|step| step.contains(index)), "{filter:?} is not led by {index}:\n{shown}");
            for step in &plan {
                let scans = ["SCAN f", "SCAN a", "SCAN e", "SCAN u", "SCAN finding"];
                assert!(!scans.iter().any(|scan| step.starts_with(scan)), "{filter:?} looks through all:\n{shown}");
            }
            // What a branch yielded, a page, is sorted to be merged; what it reads is not.
            for (step, next) in plan.iter().zip(plan.iter().skip(1)) {
                let merges = next.contains("TEMP B-TREE") && step.starts_with("SCAN b");
                assert!(merges || !next.contains("TEMP B-TREE"), "{filter:?} sorts in its branches:\n{shown}");
            }
        }
    }
}

#[test]
fn a_key_alone_leads_only_while_few_have_it() {
    let filter = FindingFilter { user_attributes: vec![("状況".into(), None)], ..FindingFilter::default() };
    let plan = plan(&filter, None).join("\n");
    assert!(plan.contains("finding_attribute_by_value (account=? AND region=? AND key=?)"), "{plan}");
}

#[test]
fn conditions_that_exclude_each_other_need_no_question() {
    let filter = |agents: Vec<String>, attributes| FindingFilter { agents, attributes, ..FindingFilter::default() };
    for (mut filter, possible) in [
        (filter(texts("i-1"), vec![pair("INSTANCE_ID", "i-1")]), true),
        (filter(texts("i-1"), vec![pair("INSTANCE_ID", "i-2")]), false),
        (filter(Vec::new(), vec![pair("INSTANCE_ID", "i-1"), pair("INSTANCE_ID", "i-2")]), false),
        (filter(Vec::new(), vec![("INSTANCE_ID".into(), None)]), true),
    ] {
        assert_eq!(name_attributes(&mut filter), possible, "{filter:?}");
    }
}
