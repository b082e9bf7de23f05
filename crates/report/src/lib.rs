//! Renders a finished assessment for people and for programs.
//!
//! [`Report`] is the way in: an assessment comes in, documents come out as text. Beside it stand the
//! two documents that need no assessment, only what was read of a host: [`inventory_tsv`] with
//! [`inventory_json`], and [`sbom`].
//!
//! | format | for | page |
//! |---|---|---|
//! | `table` | a person at a terminal | |
//! | `html` | a person with a browser or a printer | |
//! | `json` | scripts; the whole assessment | `docs/report/json.md` |
//! | `csv` | spreadsheets; one row a finding | `docs/report/csv.md` |
//! | `sarif` | code scanning services | `docs/report/sarif.md` |
//! | `cyclonedx` | inventory and vulnerability exchange | `docs/report/cyclonedx.md` |
//!
//! # Invariants
//!
//! - No clock, socket or randomness; the same assessment gives the same bytes. Files are read
//!   only by [`run::FontFinder`], which looks for a font.
//! - Everything is neutralised once, on the way in (`clean`), so that no format can forget:
//!   no control character, escape sequence or direction override of a host or a feed gets out.
//! - What was not assessed stands before what was found, in every format that has an order.
//! - Member names and words for machines are the same in both languages.

mod clean;
mod csv;
mod cyclonedx;
#[cfg(test)]
mod fixture;
mod format;
mod html;
mod inventory;
mod json;
pub mod run;
mod sarif;
mod table;
#[cfg(test)]
mod tests;
mod tool;
mod words;

pub use format::{Format, UnknownFormat};
pub use inventory::{inventory_json, inventory_tsv};

use jiff::Timestamp;
use yagura_model::{Assessment, Language, Snapshot};

/// How a document is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// The language of everything that a person reads.
    pub language: Language,
    /// Whether the table may use terminal colours.
    pub color: bool,
    /// The terminal's width in columns; `None` where the table goes to a file or a pipe, so that
    /// nothing is cut.
    pub width: Option<u16>,
    /// Whether the table lists informational findings and every exclusion one by one.
    pub verbose: bool,
}

/// Why a document could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A value has no JSON form.
    #[error("cannot write the document as JSON")]
    Json(#[from] serde_json::Error),
    /// The page's template failed.
    #[error("cannot fill in the page")]
    Html(#[from] askama::Error),
}

/// An assessment whose texts are harmless: the only thing that can be rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct Report(Assessment);

impl Report {
    /// Neutralises what a host or a feed may have put into the texts.
    pub fn new(mut assessment: Assessment) -> Self {
        clean::assessment(&mut assessment);
        Self(assessment)
    }

    /// Returns the assessment.
    pub const fn assessment(&self) -> &Assessment {
        &self.0
    }

    /// Renders the assessment.
    ///
    /// # Errors
    /// See [`RenderError`]; no assessment that the type allows is known to cause one.
    pub fn render(&self, format: Format, options: &Options) -> Result<String, RenderError> {
        match format {
            Format::Table => Ok(table::render(&self.0, options)),
            Format::Json => json::render(&self.0, options.language),
            Format::Csv => Ok(csv::render(&self.0, options.language)),
            Format::Html => html::render(&self.0, options.language),
            Format::Sarif => sarif::render(&self.0, options.language),
            Format::Cyclonedx => cyclonedx::render(&self.0, options.language),
        }
    }
}

/// Renders a host's packages as a CycloneDX 1.6 bill of materials, without vulnerabilities.
///
/// `now` becomes the document's time stamp.
///
/// # Errors
/// See [`RenderError`].
pub fn sbom(snapshot: &Snapshot, now: Timestamp) -> Result<String, RenderError> {
    let mut snapshot = snapshot.clone();
    clean::snapshot(&mut snapshot);
    cyclonedx::inventory(&snapshot, now)
}
