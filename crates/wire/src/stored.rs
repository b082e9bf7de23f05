//! The form in which the server keeps a snapshot: gzip over lines, the first of which names the format.
//!
//! The lines are those of the telemetry, unsplit. An old format is kept in `tests/golden`.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use yagura_model::Snapshot;

use crate::bounds::{MESSAGE_BYTES_MAX, STORED_BYTES_MAX, TELEMETRY_BYTES_MAX};
use crate::telemetry::{AssembleError, SnapshotAssembler, snapshot_digest, visit_snapshot_lines};

/// The format that is written.
pub const STORED_FORMAT: u32 = 1;

/// Why a stored snapshot cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// Larger than any that was written.
    #[error("the stored snapshot has more than {max} bytes")]
    TooLarge {
        /// The bound.
        max: usize,
    },
    /// Not gzip, or damaged.
    #[error("the stored snapshot is damaged")]
    Damaged {
        /// What the decoder says.
        source: io::Error,
    },
    /// The first line is not that of a stored snapshot.
    #[error("this is not a stored snapshot")]
    NotOne,
    /// A newer program wrote it.
    #[error("the stored snapshot has format {found}, and this program reads up to {STORED_FORMAT}")]
    Format {
        /// The format that its first line names.
        found: u32,
    },
    /// A line is not what it should be.
    #[error("the stored snapshot cannot be put together")]
    Line(#[from] AssembleError),
    /// Its content is not what its first line names.
    #[error("the stored snapshot is damaged: its digest is another")]
    Digest,
}

#[derive(Serialize, Deserialize)]
struct Head {
    yagura_snapshot: u32,
    digest: String,
}

/// Writes a snapshot for keeping.
pub fn encode_snapshot(snapshot: &Snapshot) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let head = Head { yagura_snapshot: STORED_FORMAT, digest: snapshot_digest(snapshot) };
    let head = serde_json::to_string(&head).unwrap_or_default();
    // Writing into memory does not fail; if it ever did, the digest in the first line would tell on reading.
    let written = writeln!(encoder, "{head}")
        .and_then(|()| visit_snapshot_lines(snapshot, &mut |line| writeln!(encoder, "{}", line.text())));
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

/// Reads a kept snapshot.
///
/// # Errors
/// See [`StoredError`].
pub fn decode_snapshot(bytes: &[u8]) -> Result<Snapshot, StoredError> {
    if bytes.len() > STORED_BYTES_MAX {
        return Err(StoredError::TooLarge { max: STORED_BYTES_MAX });
    }
    let bound = u64::try_from(TELEMETRY_BYTES_MAX).unwrap_or(u64::MAX);
    let mut reader = BufReader::new(GzDecoder::new(bytes).take(bound));
    let mut line = Vec::new();
    next_line(&mut reader, &mut line)?;
    let head: Head = serde_json::from_slice(&line).map_err(|_| StoredError::NotOne)?;
    if head.yagura_snapshot > STORED_FORMAT {
        return Err(StoredError::Format { found: head.yagura_snapshot });
    }
    let mut assembler = SnapshotAssembler::new();
    let mut number: u64 = 1;
    while next_line(&mut reader, &mut line)? {
        number = number.saturating_add(1);
        let text = std::str::from_utf8(&line).map_err(|_| StoredError::NotOne)?;
        assembler.push_line(text, number)?;
    }
    if reader.get_ref().limit() == 0 {
        return Err(StoredError::TooLarge { max: TELEMETRY_BYTES_MAX });
    }
    let (snapshot, digest, _) = assembler.finish()?;
    if digest == head.digest { Ok(snapshot) } else { Err(StoredError::Digest) }
}

/// Reads one line without its line feed; `false` at the end.
fn next_line(reader: &mut impl io::BufRead, line: &mut Vec<u8>) -> Result<bool, StoredError> {
    line.clear();
    let bound = u64::try_from(MESSAGE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let read = reader.take(bound).read_until(b'\n', line);
    if read.map_err(|source| StoredError::Damaged { source })? == 0 {
        return Ok(false);
    }
    if line.pop() == Some(b'\n') { Ok(true) } else { Err(StoredError::TooLarge { max: MESSAGE_BYTES_MAX }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::PACKAGES_MAX;
    use crate::testing::sample;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn an_empty_snapshot_survives() {
        let snapshot = Snapshot::default();
        let kept = encode_snapshot(&snapshot);
        assert_eq!(decode_snapshot(&kept).unwrap(), snapshot);
        assert_eq!(encode_snapshot(&snapshot), kept);
    }

    fn text_of(kept: &[u8]) -> String {
        let mut text = String::new();
        GzDecoder::new(kept).read_to_string(&mut text).unwrap();
        text
    }

    /// The file was written by the first version of this format. It is never written again: a change that no longer
    /// reads it loses the snapshots of every server out there.
    #[test]
    fn the_kept_file_opens_and_answers() {
        let kept = include_bytes!("../tests/golden/snapshot-1.gz");
        assert_eq!(decode_snapshot(kept).unwrap(), sample());
        // What is written today has the same lines; only gzip may pack them otherwise.
        let lines = include_str!("../tests/golden/snapshot-1.jsonl");
        assert_eq!(text_of(kept), lines);
        assert_eq!(text_of(&encode_snapshot(&sample())), lines);
    }

    #[test]
    fn damage_is_noticed() {
        let kept = encode_snapshot(&Snapshot::default());
        assert!(matches!(decode_snapshot(&kept[..kept.len() / 2]), Err(StoredError::Damaged { .. })));
        assert!(matches!(decode_snapshot(b""), Err(StoredError::Damaged { .. })));
        assert!(matches!(decode_snapshot(&gzip("{}\n")), Err(StoredError::NotOne)));
        let newer = gzip("{\"yagura_snapshot\":2,\"digest\":\"\"}\n");
        assert!(matches!(decode_snapshot(&newer), Err(StoredError::Format { found: 2 })));
        let empty = gzip("{\"yagura_snapshot\":1,\"digest\":\"\"}\n");
        assert!(matches!(decode_snapshot(&empty), Err(StoredError::Line(AssembleError::Incomplete))));
        let text = text_of(&kept);
        let other = text.replace("\"name\":\"\"", "\"name\":\"x\"");
        assert_ne!(other, text);
        assert!(matches!(decode_snapshot(&gzip(&other)), Err(StoredError::Digest)));
    }

    #[test]
    fn what_unpacks_without_end_is_not_kept_in_memory() {
        let long = format!("{{\"yagura_snapshot\":1,\"digest\":\"\"}}\n{}", "x".repeat(MESSAGE_BYTES_MAX + 1));
        assert!(matches!(decode_snapshot(&gzip(&long)), Err(StoredError::TooLarge { .. })));
        let line = r#"{"type":"Unknown","body":{}}"#;
        let many = format!("{line}\n").repeat(TELEMETRY_BYTES_MAX / line.len());
        let bomb = gzip(&format!("{{\"yagura_snapshot\":1,\"digest\":\"\"}}\n{many}"));
        assert!(bomb.len() < STORED_BYTES_MAX);
        let refused = decode_snapshot(&bomb).unwrap_err();
        assert!(matches!(refused, StoredError::TooLarge { .. }), "{refused}");
        const { assert!(PACKAGES_MAX * 600 < TELEMETRY_BYTES_MAX) };
    }
}
