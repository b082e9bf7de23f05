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
    let now = app.now();
    let cutoff = rotation.older_than.and_then(|age| now.checked_sub(age).ok());
    let mut rotated = Rotated::default();
    for _ in 0..FILES_MAX {
        let Some((file, bytes)) = prepare(app, account, cutoff, rotation.keep_records, now)? else { break };
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
    cutoff: Option<Timestamp>,
    keep: Option<u64>,
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
    let mut room = RECORDS_BYTES_MAX;
    'rows: loop {
        let rows = app.store.read(|tx| Ok::<_, AppError>(tx.audit_records(account, head.sequence, PAGE)?))?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let is_old = cutoff.is_some_and(|cutoff| row.at < cutoff) || row.number <= last_to_move;
            let is_full = writer.records() >= RECORDS_A_FILE_MAX || row.record.len() > room;
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
