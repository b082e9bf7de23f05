//! The header of a package: an index of tags and the store that their values lie in, big-endian.
//!
//! A header is checked once, on reading: every value lies in the store. What a tag holds is only
//! looked at when it is asked for.

use std::borrow::Cow;

use super::files::Files;
use super::signature;
use super::tag::Tag;
use crate::paged::{be_u32, size};

/// rpm's own bound on the number of tags in a header.
const ENTRIES_MAX: usize = 65_535;
const LEAD_BYTES: usize = 8;
const ENTRY_BYTES: usize = 16;

/// Why a header cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrokenHeader {
    /// The lengths at its beginning are not those of its bytes.
    #[error("the header's lengths are not those of its bytes")]
    Lengths,
    /// rpm writes no such number of tags.
    #[error("the header has more than {ENTRIES_MAX} tags")]
    TooManyTags,
    /// The value of a tag lies outside, or has a type that does not exist.
    #[error("the value of tag {0} lies outside of the header")]
    Value(u32),
    /// A package has a name, a version and a release.
    #[error("the header has no sound {0}")]
    Missing(&'static str),
}

/// One package's header.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    number: u32,
    index: &'a [u8],
    store: &'a [u8],
}

/// rpm's types of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Int8,
    Int16,
    Int32,
    Int64,
    Text,
    Binary,
    Texts,
}

impl Kind {
    fn of(word: u32) -> Option<Self> {
        Some(match word {
            0 => Self::Null,
            1 | 2 => Self::Int8,
            3 => Self::Int16,
            4 => Self::Int32,
            5 => Self::Int64,
            6 => Self::Text,
            7 => Self::Binary,
            // 9 is text in several languages, the first of them English.
            8 | 9 => Self::Texts,
            _ => return None,
        })
    }

    /// The bytes of one value; of texts the least that one can have.
    const fn bytes(self) -> usize {
        match self {
            Self::Null => 0,
            Self::Int8 | Self::Binary | Self::Text | Self::Texts => 1,
            Self::Int16 => 2,
            Self::Int32 => 4,
            Self::Int64 => 8,
        }
    }
}

/// One entry of the index.
#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: Kind,
    offset: usize,
    count: usize,
}

impl<'a> Header<'a> {
    /// Reads the header with this number in the database.
    ///
    /// # Errors
    /// See [`BrokenHeader`].
    pub fn parse(number: u32, blob: &'a [u8]) -> Result<Self, BrokenHeader> {
        let (Some(entries), Some(store_bytes)) = (be_u32(blob, 0), be_u32(blob, 4)) else {
            return Err(BrokenHeader::Lengths);
        };
        let (entries, store_bytes) = (size(entries), size(store_bytes));
        if entries > ENTRIES_MAX {
            return Err(BrokenHeader::TooManyTags);
        }
        let parts = blob.get(LEAD_BYTES..).and_then(|rest| rest.split_at_checked(entries * ENTRY_BYTES));
        let Some((index, store)) = parts.filter(|(_, store)| store.len() == store_bytes) else {
            return Err(BrokenHeader::Lengths);
        };
        for entry in index.chunks_exact(ENTRY_BYTES) {
            if read_entry(entry, store.len()).is_none() {
                return Err(BrokenHeader::Value(be_u32(entry, 0).unwrap_or(0)));
            }
        }
        Ok(Self { number, index, store })
    }

    /// Returns the header's bytes, as the database has them.
    pub fn to_blob(&self) -> Vec<u8> {
        let lengths = [self.index.len() / ENTRY_BYTES, self.store.len()];
        let lengths = lengths.map(|len| u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
        [&lengths.concat(), self.index, self.store].concat()
    }

    /// Returns the number that the database knows the header by.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Tells whether the header has a tag.
    pub fn has(&self, tag: Tag) -> bool {
        self.entry(tag).is_some()
    }

    /// Returns a text, or the first of several; bytes that are not UTF-8 are replaced.
    pub fn text(&self, tag: Tag) -> Option<Cow<'a, str>> {
        self.texts(tag).next().map(String::from_utf8_lossy)
    }

    /// Returns the texts of a tag, one text being one of them. They are bytes, because names of
    /// files are.
    pub fn texts(&self, tag: Tag) -> Texts<'a> {
        match self.entry(tag) {
            Some(Entry { kind: Kind::Text, offset, .. }) => {
                Texts { rest: self.store.get(offset..).unwrap_or_default(), left: 1 }
            }
            Some(Entry { kind: Kind::Texts, offset, count }) => {
                Texts { rest: self.store.get(offset..).unwrap_or_default(), left: count }
            }
            _ => Texts { rest: &[], left: 0 },
        }
    }

    /// Returns the numbers of a tag, of whichever width.
    pub fn numbers(&self, tag: Tag) -> Numbers<'a> {
        let numeric = |kind| matches!(kind, Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64);
        let found = self.entry(tag).filter(|entry| numeric(entry.kind));
        let (bytes, width) = found.map_or((&[][..], 1), |entry| (self.value(entry), entry.kind.bytes()));
        Numbers { bytes, width }
    }

    /// Returns the first number of a tag.
    pub fn integer(&self, tag: Tag) -> Option<u64> {
        self.numbers(tag).next()
    }

    /// Returns the bytes of a tag that is neither text nor number.
    pub fn binary(&self, tag: Tag) -> Option<&'a [u8]> {
        let entry = self.entry(tag).filter(|entry| entry.kind == Kind::Binary)?;
        Some(self.value(entry))
    }

    /// Lists the package's files.
    pub fn files(&self) -> Files<'a> {
        Files::of(self)
    }

    /// Returns the id of the key that the package was signed with: 16 hexadecimal digits.
    pub fn signing_key(&self) -> Option<String> {
        signature::key_of(self)
    }

    /// Tells whether it is one of the keys that rpm keeps as if they were packages.
    pub fn is_public_key(&self) -> bool {
        self.texts(Tag::NAME).next() == Some(b"gpg-pubkey")
    }

    fn value(&self, entry: Entry) -> &'a [u8] {
        let end = entry.offset.saturating_add(entry.count.saturating_mul(entry.kind.bytes()));
        self.store.get(entry.offset..end).unwrap_or_default()
    }

    /// Finds a tag. What was added on installation stands behind the package's own and replaces it.
    fn entry(&self, tag: Tag) -> Option<Entry> {
        let wanted = tag.0.to_be_bytes();
        let entry = self.index.rchunks_exact(ENTRY_BYTES).find(|entry| entry.starts_with(&wanted))?;
        read_entry(entry, self.store.len())
    }
}

/// Reads one entry; `None` when its value is not in the store.
fn read_entry(entry: &[u8], store_bytes: usize) -> Option<Entry> {
    let kind = Kind::of(be_u32(entry, 4)?)?;
    let (offset, count) = (size(be_u32(entry, 8)?), size(be_u32(entry, 12)?));
    let end = offset.checked_add(count.checked_mul(kind.bytes())?)?;
    (end <= store_bytes).then_some(Entry { kind, offset, count })
}

/// The texts of a tag. One that does not end in the header is left out, with those after it.
#[derive(Debug, Clone)]
pub struct Texts<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Iterator for Texts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.left = self.left.checked_sub(1)?;
        let end = self.rest.iter().position(|byte| *byte == 0)?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.get(1..).unwrap_or_default();
        Some(text)
    }
}

/// The numbers of a tag.
#[derive(Debug, Clone)]
pub struct Numbers<'a> {
    bytes: &'a [u8],
    width: usize,
}

impl Numbers<'_> {
    /// Returns one of them.
    pub fn at(&self, index: usize) -> Option<u64> {
        let begin = index.checked_mul(self.width)?;
        let bytes = self.bytes.get(begin..begin.checked_add(self.width)?)?;
        Some(bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }
}

impl Iterator for Numbers<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let number = self.at(0)?;
        self.bytes = self.bytes.get(self.width..).unwrap_or_default();
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::HeaderWriter;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_have_their_values() {
        let blob = HeaderWriter::new()
            .text(Tag::NAME, "bash")
            .number(Tag::EPOCH, 7)
            .numbers16(Tag::FILEMODES, &[0o100_755, 0o120_777])
            .texts(Tag::BASENAMES, &["a", "", "c"])
            .binary(Tag::RSAHEADER, &[1, 2, 3])
            .build();
        let header = Header::parse(9, &blob).unwrap();
        assert_eq!((header.number(), header.text(Tag::NAME).as_deref()), (9, Some("bash")));
        assert_eq!((header.integer(Tag::EPOCH), header.integer(Tag::NAME)), (Some(7), None));
        assert_eq!(header.numbers(Tag::FILEMODES).collect::<Vec<_>>(), [0o100_755, 0o120_777]);
        assert_eq!(header.texts(Tag::BASENAMES).collect::<Vec<_>>(), [&b"a"[..], b"", b"c"]);
        assert_eq!((header.binary(Tag::RSAHEADER), header.binary(Tag::NAME)), (Some(&[1, 2, 3][..]), None));
        assert_eq!(header.to_blob(), blob);
        assert!(header.has(Tag::NAME) && !header.has(Tag::VENDOR) && !header.is_public_key());
    }

    #[test]
    fn what_was_added_later_counts() {
        let blob = HeaderWriter::new().text(Tag::VENDOR, "old").text(Tag::VENDOR, "new").build();
        assert_eq!(Header::parse(1, &blob).unwrap().text(Tag::VENDOR).as_deref(), Some("new"));
    }

    #[test]
    fn bounds_hold() {
        let blob = HeaderWriter::new().text(Tag::NAME, "bash").build();
        for cut in 0..blob.len() {
            assert!(Header::parse(1, &blob[..cut]).is_err(), "{cut}");
        }
        let entry = |kind: u32, offset: u32, count: u32| {
            let mut blob = [1_u32, 8].map(u32::to_be_bytes).concat();
            blob.extend([1000, kind, offset, count].map(u32::to_be_bytes).concat());
            blob.extend(b"12345678");
            Header::parse(1, &blob).map(|header| header.text(Tag::NAME).map(Cow::into_owned))
        };
        assert_eq!(entry(4, 4, 1), Ok(None));
        assert_eq!(entry(6, 4, 1), Ok(None), "a text that does not end");
        for (kind, offset, count) in
            [(4, 5, 1), (4, 0, 3), (5, 0, 2), (7, 9, 0), (10, 0, 1), (6, u32::MAX, 1), (4, 4, u32::MAX)]
        {
            assert_eq!(entry(kind, offset, count), Err(BrokenHeader::Value(1000)), "{kind} {offset} {count}");
        }
        let mut many = u32::try_from(ENTRIES_MAX + 1).unwrap().to_be_bytes().to_vec();
        many.extend([0; 4]);
        assert_eq!(Header::parse(1, &many).unwrap_err(), BrokenHeader::TooManyTags);
    }

    proptest! {
        #[test]
        fn any_blob_is_survived(entries in 0_u32..5, tail in proptest::collection::vec(any::<u8>(), 0..200)) {
            let store = tail.len().saturating_sub(16 * usize::try_from(entries).unwrap());
            let mut blob = entries.to_be_bytes().to_vec();
            blob.extend(u32::try_from(store).unwrap().to_be_bytes());
            blob.extend(&tail);
            if let Ok(header) = Header::parse(1, &blob) {
                for entry in header.index.chunks_exact(ENTRY_BYTES) {
                    let tag = Tag(be_u32(entry, 0).unwrap());
                    let _ = (header.text(tag), header.binary(tag), header.numbers(tag).count(), header.texts(tag).count());
                }
                let _ = (header.files().count(), header.signing_key());
            }
        }
    }
}
