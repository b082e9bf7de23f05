//! Pages of findings out of a full store.
//!
//! `FINDINGS=1000000 cargo bench -p yagura-store --bench findings` for the million; without the
//! variable there are 100,000. Says for each filter how long a page of 100 takes.

#![expect(clippy::unwrap_used, reason = "a benchmark without its data has nothing to measure")]
#![expect(clippy::indexing_slicing, reason = "the cases are written below")]
#![expect(clippy::print_stderr, reason = "a number alone does not say which filter was measured")]

use std::sync::OnceLock;

use divan::{Bencher, black_box};
use jiff::Timestamp;
use tempfile::TempDir;
use yagura_model::service::{Id, Run, RunState, Scope};
use yagura_model::{Attribute, FindingKey, LocalText, Severity};
use yagura_store::{FindingFilter, FindingText, Store, StoreError, StoredFinding};

const AGENTS: u64 = 1_000;
const RULES: u64 = 500;
const RUN_FINDINGS: u64 = 100_000;
const FINDINGS_DEFAULT: u64 = 100_000;
const PAGE: usize = 100;
const CVE: &str = "arn:aws:inspector:us-west-2:758058086616:rulespackage/0-9hgA516p";
const PRACTICES: &str = "arn:aws:inspector:us-west-2:758058086616:rulespackage/0-JJOtZiqQ";

struct Full {
    store: Store,
    scope: Scope,
    runs: Vec<i64>,
    last_at: Timestamp,
    data: TempDir,
}

static FULL: OnceLock<Full> = OnceLock::new();

fn main() {
    divan::main();
    // What a static holds is never dropped, and a million findings are two gigabytes.
    if let Some(full) = FULL.get() {
        std::fs::remove_dir_all(full.data.path()).unwrap();
    }
}

fn full() -> &'static Full {
    FULL.get_or_init(fill)
}

fn fill() -> Full {
    let wanted = std::env::var("FINDINGS").ok().and_then(|text| text.parse().ok()).unwrap_or(FINDINGS_DEFAULT);
    let data = TempDir::new().unwrap();
    let store = Store::open_sqlite(data.path()).unwrap();
    let scope = Scope::new("123456789012", "us-west-2").unwrap();
    let mut runs = Vec::new();
    let mut last_at = Timestamp::UNIX_EPOCH;
    let runs_wanted = wanted.div_ceil(RUN_FINDINGS);
    for number in 0..runs_wanted {
        let at = Timestamp::from_second(1_767_225_600 + i64::try_from(number).unwrap() * 86_400).unwrap();
        let mut run = run(&scope, number, at);
        run.seq = store.write(|tx| tx.insert_run(&run)).unwrap();
        let of_run = wanted.min((number + 1) * RUN_FINDINGS) - number * RUN_FINDINGS;
        for from in (0..of_run).step_by(1_000) {
            let batch: Vec<_> = (from..(from + 1_000).min(of_run)).map(|place| finding(&run, place, at)).collect();
            store.write(|tx| tx.insert_findings(&batch)).unwrap();
        }
        let mut done = Run { state: RunState::Completed, ..run.clone() };
        assert!(store.write::<_, StoreError>(|tx| tx.update_run(&run, &mut done)).unwrap());
        runs.push(run.seq);
        last_at = at;
    }
    Full { store, scope, runs, last_at, data }
}

fn run(scope: &Scope, number: u64, at: Timestamp) -> Run {
    Run {
        seq: 0,
        scope: scope.clone(),
        id: Id::from_number(number),
        target: Id::from_number(1),
        template: Id::from_number(2),
        name: format!("run {number}"),
        state: RunState::Created,
        version: 1,
        duration_s: 180,
        rules: vec![CVE.into()],
        attributes: Vec::new(),
        created_at: at,
        started_at: None,
        completed_at: None,
        changed_at: at,
        stop: None,
        data_collected: false,
        counts: [0; 5],
    }
}

/// Host after host, each with the same rules, as a run finds them. One rule of `RULES` is of the
/// small package; one finding in a thousand is marked as done.
fn finding(run: &Run, place: u64, at: Timestamp) -> StoredFinding {
    let per_agent = RUN_FINDINGS / AGENTS;
    let (agent, rule) = (format!("i-{:017x}", place / per_agent), place % per_agent * (RULES / per_agent));
    let pair = |key: &str, value: &str| Attribute { key: key.into(), value: value.into() };
    let mut user_attributes = vec![pair("担当者", "基盤チーム")];
    if place.is_multiple_of(997) {
        user_attributes.push(pair("状況", "対応済み"));
    }
    let severity = match rule % 20 {
        0..5 => Severity::High,
        5..15 => Severity::Medium,
        15..19 => Severity::Low,
        _ => Severity::Informational,
    };
    let rule_id = format!("CVE-2026-{rule:04}");
    StoredFinding {
        seq: 0,
        scope: run.scope.clone(),
        run_seq: run.seq,
        id: Id::from_number(place * 7_919),
        agent: agent.clone(),
        scaling_group: Some(format!("group {}", place % 10)),
        rules_package: if rule == 0 { PRACTICES.into() } else { CVE.into() },
        rule: rule_id.clone(),
        severity,
        key: FindingKey::of(&agent, yagura_model::RulesPackage::Cve, &rule_id, "openssl"),
        title: LocalText::new(format!("Instance {agent} is vulnerable to {rule_id}"), format!("{agent} {rule_id}")),
        text: FindingText {
            description: LocalText::untranslated(format!("what {rule_id} is: {}", "x".repeat(400))),
            recommendation: LocalText::new("upgrade", "更新"),
            severity_reason: LocalText::default(),
        },
        attributes: vec![pair("INSTANCE_ID", &agent), pair("CVE_ID", &rule_id), pair("package_name", "openssl")],
        evidence: format!("{{\"vulnerability\":\"{}\"}}", "y".repeat(600)),
        user_attributes,
        created_at: at,
        updated_at: at,
    }
}

/// A name and what it narrows by; the rare ones are those that a bad plan makes slow.
fn cases(full: &Full) -> Vec<(&'static str, FindingFilter)> {
    let none = FindingFilter::default;
    let first_run = full.runs[0];
    let pair = |key: &str, value: &str| (key.to_owned(), Some(value.to_owned()));
    let agents = |numbers: std::ops::Range<u64>| numbers.map(|number| format!("i-{number:017x}")).collect();
    vec![
        ("none", none()),
        ("oldest run", FindingFilter { runs: vec![first_run], ..none() }),
        ("severity", FindingFilter { severities: vec![Severity::High], ..none() }),
        ("severity without any", FindingFilter { severities: vec![Severity::Undefined], ..none() }),
        ("three severities", FindingFilter { severities: Severity::ALL[..3].to_vec(), ..none() }),
        ("agent", FindingFilter { agents: agents(3..4), ..none() }),
        ("99 agents", FindingFilter { agents: agents(3..102), ..none() }),
        ("rule", FindingFilter { rules: vec!["CVE-2026-0015".into()], ..none() }),
        ("group", FindingFilter { scaling_groups: vec!["group 3".into()], ..none() }),
        ("rules package", FindingFilter { rules_packages: vec![PRACTICES.into()], ..none() }),
        ("user attribute", FindingFilter { user_attributes: vec![pair("状況", "対応済み")], ..none() }),
        ("user attribute of all", FindingFilter { user_attributes: vec![pair("担当者", "基盤チーム")], ..none() }),
        ("last day", FindingFilter { created: (Some(full.last_at), None), ..none() }),
        ("after all", FindingFilter { created: (Some(Timestamp::MAX), None), ..none() }),
        (
            "first day",
            FindingFilter { created: (None, Some(Timestamp::from_second(1_767_225_600).unwrap())), ..none() },
        ),
        ("oldest run, severity", FindingFilter { runs: vec![first_run], severities: vec![Severity::Low], ..none() }),
        ("oldest run, agent", FindingFilter { runs: vec![first_run], agents: agents(3..4), ..none() }),
        ("oldest run, rule", FindingFilter { runs: vec![first_run], rules: vec!["CVE-2026-0015".into()], ..none() }),
        (
            "package and a severity it has not",
            FindingFilter { rules_packages: vec![PRACTICES.into()], severities: vec![Severity::Low], ..none() },
        ),
        (
            "two user attributes, one of all",
            FindingFilter {
                user_attributes: vec![pair("担当者", "基盤チーム"), pair("状況", "対応済み")], ..none()
            },
        ),
        (
            "user attribute, severity, agent",
            FindingFilter {
                user_attributes: vec![pair("状況", "対応済み")],
                severities: vec![Severity::Medium],
                agents: agents(0..50),
                ..none()
            },
        ),
        ("system attribute of all", FindingFilter { attributes: vec![pair("package_name", "openssl")], ..none() }),
    ]
}

const NAMES: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21];

#[divan::bench(args = NAMES, sample_count = 20, sample_size = 1)]
fn page(bencher: Bencher<'_, '_>, case: usize) {
    let full = full();
    let (name, filter) = cases(full).swap_remove(case);
    let list = || full.store.read(|tx| tx.list_findings(&full.scope, &filter, None, PAGE + 1)).unwrap();
    eprintln!("{case}: {name}, {} findings", list().len());
    bencher.bench_local(|| black_box::<Vec<_>>(list()));
}

/// A page as DescribeFindings reads it, one by one.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn ten_whole_findings(bencher: Bencher<'_, '_>) {
    let full = full();
    let list = full.store.read(|tx| tx.list_findings(&full.scope, &FindingFilter::default(), None, 10)).unwrap();
    bencher.bench_local(|| {
        let read = |tx: &mut yagura_store::Tx<'_>| {
            list.iter().map(|one| tx.finding(&full.scope, one.run_seq, &one.id)).collect::<Result<Vec<_>, StoreError>>()
        };
        black_box(full.store.read(read).unwrap())
    });
}

/// Findings put in, a thousand at once.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn put_a_thousand_in(bencher: Bencher<'_, '_>) {
    let full = full();
    let mut number = 1_000_000_000;
    bencher.bench_local(|| {
        let mut run = run(&full.scope, number, full.last_at);
        number += 1;
        run.seq = full.store.write(|tx| tx.insert_run(&run)).unwrap();
        let batch: Vec<_> = (0..1_000).map(|place| finding(&run, place, full.last_at)).collect();
        full.store.write(|tx| tx.insert_findings(&batch)).unwrap()
    });
}
