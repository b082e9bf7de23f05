//! Versions of Gentoo packages: `1.2.3b_rc1_p2-r4`, Package Manager Specification section 3.
//!
//! Numbers, a letter, suffixes with numbers, a revision (PMS 3.2), compared by algorithms 3.1 to
//! 3.7: the first number is a number; where a later one of either side begins with zero, both
//! are compared as text without the zeros at their end; more numbers are more; `_p` is above the
//! end, the other suffixes below it; a missing number of a suffix and a missing revision are 0.
//! What is no such version stands below all that are.

use std::cmp::Ordering;

use crate::scan::{Number, compare_numbers, compare_padded, compare_parsed, digits, equal_by_order, run};

/// A version in its parts, borrowed from the text.
#[derive(Debug)]
struct Version<'a> {
    first: Number<'a>,
    /// What follows the first number: `.2.03`.
    numbers: &'a str,
    letter: &'a str,
    /// All suffixes: `_rc1_p2`.
    suffixes: &'a str,
    revision: Number<'a>,
}

impl<'a> Version<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (first, after_first) = digits(text);
        let (numbers, tail) = run(after_first, |b| b.is_ascii_digit() || b == b'.');
        let (letter, tail) = match run(tail, |b| b.is_ascii_lowercase()) {
            (letter, tail) if letter.len() == 1 => (letter, tail),
            _ => ("", tail),
        };
        let (suffixes, tail) = run(tail, |b| b.is_ascii_alphanumeric() || b == b'_');
        let revision = match tail.strip_prefix("-r") {
            Some(revision) if !revision.is_empty() && revision.bytes().all(|b| b.is_ascii_digit()) => revision,
            None if tail.is_empty() => "",
            _ => return None,
        };
        let version = Self { first: Number(first), numbers, letter, suffixes, revision: Number(revision) };
        let numbers_are_fine = numbers.is_empty() || version.numbers().all(|n| !n.is_empty());
        let suffixes_are_fine = suffixes.is_empty()
            || suffixes.strip_prefix('_').is_some_and(|all| all.split('_').all(|one| suffix(one).is_some()));
        (!first.is_empty() && numbers_are_fine && suffixes_are_fine).then_some(version)
    }

    fn numbers(&self) -> impl Iterator<Item = &'a str> {
        self.numbers.split('.').skip(1)
    }

    fn suffixes(&self) -> impl Iterator<Item = Suffix<'a>> {
        self.suffixes.split('_').skip(1).filter_map(suffix)
    }
}

equal_by_order!(Version);

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.first
            .cmp(&other.first)
            .then_with(|| {
                compare_padded(self.numbers(), other.numbers(), |a, b| match (a, b) {
                    (Some(a), Some(b)) => compare_later(a, b),
                    (a, b) => a.is_some().cmp(&b.is_some()),
                })
            })
            .then_with(|| self.letter.cmp(other.letter))
            .then_with(|| {
                compare_padded(self.suffixes(), other.suffixes(), |a, b| a.unwrap_or(END).cmp(&b.unwrap_or(END)))
            })
            .then_with(|| self.revision.cmp(&other.revision))
    }
}

/// Orders two numbers behind the first (algorithm 3.3).
fn compare_later(a: &str, b: &str) -> Ordering {
    if a.starts_with('0') || b.starts_with('0') {
        return a.trim_end_matches('0').cmp(b.trim_end_matches('0'));
    }
    compare_numbers(a.as_bytes(), b.as_bytes())
}

/// The words in their order; the end of the suffixes is one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Alpha,
    Beta,
    Pre,
    Rc,
    End,
    P,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Suffix<'a> {
    word: Word,
    number: Number<'a>,
}

const END: Suffix<'_> = Suffix { word: Word::End, number: Number("") };

/// Reads one suffix without its underscore.
fn suffix(text: &str) -> Option<Suffix<'_>> {
    let (word, number) = run(text, |b| b.is_ascii_lowercase());
    let word = match word {
        "alpha" => Word::Alpha,
        "beta" => Word::Beta,
        "pre" => Word::Pre,
        "rc" => Word::Rc,
        "p" => Word::P,
        _ => return None,
    };
    number.bytes().all(|b| b.is_ascii_digit()).then_some(Suffix { word, number: Number(number) })
}

/// Orders any two strings as Portage orders versions.
pub fn compare(a: &str, b: &str) -> Ordering {
    compare_parsed(a, b, Version::parse)
}

/// Tells whether a string is a version by PMS 3.2.
pub fn is_valid(text: &str) -> bool {
    Version::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws;

    #[test]
    fn orders_like_portage() {
        laws::check_ladder(
            compare,
            &[
                &[""],
                &["1.0_pre-"], // Not versions.
                &["1.0_alpha", "1.0_alpha0", "1.0_alpha-r0"],
                &["1.0_alpha1_alpha"],
                &["1.0_alpha1"],
                &["1.0_alpha1_p"],
                &["1.0_beta"],
                &["1.0_pre"],
                &["1.0_rc", "1.0_rc0"],
                &["1.0_rc2-r1"],
                &["1.0_rc10"],
                &["1.0", "1.0-r0", "1.00", "01.0", "1.0-r00"],
                &["1.0-r1"],
                &["1.0-r10"],
                &["1.0_p", "1.0_p0"],
                &["1.0_p1"],
                &["1.0b"],
                &["1.0c"],
                &["1.0.0"],
                &["1.01", "1.010"],
                &["1.02"],
                &["1.1"],
                &["1.2"],
                &["1.10"],
                &["1.100"],
                &["2"],
                &["10"],
                &["20240101"],
            ],
        );
    }

    #[test]
    fn says_what_is_a_version() {
        for fine in ["0", "1.2.3b_rc1_p2-r4", "9999", "1_p", "1z", "2024.01.01-r07"] {
            assert!(is_valid(fine), "{fine}");
        }
        for bad in
            ["", "a", "1.", ".1", "1..2", "1ab", "1A", "1_foo", "1_", "1_rc1x", "1__rc", "1-r", "1-1", "1-r1-r2", "1~1"]
        {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    laws::total_order!(compare, "[01]{0,2}(\\.[0-2]{0,3}){0,2}[ab]?(_(rc|p|alpha|x)[01]?){0,2}(-r?[01]{0,2})?");
}
