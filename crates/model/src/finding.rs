//! Findings: one verdict worth showing about one host, with its evidence.

use std::fmt;

use crate::{
    CvssVector, Epss, FeedId, Kev, LocalText, Reference, RulesPackage, SourceLine, SourcePackage, StatementState, Text,
    Urgency,
};

/// The API's severities, most severe first in the order of the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Act at once.
    High,
    /// Act at the next possible chance.
    Medium,
    /// Nobody has graded it yet. Sorted before `Low`, because it may be anything.
    Undefined,
    /// Act in some future update.
    Low,
    /// A fact, no request.
    Informational,
}

impl Severity {
    /// Every severity, most severe first.
    pub const ALL: [Self; 5] = [Self::High, Self::Medium, Self::Undefined, Self::Low, Self::Informational];

    /// Returns the API's word: `High`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::High => "High",
            Self::Medium => "Medium",
            Self::Undefined => "Undefined",
            Self::Low => "Low",
            Self::Informational => "Informational",
        }
    }

    /// Reads the API's word, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.word().eq_ignore_ascii_case(word))
    }

    /// Returns the severity for people.
    pub const fn text(self) -> Text {
        match self {
            Self::High => Text::new("High", "高"),
            Self::Medium => Text::new("Medium", "中"),
            Self::Undefined => Text::new("Undefined", "未評価"),
            Self::Low => Text::new("Low", "低"),
            Self::Informational => Text::new("Informational", "情報"),
        }
    }

    /// Returns the API's `numericSeverity`.
    pub const fn number(self) -> f64 {
        match self {
            Self::High => 9.0,
            Self::Medium => 6.0,
            Self::Low => 3.0,
            Self::Undefined | Self::Informational => 0.0,
        }
    }

    /// Tells whether a gate set at `threshold` must fail on this severity. What nobody has
    /// graded counts as `Medium` here: a gate that lets the unknown through is no gate.
    pub fn reaches(self, threshold: Self) -> bool {
        let known = |severity| if severity == Self::Undefined { Self::Medium } else { severity };
        known(self) <= known(threshold)
    }
}

/// Recognises the same fault on the same host across runs.
///
/// Made of the rules package, the rule and its subject (the package or the setting), not of
/// versions, so that age and history can be told. Thirteen characters, `[0-9a-z]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingKey(pub String);

impl VulnerabilityEvidence {
    /// The description of a finding whose flaw no feed describes.
    pub fn no_description(id: &str) -> LocalText {
        LocalText::new(
            format!("No feed carries a description of {id}."),
            format!("{id} の説明はどのフィードにも含まれていません。"),
        )
    }
}

impl FindingKey {
    /// Makes the key of a finding: FNV-1a (64 bits) over host, rules package, rule and subject,
    /// joined with NUL, in base 36.
    pub fn of(host: &str, package: RulesPackage, rule: &str, subject: &str) -> Self {
        const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let mut hash = OFFSET_BASIS;
        for byte in [host, package.word(), rule, subject].join("\u{0}").bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
        // 36^13 > 2^64, so thirteen digits hold every hash.
        let mut digits = ['0'; 13];
        for digit in digits.iter_mut().rev() {
            let value = u32::try_from(hash % 36).unwrap_or_default();
            *digit = char::from_digit(value, 36).unwrap_or('0');
            hash /= 36;
        }
        Self(digits.iter().collect())
    }
}

impl fmt::Display for FindingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key and a value, as the API shows them on a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `INSTANCE_ID`, `CVE_ID`, `package_name` …
    pub key: String,
    /// At most 256 characters.
    pub value: String,
}

/// One verdict worth showing, about one host.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Recognises the same fault across runs.
    pub key: FindingKey,
    /// The rules package whose rule this is.
    pub rules_package: RulesPackage,
    /// The API's `id`: the CVE id, or the rule's name in sentence case.
    pub rule: String,
    /// One line.
    pub title: LocalText,
    /// What is wrong and why it matters.
    pub description: LocalText,
    /// What to do, with the commands for this host's distribution.
    pub recommendation: LocalText,
    /// How urgent.
    pub severity: Severity,
    /// Which fact decided the severity, under `docs/severity.md`.
    pub severity_reason: LocalText,
    /// The API's attributes.
    pub attributes: Vec<Attribute>,
    /// What shows it.
    pub evidence: Evidence,
}

/// What shows a finding.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// An advisory statement matched an installed package.
    Vulnerability(Box<VulnerabilityEvidence>),
    /// A setting of the host breaks a rule.
    Setting(SettingEvidence),
}

/// An advisory statement matched an installed package.
#[derive(Debug, Clone, PartialEq)]
pub struct VulnerabilityEvidence {
    /// `CVE-2024-12797`, or the vendor's own id.
    pub cve: String,
    /// Other ids of the same flaw.
    pub aliases: Vec<String>,
    /// The vendor's advisories, newest first: `DSA-5865-1`.
    pub advisories: Vec<String>,
    /// The vendor's page on the flaw.
    pub vendor_url: Option<String>,
    /// Who said so.
    pub feed: FeedId,
    /// Of which release: `debian:bookworm`.
    pub release: String,
    /// The source package that the statement names, with the installed version compared.
    pub source: SourcePackage,
    /// The installed binary packages built from it, by name.
    pub packages: Vec<AffectedPackage>,
    /// What the vendor says.
    pub state: StatementState,
    /// The vendor's grading.
    pub urgency: Urgency,
    /// The vendor's note in its own words.
    pub note: Option<String>,
    /// The rule that compared the versions: `dpkg`.
    pub scheme: &'static str,
    /// The comparison in words: `3.0.15-1 < 3.0.16-1 (dpkg)`, or why there was none.
    pub comparison: String,
    /// The line of support that carries the fix and that the host lacks: `esm-infra`.
    pub entitlement: Option<String>,
    /// For a kernel: which one the verdict is about.
    pub kernel: Option<KernelVerdict>,
    /// CVSS vectors with computed base scores, newest version of the standard first.
    pub cvss: Vec<(CvssVector, f64)>,
    /// Known exploited.
    pub kev: Option<Kev>,
    /// Estimated exploitation.
    pub epss: Option<Epss>,
    /// Where to read more.
    pub references: Vec<Reference>,
}

/// An installed binary package that carries a flaw of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AffectedPackage {
    /// `libssl3`.
    pub name: String,
    /// Binary version.
    pub version: String,
    /// `amd64`.
    pub architecture: String,
    /// dpkg's status, where it is not `install ok installed`.
    pub status: Option<String>,
    /// Where a package of a language lies: `/srv/app/package-lock.json`.
    pub place: Option<String>,
}

/// Which kernel a verdict is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KernelVerdict {
    /// The kernel that runs.
    Running {
        /// `6.1.0-28-amd64`.
        release: String,
    },
    /// A repaired kernel is installed, but this vulnerable one still runs: reboot.
    RebootPending {
        /// What runs.
        running: String,
        /// What would run after a reboot.
        installed: String,
    },
    /// Nothing runs (a directory tree): the newest installed kernel is judged.
    WouldBoot {
        /// `6.1.0-28-amd64`.
        release: String,
    },
}

/// A setting of the host breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingEvidence {
    /// What was looked at and found, one line each, the decisive one first.
    pub observations: Vec<Observation>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Where it stands; `None` for a compiled-in default or the running kernel.
    pub place: Option<SourceLine>,
    /// What stands there: `PermitRootLogin yes`.
    pub found: String,
    /// What it means, where that is not plain.
    pub note: Option<LocalText>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_depends_on_each_part_and_on_nothing_else() {
        let key = FindingKey::of("web-1", RulesPackage::Cve, "CVE-2024-12797", "openssl");
        assert_eq!(key, FindingKey::of("web-1", RulesPackage::Cve, "CVE-2024-12797", "openssl"));
        assert_eq!(key.0.len(), 13);
        assert!(key.0.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()));
        for other in [
            FindingKey::of("web-2", RulesPackage::Cve, "CVE-2024-12797", "openssl"),
            FindingKey::of("web-1", RulesPackage::BestPractices, "CVE-2024-12797", "openssl"),
            FindingKey::of("web-1", RulesPackage::Cve, "CVE-2024-12798", "openssl"),
            FindingKey::of("web-1", RulesPackage::Cve, "CVE-2024-12797", "zlib"),
            FindingKey::of("web-1", RulesPackage::Cve, "CVE-2024-12797openssl", ""),
        ] {
            assert_ne!(key, other);
        }
    }

    #[test]
    fn a_key_stays_the_same_over_the_years() {
        let key = FindingKey::of("web-1", RulesPackage::Cve, "CVE-2024-12797", "openssl");
        assert_eq!(key.to_string(), "3p28axs30lmtd");
    }
}
