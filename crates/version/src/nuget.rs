//! Versions of NuGet packages: `NuGetVersion`.
//!
//! One to four numbers, those missing being 0, then a pre-release and metadata as in semver.
//! Words compare without regard to case; metadata has no say. What cannot be read stands below
//! all versions.

use std::cmp::Ordering;

use crate::scan::{Number, compare_padded, compare_parsed, equal_by_order, is_number};
use crate::semver::{Stage, are_fields, are_strict_fields, without_build};

/// NuGet keeps each of the numbers in 31 bits.
const NUMBER_MAX: &str = "2147483647";

/// How many numbers there are.
const NUMBERS: usize = 4;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version<'a> {
    numbers: [Number<'a>; NUMBERS],
    stage: Stage<Labels<'a>>,
}

#[derive(Debug)]
struct Labels<'a>(&'a str);

impl Ord for Labels<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_padded(self.0.split('.'), other.0.split('.'), |a, b| match (a, b) {
            (Some(a), Some(b)) => compare_labels(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
    }
}

/// Orders two labels. A number is what .NET's `int.TryParse` takes: one of 32 bits, a hyphen being its
/// sign. A longer one is a word, and stands above numbers with the words.
fn compare_labels(a: &str, b: &str) -> Ordering {
    match (a.parse::<i32>(), b.parse::<i32>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        // .NET compares ordinally in upper case, which matters for the hyphen alone.
        (Err(_), Err(_)) => a.bytes().map(|b| b.to_ascii_uppercase()).cmp(b.bytes().map(|b| b.to_ascii_uppercase())),
    }
}

equal_by_order!(Labels);

fn parse(text: &str) -> Option<Version<'_>> {
    let text = text.trim();
    let (version, build) = without_build(text);
    let (digits, labels) = version.split_once('-').map_or((version, None), |(digits, labels)| (digits, Some(labels)));
    let mut numbers = [Number("0"); NUMBERS];
    let mut parts = digits.split('.');
    for (number, part) in numbers.iter_mut().zip(parts.by_ref()) {
        // NuGet lets blanks stand around each number.
        *number = Some(Number(part.trim())).filter(|n| is_number(n.0) && *n <= Number(NUMBER_MAX))?;
    }
    if parts.next().is_some() || !build.is_none_or(are_fields) {
        return None;
    }
    let stage = match labels {
        None => Stage::Release,
        Some(labels) if are_fields(labels) => Stage::Pre(Labels(labels)),
        Some(_) => return None,
    };
    Some(Version { numbers, stage })
}

/// Orders any two strings as NuGet orders versions.
pub fn compare(a: &str, b: &str) -> Ordering {
    compare_parsed(a, b, parse)
}

/// Tells whether a string is a version to NuGet.
pub fn is_valid(text: &str) -> bool {
    let (version, _) = without_build(text.trim());
    let labels_are_fine = version.split_once('-').is_none_or(|(_, labels)| are_strict_fields(labels));
    labels_are_fine && parse(text).is_some()
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
    fn orders_like_nuget() {
        laws::check_ladder(
            compare,
            &[
                &["1.0.0.0.0"],
                &["v1"],
                &["0", "0.0.0.0"],
                &["1.0.0--2"], // A negative number to .NET.
                &["1.0.0-1"],
                &["1.0.0-2"],
                &["1.0.0-11"],
                &["1.0.0-2147483647"],
                &["1.0.0-10000000000"], // Past 32 bits a word.
                &["1.0.0-2147483648"],
                &["1.0.0-a-b"],
                &["1.0.0-alpha", "1.0.0-ALPHA", "1.0-Alpha+meta"],
                &["1.0.0-alpha.1"],
                &["1.0.0-alpha1"],
                &["1.0.0-alpha10"],
                &["1.0.0-alpha2"],
                &["1.0.0-BETA"],
                &["1.0.0-rc.2"],
                &["1.0.0-rc.10"],
                &["1", "1.0", "1.0.0", "1.0.0.0", "01.00", "1.0.0+meta", " 1.0 "],
                &["1.0.0.1-rc"],
                &["1.0.0.1"],
                &["1.0.1"],
                &["1.9"],
                &["1.10"],
                &["2147483647.0"],
            ],
        );
    }

    #[test]
    fn says_what_is_a_version() {
        for fine in ["1", "1.2", "1.2.3", "1.2.3.4", "1.2.3-beta.1+sha", "01.2", "1.0-0a"] {
            assert!(is_valid(fine), "{fine}");
        }
        for bad in [
            "",
            "1.2.3.4.5",
            "1.",
            ".1",
            "1..2",
            "v1",
            "1.0-",
            "1.0-01",
            "1.0+",
            "1.0-a_b",
            "2147483648.0",
            "-1",
            "1.a",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    laws::total_order!(compare, "[01](\\.[01]{1,2}){0,4}(-[aAb0.-]{0,4})?(\\+[a.]{0,2})?");
}
