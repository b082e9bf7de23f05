//! Distribution releases: what os-release says, and the key under which feeds speak of one.

use std::fmt;

use crate::Ecosystem;

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
        let version = self.version.as_deref();
        let major = || version.and_then(|version| version.split('.').next()).filter(|major| !major.is_empty());
        let whole = |distribution: &str| Some(ReleaseKey::new(distribution, version?));
        let by_major = |distribution: &str| Some(ReleaseKey::new(distribution, major()?));
        let rolling = |distribution: &str| Some(ReleaseKey::new(distribution, "rolling"));
        match self.distribution.as_str() {
            "debian" | "ubuntu" => Some(ReleaseKey::new(&self.distribution, self.codename.as_deref()?)),
            // The first line of Amazon's releases is named by its date: 2018.03.
            "amzn" if version.is_some_and(|version| version.starts_with("201")) => Some(ReleaseKey::new("amazon", "1")),
            "amzn" => by_major("amazon"),
            "rhel" | "redhat" => by_major("redhat"),
            // Rebuilds of a stream have no point release; up to 8 there was CentOS Linux beside CentOS Stream.
            "centos" if self.is_centos_stream() => by_major("centos-stream"),
            // CentOS Linux was built from Red Hat's sources and published no advisories as data.
            "centos" => by_major("redhat"),
            "almalinux" => by_major("almalinux"),
            "rocky" => by_major("rocky"),
            "ol" | "oracle" => by_major("oracle"),
            "fedora" => by_major("fedora"),
            "sles" | "sled" | "sle_hpc" | "sles_sap" | "suse" => whole("suse"),
            "sle-micro" | "sl-micro" | "suse-microos" => whole("suse-micro"),
            "opensuse-leap" | "opensuse" => whole("opensuse"),
            "opensuse-tumbleweed" => Some(ReleaseKey::new("opensuse", "tumbleweed")),
            "alpine" => self.alpine(),
            "wolfi" | "chainguard" | "arch" | "gentoo" => rolling(&self.distribution),
            "azurelinux" => whole("azurelinux"),
            "mariner" => whole("mariner"),
            "photon" => whole("photon"),
            _ => Some(ReleaseKey::new(&self.distribution, version.or(self.codename.as_deref())?)),
        }
    }

    fn is_centos_stream(&self) -> bool {
        self.pretty_name.contains("Stream")
            || self
                .version
                .as_deref()
                .is_some_and(|version| version.split('.').next().and_then(|major| major.parse::<u32>().ok()) >= Some(9))
    }

    /// Alpine's edge calls itself by the version that is to come, with a date: `3.22.0_alpha20250108`.
    fn alpine(&self) -> Option<ReleaseKey> {
        let version = self.version.as_deref()?;
        if version == "edge" || version.contains("_alpha") {
            return Some(ReleaseKey::new("alpine", "edge"));
        }
        let mut parts = version.split('.');
        Some(ReleaseKey::new("alpine", &format!("{}.{}", parts.next()?, parts.next()?)))
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

    /// Returns the key under which feeds speak of a language's packages: `ecosystem:pypi`.
    pub fn ecosystem(ecosystem: Ecosystem) -> Self {
        Self::new("ecosystem", ecosystem.word())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_feeds() {
        for (distribution, version, codename, pretty_name, expected) in [
            ("debian", "12", "bookworm", "", "debian:bookworm"),
            ("ubuntu", "22.04", "jammy", "", "ubuntu:jammy"),
            ("amzn", "2018.03", "", "", "amazon:1"),
            ("amzn", "2", "", "", "amazon:2"),
            ("amzn", "2023", "", "", "amazon:2023"),
            ("rhel", "8.10", "", "", "redhat:8"),
            ("centos", "7", "", "CentOS Linux 7 (Core)", "redhat:7"),
            ("centos", "8", "", "CentOS Stream 8", "centos-stream:8"),
            ("centos", "9", "", "CentOS Stream 9", "centos-stream:9"),
            ("centos", "10", "", "CentOS Stream 10 (Coughlan)", "centos-stream:10"),
            ("almalinux", "9.4", "", "", "almalinux:9"),
            ("rocky", "9.4", "", "", "rocky:9"),
            ("ol", "8.9", "", "", "oracle:8"),
            ("fedora", "40", "", "", "fedora:40"),
            ("sles", "15.3", "", "", "suse:15.3"),
            ("opensuse-leap", "15.6", "", "", "opensuse:15.6"),
            ("opensuse-tumbleweed", "20250101", "", "", "opensuse:tumbleweed"),
            ("alpine", "3.21.2", "", "", "alpine:3.21"),
            ("alpine", "3.22.0_alpha20250108", "", "", "alpine:edge"),
            ("arch", "", "", "", "arch:rolling"),
            ("wolfi", "20230201", "", "", "wolfi:rolling"),
            ("azurelinux", "3.0", "", "", "azurelinux:3.0"),
            ("photon", "5.0", "", "", "photon:5.0"),
            ("nixos", "24.05", "", "", "nixos:24.05"),
        ] {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let release = Release {
                distribution: distribution.into(),
                version: some(version),
                codename: some(codename),
                pretty_name: pretty_name.into(),
                ..Release::default()
            };
            assert_eq!(release.key().as_ref().map(ReleaseKey::as_str), Some(expected));
        }
        assert_eq!(ReleaseKey::ecosystem(Ecosystem::CratesIo).as_str(), "ecosystem:crates.io");
    }

    #[test]
    fn a_release_that_says_too_little_has_no_key() {
        for distribution in ["debian", "ubuntu", "rhel", "alpine", "sles", "nixos"] {
            let release = Release { distribution: distribution.into(), ..Release::default() };
            assert_eq!(release.key(), None, "{distribution}");
        }
    }
}
