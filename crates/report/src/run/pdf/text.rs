//! Measures text and breaks it into lines, in Latin and in Japanese.
//!
//! A line ends at a blank, after a hyphen, or between Japanese characters; no line begins with a
//! closing bracket, a full stop or a small kana, and none ends with an opening bracket (kinsoku,
//! after JIS X 4051). A word that is longer than a line, such as an ARN, ends after one of its
//! signs, or anywhere if need be.

use std::cell::OnceCell;
use std::ops::Range;

use pdf_writer::Ref;

use super::super::RunRenderError;
use super::super::fonts::{FontFile, FontFinder};
use super::embed::Embedded;
use super::file::PdfFile;
use super::latin::{self, Latin};

/// What must not begin a line.
const NO_START: &str = "、。，．・：；？！ー」』）】〕〉》〙〗｝］〟’”…‥々ゝゞヽヾ〻ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ〜～゠–‐％‰℃｡､｣ｧｨｩｪｫｬｭｮｯｰﾞﾟ)]},.!?:;%";

/// What must not end a line.
const NO_END: &str = "「『（【〔〈《〘〖｛［〝‘“｢([{￥＄";

/// After which a word that is longer than a line may be broken.
const WEAK: &str = "/:._,=&?;@|-";

/// One character as it will be drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) c: char,
    /// The Latin font that it is of, or that its neighbours are of.
    pub(super) latin: Latin,
    /// The embedded font that it is of; `None` where it is of the Latin one.
    pub(super) embedded: Option<Slot>,
    pub(super) code: u16,
    /// In thousandths of the size.
    pub(super) width: u16,
}

/// A font that a document may embed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// For Japanese and its neighbours.
    Wide,
    /// For all other writing, whose letters look odd in a Japanese font.
    Other,
}

impl Slot {
    /// Every font that a document may embed.
    pub(super) const ALL: [Self; 2] = [Self::Wide, Self::Other];

    /// Its name in the page's resources.
    pub(super) const fn resource(self) -> &'static [u8] {
        match self {
            Self::Wide => b"W",
            Self::Other => b"O",
        }
    }

    /// What the font is called in the document. The six letters mark a part of a font.
    pub(super) const fn base_font(self) -> &'static [u8] {
        match self {
            Self::Wide => b"YAGURA+Wide",
            Self::Other => b"YAGURB+Other",
        }
    }
}

/// Where fonts stay once they were needed: longer than the document that uses them.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    wide: OnceCell<Option<FontFile>>,
    other: OnceCell<Option<FontFile>>,
}

/// The fonts of a document.
pub(super) struct Fonts<'f> {
    finder: &'f FontFinder,
    shelf: &'f Shelf,
    wide: Option<Embedded<'f>>,
    other: Option<Embedded<'f>>,
    /// How many characters could not be shown.
    missing: u64,
}

impl<'f> Fonts<'f> {
    /// Takes the place where fonts are kept once they are needed.
    pub(super) const fn new(finder: &'f FontFinder, shelf: &'f Shelf) -> Self {
        Self { finder, shelf, wide: None, other: None, missing: 0 }
    }

    /// Loads the font for Japanese now.
    pub(super) fn need_japanese(&mut self) -> Result<(), RunRenderError> {
        let file = self.shelf.wide.get_or_init(|| self.finder.japanese());
        self.wide = file.as_ref().and_then(Embedded::new);
        if self.wide.is_none() {
            return Err(RunRenderError::NoJapaneseFont { looked: self.finder.folders().to_vec() });
        }
        Ok(())
    }

    fn embedded(&self, slot: Slot) -> Option<&Embedded<'f>> {
        match slot {
            Slot::Wide => self.wide.as_ref(),
            Slot::Other => self.other.as_ref(),
        }
    }

    /// How many characters could not be shown so far.
    pub(super) const fn missing(&self) -> u64 {
        self.missing
    }

    /// Tells whether a font is embedded, and so needs to be in the resources.
    pub(super) fn has(&self, slot: Slot) -> bool {
        self.embedded(slot).is_some()
    }

    /// Writes an embedded font.
    pub(super) fn write(&self, file: &mut PdfFile<'_>, slot: Slot, id: Ref) -> Result<(), RunRenderError> {
        self.embedded(slot).map_or(Ok(()), |font| font.write(file, slot, id))
    }

    /// Finds the glyphs of a text.
    pub(super) fn shape(&mut self, text: &str, latin: Latin) -> Vec<Shape> {
        text.chars().map(|c| self.shape_one(c, latin)).collect()
    }

    /// Finds the glyphs of a text; in prose, what stands between backticks is code.
    pub(super) fn shape_text(&mut self, text: &str, latin: Latin, prose: bool) -> Vec<Shape> {
        if !prose {
            return self.shape(text, latin);
        }
        let mut shapes = Vec::new();
        let mut rest = text;
        while let Some((before, (code, after))) =
            rest.split_once('`').and_then(|(before, rest)| Some((before, rest.split_once('`')?)))
        {
            shapes.extend(self.shape(before, latin));
            shapes.extend(self.shape(code, Latin::Mono));
            rest = after;
        }
        // A backtick without a partner stays what it is.
        shapes.extend(self.shape(rest, latin));
        shapes
    }

    fn shape_one(&mut self, c: char, latin: Latin) -> Shape {
        if let Some(code) = latin::encode(c) {
            return Shape { c, latin, embedded: None, code: u16::from(code), width: latin.width(code) };
        }
        let slots = if is_wide(c) { [Slot::Wide, Slot::Other] } else { [Slot::Other, Slot::Wide] };
        for slot in slots {
            if let Some(glyph) = self.load(slot).and_then(|font| font.glyph(c)) {
                return Shape { c, latin, embedded: Some(slot), code: glyph.code, width: glyph.width };
            }
        }
        // The mark of a neutralised character is itself a replacement and no loss.
        if c != char::REPLACEMENT_CHARACTER {
            self.missing = self.missing.saturating_add(1);
        }
        Shape { c, latin, embedded: None, code: u16::from(b'?'), width: latin.width(b'?') }
    }

    /// Returns a font, which is looked for when its first character appears.
    fn load(&mut self, slot: Slot) -> Option<&mut Embedded<'f>> {
        let (finder, shelf) = (self.finder, self.shelf);
        let (cell, embedded) = match slot {
            Slot::Wide => (&shelf.wide, &mut self.wide),
            Slot::Other => (&shelf.other, &mut self.other),
        };
        if embedded.is_none() && cell.get().is_none() {
            let file = cell.get_or_init(|| match slot {
                Slot::Wide => finder.promising_japanese(),
                Slot::Other => finder.general(),
            });
            *embedded = file.as_ref().and_then(Embedded::new);
        }
        embedded.as_mut()
    }
}

/// The width of shapes at a size.
pub(super) fn width(shapes: &[Shape], size: f32) -> f32 {
    shapes.iter().map(|shape| f32::from(shape.width) * size / 1000.0).sum()
}

/// Breaks shapes into lines of at most `room`; blanks at the ends of lines are left out.
pub(super) fn lines(shapes: &[Shape], size: f32, room: f32) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    while start < shapes.len() {
        let end = line_end(shapes, start, size, room);
        let mut last = end;
        while last > start && shapes.get(last.saturating_sub(1)).is_some_and(|shape| shape.c == ' ') {
            last = last.saturating_sub(1);
        }
        lines.push(start..last);
        start = end;
        while shapes.get(start).is_some_and(|shape| shape.c == ' ') {
            start = start.saturating_add(1);
        }
    }
    if lines.is_empty() {
        lines.push(0..0);
    }
    lines
}

/// Where the line that begins at `start` ends.
fn line_end(shapes: &[Shape], start: usize, size: f32, room: f32) -> usize {
    let mut used = 0.0;
    let (mut strong, mut weak) = (None, None);
    for (place, shape) in shapes.iter().enumerate().skip(start) {
        let before = place.checked_sub(1).filter(|before| *before >= start).and_then(|before| shapes.get(before));
        if let Some(before) = before {
            match break_between(before.c, shape.c) {
                Break::Strong => strong = Some(place),
                Break::Weak => weak = Some(place),
                Break::None => {}
            }
        }
        used += f32::from(shape.width) * size / 1000.0;
        // A blank may hang over the edge; nobody sees it.
        if used > room && shape.c != ' ' {
            // A weak place far behind the strong one fills the line; a word that would fit on the
            // next line stays whole.
            return strong.or(weak).unwrap_or_else(|| forced(shapes, start, place));
        }
    }
    shapes.len()
}

/// Breaks where there is no good place: at least one character a line, brackets and full stops kept.
fn forced(shapes: &[Shape], start: usize, place: usize) -> usize {
    let mut end = place;
    while end > start.saturating_add(1) && shapes.get(end).is_some_and(|shape| NO_START.contains(shape.c)) {
        end = end.saturating_sub(1);
    }
    end.max(start.saturating_add(1))
}

/// How good a place between two characters is to end a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    Strong,
    Weak,
    None,
}

fn break_between(before: char, after: char) -> Break {
    // The second is the blank that keeps a number beside its word.
    if after == ' ' || after == '\u{a0}' || before == '\u{a0}' {
        return Break::None;
    }
    if before == ' ' {
        return Break::Strong;
    }
    let wide = is_wide(before) || is_wide(after);
    if wide {
        let kept = NO_START.contains(after) || NO_END.contains(before);
        return if kept { Break::None } else { Break::Strong };
    }
    // A hyphen or dash between letters; not that of an option or of a negative number.
    if WEAK.contains(before) && !WEAK.contains(after) {
        return Break::Weak;
    }
    Break::None
}

/// Tells whether a character is one of those between which Japanese lines may end.
fn is_wide(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shapes of a typewriter: half a size for Latin, a size for Japanese.
    fn typed(text: &str) -> Vec<Shape> {
        let width = |c| if is_wide(c) { 1000 } else { 500 };
        text.chars().map(|c| Shape { c, latin: Latin::Plain, embedded: None, code: 0, width: width(c) }).collect()
    }

    fn broken(text: &str, room: f32) -> Vec<String> {
        let shapes = typed(text);
        let line = |range: Range<usize>| shapes[range].iter().map(|shape| shape.c).collect();
        lines(&shapes, 1.0, room).into_iter().map(line).collect()
    }

    #[test]
    fn latin_breaks_at_blanks() {
        assert_eq!(broken("the quick brown fox", 5.0), ["the quick", "brown fox"]);
        assert_eq!(broken("", 5.0), [""]);
        assert_eq!(broken("   ", 1.0), [""]);
    }

    #[test]
    fn a_word_longer_than_a_line_breaks_after_its_signs_or_anywhere() {
        assert_eq!(broken("arn:aws:inspector:eu", 5.0), ["arn:aws:", "inspector:", "eu"]);
        assert_eq!(broken("0123456789abc", 2.0), ["0123", "4567", "89ab", "c"]);
        assert_eq!(broken("ab", 0.1), ["a", "b"]);
    }

    #[test]
    fn no_japanese_line_begins_with_a_stop_or_ends_with_a_bracket() {
        assert_eq!(broken("脆弱性です。次", 5.0), ["脆弱性で", "す。次"]);
        assert_eq!(broken("これは「危険」だ", 4.0), ["これは", "「危険」", "だ"]);
        assert_eq!(broken("サーバーの", 3.0), ["サー", "バーの"]);
        assert_eq!(broken("ちょっと", 1.0), ["ち", "ょ", "っ", "と"]);
        assert_eq!(broken("(CVE) の説明", 2.0), ["(CV", "E)", "の説", "明"]);
    }

    #[test]
    fn latin_within_japanese_stays_whole() {
        assert_eq!(broken("最新の openssl へ更新", 5.5), ["最新の", "openssl へ", "更新"]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost_and_no_line_is_too_long(text in "[ a-z:、。「」あ漢ー\u{fffd}]{0,60}", room in 1_u8..20) {
            let room = f32::from(room);
            let lines = broken(&text, room);
            let squeeze = |text: &str| text.replace(' ', "");
            proptest::prop_assert_eq!(squeeze(&lines.concat()), squeeze(&text));
            for line in &lines {
                let shapes = typed(line);
                proptest::prop_assert!(shapes.len() <= 1 || width(&shapes, 1.0) <= room, "{:?} in {}", line, room);
            }
        }
    }
}
