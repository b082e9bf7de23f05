//! Versions of Ruby gems: `Gem::Version`.
//!
//! Runs of digits and runs of letters are the segments, whatever stands between; a hyphen is read
//! as `.pre.`. Zeros at the end of the numbers in front, and at the end of the whole, fall away;
//! what is missing is 0; letters are below numbers, so any letter makes a pre-release.

use std::cmp::Ordering;

use crate::scan::{Number, compare_padded, compare_parsed, digits, equal_by_order, is_number, is_zero, run};

/// Letters are below numbers.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'a> {
    Letters(&'a str),
    Digits(Number<'a>),
}

const ZERO: Segment<'_> = Segment::Digits(Number("0"));

#[derive(Debug)]
struct Segments<'a>(Vec<Segment<'a>>);

equal_by_order!(Segments);

impl Ord for Segments<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_padded(&self.0, &other.0, |a, b| a.unwrap_or(&ZERO).cmp(b.unwrap_or(&ZERO)))
    }
}

/// Reads what `Gem::Version.correct?` accepts: numbers and words with dots between, then a
/// pre-release behind a hyphen. Nothing but blanks is version 0.
fn parse(text: &str) -> Option<Segments<'_>> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let mut segments = Vec::new();
    if text.is_empty() {
        return Some(Segments(segments));
    }
    let (release, pre) = text.split_once('-').map_or((text, None), |(release, pre)| (release, Some(pre)));
    let starts_with_number = release.split('.').next().is_some_and(is_number);
    let words = |part: &str, more: &str| {
        part.split('.').all(|w| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c)))
    };
    if !starts_with_number || !words(release, "") || !pre.is_none_or(|pre| words(pre, "-")) {
        return None;
    }
    let mut hyphens = text.split('-');
    hyphens.by_ref().take(1).for_each(|part| push(part, &mut segments));
    for part in hyphens {
        segments.push(Segment::Letters("pre"));
        push(part, &mut segments);
    }
    let numbers = segments.iter().take_while(|s| matches!(s, Segment::Digits(_))).count();
    let words = segments.split_off(numbers.min(segments.len()));
    drop_zeros(&mut segments);
    segments.extend(words);
    drop_zeros(&mut segments);
    Some(Segments(segments))
}

fn push<'a>(mut part: &'a str, segments: &mut Vec<Segment<'a>>) {
    while !part.is_empty() {
        let (number, tail) = digits(part);
        if !number.is_empty() {
            segments.push(Segment::Digits(Number(number)));
        }
        let (letters, tail) = run(tail, |b| b.is_ascii_alphabetic());
        if !letters.is_empty() {
            segments.push(Segment::Letters(letters));
        }
        part = tail.strip_prefix('.').unwrap_or(tail);
    }
}

fn drop_zeros(segments: &mut Vec<Segment<'_>>) {
    while matches!(segments.last(), Some(Segment::Digits(number)) if is_zero(number.0)) {
        segments.pop();
    }
}

/// Orders any two strings as RubyGems orders versions.
pub fn compare(a: &str, b: &str) -> Ordering {
    compare_parsed(a, b, parse)
}

/// Tells whether a string is a version to RubyGems. It takes nothing at all for version 0; here
/// that is no version.
pub fn is_valid(text: &str) -> bool {
    !text.trim().is_empty() && parse(text).is_some()
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
    fn orders_like_rubygems() {
        laws::check_ladder(
            compare,
            &[
                &["junk"],
                &["0.beta.1.x"],
                &["0", "", " ", "0.0", "00"],
                &["0.0.1"],
                &["0.9"],
                &["1.0.a", "1.a", "1.0.0.a", "1.a.0"],
                &["1.0.a.2", "1.a2", "1.0.a.2.0"],
                &["1.0.a9"],
                &["1.0.a10"],
                &["1.0.b1"],
                &["1.0.0-x"],
                &["1.0.0-1", "1.0.pre.1"],
                &["1.0.rc1"],
                &["1", "1.0", "1.0.0", "01", " 1.0\n"],
                &["1.0.1"],
                &["1.8.2.a"],
                &["1.8.2.a9"],
                &["1.8.2.a10"],
                &["1.8.2.b"],
                &["1.8.2"],
                &["1.9"],
                &["1.10"],
                &["99999999999999999999999"],
            ],
        );
    }

    #[test]
    fn says_what_is_a_version() {
        for fine in ["1", "1.2.3", "1.2.b1", "1.0.0-x86-mingw", "1.2.a-1", "5.x"] {
            assert!(is_valid(fine), "{fine}");
        }
        for bad in [
            "",
            "junk",
            "1.0\n2.0",
            "1..2",
            "1.2 3.4",
            "2.3422222.222.222222222.22222.ads0as.dasd0.ddd2222.2.qd3e.",
            "1_0",
            "1a",
            "1.-a",
            "-1",
            "1+2",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    laws::total_order!(compare, "[01]{0,2}(\\.[0-1ab]{1,2}){0,3}(-[0a.-]{0,3})?");
}
