//! Versions of Rust crates: semver 2.0 as the `semver` crate reads it.
//!
//! Precedence ignores build metadata (`Version::cmp_precedence`): an advisory about `1.0.0` speaks
//! of `1.0.0+1` too. A missing number counts as 0, since advisories shorten; such a text is not a
//! valid version. What cannot be read stands below all versions.

use std::cmp::Ordering;

use crate::scan::compare_parsed;
use crate::semver::{Fields, Stage, Version, are_fields, is_strict, numbers, without_build};

fn parse(text: &str) -> Option<Version<'_, Fields<'_>>> {
    let (version, build) = without_build(text);
    let (numbers, _, tail) = numbers(version)?;
    let stage = match tail.strip_prefix('-') {
        None if tail.is_empty() => Stage::Release,
        Some(pre) if are_fields(pre) => Stage::Pre(Fields(pre)),
        _ => return None,
    };
    build.is_none_or(are_fields).then_some(Version { numbers, stage })
}

/// Orders any two strings by the precedence of semver.
pub fn compare(a: &str, b: &str) -> Ordering {
    compare_parsed(a, b, parse)
}

/// Tells whether a string is a version by the letter of semver.
pub fn is_valid(text: &str) -> bool {
    is_strict(text)
}

/// Tells whether a string can be read well enough to have a place of its own in the order.
pub(crate) fn has_place(text: &str) -> bool {
    parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws;

    #[test]
    fn orders_like_semver() {
        laws::check_ladder(
            compare,
            &[
                &["v1.0.0"],
                &["0.0.0-0"],
                &["0.9.0"],
                &["1.0.0-1"],
                &["1.0.0-1.9"],
                &["1.0.0-1.10"],
                &["1.0.0-1a"],
                &["1.0.0-alpha"],
                &["1.0.0-alpha.1"],
                &["1.0.0-alpha.beta"],
                &["1.0.0-beta"],
                &["1.0.0-beta.2"],
                &["1.0.0-beta.11"],
                &["1.0.0-rc.1", "1.0.0-rc.1+b"],
                &["1.0.0", "1.0.0+20130313144700", "1.0", "1"],
                &["2.0.0"],
                &["2.1.0"],
                &["2.1.1"],
                &["10.0.0"],
            ],
        );
    }

    #[test]
    fn says_what_is_a_version() {
        for fine in
            ["0.0.0", "1.2.3-a.1+b.01", "1.0.0--", "99999999999999999999999.999999999999999999.99999999999999999"]
        {
            assert!(is_valid(fine), "{fine}");
        }
        for bad in
            ["", "1", "1.2", "01.2.3", "1.2.3-01", "1.2.3-", "1.2.3+", "1.2.3+a+b", "v1.2.3", "1.2.3.4", "1.2.3-a..b"]
        {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    laws::total_order!(compare, "v?[01](\\.[01]){0,3}(-[a0.-]{0,4})?(\\+[a.]{0,2})?");
}
