//! Moves the oldest records out of the database into files.
//!
//! The file is written, read back and compared first; then its row appears and the records go, in
//! one transaction. A kill in between leaves a file that nobody names and that the next rotation
//! writes over.

use jiff::{SignedDuration, Timestamp};
use yagura_identity::audit::{Break, Head};
use yagura_store::{AuditFile, StoreError};

use super::super::record::{read_hash, read_head, write_hash};
use super::super::{App, AppError};
use super::file::{RecordsWriter, read_records};
use super::walk::Broken;

/// Records of one file.
pub const RECORDS_A_FILE_MAX: u64 = 20_000;
/// Bytes of the records of one file, before they are packed.
const RECORDS_BYTES_MAX: usize = 32 * 1024 * 1024;

/// How much one file holds.
#[derive(Debug, Clone, Copy)]
struct Limits {
    records: u64,
    bytes: usize,
}
/// Rows asked of the store at once.
const PAGE: usize = 500;
/// Files that one call writes; the next call goes on.
const FILES_MAX: usize = 1_000;

/// Which records are moved: those that are older, and those beyond the newest so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rotation {
    /// Move what is older than this.
    pub older_than: Option<SignedDuration>,
    /// Move what is beyond the newest so many.
    pub keep_records: Option<u64>,
}

/// What was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rotated {
    /// Files written.
    pub files: u64,
    /// Records moved.
    pub records: u64,
    /// Bytes of the files.
    pub bytes: u64,
}

/// Moves records of an account into files.
///
/// # Errors
/// When the chain is broken in what is to be moved (nothing of that file is then), or store or
/// place refuse.
pub fn rotate(app: &App, account: &str, rotation: Rotation) -> Result<Rotated, AppError> {
    rotate_within(app, account, rotation, Limits { records: RECORDS_A_FILE_MAX, bytes: RECORDS_BYTES_MAX })
}

fn rotate_within(app: &App, account: &str, rotation: Rotation, limits: Limits) -> Result<Rotated, AppError> {
    let now = app.now();
    let cutoff = rotation.older_than.and_then(|age| now.checked_sub(age).ok());
    let mut rotated = Rotated::default();
    for _ in 0..FILES_MAX {
        let Some((file, bytes)) = prepare(app, account, (cutoff, rotation.keep_records), limits, now)? else { break };
        app.blobs.put(&file.blob, &bytes)?;
        read_back(app, &file)?;
        match app.store.write(|tx| {
            tx.lock(&format!("audit:{account}"))?;
            tx.move_audit_to_file(account, &file)
        }) {
            Ok(()) => {}
            // Another server was faster; what it left is for the next call.
            Err(StoreError::Conflict(_)) => break,
            Err(error) => return Err(error.into()),
        }
        rotated.files += 1;
        rotated.records += (file.last + 1).saturating_sub(file.first);
        rotated.bytes += u64::try_from(bytes.len()).unwrap_or_default();
    }
    Ok(rotated)
}

/// Packs the oldest records that are to be moved; `None` when there are none.
fn prepare(
    app: &App,
    account: &str,
    (cutoff, keep): (Option<Timestamp>, Option<u64>),
    limits: Limits,
    now: Timestamp,
) -> Result<Option<(AuditFile, Vec<u8>)>, AppError> {
    let (before, end) =
        app.store.read(|tx| Ok::<_, AppError>((tx.last_audit_file(account)?, tx.audit_head(account)?)))?;
    let start = match &before {
        Some(file) => read_head(file.last, &file.last_hash)?,
        None => Head::EMPTY,
    };
    let last_to_move = keep.map_or(0, |keep| end.number.saturating_sub(keep));
    let mut head = start;
    let mut writer = RecordsWriter::new(Vec::new()).map_err(AppError::internal)?;
    let mut room = limits.bytes;
    'rows: loop {
        let rows = app.store.read(|tx| Ok::<_, AppError>(tx.audit_records(account, head.sequence, PAGE)?))?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let is_old = cutoff.is_some_and(|cutoff| row.at < cutoff) || row.number <= last_to_move;
            // A file has one record at least, however large.
            let is_full = writer.records() >= limits.records || (writer.records() > 0 && row.record.len() > room);
            if !is_old || is_full {
                break 'rows;
            }
            let next = head.next(row.record.as_bytes());
            // What is broken stays where it is, to be looked at.
            if row.number != next.sequence || read_hash(&row.hash).ok() != Some(next.hash) {
                let number = next.sequence;
                return Err(AppError::internal(Broken::Chain(Break::Altered { sequence: number })));
            }
            writer.push(&row.record).map_err(AppError::internal)?;
            room = room.saturating_sub(row.record.len());
            head = next;
        }
    }
    if writer.records() == 0 {
        return Ok(None);
    }
    let bytes = writer.finish().map_err(AppError::internal)?;
    let (first, last) = (start.sequence + 1, head.sequence);
    let file = AuditFile {
        first,
        last,
        before_hash: write_hash(&start.hash),
        last_hash: write_hash(&head.hash),
        sha256: yagura_wire::sha256_hex(&bytes),
        blob: format!("audit/{account}/{first:012}-{last:012}.json.gz"),
        created_at: now,
    };
    Ok(Some((file, bytes)))
}

/// Proves that the place gives back what it was given, before the records go.
fn read_back(app: &App, file: &AuditFile) -> Result<(), AppError> {
    let (_, bytes) = app.blobs.open(&file.blob)?;
    let mut records = 0_u64;
    let read = read_records(bytes, &mut |_| {
        records += 1;
        Ok(())
    });
    let expected = (file.last + 1).saturating_sub(file.first);
    match read {
        Ok(sha256) if sha256 == file.sha256 && records == expected => Ok(()),
        Ok(_) => Err(AppError::internal(format!("the file `{}` is not what was written", file.blob))),
        Err(error) => Err(AppError::internal(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::opening::{Opening, open};
    use super::super::super::{Answer, Call, Caller};
    use super::super::verify;
    use super::*;

    const ACCOUNT: &str = "123456789012";

    fn service(folder: &std::path::Path, records: usize) -> App {
        let app = open(&Opening {
            data_dir: folder.to_owned(),
            database_url: None,
            blobs: None,
            master_key: None,
            account: None,
            region: None,
            environment: Vec::new(),
            clock: Arc::new(|| Timestamp::from_second(1_800_000_000).unwrap()),
        })
        .unwrap();
        let caller = Caller::service(app.settings.home.clone(), "request".to_owned());
        let parameters = serde_json::json!({});
        let call = Call {
            caller: &caller,
            operation: "Test",
            action: "yagura:ReadAudit",
            resources: &[],
            parameters: &parameters,
        };
        for _ in 0..records {
            app.change(&call, |_| Ok(Answer { value: (), recorded: serde_json::Value::Null })).unwrap();
        }
        app
    }

    #[test]
    fn a_file_ends_where_it_is_full() {
        let all = Rotation { older_than: None, keep_records: Some(0) };
        for (limits, files) in [
            (Limits { records: 3, bytes: usize::MAX }, 3),
            (Limits { records: 7, bytes: usize::MAX }, 1),
            (Limits { records: u64::MAX, bytes: 1 }, 7),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let app = service(folder.path(), 7);
            let rotated = rotate_within(&app, ACCOUNT, all, limits).unwrap();
            assert_eq!((rotated.files, rotated.records), (files, 7), "{limits:?}");
            let verification = verify(&app, ACCOUNT, None).unwrap();
            assert_eq!((verification.broken, verification.files), (None, files));
        }
    }

    #[test]
    fn a_kill_after_the_file_was_written_costs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let app = service(folder.path(), 5);
        let limits = Limits { records: 10, bytes: usize::MAX };
        let (file, bytes) = prepare(&app, ACCOUNT, (None, Some(0)), limits, app.now()).unwrap().unwrap();
        app.blobs.put(&file.blob, &bytes).unwrap();
        assert_eq!(verify(&app, ACCOUNT, None).unwrap().files, 0, "nobody names it yet");
        let rotated =
            rotate_within(&app, ACCOUNT, Rotation { older_than: None, keep_records: Some(0) }, limits).unwrap();
        assert_eq!(rotated.records, 5);
        assert_eq!(app.blobs.list("audit").unwrap().len(), 1);
        assert_eq!(verify(&app, ACCOUNT, None).unwrap().broken, None);
    }
}
