//! A small fleet's findings.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use tempfile::TempDir;
use yagura_model::service::{Id, Run, RunState, Scope};
use yagura_model::{Attribute, FindingKey, LocalText, Severity};
use yagura_store::{FindingText, Store, StoreError, StoredFinding};
use yagura_testkit::Postgres;

/// 2026-01-01T00:00:00Z.
pub(crate) const START_MS: i64 = 1_767_225_600_000;

/// Runs a test on each database there is, each time in a scope of its own.
pub(crate) fn on_each(test: impl Fn(&Store, &Scope)) {
    let data = TempDir::new().unwrap();
    let store = Store::open_sqlite(data.path()).unwrap();
    test(&store, &new_scope());
    if let Some(server) = Postgres::shared() {
        test(&Store::open_postgres(&server.schema("results")).unwrap(), &new_scope());
    }
}

/// A scope that no other test has.
fn new_scope() -> Scope {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = u64::from(std::process::id()) * 1_000 + NEXT.fetch_add(1, Ordering::Relaxed);
    Scope::new(&format!("{number:012}"), "us-west-2").unwrap()
}

pub(crate) fn write<T>(store: &Store, mut work: impl FnMut(&mut yagura_store::Tx<'_>) -> Result<T, StoreError>) -> T {
    store.write(|tx| work(tx)).unwrap()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millisecond(START_MS + seconds * 1_000).unwrap()
}

/// Puts a run in and brings it to a state.
pub(crate) fn run(store: &Store, scope: &Scope, number: u64, state: RunState) -> Run {
    let mut run = Run {
        seq: 0,
        scope: scope.clone(),
        id: Id::from_number(number),
        target: Id::from_number(1),
        template: Id::from_number(2),
        name: format!("run {number}"),
        state: RunState::Created,
        version: 1,
        duration_s: 180,
        rules: vec![CVE.into(), PRACTICES.into()],
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
    let before = run.clone();
    run.state = state;
    assert!(write(store, |tx| tx.update_run(&before, &mut run.clone())));
    run.version = 2;
    run
}

pub(crate) const CVE: &str = "arn:aws:inspector:us-west-2:758058086616:rulespackage/0-9hgA516p";
pub(crate) const PRACTICES: &str = "arn:aws:inspector:us-west-2:758058086616:rulespackage/0-JJOtZiqQ";

/// Finding `number` of a run; everything about it follows from the number.
pub(crate) fn finding(run: &Run, number: u64) -> StoredFinding {
    let pick = |of: u64, step: u64| usize::try_from((number / step) % of).unwrap();
    let rule = format!("CVE-2026-{:04}", number % 7);
    let agent = format!("i-{:017x}", number % 5);
    let pair = |key: &str, value: &str| Attribute { key: key.into(), value: value.into() };
    let mut user_attributes = vec![pair("担当者", ["基盤チーム", "横田"][pick(2, 1)])];
    if number.is_multiple_of(3) {
        user_attributes.push(pair("状況", "対応済み"));
    }
    if number.is_multiple_of(11) {
        user_attributes.push(pair("bare", ""));
    }
    StoredFinding {
        seq: 0,
        scope: run.scope.clone(),
        run_seq: run.seq,
        id: Id::from_number(number),
        agent: agent.clone(),
        scaling_group: (!number.is_multiple_of(4)).then(|| format!("group {}", number % 2)),
        rules_package: [CVE, CVE, PRACTICES][pick(3, 1)].into(),
        rule: rule.clone(),
        severity: Severity::ALL[pick(5, 2)],
        key: FindingKey(format!("{:013}", number % 35)),
        title: LocalText::new(format!("Instance {agent} is vulnerable to {rule}"), format!("{agent} は {rule} に該当")),
        text: FindingText {
            description: LocalText::untranslated(format!("what {rule} is")),
            recommendation: LocalText::new("upgrade", "更新"),
            severity_reason: LocalText::default(),
        },
        attributes: vec![
            pair("INSTANCE_ID", &agent),
            pair("CVE_ID", &rule),
            pair("package_name", ["openssl", "a\"b%_!\\", "zlib"][pick(3, 2)]),
        ],
        evidence: "{\"a\":1}".into(),
        user_attributes,
        created_at: at(i64::try_from(number).unwrap() * 10),
        updated_at: at(i64::try_from(number).unwrap() * 10),
    }
}
