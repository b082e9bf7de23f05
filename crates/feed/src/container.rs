//! Unpacks what upstreams and mirrors publish: plain, gzip, bzip2, xz, zstd, zip, tar and packed tar.
//!
//! The bytes say what a file is, not its name. Everything is streamed and bounded: the bytes of
//! all members together, of one member, and how many there are. Nothing is written to disk, so a
//! member's name can do no harm; it only names the member in messages. One layer of compression
//! and one archive are opened, never an archive within an archive.
//!
//! An archive that ends early or fails its checksum is an error, whatever was read of it before.

mod tape;
mod zipped;

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek as _};
use std::ops::ControlFlow;

use liblzma::stream::{CONCATENATED, Stream};

use crate::catalogue::{DocumentSpec, Entry};

/// The most bytes that one member of an archive may have. The largest advisory ever published
/// has about 5 MB; many members are small.
pub const MEMBER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The most bytes that a member's name may have: Linux's own bound on a path.
pub const MEMBER_NAME_BYTES_MAX: usize = 4096;
/// The largest zstd window, as a power of two, that we give memory to: 128 MiB, `zstd --long=27`.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// The most memory that unpacking xz may take, in bytes: `xz -9` needs 65 MiB.
const XZ_MEMORY_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// The first block of a tar says that it is one.
const HEAD_BYTES: u64 = 512;

/// How much a document may bring when it is unpacked.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// All members together, headers of a tar included.
    pub content_bytes_max: u64,
    /// One member of an archive.
    pub member_bytes_max: u64,
    /// How many members.
    pub members_max: u64,
}

impl From<&DocumentSpec> for Limits {
    fn from(spec: &DocumentSpec) -> Self {
        Self {
            content_bytes_max: spec.content_bytes_max,
            member_bytes_max: MEMBER_BYTES_MAX,
            members_max: spec.members_max,
        }
    }
}

impl Limits {
    /// The bytes of a file that is one document. It is read as a whole, so where an archive is
    /// awaited it may have no more than a member of one: a bomb without a tar's head would
    /// otherwise fill the memory up to the bound of all members together.
    fn document_bytes_max(&self) -> u64 {
        if self.members_max > 1 { self.content_bytes_max.min(self.member_bytes_max) } else { self.content_bytes_max }
    }
}

/// What was read of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many entries.
    pub entries: u64,
    /// Whether they were members of an archive, rather than the one document.
    pub archive: bool,
}

/// Why a file could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// It is cut, its checksum is wrong, or it is not what its first bytes promise.
    #[error("`{name}` is not a whole {format}")]
    Broken {
        /// The file.
        name: String,
        /// What its first bytes promise.
        format: &'static str,
        /// What the unpacker says.
        source: io::Error,
    },
    /// It becomes larger than anything honest.
    #[error("`{name}` has more than {limit} bytes when unpacked")]
    TooLarge {
        /// The file, or the member of it.
        name: String,
        /// The bound in bytes.
        limit: u64,
    },
    /// It has more members than anything honest.
    #[error("`{name}` has more than {limit} members")]
    TooManyMembers {
        /// The file.
        name: String,
        /// The bound.
        limit: u64,
    },
    /// A member's name is longer than a path can be.
    #[error("`{name}` has a member with a name of more than {MEMBER_NAME_BYTES_MAX} bytes")]
    NameTooLong {
        /// The file.
        name: String,
    },
    /// The caller asked to stop.
    #[error("stopped")]
    Stopped,
}

/// Where a file comes from, for names and messages.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The document's name in our store.
    pub document: &'a str,
    /// The file's name as published: `tracker-2026-08-21.json.zst`.
    pub file: &'a str,
}

/// What takes the entries, and stops the reading if it has to.
pub type Visit<'a> = dyn FnMut(&Entry<'_>) -> ControlFlow<()> + 'a;

/// Unpacks a file and shows each entry: the one document, or each regular member of an archive.
pub fn for_each_entry(
    mut file: File,
    origin: Origin<'_>,
    limits: Limits,
    visit: &mut Visit<'_>,
) -> Result<Tally, ContainerError> {
    let format = Format::of(&read_head(&mut file, 6).map_err(|source| origin.broken("file", source))?);
    let rewound = file.rewind();
    rewound.map_err(|source| origin.broken(format.name(), source))?;
    if format == Format::Zip {
        return zipped::read(file, origin, limits, visit);
    }
    let stream = format.open(file).map_err(|source| origin.broken(format.name(), source))?;
    let mut stream = Bounded { inner: stream, left: limits.content_bytes_max };
    let head = read_head(&mut stream, HEAD_BYTES).map_err(|source| origin.trouble(format.name(), source, limits))?;
    let is_tar = tape::is_tar(&head);
    let mut whole = Cursor::new(head).chain(stream);
    if is_tar {
        return tape::read(&mut whole, origin, limits, visit);
    }
    let limit = limits.document_bytes_max();
    let mut bytes = Vec::new();
    let read = whole.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|source| origin.trouble(format.name(), source, limits))?;
    if u64::try_from(bytes.len()).map_or(true, |read| read > limit) {
        return Err(ContainerError::TooLarge { name: origin.file.to_owned(), limit });
    }
    show(&Entry { document: origin.document, name: strip_packing(origin.file), bytes: &bytes }, visit)?;
    Ok(Tally { entries: 1, archive: false })
}

fn show(entry: &Entry<'_>, visit: &mut Visit<'_>) -> Result<(), ContainerError> {
    match visit(entry) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(ContainerError::Stopped),
    }
}

impl Origin<'_> {
    fn broken(&self, format: &'static str, source: io::Error) -> ContainerError {
        ContainerError::Broken { name: self.file.to_owned(), format, source }
    }

    /// Tells our own bound from what the unpacker found.
    fn trouble(&self, format: &'static str, source: io::Error, limits: Limits) -> ContainerError {
        if source.get_ref().is_some_and(|inner| inner.is::<BeyondBound>()) {
            return ContainerError::TooLarge { name: self.file.to_owned(), limit: limits.content_bytes_max };
        }
        self.broken(format, source)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Plain,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
    Zip,
}

impl Format {
    fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            // A skippable frame first: pzstd writes such files.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            // The second is an archive without members.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            _ => Self::Plain,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "file",
            Self::Gzip => "gzip file",
            Self::Bzip2 => "bzip2 file",
            Self::Xz => "xz file",
            Self::Zstd => "zstd file",
            Self::Zip => "zip archive",
        }
    }

    fn open(self, file: File) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Self::Plain | Self::Zip => Box::new(file),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::new(file))),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(BufReader::new(file))),
            Self::Xz => {
                let stream = Stream::new_stream_decoder(XZ_MEMORY_BYTES_MAX, CONCATENATED)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(BufReader::new(file), stream))
            }
            Self::Zstd => {
                let mut decoder = zstd::Decoder::new(file)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
        })
    }
}

fn read_head(reader: &mut dyn Read, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(bytes_max).read_to_end(&mut head)?;
    Ok(head)
}

/// The name without the packing that is gone: `list.json.zst` held `list.json`.
fn strip_packing(name: &str) -> &str {
    [".gz", ".bz2", ".xz", ".zst"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// Fails, rather than ends, when more comes than is allowed.
struct Bounded<R> {
    inner: R,
    left: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("more bytes than allowed")]
struct BeyondBound;

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let bytes = u64::try_from(count).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(bytes).ok_or_else(|| io::Error::other(BeyondBound))?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    pub(super) const LIMITS: Limits =
        Limits { content_bytes_max: 64 * 1024, member_bytes_max: 8 * 1024, members_max: 16 };

    const ONE_DOCUMENT: Limits = Limits { members_max: 1, ..LIMITS };

    pub(super) fn unpack(bytes: &[u8], limits: Limits) -> Result<Vec<(String, Vec<u8>)>, String> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        let mut entries = Vec::new();
        let origin = Origin { document: "list", file: "list-1.txt.gz" };
        let read = for_each_entry(file, origin, limits, &mut |entry| {
            entries.push((entry.name.to_owned(), entry.bytes.to_vec()));
            ControlFlow::Continue(())
        });
        read.map(|_| entries).map_err(|error| error.to_string())
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn xz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_bytes_say_what_a_file_is() {
        let text = b"CVE-2024-1\n";
        for packed in [text.to_vec(), gzip(text), bzip2(text), xz(text), zstd::encode_all(&text[..], 3).unwrap()] {
            assert_eq!(unpack(&packed, LIMITS).unwrap(), [("list-1.txt".to_owned(), text.to_vec())]);
        }
    }

    #[test]
    fn several_members_are_one_document() {
        for pack in [gzip, bzip2, xz] {
            let joined = [pack(b"one "), pack(b"two")].concat();
            assert_eq!(unpack(&joined, LIMITS).unwrap()[0].1, b"one two");
        }
    }

    #[test]
    fn a_cut_or_altered_file_is_refused() {
        let text: Vec<u8> = (0..2000_u32).flat_map(|n| n.to_le_bytes()).collect();
        for (packed, name) in
            [(gzip(&text), "gzip"), (bzip2(&text), "bzip2"), (xz(&text), "xz"), (zstd_with_checksum(&text), "zstd")]
        {
            let cut = &packed[..packed.len() - 5];
            assert_eq!(unpack(cut, LIMITS).unwrap_err(), format!("`list-1.txt.gz` is not a whole {name} file"));
            let mut altered = packed.clone();
            let near_end = altered.len() - 2;
            altered[near_end] ^= 0x55;
            assert!(unpack(&altered, LIMITS).is_err(), "{name} with a wrong checksum");
        }
    }

    fn zstd_with_checksum(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_is_stopped_at_the_bound() {
        let zeros = vec![0; 1024 * 1024];
        for bomb in [gzip(&zeros), bzip2(&zeros), xz(&zeros), zstd::encode_all(&zeros[..], 3).unwrap()] {
            assert!(bomb.len() < 2048);
            let error = unpack(&bomb, ONE_DOCUMENT).unwrap_err();
            assert_eq!(error, "`list-1.txt.gz` has more than 65536 bytes when unpacked");
            let error = unpack(&bomb, LIMITS).unwrap_err();
            assert_eq!(error, "`list-1.txt.gz` has more than 8192 bytes when unpacked", "in place of an archive");
        }
        let fits = vec![b'x'; 64 * 1024];
        assert_eq!(unpack(&fits, ONE_DOCUMENT).unwrap()[0].1.len(), 64 * 1024);
        assert!(unpack(&[fits, vec![b'x']].concat(), ONE_DOCUMENT).is_err());
    }

    #[test]
    fn a_window_beyond_the_bound_gets_no_memory() {
        for (window_log, accepted) in [(27, true), (28, false)] {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(window_log).unwrap();
            encoder.write_all(b"x").unwrap();
            let packed = encoder.finish().unwrap();
            assert_eq!(unpack(&packed, LIMITS).is_ok(), accepted, "window 2^{window_log}");
        }
    }

    #[test]
    fn an_xz_dictionary_beyond_the_bound_gets_no_memory() {
        // The largest preset: its dictionary of 64 MiB fits.
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 9);
        encoder.write_all(b"x").unwrap();
        assert!(unpack(&encoder.finish().unwrap(), LIMITS).is_ok());
        let mut options = liblzma::stream::LzmaOptions::new_preset(0).unwrap();
        options.dict_size(256 * 1024 * 1024);
        let mut filters = liblzma::stream::Filters::new();
        filters.lzma2(&options);
        let stream = Stream::new_stream_encoder(&filters, liblzma::stream::Check::Crc64).unwrap();
        let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
        encoder.write_all(b"x").unwrap();
        assert!(unpack(&encoder.finish().unwrap(), LIMITS).is_err());
    }

    #[test]
    fn a_packed_archive_within_a_packed_file_stays_closed() {
        let inner = gzip(b"text");
        assert_eq!(unpack(&gzip(&inner), LIMITS).unwrap()[0].1, inner);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(head in 0..8_usize, bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            const HEADS: [&[u8]; 8] = [
                b"",
                b"\x1f\x8b\x08",
                b"\x28\xb5\x2f\xfd",
                b"PK\x03\x04",
                b"PK\x05\x06",
                b"P*M\x18",
                b"BZh91AY&SY",
                b"\xfd7zXZ\0",
            ];
            let _ = unpack(&[HEADS[head], &bytes].concat(), LIMITS);
        }
    }
}
