//! Turns a run of the service into a document, for the background and for the command line.

use std::io::Write;
use std::path::PathBuf;

use yagura_app::service::reports::{RenderError, RenderReport, ReportChoice, ReportFormat, ReportKind};
use yagura_model::run_report::RunReportSource;
use yagura_report::run::{FontFinder, Format, Kind, RunRenderError, render};

/// A folder with fonts that is looked through before those of the system.
const FONTS: &str = "YAGURA_FONTS";

/// Renders with the fonts of this machine.
#[derive(Debug)]
pub(crate) struct Documents {
    fonts: FontFinder,
}

impl Documents {
    /// Looks for fonts where the operator says, then where systems keep them.
    pub(crate) fn of_this_machine() -> Self {
        let own = std::env::var_os(FONTS).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let system = FontFinder::system();
        Self { fonts: own.into_iter().fold(system, FontFinder::first_in) }
    }
}

impl RenderReport for Documents {
    fn render(
        &self,
        choice: ReportChoice,
        source: &mut dyn RunReportSource,
        out: &mut dyn Write,
    ) -> Result<(), RenderError> {
        let format = match choice.format {
            ReportFormat::Html => Format::Html,
            ReportFormat::Pdf => Format::Pdf,
        };
        let kind = match choice.kind {
            ReportKind::Finding => Kind::Finding,
            ReportKind::Full => Kind::Full,
        };
        render(source, format, kind, choice.language, &self.fonts, out).map_err(|error| {
            let text = crate::commands::chain(&error);
            match error {
                // Trying again helps only after somebody did something: a font, a smaller run.
                RunRenderError::NoJapaneseFont { .. } | RunRenderError::Font { .. } | RunRenderError::TooLarge => {
                    RenderError::Impossible(text)
                }
                RunRenderError::Source(_) | RunRenderError::Write(_) => RenderError::Failed(text),
            }
        })
    }
}
