//! Walks along the chain and names the first break.

use yagura_identity::audit::{Break, GENESIS, Head, Verifier};

use super::super::record::{read_hash, read_head};
use super::super::{App, AppError};
use super::walk::{Broken, Piece, Stop, walk};

/// What a verification came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The last record up to which the chain holds. Kept elsewhere, it shows later whether the
    /// end was cut off or the log written anew.
    pub head: Head,
    /// Records that were checked.
    pub records: u64,
    /// Those of them that lie in files.
    pub records_in_files: u64,
    /// Files that were checked.
    pub files: u64,
    /// The first break; `None` when the log is what was written.
    pub broken: Option<Broken>,
}

/// Verifies the log of an account. `known` is a head that was kept elsewhere.
///
/// Memory does not grow with the log.
///
/// # Errors
/// When the store or the place of the files cannot be read. A log that is broken is no error.
pub fn verify(app: &App, account: &str, known: Option<Head>) -> Result<Verification, AppError> {
    let mut verification = Verification { head: Head::EMPTY, records: 0, records_in_files: 0, files: 0, broken: None };
    match follow(app, account, known, &mut verification) {
        Ok(()) | Err(Stop::Enough) => Ok(verification),
        Err(Stop::Broken(broken)) => Ok(Verification { broken: Some(broken), ..verification }),
        Err(Stop::Trouble(error)) => Err(error),
    }
}

fn follow(app: &App, account: &str, known: Option<Head>, seen: &mut Verification) -> Result<(), Stop> {
    let mut verifier = Verifier::new(Head::EMPTY, known);
    let end = walk(app, account, 0, &mut |piece| match piece {
        Piece::Record { number, text, hash } => {
            let next = seen.head.next(text.as_bytes());
            // Beside a record of a file stands no hash; the row of the file has that of its last.
            verifier.push(number, text.as_bytes(), &hash.unwrap_or(next.hash))?;
            if number == next.sequence {
                seen.head = next;
            }
            seen.records += 1;
            seen.records_in_files += u64::from(hash.is_none());
            Ok(())
        }
        Piece::FileEnd(file) => {
            seen.files += 1;
            // With records missing before the file there is nothing to compare; the gap is told.
            if seen.head.sequence == file.last && read_hash(&file.last_hash).ok() != Some(seen.head.hash) {
                return Err(Stop::Broken(Broken::File {
                    blob: file.blob.clone(),
                    first: file.first,
                    last: file.last,
                    why: "does not lead to the hash that its last record had".to_owned(),
                }));
            }
            Ok(())
        }
    })?;
    verifier.finish()?;
    let end = read_head(end.number, &end.hash)?;
    if end.sequence > seen.head.sequence {
        return Err(Break::Truncated { last: seen.head.sequence, known: end.sequence }.into());
    }
    if end != seen.head {
        return Err(Break::Rewritten { sequence: seen.head.sequence }.into());
    }
    Ok(())
}

/// Reads a head as [`Head`] shows it: `NUMBER:HASH`.
pub fn parse_head(text: &str) -> Option<Head> {
    let (number, hash) = text.trim().split_once(':')?;
    let head = Head { sequence: number.parse().ok()?, hash: read_hash(hash).ok()? };
    (head.sequence > 0 || head.hash == GENESIS).then_some(head)
}
