//! Findings are put in once, counted, walked and marked.

use yagura_model::service::{Id, RunState};
use yagura_model::{Attribute, Severity};
use yagura_store::FindingFilter;

use crate::support::{CVE, PRACTICES, at, finding, on_each, run, write};

fn pair(key: &str, value: &str) -> Attribute {
    Attribute { key: key.into(), value: value.into() }
}

#[test]
fn a_finding_reads_back_and_a_batch_counts_once() {
    on_each(|store, scope| {
        let run = run(store, scope, 1, RunState::Completed);
        let batch: Vec<_> = (0..450).map(|number| finding(&run, number)).collect();
        assert_eq!(write(store, |tx| tx.insert_findings(&batch)), 450);
        assert_eq!(write(store, |tx| tx.insert_findings(&batch)), 0, "the same batch again");
        assert_eq!(write(store, |tx| tx.insert_findings(&[])), 0);

        let mut read = write(store, |tx| tx.finding(scope, run.seq, &batch[33].id)).unwrap();
        assert!(read.seq > 0);
        read.seq = 0;
        assert_eq!(read, batch[33]);
        let elsewhere = yagura_model::service::Scope::new(&scope.account, "eu-west-1").unwrap();
        assert_eq!(write(store, |tx| tx.finding(&elsewhere, run.seq, &batch[33].id)), None);
        assert_eq!(write(store, |tx| tx.finding(scope, run.seq, &Id::from_number(9_999_999))), None);
    });
}

#[test]
fn counts_are_by_severity_package_agent_and_rule() {
    on_each(|store, scope| {
        let run = run(store, scope, 1, RunState::Completed);
        let all: Vec<_> = (0..300).map(|number| finding(&run, number)).collect();
        write(store, |tx| tx.insert_findings(&all));
        let of = |severity| u64::try_from(all.iter().filter(|f| f.severity == severity).count()).unwrap();
        assert_eq!(write(store, |tx| tx.count_findings(run.seq)), Severity::ALL.map(of));
        assert_eq!(
            write(store, |tx| tx.count_findings_by_package(run.seq)),
            [(CVE.to_owned(), 200), (PRACTICES.to_owned(), 100)]
        );
        let by_agent = write(store, |tx| tx.count_findings_by_agent(run.seq));
        assert_eq!(by_agent.len(), 5);
        for (agent, counts) in by_agent {
            let of = |severity| all.iter().filter(|f| f.agent == agent && f.severity == severity).count();
            assert_eq!(counts.map(|count| usize::try_from(count).unwrap()), Severity::ALL.map(of));
        }
        let rules = write(store, |tx| tx.count_findings_by_rule(run.seq, Severity::High, "CVE-2026-0004", 100));
        assert!(rules.iter().all(|(_, rule, count)| rule.as_str() > "CVE-2026-0004" && *count > 0));
        assert_eq!(write(store, |tx| tx.total_findings(run.seq)), 300);
    });
}

#[test]
fn a_walk_shows_each_finding_once_most_severe_first() {
    on_each(|store, scope| {
        let run = run(store, scope, 1, RunState::EvaluatingRules);
        let all: Vec<_> = (0..1_100).map(|number| finding(&run, number)).collect();
        write(store, |tx| tx.insert_findings(&all));
        for step in [1_usize, 7, 500] {
            let mut walked = Vec::new();
            let mut after = None;
            loop {
                let some = write(store, |tx| tx.findings_of_run(run.seq, after.as_ref(), step));
                after = some.last().map(Into::into).or(after);
                let ended = some.len() < step;
                walked.extend(some.into_iter().map(|f| (f.severity, f.rule, f.seq)));
                if ended || (step == 1 && walked.len() == 40) {
                    break;
                }
            }
            assert!(walked.is_sorted(), "by severity, rule and number");
            assert!(step == 1 || walked.len() == all.len());
        }
        let mut seen = 0;
        write(store, |tx| {
            tx.each_finding(run.seq, |_| {
                seen += 1;
                true
            })
        });
        assert_eq!(seen, all.len());
        seen = 0;
        write(store, |tx| {
            tx.each_finding(run.seq, |_| {
                seen += 1;
                seen < 3
            })
        });
        assert_eq!(seen, 3);
    });
}

#[test]
fn user_attributes_are_put_by_key_and_taken() {
    on_each(|store, scope| {
        let run = run(store, scope, 1, RunState::Completed);
        write(store, |tx| tx.insert_findings(&[finding(&run, 3)]));
        let get = || write(store, |tx| tx.finding(scope, run.seq, &Id::from_number(3))).unwrap();
        let with = |key: &str, value: &str| {
            let filter =
                FindingFilter { user_attributes: vec![(key.into(), Some(value.into()))], ..FindingFilter::default() };
            write(store, |tx| tx.list_findings(scope, &filter, None, 10)).len()
        };
        assert_eq!(with("状況", "対応済み"), 1);
        let new = [pair("状況", "対応中"), pair("期限", "")];
        let before = get();
        let all = write(store, |tx| tx.put_user_attributes(&before, &new, at(5_000)));
        assert_eq!(all, [pair("担当者", "横田"), pair("状況", "対応中"), pair("期限", "")]);
        assert_eq!((get().user_attributes, get().updated_at), (all, at(5_000)));
        assert_eq!((with("状況", "対応済み"), with("状況", "対応中")), (0, 1));

        let keys = ["状況".to_owned(), "nobody has it".to_owned()];
        let before = get();
        assert_eq!(write(store, |tx| tx.remove_user_attributes(&before, &keys, at(6_000))), 1);
        assert_eq!((with("状況", "対応中"), get().updated_at), (0, at(6_000)));
        let before = get();
        assert_eq!(write(store, |tx| tx.remove_user_attributes(&before, &keys, at(7_000))), 0);
        assert_eq!(get().updated_at, at(6_000), "nothing was taken, nothing changed");
    });
}

#[test]
fn the_first_time_of_a_fault_is_known_across_runs() {
    on_each(|store, scope| {
        let (first, second) = (run(store, scope, 1, RunState::Completed), run(store, scope, 2, RunState::Completed));
        write(store, |tx| tx.insert_findings(&[finding(&first, 2)]));
        write(store, |tx| tx.insert_findings(&[finding(&second, 37)]));
        let key = finding(&second, 37).key;
        assert_eq!(write(store, |tx| tx.first_seen(&scope.account, &key)), Some(at(20)));
    });
}
