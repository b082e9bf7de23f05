//! Gives a host an identity.

use std::path::{Path, PathBuf};

use yagura_wire::{EnrollRequest, EnrolmentToken, Message as _, PROTOCOL, Tag, TokenError};

use crate::agent::VERSION;
use crate::certificate::{self, CertificateError};
use crate::clock::Clock;
use crate::files::{StateError, create_directory, sync_directory};
use crate::host::{CollectError, Collector as _, HostCollector};
use crate::http::{self, Proxy, ServerUrl};
use crate::lock::StateLock;
use crate::state::{Identity, Record, StateDir};
use crate::transport::CallError;

/// What an enrolment needs.
#[derive(Clone)]
pub struct Enrolment {
    /// The server.
    pub server: ServerUrl,
    /// The enrolment token.
    pub token: String,
    /// The SHA-256 of the CA's certificate, where it is known beside the token; at least its first 32 digits.
    pub ca_sha256: Option<String>,
    /// Tags that the host brings along.
    pub tags: Vec<Tag>,
    /// The Auto Scaling group that the host belongs to.
    pub auto_scaling_group: Option<String>,
    /// The directory that stands in for `/`.
    pub root: Option<PathBuf>,
    /// The proxy on the way.
    pub proxy: Proxy,
    /// Whether the proxy was named for this agent, and is to be remembered.
    pub remember_proxy: bool,
    /// Whether an identity that is there is replaced.
    pub force: bool,
}

/// A host that was enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// The agent's id.
    pub agent_id: String,
    /// The server.
    pub server: String,
    /// The id that the host had before.
    pub previous_agent_id: Option<String>,
    /// The SHA-256 of the CA's certificate.
    pub ca_sha256: String,
}

/// Why a host was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// It is already.
    #[error("this host is enrolled already, as `{agent_id}` at `{server}`")]
    Already {
        /// The agent's id.
        agent_id: String,
        /// The server.
        server: String,
    },
    /// The token is damaged.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The pin that was given beside the token is none.
    #[error("`{text}` is not the SHA-256 of a certificate")]
    Pin {
        /// As given.
        text: String,
    },
    /// Somebody else answers at the server's address.
    #[error(
        "the CA of `{server}` is not the one that was pinned: its SHA-256 is `{found}`, and `{expected}` is expected"
    )]
    WrongCa {
        /// The server.
        server: String,
        /// What was found.
        found: String,
        /// What is expected.
        expected: String,
    },
    /// A tag or another member is out of bounds.
    #[error("the enrolment cannot be sent")]
    Message(#[source] yagura_wire::InvalidMessage),
    /// The host cannot be read.
    #[error(transparent)]
    Host(#[from] CollectError),
    /// The server does not answer, or refuses.
    #[error(transparent)]
    Call(#[from] CallError),
    /// No key could be made, or the server sent no certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The state directory.
    #[error(transparent)]
    State(#[from] StateError),
}

impl EnrollError {
    /// Says what to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Already { .. } => "give `--force` to enrol it anew, or `yagura-agent unenroll` to forget it",
            Self::Token(_) => "make a new one on the server: `yagura token create`",
            Self::Pin { .. } => "give the 64 hexadecimal digits that the server prints at its start",
            Self::WrongCa { .. } => {
                "somebody may stand between this host and the server; compare with what the server prints, do not go on"
            }
            Self::Message(_) => "look at the words that were given: tags are `key=value`, at most 50",
            Self::Host(error) => error.advice().en,
            Self::Call(CallError::Refused { .. }) => "make a new token on the server: `yagura token create`",
            Self::Call(_) => "check the address, the network and the proxy (`https_proxy`, `no_proxy`, `--proxy`)",
            Self::Certificate(_) => "look at the server: it answers, but not with a certificate",
            Self::State(error) => error.advice(),
        }
    }

    /// Tells whether the words that were given are at fault.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Token(_) | Self::Pin { .. } | Self::Message(_) | Self::Host(CollectError::Root(_)))
    }
}

/// Enrols this host, or the tree below `enrolment.root`, and keeps its identity in `state_dir`.
///
/// # Errors
/// See [`EnrollError`]. Nothing is written before the server has answered.
pub fn enroll(state_dir: &Path, enrolment: &Enrolment, clock: &dyn Clock) -> Result<Enrolled, EnrollError> {
    let token = EnrolmentToken::parse(&enrolment.token)?;
    let pins = pins(&token, enrolment.ca_sha256.as_deref())?;
    create_directory(state_dir)?;
    // An agent that runs must not find another identity under its feet.
    let _lock = StateLock::take(state_dir)?;
    let state = StateDir::new(state_dir);
    // A record that cannot be read is no reason to refuse somebody who wants to replace it.
    let previous = match state.record() {
        Ok(previous) => previous,
        Err(_) if enrolment.force => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(record) = previous.as_ref().filter(|_| !enrolment.force) {
        return Err(EnrollError::Already { agent_id: record.agent_id.clone(), server: record.server.clone() });
    }
    let facts = HostCollector::new(enrolment.root.as_deref()).facts()?;
    let key = certificate::request("yagura-agent")?;
    let previous_agent_id = previous.map(|record| record.agent_id);
    let request = EnrollRequest {
        protocol: PROTOCOL,
        token: token.expose(),
        csr_pem: key.csr_pem,
        agent_version: VERSION.to_owned(),
        facts,
        tags: enrolment.tags.clone(),
        auto_scaling_group: enrolment.auto_scaling_group.clone(),
        previous_agent_id: previous_agent_id.clone(),
    };
    request.validate().map_err(EnrollError::Message)?;

    let ca_pem = http::fetch_ca(&enrolment.server, &enrolment.proxy)?;
    let ca_sha256 = check_ca(&enrolment.server, &ca_pem, &pins)?;
    let answer = http::enroll(&enrolment.server, &enrolment.proxy, &ca_pem, &request)?;
    check_ca(&enrolment.server, &answer.ca_pem, &pins)?;
    certificate::fingerprint(&answer.certificate_pem, "answer of the server")?;

    // The record comes last: without it the host is not enrolled, whatever else is there.
    state.clear()?;
    state.write_identity(&Identity { key_pem: key.key_pem, certificate_pem: answer.certificate_pem })?;
    state.write_ca(&answer.ca_pem)?;
    state.write_nonce(&answer.nonce)?;
    let server = enrolment.server.to_string();
    state.write_record(&Record {
        format: Record::FORMAT,
        agent_id: answer.agent_id.clone(),
        server: server.clone(),
        root: enrolment.root.as_deref().map(absolute),
        proxy: enrolment.proxy.url.clone().filter(|_| enrolment.remember_proxy),
        renew_after: answer.renew_after,
        enrolled_at: clock.now(),
    })?;
    sync_directory(state_dir)?;
    Ok(Enrolled { agent_id: answer.agent_id, server, previous_agent_id, ca_sha256 })
}

/// A service starts in another directory than the person who enrolled.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Returns the beginnings that the CA's SHA-256 must have.
fn pins(token: &EnrolmentToken, given: Option<&str>) -> Result<Vec<String>, EnrollError> {
    let mut pins = vec![token.ca_pin().to_owned()];
    if let Some(text) = given {
        // openssl writes colons and capital letters.
        let pin: String = text.trim().chars().filter(|c| *c != ':').collect::<String>().to_ascii_lowercase();
        let is_pin = (32..=64).contains(&pin.len()) && pin.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_pin {
            return Err(EnrollError::Pin { text: text.chars().filter(|c| !c.is_control()).take(80).collect() });
        }
        pins.push(pin);
    }
    Ok(pins)
}

fn check_ca(server: &ServerUrl, pem: &str, pins: &[String]) -> Result<String, EnrollError> {
    let found = certificate::fingerprint(pem, "answer of the server")?;
    match pins.iter().find(|pin| !found.starts_with(pin.as_str())) {
        Some(expected) => {
            Err(EnrollError::WrongCa { server: server.to_string(), found, expected: format!("{expected}…") })
        }
        None => Ok(found),
    }
}
