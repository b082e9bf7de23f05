//! What a transaction keeps, and what becomes of one that goes wrong.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;
use yagura_model::Attribute;
use yagura_model::service::Template;
use yagura_store::{KnownPackage, StoreError, StoredSnapshot};

use crate::support::{
    ACCOUNT, Db, agent, agent_id, at, finding, id, new_run, pair, put_run, scope, tag, target, template,
};

pub(crate) fn japanese_long_and_odd_texts_come_back_as_they_were(db: &Db) {
    let texts = [
        String::new(),
        "状況 = 対応済み、担当者 = 基盤チーム".to_owned(),
        "𠮷野家 🗾 e\u{301} \u{200f}عربي".to_owned(),
        "' \" \\ ? ?1 $1 % _ ! -- ; \r\n\t\u{1}\u{7f}".to_owned(),
        "長".repeat(1_000_000),
    ];
    for (number, text) in texts.iter().enumerate() {
        let name = format!("setting {number}");
        db.write(|tx| tx.put_setting(ACCOUNT, &name, text));
        assert!(db.read(|tx| tx.setting(ACCOUNT, &name)).as_ref() == Some(text), "text {number}");
    }
    let attributes: Vec<Attribute> = texts.iter().map(|text| pair(&format!("鍵{}", text.len()), text)).collect();
    let kept = Template {
        attributes,
        tags: texts[..4].iter().map(|text| tag("k", text)).collect(),
        ..template(1, 1, &texts[3])
    };
    db.write(|tx| tx.insert_template(&scope(), &kept));
    assert!(db.read(|tx| tx.template(&scope(), &id(1))) == Some(kept));
    let run = put_run(db, new_run(1, &texts[2]));
    let mut odd = finding(&run, 1);
    odd.title.ja.clone_from(&texts[3]);
    odd.text.description.en.clone_from(&texts[4]);
    odd.evidence = format!("{{\"a\":\"{}\"}}", texts[1]);
    odd.rule.clone_from(&texts[2]);
    db.write(|tx| tx.insert_findings(std::slice::from_ref(&odd)));
    let found = db.read(|tx| tx.finding(&scope(), run.seq, &id(1))).unwrap();
    odd.seq = found.seq;
    assert!(found == odd);
}

pub(crate) fn a_nul_is_refused_and_spoils_nothing(db: &Db) {
    let refused = db.store.write(|tx| {
        tx.put_setting(ACCOUNT, "kept?", "no")?;
        tx.insert_target(&scope(), &target(1, "a\0b"))
    });
    assert!(matches!(refused, Err(StoreError::Unfit(_))), "{refused:?}");
    assert_eq!(db.read(|tx| tx.setting(ACCOUNT, "kept?")), None);
    let asked = db.store.read(|tx| tx.target_by_name(&scope(), "a\0b"));
    assert!(matches!(asked, Err(StoreError::Unfit(_))), "{asked:?}");
    // In a JSON text it is an escape, which both keep.
    let escaped = Template { attributes: vec![pair("k", "a\0b")], ..template(1, 1, "name") };
    db.write(|tx| tx.insert_template(&scope(), &escaped));
    assert_eq!(db.read(|tx| tx.template(&scope(), &id(1))), Some(escaped));
    // Bytes are bytes.
    assert_eq!(db.read(|tx| tx.count_targets(&scope())), 0);
}

pub(crate) fn numbers_and_times_come_back_to_the_last_digit(db: &Db) {
    const BIG: u64 = u64::MAX >> 1;
    let times = [Timestamp::UNIX_EPOCH, at(0), Timestamp::from_millisecond(-62_135_596_800_000).unwrap()];
    let last = Timestamp::from_millisecond(253_402_207_200_000).unwrap();
    for (number, time) in (0_u64..).zip(times.into_iter().chain([last])) {
        let snapshot = StoredSnapshot {
            account: ACCOUNT.into(),
            digest: format!("{number}"),
            release: None,
            packages: BIG,
            bytes: number,
            created_at: time,
        };
        db.write(|tx| tx.put_snapshot(&snapshot, &[]));
        assert_eq!(db.read(|tx| tx.snapshot(ACCOUNT, &snapshot.digest)), Some(snapshot));
    }
    // What both cannot hold becomes the greatest that they can, not something else.
    db.write(|tx| tx.add_telemetry(ACCOUNT, 1, "a", "t", u64::MAX, 1));
    assert_eq!(db.read(|tx| tx.telemetry(1, None))[0].messages, BIG);
    // Below a millisecond nothing is kept.
    let fine = Timestamp::from_nanosecond(1_500_000_001_999_999).unwrap();
    assert_eq!(db.write(|tx| tx.account_since("1", fine)), Timestamp::from_millisecond(1_500_000_001).unwrap());
}

pub(crate) fn an_error_undoes_everything(db: &Db) {
    let refused = db.store.write(|tx| {
        tx.put_agent(&agent(1, &[tag("a", "b")]), "n")?;
        tx.insert_target(&scope(), &target(1, "one"))?;
        tx.insert_target(&scope(), &target(1, "two"))
    });
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    assert_eq!(db.read(|tx| tx.count_targets(&scope())), 0);
    assert_eq!(db.read(|tx| tx.agent_by_id(&agent_id(1))), None);
    // The next one on the same connection is none the worse for it.
    db.write(|tx| tx.insert_target(&scope(), &target(1, "one")));
    assert_eq!(db.read(|tx| tx.count_targets(&scope())), 1);
}

pub(crate) fn a_failed_statement_cannot_be_passed_over(db: &Db) {
    db.write(|tx| tx.insert_target(&scope(), &target(1, "one")));
    let content = db.store.write(|tx| {
        tx.put_setting(ACCOUNT, "kept?", "no")?;
        assert!(tx.insert_target(&scope(), &target(1, "two")).is_err());
        Ok::<_, StoreError>("never mind")
    });
    assert!(matches!(content, Err(StoreError::Undone)), "{content:?}");
    assert_eq!(db.read(|tx| tx.setting(ACCOUNT, "kept?")), None);
}

pub(crate) fn a_reader_cannot_write_and_sees_one_state(db: &Db) {
    let refused = db.store.read(|tx| tx.put_setting(ACCOUNT, "a", "b"));
    assert!(refused.is_err());
    db.write(|tx| tx.put_setting(ACCOUNT, "a", "1"));
    let seen = db.read(|tx| {
        let first = tx.setting(ACCOUNT, "a")?;
        // On another connection, while this one looks.
        db.write(|tx| tx.put_setting(ACCOUNT, "a", "2"));
        Ok((first, tx.setting(ACCOUNT, "a")?))
    });
    assert_eq!(seen, (Some("1".to_owned()), Some("1".to_owned())));
    assert_eq!(db.read(|tx| tx.setting(ACCOUNT, "a")).as_deref(), Some("2"));
}

/// Whatever the locale of a PostgreSQL database says of letters, pages follow each other by bytes.
pub(crate) fn lists_are_in_the_order_of_bytes(db: &Db) {
    let mut names = ["b", "B", "a", "A", "_", "-", "é", "z", "日本", "10", "9"].map(str::to_owned);
    let snapshot = StoredSnapshot {
        account: ACCOUNT.into(),
        digest: "d".into(),
        release: Some("r".into()),
        packages: 1,
        bytes: 1,
        created_at: at(0),
    };
    let sources: Vec<(String, String)> = names.iter().map(|name| (name.clone(), "1".to_owned())).collect();
    db.write(|tx| tx.put_snapshot(&snapshot, &sources));
    names.sort();
    let mut walked: Vec<String> = Vec::new();
    loop {
        let after = walked.last().cloned().unwrap_or_default();
        let page: Vec<KnownPackage> = db.read(|tx| tx.known_packages(ACCOUNT, ("r", &after), 3));
        if page.is_empty() {
            break;
        }
        walked.extend(page.into_iter().map(|package| package.source));
    }
    assert_eq!(walked, names);
}

pub(crate) fn a_panic_in_a_transaction_costs_no_connection(db: &Db) {
    for _ in 0..20 {
        for writes in [true, false] {
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let work = |tx: &mut yagura_store::Tx<'_>| -> Result<(), StoreError> {
                    if writes {
                        tx.put_setting(ACCOUNT, "kept?", "no")?;
                    }
                    panic!("in the middle");
                };
                if writes { db.store.write(work) } else { db.store.read(work) }
            }));
            assert!(panicked.is_err());
        }
    }
    assert_eq!(db.read(|tx| tx.setting(ACCOUNT, "kept?")), None);
    db.write(|tx| tx.put_setting(ACCOUNT, "kept?", "yes"));
}
