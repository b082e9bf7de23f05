//! Semantic Versioning 2.0, the core that the schemes of npm, Cargo, Go and NuGet share.
//!
//! Precedence is section 11: three numbers, then the pre-release, whose absence is more; its
//! fields are numbers or words, numbers below words, and more fields are more. Build metadata has
//! no say. What is lenient differs from scheme to scheme and stays in their files.

use std::cmp::Ordering;

use crate::scan::{Number, compare_padded, equal_by_order, is_number};

/// A version, its pre-release in the order of the scheme.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version<'a, P> {
    pub(crate) numbers: [Number<'a>; 3],
    pub(crate) stage: Stage<P>,
}

/// Whether a version is a pre-release.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage<P> {
    /// Below every pre-release: what only Go's language versions are.
    Language,
    /// A pre-release with its fields.
    Pre(P),
    /// The release itself.
    Release,
}

/// The fields of a pre-release: `rc.1`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a str);

equal_by_order!(Fields);

impl Ord for Fields<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_padded(self.0.split('.'), other.0.split('.'), |a, b| match (a, b) {
            (Some(a), Some(b)) => compare_fields(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
    }
}

/// Orders two fields: numbers by value, below words.
fn compare_fields(a: &str, b: &str) -> Ordering {
    match (is_number(a), is_number(b)) {
        (true, true) => Number(a).cmp(&Number(b)),
        (false, false) => a.cmp(b),
        (a_is_number, b_is_number) => b_is_number.cmp(&a_is_number),
    }
}

/// Tells whether a text is fields that may stand in a pre-release or in build metadata.
pub(crate) fn are_fields(text: &str) -> bool {
    text.split('.').all(|field| !field.is_empty() && field.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

/// Tells whether a number is written as the standard wants it, without zeros in front.
pub(crate) fn is_strict_number(text: &str) -> bool {
    is_number(text) && (text == "0" || !text.starts_with('0'))
}

/// Tells whether no number among the fields has zeros in front.
pub(crate) fn are_strict_fields(text: &str) -> bool {
    are_fields(text) && text.split('.').all(|field| !is_number(field) || is_strict_number(field))
}

/// Cuts off build metadata.
pub(crate) fn without_build(text: &str) -> (&str, Option<&str>) {
    match text.split_once('+') {
        Some((version, build)) => (version, Some(build)),
        None => (text, None),
    }
}

/// Tells whether a text is a version by the letter of the standard.
pub(crate) fn is_strict(text: &str) -> bool {
    let (version, build) = without_build(text);
    let (numbers, pre) = version.split_once('-').map_or((version, None), |(numbers, pre)| (numbers, Some(pre)));
    let numbers_are_fine = numbers.split('.').count() == 3 && numbers.split('.').all(is_strict_number);
    numbers_are_fine && pre.is_none_or(are_strict_fields) && build.is_none_or(are_fields)
}

/// Reads one to three numbers at the front; those that are missing are 0.
pub(crate) fn numbers(text: &str) -> Option<([Number<'_>; 3], usize, &str)> {
    let mut numbers = [Number(""); 3];
    let mut tail = text;
    let mut count = 0_usize;
    for number in &mut numbers {
        let behind = if count == 0 { tail } else { tail.strip_prefix('.').unwrap_or_default() };
        let (digits, rest) = crate::scan::digits(behind);
        if digits.is_empty() {
            break;
        }
        (*number, tail) = (Number(digits), rest);
        count = count.saturating_add(1);
    }
    (count > 0).then_some((numbers, count, tail))
}
