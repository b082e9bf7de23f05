//! The envelope of a telemetry message: its type and its body.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// The types of telemetry messages that this side knows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MessageType {
            $($(#[$doc])* $name,)+
        }

        impl MessageType {
            /// Every type.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the word of the protocol.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

types! {
    /// The first message of a stream.
    MonitoringStart = "InspectorMonitoringStart",
    /// Who the host is.
    InstanceMetaData = "InspectorInstanceMetaData",
    /// Which release it runs.
    OperatingSystem = "InspectorOperatingSystem",
    /// Which kernels it has.
    KernelModule = "InspectorKernelModule",
    /// One package.
    PackageInfo = "InspectorPackageInfo",
    /// Which products and entitlements the host has.
    ChannelInfo = "InspectorChannelInfo",
    /// One repository of packages.
    RepositoryInfo = "InspectorRepositoryInfo",
    /// One rule that holds a package back.
    PinInfo = "InspectorPinInfo",
    /// One configuration fact.
    ConfigurationInfo = "InspectorConfigurationInfo",
    /// One account.
    User = "InspectorUser",
    /// One directory.
    DirectoryInfo = "InspectorDirectoryInfoMsg",
    /// Something that could not be read.
    ReadProblem = "InspectorReadProblem",
    /// One network interface.
    NetworkInterface = "InspectorNetworkInterface",
    /// The snapshot is the one that the server has.
    Unchanged = "InspectorUnchanged",
    /// The last message of a stream.
    MonitoringStop = "InspectorMonitoringStop",
    /// A long message begins.
    SplitBegin = "InspectorSplitMsgBegin",
    /// A part of a long message.
    SplitPart = "InspectorSplitMsgPart",
    /// A long message ends.
    SplitEnd = "InspectorSplitMsgEnd",
}

impl MessageType {
    /// Reads the word of the protocol.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

/// One message as it is written: a line of JSON without the line feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    kind: MessageType,
    text: String,
}

impl Line {
    /// Writes a message.
    pub(crate) fn of<B: Serialize>(kind: MessageType, body: &B) -> Self {
        #[derive(Serialize)]
        struct Envelope<'a, B> {
            #[serde(rename = "type")]
            kind: &'a str,
            body: &'a B,
        }
        // Shapes hold texts, numbers and lists with names for members: there is nothing in them that JSON refuses.
        let text = serde_json::to_string(&Envelope { kind: kind.as_str(), body }).unwrap_or_default();
        Self { kind, text }
    }

    /// Returns the type.
    pub const fn kind(&self) -> MessageType {
        self.kind
    }

    /// Returns the JSON.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A message as it was received, its body not yet read.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) body: &'a RawValue,
}

impl<'a> Envelope<'a> {
    pub(super) fn read(line: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(line)
    }

    /// Returns the type, where this side knows it.
    pub(super) fn known(&self) -> Option<MessageType> {
        MessageType::from_word(&self.kind)
    }

    /// Reads the body.
    pub(super) fn body<B: Deserialize<'a>>(&self) -> Result<B, serde_json::Error> {
        serde_json::from_str(self.body.get())
    }
}

/// The body of `InspectorSplitMsgBegin`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SplitBegin {
    /// The type of the message.
    pub(super) of: String,
    /// Its length in bytes.
    pub(super) bytes: usize,
}

/// The body of a part.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SplitPart {
    /// The type of the message.
    pub(super) of: String,
    /// A part of its text.
    pub(super) text: String,
}

/// The body of `InspectorSplitMsgEnd`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SplitEnd {
    /// The type of the message.
    pub(super) of: String,
}
