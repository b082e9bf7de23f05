//! Rows and columns of short cells, fitted to a width; only a last column may wrap.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::paint::{Paint, Style};

/// Between two columns.
const GAP: usize = 2;

/// Before the first column.
const INDENT: usize = 2;

/// Before the first column of what belongs to the line above.
const DEEP_INDENT: usize = 8;

/// A shrinking column keeps this many columns of the terminal.
const SHRUNK_MIN: usize = 10;

/// The last column is worth showing from this many columns of the terminal on.
const REST_MIN: usize = 16;

/// The last column's limit where nothing limits the line: a file with lines of 20,000
/// characters serves nobody.
const REST_UNLIMITED_MAX: usize = 160;

/// How a column takes its width.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    kind: Kind,
    right: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Fixed,
    Shrinking,
    Rest,
    Wrapping,
}

impl Kind {
    /// Tells whether the column takes what the others leave.
    const fn is_last(self) -> bool {
        matches!(self, Self::Rest | Self::Wrapping)
    }
}

impl Column {
    /// As wide as its widest cell.
    pub(super) const fn fixed() -> Self {
        Self { kind: Kind::Fixed, right: false }
    }

    /// Likewise, set flush right: numbers.
    pub(super) const fn right() -> Self {
        Self { kind: Kind::Fixed, right: true }
    }

    /// As wide as its widest cell, narrower where the terminal is.
    pub(super) const fn shrinking() -> Self {
        Self { kind: Kind::Shrinking, right: false }
    }

    /// What the others leave; left out where that is too little.
    pub(super) const fn rest() -> Self {
        Self { kind: Kind::Rest, right: false }
    }

    /// What the others leave, going on below itself: what must not be cut.
    pub(super) const fn wrapping() -> Self {
        Self { kind: Kind::Wrapping, right: false }
    }
}

/// One cell.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(super) fn plain(text: &str) -> Self {
        Self::styled(text, Style::Plain)
    }

    /// Takes the text as one line.
    pub(super) fn styled(text: &str, style: Style) -> Self {
        Self { text: text.replace('\n', " "), style }
    }
}

/// Rows of `N` columns.
#[derive(Debug)]
pub(super) struct Grid {
    columns: Vec<Column>,
    heads: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    indent: usize,
}

impl Grid {
    pub(super) fn new<const N: usize>(columns: [Column; N]) -> Self {
        Self { columns: columns.to_vec(), heads: Vec::new(), rows: Vec::new(), indent: INDENT }
    }

    /// Sets the grid at the edge.
    pub(super) const fn flush(mut self) -> Self {
        self.indent = 0;
        self
    }

    /// Sets the grid further in, below the line that it belongs to.
    pub(super) const fn indented(mut self) -> Self {
        self.indent = DEEP_INDENT;
        self
    }

    pub(super) fn heads<const N: usize>(&mut self, heads: [&str; N]) {
        self.heads = heads.iter().map(|head| Cell::styled(&head.to_uppercase(), Style::Faint)).collect();
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(Vec::from(cells));
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Lays the rows out.
    pub(super) fn render(&self, limit: Option<usize>, paint: Paint) -> String {
        let widths = self.widths(limit);
        let mut text = String::new();
        let heads = (!self.heads.is_empty()).then_some(&self.heads);
        for row in heads.into_iter().chain(&self.rows) {
            let mut line = " ".repeat(self.indent);
            let mut column_at = self.indent;
            // Blanks are owed, not written, so that no line ends in them.
            let mut owed = 0_usize;
            for ((cell, column), width) in row.iter().zip(&self.columns).zip(&widths) {
                let mut pieces = match column.kind {
                    Kind::Wrapping => wrap(&cell.text, *width).into_iter(),
                    _ => vec![cut(&cell.text, *width)].into_iter(),
                };
                let shown = pieces.next().unwrap_or_default();
                let blank = width.saturating_sub(shown.width());
                let (before, after) = if column.right { (blank, 0) } else { (0, blank) };
                owed = owed.saturating_add(before);
                if !shown.is_empty() {
                    line.push_str(&" ".repeat(owed));
                    line.push_str(&paint.apply(cell.style, &shown));
                    owed = 0;
                }
                owed = owed.saturating_add(after).saturating_add(GAP);
                for piece in pieces {
                    line.push('\n');
                    line.push_str(&" ".repeat(column_at));
                    line.push_str(&paint.apply(cell.style, &piece));
                }
                column_at = column_at.saturating_add(*width).saturating_add(GAP);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn widths(&self, limit: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = (0..self.columns.len())
            .map(|place| {
                let cells = self.rows.iter().chain([&self.heads]).filter_map(|row| row.get(place));
                cells.map(|cell| cell.text.width()).max().unwrap_or_default()
            })
            .collect();
        let Some(limit) = limit else {
            let rest = widths.iter_mut().zip(&self.columns).filter(|(_, column)| column.kind == Kind::Rest);
            rest.for_each(|(width, _)| *width = (*width).min(REST_UNLIMITED_MAX));
            return widths;
        };
        let taken = |widths: &[usize], columns: &[Column]| -> usize {
            let fixed = widths.iter().zip(columns).filter(|(_, column)| !column.kind.is_last());
            fixed.map(|(width, _)| width.saturating_add(GAP)).sum()
        };
        let room = limit.saturating_sub(self.indent);
        // One column of the terminal at a time from the widest, so that short cells stay whole.
        while taken(&widths, &self.columns).saturating_add(REST_MIN) > room {
            let widest = widths
                .iter_mut()
                .zip(&self.columns)
                .filter(|(width, column)| column.kind == Kind::Shrinking && **width > SHRUNK_MIN)
                .max_by_key(|(width, _)| **width);
            let Some((width, _)) = widest else { break };
            *width = width.saturating_sub(1);
        }
        let rest = room.saturating_sub(taken(&widths, &self.columns));
        for (width, column) in widths.iter_mut().zip(&self.columns) {
            match column.kind {
                Kind::Rest if rest < REST_MIN => *width = 0,
                Kind::Rest => *width = (*width).min(rest),
                Kind::Wrapping => *width = (*width).min(rest.max(REST_MIN)),
                Kind::Fixed | Kind::Shrinking => {}
            }
        }
        widths
    }
}

/// Cuts text to a width in columns of the terminal; what is cut ends in `…`.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut used = 0_usize;
    for c in text.chars() {
        let next = used.saturating_add(c.width().unwrap_or_default());
        if next.saturating_add(1) > width {
            break;
        }
        shown.push(c);
        used = next;
    }
    if width > 0 {
        shown.push('…');
    }
    shown
}

/// Breaks text into lines of at most `width` columns: at blanks, beside wide characters, and
/// inside a word only where the word alone is too wide.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0_usize;
    for word in words(text) {
        let wide = word.trim_end().width();
        if used.saturating_add(wide) > width && used > 0 {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
        }
        for c in word.chars() {
            let next = used.saturating_add(c.width().unwrap_or_default());
            if next > width && used > 0 && c != ' ' {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
                used = 0;
            }
            line.push(c);
            used = used.saturating_add(c.width().unwrap_or_default());
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Characters that may not begin a line of Japanese.
const NEVER_FIRST: [char; 12] = ['。', '、', '」', '』', ')', '）', '・', 'ー', '！', '？', '…', '：'];

/// Splits text where a line may break, blanks staying at the end of what they follow.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut begin = 0_usize;
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        let wide = |c: char| c.width().unwrap_or_default() > 1;
        let breaks = before.is_some_and(|before| match (before, c) {
            (_, ' ') => false,
            (' ', _) => true,
            (before, c) => (wide(before) || wide(c)) && !NEVER_FIRST.contains(&c),
        });
        if breaks {
            words.extend(text.get(begin..at));
            begin = at;
        }
        before = Some(c);
    }
    words.extend(text.get(begin..));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_columns_not_characters() {
        assert_eq!(cut("脆弱性の概要", 12), "脆弱性の概要");
        assert_eq!(cut("脆弱性の概要", 11), "脆弱性の概…");
        // Five columns hold two wide characters and the mark.
        assert_eq!(cut("脆弱性の概要", 5), "脆弱…");
        assert_eq!(cut("脆弱性の概要", 4), "脆…");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn columns_line_up_under_wide_characters() {
        let mut grid = Grid::new([Column::fixed(), Column::right(), Column::rest()]);
        grid.row([Cell::plain("高"), Cell::plain("9"), Cell::plain("x")]);
        grid.row([Cell::plain("High"), Cell::plain("10"), Cell::plain("y")]);
        insta::assert_snapshot!(grid.render(None, Paint::new(false)), @r"
          高     9  x
          High  10  y
        ");
    }

    #[test]
    fn wraps_at_blanks_and_beside_wide_characters() {
        assert_eq!(wrap("run `yagura feed sync` now", 12), ["run `yagura", "feed sync`", "now"]);
        assert_eq!(wrap("権限がありません。root で", 10), ["権限があり", "ません。", "root で"]);
        // A full stop never begins a line.
        assert_eq!(wrap("ありません。", 10), ["ありませ", "ん。"]);
        assert_eq!(wrap("unbreakable", 4), ["unbr", "eaka", "ble"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut grid = Grid::new([Column::fixed(), Column::shrinking(), Column::shrinking(), Column::rest()]);
        let long = "とても長い名前のパッケージ-1.2.3-4+deb12u5";
        grid.row([Cell::plain("High"), Cell::plain(long), Cell::plain(long), Cell::plain(&long.repeat(4))]);
        for limit in 32..200 {
            for line in grid.render(Some(limit), Paint::new(false)).lines() {
                assert!(line.width() <= limit, "{} > {limit}: {line}", line.width());
            }
        }
    }

    #[test]
    fn without_a_terminal_the_last_column_ends_somewhere() {
        let mut grid = Grid::new([Column::fixed(), Column::rest()]);
        grid.row([Cell::plain("x"), Cell::plain(&"y".repeat(REST_UNLIMITED_MAX + 1))]);
        let text = grid.render(None, Paint::new(false));
        assert_eq!(text.trim().width(), 1 + GAP + REST_UNLIMITED_MAX);
        assert!(text.trim_end().ends_with('…'));
    }
}
