//! What survives a restart: the identity, the nonce, and how things stood.
//!
//! ```text
//! S/agent.json     who, where, what root; written at enrolment and renewal
//! S/identity.pem   key and certificate, 0600; one file, so that they always belong together
//! S/ca.pem         the one CA that is trusted
//! S/nonce          the last nonce; on the disk before anything is done
//! S/status.json    how things stood, for `status`
//! S/lock           held while an agent runs
//! S/spool/         chunks that are not acknowledged
//! ```

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files::{self, SMALL_BYTES_MAX, StateError};

/// The format of `agent.json`.
const FORMAT: u32 = 1;

/// Who the agent is and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// The format of this file.
    pub format: u32,
    /// The agent's id.
    pub agent_id: String,
    /// The server's address.
    pub server: String,
    /// The directory that stands in for `/`; absent for the live machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<PathBuf>,
    /// The proxy that was named at enrolment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// When the certificate is to be renewed.
    pub renew_after: Timestamp,
    /// When the host was enrolled.
    pub enrolled_at: Timestamp,
}

impl Record {
    pub(crate) const FORMAT: u32 = FORMAT;
}

/// A key and its certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The private key in PEM. A secret: it is not printed.
    pub key_pem: String,
    /// The certificate in PEM.
    pub certificate_pem: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("certificate_pem", &self.certificate_pem).finish_non_exhaustive()
    }
}

/// Why an agent may not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Halt {
    /// Two machines use one identity.
    CloneDetected,
    /// The certificate was revoked, or the server does not know the agent any more.
    Revoked,
}

/// How things stood when something last happened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LastWords {
    /// The server's last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_contact: Option<Timestamp>,
    /// The last failure since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Why the agent may not go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halt: Option<Halt>,
}

/// The state directory.
#[derive(Debug, Clone)]
pub(crate) struct StateDir(PathBuf);

impl StateDir {
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.0.join("spool")
    }

    fn record_path(&self) -> PathBuf {
        self.0.join("agent.json")
    }

    /// Reads who the agent is; `None` where the host is not enrolled.
    pub(crate) fn record(&self) -> Result<Option<Record>, StateError> {
        let record: Option<Record> = files::read_json(&self.record_path())?;
        match record {
            Some(record) if record.format > FORMAT => Err(StateError::Damaged {
                path: self.record_path(),
                why: format!("it has format {}, and this agent knows up to {FORMAT}", record.format),
            }),
            record => Ok(record),
        }
    }

    pub(crate) fn write_record(&self, record: &Record) -> Result<(), StateError> {
        files::write_json(&self.record_path(), record)
    }

    /// Reads the key and the certificate.
    pub(crate) fn identity(&self) -> Result<Identity, StateError> {
        let path = self.0.join("identity.pem");
        let text = self.text(&path)?;
        let begin = text.find(CERTIFICATE);
        let (key, certificate) = begin.map_or((text.as_str(), ""), |at| text.split_at(at));
        if key.is_empty() || certificate.is_empty() {
            return Err(StateError::Damaged { path, why: "it has no key or no certificate".to_owned() });
        }
        Ok(Identity { key_pem: key.to_owned(), certificate_pem: certificate.to_owned() })
    }

    pub(crate) fn write_identity(&self, identity: &Identity) -> Result<(), StateError> {
        let text = format!("{}\n{}\n", identity.key_pem.trim_end(), identity.certificate_pem.trim());
        files::write_file(&self.0.join("identity.pem"), text.as_bytes())
    }

    pub(crate) fn ca(&self) -> Result<String, StateError> {
        self.text(&self.0.join("ca.pem"))
    }

    pub(crate) fn write_ca(&self, pem: &str) -> Result<(), StateError> {
        files::write_file(&self.0.join("ca.pem"), pem.as_bytes())
    }

    pub(crate) fn nonce(&self) -> Result<String, StateError> {
        Ok(self.text(&self.0.join("nonce"))?.trim_end().to_owned())
    }

    pub(crate) fn write_nonce(&self, nonce: &str) -> Result<(), StateError> {
        files::write_file(&self.0.join("nonce"), nonce.as_bytes())
    }

    /// Reads how things stood. What cannot be read is as good as nothing: it decides nothing but a message.
    pub(crate) fn last_words(&self) -> Result<LastWords, StateError> {
        Ok(files::read_json(&self.0.join("status.json"))?.unwrap_or_default())
    }

    pub(crate) fn write_last_words(&self, words: &LastWords) -> Result<(), StateError> {
        files::write_json(&self.0.join("status.json"), words)
    }

    /// Removes what was written below this directory, the record first: without it the host is not enrolled.
    pub(crate) fn clear(&self) -> Result<(), StateError> {
        for name in ["agent.json", "identity.pem", "ca.pem", "nonce", "status.json"] {
            files::remove(&self.0.join(name))?;
        }
        files::remove_directory(&self.spool())
    }

    fn text(&self, path: &Path) -> Result<String, StateError> {
        let damaged = |why: &str| StateError::Damaged { path: path.to_owned(), why: why.to_owned() };
        let bytes = files::read(path, SMALL_BYTES_MAX)?.ok_or_else(|| damaged("it is missing"))?;
        String::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8"))
    }
}

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_and_certificate_stay_together() {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDir::new(directory.path());
        assert!(matches!(state.identity(), Err(StateError::Damaged { .. })));
        let identity = Identity {
            key_pem: "-----BEGIN PRIVATE KEY-----\nk\n-----END PRIVATE KEY-----\n".into(),
            certificate_pem: "-----BEGIN CERTIFICATE-----\nc\n-----END CERTIFICATE-----\n".into(),
        };
        state.write_identity(&identity).unwrap();
        assert_eq!(state.identity().unwrap(), identity);
        assert!(!format!("{identity:?}").contains("PRIVATE KEY-----\nk"));
    }

    #[test]
    fn a_newer_format_is_not_guessed_at() {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDir::new(directory.path());
        assert_eq!(state.record().unwrap(), None);
        let record = Record {
            format: FORMAT + 1,
            agent_id: "i-0123456789abcdef0".into(),
            server: "https://localhost:8443".into(),
            root: None,
            proxy: None,
            renew_after: Timestamp::UNIX_EPOCH,
            enrolled_at: Timestamp::UNIX_EPOCH,
        };
        state.write_record(&record).unwrap();
        assert!(state.record().unwrap_err().to_string().contains("format 2"));
        state.clear().unwrap();
        assert_eq!(state.record().unwrap(), None);
    }
}
