//! Installed packages as the host's package database records them.

use std::fmt;

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

/// One record of the package database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Name of the binary package: `libssl3`.
    pub name: String,
    /// Version of the binary package, whole: `1:1.2-3+b1`.
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
}

impl Package {
    /// Tells whether the package's files are on the disk, whole or in part.
    pub const fn is_present(&self) -> bool {
        self.status.state.is_present()
    }
}

/// The source package that advisories of Debian and its kin name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// The distribution, shown by its archive's package list.
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
