//! Versions of rpm packages: `[epoch:]version[-release]`, as rpm's own library orders them.
//!
//! The order of the three parts is `rpmverCmp`, the order of a part is `rpmvercmp` with the tilde
//! of rpm 4.10 and the caret of rpm 4.15. A missing epoch is 0. A missing release stands below
//! every release: that keeps the order total. An advisory that names no release means "any
//! release of this version", as a dependency without one does; [`compare_lacking_release`] asks
//! that question.

use std::cmp::Ordering;

use crate::scan::{compare_numbers, equal_by_order, rest, span};

/// rpm keeps an epoch in 32 bits.
const EPOCH_DIGITS_MAX: usize = 10;

/// A version in its three parts, borrowed from the text.
///
/// Equality and order are rpm's: `1.0` equals `1_0` and `1.00`.
#[derive(Debug, Clone, Copy)]
pub struct Evr<'a> {
    epoch: &'a str,
    version: &'a str,
    release: Option<&'a str>,
}

impl<'a> Evr<'a> {
    /// Splits any text as rpm's `parseEVR` does: digits before a colon are the epoch, what
    /// stands behind the last hyphen is the release.
    pub fn split(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let digits = bytes.iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len());
        let (epoch, rest) = match (bytes.get(digits), text.get(..digits), text.get(digits.saturating_add(1)..)) {
            (Some(b':'), Some(epoch), Some(rest)) => (epoch, rest),
            _ => ("", text),
        };
        let hyphen = rest.bytes().rposition(|b| b == b'-');
        let release = hyphen.and_then(|place| rest.get(place.saturating_add(1)..));
        let version = hyphen.and_then(|place| rest.get(..place)).unwrap_or(rest);
        Self { epoch, version, release }
    }

    /// Reads a version that rpm would accept in a package: known characters, no empty part, an
    /// epoch of 32 bits.
    pub fn parse(text: &'a str) -> Option<Self> {
        let evr = Self::split(text);
        let fine = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'+' | b'~' | b'^'))
        };
        let epoch_is_fine =
            evr.epoch.is_empty() || (evr.epoch.len() <= EPOCH_DIGITS_MAX && evr.epoch.parse::<u32>().is_ok());
        (epoch_is_fine && fine(evr.version) && evr.release.is_none_or(fine)).then_some(evr)
    }

    /// Returns the epoch's digits; empty where the text has none, which means 0.
    pub const fn epoch(&self) -> &'a str {
        self.epoch
    }

    /// Returns the version.
    pub const fn version(&self) -> &'a str {
        self.version
    }

    /// Returns the release, if the text has one.
    pub const fn release(&self) -> Option<&'a str> {
        self.release
    }

    /// Orders epoch and version only.
    fn compare_without_release(&self, other: &Self) -> Ordering {
        compare_numbers(self.epoch.as_bytes(), other.epoch.as_bytes())
            .then_with(|| compare_part(self.version, other.version))
    }
}

equal_by_order!(Evr);

impl Ord for Evr<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare_without_release(other).then_with(|| match (self.release, other.release) {
            (Some(a), Some(b)) => compare_part(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
    }
}

/// Orders any two strings as rpm orders whole versions (`rpmverCmp`), without allocating.
pub fn compare(a: &str, b: &str) -> Ordering {
    Evr::split(a).cmp(&Evr::split(b))
}

/// Compares an installed version with one of an advisory that may lack its release, as rpm
/// matches a dependency: where either side has no release, releases are not compared.
///
/// This is a question about one pair and not an order: `1.0-1` and `1.0-2` both equal `1.0`.
/// Sort with [`compare`].
pub fn compare_lacking_release(installed: &str, advisory: &str) -> Ordering {
    let (installed, advisory) = (Evr::split(installed), Evr::split(advisory));
    // rpm takes an empty release for none here, unlike `rpmverCmp`.
    if [installed.release, advisory.release].iter().any(|release| release.unwrap_or_default().is_empty()) {
        return installed.compare_without_release(&advisory);
    }
    installed.cmp(&advisory)
}

/// What stands at one place of a part, in rpm's order.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Place {
    Tilde,
    End,
    Caret,
    Letters,
    Digits,
}

/// Orders two versions or two releases: `rpmvercmp` in rpm's `rpmio/rpmvercmp.cc`.
///
/// Everything but ASCII letters, digits, `~` and `^` only separates.
pub fn compare_part(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    if a == b {
        return Ordering::Equal;
    }
    loop {
        let (x, y) = (place(&mut a), place(&mut b));
        if x != y {
            return x.cmp(&y);
        }
        let order = match x {
            Place::End => return Ordering::Equal,
            Place::Tilde | Place::Caret => {
                (a, b) = (rest(a), rest(b));
                continue;
            }
            Place::Letters => advance(&mut a, &mut b, |c| c.is_ascii_alphabetic(), <[u8]>::cmp),
            Place::Digits => advance(&mut a, &mut b, |c| c.is_ascii_digit(), compare_numbers),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Skips separators and says what stands behind them.
fn place(bytes: &mut &[u8]) -> Place {
    loop {
        return match bytes.first() {
            None => Place::End,
            Some(b'~') => Place::Tilde,
            Some(b'^') => Place::Caret,
            Some(b) if b.is_ascii_digit() => Place::Digits,
            Some(b) if b.is_ascii_alphabetic() => Place::Letters,
            Some(_) => {
                *bytes = rest(bytes);
                continue;
            }
        };
    }
}

/// Takes a run off both sides and compares the two.
fn advance(
    a: &mut &[u8],
    b: &mut &[u8],
    belongs: impl Fn(u8) -> bool,
    compare: impl Fn(&[u8], &[u8]) -> Ordering,
) -> Ordering {
    let ((x, a_tail), (y, b_tail)) = (span(a, &belongs), span(b, &belongs));
    (*a, *b) = (a_tail, b_tail);
    compare(x, y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws;

    #[test]
    fn parts_order_like_rpm() {
        use Ordering::{Equal, Greater, Less};
        for (a, expected, b) in [
            ("1.0", Equal, "1.0"),
            ("2.0", Less, "2.0.1"),       // More segments win …
            ("2.0.1a", Greater, "2.0.1"), // … letters too.
            ("5.5p1", Less, "5.5p10"),
            ("10xyz", Less, "10.1xyz"), // Letters are older than digits.
            ("xyz10", Less, "xyz10.1"),
            ("xyz.4", Less, "8"),
            ("6.0.rc1", Greater, "6.0"), // No word means a pre-release.
            ("10b2", Greater, "10a1"),
            ("1.0a", Less, "1.0aa"),
            ("10.0001", Equal, "10.1"), // Leading zeros count for nothing.
            ("10.0001", Less, "10.0039"),
            ("4.999.9", Less, "5.0"),
            ("20101121", Less, "20101122"),
            ("2_0", Equal, "2.0"), // One separator is as good as another …
            ("a+", Equal, "a_"),
            ("+a", Equal, "_a"), // … in front and behind …
            ("+", Equal, "_"),
            ("1..2", Equal, "1.2"), // … and in any number.
            ("1.0.", Equal, "1.0"),
            ("1.0~rc1", Less, "1.0"), // A tilde is below the end.
            ("1.0~rc1", Less, "1.0~rc2"),
            ("1.0~rc1~git123", Less, "1.0~rc1"),
            ("1.0^", Greater, "1.0"),   // A caret is above the end …
            ("1.0^git1", Less, "1.01"), // … and below everything else.
            ("1.0^20160101", Less, "1.0.1"),
            ("1.0^20160102", Greater, "1.0^20160101^git1"),
            ("1.0~rc1^git1", Greater, "1.0~rc1"),
            ("1.0^git1~pre", Less, "1.0^git1"),
            ("1.0.~", Less, "1.0"),      // A separator before the tilde hides nothing.
            ("1b.fc17", Less, "1.fc17"), // `b` is letters where `fc` is: `b` < `fc`.
            ("1g.fc17", Greater, "1.fc17"),
            ("1.1.α", Equal, "1.1.β"), // Beyond ASCII everything separates.
            ("1.Z", Less, "1.a"),      // Letters by ASCII.
            ("99999999999999999999998", Less, "99999999999999999999999"),
        ] {
            assert_eq!(compare_part(a, b), expected, "{a} against {b}");
            assert_eq!(compare_part(b, a), expected.reverse(), "{b} against {a}");
        }
    }

    #[test]
    fn whole_versions_order_like_rpm() {
        laws::check_ladder(
            compare,
            &[
                &["1.0~rc1-5.el9"],
                &["1.0", "0:1.0", ":1.0"],
                &["1.0-1.el8"],
                &["1.0-1.el8_10", "00:1.0-01.el8_10"],
                &["1.0-1.el9", "1.0-1..el9", "1.0-1_el9"],
                &["1.0-1.el9.1"],
                &["1.0-2.el8"],
                &["1.0-10.el8"],
                &["1.0.1-1"],
                &["1:0.1-1"],
                &["2:0.1"],
                &["10:0.1"],
            ],
        );
        // Only the last hyphen begins the release, and only digits are an epoch.
        assert_eq!(Evr::split("3:1-2-4").version(), "1-2");
        assert_eq!(Evr::split("a:1-4"), Evr { epoch: "", version: "a:1", release: Some("4") });
    }

    #[test]
    fn an_advisory_without_release_means_any_release() {
        use Ordering::{Equal, Greater, Less};
        assert_eq!(compare_lacking_release("1.0-1", "1.0"), Equal);
        assert_eq!(compare_lacking_release("1.0-1", "1.0-2"), Less);
        assert_eq!(compare_lacking_release("1:1.0-1", "1.0"), Greater);
        assert_eq!(compare_lacking_release("1.0-1", "1.0.1"), Less);
        assert_eq!(compare_lacking_release("1.0-", "1.0-7"), Equal);
        assert_eq!(compare("1.0-1", "1.0"), Greater);
    }

    #[test]
    fn says_what_is_a_version() {
        for fine in ["1", "1-1", "4294967295:1.0~rc1^git2-1.el9_4+b", "2024a"] {
            assert!(Evr::parse(fine).is_some(), "{fine}");
        }
        for bad in ["", "-", "1-", "1:", "-1", "4294967296:1", "1 0", "a:1", "1-1/2", "1.é", "1%{x}"] {
            assert!(Evr::parse(bad).is_none(), "{bad}");
        }
    }

    laws::total_order!(compare, "([0-2]?:)?[01a.~^+é]{0,5}(-[01a.~^]{0,3})?");
}
