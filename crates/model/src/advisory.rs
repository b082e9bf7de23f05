//! What feeds say: statements of a vendor about its packages, and facts about the flaws.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::{ReleaseKey, Text};

/// Names a feed: `debian-tracker`, `debian-osv`, `debian-advisories`, `cisa-kev`, `epss`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedId(pub String);

impl FeedId {
    /// Names a feed.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What one vendor says of one vulnerability in one package of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Who says it.
    pub feed: FeedId,
    /// Of which release.
    pub release: ReleaseKey,
    /// Of which package.
    pub package: String,
    /// Whether that is a source package or a binary one.
    pub names: Names,
    /// Which channel of the release it speaks of; `None` is the one that every host of the release has.
    /// Ubuntu: `esm-infra`; Amazon: `extras:docker`, `livepatch`; Red Hat: `eus:9.2`; SUSE: `LTSS`.
    pub channel: Option<String>,
    /// Which module's stream it speaks of: `nodejs:18`; `None` for packages outside modules.
    pub module: Option<String>,
    /// Of which vulnerability: `CVE-2024-12797`, or the vendor's own id (`TEMP-0841856-B18BAF`)
    /// until a CVE is assigned; or an advisory (`RHSA-2024:1234`), which speaks of every
    /// vulnerability that it covers, see [`Vulnerability::covers`].
    pub vulnerability: String,
    /// What it says.
    pub state: StatementState,
    /// The vendor's own grading.
    pub urgency: Urgency,
    /// The vendor's note in its own words: why a fix is postponed, why it does not apply.
    pub note: Option<String>,
    /// The vendor's advisories that carry the fix: `DSA-5865-1`, `DLA-4051-1`.
    pub advisories: Vec<String>,
}

impl Default for Statement {
    fn default() -> Self {
        Self {
            feed: FeedId::new(""),
            release: ReleaseKey::new("", ""),
            package: String::new(),
            names: Names::Source,
            channel: None,
            module: None,
            vulnerability: String::new(),
            state: StatementState::UnderInvestigation,
            urgency: Urgency::NotAssigned,
            note: None,
            advisories: Vec::new(),
        }
    }
}

/// What the name in a statement names, and so which version of a host is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Names {
    /// A source package: its version is compared, and every binary built from it is meant.
    #[default]
    Source,
    /// A binary package: its own version is compared.
    Binary,
}

/// Versions that are affected, from one to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AffectedRange {
    /// The first affected version; `None` is the first that ever was.
    pub introduced: Option<String>,
    /// Where it ends.
    pub end: RangeEnd,
}

/// Where a range of affected versions ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RangeEnd {
    /// Before this version, which is fixed.
    Fixed(String),
    /// With this version, which is still affected.
    LastAffected(String),
    /// Nowhere yet.
    Open,
}

/// A vendor's verdict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatementState {
    /// This release's build was never affected.
    NotAffected,
    /// Versions before this one are affected, this one and later are not.
    Fixed(String),
    /// Versions in these ranges are affected, others are not.
    Affected(Vec<AffectedRange>),
    /// Affected, no fix yet.
    Open,
    /// Affected; the vendor will not fix it (Debian: `ignored`).
    WillNotFix,
    /// Affected; a fix will come together with a graver one (Debian: `postponed`).
    Postponed,
    /// Affected or unknown; the vendor has ended support for the package in this release.
    EndOfLife,
    /// The vendor has not decided yet whether it is affected.
    UnderInvestigation,
}

impl StatementState {
    /// Returns a word for machines: `fixed`, `will-not-fix` …
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotAffected => "not-affected",
            Self::Fixed(_) => "fixed",
            Self::Affected(_) => "affected",
            Self::Open => "open",
            Self::WillNotFix => "will-not-fix",
            Self::Postponed => "postponed",
            Self::EndOfLife => "end-of-life",
            Self::UnderInvestigation => "under-investigation",
        }
    }

    /// Returns the verdict for people.
    pub const fn text(&self) -> Text {
        match self {
            Self::NotAffected => Text::new("not affected", "影響なし"),
            Self::Fixed(_) => Text::new("fix available", "修正あり"),
            Self::Affected(_) => Text::new("affected", "影響あり"),
            Self::Open => Text::new("no fix yet", "修正未提供"),
            Self::WillNotFix => Text::new("will not be fixed", "修正予定なし"),
            Self::Postponed => Text::new("fix postponed", "修正延期"),
            Self::EndOfLife => Text::new("support ended", "サポート終了"),
            Self::UnderInvestigation => Text::new("under investigation", "調査中"),
        }
    }
}

/// Debian's urgency, and what other vendors' gradings map to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Urgency {
    /// Nobody has graded it.
    #[default]
    NotAssigned,
    /// No security effect in this distribution's build or use.
    Unimportant,
    /// A flaw in theory only (Ubuntu).
    Negligible,
    /// Low.
    Low,
    /// Medium; `moderate` and the like.
    Medium,
    /// High; `important` and the like.
    High,
    /// Critical.
    Critical,
}

impl Urgency {
    /// Returns the word; Debian's where it has one.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotAssigned => "not yet assigned",
            Self::Unimportant => "unimportant",
            Self::Negligible => "negligible",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// The flaw itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Vulnerability {
    /// `CVE-2023-4863`, or a vendor's id.
    pub id: String,
    /// Other ids of the same flaw.
    pub aliases: Vec<String>,
    /// Of an advisory: the ids of the vulnerabilities that it covers. An advisory without any is
    /// a flaw under its own id.
    pub covers: Vec<String>,
    /// What it is, as upstream wrote it; plain text.
    pub description: String,
    /// CVSS vectors with who gave them, newest version of the standard first.
    pub cvss: Vec<CvssVector>,
    /// Where to read more.
    pub references: Vec<Reference>,
    /// Weaknesses it is an instance of: `CWE-79`.
    pub cwes: Vec<String>,
    /// CISA's decision points (SSVC), where it made them.
    pub ssvc: Option<Ssvc>,
    /// CISA's catalogue of known exploited vulnerabilities, where it lists the flaw.
    pub kev: Option<Kev>,
    /// The Exploit Prediction Scoring System's estimate.
    pub epss: Option<Epss>,
    /// When it was made public.
    pub published: Option<Timestamp>,
    /// When the record changed last.
    pub modified: Option<Timestamp>,
}

/// Which version of the CVSS standard a vector follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CvssVersion {
    /// CVSS 2.0.
    V2,
    /// CVSS 3.0.
    V3_0,
    /// CVSS 3.1.
    V3_1,
    /// CVSS 4.0.
    V4,
}

impl CvssVersion {
    /// Returns the number: `3.1`.
    pub const fn number(self) -> &'static str {
        match self {
            Self::V2 => "2.0",
            Self::V3_0 => "3.0",
            Self::V3_1 => "3.1",
            Self::V4 => "4.0",
        }
    }
}

/// A CVSS vector and who gave it. The score is computed from the vector, never copied.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CvssVector {
    /// The standard's version.
    pub version: CvssVersion,
    /// `CVSS:3.1/AV:N/…`; version 2 vectors have no prefix.
    pub vector: String,
    /// The feed that carried it.
    pub source: FeedId,
}

/// What a reference is about, as OSV classifies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferenceKind {
    /// A published advisory.
    Advisory,
    /// The repair.
    Fix,
    /// A report or ticket.
    Report,
    /// Proof or demonstration.
    Evidence,
    /// An article.
    Article,
    /// Anything else.
    Web,
}

/// Where to read more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// What it is about.
    pub kind: ReferenceKind,
    /// `https://…`; only http and https addresses are kept.
    pub url: String,
}

/// An entry of CISA's catalogue of known exploited vulnerabilities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kev {
    /// When CISA listed it.
    pub added: Date,
    /// By when US federal agencies must have acted.
    pub due: Option<Date>,
    /// Whether ransomware campaigns are known to use it.
    pub ransomware: bool,
    /// What CISA asks for.
    pub action: String,
}

/// CISA's stakeholder-specific vulnerability categorization, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ssvc {
    /// `none`, `poc`, `active`.
    pub exploitation: String,
    /// `yes`, `no`.
    pub automatable: String,
    /// `partial`, `total`.
    pub technical_impact: String,
}

/// The Exploit Prediction Scoring System's estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epss {
    /// Probability of exploitation within 30 days, 0 to 1.
    pub probability: f32,
    /// Share of all scored CVEs with the same or a lower probability, 0 to 1.
    pub percentile: f32,
}

/// What an index knows of one feed: its age, its size, which releases it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRecord {
    /// The feed.
    pub id: FeedId,
    /// The date that upstream gives its data, or the document's own where it gives none.
    pub data_date: Timestamp,
    /// When the documents were last fetched or confirmed unchanged.
    pub fetched_at: Timestamp,
    /// How many records of any kind it brought.
    pub records: u64,
    /// How many vendor statements it brought.
    pub statements: u64,
    /// How many records could not be understood and were left out.
    pub rejected: u64,
    /// Releases that the feed speaks of; empty for feeds about flaws only.
    pub releases: Vec<ReleaseKey>,
    /// SHA-256 over the documents, hexadecimal.
    pub fingerprint: String,
    /// Beyond this age in days the data counts as old.
    pub fresh_days: u32,
}
