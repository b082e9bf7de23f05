//! Turns requirements on versions into affected ranges.
//!
//! RustSec lists the good versions, as Cargo writes requirements; the affected ones are the
//! others. A requirement is an interval; what lies between the intervals of all requirements is
//! affected.
//!
//! Cargo's rules: `1.2.3` alone means `^1.2.3`, which ends before `2.0.0` (`0.2.3` before `0.3.0`,
//! `0.0.3` before `0.0.4`); parts that are left out are any. Ends are taken before the first
//! pre-release (`2.0.0-0`), since a pre-release does not meet a requirement on the version before.

use yagura_model::AffectedRange;
use yagura_version::Scheme;

use crate::intervals::{Cut, Interval, without};
use crate::reading;

/// The most requirements that one advisory may list; the longest list of 2026 has six.
const REQUIREMENTS_MAX: usize = 256;
/// The most parts of one requirement; Cargo's own bound is 32.
const COMPARATORS_MAX: usize = 32;

/// Returns the affected ranges, the oldest first, beside the good versions of an advisory.
///
/// # Errors
/// A requirement cannot be read, or nothing is affected.
pub(super) fn affected<'a>(good: impl Iterator<Item = &'a str>) -> Result<Vec<AffectedRange>, String> {
    let mut holes = Vec::new();
    for requirement in good {
        if holes.len() == REQUIREMENTS_MAX {
            return Err("more requirements than are read".to_owned());
        }
        let hole = of_requirement(requirement)
            .ok_or_else(|| format!("unknown requirement `{}`", reading::text(requirement, reading::ID_BYTES_MAX)))?;
        holes.push(hole);
    }
    let ranges = without(vec![Interval::default()], holes, Scheme::Cargo);
    if ranges.is_empty() { Err("no version is affected".to_owned()) } else { Ok(ranges) }
}

/// Reads a requirement: `>= 1.2.3, < 2.0`.
fn of_requirement(requirement: &str) -> Option<Interval> {
    if requirement.len() > reading::NOTE_BYTES_MAX || requirement.trim().is_empty() {
        return None;
    }
    let mut whole = Interval::default();
    for (number, comparator) in requirement.split(',').enumerate() {
        if number == COMPARATORS_MAX {
            return None;
        }
        whole = whole.meet(of_comparator(comparator.trim())?, Scheme::Cargo);
    }
    Some(whole)
}

fn of_comparator(comparator: &str) -> Option<Interval> {
    if comparator == "*" {
        return Some(Interval::default());
    }
    let operators = [">=", "<=", ">", "<", "=", "^", "~"];
    let operator = operators.into_iter().find(|operator| comparator.starts_with(operator)).unwrap_or_default();
    let partial = Partial::read(comparator.strip_prefix(operator)?.trim())?;
    let before = |version: &Version| Some(Cut::before(version.text()));
    let first = partial.first();
    // Parts that are left out are any, so what follows such a version is the next whole one.
    let behind = || match partial.is_whole() {
        true => Some(Cut::behind(first.text(), first.next().text())),
        false => Some(Cut::before(partial.following()?.text())),
    };
    Some(match operator {
        ">=" => Interval { start: before(&first), end: None },
        ">" => Interval { start: Some(behind()?), end: None },
        "<" => Interval { start: None, end: before(&first) },
        "<=" => Interval { start: None, end: Some(behind()?) },
        "=" => Interval { start: before(&first), end: Some(behind()?) },
        "~" => Interval { start: before(&first), end: before(&partial.following()?) },
        _ => Interval { start: before(&first), end: before(&partial.caret_end()?) },
    })
}

/// A whole version, without build metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    numbers: [u64; 3],
    pre: String,
}

impl Version {
    fn text(&self) -> String {
        let [major, minor, patch] = self.numbers;
        let dash = if self.pre.is_empty() { "" } else { "-" };
        format!("{major}.{minor}.{patch}{dash}{}", self.pre)
    }

    /// Returns the least version above this one.
    fn next(&self) -> Self {
        if !self.pre.is_empty() {
            return Self { numbers: self.numbers, pre: format!("{}.0", self.pre) };
        }
        let [major, minor, patch] = self.numbers;
        before_pre_releases([major, minor, patch.saturating_add(1)])
    }
}

/// Returns the least version with these numbers.
fn before_pre_releases(numbers: [u64; 3]) -> Version {
    Version { numbers, pre: "0".to_owned() }
}

/// A version whose last parts may be left out.
#[derive(Debug)]
struct Partial<'a> {
    major: u64,
    minor: Option<u64>,
    patch: Option<u64>,
    pre: &'a str,
}

impl<'a> Partial<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let text = reading::version(text)?;
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (numbers, pre) = text.split_once('-').unwrap_or((text, ""));
        let mut numbers = numbers.split('.');
        let mut number = || match numbers.next() {
            None | Some("*" | "x" | "X") => Some(None),
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(Some(digits.parse().ok()?)),
            Some(_) => None,
        };
        let (major, minor, patch) = (number()??, number()?, number()?);
        let is_whole = patch.is_some() && minor.is_some();
        let plain = pre.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-');
        let fits = numbers.next().is_none() && plain && (pre.is_empty() || is_whole);
        fits.then_some(Self { major, minor, patch, pre })
    }

    const fn is_whole(&self) -> bool {
        self.minor.is_some() && self.patch.is_some()
    }

    fn first(&self) -> Version {
        Version { numbers: [self.major, self.minor.unwrap_or(0), self.patch.unwrap_or(0)], pre: self.pre.to_owned() }
    }

    /// Returns the first version behind all that this one stands for.
    fn following(&self) -> Option<Version> {
        Some(before_pre_releases(match self.minor {
            Some(minor) => [self.major, minor.checked_add(1)?, 0],
            None => [self.major.checked_add(1)?, 0, 0],
        }))
    }

    fn caret_end(&self) -> Option<Version> {
        Some(before_pre_releases(match (self.major, self.minor, self.patch) {
            (0, Some(0), Some(patch)) => [0, 0, patch.checked_add(1)?],
            (0, Some(minor), _) => [0, minor.checked_add(1)?, 0],
            (major, ..) => [major.checked_add(1)?, 0, 0],
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::intervals::render as render_ranges;

    fn render(good: &[&str]) -> String {
        affected(good.iter().copied()).map_or_else(|why| why, |ranges| render_ranges(&ranges))
    }

    #[test]
    fn what_is_neither_patched_nor_unaffected_is_affected() {
        for (good, expected) in [
            (&[][..], "[- ..."),
            (&[">= 1.2.3"], "[- 1.2.3)"),
            (&[">= 1.2.3", "< 1.0.0"], "[1.0.0 1.2.3)"),
            (&[">= 4.1.2", ">= 4.0.1, < 4.1.0", ">= 3.3.1, < 4.0.0"], "[- 3.3.1)[4.0.0 4.0.1)[4.1.0 4.1.2)"),
            (&["< 0.8, >= 0.7.1", ">= 0.8.2"], "[- 0.7.1)[0.8.0 0.8.2)"),
            (&["^1.2.3", "^ 0.2.3", "0.0.3"], "[- 0.0.3)[0.0.4-0 0.2.3)[0.3.0-0 1.2.3)[2.0.0-0 ..."),
            (&["> 1.2.3"], "[- 1.2.3]"),
            (&["> 1"], "[- 2.0.0-0)"),
            (&["<= 1.2.3"], "[1.2.4-0 ..."),
            (&["<= 1.2"], "[1.3.0-0 ..."),
            (&["=1.2.3"], "[- 1.2.3)[1.2.4-0 ..."),
            (&["= 1.2.3-alpha.1"], "[- 1.2.3-alpha.1)[1.2.3-alpha.1.0 ..."),
            (&["~1.2.3"], "[- 1.2.3)[1.3.0-0 ..."),
            (&[">= 1.0.0-rc.1"], "[- 1.0.0-rc.1)"),
            (&[">= 1.0.0", ">= 0.5.0, < 0.9.0", ">= 0.6.0, < 0.7.0"], "[- 0.5.0)[0.9.0 1.0.0)"),
            (&[">= 2.0.0, < 1.0.0"], "[- ..."),
            (&["*"], "no version is affected"),
            (&[">= 1.0.0", "< 1.0.0"], "no version is affected"),
            (&["newer"], "unknown requirement `newer`"),
            (&[""], "unknown requirement ``"),
            (&[">= 1.2-alpha"], "unknown requirement `>= 1.2-alpha`"),
            (&[">= 1.2.3.4"], "unknown requirement `>= 1.2.3.4`"),
            (&[">= 99999999999999999999"], "unknown requirement `>= 99999999999999999999`"),
            (&["^18446744073709551615"], "unknown requirement `^18446744073709551615`"),
        ] {
            assert_eq!(render(good), expected, "{good:?}");
        }
    }

    #[test]
    fn bounds_are_reached() {
        assert_eq!(render(&vec!["=1.0.0"; REQUIREMENTS_MAX + 1]), "more requirements than are read");
        let long = vec![">= 1.0.0"; COMPARATORS_MAX + 1].join(",");
        assert!(render(&[&long]).starts_with("unknown requirement"));
    }

    proptest! {
        #[test]
        fn any_text_is_answered(texts in prop::collection::vec("[<>=^~*x0-9., a-c+-]{0,12}", 0..6)) {
            let _ = affected(texts.iter().map(String::as_str));
        }
    }
}
