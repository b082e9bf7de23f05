//! A font of this machine within the document: which of its glyphs were used, and their copy.

use std::collections::HashMap;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Name, Rect, Ref, Str};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId, Tag};

use super::super::RunRenderError;
use super::super::fonts::{FontFile, guarded};
use super::file::PdfFile;
use super::text::Slot;

/// The most glyphs that a document uses of one font; numbers of glyphs have 16 bits, and the
/// parts of composed glyphs need some too.
const GLYPHS_MAX: u16 = 50_000;

/// The most characters whose glyphs are remembered.
const CHARACTERS_MAX: usize = 100_000;

/// The collection to which the glyph numbers of the document belong: none but their own.
const SYSTEM: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// A glyph as the document numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Glyph {
    /// Its number in the embedded copy.
    pub(super) code: u16,
    /// How wide it is, in thousandths of the font's size.
    pub(super) width: u16,
}

/// A font and what was used of it.
pub(super) struct Embedded<'f> {
    file: &'f FontFile,
    face: Face<'f>,
    glyphs: GlyphRemapper,
    /// By the glyph's number in the copy: width and the character it stands for.
    used: Vec<(u16, char)>,
    known: HashMap<char, Option<Glyph>>,
}

impl<'f> Embedded<'f> {
    /// Takes a font that was found.
    pub(super) fn new(file: &'f FontFile) -> Option<Self> {
        let face = file.face()?;
        let missing = advance(&face, GlyphId(0));
        // Glyph 0, drawn for what the font lacks, is in every copy.
        let used = vec![(missing, char::REPLACEMENT_CHARACTER)];
        Some(Self { file, face, glyphs: GlyphRemapper::new(), used, known: HashMap::new() })
    }

    /// Returns the glyph of a character, and puts it into the copy.
    pub(super) fn glyph(&mut self, c: char) -> Option<Glyph> {
        if let Some(known) = self.known.get(&c) {
            return *known;
        }
        if self.known.len() >= CHARACTERS_MAX {
            return None;
        }
        let glyph = self.look_up(c);
        self.known.insert(c, glyph);
        glyph
    }

    fn look_up(&mut self, c: char) -> Option<Glyph> {
        if self.glyphs.num_gids() >= GLYPHS_MAX {
            return None;
        }
        let id = guarded(|| self.face.glyph_index(c).filter(|id| id.0 != 0))?;
        let code = self.glyphs.remap(id.0);
        let width = advance(&self.face, id);
        // Where two characters share a glyph, copied text has the one that came first.
        if usize::from(code) == self.used.len() {
            self.used.push((width, c));
        }
        Some(Glyph { code, width })
    }

    /// Writes the font under the number `id`.
    pub(super) fn write(&self, file: &mut PdfFile<'_>, slot: Slot, id: Ref) -> Result<(), RunRenderError> {
        let name = Name(slot.base_font());
        let damaged = || RunRenderError::Font { path: self.file.path.clone() };
        let copy = self.file.subset(&self.glyphs).ok_or_else(damaged)?;
        let outlines = ttf_parser::RawFace::parse(&copy, 0).ok().and_then(|face| face.table(Tag::from_bytes(b"CFF ")));
        let (cid, descriptor, program, unicode) = (file.reserve()?, file.reserve()?, file.reserve()?, file.reserve()?);

        file.object(id, |chunk| {
            let mut font = chunk.type0_font(id);
            font.base_font(name).encoding_predefined(Name(b"Identity-H"));
            font.descendant_font(cid).to_unicode(unicode);
        })?;
        file.object(cid, |chunk| {
            let mut font = chunk.cid_font(cid);
            font.subtype(if outlines.is_some() { CidFontType::Type0 } else { CidFontType::Type2 });
            font.base_font(name).system_info(SYSTEM).font_descriptor(descriptor).default_width(1000.0);
            if outlines.is_none() {
                font.cid_to_gid_map_predefined(Name(b"Identity"));
            }
            font.widths().consecutive(0, self.used.iter().map(|(width, _)| f32::from(*width)));
        })?;
        self.write_descriptor(file, name, (descriptor, program), outlines.is_some())?;
        match outlines {
            Some(table) => file.stream(program, table, |stream| {
                stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
            })?,
            None => {
                let length = i32::try_from(copy.len()).map_err(|_| RunRenderError::TooLarge)?;
                file.stream(program, &copy, |stream| {
                    stream.pair(Name(b"Length1"), length);
                })?;
            }
        }
        let mut map = UnicodeCmap::new(Name(b"Yagura-UTF16"), SYSTEM);
        for (code, (_, c)) in (0_u16..).zip(&self.used) {
            map.pair(code, *c);
        }
        file.stream(unicode, &map.finish(), |stream| {
            stream.pair(Name(b"Type"), Name(b"CMap")).pair(Name(b"CMapName"), Name(b"Yagura-UTF16"));
        })
    }

    fn write_descriptor(
        &self,
        file: &mut PdfFile<'_>,
        name: Name<'_>,
        (id, program): (Ref, Ref),
        postscript: bool,
    ) -> Result<(), RunRenderError> {
        let scale = |units: i16| f32::from(units) * 1000.0 / f32::from(self.face.units_per_em());
        let bounds = self.face.global_bounding_box();
        let bounds = Rect::new(scale(bounds.x_min), scale(bounds.y_min), scale(bounds.x_max), scale(bounds.y_max));
        file.object(id, |chunk| {
            let mut descriptor = chunk.font_descriptor(id);
            descriptor.name(name).flags(FontFlags::SYMBOLIC).bbox(bounds).italic_angle(0.0);
            descriptor.ascent(scale(self.face.ascender())).descent(scale(self.face.descender()));
            descriptor.cap_height(scale(self.face.capital_height().unwrap_or_else(|| self.face.ascender())));
            descriptor.stem_v(80.0);
            if postscript {
                descriptor.font_file3(program);
            } else {
                descriptor.font_file2(program);
            }
        })
    }
}

/// How wide a glyph is, in thousandths of the font's size.
fn advance(face: &Face<'_>, glyph: GlyphId) -> u16 {
    let units = guarded(|| face.glyph_hor_advance(glyph)).unwrap_or_else(|| face.units_per_em());
    let units = u32::from(units);
    let thousandths = units.saturating_mul(1000).checked_div(u32::from(face.units_per_em()));
    thousandths.and_then(|width| u16::try_from(width).ok()).unwrap_or(1000)
}
