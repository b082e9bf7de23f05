//! The outbox, and metering.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use yagura_store::StoreError;

use crate::support::{ACCOUNT, Db, at, other_scopes, scope};

/// Whoever reads "what came after the last that I saw" must never be handed a greater number
/// while a smaller one is still to appear.
pub(crate) fn events_come_in_the_order_in_which_they_became_visible(db: &Db) {
    const WRITERS: usize = 4;
    const EACH: usize = 25;
    let second = db.second_store();
    let over = AtomicBool::new(false);
    let begin = Barrier::new(WRITERS + 1);
    let seen = std::thread::scope(|threads| {
        let (over, begin, second) = (&over, &begin, &second);
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let store = if writer.is_multiple_of(2) { &db.store } else { second };
                threads.spawn(move || {
                    begin.wait();
                    for number in 0..EACH {
                        let body = format!("{writer}/{number}");
                        store.write(|tx| tx.put_event(&scope(), "KIND", "対象", &body, at(1))).unwrap();
                    }
                })
            })
            .collect();
        let reader = threads.spawn(move || {
            let mut seen: Vec<(i64, String)> = Vec::new();
            begin.wait();
            loop {
                let last_look = over.load(Ordering::Acquire);
                let after = seen.last().map_or(0, |(seq, _)| *seq);
                let more = second.read(|tx| tx.events_after(after, 7)).unwrap();
                let ended = more.is_empty() && last_look;
                seen.extend(more.into_iter().map(|event| (event.seq, event.body)));
                if ended {
                    return seen;
                }
            }
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        over.store(true, Ordering::Release);
        reader.join().unwrap()
    });
    assert_eq!(seen.len(), WRITERS * EACH, "none was passed over");
    let events = db.read(|tx| tx.events_after(0, 1_000));
    assert_eq!((events[0].scope.clone(), events[0].subject.as_str(), events[0].at), (scope(), "対象", at(1)));
    let undone = db.store.write(|tx| {
        tx.put_event(&scope(), "KIND", "s", "{}", at(1))?;
        Err::<(), _>(StoreError::Form("no".into()))
    });
    assert!(undone.is_err());
    assert_eq!(db.read(|tx| tx.events_after(events[events.len() - 1].seq, 10)), []);
}

pub(crate) fn usage_counts_an_agent_of_a_run_once_a_month(db: &Db) {
    const MONTH: i64 = 31 * 86_400;
    let add = |meter: &str, run: &str, agent: &str, seconds| {
        db.write(|tx| tx.add_usage(&scope(), meter, run, agent, at(seconds)));
    };
    add("host", "run 1", "a", 0);
    add("host", "run 1", "a", 5);
    add("host", "run 1", "b", 0);
    add("host", "run 2", "a", 0);
    add("network", "run 1", "a", 0);
    add("host", "run 3", "a", MONTH);
    for other in other_scopes() {
        db.write(|tx| tx.add_usage(&other, "host", "run 9", "z", at(0)));
    }
    let line = |month: &str, meter: &str, count| (month.to_owned(), meter.to_owned(), count);
    assert_eq!(
        db.read(|tx| tx.usage(ACCOUNT)),
        [line("2026-01", "host", 4), line("2026-01", "network", 1), line("2026-02", "host", 1)],
        "an account's regions count together"
    );
}
