//! Debian's releases: code names, numbers and how long each is supported.
//!
//! Dates follow the Debian wiki's release and LTS pages and the `distro-info-data` table. A date
//! is the last day of support.

use jiff::civil::{Date, date};

/// One Debian release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DebianRelease {
    /// `bookworm`.
    pub codename: &'static str,
    /// `12`; empty for `sid`, which never has one.
    pub version: &'static str,
    /// Last day of the security team's support; `None` while the release is in development.
    pub security_until: Option<Date>,
    /// Last day of long-term support (LTS).
    pub lts_until: Option<Date>,
}

/// Every release since Debian 6, oldest first, `sid` last.
pub const RELEASES: &[DebianRelease] = &[
    release("squeeze", "6", date(2014, 5, 31), date(2016, 2, 29)),
    release("wheezy", "7", date(2016, 4, 25), date(2018, 5, 31)),
    release("jessie", "8", date(2018, 6, 17), date(2020, 6, 30)),
    release("stretch", "9", date(2020, 7, 18), date(2022, 6, 30)),
    release("buster", "10", date(2022, 9, 10), date(2024, 6, 30)),
    release("bullseye", "11", date(2024, 8, 14), date(2026, 8, 31)),
    release("bookworm", "12", date(2026, 6, 10), date(2028, 6, 30)),
    release("trixie", "13", date(2028, 8, 9), date(2030, 6, 30)),
    DebianRelease { codename: "forky", version: "14", security_until: None, lts_until: None },
    DebianRelease { codename: "sid", version: "", security_until: None, lts_until: None },
];

const fn release(codename: &'static str, version: &'static str, security: Date, lts: Date) -> DebianRelease {
    DebianRelease { codename, version, security_until: Some(security), lts_until: Some(lts) }
}

/// How well a release is looked after on a given day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// In development (`testing`, `unstable`): fixes arrive, no promise is made.
    Development,
    /// The security team looks after it until this day.
    Full(Date),
    /// The LTS team looks after it until this day, for its architectures and packages.
    LongTerm(Date),
    /// Nobody at Debian has published fixes since this day.
    Ended(Date),
}

impl DebianRelease {
    /// Finds a release by code name, or by its number with or without a point release
    /// (`12`, `12.5`).
    pub fn find(name: &str) -> Option<&'static Self> {
        let major = name.split('.').next().unwrap_or(name);
        RELEASES.iter().find(|release| {
            release.codename.eq_ignore_ascii_case(name) || (!release.version.is_empty() && release.version == major)
        })
    }

    /// Tells how well the release is looked after on `today`.
    pub fn support(&self, today: Date) -> Support {
        match (self.security_until, self.lts_until) {
            (Some(security), _) if today <= security => Support::Full(security),
            (_, Some(lts)) if today <= lts => Support::LongTerm(lts),
            (_, Some(lts)) => Support::Ended(lts),
            (Some(security), None) => Support::Ended(security),
            (None, None) => Support::Development,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_name_and_number() {
        assert_eq!(DebianRelease::find("bookworm").map(|r| r.version), Some("12"));
        assert_eq!(DebianRelease::find("12.11").map(|r| r.codename), Some("bookworm"));
        assert_eq!(DebianRelease::find("1"), None);
    }

    #[test]
    fn support_ends_in_steps() {
        let bookworm = DebianRelease::find("bookworm").unwrap();
        assert!(matches!(bookworm.support(date(2026, 6, 10)), Support::Full(_)));
        assert!(matches!(bookworm.support(date(2026, 6, 11)), Support::LongTerm(_)));
        assert!(matches!(bookworm.support(date(2028, 7, 1)), Support::Ended(_)));
    }
}
