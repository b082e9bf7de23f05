use proptest::prelude::*;
use rusqlite::{Connection, params};

use super::*;
use crate::MemoryHost;

const PATH: &str = "db";

/// Reads all of a table as `number=value` with the values' lengths.
fn table(host: &MemoryHost, name: &str) -> Outcome<Vec<(i64, Vec<u8>)>> {
    let mut database = Database::open(host, PATH)?.unwrap();
    let table = database.table(name)?.unwrap();
    let column = table.column("blob").unwrap();
    let mut rows = Vec::new();
    database.scan(&table, &mut |row| {
        rows.push((row.number, row.blob(column).unwrap_or_default().to_vec()));
        Ok(Flow::Next)
    })?;
    Ok(rows)
}

/// The files of an open database as they are now.
fn host(dir: &std::path::Path) -> MemoryHost {
    ["", "-wal", "-journal"].iter().fold(MemoryHost::new(), |host, suffix| {
        match std::fs::read(dir.join(format!("{PATH}{suffix}"))) {
            Ok(bytes) => host.file(&format!("{PATH}{suffix}"), bytes),
            Err(_) => host,
        }
    })
}

fn connection(dir: &std::path::Path, pragmas: &str) -> Connection {
    let connection = Connection::open(dir.join(PATH)).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    connection.execute_batch(pragmas).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE other (x); CREATE TABLE t (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)",
        )
        .unwrap();
    connection
}

fn insert(connection: &Connection, blobs: &[Vec<u8>]) {
    for blob in blobs {
        connection.execute("INSERT INTO t (blob) VALUES (?1)", params![blob]).unwrap();
    }
}

fn blobs(lens: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    lens.into_iter().map(|len| (0..len).map(|at| u8::try_from((at * 7 + len) % 251).unwrap()).collect()).collect()
}

fn numbered(blobs: &[Vec<u8>]) -> Vec<(i64, Vec<u8>)> {
    (1..).zip(blobs.iter().cloned()).collect()
}

#[test]
fn every_row_is_read_at_every_page_size() {
    for page_bytes in [512, 4096, 65_536] {
        let dir = tempfile::tempdir().unwrap();
        let connection = connection(dir.path(), &format!("PRAGMA page_size = {page_bytes}"));
        // Lengths about the bounds of a cell, and enough rows for a tree of some levels.
        let blobs = blobs((0..1200).chain(4000..4100).chain([20_000, 70_000, 300_000]));
        connection.execute_batch("BEGIN").unwrap();
        insert(&connection, &blobs);
        connection.execute_batch("COMMIT").unwrap();
        drop(connection);
        assert!(table(&host(dir.path()), "t").unwrap() == numbered(&blobs), "{page_bytes}");
    }
}

#[test]
fn the_log_counts_up_to_its_last_commit() {
    let dir = tempfile::tempdir().unwrap();
    let connection = connection(dir.path(), "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
    let blobs = blobs([10, 5000, 20_000, 3]);
    insert(&connection, &blobs);
    // Everything is in the log still, even the schema.
    let before = host(dir.path());
    assert_eq!(table(&before, "t").unwrap(), numbered(&blobs));
    connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
    assert_eq!(table(&host(dir.path()), "t").unwrap(), numbered(&blobs));
    connection.execute("DELETE FROM t WHERE hnum = 2", []).unwrap();
    let after: Vec<_> = numbered(&blobs).into_iter().filter(|(number, _)| *number != 2).collect();
    assert_eq!(table(&host(dir.path()), "t").unwrap(), after);
    // A transaction that did not commit, but spilt its pages into the log.
    connection.execute_batch("PRAGMA cache_size = 2; BEGIN").unwrap();
    insert(&connection, &vec![vec![1; 30_000]; 20]);
    assert_eq!(table(&host(dir.path()), "t").unwrap(), after);
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!(table(&host(dir.path()), "t").unwrap().len(), after.len() + 20);
    // A log that is cut off ends with the last whole commit.
    let log = std::fs::read(dir.path().join(format!("{PATH}-wal"))).unwrap();
    let cut = host(dir.path()).file("db-wal", &log[..log.len() - 1]);
    assert_eq!(table(&cut, "t").unwrap(), after);
    // One of another database is not applied.
    let foreign = host(dir.path()).file("db-wal", vec![7; 5000]);
    assert_eq!(table(&foreign, "t").unwrap(), numbered(&blobs), "as of the checkpoint");
}

#[test]
fn a_transaction_that_did_not_end_is_undone() {
    let dir = tempfile::tempdir().unwrap();
    let connection = connection(dir.path(), "PRAGMA journal_mode = DELETE");
    let blobs = blobs([10, 5000, 20_000, 3]);
    insert(&connection, &blobs);
    connection.execute_batch("PRAGMA cache_size = 2; BEGIN; DELETE FROM t WHERE hnum < 4").unwrap();
    insert(&connection, &vec![vec![1; 30_000]; 20]);
    let during = host(dir.path());
    assert!(during.metadata("db-journal").unwrap().is_some_and(|metadata| metadata.size_bytes > 1000));
    assert_ne!(during.read(PATH, FILE_LIMIT).unwrap().unwrap().len(), 0);
    assert_eq!(table(&during, "t").unwrap(), numbered(&blobs));
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!(table(&host(dir.path()), "t").unwrap().len(), 21);
}

#[test]
fn what_is_no_database_is_said() {
    let text = |host: &MemoryHost| match Database::open(host, PATH) {
        Ok(Some(mut database)) => match database.table("t") {
            Err(Fault::Damaged(what)) => what,
            found => format!("{:?}", found.unwrap()),
        },
        Ok(None) => "none".to_owned(),
        Err(Fault::Damaged(what)) => what,
        Err(other) => format!("{other:?}"),
    };
    assert_eq!(text(&MemoryHost::new()), "none");
    assert_eq!(text(&MemoryHost::new().file(PATH, "")), "it ends before byte 100");
    assert_eq!(text(&MemoryHost::new().file(PATH, [b'x'; 200])), "it is no SQLite file");
    let dir = tempfile::tempdir().unwrap();
    drop(connection(dir.path(), ""));
    let good = std::fs::read(dir.path().join(PATH)).unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        text(&MemoryHost::new().file(PATH, bad))
    };
    assert_eq!(with(16, &[0, 100]), "its pages cannot have 100 bytes");
    assert_eq!(with(19, &[3]), "it is of a newer kind than this reader knows");
    assert_eq!(with(56, &[0, 0, 0, 2]), "its text is not UTF-8");
    assert_eq!(with(100, &[10]), "page 1 is no page of a table");
    // A page of pages whose only child is itself.
    assert_eq!(with(100, &[5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), "page 1 is used twice");
    assert_eq!(with(103, &[0xff, 0xff]), "a page cannot have 65535 cells");
    assert!(with(0, b"SQLite format 3\0").contains("Table"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Damage is an error or goes unseen, and never more than that.
    #[test]
    fn any_damage_is_survived(damage in proptest::collection::vec((0_usize..40_000, any::<u8>()), 1..20), log in any::<bool>()) {
        let dir = tempfile::tempdir().unwrap();
        let connection = connection(dir.path(), "PRAGMA page_size = 512; PRAGMA journal_mode = WAL");
        insert(&connection, &blobs((0..200).step_by(3).chain([9000])));
        let host = host(dir.path());
        let name = if log { "db-wal" } else { PATH };
        let mut bytes = host.read(name, FILE_LIMIT).unwrap().unwrap();
        for (at, byte) in damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(Some(mut database)) = Database::open(&host.file(name, bytes), PATH)
            && let Ok(Some(table)) = database.table("t")
        {
            let _ = database.scan(&table, &mut |_| Ok(Flow::Next));
        }
    }
}
