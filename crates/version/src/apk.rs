//! Versions of Alpine packages: `1.2.3b_rc1_p2~cafe-r4`, apk-package(5) and apk-version(8).
//!
//! Digits with dots between, a letter, suffixes with numbers, a commit hash, a revision. This is
//! the order of apk-tools 3 (`src/version.c`). apk-tools 2 knew no hash, and where digits behind a
//! dot begin with zero it counted the zeros and then read a number (`8.2.0100` was above `8.2.011`);
//! version 3 compares such digits as text, as Gentoo does. For other versions both agree.
//!
//! Where a text stops being a version, apk compares what came before and takes the rest as one
//! thing, whatever it is: `1.0bc` equals `1.0bd`. So does [`compare`].

use std::cmp::Ordering;

use crate::scan::{compare_numbers, rest, span};

/// What stands at one place. The order of the variants is apk's order of what may follow equal
/// beginnings, from the lowest; a suffix that marks a pre-release is below all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    PreSuffix,
    Invalid,
    End,
    Revision,
    Hash,
    SuffixNumber,
    PostSuffix,
    Letter,
    Digits,
    FirstDigits,
}

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    value: &'a [u8],
    /// The place of a suffix in apk's list.
    suffix: u8,
}

impl Token<'_> {
    const fn bare(kind: Kind) -> Self {
        Self { kind, value: &[], suffix: 0 }
    }

    /// Orders what two texts have at the same place behind equal beginnings.
    fn compare(&self, other: &Self) -> Ordering {
        self.kind.cmp(&other.kind).then_with(|| match self.kind {
            Kind::PreSuffix | Kind::PostSuffix => self.suffix.cmp(&other.suffix),
            Kind::FirstDigits | Kind::SuffixNumber | Kind::Revision => compare_numbers(self.value, other.value),
            // A zero in front makes both text: digits behind a dot are a decimal fraction then.
            Kind::Digits if self.value.first() == Some(&b'0') || other.value.first() == Some(&b'0') => {
                self.value.cmp(other.value)
            }
            Kind::Digits => compare_numbers(self.value, other.value),
            Kind::Letter | Kind::Hash => self.value.cmp(other.value),
            Kind::Invalid | Kind::End => Ordering::Equal,
        })
    }
}

/// Reads a version token by token.
struct Tokens<'a> {
    rest: &'a [u8],
    last: Option<Kind>,
}

impl<'a> Tokens<'a> {
    const fn new(text: &'a str) -> Self {
        Self { rest: text.as_bytes(), last: None }
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.read().unwrap_or(Token::bare(Kind::Invalid));
        self.last = Some(token.kind);
        token
    }

    /// Reads what the last token allows to follow; nothing if the text is no version here.
    fn read(&mut self) -> Option<Token<'a>> {
        let Some(last) = self.last else { return self.digits(Kind::FirstDigits) };
        let among_digits = matches!(last, Kind::FirstDigits | Kind::Digits);
        let is_suffix = matches!(last, Kind::PreSuffix | Kind::PostSuffix);
        let Some(first) = self.rest.first() else { return Some(Token::bare(Kind::End)) };
        match first {
            b'a'..=b'z' if among_digits => {
                let (letter, tail) = self.rest.split_at_checked(1)?;
                self.rest = tail;
                Some(Token { value: letter, ..Token::bare(Kind::Letter) })
            }
            b'.' if among_digits => {
                self.rest = rest(self.rest);
                self.digits(Kind::Digits)
            }
            b'0'..=b'9' if is_suffix => self.digits(Kind::SuffixNumber),
            b'_' if among_digits || is_suffix || matches!(last, Kind::Letter | Kind::SuffixNumber) => {
                let (word, tail) = span(rest(self.rest), |b| b.is_ascii_lowercase());
                self.rest = tail;
                let (kind, suffix) = suffix(word)?;
                Some(Token { kind, value: word, suffix })
            }
            b'~' if last > Kind::Hash || last == Kind::PreSuffix => {
                let (hash, tail) = span(rest(self.rest), |b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                self.rest = tail;
                (!hash.is_empty()).then_some(Token { value: hash, ..Token::bare(Kind::Hash) })
            }
            b'-' if last > Kind::Revision || last == Kind::PreSuffix => {
                self.rest = self.rest.strip_prefix(b"-r")?;
                self.digits(Kind::Revision)
            }
            _ => None,
        }
    }

    fn digits(&mut self, kind: Kind) -> Option<Token<'a>> {
        let (value, tail) = span(self.rest, |b| b.is_ascii_digit());
        self.rest = tail;
        (!value.is_empty()).then_some(Token { value, ..Token::bare(kind) })
    }
}

/// The suffixes in apk's order; the first four mark a pre-release.
fn suffix(word: &[u8]) -> Option<(Kind, u8)> {
    Some(match word {
        b"alpha" => (Kind::PreSuffix, 0),
        b"beta" => (Kind::PreSuffix, 1),
        b"pre" => (Kind::PreSuffix, 2),
        b"rc" => (Kind::PreSuffix, 3),
        b"cvs" => (Kind::PostSuffix, 4),
        b"svn" => (Kind::PostSuffix, 5),
        b"git" => (Kind::PostSuffix, 6),
        b"hg" => (Kind::PostSuffix, 7),
        b"p" => (Kind::PostSuffix, 8),
        _ => return None,
    })
}

/// Orders any two strings as apk orders versions, without allocating.
pub fn compare(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (mut a, mut b) = (Tokens::new(a), Tokens::new(b));
    loop {
        let (x, y) = (a.next(), b.next());
        let order = x.compare(&y);
        if order.is_ne() || matches!(x.kind, Kind::Invalid | Kind::End) {
            return order;
        }
    }
}

/// Tells whether apk takes a string for a version (`apk version --check`).
pub fn is_valid(text: &str) -> bool {
    let mut tokens = Tokens::new(text);
    loop {
        match tokens.next().kind {
            Kind::End => return true,
            Kind::Invalid => return false,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws;

    #[test]
    fn orders_like_apk() {
        use Ordering::{Equal, Greater, Less};
        for (a, expected, b) in [
            ("2.34", Greater, "0.1.0_alpha"),
            ("0.1.0_alpha", Equal, "0.1.0_alpha"),
            ("0.1.0_alpha2", Greater, "0.1.0_alpha"),
            ("0.1.0_alpha_pre2", Less, "0.1.0_alpha"),
            ("1.0.4-r3", Less, "1.0.4-r4"),
            ("1.1", Greater, "1.1_alpha1"),
            ("1.3_alpha8", Greater, "0.6.0"),
            ("2.3.0b-r1", Less, "2.3.0b-r2"),
            ("1.06-r6", Less, "006"), // The first number is a number …
            ("006", Greater, "1.0.0"),
            ("1.02", Less, "1.1"), // … behind a dot a zero makes a fraction.
            ("1.02.07", Less, "1.02.10"),
            ("8.2.0", Less, "8.2.001"),
            ("8.2.0015", Less, "8.2.002"),
            ("8.2.0100", Less, "8.2.011"), // apk-tools 2 said the opposite.
            ("013", Less, "014-r1"),
            ("6b-r7", Less, "6.0"), // A dot is above a letter.
            ("1.7", Less, "1.7b"),
            ("1.7b", Less, "1.8.4-r3"),
            ("1.8.5", Less, "1.8.5_p2"),
            ("6.0_pre1", Less, "6.0"),
            ("1.0_p10-r0", Greater, "1.0_p9-r0"),
            ("1.3_pre1-r1", Less, "1.3.2"),
            ("1.3-r0", Less, "1.3.1-r0"),
            ("1.0-r0", Greater, "1.0"),             // A revision is above none …
            ("1.0_rc1-r9", Less, "1.0"),            // … but not above a pre-release mark.
            ("1.0_git20240101", Greater, "1.0-r5"), // A later suffix is above a revision.
            ("1.0_cvs", Less, "1.0_svn"),
            ("1.0_svn", Less, "1.0_git"),
            ("1.0_git", Less, "1.0_hg"),
            ("1.0_hg", Less, "1.0_p"),
            ("1.0_alpha", Less, "1.0_beta"),
            ("1.0_beta", Less, "1.0_pre"),
            ("1.0_pre", Less, "1.0_rc"),
            ("1.0_rc", Less, "1.0_cvs"),
            ("1.0.0_pre20191002222144-r0", Less, "1.0.0_pre20210530193627-r0"),
            ("1.0~1234", Less, "1.0~2345"),
            ("1.0~1234-r1", Less, "1.0~2345-r0"),
            ("1.0~1234-r1", Greater, "1.0~1234-r0"),
            ("23_foo", Greater, "4_beta"),
            ("1.0", Less, "1.0bc"),     // The letter counts …
            ("1.0b", Greater, "1.0bc"), // … what is no version behind it is below its end …
            ("1.0bc", Equal, "1.0bd"),  // … and all the same.
        ] {
            assert_eq!(compare(a, b), expected, "{a} against {b}");
            assert_eq!(compare(b, a), expected.reverse(), "{b} against {a}");
        }
    }

    #[test]
    fn says_what_is_a_version() {
        for fine in [
            "1.2",
            "0.1_pre2",
            "0.1_pre2~1234abcd",
            "0.1_p1_pre2",
            "0.1_alpha1_pre2",
            "0.1_git20240101_pre1",
            "1.2.3b_rc1_p2~cafe-r4",
            "3",
        ] {
            assert!(is_valid(fine), "{fine}");
        }
        for bad in [
            "",
            "0.1bc",
            "0.1bc1",
            "0.1a1",
            "0.1a.1",
            "0.1_pre2~",
            "0.1_pre2~1234xbcd",
            "0.1_pre2~1234abcd_pre1",
            "0.1_pre2-r1~1234abcd",
            "0.1_foobar",
            "0.1-pre1.1",
            "0.1-r",
            "0.1-r2_pre1",
            "0.1-r2-r3",
            "0.1-r2.1",
            ".1",
            "a",
            "_pre1",
            "-r1",
            "0.1_",
            "0.1_-r0",
            "0.1__alpha",
            "0.1_1_alpha",
            "1.A",
            "1.0-1",
            "1..2",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    laws::total_order!(
        compare,
        "[0-2]{0,2}(\\.[0-2]{0,2}){0,2}[ab]?(_(rc|p|git|alpha|x)[01]?){0,2}(~[ab1]?)?(-r?[01]?)?"
    );
}
