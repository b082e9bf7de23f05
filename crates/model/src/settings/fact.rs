//! A fact that may be missing, and where a value comes from.

use crate::finding::Observation;
use crate::{LocalText, SourceLine};

/// Something that was looked for on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// It was read.
    Known(T),
    /// The host does not have it, and why that is no fault.
    NotPresent(LocalText),
    /// It may be there and could not be read.
    Unreadable(LocalText),
}

impl<T> Default for Fact<T> {
    /// A fact that no probe has looked at: unknown, never "not present".
    fn default() -> Self {
        Self::Unreadable(LocalText::new("no probe has looked at it", "まだ調査されていません"))
    }
}

impl<T> Fact<T> {
    /// Returns the value, where there is one.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::NotPresent(_) | Self::Unreadable(_) => None,
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// It stands in a file.
    Line(SourceLine),
    /// Nobody set it; the program has it compiled in: `OpenSSH 9.2p1`.
    Default(String),
    /// The running kernel says so.
    Kernel,
}

/// A value, how it is written, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// What it means.
    pub value: T,
    /// How it stands there, cut at [`Setting::WRITTEN_CHARS_MAX`]: `PermitRootLogin yes`.
    pub written: String,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// Longest quotation of a line, in characters.
const WRITTEN_CHARS_MAX: usize = 200;

impl<T> Setting<T> {
    /// Longest quotation of a line, in characters.
    pub const WRITTEN_CHARS_MAX: usize = WRITTEN_CHARS_MAX;

    /// A value that stands in a file.
    pub fn at(value: T, written: &str, place: SourceLine) -> Self {
        Self { value, written: quoted(written), provenance: Provenance::Line(place) }
    }

    /// A value that `program` has compiled in.
    pub fn compiled_in(value: T, written: &str, program: impl Into<String>) -> Self {
        Self { value, written: quoted(written), provenance: Provenance::Default(program.into()) }
    }

    /// A value that the running kernel shows.
    pub fn kernel(value: T, written: &str) -> Self {
        Self { value, written: quoted(written), provenance: Provenance::Kernel }
    }

    /// Returns another value read from the same words.
    pub fn with<U>(&self, value: U) -> Setting<U> {
        Setting { value, written: self.written.clone(), provenance: self.provenance.clone() }
    }

    /// Returns the value as evidence; a default or the running kernel is named in the note.
    pub fn observation(&self) -> Observation {
        let (place, note) = match &self.provenance {
            Provenance::Line(place) => (Some(place.clone()), None),
            Provenance::Default(program) => (
                None,
                Some(LocalText::new(
                    format!("not set; compiled-in default of {program}"),
                    format!("設定なし。{program} の組み込みの既定値"),
                )),
            ),
            Provenance::Kernel => (None, Some(LocalText::new("the running kernel's value", "稼働中のカーネルの値"))),
        };
        Observation { place, found: self.written.clone(), note }
    }

    /// Tells whether somebody set the value, in contrast to a compiled-in default.
    pub const fn is_set(&self) -> bool {
        !matches!(self.provenance, Provenance::Default(_))
    }
}

/// Squeezes blanks, drops control characters and cuts: what a host writes must not break the
/// line that shows it.
pub fn quoted(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let line = words.join(" ");
    if line.chars().count() <= WRITTEN_CHARS_MAX {
        return line;
    }
    let mut cut: String = line.chars().take(WRITTEN_CHARS_MAX - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_one_short_line() {
        assert_eq!(quoted("  PermitRootLogin\t\tyes\r\u{1b}[31m "), "PermitRootLogin yes [31m");
        let long = quoted(&"あ".repeat(WRITTEN_CHARS_MAX + 1));
        assert_eq!(long.chars().count(), WRITTEN_CHARS_MAX);
        assert!(long.ends_with('…'));
        assert_eq!(quoted(&"x".repeat(WRITTEN_CHARS_MAX)).chars().count(), WRITTEN_CHARS_MAX);
    }

    #[test]
    fn an_unread_fact_is_unknown() {
        assert!(matches!(Fact::<u8>::default(), Fact::Unreadable(_)));
    }
}
