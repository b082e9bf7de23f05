//! What was assessed, what was not, and why: the half of a result that a list of findings hides.

use jiff::Timestamp;

use crate::{FeedId, LocalText, RulesPackage, SourceLine, Text};

/// How far something was assessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CoverageState {
    /// All of it.
    Assessed,
    /// Some of it; the line says what is missing.
    Partly,
    /// None of it.
    NotAssessed,
}

impl CoverageState {
    /// Returns a word for machines: `assessed`, `partly`, `not-assessed`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Assessed => "assessed",
            Self::Partly => "partly",
            Self::NotAssessed => "not-assessed",
        }
    }
}

/// One line of coverage: a rules package, or a feed that it leans on.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// The rules package that the line is about.
    pub rules_package: RulesPackage,
    /// The feed, where the line is about one.
    pub feed: Option<FeedId>,
    /// How far it was assessed.
    pub state: CoverageState,
    /// Why, and what to do about it; always there unless `Assessed`.
    pub reason: Option<LocalText>,
    /// How old the data is, where it has an age.
    pub age: Option<FeedAge>,
}

/// How old a feed's data is.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedAge {
    /// The date that upstream gives its data, or the file's own where it gives none.
    pub data_date: Timestamp,
    /// Whole days between that date and the assessment.
    pub age_days: i64,
    /// Older than the feed's limit.
    pub stale: bool,
}

/// Something of this host that could not be judged, with the reason. Never dropped silently.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exclusion {
    /// The rules package that could not judge it.
    pub rules_package: RulesPackage,
    /// What kind of obstacle it was.
    pub code: ExclusionCode,
    /// What: a package, a rule, a file.
    pub subject: String,
    /// Why, and what would have to change.
    pub reason: LocalText,
    /// Where on the host, where there is a place.
    pub place: Option<SourceLine>,
}

/// Why something could not be judged, as a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExclusionCode {
    /// Somebody else built the package: the distribution's statements do not speak of it.
    NoAuthority,
    /// A file, a record or a setting could not be read.
    Unreadable,
    /// A version that no rule can compare.
    UnparsableVersion,
    /// The vendor has not decided yet.
    UnderInvestigation,
    /// The vendor tracks it and has decided not to act.
    IgnoredByVendor,
    /// Headers and tools of a kernel, but no kernel.
    KernelHeadersOnly,
    /// A container runs on its host's kernel.
    KernelOfTheHost,
    /// An installed kernel that does not run, beside a newer one.
    SupersededKernel,
}

impl ExclusionCode {
    /// Returns a word for machines: `no-authority`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoAuthority => "no-authority",
            Self::Unreadable => "unreadable",
            Self::UnparsableVersion => "unparsable-version",
            Self::UnderInvestigation => "under-investigation",
            Self::IgnoredByVendor => "ignored-by-vendor",
            Self::KernelHeadersOnly => "kernel-headers-only",
            Self::KernelOfTheHost => "kernel-of-the-host",
            Self::SupersededKernel => "superseded-kernel",
        }
    }

    /// Returns the kind for people.
    pub const fn text(self) -> Text {
        match self {
            Self::NoAuthority => Text::new("no authority for the package", "判定根拠となる情報源なし"),
            Self::Unreadable => Text::new("unreadable", "読み取り不可"),
            Self::UnparsableVersion => Text::new("version that cannot be compared", "比較できないバージョン"),
            Self::UnderInvestigation => Text::new("under investigation by the vendor", "ベンダー調査中"),
            Self::IgnoredByVendor => Text::new("ignored by the vendor", "ベンダーが対応対象外と判断"),
            Self::KernelHeadersOnly => {
                Text::new("kernel headers or tools, but no kernel", "カーネル本体のないヘッダーやツール")
            }
            Self::KernelOfTheHost => {
                Text::new("a container runs on its host's kernel", "コンテナーのカーネルはホストのもの")
            }
            Self::SupersededKernel => Text::new("older kernel that does not run", "起動していない古いカーネル"),
        }
    }

    /// Tells whether it leaves a gap in the assessment. The others are judgements: a kernel that
    /// does not run is not missing, and a vendor that has not decided has been heard.
    pub const fn is_gap(self) -> bool {
        matches!(self, Self::NoAuthority | Self::Unreadable | Self::UnparsableVersion)
    }
}
