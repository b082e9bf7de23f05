//! What an agent says about its host, and the tags it was given.

use serde::{Deserialize, Serialize};

use super::InvalidMessage;
use super::check::{each, filled, optional, refuse, sha256, short_text};
use crate::bounds::{ADDRESSES_MAX, TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_MAX, TEXT_BYTES_MAX};

/// What an agent says about its host with every enrolment, and with a heartbeat where it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentFacts {
    /// The host name; empty where the host does not say.
    pub hostname: String,
    /// `/etc/machine-id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
    /// SHA-256 over what tells a machine from its clone.
    pub fingerprint: String,
    /// The kernel's boot id: another one after every boot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// os-release `PRETTY_NAME`.
    pub operating_system: String,
    /// The release in words that a program compares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseFacts>,
    /// `uname -r`; empty for a directory tree.
    pub kernel_version: String,
    /// `amd64`, `arm64` …; empty where the host does not say.
    pub architecture: String,
    /// IPv4 addresses.
    pub ipv4_addresses: Vec<String>,
    /// IPv6 addresses.
    pub ipv6_addresses: Vec<String>,
    /// What the host runs in: `none`, `tree`, `machine:kvm`, `container:docker`.
    pub virtualization: String,
}

impl AgentFacts {
    /// Checks the members against their bounds; `member` is where the facts stand.
    ///
    /// # Errors
    /// [`InvalidMessage::Member`] with the member's name.
    pub fn validate_at(&self, member: &str) -> Result<(), InvalidMessage> {
        let at = |name: &str| format!("{member}.{name}");
        short_text(&at("hostname"), &self.hostname)?;
        optional(&at("machineId"), self.machine_id.as_ref())?;
        sha256(&at("fingerprint"), &self.fingerprint)?;
        optional(&at("bootId"), self.boot_id.as_ref())?;
        short_text(&at("operatingSystem"), &self.operating_system)?;
        if let Some(release) = &self.release {
            short_text(&at("release.distribution"), &release.distribution)?;
            optional(&at("release.version"), release.version.as_ref())?;
            optional(&at("release.codename"), release.codename.as_ref())?;
        }
        short_text(&at("kernelVersion"), &self.kernel_version)?;
        short_text(&at("architecture"), &self.architecture)?;
        each(&at("ipv4Addresses"), &self.ipv4_addresses, ADDRESSES_MAX, |member, address| {
            address.parse::<std::net::Ipv4Addr>().map(drop).or_else(|_| refuse(member, "is not an IPv4 address"))
        })?;
        each(&at("ipv6Addresses"), &self.ipv6_addresses, ADDRESSES_MAX, |member, address| {
            address.parse::<std::net::Ipv6Addr>().map(drop).or_else(|_| refuse(member, "is not an IPv6 address"))
        })?;
        short_text(&at("virtualization"), &self.virtualization)
    }
}

/// A release in words that a program compares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseFacts {
    /// os-release `ID`.
    pub distribution: String,
    /// os-release `VERSION_ID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// os-release `VERSION_CODENAME`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codename: Option<String>,
}

/// A tag of an agent; assessment targets choose by tags.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tag {
    /// The key, 1 to 128 characters.
    pub key: String,
    /// The value, up to 256 characters.
    #[serde(default)]
    pub value: String,
}

/// Checks tags: their number, their lengths, each key once.
pub(super) fn tags(member: &str, tags: &[Tag]) -> Result<(), InvalidMessage> {
    each(member, tags, TAGS_MAX, |member, tag| {
        let key = format!("{member}.key");
        // The characters count; the bytes only bound the work of counting.
        filled(&key, &tag.key, TEXT_BYTES_MAX)?;
        if tag.key.chars().count() > TAG_KEY_CHARS_MAX {
            return refuse(key, format!("is longer than {TAG_KEY_CHARS_MAX} characters"));
        }
        let value = format!("{member}.value");
        short_text(&value, &tag.value)?;
        if tag.value.chars().count() > TAG_VALUE_CHARS_MAX {
            return refuse(value, format!("is longer than {TAG_VALUE_CHARS_MAX} characters"));
        }
        Ok(())
    })?;
    let mut keys: Vec<&str> = tags.iter().map(|tag| tag.key.as_str()).collect();
    keys.sort_unstable();
    let twice = keys.windows(2).find_map(|pair| match pair {
        [one, other] if one == other => Some(*one),
        _ => None,
    });
    twice.map_or(Ok(()), |key| refuse(member, format!("has the key `{key}` twice")))
}
