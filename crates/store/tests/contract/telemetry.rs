//! Chunks and snapshots.

use yagura_store::{StoredChunk, StoredSnapshot};

use crate::support::{ACCOUNT, Db, agent_id, at};

fn chunk(number: u64) -> StoredChunk {
    StoredChunk {
        run_seq: 1,
        agent: agent_id(1),
        number,
        sha256: format!("{number:064x}"),
        bytes: 4,
        received_at: at(1),
    }
}

pub(crate) fn a_chunk_is_kept_once(db: &Db) {
    let body = [0, 1, 255, 0];
    db.write(|tx| tx.insert_chunk(ACCOUNT, &chunk(0), &body));
    db.write(|tx| tx.insert_chunk(ACCOUNT, &chunk(1), &[]));
    db.conflict(|tx| tx.insert_chunk(ACCOUNT, &chunk(0), b"other"));
    assert_eq!(db.read(|tx| tx.chunk(1, &agent_id(1), 0)), Some(chunk(0)));
    assert_eq!(db.read(|tx| tx.chunk(1, &agent_id(2), 0)), None);
    assert_eq!(db.read(|tx| tx.chunk_body(1, &agent_id(1), 0)).as_deref(), Some(&body[..]));
    assert_eq!(db.read(|tx| tx.chunk_body(1, &agent_id(1), 1)).as_deref(), Some(&[][..]));
    assert_eq!(db.read(|tx| tx.chunk_bytes(1, &agent_id(1))), 8);
    assert_eq!(db.read(|tx| tx.chunk_bytes(1, &agent_id(2))), 0);
    db.write(|tx| tx.drop_chunk_bodies(1, &agent_id(1)));
    assert_eq!(db.read(|tx| tx.chunk_body(1, &agent_id(1), 0)), None);
    assert_eq!(db.read(|tx| tx.chunk(1, &agent_id(1), 0)), Some(chunk(0)), "number and hash stay");
    // What was counted stays counted.
    assert_eq!(db.read(|tx| tx.chunk_bytes(1, &agent_id(1))), 8);
}

fn snapshot(digest: &str) -> StoredSnapshot {
    StoredSnapshot {
        account: ACCOUNT.into(),
        digest: digest.into(),
        release: Some("debian:bookworm".into()),
        packages: 3,
        bytes: 9,
        created_at: at(1),
    }
}

pub(crate) fn snapshots_are_kept_once_by_content(db: &Db) {
    let sources = vec![("openssl".to_owned(), "3.0.1".to_owned()), ("zlib".to_owned(), "1:1.2".to_owned())];
    assert!(db.write(|tx| tx.put_snapshot(&snapshot("a"), &sources)));
    assert!(!db.write(|tx| tx.put_snapshot(&StoredSnapshot { bytes: 1, ..snapshot("a") }, &[])));
    assert_eq!(db.read(|tx| tx.snapshot(ACCOUNT, "a")), Some(snapshot("a")));
    assert_eq!(db.read(|tx| tx.snapshot("999999999999", "a")), None);
    assert_eq!(db.read(|tx| tx.count_snapshot_packages(ACCOUNT, "a")), 2);
    // A host of no known release has nothing that a feed could be asked for.
    let unknown = StoredSnapshot { release: None, ..snapshot("b") };
    assert!(db.write(|tx| tx.put_snapshot(&unknown, &sources)));
    assert_eq!(db.read(|tx| tx.count_snapshot_packages(ACCOUNT, "b")), 0);
    let many: Vec<(String, String)> = (0..1_203).map(|number| (format!("p{number}"), "1".to_owned())).collect();
    assert!(db.write(|tx| tx.put_snapshot(&snapshot("c"), &many)));
    assert_eq!(db.read(|tx| tx.count_snapshot_packages(ACCOUNT, "c")), 1_203);
    assert_eq!(db.read(|tx| tx.accounts_with_snapshots()), [ACCOUNT]);
}

/// A host may say anything of its packages. PostgreSQL's indexes take no key of more than some
/// 2,700 bytes; no name or version in a feed comes near that.
pub(crate) fn a_hostile_name_of_a_package_stops_nothing(db: &Db) {
    // Letters that do not compress.
    let long: String =
        (0..40_000_u32).map(|number| char::from_u32(0x4e00 + number * 7_919 % 20_000).unwrap()).collect();
    let sources = vec![
        (long.clone(), "1".to_owned()),
        ("versioned".to_owned(), long),
        ("honest".to_owned(), "1.0-1".to_owned()),
        ("日本".to_owned(), "~rc1+デ".to_owned()),
    ];
    assert!(db.write(|tx| tx.put_snapshot(&snapshot("a"), &sources)));
    assert_eq!(db.read(|tx| tx.count_snapshot_packages(ACCOUNT, "a")), 2);
    assert_eq!(db.read(|tx| tx.snapshots_with(ACCOUNT, "debian:bookworm", "honest")), ["a"]);
    assert_eq!(db.read(|tx| tx.snapshots_with(ACCOUNT, "debian:bookworm", "versioned")), [""; 0]);
}
