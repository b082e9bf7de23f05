//! How an agent is, seen from beside it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use crate::agent::VERSION;
use crate::certificate;
use crate::files::StateError;
use crate::lock::StateLock;
use crate::spool;
use crate::state::{Halt, StateDir};

/// How an agent is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Condition {
    /// It runs.
    Running,
    /// It is enrolled and does not run.
    Stopped,
    /// The host is not enrolled.
    NotEnrolled,
    /// It stopped because another machine uses its identity.
    CloneDetected,
    /// It stopped because the server does not accept it any more.
    Revoked,
}

/// How an agent is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// In one word.
    pub state: Condition,
    /// The agent's version.
    pub version: String,
    /// Where its state is.
    pub state_dir: PathBuf,
    /// Its id.
    pub agent_id: Option<String>,
    /// Its server.
    pub server: Option<String>,
    /// The directory that stands in for `/`.
    pub root: Option<PathBuf>,
    /// The server's last answer.
    pub last_contact: Option<Timestamp>,
    /// What failed since.
    pub last_error: Option<String>,
    /// Until when the certificate is valid.
    pub certificate_expires: Option<Timestamp>,
    /// Bytes of telemetry that wait to be sent.
    pub spool_bytes: u64,
    /// Runs whose telemetry waits to be sent.
    pub spooled_runs: usize,
    /// What to do, where something is to be done.
    pub advice: Option<&'static str>,
}

/// Looks at a state directory.
///
/// # Errors
/// When it is there and cannot be read.
pub fn status(state_dir: &Path) -> Result<Status, StateError> {
    let state = StateDir::new(state_dir);
    let record = state.record()?;
    let words = state.last_words()?;
    let (spool_bytes, spooled_runs) = spool::usage(&state.spool());
    let expires = record.as_ref().and_then(|_| state.identity().ok());
    let condition = match (&record, words.halt) {
        (None, _) => Condition::NotEnrolled,
        (Some(_), Some(Halt::CloneDetected)) => Condition::CloneDetected,
        (Some(_), Some(Halt::Revoked)) => Condition::Revoked,
        (Some(_), None) if StateLock::is_held(state_dir)? => Condition::Running,
        (Some(_), None) => Condition::Stopped,
    };
    Ok(Status {
        state: condition,
        version: VERSION.to_owned(),
        state_dir: state_dir.to_owned(),
        agent_id: record.as_ref().map(|record| record.agent_id.clone()),
        server: record.as_ref().map(|record| record.server.clone()),
        root: record.and_then(|record| record.root),
        last_contact: words.last_contact,
        last_error: words.last_error,
        certificate_expires: expires.and_then(|identity| certificate::expires_at(&identity.certificate_pem)),
        spool_bytes,
        spooled_runs,
        advice: advice(condition),
    })
}

const fn advice(condition: Condition) -> Option<&'static str> {
    match condition {
        Condition::Running => None,
        Condition::Stopped => Some("start it: `systemctl start yagura-agent`, or `yagura-agent run`"),
        Condition::NotEnrolled => Some("enrol the host: `yagura-agent enroll --server URL --token T`"),
        Condition::CloneDetected => {
            Some("this machine is a clone of another; give it an identity of its own: `yagura-agent enroll --force`")
        }
        Condition::Revoked => Some("enrol the host anew with a new token: `yagura-agent enroll --force`"),
    }
}

impl Status {
    /// Writes the status for people.
    pub fn text(&self) -> String {
        let word = match self.state {
            Condition::Running => "running",
            Condition::Stopped => "stopped",
            Condition::NotEnrolled => "not enrolled",
            Condition::CloneDetected => "stopped: another machine uses this identity",
            Condition::Revoked => "stopped: the server does not accept this identity any more",
        };
        let time = |time: Option<Timestamp>| time.map_or_else(|| "never".to_owned(), |time| format!("{time:.0}"));
        let mut rows = vec![("state", word.to_owned()), ("version", self.version.clone())];
        rows.push(("state directory", self.state_dir.display().to_string()));
        if let (Some(id), Some(server)) = (&self.agent_id, &self.server) {
            rows.push(("agent id", id.clone()));
            rows.push(("server", server.clone()));
            if let Some(root) = &self.root {
                rows.push(("root", root.display().to_string()));
            }
            rows.push(("last contact", time(self.last_contact)));
            rows.extend(self.last_error.clone().map(|error| ("last error", error)));
            rows.push(("certificate until", time(self.certificate_expires)));
            rows.push(("spool", format!("{} bytes in {} runs", self.spool_bytes, self.spooled_runs)));
        }
        rows.extend(self.advice.map(|advice| ("hint", advice.to_owned())));
        rows.into_iter().map(|(name, value)| format!("{name:<18}{value}\n")).collect()
    }
}
