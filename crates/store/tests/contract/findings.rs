//! Findings, beyond what `tests/results` looks at.

use yagura_model::Severity;
use yagura_model::service::{Run, RunState};
use yagura_store::{FindingFilter, StoredFinding};

use crate::support::{CVE, Db, agent_id, at, finding, id, move_run, new_run, other_scopes, pair, put_run, scope};

/// A run whose findings are shown.
fn published(db: &Db, number: u64) -> Run {
    let run = put_run(db, new_run(number, &format!("run {number}")));
    move_run(db, &run, RunState::Completed, |_| {})
}

fn list(db: &Db, filter: &FindingFilter) -> Vec<String> {
    let found = db.read(|tx| tx.list_findings(&scope(), filter, None, 1_000));
    found.into_iter().map(|finding| finding.id.as_str().to_owned()).collect()
}

pub(crate) fn a_finding_put_in_twice_is_there_once(db: &Db) {
    let run = published(db, 1);
    let mut batch: Vec<StoredFinding> = (0..450).map(|number| finding(&run, number)).collect();
    batch[3].user_attributes = vec![pair("状況", "未対応")];
    assert_eq!(db.write(|tx| tx.insert_findings(&batch)), 450);
    let changed: Vec<StoredFinding> =
        batch.iter().map(|finding| StoredFinding { severity: Severity::Low, ..finding.clone() }).collect();
    assert_eq!(db.write(|tx| tx.insert_findings(&changed)), 0);
    assert_eq!(db.write(|tx| tx.insert_findings(&[])), 0);
    // Twice in one batch.
    let twin = finding(&run, 1_000);
    assert_eq!(db.write(|tx| tx.insert_findings(&[twin.clone(), twin.clone()])), 1);
    assert_eq!(db.read(|tx| tx.total_findings(run.seq)), 451);
    assert_eq!(db.read(|tx| tx.count_findings(run.seq)).iter().sum::<u64>(), 451);
    let found = db.read(|tx| tx.finding(&scope(), run.seq, &id(3))).unwrap();
    assert_eq!((found.severity, found.user_attributes), (Severity::High, vec![pair("状況", "未対応")]));
    assert_eq!(db.read(|tx| tx.finding_ids(run.seq)).len(), 451);
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.finding(&other, run.seq, &id(3))), None);
        assert_eq!(db.read(|tx| tx.list_findings(&other, &FindingFilter::default(), None, 10)), []);
    }
    // The same id in another run is another finding.
    let second = published(db, 2);
    assert_eq!(db.write(|tx| tx.insert_findings(&[finding(&second, 3)])), 1);
    assert_eq!(db.read(|tx| tx.first_seen(&scope().account, &finding(&second, 3).key)), Some(at(10)));
    let rule = "CVE-2026-0003";
    assert_eq!(db.read(|tx| tx.count_findings_of_rule(run.seq, Severity::High, rule, CVE)), 1);
    assert_eq!(db.read(|tx| tx.count_findings_of_rule(run.seq, Severity::Low, rule, CVE)), 0);
}

pub(crate) fn patterns_of_attributes_mean_themselves(db: &Db) {
    let run = published(db, 1);
    let values = ["100%", "100x", "a_b", "axb", "a\"b", "a\\b", "!", "!!", "日本", "A", "a", "a'b", "}", "\",\"v\":\""];
    let all: Vec<StoredFinding> = (1..)
        .zip(values)
        .map(|(number, value)| StoredFinding {
            attributes: vec![pair("INSTANCE_ID", &agent_id(1)), pair("名前", value)],
            user_attributes: vec![pair("印", value)],
            ..finding(&run, number)
        })
        .collect();
    db.write(|tx| tx.insert_findings(&all));
    for (finding, value) in all.iter().zip(values) {
        let one = [finding.id.as_str().to_owned()];
        let named = |key: &str| vec![(key.to_owned(), Some(value.to_owned()))];
        assert_eq!(list(db, &FindingFilter { attributes: named("名前"), ..FindingFilter::default() }), one, "{value}");
        assert_eq!(
            list(db, &FindingFilter { user_attributes: named("印"), ..FindingFilter::default() }),
            one,
            "{value}"
        );
        assert_eq!(list(db, &FindingFilter { attributes: named("名"), ..FindingFilter::default() }), [""; 0]);
    }
    let key = |key: &str| FindingFilter { attributes: vec![(key.to_owned(), None)], ..FindingFilter::default() };
    assert_eq!(list(db, &key("名前")).len(), values.len());
    assert_eq!(list(db, &key("%")), [""; 0]);
    assert_eq!(list(db, &key("__")), [""; 0]);
}

pub(crate) fn attributes_of_users_are_put_and_taken(db: &Db) {
    let run = published(db, 1);
    db.write(|tx| tx.insert_findings(&[finding(&run, 1), finding(&run, 2)]));
    let read = || db.read(|tx| tx.finding(&scope(), run.seq, &id(1))).unwrap();
    let first = read();
    let put =
        |new: &[yagura_model::Attribute], seconds| db.write(|tx| tx.put_user_attributes(&first, new, at(seconds)));
    assert_eq!(put(&[pair("状況", "未対応"), pair("担当者", "基盤チーム")], 20).len(), 2);
    // The finding that is handed over was read before: what was put since stays.
    let all = put(&[pair("状況", "対応済み"), pair("empty", "")], 21);
    assert_eq!(all, [pair("状況", "対応済み"), pair("担当者", "基盤チーム"), pair("empty", "")]);
    assert_eq!((read().user_attributes, read().updated_at), (all, at(21)));
    let with = |key: &str, value: Option<&str>| {
        let wanted = vec![(key.to_owned(), value.map(str::to_owned))];
        list(db, &FindingFilter { user_attributes: wanted, ..FindingFilter::default() })
    };
    let one = [id(1).as_str().to_owned()];
    assert_eq!((with("状況", Some("対応済み")), with("状況", Some("未対応"))), (one.to_vec(), vec![]));
    assert_eq!((with("担当者", None), with("empty", Some(""))), (one.to_vec(), one.to_vec()));
    let take = |keys: &[&str]| {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        db.write(|tx| tx.remove_user_attributes(&first, &keys, at(22)))
    };
    assert_eq!(take(&["状況", "nobody's"]), 1);
    assert_eq!(take(&["状況"]), 0);
    assert_eq!(with("状況", None), [""; 0]);
    assert_eq!(read().user_attributes, [pair("担当者", "基盤チーム"), pair("empty", "")]);
}

/// The API takes 50 of most and 500 agents; SQLite joins at most 500 parts to one statement.
pub(crate) fn as_many_values_of_a_filter_as_the_api_takes(db: &Db) {
    let runs: Vec<Run> = (1..=3).map(|number| published(db, number)).collect();
    for run in &runs {
        let batch: Vec<StoredFinding> = (0..20).map(|number| finding(run, number)).collect();
        db.write(|tx| tx.insert_findings(&batch));
    }
    let many = |count: usize, first: &str| -> Vec<String> {
        std::iter::once(first.to_owned()).chain((1..count).map(|number| format!("nobody {number}"))).collect()
    };
    let all = FindingFilter::default;
    let count = |filter: FindingFilter| list(db, &filter).len();
    assert_eq!(count(FindingFilter { agents: many(500, &agent_id(1)), ..all() }), 60);
    assert_eq!(count(FindingFilter { rules: many(50, "CVE-2026-0007"), ..all() }), 3);
    assert_eq!(count(FindingFilter { rules_packages: many(50, CVE), ..all() }), 60);
    assert_eq!(count(FindingFilter { scaling_groups: many(20, "none"), ..all() }), 0);
    let run_seqs: Vec<i64> = runs.iter().map(|run| run.seq).chain(1_000..1_047).collect();
    assert_eq!(count(FindingFilter { runs: run_seqs.clone(), severities: Severity::ALL.to_vec(), ..all() }), 60);
    let attributes = (0..50).map(|_| ("INSTANCE_ID".to_owned(), Some(agent_id(1)))).collect();
    let everything = FindingFilter {
        runs: run_seqs,
        agents: many(500, &agent_id(1)),
        rules: many(50, "CVE-2026-0007"),
        rules_packages: many(50, CVE),
        severities: Severity::ALL.to_vec(),
        attributes,
        created: (Some(at(10)), Some(at(10))),
        ..all()
    };
    assert_eq!(count(everything), 3);
}

pub(crate) fn a_page_does_not_move_when_findings_come(db: &Db) {
    let run = published(db, 1);
    let put = |numbers: std::ops::Range<u64>| {
        let batch: Vec<StoredFinding> = numbers.map(|number| finding(&run, number)).collect();
        db.write(|tx| tx.insert_findings(&batch));
    };
    put(0..10);
    let page = |before| db.read(|tx| tx.list_findings(&scope(), &FindingFilter::default(), before, 4));
    let first = page(None);
    put(10..20);
    let gone = published(db, 2);
    db.write(|tx| tx.insert_findings(&[finding(&gone, 1)]));
    db.write(|tx| tx.delete_run(&gone, at(1)));
    let second = page(Some(first[3].seq));
    let third = page(Some(second[3].seq));
    let seen: Vec<String> =
        first.iter().chain(&second).chain(&third).map(|finding| finding.id.as_str().to_owned()).collect();
    let expected: Vec<String> = (0..10).rev().map(|number| id(number).as_str().to_owned()).collect();
    assert_eq!(seen, expected);
}

pub(crate) fn a_walk_sees_every_finding_in_the_order_of_bytes(db: &Db) {
    let run = published(db, 1);
    let rules = ["b", "B", "_", "日本", "a", "é", "Z", "-"];
    let all: Vec<StoredFinding> = (0..1_203_u64)
        .map(|number| StoredFinding {
            rule: rules[usize::try_from(number % 8).unwrap()].into(),
            severity: Severity::ALL[usize::try_from(number / 8 % 5).unwrap()],
            ..finding(&run, number)
        })
        .collect();
    db.write(|tx| tx.insert_findings(&all));
    let mut walked: Vec<(Severity, String, i64)> = Vec::new();
    db.read(|tx| {
        walked.clear();
        tx.each_finding(run.seq, |finding| {
            walked.push((finding.severity, finding.rule, finding.seq));
            true
        })
    });
    assert_eq!(walked.len(), all.len());
    let mut sorted = walked.clone();
    sorted.sort();
    assert!(walked == sorted);
}
