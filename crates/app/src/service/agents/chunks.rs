//! Numbered pieces of telemetry: each kept once, acknowledged after it is.

use jiff::Timestamp;
use yagura_model::service::{Agent, Arn, ArnKind, HealthCode, Run};
use yagura_store::{Phase, RunAgent, StoreError, StoredChunk, Tx};
use yagura_wire::bounds::{CHUNK_BYTES_DEFAULT, CHUNK_BYTES_MAX, CHUNKS_MAX};
use yagura_wire::{
    ChunkAnswer, ChunkError, ChunkLimits, DecodedChunk, ErrorCode, MessageType, PROTOCOL, decode_chunk, sha256_hex,
};

use super::super::{App, AppError};
use super::{AgentError, Peer};

/// Bytes of a chunk's body that are read at all.
pub const CHUNK_BODY_BYTES_MAX: usize = CHUNK_BYTES_MAX;
/// Bytes of all chunks that one agent may send for one run. A large Debian host sends less than
/// one megabyte.
pub const RUN_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A chunk as it came.
#[derive(Debug, Clone, Copy)]
pub struct SentChunk<'c> {
    /// The run's ARN.
    pub run: &'c str,
    /// The chunk's number.
    pub number: u32,
    /// What the agent says is the SHA-256 of the body.
    pub sha256: &'c str,
    /// gzip over lines of JSON.
    pub body: &'c [u8],
}

/// Where a chunk stands.
enum Place {
    /// It is the one that is wanted.
    Wanted,
    /// It is kept already, and was the last one before the end is there.
    Kept {
        /// The snapshot is not made of it yet.
        unfinished: bool,
    },
}

impl App {
    /// Keeps a chunk. The last one makes the snapshot.
    ///
    /// # Errors
    /// When the agent is not let in, has no part in the run, or the chunk is not the one that is
    /// wanted.
    pub fn take_chunk(&self, peer: &Peer, sent: SentChunk<'_>) -> Result<ChunkAnswer, AgentError> {
        let now = self.now();
        if sent.number >= CHUNKS_MAX {
            let message = format!("a run has at most {CHUNKS_MAX} chunks of an agent");
            return Err(AgentError::refused(ErrorCode::BadRequest, message));
        }
        if sha256_hex(sent.body) != sent.sha256 {
            let message = "the header `Content-SHA256` is not that of the body";
            return Err(AgentError::refused(ErrorCode::BadRequest, message));
        }
        // Who it is and what is wanted is looked up before anything is unpacked.
        let (agent, run, place) = self.store.read(|tx| {
            let (agent, _) = self.admit(tx, peer, now)?;
            let (run, member) = membership(tx, &agent, sent.run)?;
            let place = place(tx, &run, &member, &sent)?;
            Ok::<_, AgentError>((agent, run, place))
        })?;
        let last = match place {
            Place::Kept { unfinished: false } => false,
            Place::Kept { unfinished: true } => is_last(&unpack(&sent)?),
            Place::Wanted => {
                let unpacked = unpack(&sent)?;
                self.keep(&agent, &run, &sent, &unpacked, now)?;
                // The run may begin with its first chunk.
                self.bell.ring();
                is_last(&unpacked)
            }
        };
        if last {
            self.finish_telemetry(peer, &agent, &run)?;
        }
        let next = sent.number.saturating_add(1);
        Ok(ChunkAnswer { protocol: PROTOCOL, acknowledged: sent.number, next })
    }

    fn keep(
        &self,
        agent: &Agent,
        run: &Run,
        sent: &SentChunk<'_>,
        unpacked: &DecodedChunk,
        now: Timestamp,
    ) -> Result<(), AgentError> {
        let bytes = u64::try_from(sent.body.len()).unwrap_or(u64::MAX);
        let kept = self.store.write(|tx| {
            let account = &run.scope.account;
            if tx.chunk_bytes(run.seq, &agent.id)?.saturating_add(bytes) > RUN_BYTES_MAX {
                let details = format!("sends more than {RUN_BYTES_MAX} bytes for one run");
                tx.set_run_agent_health(run.seq, &agent.id, HealthCode::Throttled, &details)?;
                tx.set_agent_health(&agent.id, HealthCode::Throttled, Some(&details))?;
                // The mark must stay, so this is not an error inside of the transaction.
                return Ok(Err(AgentError::refused(ErrorCode::Throttled, format!("the agent {details}"))));
            }
            if !tx.take_chunk(run.seq, &agent.id, sent.number.into(), now)? {
                return Err(at_the_same_moment());
            }
            let chunk = StoredChunk {
                run_seq: run.seq,
                agent: agent.id.clone(),
                number: sent.number.into(),
                sha256: sent.sha256.to_owned(),
                bytes,
                received_at: now,
            };
            tx.insert_chunk(account, &chunk, sent.body)?;
            for (name, count) in unpacked.counts().iter() {
                tx.add_telemetry(account, run.seq, &agent.id, name, count.count, count.bytes)?;
            }
            Ok(Ok(()))
        });
        match kept {
            Err(AgentError::Service(AppError::Internal(cause)))
                if matches!(cause.downcast_ref(), Some(StoreError::Conflict(_))) =>
            {
                Err(at_the_same_moment())
            }
            Err(error) => Err(error),
            Ok(outcome) => outcome,
        }
    }
}

/// The same chunk is being kept by another request; asked again, the answer is clear.
fn at_the_same_moment() -> AgentError {
    AgentError::Service(AppError::Temporary("the chunk is being kept at this moment".into()))
}

/// Finds the run, and the agent's part in it.
fn membership(tx: &mut Tx<'_>, agent: &Agent, run: &str) -> Result<(Run, RunAgent), AgentError> {
    let unknown = || AgentError::refused(ErrorCode::RunUnknown, format!("the agent has no part in a run `{run}`"));
    let arn = Arn::parse(run).filter(|arn| arn.kind() == ArnKind::Run).ok_or_else(unknown)?;
    let run = tx.run_by_arn(&agent.scope, &arn)?.ok_or_else(unknown)?;
    let member = tx.run_agent(run.seq, &agent.id)?.ok_or_else(unknown)?;
    Ok((run, member))
}

fn place(tx: &mut Tx<'_>, run: &Run, member: &RunAgent, sent: &SentChunk<'_>) -> Result<Place, AgentError> {
    let number = u64::from(sent.number);
    let conflict = |message: String| AgentError::Refused {
        code: ErrorCode::ChunkConflict,
        message,
        next: u32::try_from(member.next_chunk).ok(),
    };
    if let Some(kept) = tx.chunk(run.seq, &member.agent, number)? {
        if kept.sha256 != sent.sha256 {
            return Err(conflict(format!("chunk {number} came before with another content")));
        }
        let newest = number.checked_add(1) == Some(member.next_chunk);
        let unfinished = newest && member.phase == Phase::Collecting && run.state.takes_data();
        return Ok(Place::Kept { unfinished });
    }
    let sends = matches!(member.phase, Phase::Instructed | Phase::Collecting);
    if !run.state.takes_data() || !sends {
        return Err(AgentError::refused(ErrorCode::RunClosed, format!("run `{}` takes no more data", sent.run)));
    }
    if number != member.next_chunk {
        return Err(conflict(format!("chunk {} is wanted next, not {number}", member.next_chunk)));
    }
    Ok(Place::Wanted)
}

fn unpack(sent: &SentChunk<'_>) -> Result<DecodedChunk, AgentError> {
    let limits = ChunkLimits { bytes_max: CHUNK_BYTES_DEFAULT, ..ChunkLimits::default() };
    decode_chunk(sent.body, limits).map_err(|error| {
        let code = match &error {
            ChunkError::TooLarge { .. } | ChunkError::Unpacked { .. } | ChunkError::TooManyLines { .. } => {
                ErrorCode::TooLarge
            }
            _ => ErrorCode::BadRequest,
        };
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        AgentError::refused(code, format!("{error}{cause}"))
    })
}

fn is_last(unpacked: &DecodedChunk) -> bool {
    unpacked.counts().of(MessageType::MonitoringStop).count > 0
}
