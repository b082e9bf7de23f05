//! Gives a range of the log out as one file.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Deserialize;

use super::super::{App, AppError};
use super::file::RecordsWriter;
use super::walk::{Piece, Stop, walk};

/// Which records are given out. All that is given must match; both ends are included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// From this number on.
    pub from: Option<u64>,
    /// Up to this number.
    pub to: Option<u64>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Not after this time.
    pub until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Timed {
    #[serde(rename = "eventTime")]
    event_time: Timestamp,
}

impl Range {
    fn has(&self, text: &str) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        // A record that does not say its time was not written by us, and is what an auditor must see.
        let Ok(Timed { event_time }) = serde_json::from_str(text) else { return true };
        self.since.is_none_or(|since| event_time >= since) && self.until.is_none_or(|until| event_time <= until)
    }
}

/// Writes records as `{"Records":[…]}`, gzip, and returns how many, with the writer.
///
/// # Errors
/// When the store cannot be read, a file of the log is damaged, or the writer fails.
pub fn export<W: Write>(app: &App, account: &str, range: Range, out: W) -> Result<(u64, W), AppError> {
    let failed = |error: io::Error| AppError::internal(error);
    let mut writer = RecordsWriter::new(out).map_err(failed)?;
    let after = range.from.unwrap_or(1).saturating_sub(1);
    let walked = walk(app, account, after, &mut |piece| {
        let Piece::Record { number, text, .. } = piece else { return Ok(()) };
        if range.to.is_some_and(|to| number > to) {
            return Err(Stop::Enough);
        }
        if range.has(text) {
            writer.push(text).map_err(|error| Stop::Trouble(failed(error)))?;
        }
        Ok(())
    });
    match walked {
        Ok(_) | Err(Stop::Enough) => {}
        Err(Stop::Broken(broken)) => return Err(AppError::internal(broken)),
        Err(Stop::Trouble(error)) => return Err(error),
    }
    let records = writer.records();
    Ok((records, writer.finish().map_err(failed)?))
}
