//! PostgreSQL when the server, the network or the other transactions are in the way.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use yagura_store::{Store, StoreError, StoredRecord, Waits};
use yagura_testkit::Postgres;

use crate::support::{ACCOUNT, at};

/// Adds a record to the chain and counts how often the work was done.
fn append(store: &Store, done: &AtomicUsize) -> Result<(), StoreError> {
    store.write(|tx| {
        done.fetch_add(1, Ordering::Relaxed);
        let head = tx.take_audit_head(ACCOUNT)?;
        let record = StoredRecord { number: head.number + 1, at: at(1), record: "{}".into(), hash: "h".into() };
        tx.append_audit(ACCOUNT, &record)
    })
}

fn records(store: &Store) -> usize {
    store.read(|tx| tx.audit_records(ACCOUNT, 0, 100_000)).unwrap().len()
}

/// A transaction of which nobody could tell what became of it is the only one that may be either.
#[test]
fn a_server_that_is_started_again_loses_and_doubles_nothing() {
    let Some(server) = Postgres::start_apart() else { return };
    let store = Store::open_postgres(&server.url("restart")).unwrap();
    let (over, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (acknowledged, unknown) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wait_for_more = || {
        let before = acknowledged.load(Ordering::Relaxed);
        while acknowledged.load(Ordering::Relaxed) < before + 20 {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let count = match append(&store, &done) {
                        Ok(()) => &acknowledged,
                        Err(StoreError::Busy) => &unknown,
                        Err(error) => panic!("{error:?}"),
                    };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for at_once in [false, true, false] {
            wait_for_more();
            server.stop(at_once).unwrap();
            server.start_again().unwrap();
        }
        wait_for_more();
        over.store(true, Ordering::Relaxed);
    });
    let (acknowledged, unknown) = (acknowledged.into_inner(), unknown.into_inner());
    let kept = records(&store);
    assert!((acknowledged..=acknowledged + unknown).contains(&kept), "{kept}: {acknowledged} and {unknown} unknown");
    assert!(unknown <= 12, "at most what was being committed at each of the three ends");
}

#[test]
fn connections_that_died_while_they_were_idle_are_noticed() {
    let Some(server) = Postgres::shared() else { return };
    let store = Store::open_postgres(&server.url("idle")).unwrap();
    // Several at once, so that several are idle afterwards.
    let together = Barrier::new(6);
    std::thread::scope(|threads| {
        for _ in 0..6 {
            threads.spawn(|| {
                store.read(|tx| {
                    together.wait();
                    tx.setting(ACCOUNT, "a")
                })
            });
        }
    });
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = 'yagura_test_idle' AND application_name = 'yagura'";
    assert!(server.sql("postgres", ended).unwrap().lines().count() >= 6);
    store.write(|tx| tx.put_setting(ACCOUNT, "a", "b")).unwrap();
    assert_eq!(store.read(|tx| tx.setting(ACCOUNT, "a")).unwrap().as_deref(), Some("b"));
}

/// What the proxy does with the next `COMMIT`.
const PASS: u8 = 0;
const DROP_BEFORE: u8 = 1;
const DROP_AFTER: u8 = 2;

/// Passes bytes between the store and the server, and cuts the wire where it was told to.
fn proxy(server: u16, order: Arc<AtomicU8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, order) = (client.unwrap(), Arc::clone(&order));
            std::thread::spawn(move || pass(client, TcpStream::connect(("127.0.0.1", server)).unwrap(), &order));
        }
    });
    port
}

fn pass(mut client: TcpStream, mut server: TcpStream, order: &AtomicU8) {
    let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let cut = Arc::new(AtomicBool::new(false));
    let is_cut = Arc::clone(&cut);
    let answering = std::thread::spawn(move || {
        let mut bytes = [0; 65_536];
        while let Ok(read @ 1..) = answers.read(&mut bytes) {
            // The answer to `COMMIT` is there, so it was done; it goes no further.
            if is_cut.load(Ordering::SeqCst) || back.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut bytes = [0; 65_536];
    while let Ok(read @ 1..) = client.read(&mut bytes) {
        let commits = bytes[..read].windows(7).any(|part| part == b"COMMIT\0");
        let now = if commits { order.swap(PASS, Ordering::SeqCst) } else { PASS };
        if now == DROP_BEFORE {
            break;
        }
        cut.store(now == DROP_AFTER, Ordering::SeqCst);
        if server.write_all(&bytes[..read]).is_err() {
            break;
        }
        if now == DROP_AFTER {
            answering.join().unwrap();
            return;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
}

#[test]
fn a_commit_whose_answer_is_lost_happens_once() {
    let Some(server) = Postgres::start_apart() else { return };
    let url = server.url("lost");
    let port: u16 = url.rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap();
    let order = Arc::new(AtomicU8::new(PASS));
    let through = url.replace(&format!(":{port}/"), &format!(":{}/", proxy(port, Arc::clone(&order))));
    let store = Store::open_postgres(&through).unwrap();
    let done = AtomicUsize::new(0);
    append(&store, &done).unwrap();
    assert_eq!((done.swap(0, Ordering::Relaxed), records(&store)), (1, 1));
    // The server never got it: the work is done again.
    order.store(DROP_BEFORE, Ordering::SeqCst);
    append(&store, &done).unwrap();
    assert_eq!((done.swap(0, Ordering::Relaxed), records(&store)), (2, 2));
    // It was done, only the answer is missing: the work is not done again.
    order.store(DROP_AFTER, Ordering::SeqCst);
    append(&store, &done).unwrap();
    assert_eq!((done.swap(0, Ordering::Relaxed), records(&store)), (1, 3));
    // Who reads does not care.
    order.store(DROP_AFTER, Ordering::SeqCst);
    assert_eq!(records(&store), 3);
}

#[test]
fn who_waits_too_long_is_told_that_the_database_is_busy() {
    let Some(server) = Postgres::shared() else { return };
    let waits = Waits { lock: Duration::from_millis(50), connection: Duration::from_millis(50), ..Waits::default() };
    let store = Store::open_postgres_with(&server.url("busy"), waits).unwrap();
    // For a lock that another transaction holds.
    let refused = store.write(|tx| {
        tx.lock("taken")?;
        let other = store.write(|tx| tx.lock("taken"));
        assert!(matches!(other, Err(StoreError::Busy)), "{other:?}");
        tx.put_setting(ACCOUNT, "a", "b")
    });
    refused.unwrap();
    // For a connection, when all are in use.
    let all = 16;
    let (inside, enough) = (Barrier::new(all + 1), Barrier::new(all + 1));
    std::thread::scope(|threads| {
        for _ in 0..all {
            threads.spawn(|| {
                let read = store.read(|tx| {
                    inside.wait();
                    enough.wait();
                    tx.setting(ACCOUNT, "a")
                });
                assert_eq!(read.unwrap().as_deref(), Some("b"));
            });
        }
        inside.wait();
        let refused = store.read(|tx| tx.setting(ACCOUNT, "a"));
        assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
        enough.wait();
    });
    assert!(store.read(|tx| tx.setting(ACCOUNT, "a")).is_ok());
}

/// Everything that an error says, with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let mut told = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        told.push_str(&format!(" {cause}"));
        source = cause.source();
    }
    told
}

#[test]
fn a_server_that_cannot_be_had_is_named_without_the_password() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.url("names");
    let authority = url.split("://").nth(1).unwrap().split('@').next().unwrap();
    let (_, password) = authority.split_once(':').unwrap();
    let store = Store::open_postgres(&url).unwrap();
    assert!(store.describe().ends_with("/yagura_test_names") && !store.describe().contains(password));
    assert!(!format!("{store:?}").contains(password));
    let wrong = url.replace(password, "s3cr3t");
    let nowhere = "postgresql://yagura:s3cr3t@127.0.0.1:1/x".to_owned();
    let missing = url.replace("yagura_test_names", "yagura_test_nowhere");
    for url in [wrong, nowhere, missing] {
        let error = Store::open_postgres(&url).unwrap_err();
        assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
        let told = told(&error);
        assert!(!told.contains("s3cr3t") && !told.contains(password), "{told}");
    }
}

/// More kinds of statements than a connection keeps prepared.
#[test]
fn statements_of_every_length_are_prepared_and_forgotten() {
    let Some(server) = Postgres::shared() else { return };
    let store = Store::open_postgres(&server.url("prepared")).unwrap();
    for turn in 0..2 {
        for count in 1..=250 {
            let serials: Vec<String> = (0..count).map(|number| number.to_string()).collect();
            let but: Vec<&str> = serials.iter().map(String::as_str).collect();
            store.write(|tx| tx.revoke_certificates("agent", &but, at(turn))).unwrap();
        }
    }
    let names = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'yagura_test_prepared'";
    assert_eq!(server.sql("postgres", names).unwrap().trim(), "1", "one after the other needs one connection");
}
