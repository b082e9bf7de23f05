use proptest::prelude::*;
use yagura_testkit::SqliteFile;

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
fn host(file: &SqliteFile) -> MemoryHost {
    file.files()
        .into_iter()
        .fold(MemoryHost::new(), |host, (suffix, bytes)| host.file(&format!("{PATH}{suffix}"), bytes))
}

fn database(settings: &[&str]) -> SqliteFile {
    let file = SqliteFile::new(settings);
    file.table("other", "x");
    file.table("t", "hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL");
    file
}

fn insert(file: &SqliteFile, blobs: &[Vec<u8>]) {
    for blob in blobs {
        file.insert("t", &["blob"], &[blob]);
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
        let file = database(&[&format!("page_size = {page_bytes}")]);
        // Lengths about the bounds of a cell, and enough rows for a tree of some levels.
        let blobs = blobs((0..1200).chain(4000..4100).chain([20_000, 70_000, 300_000]));
        file.begin();
        insert(&file, &blobs);
        file.commit();
        assert!(table(&host(&file), "t").unwrap() == numbered(&blobs), "{page_bytes}");
    }
}

#[test]
fn the_log_counts_up_to_its_last_commit() {
    let file = database(&["journal_mode = WAL", "wal_autocheckpoint = 0"]);
    let blobs = blobs([10, 5000, 20_000, 3]);
    insert(&file, &blobs);
    // Everything is in the log still, even the schema.
    let before = host(&file);
    assert_eq!(table(&before, "t").unwrap(), numbered(&blobs));
    file.set("wal_checkpoint(PASSIVE)");
    assert_eq!(table(&host(&file), "t").unwrap(), numbered(&blobs));
    file.delete("t", "hnum = 2");
    let after: Vec<_> = numbered(&blobs).into_iter().filter(|(number, _)| *number != 2).collect();
    assert_eq!(table(&host(&file), "t").unwrap(), after);
    // A transaction that did not commit, but spilt its pages into the log.
    file.set("cache_size = 2");
    file.begin();
    insert(&file, &vec![vec![1; 30_000]; 20]);
    assert_eq!(table(&host(&file), "t").unwrap(), after);
    file.commit();
    assert_eq!(table(&host(&file), "t").unwrap().len(), after.len() + 20);
    // A log that is cut off ends with the last whole commit.
    let log = host(&file).read("db-wal", FILE_LIMIT).unwrap().unwrap();
    let cut = host(&file).file("db-wal", &log[..log.len() - 1]);
    assert_eq!(table(&cut, "t").unwrap(), after);
    // One of another database is not applied.
    let foreign = host(&file).file("db-wal", vec![7; 5000]);
    assert_eq!(table(&foreign, "t").unwrap(), numbered(&blobs), "as of the checkpoint");
}

#[test]
fn a_transaction_that_did_not_end_is_undone() {
    let file = database(&["journal_mode = DELETE"]);
    let blobs = blobs([10, 5000, 20_000, 3]);
    insert(&file, &blobs);
    file.set("cache_size = 2");
    file.begin();
    file.delete("t", "hnum < 4");
    insert(&file, &vec![vec![1; 30_000]; 20]);
    let during = host(&file);
    assert!(during.metadata("db-journal").unwrap().is_some_and(|metadata| metadata.size_bytes > 1000));
    assert_ne!(during.read(PATH, FILE_LIMIT).unwrap().unwrap().len(), 0);
    assert_eq!(table(&during, "t").unwrap(), numbered(&blobs));
    file.commit();
    assert_eq!(table(&host(&file), "t").unwrap().len(), 21);
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
    let good = host(&database(&[])).read(PATH, FILE_LIMIT).unwrap().unwrap();
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
        let file = database(&["page_size = 512", "journal_mode = WAL"]);
        insert(&file, &blobs((0..200).step_by(3).chain([9000])));
        let host = host(&file);
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

#[test]
fn the_size_that_a_journal_claims_is_bounded() {
    let file = database(&["journal_mode = DELETE"]);
    insert(&file, &blobs([10, 5000, 20_000]));
    file.set("cache_size = 2");
    file.begin();
    file.delete("t", "hnum < 9");
    insert(&file, &vec![vec![1; 30_000]; 20]);
    let host = host(&file);
    let mut journal = host.read("db-journal", FILE_LIMIT).unwrap().unwrap();
    journal[16..20].copy_from_slice(&u32::MAX.to_be_bytes());
    let opened = Database::open(&host.file("db-journal", journal), PATH);
    assert!(matches!(opened, Err(Fault::Damaged(what)) if what == "it cannot have 4294967295 pages"));
}
