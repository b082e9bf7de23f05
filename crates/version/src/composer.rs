//! Versions of PHP packages: what Composer's `VersionParser` normalises and PHP's
//! `version_compare` orders.
//!
//! One to four numbers padded to four, or a date; then a stability (`alpha`, `beta`, `RC`,
//! `patch` and their short forms) with numbers; then `dev`. A `v` in front, build metadata, a
//! stability flag (`@dev`) and an alias (`1.x-dev as 1.0`) have no say. `2.x-dev` is the branch
//! ahead of every 2 that was released.
//!
//! Branches with a name (`dev-main`) have no place among versions: Composer lets them match no
//! constraint but their own name. [`compare`] puts them below all versions, in the order of
//! their names, and [`is_branch`] tells them apart; a range holds none of them
//! ([`crate::range`]). What Composer refuses stands below the branches.

use std::cmp::Ordering;

use crate::scan::{Number, compare_padded, compare_parsed, digits, equal_by_order, is_number, run, strip_word};

/// Composer's number for "any" in the name of a branch.
const ANY: &str = "9999999";

/// The longest first number of an ordinary version; a longer one is a date.
const FIRST_DIGITS_MAX: usize = 5;

const STABILITIES: [&str; 5] = ["stable", "RC", "beta", "alpha", "dev"];

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Version<'a> {
    Branch(&'a str),
    Parts(Parts<'a>),
}

/// A part as `version_compare` orders it. The end of the shorter version is one of them: below
/// a number, above what marks a pre-release.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Part<'a> {
    Dev,
    Alpha,
    Beta,
    Candidate,
    End,
    Number(Number<'a>),
    Patch,
}

#[derive(Debug)]
struct Parts<'a>(Vec<Part<'a>>);

impl Ord for Parts<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_padded(&self.0, &other.0, |a, b| a.unwrap_or(&Part::End).cmp(b.unwrap_or(&Part::End)))
    }
}

equal_by_order!(Parts);

fn parse(text: &str) -> Option<Version<'_>> {
    let text = without_flag(without_alias(trim(text)));
    if matches!(text, "master" | "trunk" | "default") {
        return Some(Version::Branch(text));
    }
    if let Some(name) = strip_word(text, "dev-") {
        return Some(Version::Branch(name));
    }
    let text = without_build(text);
    let bare = strip_word(text, "v").unwrap_or(text);
    classical(bare).or_else(|| date(bare)).or_else(|| numeric_branch(text)).map(|parts| Version::Parts(Parts(parts)))
}

/// PHP's `trim`.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r', '\0', '\x0b'])
}

/// `A as B` is `A`.
fn without_alias(text: &str) -> &str {
    let fine = |part: &str| !part.is_empty() && !part.contains(|c: char| c == ',' || c.is_ascii_whitespace());
    match text.split_once(" as ").map(|(version, alias)| (version.trim_end_matches(' '), alias.trim_start_matches(' ')))
    {
        Some((version, alias)) if fine(version) && fine(alias) => version,
        _ => text,
    }
}

/// Cuts off `@beta`.
fn without_flag(text: &str) -> &str {
    match text.rsplit_once('@') {
        Some((version, flag)) if STABILITIES.iter().any(|s| s.eq_ignore_ascii_case(flag)) => version,
        _ => text,
    }
}

fn without_build(text: &str) -> &str {
    match text.split_once('+') {
        Some((version, build))
            if !version.is_empty()
                && !version.contains(|c: char| c == ',' || c.is_ascii_whitespace())
                && !build.is_empty()
                && !build.contains(|c: char| c.is_ascii_whitespace()) =>
        {
            version
        }
        _ => text,
    }
}

/// One to four numbers, padded to four, and a modifier.
fn classical(text: &str) -> Option<Vec<Part<'_>>> {
    let (first, mut tail) = digits(text);
    if first.is_empty() || first.len() > FIRST_DIGITS_MAX {
        return None;
    }
    let mut parts = vec![Part::Number(Number(first))];
    for _ in 0..3 {
        match tail.strip_prefix('.').map(digits).filter(|(number, _)| !number.is_empty()) {
            Some((number, behind)) => {
                parts.push(Part::Number(Number(number)));
                tail = behind;
            }
            None => parts.push(Part::Number(Number("0"))),
        }
    }
    modifier(tail, parts)
}

/// A year of four digits, then pairs of digits for month, day and so on, and a last number of
/// up to three digits, with or without separators.
fn date(text: &str) -> Option<Vec<Part<'_>>> {
    let is_separator = |b: u8| matches!(b, b'.' | b':' | b'-');
    // The modifier begins where the digits end; a number of it may look like one of the date.
    let (whole, _) = run(text, |b| b.is_ascii_digit() || is_separator(b));
    let longest = whole.trim_end_matches(['.', ':', '-']).len();
    (1..=longest).rev().find_map(|length| {
        let (numbers, tail) = text.split_at_checked(length)?;
        is_date(numbers.as_bytes())?;
        let parts = numbers.split(['.', ':', '-']).map(|n| Part::Number(Number(n))).collect();
        modifier(tail, parts)
    })
}

/// The longest date: year, six pairs, three digits, and seven separators.
const DATE_BYTES_MAX: usize = 26;

/// Tells whether a text is a date: `\d{4}([.:-]?\d{2}){1,6}([.:-]?\d{1,3})?`.
fn is_date(text: &[u8]) -> Option<()> {
    if text.len() > DATE_BYTES_MAX {
        return None;
    }
    let (year, mut tail) = text.split_at_checked(4)?;
    let number = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let behind_separator = |bytes: &'_ [u8]| usize::from(matches!(bytes.first(), Some(b'.' | b':' | b'-')));
    if !number(year) {
        return None;
    }
    for pairs in 1..=6 {
        let (pair, behind) = tail.get(behind_separator(tail)..)?.split_at_checked(2)?;
        if !number(pair) {
            return None;
        }
        tail = behind;
        let last = tail.get(behind_separator(tail)..)?;
        if pairs >= 1 && (tail.is_empty() || ((1..=3).contains(&last.len()) && number(last))) {
            return Some(());
        }
    }
    None
}

/// Reads stability, its numbers and `dev`, which must be all that is left.
fn modifier<'a>(text: &'a str, mut parts: Vec<Part<'a>>) -> Option<Vec<Part<'a>>> {
    if text.is_empty() {
        return Some(parts);
    }
    let behind = text.strip_prefix(['.', '_', '-']).unwrap_or(text);
    // The longer of two words with the same beginning stands first.
    const WORDS: [(&str, Option<Part<'static>>); 9] = [
        ("stable", None),
        ("beta", Some(Part::Beta)),
        ("b", Some(Part::Beta)),
        ("rc", Some(Part::Candidate)),
        ("alpha", Some(Part::Alpha)),
        ("a", Some(Part::Alpha)),
        ("patch", Some(Part::Patch)),
        ("pl", Some(Part::Patch)),
        ("p", Some(Part::Patch)),
    ];
    let word = WORDS.iter().find_map(|(word, part)| Some((*part, strip_word(behind, word)?)));
    let mut tail = behind;
    let mut is_stable = false;
    if let Some((part, behind)) = word {
        tail = behind;
        is_stable = part.is_none();
        parts.extend(part);
        while let Some((number, behind)) =
            Some(digits(tail.strip_prefix(['.', '-']).unwrap_or(tail))).filter(|(number, _)| !number.is_empty())
        {
            if part.is_some() {
                parts.push(Part::Number(Number(number)));
            }
            tail = behind;
        }
        if tail.is_empty() {
            return Some(parts);
        }
        tail = tail.strip_prefix(['.', '-']).unwrap_or(tail);
    } else if behind.is_empty() {
        // A separator at the end and nothing behind it.
        return Some(parts);
    } else {
        tail = tail.strip_prefix(['.', '-']).unwrap_or(tail);
    }
    let end = strip_word(tail, "dev")?;
    if !is_stable {
        parts.push(Part::Dev);
    }
    end.is_empty().then_some(parts)
}

/// `1.x-dev`, `1.2.*.dev`, `v3-dev`.
fn numeric_branch(text: &str) -> Option<Vec<Part<'_>>> {
    let head = text.len().checked_sub(3)?;
    let (name, dev) = text.split_at_checked(head)?;
    if !dev.eq_ignore_ascii_case("dev") {
        return None;
    }
    let name = trim(name.strip_suffix(['.', '-']).unwrap_or(name));
    let name = strip_word(name, "v").unwrap_or(name);
    let mut parts = Vec::new();
    for (place, part) in name.split('.').enumerate() {
        let is_any = place > 0 && matches!(part, "x" | "X" | "*");
        if place > 3 || !(is_any || is_number(part)) {
            return None;
        }
        parts.push(Part::Number(Number(if is_any { ANY } else { part })));
    }
    while parts.len() < 4 {
        parts.push(Part::Number(Number(ANY)));
    }
    parts.push(Part::Dev);
    Some(parts)
}

/// Orders any two strings as Composer orders versions.
pub fn compare(a: &str, b: &str) -> Ordering {
    compare_parsed(a, b, parse)
}

/// Tells whether a string is a version to Composer; a branch is one too.
pub fn is_valid(text: &str) -> bool {
    parse(text).is_some()
}

/// Tells whether a string names a branch that has no place among versions: `dev-main`.
pub fn is_branch(text: &str) -> bool {
    matches!(parse(text), Some(Version::Branch(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws;

    #[test]
    fn orders_like_composer() {
        laws::check_ladder(
            compare,
            &[
                &["1.0.0.0.0"],
                &["1.0foo"],
                &["dev-feature/a"],
                &["dev-main", "DEV-main", "dev-main@dev", "dev-main as 1.0.0"],
                &["master", "dev-master"],
                &["1.0-dev", "1.0.0.0-dev", "v1.0.dev"],
                &["1.0-alpha"],
                &["1.0-alpha1-dev", "1.0-a1.dev"],
                &["1.0-alpha1", "1.0alpha1", "1.0.0-a.1", "1.0_ALPHA-1"],
                &["1.0-alpha1.2"],
                &["1.0-alpha2"],
                &["1.0-beta", "1.0-b"],
                &["1.0-RC1", "1.0rc1"],
                &["1.0-RC10"],
                &["1", "1.0", "v1.0.0", "V1.0.0.0", "1.0.0+build", "1.0@stable", "1.0-stable", "1.0.", "01.0"],
                &["1.0-patch1", "1.0pl1", "1.0-p1"],
                &["1.0.0.1"],
                &["1.0.1"],
                &["1.9"],
                &["1.10"],
                &["1.x-dev", "v1.*.dev", "1.X-DEV as 1.0"],
                &["2.0-dev"],
                &["2"],
                &["2010.1.2"],
                &["2010.02"],
                &["20100102"],
                &["20100102-150405"],
                &["20100103"],
                &["201001020304"],
            ],
        );
        assert!(is_branch("dev-main") && is_branch("trunk") && !is_branch("1.x-dev"));
    }

    #[test]
    fn says_what_is_a_version() {
        for fine in ["1", "v1.2.3.4", "1.2-beta.3", "dev-any thing", "2.*-dev", "2010-01-02", "1.0.0-p1-dev", "master"]
        {
            assert!(is_valid(fine), "{fine}");
        }
        for bad in ["", "a", "1.0.0-meh", "1.0.0.0.0", "feature-foo", "1.0 .1", "foo-dev", "1.0 foo", "1.2.3-4"] {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    laws::total_order!(
        compare,
        "(dev-)?v?[01](\\.[01]){0,4}([.-]?(a|RC|p|dev|stable|x)[.-]?[01]?){0,2}(\\+[a.]{0,2})?|2010[.-]?0[12][.-]?[01]{0,4}"
    );
}
