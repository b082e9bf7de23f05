//! All that was read of one host at one time.

use crate::{Channels, HostIdentity, Kernel, LocalText, Package, Release, Settings, SourceLine};

/// All that was read of one host at one time. Judges are functions of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// Who the host is.
    pub host: HostIdentity,
    /// Which operating system it runs; `None` when nothing on it says.
    pub release: Option<Release>,
    /// The kernel that runs and the kernels that could.
    pub kernel: Kernel,
    /// The package database that was read, relative to the root (`var/lib/dpkg/status`);
    /// `None` when the host has none that we read.
    pub package_database: Option<String>,
    /// Every readable record of the package database, by name, then architecture. Packages of
    /// which nothing is on the host (dpkg's `not-installed`) are no records of it.
    pub packages: Vec<Package>,
    /// From where the host takes its packages, and what it may take.
    pub channels: Channels,
    /// Configuration facts for the best-practice rules.
    pub settings: Settings,
    /// What could not be read, in the order of reading.
    pub problems: Vec<ReadProblem>,
}

/// Something on the host that could not be read or understood. The rest was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadProblem {
    /// Where.
    pub place: SourceLine,
    /// What is wrong, and what it means for the assessment.
    pub message: LocalText,
}
