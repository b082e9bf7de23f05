//! Ranges of versions as advisories state them, and whether a version lies in one.
//!
//! An advisory's list is a union: a version is affected if any range holds it. Ranges borrow
//! their texts, so that they can be read straight from an index.

use crate::{Scheme, composer};

/// One range of affected versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range<'a> {
    /// The first affected version; none means from the beginning.
    pub introduced: Option<&'a str>,
    /// Where it ends.
    pub end: End<'a>,
}

/// The end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End<'a> {
    /// This version is the first that is no longer affected.
    Fixed(&'a str),
    /// This version is the last that is affected.
    LastAffected(&'a str),
    /// No end is known.
    Open,
}

impl Range<'_> {
    /// Tells whether a version lies in this range under a scheme.
    pub fn contains(&self, scheme: Scheme, version: &str) -> bool {
        self.introduced.is_none_or(|first| scheme.compare(first, version).is_le())
            && match self.end {
                End::Fixed(fixed) => scheme.compare(version, fixed).is_lt(),
                End::LastAffected(last) => scheme.compare(version, last).is_le(),
                End::Open => true,
            }
    }
}

impl Scheme {
    /// Tells whether a version lies in any of the ranges.
    ///
    /// A text that is no version under the scheme has its place in the order by convention only,
    /// which is no ground for a finding. Such an installed version lies in no range but one that
    /// holds every version; such a bound (a commit where a version should be) makes a range hold
    /// nothing. Either way a range from a text to the same text holds that text. A branch of
    /// Composer (`dev-main`) is treated so too, and lies not even in a range of everything, as
    /// Composer has it.
    pub fn contains<'a>(self, ranges: impl IntoIterator<Item = Range<'a>>, version: &str) -> bool {
        let is_branch = |text: &str| self == Self::Composer && composer::is_branch(text);
        let has_place = |text: &str| self.has_place(text) && !is_branch(text);
        let version_has_place = has_place(version);
        ranges.into_iter().any(|range| {
            let end_has_place = match range.end {
                End::Fixed(end) | End::LastAffected(end) => has_place(end),
                End::Open => true,
            };
            match (range.introduced, range.end) {
                (None, End::Open) => !is_branch(version),
                (Some(first), End::LastAffected(last)) if first == last => self.compare(first, version).is_eq(),
                (first, _) => {
                    version_has_place && end_has_place && first.is_none_or(has_place) && range.contains(self, version)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range<'a>(introduced: Option<&'a str>, end: End<'a>) -> Range<'a> {
        Range { introduced, end }
    }

    #[test]
    fn the_first_is_inside_and_the_fixed_is_outside() {
        let fixed = [range(Some("1.2.0"), End::Fixed("1.4.5"))];
        for (version, inside) in [
            ("1.1.9", false),
            ("1.2.0-rc.1", false),
            ("1.2.0", true),
            ("1.4.4", true),
            ("1.4.5-rc.1", true), // A pre-release of the fix is not the fix.
            ("1.4.5", false),
            ("v1.4.5+build", false),
            ("2.0.0", false),
        ] {
            assert_eq!(Scheme::Npm.contains(fixed, version), inside, "{version}");
        }
        let last = [range(None, End::LastAffected("1.4.5"))];
        assert!(Scheme::Pep440.contains(last, "0.0.dev1") && Scheme::Pep440.contains(last, "1.4.5"));
        assert!(!Scheme::Pep440.contains(last, "1.4.5.post1"));
        assert!(!Scheme::Pep440.contains([], "1.0"));
        let open = [range(Some("2"), End::Open)];
        assert!(Scheme::Gem.contains(open, "2.0.1") && !Scheme::Gem.contains(open, "2.0.0.rc1"));
    }

    #[test]
    fn a_list_is_a_union() {
        let lines = [
            range(Some("1.0"), End::Fixed("1.5")),
            range(Some("2.0"), End::Fixed("2.3")),
            range(Some("3.1"), End::LastAffected("3.1")),
        ];
        let inside: Vec<_> = ["0.9", "1.4.9", "1.5", "2.2.9", "2.3", "3.0", "3.1", "3.1.0", "3.2"]
            .into_iter()
            .filter(|version| Scheme::Maven.contains(lines, version))
            .collect();
        assert_eq!(inside, ["1.4.9", "2.2.9", "3.1", "3.1.0"]);
    }

    #[test]
    fn what_is_no_version_lies_in_no_bounded_range() {
        let bounded = [range(None, End::Fixed("2.0.0"))];
        let whole = [range(None, End::Open)];
        assert!(!Scheme::Pep440.contains(bounded, "unknown") && Scheme::Pep440.contains(whole, "unknown"));
        assert!(!Scheme::Go.contains(bounded, "(devel)"));
        assert!(Scheme::Pep440.contains([range(Some("2004d"), End::LastAffected("2004d"))], "2004d"));
        // Bounds that are no versions: a commit.
        let commit = "e11298d7155e9982749483ca5538e46090caef9c";
        assert!(!Scheme::Pep440.contains([range(Some(commit), End::Open)], "1.0"));
        assert!(!Scheme::Pep440.contains([range(None, End::Fixed(commit))], "1.0"));
        // Short forms that advisories and hosts use have their place.
        assert!(Scheme::Cargo.contains(bounded, "1.9"));
        assert!(!Scheme::Composer.contains(bounded, "dev-main") && !Scheme::Composer.contains(whole, "dev-main"));
        assert!(Scheme::Composer.contains([range(Some("dev-main"), End::LastAffected("dev-main"))], "dev-main"));
    }
}
