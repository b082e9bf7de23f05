//! Terminal colours, or none.

use anstyle::{AnsiColor, Effects};
use yagura_model::Severity;

/// What a piece of text is, not how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Strong,
    Faint,
    Good,
    Warning,
    WarningStrong,
    Alarm,
    Grave,
    Unknown,
    Minor,
}

/// The style of a severity.
pub(super) const fn severity(severity: Severity) -> Style {
    match severity {
        Severity::High => Style::Alarm,
        Severity::Medium => Style::Grave,
        Severity::Undefined => Style::Unknown,
        Severity::Low => Style::Minor,
        Severity::Informational => Style::Faint,
    }
}

/// Colours text, or leaves it as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    color: bool,
}

impl Paint {
    pub(super) const fn new(color: bool) -> Self {
        Self { color }
    }

    /// Returns `text` in its style.
    pub(super) fn apply(self, style: Style, text: &str) -> String {
        if !self.color || style == Style::Plain || text.is_empty() {
            return text.to_owned();
        }
        let style = ansi(style);
        format!("{style}{text}{style:#}")
    }
}

fn ansi(style: Style) -> anstyle::Style {
    match style {
        Style::Plain => anstyle::Style::new(),
        Style::Strong => anstyle::Style::new().bold(),
        Style::Faint => anstyle::Style::new().effects(Effects::DIMMED),
        Style::Good => AnsiColor::Green.on_default(),
        Style::Warning | Style::Grave => AnsiColor::Yellow.on_default(),
        Style::WarningStrong => AnsiColor::Yellow.on_default().bold(),
        Style::Alarm => AnsiColor::Red.on_default().bold(),
        Style::Unknown => AnsiColor::Magenta.on_default(),
        Style::Minor => AnsiColor::Cyan.on_default(),
    }
}
