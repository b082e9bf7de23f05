//! There and back again.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use yagura_app::service::audit::{Rotation, rotate, verify};
use yagura_app::service::backup::{BackupError, Restoring, backup, restore};
use yagura_app::service::{AppError, access_keys};
use yagura_identity::secrets::SecretText;
use yagura_store::StoredSnapshot;

use crate::support::{ACCOUNT, Service};

fn filled() -> Service {
    let service = Service::sqlite();
    service.app.first_key().unwrap();
    service.fill_log(10);
    rotate(&service.app, ACCOUNT, Rotation { older_than: None, keep_records: Some(4) }).unwrap();
    for digest in ["aa".repeat(32), "bb".repeat(32)] {
        let stored = StoredSnapshot {
            account: ACCOUNT.to_owned(),
            digest: digest.clone(),
            release: None,
            packages: 0,
            bytes: 5,
            created_at: service.now(),
        };
        service.app.store.write(|tx| Ok::<_, AppError>(tx.put_snapshot(&stored, &[])?)).unwrap();
        service.app.blobs.put(&yagura_app::service::agents::snapshot_blob(ACCOUNT, &digest), b"bytes").unwrap();
    }
    service.app.blobs.put("reports/nobody", b"names this one").unwrap();
    service
}

fn key(service: &Service) -> SecretText {
    SecretText::new(std::fs::read_to_string(service.data.path().join("master.key")).unwrap())
}

fn restoring<'a>(file: &'a Path, data_dir: &'a Path) -> Restoring<'a> {
    Restoring { file, data_dir, blobs: None, environment: Vec::new() }
}

#[test]
fn what_was_backed_up_comes_back_whole() {
    let service = filled();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.backup");
    let made = backup(&service.app, &file, Some(&key(&service))).unwrap();
    assert!(made.has_database && made.has_master_key);
    assert_eq!(made.manifest.missing_blobs, [""; 0]);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    // What comes later is not in it.
    let later = service.call("CreateAccessKey", |cx| access_keys::create(cx, "admin", None)).unwrap();

    let data = tempfile::tempdir().unwrap();
    let restored = restore(&restoring(&file, data.path())).unwrap();
    assert_eq!(restored.manifest, made.manifest);
    assert!(restored.has_database && restored.has_master_key);
    let mut names: Vec<String> = std::fs::read_dir(data.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["blobs", "ca.pem", "master.key", "yagura.db"]);

    let again = Service::at(data);
    let verification = verify(&again.app, ACCOUNT, None).unwrap();
    assert_eq!((verification.broken, verification.files), (None, 1));
    let known = again.app.store.read(|tx| Ok::<_, AppError>(tx.keys_of_user(ACCOUNT, "admin")?)).unwrap();
    assert_eq!(known.len(), 1);
    assert_ne!(known[0].id, later.id);
    assert!(again.app.open_secret(&known[0]).is_ok(), "the master key fits");
    assert_eq!(again.app.authority.certificate_pem(), service.app.authority.certificate_pem());
    let blobs: Vec<String> = again.app.blobs.list("").unwrap().into_iter().map(|blob| blob.name).collect();
    assert_eq!(blobs.len(), 3, "the log's file and two snapshots, and not what nobody names: {blobs:?}");
}

#[test]
fn a_backup_is_one_moment_while_others_write() {
    let service = filled();
    let folder = tempfile::tempdir().unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                service.fill_log(1);
            }
        });
        for number in 0..5 {
            let file = folder.path().join(format!("{number}.backup"));
            backup(&service.app, &file, Some(&key(&service))).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    let mut records = Vec::new();
    for number in 0..5 {
        let file = folder.path().join(format!("{number}.backup"));
        let data = tempfile::tempdir().unwrap();
        restore(&restoring(&file, data.path())).unwrap();
        let verification = verify(&Service::at(data).app, ACCOUNT, None).unwrap();
        assert_eq!(verification.broken, None);
        records.push(verification.records);
    }
    assert!(records.is_sorted() && records[0] >= 10, "{records:?}");
}

#[test]
fn without_the_master_key_the_file_holds_no_secret_that_opens() {
    let service = filled();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.backup");
    assert!(!backup(&service.app, &file, None).unwrap().has_master_key);
    let data = folder.path().join("restored");
    assert!(!restore(&restoring(&file, &data)).unwrap().has_master_key);
    assert!(!data.join("master.key").exists());
    let other = SecretText::new("01".repeat(32));
    assert!(matches!(backup(&service.app, &file, Some(&other)), Err(BackupError::OtherMasterKey)));
}

#[test]
fn a_blob_that_is_gone_is_named_and_the_rest_is_saved() {
    let service = filled();
    let name = yagura_app::service::agents::snapshot_blob(ACCOUNT, &"aa".repeat(32));
    service.app.blobs.delete(&name).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.backup");
    assert_eq!(backup(&service.app, &file, None).unwrap().manifest.missing_blobs, [name]);
    assert!(restore(&restoring(&file, &folder.path().join("restored"))).is_ok());
}

#[test]
fn a_directory_with_something_in_it_is_left_alone() {
    let service = filled();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.backup");
    backup(&service.app, &file, None).unwrap();
    let error = restore(&restoring(&file, service.data.path())).unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty { .. }));
    assert!(verify(&service.app, ACCOUNT, None).unwrap().broken.is_none());
}

#[test]
fn a_damaged_backup_puts_nothing_in_place() {
    let service = filled();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.backup");
    backup(&service.app, &file, Some(&key(&service))).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let data = folder.path().join("restored");
    for cut in [0, 1, 10, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&file, &whole[..cut]).unwrap();
        assert!(restore(&restoring(&file, &data)).is_err(), "{cut}");
        assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0, "{cut}");
    }
    for at in (0..whole.len()).step_by(whole.len() / 20) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&file, &damaged).unwrap();
        // A bit that nothing depends on may pass; then everything is as it was.
        if restore(&restoring(&file, &data)).is_ok() {
            std::fs::remove_dir_all(&data).unwrap();
        } else {
            assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0, "{at}");
        }
    }
}
