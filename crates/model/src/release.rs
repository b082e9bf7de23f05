//! Distribution releases: what os-release says, and the key under which feeds speak of one.

use std::fmt;

/// What a host says about its operating system, from os-release or its fall-backs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Release {
    /// os-release `ID`: `debian`, `ubuntu`, `alpine` … Lower case.
    pub distribution: String,
    /// os-release `ID_LIKE`, nearest relative first.
    pub like: Vec<String>,
    /// os-release `VERSION_ID`: `12`, `22.04`. Absent on rolling and testing systems.
    pub version: Option<String>,
    /// os-release `VERSION_CODENAME` or what follows from the version: `bookworm`.
    pub codename: Option<String>,
    /// The point release where the host names it: `12.11` from `/etc/debian_version`.
    pub point_version: Option<String>,
    /// os-release `PRETTY_NAME`, for people.
    pub pretty_name: String,
    /// The file, relative to the root, that told us: `etc/os-release`.
    pub told_by: String,
}

impl Release {
    /// Returns the key under which feeds speak of this release; `None` when the host does not
    /// say enough to choose one.
    pub fn key(&self) -> Option<ReleaseKey> {
        let name = match self.distribution.as_str() {
            "debian" => self.codename.as_deref()?,
            _ => self.version.as_deref().or(self.codename.as_deref())?,
        };
        Some(ReleaseKey::new(&self.distribution, name))
    }
}

/// Names one release of one distribution the way the index does: `debian:bookworm`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReleaseKey(String);

impl ReleaseKey {
    /// Joins a distribution id and a release name, both folded to lower case.
    pub fn new(distribution: &str, release: &str) -> Self {
        Self(format!("{}:{}", distribution.to_ascii_lowercase(), release.to_ascii_lowercase()))
    }

    /// Returns the whole key: `debian:bookworm`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the distribution part: `debian`.
    pub fn distribution(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }

    /// Returns the release part: `bookworm`.
    pub fn release(&self) -> &str {
        self.0.split_once(':').map(|(_, release)| release).unwrap_or_default()
    }
}

impl fmt::Display for ReleaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
