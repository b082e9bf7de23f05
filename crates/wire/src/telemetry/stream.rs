//! What stands around a snapshot in a stream: its begin, its end, and the host's network interfaces.

use serde::{Deserialize, Serialize};
use yagura_model::LocalText;

use super::count::Counts;
use super::envelope::{Line, MessageType};

/// The body of `InspectorMonitoringStart`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringStart {
    /// The agent's version.
    pub agent_version: String,
    /// The snapshot's digest; absent where the host could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The collection words that were followed.
    pub collected: Vec<String>,
}

/// The body of `InspectorMonitoringStop`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringStop {
    /// How many chunks there are, this message's included.
    pub chunks: u32,
    /// Every message before this one.
    pub messages: Counts,
    /// The snapshot's digest; absent where the host could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What went wrong beside the host: an unknown collection word, a host that could not be read.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

/// Something that went wrong, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The English sentence.
    pub en: String,
    /// The Japanese sentence.
    pub ja: String,
}

impl From<LocalText> for Problem {
    fn from(text: LocalText) -> Self {
        Self { en: text.en, ja: text.ja }
    }
}

impl From<Problem> for LocalText {
    fn from(problem: Problem) -> Self {
        Self::new(problem.en, problem.ja)
    }
}

/// The body of `InspectorNetworkInterface`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkInterface {
    /// `eth0`.
    pub name: String,
    /// The hardware address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac_address: Option<String>,
    /// Its addresses, both families.
    #[serde(default)]
    pub addresses: Vec<String>,
}

/// The body of `InspectorUnchanged`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct UnchangedBody {
    pub(super) digest: String,
}

impl Line {
    /// Begins a stream.
    pub fn start(start: &MonitoringStart) -> Self {
        Self::of(MessageType::MonitoringStart, start)
    }

    /// Ends a stream.
    pub fn stop(stop: &MonitoringStop) -> Self {
        Self::of(MessageType::MonitoringStop, stop)
    }

    /// Says that the server has the snapshot already.
    pub fn unchanged(digest: &str) -> Self {
        Self::of(MessageType::Unchanged, &UnchangedBody { digest: digest.to_owned() })
    }

    /// Names a network interface.
    pub fn interface(interface: &NetworkInterface) -> Self {
        Self::of(MessageType::NetworkInterface, interface)
    }
}
