//! Orders package versions the way each distribution's and each language's own tool does.
//!
//! A version means nothing without its [`Scheme`]: `1.0~rc1` is older than `1.0` to dpkg and
//! newer to others. [`Scheme::compare`] is the whole interface for callers that hold strings;
//! [`Scheme::contains`] answers whether a version lies in an advisory's ranges. Each scheme's
//! module names the tool or standard it follows.
//!
//! # Parts
//!
//! - [`dpkg`], [`rpm`], [`apk`], [`alpm`], [`portage`]: distributions.
//! - [`pep440`], [`npm`], [`cargo`], [`go`], [`gem`], [`maven`], [`nuget`], [`composer`]: languages.
//! - [`range`]: ranges of affected versions.
//!
//! # Invariants
//!
//! - Comparing never fails: any two strings have an order, and the order is total (reflexive,
//!   antisymmetric up to equality, transitive), so that hostile strings can be sorted.
//! - dpkg, rpm, apk and alpm do not allocate to compare.
//! - The tool's answer is right. Where a tool's own answers form no order, its module says which
//!   of them are not followed.
//! - Whether a string *is* a version is a separate question, answered by parsing it.
//! - This crate knows nothing of packages, feeds or hosts.

use std::cmp::Ordering;
use std::fmt;

pub mod alpm;
pub mod apk;
pub mod cargo;
pub mod composer;
pub mod dpkg;
pub mod gem;
pub mod go;
#[cfg(test)]
mod laws;
pub mod maven;
pub mod npm;
pub mod nuget;
pub mod pep440;
pub mod portage;
pub mod range;
pub mod rpm;
mod scan;
mod semver;

pub use dpkg::{DebVersion, DebVersionError};
pub use range::{End, Range};
pub use rpm::Evr;

/// A rule for ordering versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Debian and its kin: epoch, upstream version, revision; deb-version(7).
    Dpkg,
    /// rpm on every distribution: epoch, version, release; `rpmvercmp`.
    Rpm,
    /// Alpine and its kin: apk-tools 3.
    Apk,
    /// Arch and its kin: pacman's `vercmp`.
    Alpm,
    /// Gentoo: the Package Manager Specification.
    Portage,
    /// Python: PEP 440.
    Pep440,
    /// npm: semver with the looseness of `node-semver`.
    Npm,
    /// Rust crates: semver.
    Cargo,
    /// Go modules and Go itself.
    Go,
    /// Ruby gems: `Gem::Version`.
    Gem,
    /// Maven artifacts: `ComparableVersion`.
    Maven,
    /// NuGet packages: `NuGetVersion`.
    NuGet,
    /// PHP packages: Composer's normal form and `version_compare`.
    Composer,
}

impl Scheme {
    /// Every scheme this build has.
    pub const ALL: &[Self] = &[
        Self::Dpkg,
        Self::Rpm,
        Self::Apk,
        Self::Alpm,
        Self::Portage,
        Self::Pep440,
        Self::Npm,
        Self::Cargo,
        Self::Go,
        Self::Gem,
        Self::Maven,
        Self::NuGet,
        Self::Composer,
    ];

    /// Returns the scheme's name in evidence and output: `dpkg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dpkg => "dpkg",
            Self::Rpm => "rpm",
            Self::Apk => "apk",
            Self::Alpm => "alpm",
            Self::Portage => "portage",
            Self::Pep440 => "pep440",
            Self::Npm => "npm",
            Self::Cargo => "cargo",
            Self::Go => "go",
            Self::Gem => "gem",
            Self::Maven => "maven",
            Self::NuGet => "nuget",
            Self::Composer => "composer",
        }
    }

    /// Orders two strings under this scheme, valid versions or not.
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::Dpkg => dpkg::compare(a, b),
            Self::Rpm => rpm::compare(a, b),
            Self::Apk => apk::compare(a, b),
            Self::Alpm => alpm::compare(a, b),
            Self::Portage => portage::compare(a, b),
            Self::Pep440 => pep440::compare(a, b),
            Self::Npm => npm::compare(a, b),
            Self::Cargo => cargo::compare(a, b),
            Self::Go => go::compare(a, b),
            Self::Gem => gem::compare(a, b),
            Self::Maven => maven::compare(a, b),
            Self::NuGet => nuget::compare(a, b),
            Self::Composer => composer::compare(a, b),
        }
    }

    /// Tells whether a string is a version under this scheme.
    pub fn is_valid(self, version: &str) -> bool {
        match self {
            Self::Dpkg => DebVersion::parse(version).is_ok(),
            Self::Rpm => Evr::parse(version).is_some(),
            Self::Apk => apk::is_valid(version),
            Self::Alpm => alpm::is_valid(version),
            Self::Portage => portage::is_valid(version),
            Self::Pep440 => pep440::is_valid(version),
            Self::Npm => npm::is_valid(version),
            Self::Cargo => cargo::is_valid(version),
            Self::Go => go::is_valid(version),
            Self::Gem => gem::is_valid(version),
            Self::Maven => maven::is_valid(version),
            Self::NuGet => nuget::is_valid(version),
            Self::Composer => composer::is_valid(version),
        }
    }

    /// Tells whether a string can be read well enough to have a place of its own in the order.
    /// The distributions' tools and Maven read anything.
    fn has_place(self, version: &str) -> bool {
        match self {
            Self::Dpkg | Self::Rpm | Self::Apk | Self::Alpm | Self::Maven => !version.is_empty(),
            Self::Portage | Self::Pep440 | Self::Npm | Self::Composer => self.is_valid(version),
            Self::Cargo => cargo::has_place(version),
            Self::Go => go::has_place(version),
            Self::Gem => gem::has_place(version),
            Self::NuGet => nuget::has_place(version),
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_names_itself_and_compares() {
        for scheme in Scheme::ALL {
            assert!(!scheme.name().is_empty());
            assert_eq!(scheme.compare("1.0.0", "2.0.0"), Ordering::Less, "{scheme}");
            assert!(scheme.is_valid("1.0.0"), "{scheme}");
            assert!(!scheme.is_valid(""), "{scheme}");
        }
        assert_eq!(Scheme::Dpkg.to_string(), "dpkg");
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Scheme::ALL.iter().map(|scheme| scheme.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Scheme::ALL.len());
    }
}
