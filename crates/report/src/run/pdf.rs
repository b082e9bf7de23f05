//! The PDF of a run: what stands on its pages, in which order.
//!
//! | part | does |
//! |---|---|
//! | `flow` | the pen: pages, footers, paragraphs, the document's frame |
//! | `table` | tables that break over pages |
//! | `text` | measures text and breaks lines |
//! | `latin` | the standard fonts' encoding and widths |
//! | `embed` | the part of a font of this machine that is copied into the document |
//! | `outline` | bookmarks |
//! | `file` | objects and their table |
//!
//! Latin text is set in the standard fonts, which need no file. Fonts of this machine are embedded
//! for Japanese, or once the first character beyond Latin appears.

mod embed;
mod file;
mod flow;
mod latin;
mod outline;
mod parts;
mod table;
#[cfg(test)]
mod tests;
mod text;

use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use yagura_model::Language;
use yagura_model::run_report::{RunHeader, RunReportSource, Wanted};

use self::file::PdfFile;
use self::flow::{Ending, Flow};
use self::text::{Fonts, Shelf};
use super::words::Words;
use super::{FontFinder, Kept, Kind, RunRenderError};
use crate::tool;

/// Writes the PDF.
pub(super) fn render(
    source: &mut dyn RunReportSource,
    kind: Kind,
    language: Language,
    finder: &FontFinder,
    out: &mut dyn Write,
) -> Result<(), RunRenderError> {
    let words = Words(language);
    let header = source.header()?;
    let shelf = Shelf::default();
    let mut fonts = Fonts::new(finder, &shelf);
    if language == Language::Japanese {
        fonts.need_japanese()?;
    }
    let mut flow = Flow::begin(PdfFile::begin(out)?, fonts, header.run.name.clone())?;

    parts::cover(&mut flow, words, &header, kind)?;
    coverage(&mut flow, words, source, &header)?;
    parts::summary(&mut flow, words, &header)?;
    agents(&mut flow, words, source)?;
    findings(&mut flow, words, source, &header)?;
    if kind == Kind::Full {
        rules(&mut flow, words, source)?;
    }
    finish(flow, words, &header, kind)
}

fn coverage(
    flow: &mut Flow<'_, '_>,
    words: Words,
    source: &mut dyn RunReportSource,
    header: &RunHeader,
) -> Result<(), RunRenderError> {
    // The lines are few, and whether one is a gap has to be said before the first of them.
    let mut lines = Vec::new();
    source.coverage(&mut |line| {
        lines.push(line.clone());
        if lines.len() < super::GAPS_SHOWN_MAX { Wanted::More } else { Wanted::Nothing }
    })?;
    parts::coverage(flow, words, header, &lines)?;

    let mut exclusions = parts::Exclusions::begin(flow, words, header)?;
    let mut kept = Kept::default();
    source.exclusions(&mut |exclusion| kept.answer(exclusions.exclusion(exclusion)))?;
    kept.done()?;
    exclusions.end()
}

fn agents(flow: &mut Flow<'_, '_>, words: Words, source: &mut dyn RunReportSource) -> Result<(), RunRenderError> {
    let mut part = parts::Agents::begin(flow, words)?;
    let mut kept = Kept::default();
    source.agents(&mut |agent| kept.answer(part.agent(agent)))?;
    kept.done()?;
    part.end()
}

fn findings(
    flow: &mut Flow<'_, '_>,
    words: Words,
    source: &mut dyn RunReportSource,
    header: &RunHeader,
) -> Result<(), RunRenderError> {
    let mut part = parts::Findings::begin(flow, words, header)?;
    let mut kept = Kept::default();
    source.findings(&mut |item| {
        if kept.failed() {
            return Wanted::Nothing;
        }
        kept.answer(part.item(item))
    })?;
    kept.done()?;
    part.end()
}

fn rules(flow: &mut Flow<'_, '_>, words: Words, source: &mut dyn RunReportSource) -> Result<(), RunRenderError> {
    let mut part = parts::Rules::begin(flow, words)?;
    let mut kept = Kept::default();
    source.rules(&mut |item| {
        if kept.failed() {
            return Wanted::Nothing;
        }
        kept.answer(part.item(item))
    })?;
    kept.done()?;
    part.end()
}

fn finish(flow: Flow<'_, '_>, words: Words, header: &RunHeader, kind: Kind) -> Result<(), RunRenderError> {
    let missing = flow.fonts.missing();
    let note = (missing > 0).then(|| match words.0 {
        Language::English => format!(
            "{missing} characters of this report are in no font that was found, and are shown as “?”. Install the \
             package fonts-noto-cjk on the server, or name a folder with a suitable font, and make the report again."
        ),
        Language::Japanese => {
            format!("このレポートの {missing} 文字は利用できるフォントに含まれないため「?」で表示しています。")
        }
    });
    let title = format!("{} – {}", header.run.name, words.kind(kind));
    let creator = format!("{} {}", tool::NAME, header.product_version);
    let marks = [header.run.arn.as_str(), kind.word(), words.0.tag(), &header.made_at.to_string()].join("\u{1}");
    flow.end(&Ending {
        title: &title,
        subject: &header.run.arn,
        creator: &creator,
        language: words.0.tag(),
        made: date(header.made_at),
        id: xxhash_rust::xxh3::xxh3_128(marks.as_bytes()).to_be_bytes(),
        note,
    })
}

fn date(time: Timestamp) -> pdf_writer::Date {
    let time = time.to_zoned(TimeZone::UTC);
    let small = |number: i8| u8::try_from(number).unwrap_or_default();
    pdf_writer::Date::new(u16::try_from(time.year()).unwrap_or_default())
        .month(small(time.month()))
        .day(small(time.day()))
        .hour(small(time.hour()))
        .minute(small(time.minute()))
        .second(small(time.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}
