//! Versions of Debian packages: `[epoch:]upstream[-revision]`, deb-version(7).
//!
//! [`DebVersion::parse`] accepts exactly what dpkg accepts without a complaint and says what is
//! wrong with the rest. [`compare`] orders any two strings; where dpkg compares, it agrees with
//! dpkg, and where dpkg refuses (`2147483648:1`, `1-`) it still gives a stable answer.

use std::cmp::Ordering;
use std::fmt;

/// dpkg keeps an epoch in a C `int`.
const EPOCH_MAX: u32 = 2_147_483_647;

/// A version in its three parts, borrowed from the text.
///
/// Equality and order are dpkg's: `1.05` equals `1.5`, and `1.0-0` equals `1.0`.
#[derive(Debug, Clone, Copy)]
pub struct DebVersion<'a> {
    epoch: u32,
    upstream: &'a str,
    revision: &'a str,
}

/// Why a text is not a Debian version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DebVersionError {
    /// Nothing there but white space.
    Empty,
    /// White space in the middle.
    EmbeddedSpace,
    /// What stands before the first colon is not a number.
    BadEpoch,
    /// The epoch is more than dpkg can hold.
    EpochTooBig,
    /// Nothing between the epoch and the revision.
    EmptyUpstream,
    /// The last hyphen has nothing behind it.
    EmptyRevision,
    /// The upstream version does not begin with a digit.
    NoLeadingDigit,
    /// A character that versions do not have.
    BadCharacter(char),
}

impl fmt::Display for DebVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("version is empty"),
            Self::EmbeddedSpace => f.write_str("version has a space inside"),
            Self::BadEpoch => f.write_str("epoch in version is not a number"),
            Self::EpochTooBig => write!(f, "epoch in version is larger than {EPOCH_MAX}"),
            Self::EmptyUpstream => f.write_str("upstream part of version is empty"),
            Self::EmptyRevision => f.write_str("revision of version is empty"),
            Self::NoLeadingDigit => f.write_str("version does not start with a digit"),
            Self::BadCharacter(c) => write!(f, "character `{}` in version is not allowed", c.escape_debug()),
        }
    }
}

impl std::error::Error for DebVersionError {}

impl<'a> DebVersion<'a> {
    /// Reads a version, blanks around it ignored as dpkg does.
    ///
    /// # Errors
    /// See [`DebVersionError`]. dpkg only warns of [`DebVersionError::NoLeadingDigit`] and
    /// [`DebVersionError::BadCharacter`]; here they are errors too, because a verdict about such
    /// a version would be a guess.
    pub fn parse(text: &'a str) -> Result<Self, DebVersionError> {
        let text = trim(text);
        if text.is_empty() {
            return Err(DebVersionError::Empty);
        }
        let (epoch, rest) = match split_epoch(text) {
            Some((epoch, rest)) => (parse_epoch(epoch), rest),
            None => (Ok(0), text),
        };
        let epoch = epoch.map_err(|error| space_or(text, error))?;
        let (upstream, revision) = match split_revision(rest) {
            Some((_, "")) => return Err(space_or(text, DebVersionError::EmptyRevision)),
            Some(parts) => parts,
            None => (rest, ""),
        };
        match upstream.as_bytes().first() {
            None => return Err(space_or(text, DebVersionError::EmptyUpstream)),
            Some(first) if !first.is_ascii_digit() => return Err(space_or(text, DebVersionError::NoLeadingDigit)),
            Some(_) => {}
        }
        let upstream_is_fine = upstream.bytes().all(|b| is_common(b) || matches!(b, b'-' | b':'));
        if upstream_is_fine && revision.bytes().all(is_common) {
            return Ok(Self { epoch, upstream, revision });
        }
        let is_bad = |c: &char| !u8::try_from(*c).is_ok_and(is_common);
        let bad = upstream.chars().filter(|c| !matches!(c, '-' | ':')).chain(revision.chars()).find(is_bad);
        Err(space_or(text, DebVersionError::BadCharacter(bad.unwrap_or_default())))
    }

    /// Splits any text as best it can; a text without a proper epoch is all upstream version.
    fn lenient(text: &'a str) -> Self {
        let text = trim(text);
        let (epoch, rest) = split_epoch(text)
            .and_then(|(epoch, rest)| parse_epoch(epoch).ok().map(|epoch| (epoch, rest)))
            .unwrap_or((0, text));
        let (upstream, revision) = split_revision(rest).unwrap_or((rest, ""));
        Self { epoch, upstream, revision }
    }

    /// Returns the epoch; 0 where the text has none.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Returns the upstream version.
    pub const fn upstream(&self) -> &'a str {
        self.upstream
    }

    /// Returns the Debian revision; empty where the text has none.
    pub const fn revision(&self) -> &'a str {
        self.revision
    }
}

impl PartialEq for DebVersion<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for DebVersion<'_> {}

impl PartialOrd for DebVersion<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DebVersion<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_part(self.upstream.as_bytes(), other.upstream.as_bytes()))
            .then_with(|| compare_part(self.revision.as_bytes(), other.revision.as_bytes()))
    }
}

impl fmt::Display for DebVersion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without its epoch, `0:1:2` would read as epoch 1.
        if self.epoch > 0 || self.upstream.contains(':') {
            write!(f, "{}:", self.epoch)?;
        }
        f.write_str(self.upstream)?;
        if self.revision.is_empty() { Ok(()) } else { write!(f, "-{}", self.revision) }
    }
}

/// Orders any two strings as dpkg orders versions, without allocating.
pub fn compare(a: &str, b: &str) -> Ordering {
    DebVersion::lenient(a).cmp(&DebVersion::lenient(b))
}

/// dpkg trims `isblank(3)` only: a line feed is part of the version, and a bad one.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn parse_epoch(text: &str) -> Result<u32, DebVersionError> {
    // strtol(3) lets a plus sign through, and so does dpkg.
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DebVersionError::BadEpoch);
    }
    match digits.parse::<u32>() {
        Ok(epoch) if epoch <= EPOCH_MAX => Ok(epoch),
        _ => Err(DebVersionError::EpochTooBig),
    }
}

/// Splits at the first colon. Versions are short: a plain loop over the bytes beats a search
/// that is made for long texts.
fn split_epoch(text: &str) -> Option<(&str, &str)> {
    let colon = text.bytes().position(|b| b == b':')?;
    Some((text.get(..colon)?, text.get(colon + 1..)?))
}

/// Splits at the last hyphen.
fn split_revision(text: &str) -> Option<(&str, &str)> {
    let hyphen = text.bytes().rposition(|b| b == b'-')?;
    Some((text.get(..hyphen)?, text.get(hyphen + 1..)?))
}

/// What both the upstream version and the revision may hold.
const fn is_common(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'~')
}

/// dpkg complains of white space first, whatever else is wrong.
fn space_or(text: &str, error: DebVersionError) -> DebVersionError {
    if text.contains([' ', '\t']) { DebVersionError::EmbeddedSpace } else { error }
}

/// Orders upstream versions or revisions: runs without digits by dpkg's alphabet, runs of digits
/// by their number, in turns (`verrevcmp` in dpkg's `lib/dpkg/version.c`).
fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        // The run without digits; the shorter one is filled up with "end".
        loop {
            let (x, y) = (a.first().copied(), b.first().copied());
            if !is_text(x) && !is_text(y) {
                break;
            }
            match rank(x).cmp(&rank(y)) {
                // Equal ranks mean equal bytes here, so both sides move on.
                Ordering::Equal => (a, b) = (rest(a), rest(b)),
                unequal => return unequal,
            }
        }
        (a, b) = (without_zeros(a), without_zeros(b));
        let mut first_difference = Ordering::Equal;
        let longer = loop {
            match (a.first().filter(|x| x.is_ascii_digit()), b.first().filter(|y| y.is_ascii_digit())) {
                (Some(x), Some(y)) => {
                    first_difference = first_difference.then(x.cmp(y));
                    (a, b) = (rest(a), rest(b));
                }
                (Some(_), None) => break Ordering::Greater,
                (None, Some(_)) => break Ordering::Less,
                (None, None) => break Ordering::Equal,
            }
        };
        // With zeros gone, more digits make the larger number, of whatever size.
        match longer.then(first_difference) {
            Ordering::Equal if a.is_empty() && b.is_empty() => return Ordering::Equal,
            Ordering::Equal => {}
            unequal => return unequal,
        }
    }
}

fn is_text(byte: Option<u8>) -> bool {
    byte.is_some_and(|b| !b.is_ascii_digit())
}

fn rest(bytes: &[u8]) -> &[u8] {
    bytes.get(1..).unwrap_or_default()
}

fn without_zeros(mut bytes: &[u8]) -> &[u8] {
    while let [b'0', tail @ ..] = bytes {
        bytes = tail;
    }
    bytes
}

/// The alphabet: `~`, then the end or a digit, then letters, then everything else.
fn rank(byte: Option<u8>) -> u16 {
    match byte {
        Some(b'~') => 0,
        None | Some(b'0'..=b'9') => 1,
        Some(letter) if letter.is_ascii_alphabetic() => u16::from(letter),
        // Bytes above ASCII are negative in C's `char` on amd64, where dpkg's `c + 256` then
        // puts them between the letters and the punctuation. No valid version has any.
        Some(high @ 0x80..) => u16::from(high),
        Some(other) => u16::from(other) + 256,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(a: &str, expected: Ordering, b: &str) {
        assert_eq!(compare(a, b), expected, "{a} against {b}");
        assert_eq!(compare(b, a), expected.reverse(), "{b} against {a}");
    }

    #[test]
    fn orders_like_dpkg() {
        use Ordering::{Equal, Greater, Less};
        check("1.0-1", Equal, "1.0-1");
        check("1.0-1", Less, "1.0-2");
        check("1.9", Less, "1.10"); // Digits compare as numbers, not as text.
        check("1.05", Equal, "1.5"); // Leading zeros count for nothing …
        check("1.050", Greater, "1.5"); // … trailing ones do.
        check("1.0~rc1-1", Less, "1.0-1"); // A tilde sorts before the end of the string.
        check("1.0~~", Less, "1.0~"); // Even before another tilde's end.
        check("1.0~~a", Less, "1.0~"); // And what stands behind it no longer matters.
        check("1.0~", Less, "1.0"); // The tilde alone.
        check("1.0", Less, "1.0a"); // The end sorts before a letter …
        check("1.0a", Less, "1.0+"); // … a letter before punctuation.
        check("1.0Z", Less, "1.0a"); // Letters by ASCII, capitals first.
        check("1.0+b1", Less, "1.0.1"); // `+` stands before `.` in ASCII.
        check("1.0-1", Less, "1.0-1+b1"); // A binary rebuild is newer.
        check("1.0-1+deb12u1", Less, "1.0-1.1"); // A stable update stays below the next upload.
        check("1.0-1~deb12u1", Less, "1.0-1"); // A backported build stays below its origin.
        check("2.0-1~bpo12+1", Less, "2.0-1"); // So does a backport.
        check("1:0.9-1", Greater, "2.0-1"); // The epoch outranks everything.
        check("0:1.0", Equal, "1.0"); // A missing epoch is zero.
        check("01:1.0", Equal, "1:1.0"); // The epoch is a number too.
        check("1.0", Equal, "1.0-0"); // A missing revision equals a revision of zero …
        check("1.0", Less, "1.0-0+1"); // … and nothing beyond it.
        check("1.0-", Equal, "1.0"); // Not a version; the empty revision is none.
        check("1.0-1-1", Greater, "1.0-1"); // Only the last hyphen begins the revision.
        check("1:2:3", Greater, "1:2.3"); // A colon behind the epoch is upstream's, above the dot in ASCII.
        check("1.", Greater, "1"); // A dot with nothing behind it is more than nothing.
        check("1.a", Less, "1.+"); // Letters before punctuation behind a dot.
        check("1.2.3", Greater, "1.2~3"); // Only `~` sorts below the end.
        check("6.1.119-1", Less, "6.1.123-1");
        check("20250101", Less, "20260101");
        check("99999999999999999999998", Less, "99999999999999999999999"); // Beyond any integer type.
        check("0000000000000000000000001", Equal, "1");
        check("", Less, "1"); // Not a version; dpkg orders "no version" first.
        check("", Greater, "~"); // The tilde sorts before the end even of nothing.
        check(" 1.0\t", Equal, "1.0"); // dpkg trims blanks.
        check("a:1", Less, "1:1-1"); // Not an epoch: all of it is upstream's, with epoch zero.
        check("2147483648:1", Less, "1:1"); // More than dpkg's epoch can hold: the same.
        check("1.é", Less, "1.."); // dpkg on amd64: between letters and punctuation.
        check("1.é", Greater, "1.z");
    }

    #[test]
    fn splits_into_parts() {
        let version = DebVersion::parse("2:1.2-3~rc1-4+b1").unwrap();
        assert_eq!((version.epoch(), version.upstream(), version.revision()), (2, "1.2-3~rc1", "4+b1"));
        assert_eq!(version.to_string(), "2:1.2-3~rc1-4+b1");
        let native = DebVersion::parse("1.2").unwrap();
        assert_eq!((native.epoch(), native.upstream(), native.revision()), (0, "1.2", ""));
    }

    #[test]
    fn says_what_is_wrong() {
        use DebVersionError::*;
        for (text, error) in [
            ("", Empty),
            (" \t", Empty),
            ("1 2", EmbeddedSpace),
            (":1", BadEpoch),
            ("a:1", BadEpoch),
            ("1a:2", BadEpoch),
            ("-1:2", BadEpoch),
            ("2147483648:1", EpochTooBig),
            ("99999999999999:1", EpochTooBig),
            ("1:", EmptyUpstream),
            ("1:-1", EmptyUpstream),
            ("1.0-", EmptyRevision),
            ("v1.0", NoLeadingDigit),
            ("1:5.#", BadCharacter('#')),
            ("1_2", BadCharacter('_')),
            ("1.0-1:2", BadEpoch),
            ("0:1.0-1:2", BadCharacter(':')),
            ("1.0\n", BadCharacter('\n')),
        ] {
            assert_eq!(DebVersion::parse(text).map(|v| v.to_string()), Err(error), "{text:?}");
        }
        assert_eq!(BadCharacter('#').to_string(), "character `#` in version is not allowed");
        assert!(DebVersion::parse("2147483647:1").is_ok());
    }

    /// Texts near enough to versions, and to each other, that every rule is met.
    fn versionish() -> impl Strategy<Value = String> {
        "([0-2]?:)?[0-2]{0,3}[.~+a0-1:-]{0,4}(-[0-1a~+.]{0,3})?"
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn order_is_total(a in versionish(), b in versionish(), c in versionish()) {
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            // Three sorted elements stay in order whichever pair is asked: no cycles.
            let mut sorted = [a.as_str(), b.as_str(), c.as_str()];
            sorted.sort_by(|x, y| compare(x, y));
            prop_assert_ne!(compare(sorted[0], sorted[2]), Ordering::Greater);
            if compare(&a, &b) == Ordering::Equal {
                prop_assert_eq!(compare(&a, &c), compare(&b, &c));
            }
        }

        #[test]
        fn order_is_total_on_anything(a in any::<String>(), b in any::<String>(), c in any::<String>()) {
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            if compare(&a, &b) == compare(&b, &c) {
                prop_assert_eq!(compare(&a, &c), compare(&a, &b));
            }
        }

        #[test]
        fn what_parses_prints_an_equal_version(text in versionish()) {
            if let Ok(version) = DebVersion::parse(&text) {
                prop_assert_eq!(compare(&version.to_string(), &text), Ordering::Equal);
                prop_assert_eq!(version, DebVersion::lenient(&text));
            }
        }

        #[test]
        fn parsing_survives_anything(text in any::<String>()) {
            let _ = DebVersion::parse(&text);
        }
    }
}
