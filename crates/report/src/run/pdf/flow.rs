//! Lets text flow down pages: the pen that knows where it is and when a page is full.
//!
//! A finished page leaves at once. What is known only at the end, the number of pages and whether
//! characters were missing, stands in two small drawings that every page refers to and that are
//! written last.

use pdf_writer::types::TextRenderingMode;
use pdf_writer::{Content, Name, Rect, Ref, Str};

use super::super::RunRenderError;
use super::file::{PdfFile, content};
use super::latin::Latin;
use super::outline::Outline;
use super::text::{Fonts, Shape, Slot, lines, width};

/// A4, in points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);

/// The left and right margins.
const SIDE: f32 = 51.0;

/// Where text begins and ends, from the bottom.
const TOP: f32 = PAGE.1 - 54.0;
const BOTTOM: f32 = 60.0;

/// Where the footer stands.
const FOOTER: f32 = 34.0;

/// How much of the first page is kept for the note on missing characters.
const NOTE_HEIGHT: f32 = 30.0;

/// How far from the right edge the number of all pages begins.
const TOTAL_ROOM: f32 = 26.0;

/// How wide text is.
pub(super) const ROOM: f32 = PAGE.0 - 2.0 * SIDE;

/// How many pages one node of the tree of pages holds.
const NODE_PAGES_MAX: usize = 100;

/// How far text stands from the bar in front of it.
const BAR_ROOM: f32 = 9.0;

/// How thick the strokes are by which a font without a bold face becomes bold, in parts of its size.
const BOLD_STROKE: f32 = 0.027;

/// A colour: red, green and blue from 0 to 1.
pub(super) type Color = [f32; 3];

/// The colours of the page's style sheet in print.
pub(super) mod color {
    use yagura_model::Severity;

    use super::Color;

    pub(in super::super) const INK: Color = [0.07, 0.07, 0.07];
    pub(in super::super) const SOFT: Color = [0.30, 0.32, 0.35];
    pub(in super::super) const LINE: Color = [0.82, 0.81, 0.79];
    pub(in super::super) const WASH: Color = [0.953, 0.945, 0.925];
    pub(in super::super) const WARN: Color = [0.36, 0.25, 0.02];
    pub(in super::super) const WARN_LINE: Color = [0.85, 0.74, 0.50];
    pub(in super::super) const GOOD: Color = [0.12, 0.35, 0.15];

    pub(in super::super) const fn severity(severity: Severity) -> Color {
        match severity {
            Severity::High => [0.702, 0.208, 0.169],
            Severity::Medium => [0.725, 0.424, 0.071],
            Severity::Undefined => [0.427, 0.329, 0.608],
            Severity::Low => [0.208, 0.439, 0.498],
            Severity::Informational => [0.553, 0.580, 0.616],
        }
    }
}

/// How text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) latin: Latin,
    pub(super) size: f32,
    pub(super) leading: f32,
    pub(super) color: Color,
}

impl Style {
    const fn of(latin: Latin, size: f32, leading: f32, color: Color) -> Self {
        Self { latin, size, leading, color }
    }

    /// The same in another colour.
    pub(super) const fn colored(self, color: Color) -> Self {
        Self { color, ..self }
    }
}

/// Ordinary text.
pub(super) const BODY: Style = Style::of(Latin::Plain, 9.0, 13.0, color::INK);
/// Ordinary text with weight.
pub(super) const STRONG: Style = Style::of(Latin::Bold, 9.0, 13.0, color::INK);
/// Text within tables and below others.
pub(super) const SMALL: Style = Style::of(Latin::Plain, 8.0, 11.0, color::SOFT);
/// Text within tables that names the row.
pub(super) const SMALL_STRONG: Style = Style::of(Latin::Bold, 8.0, 11.0, color::INK);
/// Identifiers and evidence.
pub(super) const MONO: Style = Style::of(Latin::Mono, 7.0, 10.0, color::SOFT);
/// The title of the document.
pub(super) const TITLE: Style = Style::of(Latin::Bold, 21.0, 27.0, color::INK);
/// The title of a section.
pub(super) const SECTION: Style = Style::of(Latin::Bold, 14.0, 19.0, color::INK);
/// The title of a part of a section.
pub(super) const PART: Style = Style::of(Latin::Bold, 10.5, 15.0, color::INK);

/// The pen.
pub(super) struct Flow<'o, 'f> {
    file: PdfFile<'o>,
    pub(super) fonts: Fonts<'f>,
    outline: Outline,
    footer: String,
    content: Content,
    page: Ref,
    /// Where the next line's upper edge is.
    pub(super) y: f32,
    number: usize,
    shared: Shared,
    node: Ref,
    kids: Vec<Ref>,
    nodes: Vec<(Ref, usize)>,
}

/// Where a text goes and how.
#[derive(Debug, Clone, Copy)]
struct Place {
    x: f32,
    room: f32,
    prose: bool,
    bar: Option<Color>,
}

/// Objects that are referred to before they are written.
#[derive(Debug, Clone, Copy)]
struct Shared {
    tree: Ref,
    resources: Ref,
    drawing_resources: Ref,
    total: Ref,
    note: Ref,
}

/// What the end of a document needs to know.
pub(super) struct Ending<'t> {
    pub(super) title: &'t str,
    pub(super) subject: &'t str,
    pub(super) creator: &'t str,
    pub(super) language: &'static str,
    pub(super) made: pdf_writer::Date,
    pub(super) id: [u8; 16],
    /// The note on missing characters, if there are any.
    pub(super) note: Option<String>,
}

impl<'o, 'f> Flow<'o, 'f> {
    /// Begins a document; `footer` stands at the bottom of every page.
    pub(super) fn begin(mut file: PdfFile<'o>, fonts: Fonts<'f>, footer: String) -> Result<Self, RunRenderError> {
        let shared = Shared {
            tree: file.reserve()?,
            resources: file.reserve()?,
            drawing_resources: file.reserve()?,
            total: file.reserve()?,
            note: file.reserve()?,
        };
        let (page, node) = (file.reserve()?, file.reserve()?);
        Ok(Self {
            file,
            fonts,
            outline: Outline::default(),
            footer,
            content: content(),
            page,
            y: TOP,
            number: 1,
            shared,
            node,
            kids: Vec::new(),
            nodes: Vec::new(),
        })
    }

    /// How much of the page is left.
    pub(super) fn left(&self) -> f32 {
        self.y - self.bottom()
    }

    const fn bottom(&self) -> f32 {
        if self.number == 1 { BOTTOM + NOTE_HEIGHT } else { BOTTOM }
    }

    /// Begins a new page where less than `height` is left.
    pub(super) fn ensure(&mut self, height: f32) -> Result<bool, RunRenderError> {
        let full = self.left() < height && self.y < TOP;
        if full {
            self.turn()?;
        }
        Ok(full)
    }

    /// Leaves a space, but none at the top of a page.
    pub(super) fn space(&mut self, height: f32) {
        if self.y < TOP {
            self.y -= height;
        }
    }

    /// Finishes the page and begins the next.
    pub(super) fn turn(&mut self) -> Result<(), RunRenderError> {
        self.finish_page()?;
        self.page = self.file.reserve()?;
        self.number = self.number.saturating_add(1);
        self.y = TOP;
        Ok(())
    }

    fn finish_page(&mut self) -> Result<(), RunRenderError> {
        self.draw_footer();
        let drawing = std::mem::replace(&mut self.content, content()).finish();
        let contents = self.file.reserve()?;
        self.file.stream(contents, &drawing, |_| {})?;
        let (page, node, resources) = (self.page, self.node, self.shared.resources);
        self.file.object(page, |chunk| {
            let mut dictionary = chunk.page(page);
            dictionary.parent(node).media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).contents(contents);
            dictionary.pair(Name(b"Resources"), resources);
        })?;
        self.kids.push(page);
        if self.kids.len() >= NODE_PAGES_MAX {
            self.finish_node()?;
            self.node = self.file.reserve()?;
        }
        Ok(())
    }

    fn finish_node(&mut self) -> Result<(), RunRenderError> {
        let (node, kids, tree) = (self.node, std::mem::take(&mut self.kids), self.shared.tree);
        self.file.object(node, |chunk| {
            let count = i32::try_from(kids.len()).unwrap_or(i32::MAX);
            let mut pages = chunk.pages(node);
            pages.count(count).kids(kids.iter().copied());
            pages.parent(tree);
        })?;
        self.nodes.push((node, kids.len()));
        Ok(())
    }

    fn draw_footer(&mut self) {
        let style = Style::of(Latin::Plain, 7.5, 10.0, color::SOFT);
        let number = self.fonts.shape(&format!("{} / ", self.number), style.latin);
        let end = PAGE.0 - SIDE - TOTAL_ROOM;
        let begin = end - width(&number, style.size);
        self.draw(&number, begin, FOOTER, style);
        let footer = self.footer.clone();
        let name = self.fonts.shape(&footer, style.latin);
        let first = lines(&name, style.size, begin - SIDE - 20.0).into_iter().next().unwrap_or_default();
        self.draw(name.get(first).unwrap_or_default(), SIDE, FOOTER, style);
        self.rule(0.0, FOOTER + 13.0);
        self.content.x_object(Name(b"T"));
        if self.number == 1 {
            self.content.x_object(Name(b"N"));
        }
    }

    /// Adds a bookmark for what comes next.
    pub(super) fn bookmark(&mut self, level: u8, title: &str) {
        self.outline.add(level, title, self.page, self.y + 4.0);
    }

    /// Draws a horizontal line from `x` to the right margin.
    pub(super) fn rule(&mut self, x: f32, y: f32) {
        let [red, green, blue] = color::LINE;
        self.content.set_stroke_rgb(red, green, blue).set_line_width(0.6);
        self.content.move_to(SIDE + x, y).line_to(PAGE.0 - SIDE, y).stroke();
    }

    /// Fills a rectangle; `x` counts from the left margin.
    pub(super) fn fill(&mut self, x: f32, y: f32, wide: f32, high: f32, color: Color) {
        let [red, green, blue] = color;
        self.content.set_fill_rgb(red, green, blue).rect(SIDE + x, y, wide, high).fill_nonzero();
    }

    /// Draws shapes on one line; `x` counts from the left margin.
    pub(super) fn line(&mut self, shapes: &[Shape], x: f32, baseline: f32, style: Style) {
        self.draw(shapes, SIDE + x, baseline, style);
    }

    fn draw(&mut self, shapes: &[Shape], x: f32, baseline: f32, style: Style) {
        draw(&mut self.content, shapes, (x, baseline), style);
    }

    /// Writes a text as it is from `x` on, line below line and page after page.
    pub(super) fn paragraph(&mut self, text: &str, x: f32, style: Style) -> Result<(), RunRenderError> {
        self.paragraph_within(text, x, ROOM - x, style)
    }

    /// The same within a narrower room.
    pub(super) fn paragraph_within(
        &mut self,
        text: &str,
        x: f32,
        room: f32,
        style: Style,
    ) -> Result<(), RunRenderError> {
        self.write(text, Place { x, room, prose: false, bar: None }, style)
    }

    /// Writes sentences, in which what stands between backticks is code.
    pub(super) fn prose(&mut self, text: &str, x: f32, style: Style) -> Result<(), RunRenderError> {
        self.write(text, Place { x, room: ROOM - x, prose: true, bar: None }, style)
    }

    /// The same behind a bar of colour.
    pub(super) fn barred(&mut self, text: &str, x: f32, style: Style, bar: Color) -> Result<(), RunRenderError> {
        let place = Place { x: x + BAR_ROOM, room: ROOM - x - BAR_ROOM, prose: true, bar: Some(bar) };
        self.write(text, place, style)
    }

    fn write(&mut self, text: &str, place: Place, style: Style) -> Result<(), RunRenderError> {
        for line in text.split('\n') {
            let shapes = self.fonts.shape_text(line, style.latin, place.prose);
            for range in lines(&shapes, style.size, place.room) {
                self.ensure(style.leading)?;
                if let Some(bar) = place.bar {
                    self.fill(place.x - BAR_ROOM, self.y - style.leading, 2.2, style.leading, bar);
                }
                let baseline = self.y - baseline_drop(style);
                self.line(shapes.get(range).unwrap_or_default(), place.x, baseline, style);
                self.y -= style.leading;
            }
        }
        Ok(())
    }

    /// Finishes the document.
    pub(super) fn end(mut self, ending: &Ending<'_>) -> Result<(), RunRenderError> {
        self.finish_page()?;
        if !self.kids.is_empty() {
            self.finish_node()?;
        }
        let (tree, nodes) = (self.shared.tree, std::mem::take(&mut self.nodes));
        self.file.object(tree, |chunk| {
            let pages = nodes.iter().fold(0_usize, |sum, (_, pages)| sum.saturating_add(*pages));
            let count = i32::try_from(pages).unwrap_or(i32::MAX);
            chunk.pages(tree).count(count).kids(nodes.iter().map(|(node, _)| *node));
        })?;
        self.write_drawings(ending.note.as_deref())?;
        self.write_fonts()?;
        let (outline, info, catalog) = (self.file.reserve()?, self.file.reserve()?, self.file.reserve()?);
        self.outline.write(&mut self.file, outline)?;
        self.file.object(info, |chunk| {
            let mut info = chunk.indirect(info).start::<pdf_writer::writers::DocumentInfo<'_>>();
            info.title(pdf_writer::TextStr(ending.title)).subject(pdf_writer::TextStr(ending.subject));
            info.creator(pdf_writer::TextStr(ending.creator)).producer(pdf_writer::TextStr(ending.creator));
            info.creation_date(ending.made);
        })?;
        self.file.object(catalog, |chunk| {
            let mut dictionary = chunk.indirect(catalog).start::<pdf_writer::writers::Catalog<'_>>();
            dictionary.pages(tree).outlines(outline).lang(pdf_writer::TextStr(ending.language));
            dictionary.page_mode(pdf_writer::types::PageMode::UseOutlines);
            dictionary.viewer_preferences().display_doc_title(true);
        })?;
        self.file.end(catalog, info, &ending.id)
    }

    /// Writes the number of pages and the note, to which the pages refer.
    fn write_drawings(&mut self, note: Option<&str>) -> Result<(), RunRenderError> {
        let style = Style::of(Latin::Plain, 7.5, 10.0, color::SOFT);
        let mut total = content();
        let shapes = self.fonts.shape(&self.number.to_string(), style.latin);
        draw(&mut total, &shapes, (PAGE.0 - SIDE - TOTAL_ROOM, FOOTER), style);
        let mut drawing = content();
        if let Some(note) = note {
            let style = style.colored(color::WARN);
            let shapes = self.fonts.shape(note, style.latin);
            let ranges = lines(&shapes, style.size, ROOM);
            for (range, y) in ranges.into_iter().zip([BOTTOM + 14.0, BOTTOM + 4.0]) {
                draw(&mut drawing, shapes.get(range).unwrap_or_default(), (SIDE, y), style);
            }
        }
        let resources = self.shared.drawing_resources;
        for (id, drawing) in [(self.shared.total, total), (self.shared.note, drawing)] {
            self.file.stream(id, &drawing.finish(), |stream| {
                stream.pair(Name(b"Type"), Name(b"XObject")).pair(Name(b"Subtype"), Name(b"Form"));
                stream.pair(Name(b"BBox"), Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).pair(Name(b"Resources"), resources);
            })?;
        }
        Ok(())
    }

    fn write_fonts(&mut self) -> Result<(), RunRenderError> {
        let mut names = Vec::new();
        for font in Latin::ALL {
            let id = self.file.reserve()?;
            self.file.object(id, |chunk| {
                let mut dictionary = chunk.type1_font(id);
                dictionary.base_font(Name(font.base_font())).encoding_predefined(Name(b"WinAnsiEncoding"));
            })?;
            names.push((font.resource(), id));
        }
        for slot in Slot::ALL.into_iter().filter(|slot| self.fonts.has(*slot)) {
            let id = self.file.reserve()?;
            self.fonts.write(&mut self.file, slot, id)?;
            names.push((slot.resource(), id));
        }
        let Shared { total, note, .. } = self.shared;
        for (id, drawings) in [(self.shared.resources, true), (self.shared.drawing_resources, false)] {
            self.file.object(id, |chunk| {
                let mut resources = chunk.indirect(id).start::<pdf_writer::writers::Resources<'_>>();
                resources.fonts().pairs(names.iter().map(|(name, id)| (Name(name), *id)));
                if drawings {
                    resources.x_objects().pair(Name(b"T"), total).pair(Name(b"N"), note);
                }
            })?;
        }
        Ok(())
    }
}

/// How far below a line's upper edge its baseline is.
pub(super) fn baseline_drop(style: Style) -> f32 {
    (style.leading - style.size) / 2.0 + style.size * 0.80
}

/// Draws shapes in runs of one font each.
fn draw(content: &mut Content, shapes: &[Shape], (x, baseline): (f32, f32), style: Style) {
    let [red, green, blue] = style.color;
    let mut x = x;
    for run in shapes.chunk_by(|a, b| (a.embedded, a.latin) == (b.embedded, b.latin)) {
        let Some(first) = run.first() else { continue };
        let name = first.embedded.map_or_else(|| first.latin.resource(), Slot::resource);
        // The embedded font has one weight; its strokes are drawn too where it should be bold.
        let stroked = first.embedded.is_some() && first.latin == Latin::Bold;
        let bytes: Vec<u8> = if first.embedded.is_some() {
            run.iter().flat_map(|shape| shape.code.to_be_bytes()).collect()
        } else {
            run.iter().filter_map(|shape| u8::try_from(shape.code).ok()).collect()
        };
        content.begin_text().set_fill_rgb(red, green, blue);
        if stroked {
            content.set_text_rendering_mode(TextRenderingMode::FillStroke);
            content.set_stroke_rgb(red, green, blue).set_line_width(style.size * BOLD_STROKE);
        }
        content.set_font(Name(name), style.size).next_line(x, baseline).show(Str(&bytes));
        if stroked {
            content.set_text_rendering_mode(TextRenderingMode::Fill);
        }
        content.end_text();
        x += width(run, style.size);
    }
}
