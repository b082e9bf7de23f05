//! The Latin fonts that every reader of PDF has: their encoding and their widths.
//!
//! Helvetica, Helvetica-Bold and Courier are among the standard fourteen fonts, which need no
//! font file. Their advance widths are fixed by the Adobe font metrics; the table is
//! needed because lines are broken here and not by the reader.

/// One of the standard fonts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Latin {
    /// Helvetica.
    Plain,
    /// Helvetica-Bold.
    Bold,
    /// Courier.
    Mono,
}

impl Latin {
    /// Every standard font that the report uses.
    pub(super) const ALL: [Self; 3] = [Self::Plain, Self::Bold, Self::Mono];

    /// Its name in the page's resources.
    pub(super) const fn resource(self) -> &'static [u8] {
        match self {
            Self::Plain => b"H",
            Self::Bold => b"B",
            Self::Mono => b"C",
        }
    }

    /// Its name in every reader of PDF.
    pub(super) const fn base_font(self) -> &'static [u8] {
        match self {
            Self::Plain => b"Helvetica",
            Self::Bold => b"Helvetica-Bold",
            Self::Mono => b"Courier",
        }
    }

    /// The advance width of an encoded character, in thousandths of the font's size.
    pub(super) fn width(self, code: u8) -> u16 {
        let place = usize::from(code).saturating_sub(FIRST);
        match self {
            Self::Plain => PLAIN.get(place).copied().unwrap_or_default(),
            Self::Bold => BOLD.get(place).copied().unwrap_or_default(),
            Self::Mono => MONO,
        }
    }
}

/// Encodes a character in WinAnsi, where it has a place there.
pub(super) fn encode(c: char) -> Option<u8> {
    match u8::try_from(u32::from(c)) {
        Ok(code @ (0x20..=0x7e | 0xa0..=0xac | 0xae..=0xff)) => Some(code),
        _ => SPECIAL.binary_search_by_key(&c, |(c, _)| *c).ok().and_then(|at| SPECIAL.get(at)).map(|(_, code)| *code),
    }
}

/// The first encoded character of the width tables.
const FIRST: usize = 0x20;

/// Courier is as wide everywhere.
const MONO: u16 = 600;

/// What WinAnsi has beyond Latin-1, by character.
#[rustfmt::skip]
const SPECIAL: [(char, u8); 27] = [
    ('\u{0152}', 0x8c),
    ('\u{0153}', 0x9c),
    ('\u{0160}', 0x8a),
    ('\u{0161}', 0x9a),
    ('\u{0178}', 0x9f),
    ('\u{017d}', 0x8e),
    ('\u{017e}', 0x9e),
    ('\u{0192}', 0x83),
    ('\u{02c6}', 0x88),
    ('\u{02dc}', 0x98),
    ('\u{2013}', 0x96),
    ('\u{2014}', 0x97),
    ('\u{2018}', 0x91),
    ('\u{2019}', 0x92),
    ('\u{201a}', 0x82),
    ('\u{201c}', 0x93),
    ('\u{201d}', 0x94),
    ('\u{201e}', 0x84),
    ('\u{2020}', 0x86),
    ('\u{2021}', 0x87),
    ('\u{2022}', 0x95),
    ('\u{2026}', 0x85),
    ('\u{2030}', 0x89),
    ('\u{2039}', 0x8b),
    ('\u{203a}', 0x9b),
    ('\u{20ac}', 0x80),
    ('\u{2122}', 0x99),
];

/// Widths of Helvetica from the blank on.
#[rustfmt::skip]
const PLAIN: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 0,
    556, 0, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 0, 611, 0,
    0, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 0, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];

/// Widths of Helvetica-Bold from the blank on.
#[rustfmt::skip]
const BOLD: [u16; 224] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 0,
    556, 0, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 0, 611, 0,
    0, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 0, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_character_is_found() {
        for (c, code) in SPECIAL {
            assert_eq!(encode(c), Some(code));
        }
        assert_eq!(encode('é'), Some(0xe9));
        assert_eq!(encode('\u{ad}'), None);
        assert_eq!(encode('→'), None);
        assert_eq!(encode('あ'), None);
    }

    #[test]
    fn widths_are_those_of_the_standard_metrics() {
        assert_eq!(Latin::Plain.width(b' '), 278);
        assert_eq!(Latin::Plain.width(b'W'), 944);
        assert_eq!(Latin::Plain.width(0x97), 1000);
        assert_eq!(Latin::Bold.width(b'a'), 556);
        assert_eq!(Latin::Mono.width(b'i'), 600);
    }

    #[test]
    fn every_encoded_character_has_a_width() {
        for c in '\u{20}'..='\u{2200}' {
            if let Some(code) = encode(c) {
                assert!(Latin::ALL.iter().all(|font| font.width(code) > 0), "U+{:04X}", u32::from(c));
            }
        }
    }
}
