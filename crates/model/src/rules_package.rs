//! The rules packages that a host can be assessed with.

use crate::Text;

/// A named set of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RulesPackage {
    /// Common Vulnerabilities and Exposures: installed packages against published advisories.
    Cve,
    /// Security Best Practices: SSH, passwords, memory protection, directory permissions.
    BestPractices,
}

impl RulesPackage {
    /// Every rules package this build has.
    pub const ALL: &[Self] = &[Self::Cve, Self::BestPractices];

    /// Returns the word of the command line: `cve`, `best-practices`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cve => "cve",
            Self::BestPractices => "best-practices",
        }
    }

    /// Reads the word of the command line.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|package| package.word() == word)
    }

    /// Returns the package's name for people.
    pub const fn name(self) -> Text {
        match self {
            Self::Cve => Text::new("Common Vulnerabilities and Exposures", "共通脆弱性識別子 (CVE)"),
            Self::BestPractices => Text::new("Security Best Practices", "セキュリティのベストプラクティス"),
        }
    }
}
