//! Chunks on the disk until they are acknowledged.
//!
//! A run has a folder below `spool/`, named by the hash of its ARN, with `run.json` and the chunks `00000.gz` and so
//! on. It is written under another name and renamed when it is whole: a folder that exists has all its chunks. The
//! file of a chunk is removed after its acknowledgement, so what is there is what is to be sent. Nothing else is
//! remembered, and nothing has to be repaired after a `kill -9`.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use yagura_wire::bounds::RUNS_MAX;
use yagura_wire::{Chunk, ChunkError, Instruction, RunProgress, sha256_hex};

use crate::files::{self, StateError};
use crate::stream::Collected;

/// Bytes of all chunks on the disk; the oldest run is dropped first.
pub const SPOOL_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// How long after its deadline a run is remembered, so that an instruction that comes again is known.
const REMEMBERED_HOURS: i64 = 24;
/// Names in the spool folder: more than that is not ours.
const ENTRIES_MAX: usize = 10_000;
/// Bytes of a chunk's file.
const CHUNK_BYTES: u64 = 1024 * 1024;
const RECORD: &str = "run.json";

/// Why a collection is not in the spool.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    /// The disk.
    #[error(transparent)]
    State(#[from] StateError),
    /// The stream breaks the protocol's bounds.
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    /// One run alone is more than the spool may hold.
    #[error("the telemetry of `{run}` has more than {bytes_max} bytes, which is all that the spool may hold")]
    TooLarge {
        /// The run.
        run: String,
        /// The ceiling.
        bytes_max: u64,
    },
}

/// What is remembered of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunRecord {
    run: String,
    instruction_id: String,
    created_at: Timestamp,
    deadline: Timestamp,
    /// SHA-256 of each chunk, by its number.
    chunks: Vec<String>,
}

/// A run in the spool.
#[derive(Debug)]
pub(crate) struct SpooledRun {
    folder: PathBuf,
    record: RunRecord,
    /// The first chunk that is not acknowledged.
    next: u32,
    /// Bytes on the disk.
    bytes: u64,
}

impl SpooledRun {
    pub(crate) fn run(&self) -> &str {
        &self.record.run
    }

    fn count(&self) -> u32 {
        u32::try_from(self.record.chunks.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.next >= self.count()
    }

    pub(crate) fn progress(&self) -> RunProgress {
        RunProgress { run: self.record.run.clone(), next_chunk: self.next, done: self.is_done() }
    }
}

/// A chunk that is to be sent.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) run: String,
    pub(crate) number: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) sha256: String,
}

/// The spool: runs in the order in which they were collected.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    bytes_max: u64,
    runs: Vec<SpooledRun>,
}

impl Spool {
    /// Opens the spool: sweeps what was interrupted, and takes up what is whole. What cannot be read is removed and
    /// named.
    pub(crate) fn open(folder: &Path, bytes_max: u64) -> Result<(Self, Vec<String>), StateError> {
        files::create_directory(folder)?;
        let mut spool = Self { folder: folder.to_owned(), bytes_max, runs: Vec::new() };
        let mut notes = Vec::new();
        let entries = fs::read_dir(folder).map_err(|source| StateError::new("read", folder, source))?;
        for entry in entries.take(ENTRIES_MAX) {
            let path = entry.map_err(|source| StateError::new("read", folder, source))?.path();
            if path.extension().is_some_and(|extension| extension == "tmp") {
                files::remove_directory(&path)?;
                continue;
            }
            match take_up(&path) {
                Ok(run) => spool.runs.push(run),
                Err(error) => {
                    notes.push(format!("telemetry in the spool was dropped: {error}"));
                    // What is neither ours nor removable stays where it is.
                    let _ = files::remove_directory(&path);
                }
            }
        }
        spool.runs.sort_by(|a, b| (a.record.created_at, &a.record.run).cmp(&(b.record.created_at, &b.record.run)));
        Ok((spool, notes))
    }

    pub(crate) fn runs(&self) -> &[SpooledRun] {
        &self.runs
    }

    pub(crate) fn has(&self, run: &str) -> bool {
        self.runs.iter().any(|spooled| spooled.run() == run)
    }

    /// Tells whether there is something to send.
    pub(crate) fn is_pending(&self) -> bool {
        self.runs.iter().any(|run| !run.is_done())
    }

    /// Writes a collection whole. Returns which runs had to make room, oldest first.
    pub(crate) fn add(
        &mut self,
        instruction: &Instruction,
        collected: &Collected,
        now: Timestamp,
    ) -> Result<Vec<String>, SpoolError> {
        // Packing twice costs milliseconds; a ceiling that holds at every moment needs to know the size before.
        let mut bytes: u64 = 0;
        collected.pack(instruction.chunk_bytes_max, &mut |chunk: Chunk| {
            bytes = bytes.saturating_add(u64::try_from(chunk.bytes.len()).unwrap_or(u64::MAX));
            if bytes <= self.bytes_max {
                return Ok(());
            }
            Err(SpoolError::TooLarge { run: instruction.run.clone(), bytes_max: self.bytes_max })
        })?;
        let dropped = self.make_room(bytes)?;
        let folder = self.folder.join(folder_name(&instruction.run));
        let temporary = folder.with_extension("tmp");
        let record = match write(&temporary, instruction, collected, now) {
            Ok(record) => record,
            Err(error) => {
                // The first error is the one to report; the next start sweeps what is left.
                let _ = files::remove_directory(&temporary);
                return Err(error);
            }
        };
        files::remove_directory(&folder)?;
        files::rename(&temporary, &folder)?;
        self.runs.push(SpooledRun { folder, record, next: 0, bytes });
        Ok(dropped)
    }

    /// Drops the oldest runs until `bytes` more fit.
    fn make_room(&mut self, bytes: u64) -> Result<Vec<String>, StateError> {
        let mut dropped = Vec::new();
        while self.bytes().saturating_add(bytes) > self.bytes_max {
            let Some(oldest) = self.runs.iter().find(|run| run.bytes > 0).map(|run| run.record.run.clone()) else {
                break;
            };
            self.discard(&oldest)?;
            dropped.push(oldest);
        }
        Ok(dropped)
    }

    /// Returns the bytes on the disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.runs.iter().map(|run| run.bytes).sum()
    }

    /// Reads the next chunk to send: of the oldest run that has one.
    pub(crate) fn next(&mut self) -> Result<Option<Pending>, PendingError> {
        while let Some(run) = self.runs.iter_mut().find(|run| !run.is_done()) {
            let path = run.folder.join(chunk_name(run.next));
            let damaged = || PendingError { run: run.record.run.clone(), path: path.clone() };
            let expected = usize::try_from(run.next).ok().and_then(|number| run.record.chunks.get(number));
            match files::read(&path, CHUNK_BYTES) {
                // Only an acknowledgement removes a chunk; a machine that lost its power may have kept an earlier one.
                Ok(None) => run.next = run.next.saturating_add(1),
                Ok(Some(bytes)) => {
                    let sha256 = sha256_hex(&bytes);
                    // What is not what was written is never sent as if it were.
                    if expected != Some(&sha256) {
                        return Err(damaged());
                    }
                    return Ok(Some(Pending { run: run.record.run.clone(), number: run.next, bytes, sha256 }));
                }
                Err(_) => return Err(damaged()),
            }
        }
        Ok(None)
    }

    /// Removes every chunk of a run below `next`: the server has them.
    pub(crate) fn acknowledge(&mut self, name: &str, next: u32) -> Result<(), StateError> {
        let Some(run) = self.runs.iter_mut().find(|run| run.record.run == name) else { return Ok(()) };
        let next = next.min(run.count());
        while run.next < next {
            let path = run.folder.join(chunk_name(run.next));
            let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
            files::remove(&path)?;
            run.bytes = run.bytes.saturating_sub(bytes);
            run.next = run.next.saturating_add(1);
        }
        Ok(())
    }

    /// Forgets a run with all its chunks.
    pub(crate) fn discard(&mut self, name: &str) -> Result<(), StateError> {
        let Some(at) = self.runs.iter().position(|run| run.record.run == name) else { return Ok(()) };
        // The new name first: a folder that is removed halfway must not be taken for a run.
        let folder = self.runs.remove(at).folder;
        let temporary = folder.with_extension("tmp");
        files::rename(&folder, &temporary)?;
        files::remove_directory(&temporary)
    }

    /// Forgets runs that nobody asks for any more.
    pub(crate) fn forget_old(&mut self, now: Timestamp) -> Result<Vec<String>, StateError> {
        let mut late = Vec::new();
        let over = |run: &SpooledRun| {
            let until = run.record.deadline.checked_add(REMEMBERED_HOURS.hours());
            until.is_ok_and(|until| until < now)
        };
        let names: Vec<(String, bool)> =
            self.runs.iter().filter(|run| over(run)).map(|run| (run.record.run.clone(), run.is_done())).collect();
        for (name, done) in names {
            self.discard(&name)?;
            if !done {
                late.push(name);
            }
        }
        while self.runs.len() > RUNS_MAX {
            let oldest = self.runs.iter().find(|run| run.is_done()).or(self.runs.first());
            let Some((name, done)) = oldest.map(|run| (run.record.run.clone(), run.is_done())) else { break };
            self.discard(&name)?;
            if !done {
                late.push(name);
            }
        }
        Ok(late)
    }
}

/// A chunk on the disk is not what was written.
#[derive(Debug, thiserror::Error)]
#[error("the spooled chunk `{}` is damaged", .path.display())]
pub(crate) struct PendingError {
    pub(crate) run: String,
    path: PathBuf,
}

/// Returns the bytes of all chunks below a spool folder and how many runs wait, without opening it.
pub(crate) fn usage(folder: &Path) -> (u64, usize) {
    let Ok(entries) = fs::read_dir(folder) else { return (0, 0) };
    let runs = entries.take(ENTRIES_MAX).flatten().filter_map(|entry| take_up(&entry.path()).ok());
    runs.filter(|run| !run.is_done())
        .fold((0, 0), |(bytes, count): (u64, usize), run| (bytes.saturating_add(run.bytes), count.saturating_add(1)))
}

fn write(
    temporary: &Path,
    instruction: &Instruction,
    collected: &Collected,
    now: Timestamp,
) -> Result<RunRecord, SpoolError> {
    files::remove_directory(temporary)?;
    files::create_directory(temporary)?;
    let mut record = RunRecord {
        run: instruction.run.clone(),
        instruction_id: instruction.instruction_id.clone(),
        created_at: now,
        deadline: instruction.deadline,
        chunks: Vec::new(),
    };
    collected.pack(instruction.chunk_bytes_max, &mut |chunk: Chunk| {
        files::write_durably(&temporary.join(chunk_name(chunk.number)), &chunk.bytes)?;
        record.chunks.push(chunk.sha256);
        Ok::<(), SpoolError>(())
    })?;
    files::write_json(&temporary.join(RECORD), &record)?;
    files::sync_directory(temporary)?;
    Ok(record)
}

fn take_up(folder: &Path) -> Result<SpooledRun, StateError> {
    let path = folder.join(RECORD);
    let missing = || StateError::Damaged { path: path.clone(), why: "it is missing".to_owned() };
    let record: RunRecord = files::read_json(&path)?.ok_or_else(missing)?;
    let mut run = SpooledRun { folder: folder.to_owned(), record, next: 0, bytes: 0 };
    let sizes: Vec<Option<u64>> = (0..run.count())
        .map(|number| fs::metadata(folder.join(chunk_name(number))).ok().map(|metadata| metadata.len()))
        .collect();
    // Chunks are removed in order; what is before the first that is there was acknowledged.
    let first = sizes.iter().position(Option::is_some).unwrap_or(sizes.len());
    run.next = u32::try_from(first).unwrap_or(u32::MAX);
    run.bytes = sizes.iter().flatten().sum();
    Ok(run)
}

fn folder_name(run: &str) -> String {
    sha256_hex(run.as_bytes()).chars().take(32).collect()
}

fn chunk_name(number: u32) -> String {
    format!("{number:05}.gz")
}
