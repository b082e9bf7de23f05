//! The records of an account in their order, whether they lie in files or in the database.
//!
//! Others add records and move them into files meanwhile. Each step therefore asks anew what holds
//! the next record, in one look at the database.

use yagura_identity::audit::Break;
use yagura_store::{AuditFile, AuditHead, StoredRecord};

use super::super::record::read_hash;
use super::super::{App, AppError};
use super::file::read_records;

/// Rows asked of the store at once. A row has 256 KiB at most and mostly a thousandth of that.
const PAGE: usize = 200;

/// Where the log is not what was written, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The chain does not hold.
    #[error(transparent)]
    Chain(#[from] Break),
    /// A file is away, damaged, or another one.
    #[error("the file `{blob}` with records {first} to {last} {why}")]
    File {
        /// The blob's name.
        blob: String,
        /// The number of its first record.
        first: u64,
        /// The number of its last record.
        last: u64,
        /// What is wrong.
        why: String,
    },
    /// A stored hash is none.
    #[error("the hash of record {number} is damaged")]
    Hash {
        /// The record.
        number: u64,
    },
}

impl Broken {
    /// Returns the number of the first record that is not what was written, as far as that is known.
    pub fn number(&self) -> u64 {
        match self {
            Self::Chain(Break::Gap { first, .. }) => *first,
            Self::Chain(Break::Truncated { last, .. }) => last.saturating_add(1),
            Self::Chain(
                Break::Reordered { sequence, .. } | Break::Altered { sequence } | Break::Rewritten { sequence },
            ) => *sequence,
            Self::File { first, .. } => *first,
            Self::Hash { number } => *number,
        }
    }

    /// Returns the kind of damage in one word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Chain(Break::Gap { .. }) => "missing",
            Self::Chain(Break::Reordered { .. }) => "moved",
            Self::Chain(Break::Altered { .. }) | Self::Hash { .. } => "altered",
            Self::Chain(Break::Truncated { .. }) => "truncated",
            Self::Chain(Break::Rewritten { .. }) => "rewritten",
            Self::File { .. } => "file",
        }
    }
}

/// What a walk meets.
#[derive(Debug)]
pub(super) enum Piece<'p> {
    /// A record. One from a file has no hash beside it.
    Record { number: u64, text: &'p str, hash: Option<[u8; 32]> },
    /// The end of a file, after its records.
    FileEnd(&'p AuditFile),
}

/// Why a walk ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The visitor has seen enough.
    Enough,
    /// The log is not what was written.
    Broken(Broken),
    /// The store or the place of the files cannot be read.
    Trouble(AppError),
}

impl From<AppError> for Stop {
    fn from(error: AppError) -> Self {
        Self::Trouble(error)
    }
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<Break> for Stop {
    fn from(broken: Break) -> Self {
        Self::Broken(broken.into())
    }
}

enum Next {
    File(AuditFile),
    Rows(Vec<StoredRecord>),
    End(AuditHead),
}

/// Visits the records after the number `after`, and returns the end of the chain as the database
/// says it, read together with the answer that there are no more.
pub(super) fn walk(
    app: &App,
    account: &str,
    after: u64,
    visit: &mut dyn FnMut(Piece<'_>) -> Result<(), Stop>,
) -> Result<AuditHead, Stop> {
    let mut after = after;
    loop {
        match next(app, account, after)? {
            Next::End(head) => return Ok(head),
            Next::Rows(rows) => {
                for row in rows {
                    let number = row.number;
                    let hash = read_hash(&row.hash).map_err(|_| Broken::Hash { number })?;
                    visit(Piece::Record { number, text: &row.record, hash: Some(hash) })?;
                    after = number;
                }
            }
            Next::File(file) => {
                walk_file(app, &file, after, visit)?;
                after = file.last;
            }
        }
    }
}

/// Rows that come before the next file, else that file. A file may hold again what was read as
/// rows before it was made.
fn next(app: &App, account: &str, after: u64) -> Result<Next, AppError> {
    app.store.read(|tx| {
        let file = tx.next_audit_file(account, after)?;
        let mut rows = tx.audit_records(account, after, PAGE)?;
        if let Some(file) = &file {
            rows.retain(|row| row.number < file.first);
        }
        Ok(match file {
            _ if !rows.is_empty() => Next::Rows(rows),
            Some(file) => Next::File(file),
            None => Next::End(tx.audit_head(account)?),
        })
    })
}

fn walk_file(
    app: &App,
    file: &AuditFile,
    after: u64,
    visit: &mut dyn FnMut(Piece<'_>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let broken = |why: String| Broken::File { blob: file.blob.clone(), first: file.first, last: file.last, why };
    let (_, bytes) = match app.blobs.open(&file.blob) {
        Ok(opened) => opened,
        Err(yagura_store::BlobError::NotFound { .. }) => return Err(broken("is not there".to_owned()).into()),
        Err(error) => return Err(AppError::from(error).into()),
    };
    let (mut number, mut stopped) = (file.first, None);
    let read = read_records(bytes, &mut |text| {
        // Past the last one the file has too many, which is told below.
        if number > after && number <= file.last {
            visit(Piece::Record { number, text, hash: None }).map_err(|stop| {
                stopped = Some(stop);
                "stopped".to_owned()
            })?;
        }
        number = number.saturating_add(1);
        Ok(())
    });
    if let Some(stop) = stopped {
        return Err(stop);
    }
    let sha256 = read.map_err(|error| broken(format!("cannot be read: {error}")))?;
    if number != file.last.saturating_add(1) {
        return Err(broken(format!("has {} records", number.saturating_sub(file.first))).into());
    }
    if sha256 != file.sha256 {
        return Err(broken("does not have the SHA-256 that it was written with".to_owned()).into());
    }
    visit(Piece::FileEnd(file))
}
