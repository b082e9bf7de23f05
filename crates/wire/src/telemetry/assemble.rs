//! A stream of lines becomes a snapshot, or the word that nothing changed.

use yagura_model::Snapshot;

use super::count::Counts;
use super::envelope::{Envelope, MessageType, SplitBegin, SplitEnd, SplitPart};
use super::snapshot::SnapshotAssembler;
use super::stream::{MonitoringStart, MonitoringStop, NetworkInterface, UnchangedBody};
use crate::bounds::{
    COLLECT_MAX, INTERFACES_MAX, LINE_BYTES_MAX, MESSAGE_BYTES_MAX, STOP_PROBLEMS_MAX, TELEMETRY_BYTES_MAX,
};

/// Why telemetry does not become a snapshot. Lines are counted from 1 over all chunks of a stream.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// Not JSON, cut off, or a member is missing or of another type.
    #[error("line {line} of the telemetry cannot be read")]
    Malformed {
        /// The line.
        line: u64,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A message that may not stand here, or a second one of what there is one.
    #[error("line {line} of the telemetry: `{kind}` may not stand here")]
    Misplaced {
        /// The line.
        line: u64,
        /// The type.
        kind: &'static str,
    },
    /// More than a host can have.
    #[error("line {line} of the telemetry: more than {max} {what}")]
    TooMany {
        /// The line.
        line: u64,
        /// Of what.
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// A line or a message that is too long, or a stream that is.
    #[error("line {line} of the telemetry: {what} has more than {max} bytes")]
    TooLarge {
        /// The line.
        line: u64,
        /// `the line`, `the message`, `the stream`.
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// A long message whose parts are not those that were announced.
    #[error("line {line} of the telemetry: the parts of the message do not fit together")]
    Parts {
        /// The line.
        line: u64,
    },
    /// The stream has no end, or the snapshot in it has none.
    #[error("the telemetry is incomplete")]
    Incomplete,
    /// The end of the stream names another digest, or other counts, than what was received.
    #[error("the telemetry is not what the agent says it sent: another {what}")]
    Contradicted {
        /// `digest` or `number of messages`.
        what: &'static str,
    },
}

/// A whole stream.
#[derive(Debug)]
pub struct Telemetry {
    /// How it began.
    pub start: MonitoringStart,
    /// How it ended.
    pub stop: MonitoringStop,
    /// What it says about the host.
    pub content: Content,
    /// The host's network interfaces.
    pub interfaces: Vec<NetworkInterface>,
    /// Every message, the first and the last included.
    pub counts: Counts,
    /// How many messages this side does not know.
    pub unknown: u64,
}

/// What a stream says about the host.
#[derive(Debug)]
pub enum Content {
    /// All that was read, and its digest, which was checked.
    Snapshot {
        /// What was read.
        snapshot: Box<Snapshot>,
        /// The digest of the messages as received.
        digest: String,
    },
    /// The host is as it was.
    Unchanged {
        /// The digest of the snapshot that the server has.
        digest: String,
    },
    /// The host could not be read; the end of the stream says why.
    Nothing,
}

/// Takes the lines of a stream in order.
#[derive(Debug)]
pub struct Assembler {
    line: u64,
    bytes: usize,
    counts: Counts,
    start: Option<MonitoringStart>,
    before_stop: Counts,
    stop: Option<MonitoringStop>,
    unchanged: Option<String>,
    interfaces: Vec<NetworkInterface>,
    snapshot: SnapshotAssembler,
    split: Option<Split>,
}

#[derive(Debug)]
struct Split {
    of: String,
    bytes: usize,
    text: String,
}

impl Assembler {
    /// Waits for the first line.
    pub fn new() -> Self {
        Self {
            line: 0,
            bytes: 0,
            counts: Counts::default(),
            start: None,
            before_stop: Counts::default(),
            stop: None,
            unchanged: None,
            interfaces: Vec::new(),
            snapshot: SnapshotAssembler::new(),
            split: None,
        }
    }

    /// Takes one line, without its line feed.
    ///
    /// # Errors
    /// See [`AssembleError`]. After an error the stream cannot become a snapshot any more.
    pub fn push(&mut self, line: &str) -> Result<(), AssembleError> {
        self.line = self.line.saturating_add(1);
        self.bytes = self.bytes.saturating_add(line.len());
        if line.len() > LINE_BYTES_MAX {
            return Err(self.too_large("the line", LINE_BYTES_MAX));
        }
        if self.bytes > TELEMETRY_BYTES_MAX {
            return Err(self.too_large("the stream", TELEMETRY_BYTES_MAX));
        }
        let number = self.line;
        let malformed = |source| AssembleError::Malformed { line: number, source };
        let envelope = Envelope::read(line).map_err(malformed)?;
        if envelope.known() == Some(MessageType::MonitoringStop) {
            self.before_stop = self.counts.clone();
        }
        self.counts.line(&envelope, line.len()).map_err(malformed)?;
        match envelope.known() {
            Some(MessageType::SplitBegin) => self.begin_split(envelope.body().map_err(malformed)?),
            Some(MessageType::SplitPart) => self.add_part(&envelope.body().map_err(malformed)?),
            Some(MessageType::SplitEnd) => self.end_split(&envelope.body().map_err(malformed)?),
            _ if self.split.is_some() => Err(AssembleError::Parts { line: number }),
            _ => self.message(&envelope, line),
        }
    }

    fn begin_split(&mut self, begin: SplitBegin) -> Result<(), AssembleError> {
        if self.split.is_some() {
            return Err(AssembleError::Parts { line: self.line });
        }
        if begin.bytes > MESSAGE_BYTES_MAX {
            return Err(self.too_large("the message", MESSAGE_BYTES_MAX));
        }
        self.split = Some(Split { of: begin.of, bytes: begin.bytes, text: String::new() });
        Ok(())
    }

    fn add_part(&mut self, part: &SplitPart) -> Result<(), AssembleError> {
        let error = AssembleError::Parts { line: self.line };
        let Some(split) = self.split.as_mut().filter(|split| split.of == part.of) else {
            return Err(error);
        };
        if split.text.len().saturating_add(part.text.len()) > split.bytes {
            return Err(error);
        }
        split.text.push_str(&part.text);
        Ok(())
    }

    fn end_split(&mut self, end: &SplitEnd) -> Result<(), AssembleError> {
        let line = self.line;
        let whole = self.split.take().filter(|split| split.of == end.of && split.text.len() == split.bytes);
        let split = whole.ok_or(AssembleError::Parts { line })?;
        let envelope = Envelope::read(&split.text).map_err(|source| AssembleError::Malformed { line, source })?;
        let is_frame =
            matches!(envelope.known(), Some(MessageType::SplitBegin | MessageType::SplitPart | MessageType::SplitEnd));
        if is_frame || envelope.kind != split.of {
            return Err(AssembleError::Parts { line });
        }
        self.message(&envelope, &split.text)
    }

    fn message(&mut self, envelope: &Envelope<'_>, text: &str) -> Result<(), AssembleError> {
        let line = self.line;
        let kind = envelope.known();
        let malformed = |source| AssembleError::Malformed { line, source };
        let begins = kind == Some(MessageType::MonitoringStart);
        if begins != self.start.is_none() || self.stop.is_some() {
            return Err(AssembleError::Misplaced { line, kind: kind.map_or("unknown", MessageType::as_str) });
        }
        match kind {
            Some(MessageType::MonitoringStart) => {
                let start: MonitoringStart = envelope.body().map_err(malformed)?;
                many(start.collected.len(), COLLECT_MAX, "collection words", line)?;
                self.start = Some(start);
                Ok(())
            }
            Some(MessageType::MonitoringStop) => {
                let stop: MonitoringStop = envelope.body().map_err(malformed)?;
                many(stop.problems.len(), STOP_PROBLEMS_MAX, "problems", line)?;
                self.stop = Some(stop);
                Ok(())
            }
            Some(MessageType::NetworkInterface) => {
                many(self.interfaces.len().saturating_add(1), INTERFACES_MAX, "network interfaces", line)?;
                self.interfaces.push(envelope.body().map_err(malformed)?);
                Ok(())
            }
            Some(MessageType::Unchanged) => {
                if self.unchanged.is_some() || !self.snapshot.is_empty() {
                    return Err(AssembleError::Misplaced { line, kind: MessageType::Unchanged.as_str() });
                }
                let body: UnchangedBody = envelope.body().map_err(malformed)?;
                self.unchanged = Some(body.digest);
                Ok(())
            }
            Some(kind) if self.unchanged.is_some() => Err(AssembleError::Misplaced { line, kind: kind.as_str() }),
            _ => self.snapshot.push(envelope, text, line),
        }
    }

    /// Tells whether the last message was taken.
    pub const fn is_complete(&self) -> bool {
        self.stop.is_some()
    }

    /// Returns what the stream says.
    ///
    /// # Errors
    /// When it has no end, or its end contradicts it.
    pub fn finish(self) -> Result<Telemetry, AssembleError> {
        let (Some(start), Some(stop)) = (self.start, self.stop) else {
            return Err(AssembleError::Incomplete);
        };
        if stop.messages != self.before_stop {
            return Err(AssembleError::Contradicted { what: "number of messages" });
        }
        if stop.digest != start.digest {
            return Err(AssembleError::Contradicted { what: "digest" });
        }
        let mut unknown = 0;
        let content = match (self.unchanged, &stop.digest) {
            (Some(digest), Some(said)) if digest == *said => Content::Unchanged { digest },
            (None, Some(said)) => {
                let (snapshot, digest, count) = self.snapshot.finish()?;
                if digest != *said {
                    return Err(AssembleError::Contradicted { what: "digest" });
                }
                unknown = count;
                Content::Snapshot { snapshot: Box::new(snapshot), digest }
            }
            (None, None) if self.snapshot.is_empty() => Content::Nothing,
            _ => return Err(AssembleError::Contradicted { what: "digest" }),
        };
        Ok(Telemetry { start, stop, content, interfaces: self.interfaces, counts: self.counts, unknown })
    }

    const fn too_large(&self, what: &'static str, max: usize) -> AssembleError {
        AssembleError::TooLarge { line: self.line, what, max }
    }
}

impl Default for Assembler {
    fn default() -> Self {
        Self::new()
    }
}

fn many(found: usize, max: usize, what: &'static str, line: u64) -> Result<(), AssembleError> {
    if found > max { Err(AssembleError::TooMany { line, what, max }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
