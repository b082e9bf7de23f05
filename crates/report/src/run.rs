//! Renders the report of a whole assessment run over many hosts, as a page or as a PDF.
//!
//! [`render`] is the way in: a [`RunReportSource`] gives the run's parts one by one, and the
//! document leaves in pieces. A [`Kind::Finding`] report holds the run, what was and what was not
//! assessed, the hosts, and every finding with all hosts that have it; a [`Kind::Full`] report
//! also the rules that were checked and how each came out. The manual is `docs/report/run.md`.
//!
//! | part | does |
//! |---|---|
//! | `clean` | neutralises what hosts and feeds may have put into texts, on the way in |
//! | `words` | says things in both languages, for both formats |
//! | `tally` | gathers how one rule came out |
//! | `html` | writes the page, part by part |
//! | `pdf` | lays out pages, breaks lines, embeds a font where one is needed |
//! | `fonts` | looks for a font with Japanese characters on this machine |
//!
//! # Invariants
//!
//! - Memory does not grow with the number of findings: one group, one instance and one page are
//!   held at a time. What does grow, a number for each PDF object and a line for each bookmark, is
//!   bounded by [`PDF_GROUPS_MAX`], [`PDF_AGENTS_MAX`] and [`PDF_RULES_MAX`].
//! - Coverage and exclusions stand before sums, and sums before findings.
//! - A list that is cut says so, with the number of what is missing.
//! - No font file can make us panic, and no font is shipped.

mod clean;
#[cfg(test)]
mod fixture;
mod fonts;
mod html;
mod pdf;
mod tally;
#[cfg(test)]
mod tests;
mod words;

pub use fonts::FontFinder;

use std::io::{self, Write};
use std::path::PathBuf;

use yagura_model::Language;
use yagura_model::run_report::{RunReportError, RunReportSource, Wanted};

/// The most instances that the page lists under one finding: as many as one run of the original
/// service could assess.
pub const INSTANCES_SHOWN_MAX: usize = 500;

/// The most instances that a PDF lists under one finding.
pub const PDF_INSTANCES_SHOWN_MAX: usize = 50;

/// The most findings (groups) that a PDF shows in detail; the others are counted.
pub const PDF_GROUPS_MAX: usize = 5_000;

/// The most instances that a PDF's table of hosts lists.
pub const PDF_AGENTS_MAX: usize = 5_000;

/// The most rules that a PDF lists.
pub const PDF_RULES_MAX: usize = 5_000;

/// The most exclusions, and lines of coverage, that a report lists.
pub const GAPS_SHOWN_MAX: usize = 2_000;

/// The most lines of evidence that a report shows of one finding, and of one instance of it.
pub const EVIDENCE_LINES_MAX: usize = 20;

/// The most tags, addresses or attributes that a report shows of one thing.
pub const DETAILS_SHOWN_MAX: usize = 20;

/// The most scopes of one exclusion, and instances of one result of a rule, that a report names.
pub const SCOPES_SHOWN_MAX: usize = 50;

/// How much is collected before it is written out.
const BUFFER_BYTES: usize = 64 * 1024;

/// A run report's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One self-contained page.
    Html,
    /// A PDF 1.7.
    Pdf,
}

impl Format {
    /// Returns the API's word: `HTML`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Html => "HTML",
            Self::Pdf => "PDF",
        }
    }

    /// Reads the API's word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Html, Self::Pdf].into_iter().find(|format| format.word() == word)
    }

    /// Returns the media type to serve it with.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
        }
    }

    /// Returns the ending of its files, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Pdf => "pdf",
        }
    }
}

/// How much a run report holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The findings and what they need to be understood.
    Finding,
    /// The same, and every rule that was checked with its results.
    Full,
}

impl Kind {
    /// Returns the API's word: `FINDING`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Finding => "FINDING",
            Self::Full => "FULL",
        }
    }

    /// Reads the API's word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Finding, Self::Full].into_iter().find(|kind| kind.word() == word)
    }
}

/// Why a run's report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RunRenderError {
    /// The run could not be read.
    #[error(transparent)]
    Source(#[from] RunReportError),
    /// The document could not be written where it should go.
    #[error("cannot write the report")]
    Write(#[from] io::Error),
    /// A Japanese PDF needs a font, and this machine has none.
    #[error(
        "a Japanese PDF needs a font with Japanese characters, and there is none under {}; install the package \
         `fonts-noto-cjk` or `fonts-ipafont-gothic`, or name a folder with such a font",
        fonts::shown(.looked)
    )]
    NoJapaneseFont {
        /// Where was looked.
        looked: Vec<PathBuf>,
    },
    /// The font that was found is damaged.
    #[error("cannot embed the font `{}`", .path.display())]
    Font {
        /// The font's file.
        path: PathBuf,
    },
    /// The document outgrew what a PDF's table of objects can address.
    #[error("the report is larger than a PDF can be")]
    TooLarge,
}

/// Writes the report of a run.
///
/// The caller gives `out` somewhere to go that is thrown away when this fails: what was
/// written before an error is no document.
///
/// # Errors
/// See [`RunRenderError`]. A missing Japanese font is told before anything is written.
pub fn render(
    source: &mut dyn RunReportSource,
    format: Format,
    kind: Kind,
    language: Language,
    fonts: &FontFinder,
    out: &mut dyn Write,
) -> Result<(), RunRenderError> {
    let mut source = clean::CleanSource(source);
    let mut out = io::BufWriter::with_capacity(BUFFER_BYTES, out);
    match format {
        Format::Html => html::render(&mut source, kind, language, &mut out)?,
        Format::Pdf => pdf::render(&mut source, kind, language, fonts, &mut out)?,
    }
    out.flush()?;
    Ok(())
}

/// Keeps the error of a listener, which can only ask for nothing more, until the source is done.
#[derive(Debug, Default)]
struct Kept(Option<RunRenderError>);

impl Kept {
    /// Turns a listener's result into its answer.
    fn answer(&mut self, result: Result<Wanted, RunRenderError>) -> Wanted {
        match result {
            // A source that goes on after an error is not listened to any more.
            Ok(_) if self.0.is_some() => Wanted::Nothing,
            Ok(wanted) => wanted,
            Err(error) => {
                self.0.get_or_insert(error);
                Wanted::Nothing
            }
        }
    }

    /// Tells whether the listener has failed.
    const fn failed(&self) -> bool {
        self.0.is_some()
    }

    /// Gives the error back.
    fn done(self) -> Result<(), RunRenderError> {
        self.0.map_or(Ok(()), Err)
    }
}
