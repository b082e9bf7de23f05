//! The last chunk makes a snapshot of them all.

use jiff::Timestamp;
use yagura_model::Snapshot;
use yagura_model::service::{Agent, HealthCode, Run};
use yagura_store::{Phase, StoredSnapshot};
use yagura_wire::{
    AssembleError, Assembler, ChunkError, ChunkLimits, Content, ErrorCode, Telemetry, decode_chunk, encode_snapshot,
};

use super::super::{App, AppError};
use super::gate::Gate;
use super::{AgentError, Peer, snapshot_blob};

/// Snapshots that are put together at once: each needs some memory and a processor.
const ASSEMBLED_AT_ONCE_MAX: usize = 4;
static GATE: Gate = Gate::new(ASSEMBLED_AT_ONCE_MAX);

/// Characters of a reason that are kept.
const REASON_CHARS_MAX: usize = 500;

/// How an agent's part in a run ends: with the digest of its snapshot, or with the reason why
/// there is none.
type End<'e> = Result<(&'e str, Option<NewSnapshot<'e>>), &'e str>;

/// A snapshot that may be new to the store.
#[derive(Clone, Copy)]
struct NewSnapshot<'s> {
    stored: &'s StoredSnapshot,
    /// Name and version of each source package.
    sources: &'s [(String, String)],
    /// Name and version of each package of a language, by its ecosystem's release key.
    languages: &'s [(String, Vec<(String, String)>)],
}

/// What a stream of telemetry came to.
enum Outcome {
    /// The host as it is.
    Snapshot(Box<Snapshot>, String),
    /// The host is as it was.
    Known(String),
    /// Nothing to judge, and why.
    Nothing(String),
    /// The stream is not what it should be.
    Damaged(String),
}

impl App {
    /// Puts the chunks of an agent together and ends its part in the run.
    ///
    /// What cannot be put together ends it too, without a snapshot: the same chunks would not be
    /// better the next time, and the run must not wait for them.
    pub(super) fn finish_telemetry(&self, peer: &Peer, agent: &Agent, run: &Run) -> Result<(), AgentError> {
        let _pass = GATE.enter();
        let now = self.now();
        // The same chunk may have come twice, and the other one been faster, here or on another server.
        let member = self.store.read(|tx| tx.run_agent(run.seq, &agent.id))?;
        let Some(member) = member.filter(|member| member.phase == Phase::Collecting) else { return Ok(()) };
        let ended = match self.assemble(agent, run, member.next_chunk)? {
            None => return Ok(()),
            Some(Outcome::Snapshot(snapshot, digest)) => {
                self.keep_snapshot(agent, run, &snapshot, &digest, now)?;
                Ok(())
            }
            Some(Outcome::Known(digest)) => {
                self.end(agent, run, Ok((&digest, None)), now)?;
                Ok(())
            }
            Some(Outcome::Nothing(why)) => {
                self.end(agent, run, Err(&why), now)?;
                Ok(())
            }
            Some(Outcome::Damaged(why)) => {
                self.end(agent, run, Err(&why), now)?;
                Err(AgentError::refused(ErrorCode::BadRequest, why))
            }
        };
        tracing::debug!(agent.id = %agent.id, request.id = %peer.request_id, run.arn = %run.arn(), "telemetry is whole");
        self.bell.ring();
        ended
    }

    /// Puts so many chunks together; `None` when they are gone, because somebody else did.
    fn assemble(&self, agent: &Agent, run: &Run, chunks: u64) -> Result<Option<Outcome>, AgentError> {
        let mut assembler = Assembler::new();
        for number in 0..chunks {
            let Some(body) = self.store.read(|tx| tx.chunk_body(run.seq, &agent.id, number))? else {
                return Ok(None);
            };
            // It was unpacked when it came; that it cannot be now is damage on our side.
            let unpacked = decode_chunk(&body, ChunkLimits::default())
                .map_err(|error: ChunkError| AgentError::Service(AppError::internal(error)))?;
            for line in unpacked.lines() {
                if let Err(error) = assembler.push(line) {
                    return Ok(Some(damaged(&error)));
                }
            }
        }
        match assembler.finish() {
            Ok(telemetry) => self.judge_telemetry(agent, telemetry).map(Some),
            Err(error) => Ok(Some(damaged(&error))),
        }
    }

    fn judge_telemetry(&self, agent: &Agent, telemetry: Telemetry) -> Result<Outcome, AgentError> {
        Ok(match telemetry.content {
            Content::Snapshot { snapshot, digest } => Outcome::Snapshot(snapshot, digest),
            Content::Unchanged { digest } => {
                // An agent can only point to its own last snapshot, not to any that it knows of.
                let known = self.store.read(|tx| {
                    let own = tx.agent_by_id(&agent.id)?.and_then(|agent| agent.snapshot);
                    let stored = tx.snapshot(&agent.scope.account, &digest)?.is_some();
                    Ok::<_, AppError>(stored && own.as_deref() == Some(digest.as_str()))
                })?;
                if known {
                    Outcome::Known(digest)
                } else {
                    Outcome::Damaged("the telemetry refers to a snapshot that the server does not have".into())
                }
            }
            Content::Nothing => {
                let told: Vec<String> = telemetry.stop.problems.into_iter().map(|problem| problem.en).collect();
                let why = if told.is_empty() { "the host could not be read".to_owned() } else { told.join("; ") };
                Outcome::Nothing(why)
            }
        })
    }

    fn keep_snapshot(
        &self,
        agent: &Agent,
        run: &Run,
        snapshot: &Snapshot,
        digest: &str,
        now: Timestamp,
    ) -> Result<(), AgentError> {
        let account = &agent.scope.account;
        let known = self.store.read(|tx| tx.snapshot(account, digest))?;
        let stored = match known {
            Some(known) => known,
            None => {
                let bytes = encode_snapshot(snapshot);
                self.blobs.put(&snapshot_blob(account, digest), &bytes)?;
                StoredSnapshot {
                    account: account.clone(),
                    digest: digest.to_owned(),
                    release: snapshot
                        .release
                        .as_ref()
                        .and_then(|release| release.key())
                        .map(|key| key.as_str().to_owned()),
                    packages: u64::try_from(snapshot.packages.len()).unwrap_or(u64::MAX),
                    bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
                    created_at: now,
                }
            }
        };
        let sources: Vec<(String, String)> = yagura_matcher::statement_sources(snapshot)
            .into_iter()
            .map(|(name, version)| (name.into_owned(), version.to_owned()))
            .collect();
        let languages: Vec<(String, Vec<(String, String)>)> = yagura_matcher::language_sources(snapshot)
            .into_iter()
            .map(|(release, packages)| {
                let owned = packages.into_iter().map(|(name, version)| (name.to_owned(), version.to_owned()));
                (release.as_str().to_owned(), owned.collect())
            })
            .collect();
        let new = NewSnapshot { stored: &stored, sources: &sources, languages: &languages };
        self.end(agent, run, Ok((digest, Some(new))), now)
    }

    /// Writes what an agent's telemetry came to, and lets its chunks go.
    fn end(&self, agent: &Agent, run: &Run, outcome: End<'_>, now: Timestamp) -> Result<(), AgentError> {
        self.store.write(|tx| {
            let flushed = match outcome {
                Ok((digest, new)) => {
                    if let Some(NewSnapshot { stored, sources, languages }) = new
                        && tx.put_snapshot(stored, sources)?
                    {
                        for (release, packages) in languages {
                            tx.put_snapshot_packages(&stored.account, &stored.digest, release, packages)?;
                        }
                    }
                    tx.set_agent_snapshot(&agent.id, digest, now)?;
                    tx.flush_run_agent(run.seq, &agent.id, Ok(digest), now)?
                }
                Err(why) => {
                    let why: String = why.chars().take(REASON_CHARS_MAX).collect();
                    tx.flush_run_agent(run.seq, &agent.id, Err((HealthCode::Unhealthy, &why)), now)?
                }
            };
            if flushed {
                tx.drop_chunk_bodies(run.seq, &agent.id)?;
            }
            Ok(())
        })
    }
}

fn damaged(error: &AssembleError) -> Outcome {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Outcome::Damaged(format!("{error}{cause}"))
}
