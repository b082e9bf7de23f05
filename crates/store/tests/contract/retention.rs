//! What is old goes, by steps, and what is wanted stays.

use yagura_model::service::{Run, RunState};
use yagura_model::{FindingKey, LocalText, Severity};
use yagura_store::{
    AuditFile, Doomed, Phase, PostureEntry, Preview, ReportKey, StoreError, StoredChunk, StoredRecord, StoredSnapshot,
};

use crate::support::{
    ACCOUNT, Db, agent, agent_id, at, finding, id, member, move_run, new_run, other_scopes, put_run, scope,
};

const OTHER: &str = "999999999999";

pub(crate) fn runs_and_chunks_go_when_they_are_over_and_old(db: &Db) {
    let over = |number: u64, seconds| {
        let run = put_run(db, new_run(number, &format!("{number}")));
        move_run(db, &run, RunState::Completed, |run| run.changed_at = at(seconds))
    };
    let (old, newer) = (over(1, 10), over(2, 20));
    let live = put_run(db, new_run(3, "live"));
    for run in [&old, &newer, &live] {
        let chunk = StoredChunk {
            run_seq: run.seq,
            agent: agent_id(1),
            number: 0,
            sha256: String::new(),
            bytes: 7,
            received_at: at(5),
        };
        db.write(|tx| tx.insert_chunk(ACCOUNT, &chunk, b"1234567"));
    }
    let seqs = |runs: Vec<Run>| runs.into_iter().map(|run| run.seq).collect::<Vec<_>>();
    assert_eq!(seqs(db.read(|tx| tx.runs_over_before(ACCOUNT, at(20), 10))), [old.seq]);
    assert_eq!(seqs(db.read(|tx| tx.runs_over_before(ACCOUNT, at(99), 10))), [old.seq, newer.seq]);
    assert_eq!(seqs(db.read(|tx| tx.runs_over_before(ACCOUNT, at(99), 1))), [old.seq]);
    assert_eq!(seqs(db.read(|tx| tx.runs_over_before(OTHER, at(99), 10))), [0; 0]);
    let doomed = db.read(|tx| tx.doomed_runs(ACCOUNT, at(99)));
    assert_eq!((doomed.count, doomed.oldest, doomed.newest), (2, Some(at(10)), Some(at(20))));
    let bodies = |before| db.read(|tx| tx.doomed_chunk_bodies(ACCOUNT, at(before)));
    assert_eq!((bodies(6).count, bodies(6).bytes, bodies(5)), (2, 14, Doomed::default()), "a live run's are wanted");
    assert_eq!(db.write(|tx| tx.drop_old_chunk_bodies(ACCOUNT, at(6), 1)), 1);
    assert_eq!(db.write(|tx| tx.drop_old_chunk_bodies(ACCOUNT, at(6), 10)), 1);
    assert_eq!(db.write(|tx| tx.drop_old_chunk_bodies(ACCOUNT, at(6), 10)), 0);
    assert!(db.read(|tx| tx.chunk_body(live.seq, &agent_id(1), 0)).is_some());
}

pub(crate) fn snapshots_go_that_nobody_refers_to(db: &Db) {
    for (digest, seconds) in [("of an agent", 1), ("of a run", 1), ("nobody's", 1), ("young", 50)] {
        let snapshot = StoredSnapshot {
            account: ACCOUNT.into(),
            digest: digest.into(),
            release: Some("debian:bookworm".into()),
            packages: 1,
            bytes: 3,
            created_at: at(seconds),
        };
        db.write(|tx| tx.put_snapshot(&snapshot, &[("openssl".into(), digest.into())]));
    }
    db.write(|tx| tx.put_agent(&agent(1, &[]), "n"));
    db.write(|tx| tx.set_agent_snapshot(&agent_id(1), "of an agent", at(2)));
    let run = put_run(db, new_run(1, "run"));
    db.write(|tx| tx.join_run(&scope(), &member(&run, 2, Phase::Collecting)));
    assert!(db.write(|tx| tx.flush_run_agent(run.seq, &agent_id(2), Ok("of a run"), at(2))));
    let doomed = db.read(|tx| tx.doomed_snapshots(ACCOUNT, at(40)));
    assert_eq!(doomed, Doomed { count: 1, bytes: 3, oldest: Some(at(1)), newest: Some(at(1)) });
    assert_eq!(db.write(|tx| tx.delete_old_snapshots(OTHER, at(40), 10)), [""; 0]);
    assert_eq!(db.write(|tx| tx.delete_old_snapshots(ACCOUNT, at(40), 10)), ["nobody's"]);
    assert_eq!(db.read(|tx| tx.snapshot(ACCOUNT, "nobody's")), None);
    assert_eq!(db.read(|tx| tx.count_snapshot_packages(ACCOUNT, "nobody's")), 0);
    let left: Vec<String> =
        db.read(|tx| tx.snapshot_digests(("", ""), 10)).into_iter().map(|(_, digest)| digest).collect();
    assert_eq!(left, ["of a run", "of an agent", "young"]);
    let rest = db.read(|tx| tx.snapshot_digests((ACCOUNT, "of an agent"), 10));
    assert_eq!(rest, [(ACCOUNT.to_owned(), "young".to_owned())]);
    db.write(|tx| tx.lock_snapshots(ACCOUNT));
}

pub(crate) fn texts_go_when_no_finding_has_them(db: &Db) {
    let run = put_run(db, new_run(1, "run"));
    let mut other = finding(&run, 2);
    other.text.description = LocalText::untranslated("another text");
    db.write(|tx| tx.insert_findings(&[finding(&run, 1), other.clone()]));
    assert_eq!(db.read(|tx| tx.doomed_texts(ACCOUNT)), Doomed::default());
    db.write(|tx| tx.delete_run(&run, at(1)));
    assert_eq!(db.read(|tx| tx.doomed_texts(ACCOUNT)).count, 2);
    let settled = db.write(|tx| tx.settled_findings(ACCOUNT));
    let unused = db.read(|tx| tx.unused_texts(ACCOUNT, 10));
    assert_eq!((unused.len(), db.read(|tx| tx.unused_texts(ACCOUNT, 1)).len()), (2, 1));
    // One of them is wanted again before it goes.
    let again = put_run(db, new_run(2, "again"));
    other.run_seq = again.seq;
    db.write(|tx| tx.insert_findings(std::slice::from_ref(&other)));
    assert_eq!(db.write(|tx| tx.delete_texts(ACCOUNT, &unused, settled)), 1);
    assert_eq!(db.write(|tx| tx.delete_texts(ACCOUNT, &[], settled)), 0);
    let found = db.read(|tx| tx.finding(&scope(), again.seq, &id(2))).unwrap();
    assert_eq!(found.text.description.en, "another text");
}

pub(crate) fn faults_that_are_gone_and_previews_go_by_their_age(db: &Db) {
    let entry = |key: &str| PostureEntry {
        key: FindingKey(key.into()),
        rules_package: "cve".into(),
        rule: "CVE".into(),
        subject: "openssl".into(),
        severity: Severity::Low,
        title: LocalText::untranslated("title"),
    };
    let set = |open: &[PostureEntry], now| {
        db.write(|tx| tx.set_posture(&scope(), &agent_id(1), "cve", open, at(now)));
    };
    set(&[entry("a"), entry("b"), entry("c")], 1);
    set(&[entry("c")], 10);
    assert_eq!(db.read(|tx| tx.doomed_posture(ACCOUNT, at(10))), Doomed::default());
    let doomed = db.read(|tx| tx.doomed_posture(ACCOUNT, at(11)));
    assert_eq!((doomed.count, doomed.oldest), (2, Some(at(10))));
    assert_eq!(db.write(|tx| tx.delete_old_posture(ACCOUNT, at(11), 1)), 1);
    assert_eq!(db.write(|tx| tx.delete_old_posture(ACCOUNT, at(11), 9)), 1);
    assert_eq!(db.read(|tx| tx.posture(&scope(), &agent_id(1), true)).len(), 1, "the one that is there stays");
    for (token, seconds) in [("old", 1), ("new", 9)] {
        let preview =
            Preview { token: token.into(), template: id(1), created_at: at(seconds), done: true, exclusions: vec![] };
        db.write(|tx| tx.put_preview(&scope(), &preview));
    }
    assert_eq!(db.read(|tx| tx.doomed_previews(ACCOUNT, at(9))).count, 1);
    assert_eq!(db.write(|tx| tx.delete_old_previews(OTHER, at(9), 10)), 0);
    assert_eq!(db.write(|tx| tx.delete_old_previews(ACCOUNT, at(9), 10)), 1);
    assert!(db.read(|tx| tx.preview(&scope(), "new")).is_some());
}

pub(crate) fn audit_records_move_to_files_once(db: &Db) {
    for number in 1..=6 {
        db.write(|tx| {
            let head = tx.take_audit_head(ACCOUNT)?;
            let at = at(number);
            tx.append_audit(
                ACCOUNT,
                &StoredRecord { number: head.number + 1, at, record: "{}".into(), hash: "h".into() },
            )
        });
    }
    let file = |first, last, blob: &str| AuditFile {
        first,
        last,
        before_hash: "b".into(),
        last_hash: "l".into(),
        sha256: "s".into(),
        blob: blob.into(),
        created_at: at(9),
    };
    let doomed = db.read(|tx| tx.doomed_audit_records(ACCOUNT, at(4)));
    assert_eq!((doomed.count, doomed.bytes, doomed.newest), (3, 6, Some(at(3))));
    let (one, two) = (file(1, 3, "audit/one"), file(4, 5, "audit/two"));
    db.write(|tx| tx.move_audit_to_file(ACCOUNT, &one));
    db.conflict(|tx| tx.move_audit_to_file(ACCOUNT, &one));
    db.conflict(|tx| tx.move_audit_to_file(ACCOUNT, &file(4, 9, "audit/nine")));
    assert_eq!(db.read(|tx| tx.audit_records(ACCOUNT, 0, 10)).len(), 3, "a refused move moves nothing");
    db.write(|tx| tx.move_audit_to_file(ACCOUNT, &two));
    let next = |after| db.read(|tx| tx.next_audit_file(ACCOUNT, after));
    assert_eq!((next(0), next(2)), (Some(one.clone()), Some(one)));
    assert_eq!((next(3), next(5)), (Some(two.clone()), None));
    assert_eq!(db.read(|tx| tx.last_audit_file(ACCOUNT)), Some(two));
    assert_eq!(db.read(|tx| tx.last_audit_file(OTHER)), None);
    assert_eq!(db.read(|tx| tx.audit_blobs("", 10)), ["audit/one", "audit/two"]);
    assert_eq!(db.read(|tx| tx.audit_blobs("audit/one", 10)), ["audit/two"]);
    assert!(db.read(|tx| tx.blob_is_named("audit/two")));
    assert!(!db.read(|tx| tx.blob_is_named("audit/nine")));
    assert_eq!(db.read(|tx| tx.audit_head(ACCOUNT)).number, 6);
}

pub(crate) fn reports_go_by_their_age_and_leave_their_blobs_to_be_deleted(db: &Db) {
    let run = put_run(db, new_run(1, "run"));
    let key = |language: &str| ReportKey {
        run_seq: run.seq,
        format: "HTML".into(),
        kind: "FULL".into(),
        language: language.into(),
    };
    let claim = |language: &str| {
        db.write(|tx| tx.ask_for_report(&scope(), &key(language), "tester", at(1)));
        let waiting = db.read(|tx| tx.report(&key(language))).unwrap();
        let blob = format!("reports/{language}");
        db.write(|tx| tx.claim_report(&waiting, &blob, at(2))).unwrap()
    };
    let (made, being_made) = (claim("ja"), claim("en"));
    assert!(db.write(|tx| tx.complete_report(&made, at(3))));
    let doomed = |before| db.read(|tx| tx.doomed_reports(ACCOUNT, at(before), 10));
    assert_eq!((doomed(3).len(), doomed(9).len()), (0, 1), "one that is being made is wanted");
    assert_eq!(db.read(|tx| tx.report_blobs("", 10)), ["reports/en", "reports/ja"]);
    let old = doomed(9).remove(0);
    assert!(db.write(|tx| tx.delete_report(ACCOUNT, &old, at(9))));
    assert!(!db.write(|tx| tx.delete_report(ACCOUNT, &old, at(9))));
    assert_eq!(db.read(|tx| tx.report(&key("ja"))), None);
    assert_eq!(being_made.key, key("en"));
    let trash = |before| db.read(|tx| tx.trashed_blobs_before(at(before), 10));
    assert_eq!((trash(9), trash(10)), (vec![], vec![(ACCOUNT.to_owned(), "reports/ja".to_owned())]));
    db.write(|tx| tx.trash_blob(ACCOUNT, "reports/ja", at(20)));
    db.write(|tx| tx.trash_blob(ACCOUNT, "reports/other", at(5)));
    assert_eq!(db.read(|tx| tx.trashed_blobs(10)), ["reports/other", "reports/ja"], "oldest first, each once");
    db.write(|tx| tx.forget_trashed_blob("reports/ja"));
    assert_eq!(db.read(|tx| tx.trashed_blobs(10)), ["reports/other"]);
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.count_runs(&other)), 0);
    }
    let undone = db.store.write(|tx| {
        tx.trash_blob(ACCOUNT, "reports/undone", at(1))?;
        Err::<(), _>(StoreError::Form("no".into()))
    });
    assert!(undone.is_err());
    assert_eq!(db.read(|tx| tx.trashed_blobs(10)).len(), 1);
}
