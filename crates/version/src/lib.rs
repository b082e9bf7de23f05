//! Orders package versions the way each distribution's own tool does.
//!
//! A version means nothing without its [`Scheme`]: `1.0~rc1` is older than `1.0` to dpkg and
//! newer to others. [`Scheme::compare`] is the whole interface for callers that hold strings;
//! each scheme's module has the parsed form.
//!
//! # Invariants
//!
//! - Comparing never fails and never allocates: any two strings have an order, and the order is
//!   total (reflexive, antisymmetric up to equality, transitive).
//! - Whether a string *is* a version is a separate question, answered by parsing it.
//! - This crate knows nothing of packages, feeds or hosts.

use std::cmp::Ordering;
use std::fmt;

pub mod apk;
pub mod dpkg;
#[cfg(test)]
mod laws;
pub mod rpm;
mod scan;

pub use dpkg::{DebVersion, DebVersionError};

/// A rule for ordering versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Debian and its kin: epoch, upstream version, revision; deb-version(7).
    Dpkg,
    /// rpm on every distribution: epoch, version, release; `rpmvercmp`.
    Rpm,
    /// Alpine and its kin; apk-tools 3.
    Apk,
}

impl Scheme {
    /// Every scheme this build has.
    pub const ALL: &[Self] = &[Self::Dpkg, Self::Rpm, Self::Apk];

    /// Returns the scheme's name in evidence and output: `dpkg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dpkg => "dpkg",
            Self::Rpm => "rpm",
            Self::Apk => "apk",
        }
    }

    /// Orders two strings under this scheme, valid versions or not.
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::Dpkg => dpkg::compare(a, b),
            Self::Rpm => rpm::compare(a, b),
            Self::Apk => apk::compare(a, b),
        }
    }

    /// Tells whether a string is a version under this scheme.
    pub fn is_valid(self, version: &str) -> bool {
        match self {
            Self::Dpkg => DebVersion::parse(version).is_ok(),
            Self::Rpm => rpm::Evr::parse(version).is_some(),
            Self::Apk => apk::is_valid(version),
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
            assert_eq!(scheme.compare("1", "2"), Ordering::Less);
            assert!(scheme.is_valid("1"));
            assert!(!scheme.is_valid(""));
        }
        assert_eq!(Scheme::Dpkg.to_string(), "dpkg");
    }
}
