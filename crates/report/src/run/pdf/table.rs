//! Tables that break over pages and repeat their heads.

use super::super::RunRenderError;
use super::flow::{Color, Flow, ROOM, SMALL, SMALL_STRONG, Style, baseline_drop, color};
use super::text::{Shape, lines, width};

/// The space within a cell, left and right of its text.
const PAD_X: f32 = 5.0;

/// The space within a cell, above and below its text.
const PAD_Y: f32 = 3.0;

/// The height from which on a row may be broken: a shorter one moves to the next page whole.
const WHOLE_ROW_MAX: f32 = 260.0;

/// The width of a mark before a cell's text.
const CHIP: f32 = 6.0;

/// A column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// What stands in its head.
    pub(super) head: String,
    /// Its part of the table's width.
    pub(super) share: f32,
    /// Whether its cells are numbers.
    pub(super) number: bool,
}

impl Column {
    /// A column of texts.
    pub(super) fn text(head: &str, share: f32) -> Self {
        Self { head: head.to_owned(), share, number: false }
    }

    /// A column of numbers.
    pub(super) fn number(head: &str, share: f32) -> Self {
        Self { head: head.to_owned(), share, number: true }
    }
}

/// A text of a cell.
#[derive(Debug, Clone)]
struct Paragraph {
    text: String,
    style: Style,
    /// Whether what stands between backticks is code.
    prose: bool,
}

/// What stands in one cell.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    paragraphs: Vec<Paragraph>,
    chip: Option<Color>,
}

impl Cell {
    /// A cell with one text.
    pub(super) fn new(text: impl Into<String>, style: Style) -> Self {
        Self::default().with(text, style)
    }

    /// The same with a further paragraph; an empty one is left out.
    pub(super) fn with(self, text: impl Into<String>, style: Style) -> Self {
        self.push(text.into(), style, false)
    }

    /// The same with a further paragraph in which what stands between backticks is code.
    pub(super) fn with_prose(self, text: impl Into<String>, style: Style) -> Self {
        self.push(text.into(), style, true)
    }

    fn push(mut self, text: String, style: Style, prose: bool) -> Self {
        if !text.is_empty() {
            self.paragraphs.push(Paragraph { text, style, prose });
        }
        self
    }

    /// The same with a coloured mark in front.
    pub(super) const fn marked(mut self, color: Color) -> Self {
        self.chip = Some(color);
        self
    }
}

/// A table on its way down the page.
pub(super) struct Table {
    columns: Vec<Column>,
    indent: f32,
}

/// One line of a cell.
type Line = (Vec<Shape>, Style);

impl Table {
    /// Begins a table and draws its head.
    pub(super) fn begin(flow: &mut Flow<'_, '_>, columns: Vec<Column>, indent: f32) -> Result<Self, RunRenderError> {
        let table = Self { columns, indent };
        // A head without a row below it helps nobody.
        flow.ensure(58.0)?;
        table.draw_head(flow)?;
        Ok(table)
    }

    /// Draws a row.
    pub(super) fn row(&self, flow: &mut Flow<'_, '_>, cells: &[Cell]) -> Result<(), RunRenderError> {
        let mut rest: Vec<Vec<Line>> = Vec::new();
        for (cell, wide) in cells.iter().zip(self.widths()) {
            rest.push(break_cell(flow, cell, wide));
        }
        let height = height(&rest);
        if height > flow.left() && (height <= WHOLE_ROW_MAX || flow.left() < 60.0) {
            self.turn(flow)?;
        }
        let mut first = true;
        loop {
            let top = flow.y;
            let room = flow.left() - 2.0 * PAD_Y;
            let now: Vec<Vec<Line>> = rest.iter_mut().map(|lines| take(lines, room)).collect();
            let tall = now.iter().map(|lines| tall(lines)).fold(0.0, f32::max) + 2.0 * PAD_Y;
            self.draw_cells(flow, &now, cells, first);
            flow.y = top - tall;
            first = false;
            if rest.iter().all(Vec::is_empty) {
                break;
            }
            self.turn(flow)?;
        }
        flow.rule(self.indent, flow.y);
        Ok(())
    }

    /// Draws a note below the rows, over the whole width.
    pub(super) fn note(&self, flow: &mut Flow<'_, '_>, text: &str) -> Result<(), RunRenderError> {
        flow.y -= PAD_Y;
        flow.paragraph(text, self.indent + PAD_X, SMALL)
    }

    fn turn(&self, flow: &mut Flow<'_, '_>) -> Result<(), RunRenderError> {
        flow.turn()?;
        self.draw_head(flow)
    }

    fn draw_head(&self, flow: &mut Flow<'_, '_>) -> Result<(), RunRenderError> {
        let style = SMALL_STRONG.colored(color::SOFT);
        let mut cells = Vec::new();
        for (column, wide) in self.columns.iter().zip(self.widths()) {
            cells.push(break_cell(flow, &Cell::new(column.head.clone(), style), wide));
        }
        let high = height(&cells);
        flow.ensure(high)?;
        let (top, wide) = (flow.y, ROOM - self.indent);
        flow.fill(self.indent, top - high, wide, high, color::WASH);
        self.draw_cells(flow, &cells, &[], true);
        flow.y = top - high;
        Ok(())
    }

    fn draw_cells(&self, flow: &mut Flow<'_, '_>, lines: &[Vec<Line>], cells: &[Cell], first: bool) {
        let mut x = self.indent;
        let mut cells = cells.iter();
        for ((lines, column), wide) in lines.iter().zip(&self.columns).zip(self.widths()) {
            let chip = cells.next().and_then(|cell| cell.chip);
            let shift = if chip.is_some() { CHIP + 4.0 } else { 0.0 };
            let mut y = flow.y - PAD_Y;
            if let (Some(chip), Some((_, style)), true) = (chip, lines.first(), first) {
                flow.fill(x + PAD_X, y - baseline_drop(*style) - 0.3, CHIP, CHIP, chip);
            }
            for (shapes, style) in lines {
                let left = if column.number { wide - PAD_X - width(shapes, style.size) } else { PAD_X + shift };
                flow.line(shapes, x + left, y - baseline_drop(*style), *style);
                y -= style.leading;
            }
            x += wide;
        }
    }

    fn widths(&self) -> Vec<f32> {
        let shares: f32 = self.columns.iter().map(|column| column.share).sum();
        self.columns.iter().map(|column| column.share / shares * (ROOM - self.indent)).collect()
    }
}

fn break_cell(flow: &mut Flow<'_, '_>, cell: &Cell, wide: f32) -> Vec<Line> {
    let room = wide - 2.0 * PAD_X - if cell.chip.is_some() { CHIP + 4.0 } else { 0.0 };
    let mut all = Vec::new();
    for Paragraph { text, style, prose } in &cell.paragraphs {
        for line in text.split('\n') {
            let shapes = flow.fonts.shape_text(line, style.latin, *prose);
            let ranges = lines(&shapes, style.size, room);
            all.extend(ranges.into_iter().map(|range| (shapes.get(range).unwrap_or_default().to_vec(), *style)));
        }
    }
    all
}

fn tall(lines: &[Line]) -> f32 {
    lines.iter().map(|(_, style)| style.leading).sum()
}

fn height(cells: &[Vec<Line>]) -> f32 {
    cells.iter().map(|lines| tall(lines)).fold(0.0, f32::max) + 2.0 * PAD_Y
}

/// Takes the lines that fit; at least one, so that a row comes to an end.
fn take(lines: &mut Vec<Line>, room: f32) -> Vec<Line> {
    let mut used = 0.0;
    let fits = |(_, style): &&Line| {
        used += style.leading;
        used <= room
    };
    let count = lines.iter().take_while(fits).count().max(1).min(lines.len());
    lines.drain(..count).collect()
}
