//! The formats by name.

use std::fmt;
use std::str::FromStr;

/// A document format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Format {
    /// Text for a terminal.
    #[default]
    Table,
    /// The whole assessment as one JSON object.
    Json,
    /// One row a finding (RFC 4180).
    Csv,
    /// One self-contained page.
    Html,
    /// SARIF 2.1.0.
    Sarif,
    /// CycloneDX 1.6 JSON with vulnerabilities.
    Cyclonedx,
}

impl Format {
    /// Every format, in the order in which help texts name them.
    pub const ALL: [Self; 6] = [Self::Table, Self::Json, Self::Csv, Self::Html, Self::Sarif, Self::Cyclonedx];

    /// Returns the word of the command line: `table`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::Sarif => "sarif",
            Self::Cyclonedx => "cyclonedx",
        }
    }

    /// Reads the word of the command line, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The word names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no format `{word}`: choose from table, json, csv, html, sarif, cyclonedx")]
pub struct UnknownFormat {
    /// The word.
    pub word: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        Self::from_word(word).ok_or_else(|| UnknownFormat { word: word.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for format in Format::ALL {
            assert_eq!(format.word().parse(), Ok(format));
        }
        assert_eq!("SARIF".parse(), Ok(Format::Sarif));
    }

    #[test]
    fn an_unknown_word_is_answered_with_all_the_known_ones() {
        let error = "pdf".parse::<Format>().unwrap_err().to_string();
        assert!(error.starts_with("no format `pdf`"));
        for format in Format::ALL {
            assert!(error.contains(format.word()), "{format} is missing from the message");
        }
    }
}
