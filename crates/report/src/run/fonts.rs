//! Looks for a font on this machine, because none is shipped.
//!
//! Fonts that are known to be good for Japanese are tried first; any other font that has the
//! characters will do. Files are hostile: how many are looked at, how deep and how large is
//! bounded, and a damaged one is passed over.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ttf_parser::{Face, Tag};

/// The most font files that are considered.
pub(super) const FONT_FILES_MAX: usize = 10_000;

/// The largest font file that is read; it stays in memory while the PDF is written. Noto's usual
/// collection has 19 MB.
pub(super) const FONT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How many folders deep fonts are looked for.
const FOLDER_DEPTH_MAX: usize = 8;

/// The most files that are opened before giving up.
const FILES_OPENED_MAX: usize = 100;

/// The most faces of one collection that are looked at.
const FACES_MAX: u32 = 64;

/// Where fonts are on every system.
const SYSTEM_FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];

/// Where a user's own fonts are, below the home folder.
const OWN_FOLDER: &str = ".local/share/fonts";

/// Parts of file names of fonts with Japanese characters, in small letters without punctuation,
/// best first.
const JAPANESE: [&str; 22] = [
    "notosanscjkjpregular",
    "notosanscjkregular",
    "notosansjpregular",
    "notosanscjkjp",
    "notosanscjk",
    "notosansjp",
    "sourcehansansjpregular",
    "sourcehansans",
    "ipaexg",
    "ipagp",
    "ipag",
    "fontsjapanesegothic",
    "bizudpgothicregular",
    "bizud",
    "vlpgothicregular",
    "vlgothic",
    "takaopgothic",
    "takaogothic",
    "mplus",
    "wqyzenhei",
    "wqymicrohei",
    "notoserifcjk",
];

/// Parts of file names of fonts with many other characters, best first.
const GENERAL: [&str; 6] =
    ["dejavusans.", "notosansregular", "liberationsansregular", "freesans.", "arial.", "robotoregular"];

/// Characters that a font for Japanese must have.
const JAPANESE_SAMPLE: &str = "あアー漢字検出高重大度。「」";

/// Characters that a font for other writing must have.
const GENERAL_SAMPLE: &str = "aŁЯΩ";

/// The weight that is taken of a font with many.
const WEIGHT: f32 = 400.0;

/// Where fonts may be looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FontFinder {
    folders: Vec<PathBuf>,
}

impl FontFinder {
    /// Looks where systems and users keep their fonts.
    pub fn system() -> Self {
        let mut folders: Vec<_> = SYSTEM_FOLDERS.iter().map(PathBuf::from).collect();
        folders.extend(std::env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(OWN_FOLDER)));
        Self { folders }
    }

    /// Looks in these folders only, the first one first.
    pub const fn within(folders: Vec<PathBuf>) -> Self {
        Self { folders }
    }

    /// Looks in `folder` before all others.
    #[must_use]
    pub fn first_in(mut self, folder: PathBuf) -> Self {
        self.folders.insert(0, folder);
        self
    }

    /// Returns the folders that are looked through.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Finds the best font with Japanese characters.
    pub(super) fn japanese(&self) -> Option<FontFile> {
        let files = self.files(&JAPANESE);
        files.iter().take(FILES_OPENED_MAX).find_map(|path| FontFile::open(path, JAPANESE_SAMPLE))
    }

    /// The same among the fonts whose names promise it: opening all others is for a document in
    /// Japanese only.
    pub(super) fn promising_japanese(&self) -> Option<FontFile> {
        let files = self.files(&JAPANESE);
        let promising = files.iter().filter(|path| rank(path, &JAPANESE) < JAPANESE.len()).take(FILES_OPENED_MAX);
        promising.into_iter().find_map(|path| FontFile::open(path, JAPANESE_SAMPLE))
    }

    /// Finds a font with many other characters.
    pub(super) fn general(&self) -> Option<FontFile> {
        let files = self.files(&GENERAL);
        files.iter().take(FILES_OPENED_MAX).find_map(|path| FontFile::open(path, GENERAL_SAMPLE))
    }

    /// Every font file, those with a name of `names` first, then in the order of folders and paths.
    fn files(&self, names: &[&str]) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for (place, folder) in self.folders.iter().enumerate() {
            let mut found = Vec::new();
            walk(folder, FOLDER_DEPTH_MAX, FONT_FILES_MAX.saturating_sub(files.len()), &mut found);
            files.extend(found.into_iter().map(|path| (rank(&path, names), place, path)));
        }
        files.sort();
        files.into_iter().map(|(_, _, path)| path).collect()
    }
}

/// Lists folders for a message.
pub(super) fn shown(folders: &[PathBuf]) -> String {
    let names: Vec<_> = folders.iter().map(|folder| format!("`{}`", folder.display())).collect();
    names.join(", ")
}

/// The place of the file's name among `names`; behind them all where it is none of them.
fn rank(path: &Path, names: &[&str]) -> usize {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    names.iter().position(|part| name.contains(part)).unwrap_or(names.len())
}

/// Collects font files below `folder`. Links are followed, as the systems' own fonts are links;
/// the depth keeps a circle of them finite.
fn walk(folder: &Path, depth: usize, room: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.flatten().take(FONT_FILES_MAX).map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if found.len() >= room {
            return;
        }
        // Only a regular file is opened later: a pipe would wait for ever.
        match fs::metadata(&path) {
            Ok(about) if about.is_dir() && depth > 1 => walk(&path, depth.saturating_sub(1), room, found),
            Ok(about) if about.is_file() && about.len() <= FONT_BYTES_MAX && is_font(&path) => found.push(path),
            _ => {}
        }
    }
}

fn is_font(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    matches!(ending.as_str(), "ttf" | "otf" | "ttc" | "otc")
}

/// A font that was read and can be embedded.
#[derive(Debug)]
pub(super) struct FontFile {
    /// Where it is.
    pub(super) path: PathBuf,
    bytes: Vec<u8>,
    index: u32,
}

impl FontFile {
    /// Reads a font that has all characters of `sample` and lets them be embedded.
    fn open(path: &Path, sample: &str) -> Option<Self> {
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(FONT_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        Self::of(path, bytes, sample)
    }

    fn of(path: &Path, bytes: Vec<u8>, sample: &str) -> Option<Self> {
        guarded(|| Self::check(path, bytes, sample))
    }

    fn check(path: &Path, bytes: Vec<u8>, sample: &str) -> Option<Self> {
        let faces = ttf_parser::fonts_in_collection(&bytes).unwrap_or(1).min(FACES_MAX);
        let mut suitable: Vec<u32> = (0..faces).filter(|index| suits(&bytes, *index, sample)).collect();
        // Collections hold one face a language, with different shapes for the same character.
        suitable.sort_by_key(|index| !speaks_japanese(&bytes, *index));
        let mut font = Self { path: path.to_owned(), bytes, index: 0 };
        for index in suitable {
            font.index = index;
            let face = font.face()?;
            let glyphs: Vec<u16> = sample.chars().filter_map(|c| face.glyph_index(c)).map(|glyph| glyph.0).collect();
            // A damaged font is found out before the first page is written, not after the last.
            if font.subset(&subsetter::GlyphRemapper::new_from_glyphs(&glyphs)).is_some() {
                return Some(font);
            }
        }
        None
    }

    /// Returns the font as its parser sees it.
    pub(super) fn face(&self) -> Option<Face<'_>> {
        guarded(|| {
            let mut face = Face::parse(&self.bytes, self.index).ok()?;
            if face.is_variable() {
                face.set_variation(Tag::from_bytes(b"wght"), WEIGHT);
            }
            Some(face)
        })
    }

    /// Returns a font of these glyphs alone.
    pub(super) fn subset(&self, glyphs: &subsetter::GlyphRemapper) -> Option<Vec<u8>> {
        let variable = self.face()?.variation_axes().into_iter().any(|axis| axis.tag == Tag::from_bytes(b"wght"));
        let coordinates = [(subsetter::Tag::new(b"wght"), WEIGHT)];
        let coordinates = if variable { coordinates.as_slice() } else { &[] };
        guarded(|| subsetter::subset_with_variations(&self.bytes, self.index, coordinates, glyphs).ok())
    }
}

/// Reads something of a font; a panic within is a damaged font to us.
///
/// The parsers are made for hostile fonts and for repaired ones respectively, but both assert
/// some things of their input, and what they assert is the font's maker's to choose. Nothing of
/// their state outlives the call.
pub(super) fn guarded<T>(read: impl FnOnce() -> Option<T>) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).ok().flatten()
}

/// Tells whether a face has the characters, an upright shape and its maker's leave to be embedded.
fn suits(bytes: &[u8], index: u32, sample: &str) -> bool {
    let Ok(face) = Face::parse(bytes, index) else { return false };
    let outlines = [b"glyf", b"CFF ", b"CFF2"].iter().any(|tag| face.raw_face().table(Tag::from_bytes(tag)).is_some());
    let allowed = face.is_outline_embedding_allowed() && face.is_subsetting_allowed();
    // Broken and missing permissions are common in free fonts; only a refusal counts.
    let allowed = allowed || face.permissions().is_none();
    let upright = !face.is_italic() && !is_for_programs(&face);
    outlines && allowed && upright && face.units_per_em() > 0 && sample.chars().all(|c| face.glyph_index(c).is_some())
}

/// Tells whether it is one of a collection's faces for program text.
fn is_for_programs(face: &Face<'_>) -> bool {
    family(face).is_some_and(|name| name.contains("Mono"))
}

fn family(face: &Face<'_>) -> Option<String> {
    let names = face.names();
    names.into_iter().filter(|name| name.name_id == ttf_parser::name_id::FULL_NAME).find_map(|name| name.to_string())
}

fn speaks_japanese(bytes: &[u8], index: u32) -> bool {
    let name = Face::parse(bytes, index).ok().and_then(|face| family(&face)).unwrap_or_default();
    name.split([' ', '-']).any(|word| word == "JP") || name.contains("IPAPGothic") || name.contains("PGothic")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_known_font_comes_first() {
        let files = ["x/zz.ttf", "x/ipag.ttf", "x/NotoSansCJK-Regular.ttc", "x/NotoSansCJKjp-Bold.otf", "x/IPAexG.ttf"];
        let mut files = files.map(Path::new);
        files.sort_by_key(|path| rank(path, &JAPANESE));
        let names = files.map(|path| path.file_name().unwrap().to_str().unwrap());
        assert_eq!(names, ["NotoSansCJK-Regular.ttc", "NotoSansCJKjp-Bold.otf", "IPAexG.ttf", "ipag.ttf", "zz.ttf"]);
    }

    #[test]
    fn no_folder_and_no_font_are_no_font() {
        let empty = tempfile::tempdir().unwrap();
        let finder = FontFinder::within(vec![empty.path().into(), empty.path().join("absent")]);
        assert!(finder.japanese().is_none());
        assert!(finder.promising_japanese().is_none() && finder.general().is_none());
    }

    #[test]
    fn files_that_are_no_fonts_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [
            ("ipag.ttf", b"not a font".to_vec()),
            ("NotoSansCJK-Regular.ttc", [b"ttcf\0\x02\0\0\xff\xff\xff\xff".to_vec(), vec![0xff; 4_000]].concat()),
            ("NotoSansJP.otf", [b"OTTO\xff\xff".to_vec(), vec![0xff; 100_000]].concat()),
            ("VL-Gothic.ttf", Vec::new()),
        ] {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        fs::create_dir(folder.path().join("folder.ttf")).unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
        let finder = FontFinder::within(vec![folder.path().into()]);
        // The four files are seen once at each depth that the circle allows.
        assert_eq!(finder.files(&JAPANESE).len(), 4 * FOLDER_DEPTH_MAX);
        assert!(finder.japanese().is_none());
        assert!(finder.promising_japanese().is_none() && finder.general().is_none());
    }

    #[test]
    fn a_damaged_font_is_refused_without_a_panic() {
        let Some(whole) = FontFinder::system().japanese() else {
            yagura_testkit::announce_skip("skipped: no Japanese font on this machine to damage");
            return;
        };
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = move || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random >> 1).unwrap()
        };
        for round in 0..12 {
            let mut bytes = whole.bytes.clone();
            if round % 3 == 0 {
                bytes.truncate(next() % bytes.len());
            }
            for _ in 0..200 {
                // Half of the faults fall into the tables' directory, where they do most harm.
                let place = if round % 2 == 0 { next() % bytes.len() } else { next() % bytes.len().min(600) };
                bytes[place] = u8::try_from(next() % 256).unwrap();
            }
            // It may still be good enough; only a panic or an endless loop would be wrong.
            let _ = FontFile::of(&whole.path, bytes, JAPANESE_SAMPLE);
        }
    }

    #[test]
    fn folders_are_named_in_messages() {
        assert_eq!(shown(&["/a".into(), "/b c".into()]), "`/a`, `/b c`");
        assert!(FontFinder::system().first_in("/fonts".into()).folders()[0].starts_with("/fonts"));
    }
}
