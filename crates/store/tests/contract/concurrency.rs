//! Many at once, in one server and in two.

use std::sync::Barrier;

use yagura_model::service::RunState;
use yagura_store::{Phase, Store, StoreError, StoredFinding, StoredRecord};

use crate::support::{ACCOUNT, Db, agent_id, at, finding, id, member, new_run, pair, put_run, scope, target};

const THREADS: usize = 8;
const WRITES: usize = 50;

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap()
}

/// Each thread makes targets, counts up a setting and adds audit records; nothing may be lost.
fn hammer(db: &Db, stores: &[&Store]) {
    let begin = Barrier::new(THREADS);
    std::thread::scope(|threads| {
        for (thread, store) in stores.iter().cycle().take(THREADS).enumerate() {
            let begin = &begin;
            threads.spawn(move || {
                begin.wait();
                for number in 0..WRITES {
                    let key = count(thread * WRITES + number);
                    let done = store.write(|tx| {
                        tx.insert_target(&scope(), &target(key, &format!("{thread}/{number}")))?;
                        let head = tx.take_audit_head(ACCOUNT)?;
                        // Read and written under the head's lock: a count that loses nothing.
                        let count = tx.setting(ACCOUNT, "count")?.map_or(0, |count| count.parse::<u64>().unwrap());
                        tx.put_setting(ACCOUNT, "count", &(count + 1).to_string())?;
                        let record = StoredRecord {
                            number: head.number + 1,
                            at: at(1),
                            record: "{}".into(),
                            hash: key.to_string(),
                        };
                        tx.append_audit(ACCOUNT, &record)
                    });
                    done.unwrap();
                }
            });
        }
    });
    let all = THREADS * WRITES;
    assert_eq!(db.read(|tx| tx.count_targets(&scope())), count(all));
    assert_eq!(db.read(|tx| tx.setting(ACCOUNT, "count")), Some(all.to_string()));
    let records = db.read(|tx| tx.audit_records(ACCOUNT, 0, 10_000));
    assert_eq!(records.len(), all);
    assert!((1..).zip(&records).all(|(number, record)| record.number == number), "without gaps");
}

pub(crate) fn nothing_is_lost_among_threads(db: &Db) {
    hammer(db, &[&db.store]);
}

pub(crate) fn nothing_is_lost_between_two_stores(db: &Db) {
    hammer(db, &[&db.store, &db.second_store()]);
}

/// Two servers read the same row, change a part of it each, and write it as a whole.
pub(crate) fn a_change_that_rests_on_what_was_read_is_not_overwritten(db: &Db) {
    let run = put_run(db, new_run(1, "run"));
    db.write(|tx| tx.join_run(&scope(), &member(&run, 1, Phase::Instructed)));
    db.write(|tx| tx.insert_findings(&[finding(&run, 1)]));
    let second = db.second_store();
    let read = db.read(|tx| tx.finding(&scope(), run.seq, &id(1))).unwrap();
    let begin = Barrier::new(4);
    std::thread::scope(|threads| {
        let (begin, read, run) = (&begin, &read, &run);
        for (number, store) in [&db.store, &second].into_iter().enumerate() {
            // The engine and the gateway both write an agent of a run.
            threads.spawn(move || {
                begin.wait();
                for _ in 0..WRITES {
                    let counted = store.write(|tx| {
                        let mut member = tx.run_agent(run.seq, &agent_id(1))?.unwrap();
                        member.next_chunk += 1;
                        tx.update_run_agent(&member)
                    });
                    counted.unwrap();
                }
            });
            // Two people mark one finding.
            threads.spawn(move || {
                begin.wait();
                for turn in 0..WRITES {
                    let new = [pair(&format!("{number}/{turn}"), "値")];
                    store.write(|tx| tx.put_user_attributes(read, &new, at(2)).map(drop)).unwrap();
                }
            });
        }
    });
    assert_eq!(db.read(|tx| tx.run_agent(run.seq, &agent_id(1))).unwrap().next_chunk, count(2 * WRITES));
    let found = db.read(|tx| tx.finding(&scope(), run.seq, &id(1))).unwrap();
    assert_eq!(found.user_attributes.len(), 2 * WRITES);
    assert_eq!(db.write(|tx| tx.remove_user_attributes(&read, &["0/0".to_owned()], at(3))), 1);
}

pub(crate) fn findings_put_in_twice_at_the_same_time_are_there_once(db: &Db) {
    let run = put_run(db, new_run(1, "run"));
    let second = db.second_store();
    let forwards: Vec<StoredFinding> = (0..600).map(|number| finding(&run, number)).collect();
    let backwards: Vec<StoredFinding> = forwards.iter().rev().cloned().collect();
    let begin = Barrier::new(4);
    let added: u64 = std::thread::scope(|threads| {
        let begin = &begin;
        let works = [(&db.store, &forwards), (&second, &backwards), (&db.store, &backwards), (&second, &forwards)];
        let started: Vec<_> = works
            .into_iter()
            .map(|(store, batch)| {
                threads.spawn(move || {
                    begin.wait();
                    store.write(|tx| tx.insert_findings(batch)).unwrap()
                })
            })
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(added, 600);
    assert_eq!(db.read(|tx| tx.total_findings(run.seq)), 600);
    assert_eq!(run.state, RunState::Created);
}

/// A limit that is counted and used under a lock is never passed.
pub(crate) fn a_lock_lets_one_in_at_a_time(db: &Db) {
    const MOST: u64 = 10;
    let second = db.second_store();
    let begin = Barrier::new(THREADS);
    let refused: usize = std::thread::scope(|threads| {
        let begin = &begin;
        let started: Vec<_> = [&db.store, &second]
            .into_iter()
            .cycle()
            .take(THREADS)
            .zip(0_u64..)
            .map(|(store, thread)| {
                threads.spawn(move || {
                    begin.wait();
                    let make = |number: &u64| {
                        let key = thread * 100 + number;
                        let made = store.write(|tx| {
                            tx.lock("targets:対象")?;
                            if tx.count_targets(&scope())? >= MOST {
                                return Err(StoreError::Form("the limit".into()));
                            }
                            tx.insert_target(&scope(), &target(key, &key.to_string()))
                        });
                        made.is_err()
                    };
                    (0..5).filter(make).count()
                })
            })
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(db.read(|tx| tx.count_targets(&scope())), MOST);
    assert_eq!(refused, THREADS * 5 - 10);
    // Who shares a lock keeps out who wants it alone, and nobody else.
    let shared = db.store.write(|tx| {
        tx.share("a")?;
        tx.share("a")?;
        tx.lock("b")
    });
    assert!(shared.is_ok());
}
