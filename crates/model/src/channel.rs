//! From where a host takes its packages, and what it may take: repositories, products, entitlements, pins.

use crate::SourceLine;

/// What a host says of where its packages come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Channels {
    /// The repositories that its package manager knows, in the order of its files.
    pub repositories: Vec<Repository>,
    /// Installed products with their versions: `sle-module-basesystem:15.3`.
    pub products: Vec<String>,
    /// Paid or opted-in lines of support: `esm-infra`, `esm-apps`, `livepatch`.
    pub entitlements: Vec<String>,
    /// What keeps a package from being upgraded.
    pub pins: Vec<Pin>,
}

impl Channels {
    /// Tells whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One repository of a package manager.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Repository {
    /// Its id: `rhel-9-for-x86_64-baseos-rpms`, `jammy-security/main`.
    pub id: String,
    /// Its name for people; empty where there is none.
    pub name: String,
    /// Where it is, the first of several addresses, without user and password.
    pub url: Option<String>,
    /// apt: the suite, `jammy-security`.
    pub suite: Option<String>,
    /// Whether the package manager uses it.
    pub enabled: bool,
    /// Where it is written.
    pub place: SourceLine,
}

/// A rule that keeps a package at its version or out of a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Pin {
    /// The package or pattern that it speaks of.
    pub package: String,
    /// The rule in its own words: `versionlock openssl-1:3.0.7-24.el9`, `Pin-Priority: -1`.
    pub rule: String,
    /// Where it is written.
    pub place: SourceLine,
}
