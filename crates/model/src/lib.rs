//! The nouns: host, package, advisory statement, finding, coverage.
//!
//! Every other crate speaks in these types. They hold what was parsed, never what was typed
//! in: a value that exists is a valid one.
//!
//! # Invariants
//!
//! - No type here implements `Serialize`: the crates at the edge own their wire shapes and
//!   convert, so that renaming a field never changes a contract by accident.
//! - No file, socket, clock or randomness.
//! - Every text that a person reads exists in English and Japanese ([`Text`], [`LocalText`]);
//!   a missing translation does not compile.

pub mod advisory;
pub mod assessment;
pub mod channel;
pub mod coverage;
pub mod debian;
pub mod finding;
pub mod host;
pub mod language;
pub mod package;
pub mod release;
pub mod rules_package;
pub mod run_report;
pub mod service;
pub mod settings;
pub mod snapshot;

pub use advisory::{
    AffectedRange, CvssVector, CvssVersion, Epss, FeedId, FeedRecord, Kev, Names, RangeEnd, Reference, ReferenceKind,
    Ssvc, Statement, StatementState, Urgency, Vulnerability,
};
pub use assessment::Assessment;
pub use channel::{Channels, Pin, Repository};
pub use coverage::{Coverage, CoverageState, Exclusion, ExclusionCode, FeedAge};
pub use finding::{
    Attribute, Evidence, Finding, FindingKey, Observation, SettingEvidence, Severity, VulnerabilityEvidence,
};
pub use host::{HostIdentity, Kernel, Virtualization};
pub use language::{Language, LocalText, Text};
pub use package::{Ecosystem, Origin, Package, PackageKind, PackageState, PackageStatus, SourceLine, SourcePackage};
pub use release::{Release, ReleaseKey};
pub use rules_package::RulesPackage;
pub use settings::{Fact, Settings};
pub use snapshot::{ReadProblem, Snapshot};
