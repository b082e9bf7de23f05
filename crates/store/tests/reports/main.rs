//! The rows of reports on a real database: SQLite always, PostgreSQL where `YAGURA_TEST_POSTGRES`
//! names one that may be filled.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use tempfile::TempDir;
use yagura_model::service::{HealthCode, Id, Run, RunState, Scope};
use yagura_model::{FindingKey, LocalText, Severity};
use yagura_store::{
    JudgedHow, Phase, PostureEntry, ReportKey, ReportStatus, RunAgent, Store, StoreError, StoredReport, Tx,
};

fn on_each(test: impl Fn(&Store, &Scope)) {
    let data = TempDir::new().unwrap();
    test(&Store::open_sqlite(data.path()).unwrap(), &new_scope());
    match std::env::var("YAGURA_TEST_POSTGRES") {
        Ok(url) => test(&Store::open_postgres(&url).unwrap(), &new_scope()),
        Err(_) => yagura_testkit::announce_skip("skipped: PostgreSQL (set YAGURA_TEST_POSTGRES to its URL)"),
    }
}

/// A scope that no other test has, on a database that several tests share.
fn new_scope() -> Scope {
    static NEXT: AtomicU64 = AtomicU64::new(500);
    let number = u64::from(std::process::id()) * 1_000 + NEXT.fetch_add(1, Ordering::Relaxed);
    Scope::new(&format!("{number:012}"), "us-west-2").unwrap()
}

fn write<T>(store: &Store, mut work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>) -> T {
    store.write(|tx| work(tx)).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

fn run(store: &Store, scope: &Scope) -> Run {
    let mut run = Run {
        seq: 0,
        scope: scope.clone(),
        id: Id::from_number(3),
        target: Id::from_number(1),
        template: Id::from_number(2),
        name: "r".into(),
        state: RunState::Created,
        version: 1,
        duration_s: 180,
        rules: Vec::new(),
        attributes: Vec::new(),
        created_at: at(0),
        started_at: None,
        completed_at: None,
        changed_at: at(0),
        stop: None,
        data_collected: false,
        counts: [0; 5],
    };
    run.seq = write(store, |tx| tx.insert_run(&run));
    run
}

fn key(run: &Run) -> ReportKey {
    ReportKey { run_seq: run.seq, format: "PDF".into(), kind: "FULL".into(), language: "ja".into() }
}

fn kept(store: &Store, run: &Run) -> StoredReport {
    store.read(|tx| tx.report(&key(run))).unwrap().unwrap()
}

/// The name of a blob that no other test has.
fn blob(scope: &Scope, name: &str) -> String {
    format!("reports/{}/{name}", scope.account)
}

fn trash(store: &Store, scope: &Scope) -> Vec<String> {
    let names = store.read(|tx| tx.trashed_blobs(100_000)).unwrap();
    names.into_iter().filter(|name| name.contains(&scope.account)).collect()
}

#[test]
fn a_report_is_asked_for_once_and_claimed_by_one() {
    on_each(|store, scope| {
        let run = run(store, scope);
        assert!(write(store, |tx| tx.ask_for_report(scope, &key(&run), "first", at(1))));
        assert!(!write(store, |tx| tx.ask_for_report(scope, &key(&run), "second", at(2))));
        let waiting = kept(store, &run);
        assert_eq!((waiting.status, waiting.asked_by.as_str()), (ReportStatus::WorkInProgress, "first"));
        // Two workers saw the same row; one gets it.
        let one = write(store, |tx| tx.claim_report(&waiting, &blob(scope, "one"), at(10))).unwrap();
        assert_eq!(write(store, |tx| tx.claim_report(&waiting, &blob(scope, "two"), at(10))), None);
        assert_eq!(kept(store, &run), one);
        assert!(write(store, |tx| tx.complete_report(&one, at(11))));
        assert!(!write(store, |tx| tx.complete_report(&one, at(11))), "once");
        assert_eq!(kept(store, &run).status, ReportStatus::Completed);
        assert_eq!(trash(store, scope), Vec::<String>::new());
    });
}

#[test]
fn a_lost_claim_writes_nothing() {
    on_each(|store, scope| {
        let run = run(store, scope);
        write(store, |tx| tx.ask_for_report(scope, &key(&run), "x", at(1)));
        let mut first = {
            let waiting = kept(store, &run);
            write(store, |tx| tx.claim_report(&waiting, &blob(scope, "first"), at(10))).unwrap()
        };
        let open = |lost| -> usize {
            let found = store.read(|tx| tx.reports_to_make(lost, 100_000)).unwrap();
            found.iter().filter(|report| report.key.run_seq == run.seq).count()
        };
        assert_eq!((open(at(9)), open(at(10))), (0, 1));
        let mut renewed = first.clone();
        assert!(write(store, |tx| {
            renewed = first.clone();
            tx.renew_report(&mut renewed, at(20))
        }));
        assert!(!write(store, |tx| tx.renew_report(&mut first.clone(), at(21))), "the claim of before is none");
        assert_eq!((open(at(19)), open(at(20))), (0, 1));
        let second = write(store, |tx| tx.claim_report(&renewed, &blob(scope, "second"), at(200))).unwrap();
        assert_eq!(second.tries, 2);
        assert_eq!(trash(store, scope), [blob(scope, "first")]);
        first = renewed;
        assert!(!write(store, |tx| tx.renew_report(&mut first.clone(), at(201))));
        assert!(!write(store, |tx| tx.note_report(&first, "late")));
        assert!(!write(store, |tx| tx.fail_report(&first, "late", at(201))));
        assert!(!write(store, |tx| tx.complete_report(&first, at(201))));
        assert_eq!(kept(store, &run), second);
        assert!(write(store, |tx| tx.fail_report(&second, "no font", at(202))));
        let failed = kept(store, &run);
        assert_eq!(
            (failed.status, failed.message.as_deref(), failed.blob),
            (ReportStatus::Failed, Some("no font"), None)
        );
        let failed = kept(store, &run);
        assert!(write(store, |tx| tx.ask_again_for_report(&failed, at(300))));
        assert!(!write(store, |tx| tx.ask_again_for_report(&failed, at(300))));
        assert_eq!((kept(store, &run).tries, kept(store, &run).message), (0, None));
    });
}

#[test]
fn a_report_goes_with_its_run_wherever_it_is() {
    on_each(|store, scope| {
        let run = run(store, scope);
        write(store, |tx| tx.ask_for_report(scope, &key(&run), "x", at(1)));
        let waiting = kept(store, &run);
        let claim = write(store, |tx| tx.claim_report(&waiting, &blob(scope, "a"), at(10))).unwrap();
        write(store, |tx| tx.delete_run(&run, at(11)));
        assert!(!write(store, |tx| tx.complete_report(&claim, at(12))));
        assert_eq!(store.read(|tx| tx.report(&key(&run))).unwrap(), None);
        assert_eq!(trash(store, scope), [blob(scope, "a")]);
    });
}

#[test]
fn hosts_are_listed_by_how_far_they_were_judged() {
    on_each(|store, scope| {
        let run = run(store, scope);
        for number in 0..30_u64 {
            let phase = if number % 3 == 0 { Phase::Flushed } else { Phase::Evaluated };
            let member = RunAgent {
                run_seq: run.seq,
                agent: format!("i-{number:03}"),
                phase,
                joined_at: at(0),
                started_at: None,
                data_at: None,
                next_chunk: 0,
                snapshot: None,
                health: HealthCode::Throttled,
                details: None,
                asset: if number == 1 { "damaged".into() } else { format!("{{\"hostname\":\"host-{number}\"}}") },
                evaluated_at: None,
            };
            write(store, |tx| tx.join_run(scope, &member));
            write(store, |tx| tx.set_gaps(run.seq, &member.agent, u64::from(number % 3 == 1), 0));
        }
        assert_eq!(store.read(|tx| tx.count_judged(run.seq)).unwrap(), [10, 10, 10]);
        for (remainder, how) in (0..).zip(JudgedHow::ALL) {
            let first = store.read(|tx| tx.agents_judged(run.seq, how, "", 7)).unwrap();
            let last = first.last().unwrap().agent.clone();
            let second = store.read(|tx| tx.agents_judged(run.seq, how, &last, 7)).unwrap();
            let ids: Vec<String> = first.iter().chain(&second).map(|walked| walked.agent.clone()).collect();
            let expected: Vec<String> = (0..10).map(|step| format!("i-{:03}", step * 3 + remainder)).collect();
            assert_eq!(ids, expected);
        }
        let names = store.read(|tx| tx.hostnames_of_run(run.seq, &["i-001", "i-002", "i-999"])).unwrap();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), [("i-002".to_owned(), "host-2".to_owned())]);
    });
}

#[test]
fn the_days_of_many_faults_are_found_at_once() {
    on_each(|store, scope| {
        let entry = |number: u64| PostureEntry {
            key: FindingKey(format!("k{number}")),
            rules_package: "cve".into(),
            rule: "r".into(),
            subject: "s".into(),
            severity: Severity::Low,
            title: LocalText::default(),
        };
        let entries: Vec<PostureEntry> = (0..600).map(entry).collect();
        for host in ["i-1", "i-2"] {
            write(store, |tx| tx.set_posture(scope, host, "cve", &entries, at(if host == "i-1" { 5 } else { 6 })));
        }
        let missing = FindingKey("missing".into());
        let mut faults: Vec<(&str, &FindingKey)> =
            entries.iter().flat_map(|entry| [("i-1", &entry.key), ("i-2", &entry.key)]).collect();
        faults.push(("i-1", &missing));
        let since = store.read(|tx| tx.faults_since(scope, &faults)).unwrap();
        assert_eq!(since.len(), 1_200);
        assert_eq!(since[&("i-2".to_owned(), "k599".to_owned())], at(6));
        assert!(store.read(|tx| tx.faults_since(scope, &[])).unwrap().is_empty());
    });
}
