//! Installed packages as the host's package database records them.

use std::fmt;

use jiff::Timestamp;

/// A place in a file of the host: path relative to the root, and line from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SourceLine {
    /// Path relative to the root, without a leading slash: `etc/ssh/sshd_config`.
    pub path: String,
    /// Line from 1; `None` where the whole file is meant.
    pub line: Option<u32>,
}

impl SourceLine {
    /// Names one line of a file.
    pub fn at(path: impl Into<String>, line: u32) -> Self {
        Self { path: path.into(), line: Some(line) }
    }

    /// Names a whole file.
    pub fn file(path: impl Into<String>) -> Self {
        Self { path: path.into(), line: None }
    }
}

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "/{}:{line}", self.path),
            None => write!(f, "/{}", self.path),
        }
    }
}

/// One record of the package database, or one package of a language inside the host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Package {
    /// What kind of package it is.
    pub kind: PackageKind,
    /// Name of the binary package: `libssl3`.
    pub name: String,
    /// Version of the binary package, whole: `1:1.2-3+b1`, `2:8.2.2637-20.el9_1`.
    pub version: String,
    /// `amd64`, `all` …; empty when the record has none.
    pub architecture: String,
    /// What it was built from.
    pub source: SourcePackage,
    /// What dpkg thinks of it.
    pub status: PackageStatus,
    /// Who built it, as far as the host can tell.
    pub origin: Origin,
    /// The record's `Maintainer`, for people.
    pub maintainer: Option<String>,
    /// `Multi-Arch`: `same`, `foreign`, `allowed`.
    pub multi_arch: Option<String>,
    /// Where the record stands.
    pub record: SourceLine,
    /// What else the record tells of where it came from.
    pub provenance: Provenance,
}

impl Package {
    /// Tells whether the package's files are on the disk, whole or in part.
    pub const fn is_present(&self) -> bool {
        self.status.state.is_present()
    }
}

/// Where a package came from, as far as its record tells. Which fields there are depends on its kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// rpm's `Vendor`: `Red Hat, Inc.`.
    pub vendor: Option<String>,
    /// The id of the key that signed it: 16 hexadecimal digits, lower case.
    pub signing_key: Option<String>,
    /// rpm's modularity label: `nodejs:18:8060020220523160029:ad008a3a`.
    pub module: Option<String>,
    /// The repository from which it was installed, where the host remembers.
    pub repository: Option<String>,
    /// When it was installed.
    pub installed_at: Option<Timestamp>,
    /// Of a language's package: the package of the operating system that owns its files.
    pub owner: Option<String>,
}

impl Provenance {
    /// Tells whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns name and stream of the module: `nodejs:18`.
    pub fn module_stream(&self) -> Option<&str> {
        let label = self.module.as_deref()?;
        let end = label.match_indices(':').nth(1).map_or(label.len(), |(at, _)| at);
        label.get(..end)
    }
}

/// What kind of package something is: who installs it, and so how its versions are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum PackageKind {
    /// Debian's format.
    #[default]
    Deb,
    /// rpm's.
    Rpm,
    /// Alpine's.
    Apk,
    /// Arch's (pacman).
    Alpm,
    /// Gentoo's.
    Portage,
    /// A snap.
    Snap,
    /// A Flatpak.
    Flatpak,
    /// A package of a language.
    Language(Ecosystem),
}

impl PackageKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Deb,
        Self::Rpm,
        Self::Apk,
        Self::Alpm,
        Self::Portage,
        Self::Snap,
        Self::Flatpak,
        Self::Language(Ecosystem::PyPi),
        Self::Language(Ecosystem::Npm),
        Self::Language(Ecosystem::RubyGems),
        Self::Language(Ecosystem::Go),
        Self::Language(Ecosystem::CratesIo),
        Self::Language(Ecosystem::Maven),
        Self::Language(Ecosystem::Packagist),
        Self::Language(Ecosystem::NuGet),
    ];

    /// Returns a word for machines: `deb`, `rpm`, `pypi`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Apk => "apk",
            Self::Alpm => "alpm",
            Self::Portage => "portage",
            Self::Snap => "snap",
            Self::Flatpak => "flatpak",
            Self::Language(ecosystem) => ecosystem.word(),
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Tells whether the operating system's own package manager installs it.
    pub const fn is_of_the_system(self) -> bool {
        matches!(self, Self::Deb | Self::Rpm | Self::Apk | Self::Alpm | Self::Portage)
    }

    /// Returns the language's ecosystem; `None` for every other kind.
    pub const fn ecosystem(self) -> Option<Ecosystem> {
        match self {
            Self::Language(ecosystem) => Some(ecosystem),
            _ => None,
        }
    }
}

/// A language's public registry of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// Python.
    PyPi,
    /// JavaScript.
    Npm,
    /// Ruby.
    RubyGems,
    /// Go modules, and the language's own library as `stdlib`.
    Go,
    /// Rust.
    CratesIo,
    /// Java.
    Maven,
    /// PHP.
    Packagist,
    /// .NET.
    NuGet,
}

impl Ecosystem {
    /// Every ecosystem.
    pub const ALL: [Self; 8] =
        [Self::PyPi, Self::Npm, Self::RubyGems, Self::Go, Self::CratesIo, Self::Maven, Self::Packagist, Self::NuGet];

    /// Returns the word of its release key: `pypi`, `crates.io`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::PyPi => "pypi",
            Self::Npm => "npm",
            Self::RubyGems => "rubygems",
            Self::Go => "go",
            Self::CratesIo => "crates.io",
            Self::Maven => "maven",
            Self::Packagist => "packagist",
            Self::NuGet => "nuget",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ecosystem| ecosystem.word() == word)
    }
}

/// The source package that advisories of Debian and its kin name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SourcePackage {
    /// `openssl`.
    pub name: String,
    /// Its own version, which a binary rebuild (`+b1`) or a changed epoch does not touch.
    pub version: String,
}

/// The three words of dpkg's `Status:` field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageStatus {
    /// What the administrator wants: `install`, `hold`, `deinstall`, `purge`, `unknown`.
    pub want: String,
    /// `ok` or `reinstreq`.
    pub flag: String,
    /// What is so.
    pub state: PackageState,
}

impl Default for PackageStatus {
    fn default() -> Self {
        Self::installed()
    }
}

impl PackageStatus {
    /// The status of nearly every package, and of the records of distroless images, which have
    /// no `Status:` field.
    pub fn installed() -> Self {
        Self { want: "install".into(), flag: "ok".into(), state: PackageState::Installed }
    }

    /// Tells whether the administrator has forbidden upgrades (`apt-mark hold`).
    pub fn is_held(&self) -> bool {
        self.want == "hold"
    }
}

impl fmt::Display for PackageStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.want, self.flag, self.state.as_str())
    }
}

/// dpkg's package states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackageState {
    /// Known, not on the disk.
    NotInstalled,
    /// Removed; its configuration files remain.
    ConfigFiles,
    /// Unpacking began and did not end.
    HalfInstalled,
    /// Unpacked, not configured.
    Unpacked,
    /// Configuring began and did not end.
    HalfConfigured,
    /// Waits for another package's trigger.
    TriggersAwaited,
    /// Its own trigger waits.
    TriggersPending,
    /// Whole.
    Installed,
}

impl PackageState {
    /// Returns dpkg's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotInstalled => "not-installed",
            Self::ConfigFiles => "config-files",
            Self::HalfInstalled => "half-installed",
            Self::Unpacked => "unpacked",
            Self::HalfConfigured => "half-configured",
            Self::TriggersAwaited => "triggers-awaited",
            Self::TriggersPending => "triggers-pending",
            Self::Installed => "installed",
        }
    }

    /// Reads dpkg's word.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::NotInstalled,
            Self::ConfigFiles,
            Self::HalfInstalled,
            Self::Unpacked,
            Self::HalfConfigured,
            Self::TriggersAwaited,
            Self::TriggersPending,
            Self::Installed,
        ]
        .into_iter()
        .find(|state| state.as_str() == word)
    }

    /// Tells whether the package's files are on the disk, whole or in part. A half-installed
    /// package counts: its vulnerable files may be there.
    pub const fn is_present(self) -> bool {
        !matches!(self, Self::NotInstalled | Self::ConfigFiles)
    }
}

/// Who built a package, as far as the host can tell.
///
/// Advisories of a distribution speak of that distribution's builds only. A package from
/// elsewhere has *no authority* in them and is said to have none, never guessed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Origin {
    /// Nothing on the host says otherwise, so the distribution is taken to be the builder.
    #[default]
    Assumed,
    /// The distribution, shown by its archive's package list, or by the package's key and vendor.
    Distribution,
    /// Somebody else.
    Foreign {
        /// Who: the archive's `Origin`, a vendor, or a suite such as `bookworm-backports`.
        who: String,
        /// What shows it: a package list, a field of the record, a version suffix.
        shown_by: String,
    },
}

impl Origin {
    /// Tells whether the distribution's advisories speak of the package.
    pub const fn is_foreign(&self) -> bool {
        matches!(self, Self::Foreign { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_kinds_are_read_back() {
        for kind in PackageKind::ALL {
            assert_eq!(PackageKind::from_word(kind.word()), Some(kind));
            assert_eq!(kind.ecosystem().is_some(), matches!(kind, PackageKind::Language(_)));
        }
        for ecosystem in Ecosystem::ALL {
            assert_eq!(Ecosystem::from_word(ecosystem.word()), Some(ecosystem));
            assert!(PackageKind::ALL.contains(&PackageKind::Language(ecosystem)));
        }
    }

    #[test]
    fn a_modularity_label_names_its_stream() {
        let module = |label: &str| Provenance { module: Some(label.into()), ..Provenance::default() };
        assert_eq!(module("nodejs:18:8060020220523160029:ad008a3a").module_stream(), Some("nodejs:18"));
        assert_eq!(module("nodejs:18").module_stream(), Some("nodejs:18"));
        assert_eq!(Provenance::default().module_stream(), None);
    }
}
