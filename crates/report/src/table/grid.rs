//! Rows and columns of short cells, fitted to a width; only a last column may wrap.
//!
//! Where the terminal is narrow, what tells least goes first: the last column of a list that may
//! be left out, then a spare column, and only then are cells cut. A text that must not be cut
//! goes below its row rather than into a gutter a few letters wide.

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

/// Cells are not cut below this for the sake of the last column: a version of Debian's fits.
const ROOMY_MIN: usize = 18;

/// The last column is worth showing from this many columns of the terminal on.
const REST_MIN: usize = 16;

/// Text wraps beside its row from this many columns of the terminal on, else below.
const BESIDE_MIN: usize = 40;

/// How much further in a text below its row stands.
const BELOW_INDENT: usize = 4;

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
    Spare,
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

    /// As wide as its widest cell; left out before others are cut.
    pub(super) const fn spare() -> Self {
        Self { kind: Kind::Spare, right: false }
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
        let below = limit.filter(|limit| self.wraps_below(*limit));
        let widths = self.widths(limit, below.is_some());
        let mut text = String::new();
        let heads = (!self.heads.is_empty()).then_some(&self.heads);
        for row in heads.into_iter().chain(&self.rows) {
            let mut line = " ".repeat(self.indent);
            let mut column_at = self.indent;
            // Blanks are owed, not written, so that no line ends in them.
            let mut owed = 0_usize;
            let shown = row.iter().zip(&self.columns).zip(&widths).filter(|(_, width)| **width > 0);
            for ((cell, column), width) in shown {
                let mut pieces = match column.kind {
                    Kind::Wrapping => wrap(&cell.text, *width).into_iter(),
                    _ => vec![cut(&cell.text, *width)].into_iter(),
                };
                if below.is_some() && column.kind == Kind::Wrapping {
                    column_at = self.indent.saturating_add(BELOW_INDENT);
                } else {
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
                }
                for piece in pieces.filter(|piece| !piece.is_empty()) {
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

    /// Tells whether the last column's text would be squeezed beside the others.
    fn wraps_below(&self, limit: usize) -> bool {
        let widths = self.natural();
        let Some((last, others)) = widths.split_last() else { return false };
        let wraps = self.columns.last().is_some_and(|column| column.kind == Kind::Wrapping);
        let room = self.room(limit).saturating_sub(taken(others));
        wraps && !others.is_empty() && *last > room && room < BESIDE_MIN
    }

    fn room(&self, limit: usize) -> usize {
        limit.saturating_sub(self.indent)
    }

    /// As wide as the widest cell; nothing for a column whose cells are all empty.
    fn natural(&self) -> Vec<usize> {
        let widest = |place: usize| {
            let cells = || self.rows.iter().filter_map(move |row| row.get(place)).map(|cell| cell.text.width());
            let widest = cells().max().unwrap_or_default();
            let head = self.heads.get(place).map(|head| head.text.width()).unwrap_or_default();
            if widest == 0 { 0 } else { widest.max(head) }
        };
        (0..self.columns.len()).map(widest).collect()
    }

    fn widths(&self, limit: Option<usize>, below: bool) -> Vec<usize> {
        let mut widths = self.natural();
        let last_kind = self.columns.last().map(|column| column.kind).filter(|kind| kind.is_last());
        let Some(limit) = limit else {
            if let (Some(Kind::Rest), Some(width)) = (last_kind, widths.last_mut()) {
                *width = (*width).min(REST_UNLIMITED_MAX);
            }
            return widths;
        };
        let room = self.room(limit);
        let Some(last_kind) = last_kind else {
            self.shrink(&mut widths, room.saturating_add(GAP), SHRUNK_MIN);
            return widths;
        };
        let last = widths.pop().unwrap_or_default();
        let beside = room.saturating_sub(REST_MIN);
        let last = match last_kind {
            Kind::Wrapping if below => {
                self.shrink(&mut widths, room.saturating_add(GAP), SHRUNK_MIN);
                last.min(room.saturating_sub(BELOW_INDENT).max(REST_MIN))
            }
            Kind::Wrapping => {
                self.shrink(&mut widths, beside, SHRUNK_MIN);
                last.min(room.saturating_sub(taken(&widths)).max(REST_MIN))
            }
            _ => {
                let mut roomy = widths.clone();
                self.shrink(&mut roomy, beside, ROOMY_MIN);
                if taken(&roomy) <= beside {
                    widths = roomy;
                    last.min(room.saturating_sub(taken(&widths)))
                } else {
                    self.leave_out(&mut widths, room.saturating_add(GAP));
                    self.shrink(&mut widths, room.saturating_add(GAP), SHRUNK_MIN);
                    0
                }
            }
        };
        widths.push(last);
        widths
    }

    /// Leaves spare columns out while the others do not fit.
    fn leave_out(&self, widths: &mut [usize], room: usize) {
        for place in 0..widths.len() {
            let spare = self.columns.get(place).is_some_and(|column| column.kind == Kind::Spare);
            if let (true, true, Some(width)) = (spare, taken(widths) > room, widths.get_mut(place)) {
                *width = 0;
            }
        }
    }

    /// Takes one column of the terminal at a time from the widest, so that short cells stay whole.
    fn shrink(&self, widths: &mut [usize], room: usize, min: usize) {
        while taken(widths) > room {
            let widest = widths
                .iter_mut()
                .zip(&self.columns)
                .filter(|(width, column)| matches!(column.kind, Kind::Shrinking | Kind::Spare) && **width > min)
                .max_by_key(|(width, _)| **width);
            let Some((width, _)) = widest else { break };
            *width = width.saturating_sub(1);
        }
    }
}

/// What columns take with the gaps behind them.
fn taken(widths: &[usize]) -> usize {
    widths.iter().filter(|width| **width > 0).map(|width| width.saturating_add(GAP)).sum()
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
    fn a_squeezed_text_goes_below_its_row() {
        let mut grid = Grid::new([Column::fixed(), Column::shrinking(), Column::wrapping()]);
        grid.row([
            Cell::plain("excluded"),
            Cell::plain("no authority"),
            Cell::plain("built elsewhere; nobody speaks of it"),
        ]);
        grid.row([Cell::plain("excluded"), Cell::plain("other"), Cell::plain("")]);
        insta::assert_snapshot!(grid.render(Some(40), Paint::new(false)), @r"
          excluded  no authority
              built elsewhere; nobody speaks of
              it
          excluded  other
        ");
        insta::assert_snapshot!(grid.render(Some(80), Paint::new(false)), @r"
          excluded  no authority  built elsewhere; nobody speaks of it
          excluded  other
        ");
    }

    #[test]
    fn what_tells_least_goes_first() {
        let mut grid =
            Grid::new([Column::fixed(), Column::spare(), Column::shrinking(), Column::fixed(), Column::rest()]);
        grid.heads(["id", "installed", "fixed in", "kev", "what"]);
        let version = "3.0.20-1~deb12u2";
        grid.row([
            Cell::plain("CVE-1"),
            Cell::plain(version),
            Cell::plain(version),
            Cell::plain(""),
            Cell::plain("a flaw in the parser"),
        ]);
        let text = |limit| grid.render(Some(limit), Paint::new(false));
        // A column without a cell has no head either.
        insta::assert_snapshot!(text(80), @r"
          ID     INSTALLED         FIXED IN          WHAT
          CVE-1  3.0.20-1~deb12u2  3.0.20-1~deb12u2  a flaw in the parser
        ");
        insta::assert_snapshot!(text(50), @r"
          ID     INSTALLED         FIXED IN
          CVE-1  3.0.20-1~deb12u2  3.0.20-1~deb12u2
        ");
        insta::assert_snapshot!(text(40), @r"
          ID     FIXED IN
          CVE-1  3.0.20-1~deb12u2
        ");
        insta::assert_snapshot!(text(20), @r"
          ID     FIXED IN
          CVE-1  3.0.20-1~d…
        ");
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
