//! Versions of Arch packages: `[epoch:]pkgver[-pkgrel]`, as pacman's `vercmp` orders them.
//!
//! Close to rpm's order with three differences (`lib/libalpm/version.c`): letters that remain are
//! older than the end (`1.0rc1` is below `1.0`), the number of separators counts, and there is
//! neither tilde nor caret.
//!
//! pacman does not compare releases where one side has none, and puts a text that ends in a
//! separator both above and below the same others (`1a.` above `1a.b`, `1a.b` above `1a1`, `1a1`
//! above `1a.`). [`compare`] is a total order: a missing release is below every release, a
//! separator at the end is above letters behind one separator and below all that comes after them. [`compare_lacking_release`]
//! asks pacman's question.

use std::cmp::Ordering;

use crate::rpm::Evr;
use crate::scan::{compare_numbers, span};

/// Orders any two strings as pacman orders whole versions, without allocating.
pub fn compare(a: &str, b: &str) -> Ordering {
    // pacman took the splitting of versions from rpm.
    let (a, b) = (Evr::split(a), Evr::split(b));
    without_release(&a, &b).then_with(|| match (a.release(), b.release()) {
        (Some(a), Some(b)) => compare_part(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    })
}

/// Compares as pacman does: where either side has no release, releases are not compared.
///
/// This is a question about one pair and not an order; sort with [`compare`].
pub fn compare_lacking_release(installed: &str, advisory: &str) -> Ordering {
    let (a, b) = (Evr::split(installed), Evr::split(advisory));
    without_release(&a, &b).then_with(|| match (a.release(), b.release()) {
        (Some(a), Some(b)) => compare_part(a, b),
        _ => Ordering::Equal,
    })
}

/// Tells whether makepkg would take a string for a whole version: no hyphen, colon, slash or blank inside
/// `pkgver`, a `pkgrel` of numbers if there is one.
pub fn is_valid(text: &str) -> bool {
    let evr = Evr::split(text);
    let fine = |b: u8| b.is_ascii_graphic() && !matches!(b, b':' | b'/' | b'-');
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let release_is_fine = evr.release().is_none_or(|r| r.splitn(2, '.').all(number));
    !evr.version().is_empty() && evr.version().bytes().all(fine) && release_is_fine
}

fn without_release(a: &Evr<'_>, b: &Evr<'_>) -> Ordering {
    compare_numbers(a.epoch().as_bytes(), b.epoch().as_bytes()).then_with(|| compare_part(a.version(), b.version()))
}

/// What stands at one place, in order; the number of separators in front decides before the kind.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Place {
    /// Letters right behind digits: `rc1`.
    LettersAtOnce,
    End,
    /// Digits right behind letters.
    DigitsAtOnce,
    /// Letters behind one separator.
    Letters,
    /// Nothing but separators.
    Separators,
    Digits,
    /// Anything behind two or more separators: their number, and whether digits follow.
    Far(usize, bool),
}

/// Orders two versions or two releases: pacman's `rpmvercmp`.
fn compare_part(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while a != b {
        let (x, y) = (place(&mut a), place(&mut b));
        if x != y {
            return x.cmp(&y);
        }
        let order = match x {
            Place::End | Place::Separators => return Ordering::Equal,
            Place::DigitsAtOnce | Place::Digits | Place::Far(_, true) => {
                let ((x, a_tail), (y, b_tail)) = (span(a, |c| c.is_ascii_digit()), span(b, |c| c.is_ascii_digit()));
                (a, b) = (a_tail, b_tail);
                compare_numbers(x, y)
            }
            Place::LettersAtOnce | Place::Letters | Place::Far(_, false) => {
                let letters = |c: u8| c.is_ascii_alphabetic();
                let ((x, a_tail), (y, b_tail)) = (span(a, letters), span(b, letters));
                (a, b) = (a_tail, b_tail);
                x.cmp(y)
            }
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Skips separators and says what stands behind how many of them.
fn place(bytes: &mut &[u8]) -> Place {
    let (separators, tail) = span(bytes, |b| !b.is_ascii_alphanumeric());
    *bytes = tail;
    let digits = tail.first().map(u8::is_ascii_digit);
    match (separators.len(), digits) {
        (0, None) => Place::End,
        (_, None) => Place::Separators,
        (0, Some(false)) => Place::LettersAtOnce,
        (0, Some(true)) => Place::DigitsAtOnce,
        (1, Some(false)) => Place::Letters,
        (1, Some(true)) => Place::Digits,
        (many, Some(digits)) => Place::Far(many, digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws;

    #[test]
    fn orders_like_pacman() {
        use Ordering::{Equal, Greater, Less};
        for (a, expected, b) in [
            ("1.5.0", Equal, "1.5.0"),
            ("1.5.1", Greater, "1.5.0"),
            ("1.5.1", Greater, "1.5"),
            ("1.5.0-1", Less, "1.5.0-2"),
            ("1.5.0-1", Less, "1.5.1-1"),
            ("1.5.0-2", Less, "1.5.1-1"),
            ("1.5b-1", Less, "1.5-1"), // Letters that remain are older …
            ("1.5b", Less, "1.5"),
            ("1.5b", Less, "1.5.1"),
            ("1.0a", Less, "1.0alpha"), // … and ordered as text.
            ("1.0alpha", Less, "1.0b"),
            ("1.0beta", Less, "1.0rc"),
            ("1.0rc", Less, "1.0"),
            ("1.5.a", Greater, "1.5"), // Behind a separator they are more.
            ("1.5.b", Greater, "1.5.a"),
            ("1.5.1", Greater, "1.5.b"),
            ("2.0", Less, "2_0.1"),
            ("2.0", Equal, "2_0"), // One separator is as good as another …
            ("2.0a", Less, "2.0.a"),
            ("2..0", Greater, "2.0"), // … but their number counts.
            ("2___a", Greater, "2_a"),
            ("1:1.0-1", Greater, "2.0-1"),
            ("0:1.0-1", Equal, "1.0-1"),
            ("1:1.0-1", Less, "2:1.0-1"),
            ("2.001", Equal, "2.1"),
            ("1.2.", Greater, "1.2"),
            ("1.0.r101.g1a2b3c-1", Greater, "1.0.r99.gffffff-1"), // Versions of snapshots.
        ] {
            assert_eq!(compare(a, b), expected, "{a} against {b}");
            assert_eq!(compare(b, a), expected.reverse(), "{b} against {a}");
        }
        assert_eq!(compare("1.5", "1.5-1"), Less);
        assert_eq!(compare_lacking_release("1.5", "1.5-1"), Equal);
        assert_eq!(compare_lacking_release("1.5-2", "1.5-1"), Greater);
        assert_eq!(compare_lacking_release("1.6", "1.5-1"), Greater);
    }

    #[test]
    fn says_what_is_a_version() {
        for fine in ["1.0-1", "1", "1:2.0rc1+3+gabc-1.1", "r12.abc-1"] {
            assert!(is_valid(fine), "{fine}");
        }
        for bad in ["", "-1", "1.0-", "1.0-a", "1.0-1.1.1", "a:1-1", "1-2-3", "1 0-1", "1/2"] {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    laws::total_order!(compare, "([01]?:)?[01ab._é]{0,6}(-[01.]{0,3})?");
}
