//! The advisories of a yum repository: `updateinfo.xml`, as Amazon, Fedora, Oracle, AlmaLinux
//! and Rocky publish it beside their packages.
//!
//! [`for_each_update`] walks the document and shows one [`Update`] at a time, so that a document
//! of 100 MB costs the memory of its largest advisory. What an update means (which release, which
//! channel) is the business of each feed; this module knows the format alone.
//!
//! # Invariants
//!
//! - A document that is cut or is not XML is an error as a whole; an update that is broken in
//!   itself reaches the visitor as [`Broken`], and the reading goes on.
//! - Every list of an update is bounded. An update that has more than that is broken: half of an
//!   advisory would be a wrong one.

mod reader;

use jiff::Timestamp;

pub(crate) use reader::for_each_update;

/// The most updates of one document. Fedora's largest repository has about 10,000.
pub(crate) const UPDATES_MAX: usize = 500_000;
/// The most packages of one update, over all its collections. Fedora's update of KDE has 3,000.
pub(crate) const PACKAGES_MAX: usize = 65_536;
/// The most references of one update. Kernel advisories name several hundred flaws.
pub(crate) const REFERENCES_MAX: usize = 8_192;
/// The most collections (repositories or module streams) of one update.
pub(crate) const COLLECTIONS_MAX: usize = 1_024;
/// Where a text of an update is cut, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 65_536;
/// The longest attribute that is kept, in bytes; a longer one counts as absent.
pub(crate) const ATTRIBUTE_BYTES_MAX: usize = 4_096;

/// One advisory.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Update {
    /// `ALAS2-2018-939`, `FEDORA-2024-0123456789`, `ELSA-2024-1234`; never empty.
    pub(crate) id: String,
    /// `security`, `bugfix`, `enhancement`, `newpackage`; empty where the publisher says nothing.
    pub(crate) kind: String,
    /// `final`, `stable`, `testing`.
    pub(crate) status: String,
    pub(crate) title: String,
    /// The publisher's own word: `important`, `Moderate`, `None`.
    pub(crate) severity: String,
    /// The release as text: `Fedora 40`.
    pub(crate) release: String,
    pub(crate) description: String,
    pub(crate) issued: Option<Timestamp>,
    pub(crate) updated: Option<Timestamp>,
    pub(crate) references: Vec<UpdateReference>,
    pub(crate) collections: Vec<Collection>,
}

/// Where an update points at: `cve`, `bugzilla`, `self`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct UpdateReference {
    pub(crate) href: String,
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) title: String,
}

/// Packages that belong together: one repository's, or one module stream's.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Collection {
    /// `amazon-linux-2---docker`.
    pub(crate) short: String,
    pub(crate) name: String,
    pub(crate) module: Option<Module>,
    pub(crate) packages: Vec<UpdatePackage>,
}

/// The module stream that a collection is of.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) stream: String,
    pub(crate) version: String,
    pub(crate) context: String,
    pub(crate) arch: String,
}

/// One binary package that carries the fix.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct UpdatePackage {
    pub(crate) name: String,
    pub(crate) epoch: String,
    pub(crate) version: String,
    pub(crate) release: String,
    pub(crate) arch: String,
    /// The source package's file name, where the publisher tells it.
    pub(crate) src: String,
    pub(crate) reboot_suggested: bool,
}

impl UpdatePackage {
    /// Returns `[epoch:]version-release` as packages and statements have it: an epoch of 0 is
    /// left out. `None` where a part is missing.
    pub(crate) fn evr(&self) -> Option<String> {
        if self.version.is_empty() || self.release.is_empty() {
            return None;
        }
        let (epoch, version, release) = (&self.epoch, &self.version, &self.release);
        let plain = epoch.is_empty() || epoch.bytes().all(|digit| digit == b'0') || epoch == "None";
        let digits = epoch.bytes().all(|digit| digit.is_ascii_digit());
        match (plain, digits) {
            (true, _) => Some(format!("{version}-{release}")),
            (false, true) => Some(format!("{epoch}:{version}-{release}")),
            (false, false) => None,
        }
    }
}

/// An update that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Its id, or its number in the document.
    pub(crate) record: String,
    pub(crate) why: &'static str,
}
