//! Archives that no honest program makes.

use std::path::Path;

use tar::{Builder, EntryType, Header};
use yagura_wire::sha256_hex;

use super::*;

/// An archive by hand: each member with its type, name and content, then what follows.
struct Forged {
    tar: Builder<Vec<u8>>,
    members: Vec<Member>,
}

impl Forged {
    fn new() -> Self {
        Self { tar: Builder::new(Vec::new()), members: Vec::new() }.with(FORMAT, br#"{"yaguraBackup":1}"#)
    }

    fn raw(mut self, kind: EntryType, name: &[u8], bytes: &[u8]) -> Self {
        let mut header = Header::new_ustar();
        header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(kind);
        header.set_size(bytes.len().try_into().unwrap());
        header.set_cksum();
        self.tar.append(&header, bytes).unwrap();
        self
    }

    fn with(mut self, name: &str, bytes: &[u8]) -> Self {
        self.members.push(Member {
            name: name.to_owned(),
            bytes: bytes.len().try_into().unwrap(),
            sha256: sha256_hex(bytes),
        });
        self.raw(EntryType::Regular, name.as_bytes(), bytes)
    }

    fn manifest(&self) -> Manifest {
        Manifest {
            format: BACKUP_FORMAT,
            version: "0.1.0".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            database: "postgres".to_owned(),
            master_key_id: String::new(),
            missing_blobs: Vec::new(),
            members: self.members.clone(),
        }
    }

    fn signed(self, manifest: &Manifest) -> Self {
        let text = serde_json::to_vec(manifest).unwrap();
        self.raw(EntryType::Regular, MANIFEST.as_bytes(), &text)
    }

    fn whole(self) -> Self {
        let manifest = self.manifest();
        self.signed(&manifest)
    }

    /// Restores it, and returns what that came to. Whatever it was, nothing is beside the directory.
    fn restore(self) -> Result<Restored, BackupError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive");
        let packed = zstd::encode_all(self.tar.into_inner().unwrap().as_slice(), 1).unwrap();
        std::fs::write(&file, packed).unwrap();
        let data_dir = folder.path().join("deep/data");
        let outcome = restore(&Restoring { file: &file, data_dir: &data_dir, blobs: None, environment: Vec::new() });
        let names = |path: &Path| -> Vec<String> {
            let entries = std::fs::read_dir(path).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        assert_eq!(names(&folder.path().join("deep")), ["data"]);
        if outcome.is_err() {
            assert_eq!(names(&data_dir), [""; 0]);
        }
        outcome
    }
}

fn why(outcome: Result<Restored, BackupError>) -> String {
    outcome.unwrap_err().to_string()
}

#[test]
fn the_forger_can_make_a_good_one() {
    let restored = Forged::new().with(CA, b"pem").with("blobs/a/b.gz", b"x").whole().restore().unwrap();
    assert!(!restored.has_database);
    assert_eq!(restored.manifest.members.len(), 3);
}

#[test]
fn names_that_lead_elsewhere_or_are_not_ours_are_refused() {
    for name in [
        "../escaped",
        "blobs/../../escaped",
        "/escaped",
        "blobs//a",
        "blobs/.hidden",
        "blobs/",
        "blobs",
        "yagura.db-wal",
        "endpoint",
        "blobs/a b",
        "./ca.pem",
    ] {
        let outcome = Forged::new().with(CA, b"pem").with(name, b"x").whole().restore();
        assert!(why(outcome).contains("does not belong"), "{name}");
    }
    let outcome = Forged::new().raw(EntryType::Regular, b"blobs/\xff", b"x").whole().restore();
    assert!(why(outcome).contains("no text"));
}

#[test]
fn only_plain_files_are_members() {
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Directory,
        EntryType::Fifo,
        EntryType::Char,
        EntryType::XHeader,
        EntryType::XGlobalHeader,
        EntryType::GNULongName,
        EntryType::GNUSparse,
    ] {
        let outcome = Forged::new().raw(kind, b"blobs/a", b"").whole().restore();
        assert!(why(outcome).contains("not a plain file"), "{kind:?}");
    }
}

#[test]
fn what_comes_must_be_what_the_manifest_says() {
    let forged = || Forged::new().with(CA, b"pem").with("blobs/a", b"x");
    let changed = |change: fn(&mut Manifest)| {
        let forged = forged();
        let mut manifest = forged.manifest();
        change(&mut manifest);
        why(forged.signed(&manifest).restore())
    };
    assert!(changed(|manifest| manifest.members[2].sha256 = sha256_hex(b"y")).contains("`blobs/a` is not what"));
    assert!(changed(|manifest| manifest.members[2].bytes = 2).contains("`blobs/a` is not what"));
    assert!(changed(|manifest| drop(manifest.members.pop())).contains("other members"));
    assert!(changed(|manifest| manifest.members.swap(1, 2)).contains("not at its place"));
    assert!(changed(|manifest| manifest.database = "sqlite".to_owned()).contains("lacks"));
    assert!(changed(|manifest| manifest.format = BACKUP_FORMAT + 1).contains("format 2"));
    assert!(why(forged().restore()).contains("no manifest"));
    assert!(why(forged().whole().with("blobs/b", b"x").restore()).contains("follows the manifest"));
    assert!(why(forged().with("blobs/a", b"x").whole().restore()).contains("twice"));
}

#[test]
fn sizes_are_bounded_before_they_are_read() {
    let large = vec![b' '; usize::try_from(SMALL_BYTES_MAX).unwrap() + 1];
    assert!(why(Forged::new().with(CA, &large).whole().restore()).contains("more than 65536 bytes"));
    let mut forged = Forged::new();
    let mut header = Header::new_gnu();
    header.set_path("blobs/a").unwrap();
    header.set_entry_type(EntryType::Regular);
    header.set_size(CONTENT_BYTES_MAX + 1);
    header.set_cksum();
    forged.tar.append(&header, b"".as_slice()).unwrap();
    assert!(why(forged.restore()).contains("more bytes than any backup"));
}

#[test]
fn something_else_is_said_to_be_something_else() {
    let other = Forged { tar: Builder::new(Vec::new()), members: Vec::new() };
    assert!(why(other.with("manifest.json", b"{}").restore()).contains("does not begin like a backup"));
    let newer = Forged { tar: Builder::new(Vec::new()), members: Vec::new() };
    let outcome = newer.with(FORMAT, br#"{"yaguraBackup":2}"#).whole().restore();
    assert!(matches!(outcome, Err(BackupError::Newer { found: 2, .. })));
}

#[test]
fn a_database_or_key_that_does_not_fit_is_refused() {
    let mut forged = Forged::new().with(CA, b"pem").with(DATABASE, b"no database at all, but long enough for a head");
    let manifest = Manifest { database: "sqlite".to_owned(), ..forged.manifest() };
    forged = forged.signed(&manifest);
    assert!(matches!(forged.restore(), Err(BackupError::Store(_))));
    let other_key = Forged::new().with(CA, b"pem").with(MASTER_KEY, "01".repeat(32).as_bytes()).whole().restore();
    assert!(why(other_key).contains("master key"));
}
