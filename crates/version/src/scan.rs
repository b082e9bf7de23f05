//! What the schemes share: runs of bytes, numbers of any size, and an order for what is no version.

use std::cmp::Ordering;

/// Splits off the longest run of bytes at the front that belong together.
pub(crate) fn span(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|b| !belongs(*b)).unwrap_or(bytes.len());
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

/// Splits off the digits at the front of a text.
pub(crate) fn digits(text: &str) -> (&str, &str) {
    run(text, |b| b.is_ascii_digit())
}

/// Splits off the longest run at the front of a text. The bytes that belong must be ASCII.
pub(crate) fn run(text: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|b| !belongs(b)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Drops the first byte.
pub(crate) fn rest(bytes: &[u8]) -> &[u8] {
    bytes.get(1..).unwrap_or_default()
}

/// Orders two runs of digits by their number, of whatever size; nothing at all is zero.
pub(crate) fn compare_numbers(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (without_zeros(a), without_zeros(b));
    // With zeros gone, more digits make the larger number.
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Tells whether a run of digits is zero.
pub(crate) fn is_zero(digits: &str) -> bool {
    digits.bytes().all(|b| b == b'0')
}

/// Tells whether a text is digits and nothing else.
pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Orders two lists item by item; what stands against the end of the shorter one, again and
/// again, is for the comparison to say.
pub(crate) fn compare_padded<T>(
    a: impl IntoIterator<Item = T>,
    b: impl IntoIterator<Item = T>,
    compare: impl Fn(Option<T>, Option<T>) -> Ordering,
) -> Ordering {
    let (mut a, mut b) = (a.into_iter(), b.into_iter());
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => compare(x, y),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Equality and the partial order of a type with a lifetime, from its `Ord`.
macro_rules! equal_by_order {
    ($type:ident) => {
        impl PartialEq for $type<'_> {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other).is_eq()
            }
        }

        impl Eq for $type<'_> {}

        impl PartialOrd for $type<'_> {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
    };
}

pub(crate) use equal_by_order;

/// A number as a version writes it, ordered by its value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number<'a>(pub(crate) &'a str);

equal_by_order!(Number);

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_numbers(self.0.as_bytes(), other.0.as_bytes())
    }
}

/// Drops the zeros in front.
pub(crate) fn without_zeros(mut bytes: &[u8]) -> &[u8] {
    while let [b'0', tail @ ..] = bytes {
        bytes = tail;
    }
    bytes
}

/// Cuts a word off the front, letters of either case being equal.
pub(crate) fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then_some(tail)
}

/// Orders two texts by what they parse to. What does not parse stands below all that does, and
/// among its like in [`natural`] order.
pub(crate) fn compare_parsed<'a, T: Ord>(a: &'a str, b: &'a str, parse: impl Fn(&'a str) -> Option<T>) -> Ordering {
    match (parse(a), parse(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => natural(a, b),
    }
}

/// Orders any two texts as people would: digits by their number, all else by its bytes.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        let ((x, a_tail), (y, b_tail)) = (span(a, |c| c.is_ascii_digit()), span(b, |c| c.is_ascii_digit()));
        let order = match (x.is_empty(), y.is_empty()) {
            (false, false) => compare_numbers(x, y),
            (true, true) => match (a.first(), b.first()) {
                (None, None) => return Ordering::Equal,
                (x, y) => x.cmp(&y),
            },
            // A digit against something else or the end.
            _ => a.first().cmp(&b.first()),
        };
        if order.is_ne() {
            return order;
        }
        (a, b) = if x.is_empty() { (rest(a), rest(b)) } else { (a_tail, b_tail) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws;

    #[test]
    fn natural_order_is_what_people_expect() {
        for (less, more) in [("a2", "a10"), ("a", "a1"), ("", "a"), ("a9b", "a10"), ("1", "a"), ("a-", "a1")] {
            laws::check(natural, less, more);
        }
        assert_eq!(natural("a01", "a1"), Ordering::Equal);
    }

    laws::total_order!(natural, "[ab0-2.-]{0,6}");
}
