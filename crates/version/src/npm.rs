//! Versions of npm packages: semver 2.0 with the looseness of `node-semver`.
//!
//! Blanks, `v` and `=` in front mean nothing, zeros in front of a number neither, and the hyphen
//! before a pre-release may be missing (`1.2.3beta`), as with `node-semver`'s option `loose`.
//! Beyond it, missing numbers are 0 (`1.2` is `1.2.0`): advisories write such versions. What
//! cannot be read even so stands below all versions.

use std::cmp::Ordering;

use crate::scan::{Number, compare_parsed};
use crate::semver::{Fields, Stage, Version, are_fields, numbers, without_build};

/// How many digits of the last number may turn out to begin a pre-release.
const DIGITS_MAX: usize = 16;

fn parse(text: &str) -> Option<Version<'_, Fields<'_>>> {
    let text = text.trim().trim_start_matches(|c: char| matches!(c, 'v' | '=') || c.is_whitespace());
    let (version, build) = without_build(text);
    if !build.is_none_or(are_fields) {
        return None;
    }
    let (numbers, count, tail) = numbers(version)?;
    if tail.is_empty() {
        return Some(Version { numbers, stage: Stage::Release });
    }
    let pre = |tail| [str::strip_prefix(tail, '-'), Some(tail)].into_iter().flatten().find(|pre| are_fields(pre));
    if let Some(pre) = pre(tail) {
        return Some(Version { numbers, stage: Stage::Pre(Fields(pre)) });
    }
    // With the hyphen optional, node-semver's expression takes digits back from the last number
    // until the rest is a pre-release: `1.2.34.5` is `1.2.3-4.5`.
    let [major, minor, last] = numbers;
    let whole = version.get(version.len().checked_sub(last.0.len().checked_add(tail.len())?)?..)?;
    let shorter = (1..last.0.len().min(DIGITS_MAX)).rev().filter(|_| count == 3);
    shorter.filter_map(|digits| whole.split_at_checked(digits)).find_map(|(digits, tail)| {
        let stage = Stage::Pre(Fields(pre(tail)?));
        Some(Version { numbers: [major, minor, Number(digits)], stage })
    })
}

/// Orders any two strings as `semver.compare(a, b, { loose: true })` orders versions.
pub fn compare(a: &str, b: &str) -> Ordering {
    compare_parsed(a, b, parse)
}

/// Tells whether a string is a version, with the looseness that this module describes.
pub fn is_valid(text: &str) -> bool {
    parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws;

    #[test]
    fn orders_like_node_semver() {
        laws::check_ladder(
            compare,
            &[
                &[""],
                &["1.2.3.4"],
                &["latest"],
                &["0.0.0-0", "v0.0.0-0"],
                &["0.0.0-foo"],
                &["0.0.0", "0", "0.0"],
                &["0.0.1"],
                &["0.9.9"],
                &["0.10.0", "00.010.00"],
                &["1.2.3-0"],
                &["1.2.3-4"],
                &["1.2.3-4-foo"],
                &["1.2.3-5-Foo-x"],
                &["1.2.3-5-foo"],
                &["1.2.3-R2"],
                &["1.2.3-alpha"],
                &["1.2.3-alpha.0"],
                &["1.2.3-alpha.0.pr.1"],
                &["1.2.3-alpha.0.pr.2"],
                &["1.2.3-asdf", "1.2.3asdf", "=v 1.2.3-asdf+build"],
                &["1.2.3-beta.2"],
                &["1.2.3-beta.11"],
                &["1.2.3-beta.x"],
                &["1.2.3-r100"],
                &["1.2.3-rc1"],
                &["1.2.3", "v1.2.3", "=1.2.3", " = v1.2.3 ", "1.2.3+build.5", "1.2.03"],
                &["1.3", "1.3.0", "v1.3"],
                &["2"],
                &["18446744073709551617.0.0"],
            ],
        );
    }

    #[test]
    fn says_what_is_a_version() {
        for fine in [
            "1.2.3",
            "v1",
            "=1.2",
            "1.2.3-beta.1+exp.sha.5114f85",
            "1.2.3beta",
            "01.2.3",
            "1.2.3--",
            "1.2.34.5",
            "1.2.3-",
        ] {
            assert!(is_valid(fine), "{fine}");
        }
        for bad in ["", "v", "x", "1.x", "1.2.3.4", "1.2.3-a..b", "1.2.3+", "1.2.3-é", "~1.2.3", "1. 2", "1.2.3 beta"]
        {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    laws::total_order!(compare, "[v=]{0,2}[01](\\.[01]{1,2}){0,3}(-?[a0.-]{0,4})?(\\+[a.]{0,2})?");
}
