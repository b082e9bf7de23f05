//! The shapes of the file's records, byte for byte; `docs/index-format.md` explains them.
//!
//! Every number is little-endian and unaligned, so a record can lie anywhere.

use jiff::Timestamp;
use jiff::civil::Date;
use yagura_model::{CvssVersion, ReferenceKind, Urgency};
use zerocopy::little_endian::{F32, I32, I64, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The first bytes of every index file, of whatever version.
pub(crate) const MAGIC: [u8; 8] = *b"YAGURAIX";

/// The version of the layout that this program writes and reads.
pub const FORMAT_VERSION: u32 = 2;

/// Stands for "none" where an offset or an index could stand.
pub(crate) const NONE: u32 = u32::MAX;

/// How many sections follow the header.
pub(crate) const SECTIONS: usize = 10;

/// What every index file of every version begins with.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned, Clone, Copy)]
#[repr(C)]
pub(crate) struct Preamble {
    pub(crate) magic: [u8; 8],
    pub(crate) format: U32,
}

#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned, Clone, Copy)]
#[repr(C)]
pub(crate) struct Header {
    pub(crate) preamble: Preamble,
    pub(crate) file_bytes: U64,
    pub(crate) built_at: Moment,
    /// XXH3-128 of everything behind the header, big-endian as its canonical form is.
    pub(crate) body_hash: [u8; 16],
    pub(crate) sections: [Section; SECTIONS],
    /// XXH3-64 of the header's bytes before this field.
    pub(crate) header_hash: U64,
}

/// Where a section lies, in bytes from the start of the file.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned, Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Section {
    pub(crate) offset: U64,
    pub(crate) bytes: U64,
}

/// A moment as whole seconds since 1970 and nanoseconds of the same sign.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned, Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Moment {
    pub(crate) seconds: I64,
    pub(crate) nanoseconds: I32,
}

impl Moment {
    pub(crate) fn new(timestamp: Timestamp) -> Self {
        Self { seconds: timestamp.as_second().into(), nanoseconds: timestamp.subsec_nanosecond().into() }
    }

    pub(crate) fn get(self) -> Option<Timestamp> {
        Timestamp::new(self.seconds.get(), self.nanoseconds.get()).ok()
    }
}

#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned, Clone, Copy)]
#[repr(C)]
pub(crate) struct Feed {
    pub(crate) id: U32,
    pub(crate) fingerprint: U32,
    pub(crate) releases: U32,
    pub(crate) fresh_days: U32,
    pub(crate) records: U64,
    pub(crate) statements: U64,
    pub(crate) rejected: U64,
    pub(crate) data_date: Moment,
    pub(crate) fetched_at: Moment,
}

/// All statements about one package of one release: a run of neighbours.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned, Clone, Copy)]
#[repr(C)]
pub(crate) struct Group {
    /// The upper half of the key's hash, to tell most strangers apart without their strings.
    pub(crate) tag: U32,
    pub(crate) release: U32,
    pub(crate) package: U32,
    pub(crate) first: U32,
    pub(crate) count: U32,
}

#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned, Clone, Copy)]
#[repr(C)]
pub(crate) struct Statement {
    pub(crate) group: U32,
    /// Index into the names.
    pub(crate) vulnerability: U32,
    pub(crate) feed: U32,
    /// A string in state [`state::FIXED`], a list of ranges in state [`state::AFFECTED`].
    pub(crate) fixed: U32,
    /// A list of one item: channel and module, each a string or [`NONE`]. [`NONE`] where there is neither.
    pub(crate) scope: U32,
    pub(crate) note: U32,
    pub(crate) advisories: U32,
    pub(crate) state: u8,
    pub(crate) urgency: u8,
    /// 0 for a source package, 1 for a binary one.
    pub(crate) names: u8,
    pub(crate) unused: u8,
}

/// A vulnerability's id, and its EPSS estimate beside it: most ids have nothing else.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned, Clone, Copy)]
#[repr(C)]
pub(crate) struct Name {
    pub(crate) id: U32,
    /// Index into the details, or [`NONE`].
    pub(crate) detail: U32,
    /// NaN where EPSS has no estimate.
    pub(crate) epss_probability: F32,
    pub(crate) epss_percentile: F32,
}

#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned, Clone, Copy)]
#[repr(C)]
pub(crate) struct Detail {
    pub(crate) flags: U32,
    pub(crate) description: U32,
    pub(crate) aliases: U32,
    /// Of an advisory: names, by their places.
    pub(crate) covers: U32,
    /// The advisories that cover it: names, by their places.
    pub(crate) covered_by: U32,
    pub(crate) cwes: U32,
    /// A list of one item: exploitation, automatable, technical impact.
    pub(crate) ssvc: U32,
    pub(crate) cvss: U32,
    pub(crate) references: U32,
    pub(crate) kev: U32,
    pub(crate) published: Moment,
    pub(crate) modified: Moment,
    /// The run of statements about it, in the section `about`.
    pub(crate) about_first: U32,
    pub(crate) about_count: U32,
}

/// A feed has a record of the vulnerability; without it, statements merely mention the id.
pub(crate) const HAS_RECORD: u32 = 1;
/// `published` holds a moment.
pub(crate) const HAS_PUBLISHED: u32 = 2;
/// `modified` holds a moment.
pub(crate) const HAS_MODIFIED: u32 = 4;

pub(crate) mod state {
    //! Codes of a statement's state.
    pub(crate) const NOT_AFFECTED: u8 = 0;
    pub(crate) const FIXED: u8 = 1;
    pub(crate) const OPEN: u8 = 2;
    pub(crate) const WILL_NOT_FIX: u8 = 3;
    pub(crate) const POSTPONED: u8 = 4;
    pub(crate) const END_OF_LIFE: u8 = 5;
    pub(crate) const UNDER_INVESTIGATION: u8 = 6;
    pub(crate) const AFFECTED: u8 = 7;
}

pub(crate) mod end {
    //! Codes of a range's end.
    pub(crate) const OPEN: u32 = 0;
    pub(crate) const FIXED: u32 = 1;
    pub(crate) const LAST_AFFECTED: u32 = 2;
}

const URGENCIES: &[(u8, Urgency)] = &[
    (0, Urgency::NotAssigned),
    (1, Urgency::Unimportant),
    (2, Urgency::Low),
    (3, Urgency::Medium),
    (4, Urgency::High),
    (5, Urgency::Negligible),
    (6, Urgency::Critical),
];

const CVSS_VERSIONS: &[(u32, CvssVersion)] =
    &[(20, CvssVersion::V2), (30, CvssVersion::V3_0), (31, CvssVersion::V3_1), (40, CvssVersion::V4)];

const REFERENCE_KINDS: &[(u32, ReferenceKind)] = &[
    (0, ReferenceKind::Advisory),
    (1, ReferenceKind::Fix),
    (2, ReferenceKind::Report),
    (3, ReferenceKind::Evidence),
    (4, ReferenceKind::Article),
    (5, ReferenceKind::Web),
];

pub(crate) fn urgency_code(urgency: Urgency) -> u8 {
    code_of(URGENCIES, urgency).unwrap_or_default()
}

pub(crate) fn urgency(code: u8) -> Urgency {
    value_of(URGENCIES, code).unwrap_or_default()
}

pub(crate) fn cvss_version_code(version: CvssVersion) -> u32 {
    code_of(CVSS_VERSIONS, version).unwrap_or_default()
}

pub(crate) fn cvss_version(code: u32) -> Option<CvssVersion> {
    value_of(CVSS_VERSIONS, code)
}

pub(crate) fn reference_kind_code(kind: ReferenceKind) -> u32 {
    code_of(REFERENCE_KINDS, kind).unwrap_or_default()
}

pub(crate) fn reference_kind(code: u32) -> ReferenceKind {
    value_of(REFERENCE_KINDS, code).unwrap_or(ReferenceKind::Web)
}

fn code_of<C: Copy, V: Copy + PartialEq>(table: &[(C, V)], value: V) -> Option<C> {
    table.iter().find(|(_, v)| *v == value).map(|&(code, _)| code)
}

fn value_of<C: Copy + PartialEq, V: Copy>(table: &[(C, V)], code: C) -> Option<V> {
    table.iter().find(|(c, _)| *c == code).map(|&(_, value)| value)
}

/// Years before year 1 are moved above zero by this much.
const YEAR_ZERO: i32 = 10_000;

/// Packs a date into a word: year, then four bits of month, then five of day.
pub(crate) fn date_word(date: Date) -> u32 {
    let year = u32::try_from(i32::from(date.year()) + YEAR_ZERO).unwrap_or_default();
    let (month, day) = (u32::try_from(date.month()).unwrap_or_default(), u32::try_from(date.day()).unwrap_or_default());
    (year << 9) | (month << 5) | day
}

/// Reads a packed date.
pub(crate) fn date(word: u32) -> Option<Date> {
    let year = i16::try_from(i32::try_from(word >> 9).ok()? - YEAR_ZERO).ok()?;
    let month = i8::try_from((word >> 5) & 0xf).ok()?;
    let day = i8::try_from(word & 0x1f).ok()?;
    Date::new(year, month, day).ok()
}

/// Turns a 32-bit offset or index into one for slices; one that does not fit leads nowhere.
pub(crate) fn position(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Reads the string at `offset` of the pool: a LEB128 length and that many bytes of UTF-8.
/// A damaged one is `None`.
pub(crate) fn string(pool: &[u8], offset: u32) -> Option<&str> {
    let mut bytes = pool.get(position(offset)..)?;
    let mut length = 0_usize;
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, rest) = bytes.split_first()?;
        bytes = rest;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return std::str::from_utf8(bytes.get(..length)?).ok();
        }
    }
    None
}

/// Reads the list of `stride`-word items at `offset` of the words: a count and the items.
/// [`NONE`] and a damaged one are empty.
pub(crate) fn list(words: &[U32], offset: u32, stride: usize) -> &[U32] {
    let start = position(offset);
    let items = || {
        let count = position(words.get(start)?.get()).checked_mul(stride)?;
        let first = start.checked_add(1)?;
        words.get(first..first.checked_add(count)?)
    };
    items().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_survive_packing() {
        for text in ["2026-11-23", "0001-01-01", "-009999-12-31", "9999-02-28"] {
            let day: Date = text.parse().unwrap();
            assert_eq!(date(date_word(day)), Some(day));
        }
        assert_eq!(date(0), None);
        assert_eq!(date(NONE), None);
    }

    #[test]
    fn a_damaged_string_or_list_is_no_answer() {
        assert_eq!(string(&[3, b'a', b'b', b'c'], 0), Some("abc"));
        assert_eq!(string(&[4, b'a', b'b', b'c'], 0), None);
        assert_eq!(string(&[1, 0xff], 0), None);
        assert_eq!(string(&[0x80; 9], 0), None);
        assert_eq!(string(&[0], 1), None);
        let words = [U32::new(2), U32::new(7), U32::new(8)];
        assert_eq!(list(&words, 0, 1).len(), 2);
        assert_eq!(list(&words, 0, 2).len(), 0);
        assert_eq!(list(&words, NONE, 1).len(), 0);
    }
}
