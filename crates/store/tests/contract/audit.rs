//! The chain of audit records.

use yagura_store::{AuditHead, Store, StoreError, StoredRecord};

use crate::support::{ACCOUNT, Db, at};

fn record(number: u64, hash: &str, text: &str) -> StoredRecord {
    StoredRecord { number, at: at(1), record: text.into(), hash: hash.into() }
}

fn append(store: &Store, text: &str) -> Result<u64, StoreError> {
    store.write(|tx| {
        let head = tx.take_audit_head(ACCOUNT)?;
        let number = head.number + 1;
        tx.append_audit(ACCOUNT, &record(number, &format!("{}>{number}", head.hash), text))?;
        Ok(number)
    })
}

pub(crate) fn records_follow_each_other_without_gaps(db: &Db) {
    assert_eq!(db.read(|tx| tx.audit_head(ACCOUNT)), AuditHead { number: 0, hash: String::new() });
    for number in 1..=3 {
        assert_eq!(append(&db.store, "{\"状況\":1}").unwrap(), number);
    }
    // One that is undone takes no number.
    let undone = db.store.write(|tx| {
        let head = tx.take_audit_head(ACCOUNT)?;
        tx.append_audit(ACCOUNT, &record(head.number + 1, "x", ""))?;
        Err::<(), _>(StoreError::Form("the call failed".into()))
    });
    assert!(undone.is_err());
    assert_eq!(append(&db.store, "{}").unwrap(), 4);
    db.conflict(|tx| tx.append_audit(ACCOUNT, &record(2, "", "")));
    let records = db.read(|tx| tx.audit_records(ACCOUNT, 1, 2));
    assert_eq!(records.iter().map(|record| record.number).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(records[0].record, "{\"状況\":1}");
    assert_eq!(db.read(|tx| tx.audit_head(ACCOUNT)).hash, ">1>2>3>4");
    assert_eq!(db.read(|tx| tx.audit_records("999999999999", 0, 10)), []);
}

pub(crate) fn two_writers_get_the_head_one_after_the_other(db: &Db) {
    const EACH: usize = 40;
    let second = db.second_store();
    std::thread::scope(|threads| {
        for store in [&db.store, &second, &db.store, &second] {
            threads.spawn(move || {
                (0..EACH).for_each(|_| {
                    append(store, "{}").unwrap();
                });
            });
        }
    });
    let records = db.read(|tx| tx.audit_records(ACCOUNT, 0, 1_000));
    assert_eq!(records.len(), EACH * 4);
    let mut before = String::new();
    for (number, record) in (1..).zip(records) {
        assert_eq!(record.number, number);
        assert_eq!(record.hash, format!("{before}>{number}"), "each builds on the one before");
        before = record.hash;
    }
    assert_eq!(db.read(|tx| tx.audit_head(ACCOUNT)).hash, before);
}
