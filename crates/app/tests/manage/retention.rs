//! What goes, what stays.

use yagura_app::service::AppError;
use yagura_app::service::retention::{self, DAYS_MAX, Kind, Policy};
use yagura_model::service::{Agent, RunState};
use yagura_model::{FindingKey, LocalText, Severity};
use yagura_store::{FindingText, PostureEntry, StoredChunk, StoredFinding, StoredSnapshot};

use crate::support::{ACCOUNT, Service, scope};

fn write<T>(
    service: &Service,
    mut work: impl FnMut(&mut yagura_store::Tx<'_>) -> Result<T, yagura_store::StoreError>,
) -> T {
    service.app.store.write(|tx| work(tx)).unwrap()
}

fn preview(service: &Service, policy: &Policy) -> Vec<(Kind, u64)> {
    let dooms = service.call("PreviewRetention", |cx| retention::preview(cx, policy)).unwrap();
    dooms.into_iter().filter(|doom| doom.doomed.count > 0).map(|doom| (doom.kind, doom.doomed.count)).collect()
}

fn finding(run_seq: i64, number: u64, text: &str, service: &Service) -> StoredFinding {
    StoredFinding {
        seq: 0,
        scope: scope(),
        run_seq,
        id: yagura_model::service::Id::from_number(number),
        agent: "i-1".to_owned(),
        scaling_group: None,
        rules_package: "cve".to_owned(),
        rule: "CVE-2099-0001".to_owned(),
        severity: Severity::High,
        key: FindingKey("key".to_owned()),
        title: LocalText::new("A fault", "不具合"),
        text: FindingText {
            description: LocalText::new(text, text),
            recommendation: LocalText::new("Update", "更新"),
            severity_reason: LocalText::new("Why", "理由"),
        },
        attributes: Vec::new(),
        evidence: "{}".to_owned(),
        user_attributes: Vec::new(),
        created_at: service.now(),
        updated_at: service.now(),
    }
}

fn snapshot(service: &Service, digest: &str) -> String {
    let name = yagura_app::service::agents::snapshot_blob(ACCOUNT, digest);
    service.app.blobs.put(&name, b"bytes").unwrap();
    let stored = StoredSnapshot {
        account: ACCOUNT.to_owned(),
        digest: digest.to_owned(),
        release: Some("debian:bookworm".to_owned()),
        packages: 1,
        bytes: 5,
        created_at: service.now(),
    };
    write(service, |tx| tx.put_snapshot(&stored, &[("demo".to_owned(), "1.0".to_owned())]));
    name
}

fn has_blob(service: &Service, name: &str) -> bool {
    service.app.blobs.get(name).is_ok()
}

#[test]
fn old_runs_go_with_their_texts_and_live_ones_never() {
    let service = Service::new();
    let over = service.put_run(1, RunState::Completed);
    let live = service.put_run(2, RunState::EvaluatingRules);
    let texts = [finding(over.seq, 1, "only here", &service), finding(live.seq, 2, "in both", &service)];
    write(&service, |tx| tx.insert_findings(&texts));
    let both = finding(over.seq, 3, "in both", &service);
    write(&service, |tx| tx.insert_findings(std::slice::from_ref(&both)));
    for run in [&over, &live] {
        let chunk = StoredChunk {
            run_seq: run.seq,
            agent: "i-1".to_owned(),
            number: 0,
            sha256: "00".to_owned(),
            bytes: 4,
            received_at: service.now(),
        };
        write(&service, |tx| tx.insert_chunk(ACCOUNT, &chunk, b"body"));
    }
    service.wait_days(60);
    let fresh = service.put_run(3, RunState::Completed);
    let default = Policy::default();
    assert_eq!(preview(&service, &default), [(Kind::TelemetryBodies, 1)], "runs stay where nobody says otherwise");
    let policy = default.with(Kind::Runs, Some(30));
    let dooms = service.call("PreviewRetention", |cx| retention::preview(cx, &policy)).unwrap();
    let runs = dooms.iter().find(|doom| doom.kind == Kind::Runs).unwrap();
    assert_eq!((runs.doomed.count, runs.days), (1, Some(30)));
    assert!(runs.doomed.bytes > 0 && runs.doomed.oldest == Some(over.changed_at), "{runs:?}");

    let gone = retention::apply(&service.app, ACCOUNT, &policy).unwrap();
    assert_eq!(gone.things, [(Kind::Runs, 1), (Kind::FindingTexts, 1)], "the body went with its run");
    let left = |seq| write(&service, |tx| tx.run_by_seq(seq)).is_some();
    assert!(!left(over.seq) && left(live.seq) && left(fresh.seq));
    assert_eq!(write(&service, |tx| tx.chunk_body(live.seq, "i-1", 0)).as_deref(), Some(b"body".as_slice()));
    let kept = write(&service, |tx| tx.finding(&scope(), live.seq, &texts[1].id)).unwrap();
    assert_eq!(kept.text.description.en, "in both");
    assert_eq!(preview(&service, &policy), []);
    assert_eq!(retention::apply(&service.app, ACCOUNT, &policy).unwrap(), retention::Gone::default());
}

#[test]
fn a_snapshot_goes_when_nobody_refers_to_it_and_its_blob_after_it() {
    let service = Service::new();
    let (used, unused) = ("aa".repeat(32), "bb".repeat(32));
    let (used_blob, unused_blob) = (snapshot(&service, &used), snapshot(&service, &unused));
    let agent: Agent = service.put_agent(1, &[]);
    write(&service, |tx| tx.set_agent_snapshot(&agent.id, &used, service.now()));
    let policy = Policy::default();
    assert_eq!(preview(&service, &policy), [], "a young one may be on its way to a host");
    service.wait_days(8);
    assert_eq!(preview(&service, &policy), [(Kind::Snapshots, 1)]);
    assert_eq!(retention::apply(&service.app, ACCOUNT, &policy).unwrap().things, [(Kind::Snapshots, 1)]);
    assert!(has_blob(&service, &unused_blob), "whoever is just reading it has time to end");
    service.wait_days(1);
    assert_eq!(retention::sweep_blobs(&service.app).unwrap(), 1);
    assert!(!has_blob(&service, &unused_blob) && has_blob(&service, &used_blob));

    // The host is gone for good, and so is what it had.
    write(&service, |tx| tx.set_agent_revoked(&scope(), &agent.id));
    retention::apply(&service.app, ACCOUNT, &policy).unwrap();
    // The same content comes back before the blob is swept: it is wanted again.
    snapshot(&service, &used);
    service.wait_days(1);
    assert_eq!(retention::sweep_blobs(&service.app).unwrap(), 0);
    assert!(has_blob(&service, &used_blob));
    assert_eq!(write(&service, |tx| tx.trashed_blobs(10)), [""; 0]);
}

#[test]
fn resolved_faults_and_previews_and_audit_records_have_their_time() {
    let service = Service::new();
    let entry = PostureEntry {
        key: FindingKey("key".to_owned()),
        rules_package: "cve".to_owned(),
        rule: "CVE-2099-0001".to_owned(),
        subject: "demo".to_owned(),
        severity: Severity::High,
        title: LocalText::new("A fault", "不具合"),
    };
    let now = service.now();
    write(&service, |tx| tx.set_posture(&scope(), "i-1", "cve", std::slice::from_ref(&entry), now));
    write(&service, |tx| tx.set_posture(&scope(), "i-2", "cve", std::slice::from_ref(&entry), now));
    write(&service, |tx| tx.set_posture(&scope(), "i-1", "cve", &[], now));
    let preview_row = yagura_store::Preview {
        token: "token".to_owned(),
        template: yagura_model::service::Id::from_number(1),
        created_at: now,
        done: true,
        exclusions: Vec::new(),
    };
    write(&service, |tx| tx.put_preview(&scope(), &preview_row));
    service.fill_log(3);
    service.wait_days(500);
    let policy = Policy::default();
    assert_eq!(preview(&service, &policy), [(Kind::ResolvedFindings, 1), (Kind::AuditRecords, 3), (Kind::Previews, 1)]);
    let gone = retention::apply(&service.app, ACCOUNT, &policy).unwrap();
    // The preview left a record of its own, which is young.
    assert_eq!(gone.things, [(Kind::ResolvedFindings, 1), (Kind::AuditRecords, 3), (Kind::Previews, 1)]);
    assert_eq!(write(&service, |tx| tx.posture(&scope(), "i-2", true)).len(), 1, "an open one stays for ever");
    let verification = yagura_app::service::audit::verify(&service.app, ACCOUNT, None).unwrap();
    assert_eq!((verification.broken, verification.records_in_files), (None, 3));
}

#[test]
fn a_policy_is_kept_and_the_server_follows_it() {
    let service = Service::new();
    let set = |days| service.call("SetRetention", |cx| retention::set_policy(cx, &[(Kind::Runs, days)]));
    assert!(matches!(set(Some(DAYS_MAX + 1)).unwrap_err(), AppError::Validation(_)));
    assert_eq!(set(Some(1)).unwrap().days(Kind::Runs), Some(1));
    let run = service.put_run(1, RunState::Failed);
    service.wait_days(2);
    retention::tidy_up(&service.app).unwrap();
    assert!(write(&service, |tx| tx.run_by_seq(run.seq)).is_none());
    let record = service.records().pop().unwrap();
    assert!(record.contains("ApplyRetention") && record.contains(r#""runs":1"#), "{record}");
    let records = service.records().len();
    retention::tidy_up(&service.app).unwrap();
    assert_eq!(service.records().len(), records, "nothing went, so nothing is told");
    assert_eq!(set(None).unwrap().days(Kind::Runs), None);
    assert_eq!(service.call("GetRetention", retention::policy).unwrap().days(Kind::Runs), None);
}
