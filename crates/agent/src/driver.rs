//! The loop: heartbeat, instructions, collection, chunks; and what to do when one of them fails.
//!
//! Everything that must survive is on the disk before it is acted on: the nonce of an answer before the answer, a
//! whole collection before its first chunk is sent. The driver itself can die at any point.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use yagura_wire::bounds::{DETAILS_BYTES_MAX, WAIT_SECONDS_MAX};
use yagura_wire::{
    AgentFacts, ErrorCode, GoodbyeRequest, Health, HealthCode, HeartbeatAnswer, HeartbeatRequest, Instruction,
    PROTOCOL, RenewRequest, StopOrder,
};

use crate::agent::{RunError, RunOptions, VERSION};
use crate::certificate;
use crate::clock::{BackOff, Clock, WAIT_MAX, jitter};
use crate::files::StateError;
use crate::host::Collector;
use crate::spool::{Pending, Spool, SpoolError};
use crate::state::{Halt, Identity, LastWords, Record, StateDir};
use crate::stop::Stop;
use crate::stream;
use crate::transport::{CallError, Transport};

/// How long chunks are sent before the server is asked again whether it still wants them.
const SEND_SLICE: SignedDuration = SignedDuration::from_secs(20);
/// How long a failed renewal is left alone.
const RENEW_PAUSE: SignedDuration = SignedDuration::from_secs(10 * 60);
/// How long an instruction that could not be followed is left alone.
const FAILED_PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// How much of the wait that it asked for a heartbeat must have been held to count as held.
const HELD_SHARE: i32 = 2;
/// The most by chance between two held heartbeats.
const HELD_PAUSE: Duration = Duration::from_secs(1);
/// Facts are read again after so long.
const FACTS_PAUSE: SignedDuration = SignedDuration::from_secs(60 * 60);
/// Notes for the server that are kept until it has heard them.
const NOTES_MAX: usize = 20;
/// Instructions that could not be followed and are remembered.
const FAILED_MAX: usize = 100;

/// How an agent ended that was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Somebody wanted to stop.
    Stopped,
    /// With `once`: there is nothing left to do.
    NothingToDo,
}

/// What a driver works with.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) transport: &'a dyn Transport,
    pub(crate) collector: &'a dyn Collector,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) stop: &'a Stop,
}

pub(crate) struct Driver<'a> {
    state: &'a StateDir,
    record: Record,
    parts: Parts<'a>,
    options: &'a RunOptions,
    spool: Spool,
    nonce: String,
    words: LastWords,
    back_off: BackOff,
    /// Facts that the server has, and when they were read.
    told: Option<(AgentFacts, Timestamp)>,
    /// What went wrong, until the server has heard it.
    notes: Vec<String>,
    /// Runs whose instruction could not be followed, and until when they are left alone.
    failed: BTreeMap<String, Timestamp>,
    renew_not_before: Option<Timestamp>,
    /// How far the server's clock is ahead of ours.
    ahead: SignedDuration,
}

/// What to do after a step.
enum Next {
    /// Go on at once.
    Now,
    /// Wait first.
    After(Duration),
}

impl<'a> Driver<'a> {
    pub(crate) fn open(
        state: &'a StateDir,
        record: Record,
        parts: Parts<'a>,
        options: &'a RunOptions,
    ) -> Result<Self, StateError> {
        let (spool, notes) = Spool::open(&state.spool(), options.spool_bytes_max)?;
        Ok(Self {
            nonce: state.nonce()?,
            words: state.last_words()?,
            state,
            record,
            parts,
            options,
            spool,
            back_off: BackOff::default(),
            told: None,
            notes,
            failed: BTreeMap::new(),
            renew_not_before: None,
            ahead: SignedDuration::ZERO,
        })
    }

    /// Goes on until somebody wants to stop, or the agent may not go on.
    pub(crate) fn run(&mut self) -> Result<Ended, RunError> {
        self.tell(&format!("agent `{}` of `{}` runs", self.record.agent_id, self.record.server));
        loop {
            if self.parts.stop.is_set() {
                self.goodbye();
                return Ok(Ended::Stopped);
            }
            let next = match self.round() {
                Ok(Some(next)) => {
                    self.back_off.reset();
                    next
                }
                Ok(None) => return Ok(Ended::NothingToDo),
                Err(RunError::Call(CallError::Stopped)) => continue,
                Err(error) => self.after_failure(error)?,
            };
            if let Next::After(wait) = next {
                // A wish to stop that ends the wait is seen at the top.
                let _ = self.parts.clock.wait(wait, self.parts.stop);
            }
        }
    }

    /// One heartbeat and all that follows from its answer. `None` when there is nothing to do and `once` was given.
    fn round(&mut self) -> Result<Option<Next>, RunError> {
        let waits = if self.spool.is_pending() || self.options.once { 0 } else { WAIT_SECONDS_MAX };
        let asked_at = self.now();
        let answer = self.heartbeat(waits)?;
        let held = self.now().duration_since(asked_at);
        for order in &answer.stop {
            self.stop_run(order)?;
        }
        let followed = self.follow(&answer)?;
        self.renew_if_due(answer.renew);
        let late = self.spool.forget_old(self.server_now())?;
        self.note_each(late, "was never sent: its run is over");
        let sent = self.send()?;
        if followed || sent || self.spool.is_pending() {
            return Ok(Some(Next::Now));
        }
        if self.options.once {
            return Ok(None);
        }
        let held_long = held >= SignedDuration::from_secs(i64::from(waits) / i64::from(HELD_SHARE));
        Ok(Some(Next::After(if waits > 0 && held_long {
            jitter(self.parts.clock, HELD_PAUSE)
        } else {
            let pause = Duration::from_secs(u64::from(answer.heartbeat_seconds));
            (pause / 2).saturating_add(jitter(self.parts.clock, pause / 2))
        })))
    }

    fn heartbeat(&mut self, wait_seconds: u32) -> Result<HeartbeatAnswer, RunError> {
        let facts = self.facts_to_tell();
        let request = HeartbeatRequest {
            protocol: PROTOCOL,
            nonce: self.nonce.clone(),
            agent_version: VERSION.to_owned(),
            facts: facts.clone(),
            health: self.health(),
            runs: self.spool.runs().iter().map(crate::spool::SpooledRun::progress).collect(),
            wait_seconds,
        };
        let answer = self.parts.transport.heartbeat(&request, self.parts.stop);
        let answer = answer.map_err(|error| self.halted(error))?;
        // The nonce first: an agent that dies now must not come back with an old one twice.
        self.state.write_nonce(&answer.nonce)?;
        self.nonce.clone_from(&answer.nonce);
        self.notes.clear();
        if let Some(facts) = facts {
            self.told = Some((facts, self.now()));
        }
        let now = self.now();
        self.ahead = answer.server_time.duration_since(now);
        self.words = LastWords { last_contact: Some(now), last_error: None, halt: None };
        self.state.write_last_words(&self.words)?;
        Ok(answer)
    }

    /// Reads the facts where the server has none yet or it is time to look again; `None` where nothing changed.
    fn facts_to_tell(&mut self) -> Option<AgentFacts> {
        if let Some((_, read_at)) = &self.told
            && self.now().duration_since(*read_at) < FACTS_PAUSE
        {
            return None;
        }
        match self.parts.collector.facts() {
            Ok(facts) => {
                let same = self.told.as_ref().is_some_and(|(told, _)| *told == facts);
                if same {
                    self.told = Some((facts, self.now()));
                    return None;
                }
                Some(facts)
            }
            Err(error) => {
                self.complain(chain(&error));
                None
            }
        }
    }

    fn health(&self) -> Health {
        let mut details = self.notes.join("; ");
        details.retain(|c| !c.is_control());
        details.truncate(details.floor_char_boundary(DETAILS_BYTES_MAX));
        let code = match (details.is_empty(), self.spool.is_pending()) {
            (false, _) => HealthCode::Unhealthy,
            (true, true) => HealthCode::Running,
            (true, false) => HealthCode::Idle,
        };
        Health { code, details }
    }

    /// Recognises the refusals after which an agent may not go on, and remembers them beyond a restart.
    fn halted(&mut self, error: CallError) -> RunError {
        let agent_id = self.record.agent_id.clone();
        let (halt, ended) = match error.code() {
            Some(ErrorCode::CloneDetected) => (Halt::CloneDetected, RunError::Clone { agent_id }),
            Some(ErrorCode::CertificateRevoked | ErrorCode::AgentUnknown | ErrorCode::AgentMismatch) => {
                (Halt::Revoked, RunError::Revoked { agent_id })
            }
            Some(ErrorCode::ProtocolUnsupported) => return RunError::Protocol,
            _ => return RunError::Call(error),
        };
        self.words.halt = Some(halt);
        self.words.last_error = Some(chain(&error));
        // Even if the disk refuses: the agent stops now, and meets the same refusal at its next start.
        if let Err(error) = self.state.write_last_words(&self.words) {
            self.tell(&chain(&error));
        }
        ended
    }

    fn stop_run(&mut self, order: &StopOrder) -> Result<(), RunError> {
        if order.discard && self.spool.has(&order.run) {
            self.spool.discard(&order.run)?;
            self.tell(&format!("run `{}` was stopped; its telemetry was thrown away", order.run));
        }
        // Without `discard`, what was collected is sent to its end.
        Ok(())
    }

    /// Collects for every instruction that is new. Tells whether something was collected.
    fn follow(&mut self, answer: &HeartbeatAnswer) -> Result<bool, RunError> {
        let mut followed = false;
        for instruction in &answer.instructions {
            let is_stopped = answer.stop.iter().any(|order| order.run == instruction.run);
            if self.spool.has(&instruction.run) || is_stopped || self.is_paused(&instruction.run) {
                continue;
            }
            if self.parts.stop.is_set() {
                break;
            }
            if instruction.deadline <= self.server_now() {
                self.fail(&instruction.run, "its deadline is over");
                continue;
            }
            followed |= self.collect(instruction)?;
        }
        Ok(followed)
    }

    fn collect(&mut self, instruction: &Instruction) -> Result<bool, RunError> {
        self.tell(&format!("collects {} for run `{}`", instruction.collect.join(" and "), instruction.run));
        let collected = stream::follow(self.parts.collector, instruction);
        match self.spool.add(instruction, &collected, self.now()) {
            Ok(dropped) => {
                self.failed.remove(&instruction.run);
                self.note_each(dropped, "was dropped: the spool is full");
                Ok(true)
            }
            // A disk that is full now may have room later; the server gives the instruction again.
            Err(error @ (SpoolError::State(_) | SpoolError::Chunk(_) | SpoolError::TooLarge { .. })) => {
                self.fail(&instruction.run, &chain(&error));
                Ok(false)
            }
        }
    }

    /// Leaves a run's instruction alone for a while, so that a server that repeats it does not keep us busy.
    fn fail(&mut self, run: &str, why: &str) {
        self.complain(format!("run `{run}`: {why}"));
        if self.failed.len() >= FAILED_MAX {
            self.failed.pop_first();
        }
        if let Ok(until) = self.now().checked_add(FAILED_PAUSE) {
            self.failed.insert(run.to_owned(), until);
        }
    }

    fn is_paused(&self, run: &str) -> bool {
        self.failed.get(run).is_some_and(|until| self.now() < *until)
    }

    /// Sends chunks, for a while. Tells whether something was sent.
    fn send(&mut self) -> Result<bool, RunError> {
        let began_at = self.now();
        let mut sent = false;
        while !self.parts.stop.is_set() && self.now().duration_since(began_at) < SEND_SLICE {
            let pending = match self.spool.next() {
                Ok(Some(pending)) => pending,
                Ok(None) => break,
                Err(error) => {
                    let run = error.run.clone();
                    self.give_up(&run, &chain(&error))?;
                    continue;
                }
            };
            self.send_one(&pending)?;
            sent = true;
        }
        Ok(sent)
    }

    fn send_one(&mut self, pending: &Pending) -> Result<(), RunError> {
        let Pending { run, number, bytes, sha256 } = pending;
        let error = match self.parts.transport.put_chunk(run, *number, bytes, sha256) {
            Ok(answer) if answer.acknowledged == *number => {
                self.spool.acknowledge(run, answer.next.min(number.saturating_add(1)))?;
                return Ok(());
            }
            Ok(answer) => {
                let why = format!("the server acknowledged chunk {} for chunk {number}", answer.acknowledged);
                return self.give_up(run, &why);
            }
            Err(error) => error,
        };
        let next = match &error {
            CallError::Refused { body, .. } => body.next,
            _ => None,
        };
        match (error.code(), next) {
            // It has more than we thought: an acknowledgement was lost.
            (Some(ErrorCode::ChunkConflict), Some(next)) if next > *number => Ok(self.spool.acknowledge(run, next)?),
            // A run may end before everybody has sent: that is nobody's fault.
            (Some(ErrorCode::RunUnknown | ErrorCode::RunClosed), _) => {
                self.tell(&format!("run `{run}` is over; its telemetry was thrown away"));
                Ok(self.spool.discard(run)?)
            }
            (Some(ErrorCode::ChunkConflict | ErrorCode::TooLarge | ErrorCode::BadRequest), _) => {
                self.give_up(run, &chain(&error))
            }
            _ => Err(self.halted(error)),
        }
    }

    /// Drops a run that the server will never take.
    fn give_up(&mut self, run: &str, why: &str) -> Result<(), RunError> {
        self.spool.discard(run)?;
        self.fail(run, why);
        Ok(())
    }

    fn renew_if_due(&mut self, asked: bool) {
        let now = self.now();
        let is_due = asked || now.saturating_add(self.ahead).is_ok_and(|there| there >= self.record.renew_after);
        if !is_due || self.renew_not_before.is_some_and(|until| now < until) {
            return;
        }
        self.renew_not_before = now.checked_add(RENEW_PAUSE).ok();
        match self.renew() {
            Ok(()) => {
                self.renew_not_before = None;
                self.tell("the certificate was renewed");
            }
            // The old one is valid for another third of its life.
            Err(error) => self.complain(format!("the certificate could not be renewed: {error}")),
        }
    }

    fn renew(&mut self) -> Result<(), String> {
        let key = certificate::request(&self.record.agent_id).map_err(|error| chain(&error))?;
        let request = RenewRequest { protocol: PROTOCOL, csr_pem: key.csr_pem };
        let answer = self.parts.transport.renew(&request).map_err(|error| chain(&error))?;
        let identity = Identity { key_pem: key.key_pem, certificate_pem: answer.certificate_pem };
        // What cannot be spoken with must not replace what can.
        self.parts.transport.adopt(&identity).map_err(|error| chain(&error))?;
        self.state.write_identity(&identity).map_err(|error| chain(&error))?;
        self.record.renew_after = answer.renew_after;
        self.state.write_record(&self.record).map_err(|error| chain(&error))
    }

    /// Decides how to go on after a failure: a server that is away and a disk that is full are waited for.
    fn after_failure(&mut self, error: RunError) -> Result<Next, RunError> {
        let asked = match &error {
            RunError::Call(error) => error.retry_after(),
            RunError::State(_) => None,
            _ => return Err(error),
        };
        if self.options.once {
            return Err(error);
        }
        let wait = self.back_off.next(self.parts.clock, asked);
        let text = chain(&error);
        if self.words.last_error.as_ref() != Some(&text) {
            self.tell(&format!("{text}; tries again, at most every {} s", WAIT_MAX.as_secs()));
            if matches!(error, RunError::State(_)) {
                self.note(text.clone());
            }
            self.words.last_error = Some(text);
            // A disk that refuses this as well is what is being told.
            let _ = self.state.write_last_words(&self.words);
        }
        Ok(Next::After(wait))
    }

    fn goodbye(&self) {
        let request = GoodbyeRequest { protocol: PROTOCOL, reason: "the agent was stopped".to_owned() };
        match self.parts.transport.goodbye(&request) {
            Ok(()) => self.tell("stopped, and said goodbye"),
            Err(error) => self.tell(&format!("stopped; {}", chain(&error))),
        }
    }

    fn note_each(&mut self, runs: Vec<String>, what: &str) {
        for run in runs {
            self.complain(format!("telemetry of run `{run}` {what}"));
        }
    }

    /// Says something in the log and to the server.
    fn complain(&mut self, text: String) {
        self.tell(&text);
        self.note(text);
    }

    fn note(&mut self, text: String) {
        if self.notes.len() < NOTES_MAX && !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    fn tell(&self, text: &str) {
        (self.options.tell)(text);
    }

    fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Returns the server's time: deadlines are its own.
    fn server_now(&self) -> Timestamp {
        self.now().saturating_add(self.ahead).unwrap_or(Timestamp::MAX)
    }
}

/// Puts an error and its causes into one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests;
