//! The audit log: proved, given out, moved into files, and noticed when somebody touched it.

use std::io::Read as _;

use flate2::read::GzDecoder;
use jiff::SignedDuration;
use serde_json::Value;
use yagura_app::service::AppError;
use yagura_app::service::audit::{self, Broken, Range, Rotation, Verification, parse_head};
use yagura_identity::audit::{Break, Head};
use yagura_store::AuditFile;

use crate::support::{ACCOUNT, Service};

fn verify(service: &Service, known: Option<Head>) -> Verification {
    audit::verify(&service.app, ACCOUNT, known).unwrap()
}

fn rotate(service: &Service, keep: u64) -> audit::Rotated {
    audit::rotate(&service.app, ACCOUNT, Rotation { older_than: None, keep_records: Some(keep) }).unwrap()
}

fn file(service: &Service, after: u64) -> AuditFile {
    service.app.store.read(|tx| Ok::<_, AppError>(tx.next_audit_file(ACCOUNT, after)?)).unwrap().unwrap()
}

#[test]
fn a_whole_log_holds_wherever_its_records_lie() {
    let service = Service::new();
    service.fill_log(30);
    let before = verify(&service, None);
    assert_eq!((before.records, before.files, before.broken.clone()), (30, 0, None));
    assert_eq!(rotate(&service, 12).records, 18);
    assert_eq!(rotate(&service, 12).records, 0, "there is nothing left to do");
    service.fill_log(3);
    assert_eq!(rotate(&service, 10).records, 5);
    let after = verify(&service, Some(before.head));
    assert_eq!((after.records, after.records_in_files, after.files, after.broken), (33, 23, 2, None));
    assert_eq!(parse_head(&after.head.to_string()), Some(after.head));
    assert_eq!(service.records().len(), 10);
}

#[test]
fn records_move_by_age_too() {
    let service = Service::new();
    service.fill_log(4);
    service.wait_days(10);
    service.fill_log(4);
    let week = Rotation { older_than: Some(SignedDuration::from_hours(7 * 24)), keep_records: None };
    let rotated = audit::rotate(&service.app, ACCOUNT, week).unwrap();
    assert_eq!((rotated.files, rotated.records), (1, 4));
    let file = file(&service, 0);
    assert_eq!(
        (file.first, file.last, file.blob.as_str()),
        (1, 4, "audit/123456789012/000000000001-000000000004.json.gz")
    );
    let mut text = String::new();
    GzDecoder::new(service.app.blobs.get(&file.blob).unwrap().as_slice()).read_to_string(&mut text).unwrap();
    let records: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(records["Records"].as_array().unwrap().len(), 4);
    assert_eq!(records["Records"][0]["eventName"], "ListUsers");
}

#[test]
fn a_head_from_elsewhere_shows_what_is_cut_off_or_written_anew() {
    let service = Service::new();
    service.fill_log(5);
    let head = verify(&service, None).head;
    let later = Head { sequence: 9, hash: [1; 32] };
    let broken = verify(&service, Some(later)).broken.unwrap();
    assert_eq!(broken, Broken::Chain(Break::Truncated { last: 5, known: 9 }));
    assert_eq!((broken.number(), broken.kind()), (6, "truncated"));
    let other = Head { hash: [1; 32], ..head };
    assert_eq!(verify(&service, Some(other)).broken.unwrap().kind(), "rewritten");
    assert_eq!(parse_head("5"), None);
    assert_eq!(parse_head("0:00"), None);
    assert_eq!(parse_head(&format!("0:{}", "1".repeat(64))), None);
}

#[test]
fn a_byte_changed_in_the_database_is_named() {
    let service = Service::sqlite();
    service.fill_log(2);
    service.call("CreateUser", |_| Ok(())).unwrap();
    service.fill_log(2);
    let service = service.meanwhile(|folder| {
        let path = folder.join("yagura.db");
        let mut bytes = std::fs::read(&path).unwrap();
        let (old, new) = (br#""eventName":"CreateUser""#, br#""eventName":"DeleteUser""#);
        let places: Vec<usize> = (0..bytes.len() - old.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
        assert!(!places.is_empty(), "the record lies in the database itself");
        for at in places {
            bytes[at..at + new.len()].copy_from_slice(new);
        }
        std::fs::write(&path, bytes).unwrap();
    });
    let verification = verify(&service, None);
    assert_eq!(verification.broken, Some(Broken::Chain(Break::Altered { sequence: 3 })));
    assert_eq!(verification.head.sequence, 2, "up to there it holds");
    let refused = audit::rotate(&service.app, ACCOUNT, Rotation { older_than: None, keep_records: Some(0) });
    assert!(refused.is_err(), "what is broken is not moved");
    assert_eq!(service.records().len(), 5);
}

#[test]
fn a_file_that_is_touched_or_gone_is_named() {
    let service = Service::new();
    service.fill_log(10);
    rotate(&service, 4);
    let file = file(&service, 0);
    let whole = service.app.blobs.get(&file.blob).unwrap();
    let kind = || {
        let broken = verify(&service, None).broken.unwrap();
        (broken.kind(), broken.number(), broken.to_string())
    };
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    service.app.blobs.put(&file.blob, &flipped).unwrap();
    assert_eq!((kind().0, kind().1), ("file", 1));

    let mut longer = whole.clone();
    longer.push(0);
    service.app.blobs.put(&file.blob, &longer).unwrap();
    assert!(kind().2.contains("SHA-256"), "{}", kind().2);

    service.app.blobs.delete(&file.blob).unwrap();
    assert!(kind().2.contains("is not there"), "{}", kind().2);
    service.app.blobs.put(&file.blob, &whole).unwrap();
    assert_eq!(verify(&service, None).broken, None);
}

#[test]
fn records_that_are_gone_are_missed() {
    let service = Service::new();
    service.fill_log(10);
    // A row of a file that was never written takes records away as somebody with the database could.
    let file = AuditFile {
        first: 4,
        last: 6,
        before_hash: String::new(),
        last_hash: "0".repeat(64),
        sha256: String::new(),
        blob: "audit/123456789012/none".to_owned(),
        created_at: service.now(),
    };
    service.app.store.write(|tx| Ok::<_, AppError>(tx.move_audit_to_file(ACCOUNT, &file)?)).unwrap();
    let broken = verify(&service, None).broken.unwrap();
    assert_eq!((broken.kind(), broken.number()), ("file", 4));
    let again = service.app.store.write(|tx| Ok::<_, AppError>(tx.move_audit_to_file(ACCOUNT, &file)?));
    assert!(again.is_err(), "records cannot be moved twice");
    let beyond = AuditFile { first: 8, last: 20, ..file };
    assert!(service.app.store.write(|tx| Ok::<_, AppError>(tx.move_audit_to_file(ACCOUNT, &beyond)?)).is_err());
    assert_eq!(service.records().len(), 7, "and what is not all there stays");
}

#[test]
fn a_range_is_given_out_from_files_and_rows() {
    let service = Service::new();
    service.fill_log(6);
    service.wait_days(2);
    let since = service.now();
    service.fill_log(4);
    rotate(&service, 3);
    let export = |range: Range| {
        let (records, bytes) = audit::export(&service.app, ACCOUNT, range, Vec::new()).unwrap();
        let mut text = String::new();
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["Records"].as_array().unwrap().len(), usize::try_from(records).unwrap());
        records
    };
    assert_eq!(export(Range::default()), 10);
    assert_eq!(export(Range { from: Some(6), to: Some(9), ..Range::default() }), 4);
    assert_eq!(export(Range { since: Some(since), ..Range::default() }), 4);
    assert_eq!(export(Range { until: Some(since), ..Range::default() }), 10, "both ends are included");
    assert_eq!(export(Range { from: Some(11), ..Range::default() }), 0);
}
