//! Lines are packed into gzip chunks, and unpacked again under a bound.

use std::io::{self, Read as _, Write as _};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

use super::count::Counts;
use super::envelope::{Envelope, Line, MessageType, SplitBegin, SplitEnd, SplitPart};
use crate::bounds::{
    CHUNK_BYTES_DEFAULT, CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CHUNK_MESSAGES_MAX, CHUNK_UNPACKED_BYTES_MAX, CHUNKS_MAX,
    LINE_BYTES_MAX, PART_BYTES_MAX,
};
use crate::hash::sha256_hex;

/// One packed chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its number, from 0.
    pub number: u32,
    /// gzip over lines of JSON.
    pub bytes: Vec<u8>,
    /// The SHA-256 of `bytes` in hexadecimal digits.
    pub sha256: String,
    /// How many lines it has.
    pub lines: usize,
}

/// Why a chunk cannot be packed or unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ChunkError {
    /// More compressed bytes than allowed.
    #[error("the chunk has {bytes} bytes, and {max} are allowed")]
    TooLarge {
        /// Found.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// More bytes than allowed when unpacked.
    #[error("the chunk has more than {max} bytes when unpacked")]
    Unpacked {
        /// The bound.
        max: usize,
    },
    /// More lines than allowed.
    #[error("the chunk has more than {max} lines")]
    TooManyLines {
        /// The bound.
        max: usize,
    },
    /// More chunks than one run may have.
    #[error("the telemetry has more than {CHUNKS_MAX} chunks")]
    TooManyChunks,
    /// Not gzip, or damaged.
    #[error("the chunk is not gzip, or damaged")]
    Gzip {
        /// What the decoder says.
        source: io::Error,
    },
    /// Not lines of UTF-8 that each end in a line feed.
    #[error("line {line} of the chunk {why}")]
    Line {
        /// The line in the chunk, from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A line is not a telemetry message.
    #[error("line {line} of the chunk cannot be read")]
    Json {
        /// The line in the chunk, from 1.
        line: usize,
        /// What the parser says.
        source: serde_json::Error,
    },
}

/// Packs the lines of one stream into chunks, each below a bound of compressed bytes.
///
/// The same lines and the same bound give the same chunks.
#[derive(Debug)]
pub struct Chunker {
    bytes_max: usize,
    encoder: GzEncoder<Vec<u8>>,
    number: u32,
    lines: usize,
    unpacked: usize,
    /// Bytes that went in since the encoder was last made to give out all it has.
    pending: usize,
    counts: Counts,
}

/// The encoder is made to give out all it has after so many bytes, so that we know how far a chunk is.
const FLUSH_BYTES: usize = 32 * 1024;
/// gzip's frame, and what deflate adds to bytes that do not compress: 5 bytes for a block of 16 KiB or more.
const SLACK_BYTES: usize = 1024;

impl Chunker {
    /// Begins with chunk 0. A bound outside what instructions may ask for is moved inside.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max: bytes_max.clamp(CHUNK_BYTES_MIN, CHUNK_BYTES_MAX),
            encoder: encoder(),
            number: 0,
            lines: 0,
            unpacked: 0,
            pending: 0,
            counts: Counts::default(),
        }
    }

    /// Adds a message, in parts where it is longer than a line may be. Chunks that are full come out.
    ///
    /// # Errors
    /// When there are too many chunks.
    pub fn push(&mut self, line: &Line) -> Result<Vec<Chunk>, ChunkError> {
        let mut full = Vec::new();
        if line.text().len() <= LINE_BYTES_MAX {
            full.extend(self.add(line)?);
            return Ok(full);
        }
        let of = line.kind().as_str().to_owned();
        let begin = SplitBegin { of: of.clone(), bytes: line.text().len() };
        full.extend(self.add(&Line::of(MessageType::SplitBegin, &begin))?);
        let mut rest = line.text();
        while !rest.is_empty() {
            let (part, after) = rest.split_at(rest.floor_char_boundary(PART_BYTES_MAX));
            let part = SplitPart { of: of.clone(), text: part.to_owned() };
            full.extend(self.add(&Line::of(MessageType::SplitPart, &part))?);
            rest = after;
        }
        full.extend(self.add(&Line::of(MessageType::SplitEnd, &SplitEnd { of }))?);
        Ok(full)
    }

    /// Ends the stream with a message that is made from the number of chunks and what is in them.
    ///
    /// # Errors
    /// When there are too many chunks.
    pub fn finish(mut self, last: impl Fn(u32, &Counts) -> Line) -> Result<Vec<Chunk>, ChunkError> {
        let mut full = Vec::new();
        let counts = self.counts.clone();
        let mut line = last(self.number.saturating_add(1), &counts);
        if !self.fits(line.text().len())? {
            full.push(self.close()?);
            line = last(self.number.saturating_add(1), &counts);
        }
        full.extend(self.add(&line)?);
        full.push(self.close()?);
        Ok(full)
    }

    fn add(&mut self, line: &Line) -> Result<Option<Chunk>, ChunkError> {
        let text = line.text();
        let full = if self.fits(text.len())? { None } else { Some(self.close()?) };
        let envelope = Envelope::read(text).map_err(|source| ChunkError::Json { line: self.lines, source })?;
        let counted = self.counts.line(&envelope, text.len());
        counted.map_err(|source| ChunkError::Json { line: self.lines, source })?;
        let written = self.encoder.write_all(text.as_bytes()).and_then(|()| self.encoder.write_all(b"\n"));
        written.map_err(|source| ChunkError::Gzip { source })?;
        self.lines = self.lines.saturating_add(1);
        self.unpacked = self.unpacked.saturating_add(text.len()).saturating_add(1);
        self.pending = self.pending.saturating_add(text.len()).saturating_add(1);
        if self.pending >= FLUSH_BYTES {
            self.flush()?;
        }
        Ok(full)
    }

    /// Tells whether a line fits into the open chunk, even if neither it nor what is pending compresses.
    fn fits(&mut self, length: usize) -> Result<bool, ChunkError> {
        if self.lines == 0 {
            return Ok(true);
        }
        let length = length.saturating_add(1);
        if self.lines >= CHUNK_MESSAGES_MAX || self.unpacked.saturating_add(length) > CHUNK_UNPACKED_BYTES_MAX {
            return Ok(false);
        }
        if self.worst(length) > self.bytes_max {
            self.flush()?;
        }
        Ok(self.worst(length) <= self.bytes_max)
    }

    fn worst(&self, length: usize) -> usize {
        let out = self.encoder.get_ref().len();
        out.saturating_add(self.pending).saturating_add(length).saturating_add(SLACK_BYTES)
    }

    fn flush(&mut self) -> Result<(), ChunkError> {
        self.pending = 0;
        self.encoder.flush().map_err(|source| ChunkError::Gzip { source })
    }

    fn close(&mut self) -> Result<Chunk, ChunkError> {
        let number = self.number;
        if number >= CHUNKS_MAX {
            return Err(ChunkError::TooManyChunks);
        }
        let bytes = std::mem::replace(&mut self.encoder, encoder()).finish();
        let bytes = bytes.map_err(|source| ChunkError::Gzip { source })?;
        if bytes.len() > self.bytes_max {
            return Err(ChunkError::TooLarge { bytes: bytes.len(), max: self.bytes_max });
        }
        let chunk = Chunk { number, sha256: sha256_hex(&bytes), bytes, lines: self.lines };
        self.number = number.saturating_add(1);
        (self.lines, self.unpacked, self.pending) = (0, 0, 0);
        Ok(chunk)
    }
}

fn encoder() -> GzEncoder<Vec<u8>> {
    GzEncoder::new(Vec::new(), Compression::default())
}

/// The bounds under which a chunk is unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkLimits {
    /// Compressed bytes.
    pub bytes_max: usize,
    /// Bytes when unpacked.
    pub unpacked_bytes_max: usize,
    /// Lines.
    pub lines_max: usize,
}

impl Default for ChunkLimits {
    fn default() -> Self {
        Self {
            bytes_max: CHUNK_BYTES_DEFAULT,
            unpacked_bytes_max: CHUNK_UNPACKED_BYTES_MAX,
            lines_max: CHUNK_MESSAGES_MAX,
        }
    }
}

/// The lines of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedChunk {
    text: String,
    counts: Counts,
}

impl DecodedChunk {
    /// Goes through the lines, in order, for [`Assembler::push`](super::Assembler::push).
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.split_terminator('\n')
    }

    /// Returns the messages and bytes of this chunk by type.
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// Unpacks a chunk. Each line is known to be a JSON object with `type` and `body`; bodies are not looked at.
///
/// # Errors
/// See [`ChunkError`].
pub fn decode_chunk(bytes: &[u8], limits: ChunkLimits) -> Result<DecodedChunk, ChunkError> {
    if bytes.len() > limits.bytes_max {
        return Err(ChunkError::TooLarge { bytes: bytes.len(), max: limits.bytes_max });
    }
    let max = limits.unpacked_bytes_max;
    let mut decoder = GzDecoder::new(bytes);
    let mut unpacked = Vec::new();
    let bound = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let read = decoder.by_ref().take(bound).read_to_end(&mut unpacked);
    read.map_err(|source| ChunkError::Gzip { source })?;
    if unpacked.len() > max {
        return Err(ChunkError::Unpacked { max });
    }
    if !decoder.into_inner().is_empty() {
        // A second member behind the first would be read by some tools and not by others.
        return Err(ChunkError::Gzip { source: io::ErrorKind::InvalidData.into() });
    }
    let text = String::from_utf8(unpacked).map_err(|error| {
        let good = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = good.filter(|byte| **byte == b'\n').count().saturating_add(1);
        ChunkError::Line { line, why: "is not UTF-8" }
    })?;
    if !text.ends_with('\n') {
        return Err(ChunkError::Line { line: text.lines().count().max(1), why: "is cut off" });
    }
    let mut counts = Counts::default();
    for (number, line) in text.split_terminator('\n').enumerate() {
        if number >= limits.lines_max {
            return Err(ChunkError::TooManyLines { max: limits.lines_max });
        }
        let number = number.saturating_add(1);
        if line.len() > LINE_BYTES_MAX {
            return Err(ChunkError::Line { line: number, why: "is too long" });
        }
        let envelope = Envelope::read(line).map_err(|source| ChunkError::Json { line: number, source })?;
        counts.line(&envelope, line.len()).map_err(|source| ChunkError::Json { line: number, source })?;
    }
    Ok(DecodedChunk { text, counts })
}

#[cfg(test)]
mod tests;
