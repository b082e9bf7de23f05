//! Runs through apt's package lists and picks out the packages that are asked for.
//!
//! A list is unpacked piece by piece, so that a large one costs time but no memory.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder;
use yagura_model::{LocalText, ReadProblem, SourceLine, Text};

use super::lists::{Packing, packing};
use crate::dpkg::stanza::{Stanza, Stanzas};
use crate::host::{ByteLimit, Host};
use crate::problem::{Quoted, unreadable};

/// As it lies on the disk. Debian's main list is 50 MB plain.
const LIST_LIMIT: ByteLimit = ByteLimit::mib(256);
/// All lists of one inventory together, unpacked.
pub(super) const UNPACKED_BYTES_MAX: u64 = 1024 * 1024 * 1024;
const CHUNK_BYTES: usize = 256 * 1024;
/// The longest honest stanza has a `Provides:` of some ten KiB.
const STANZA_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One package of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listed<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) architecture: &'a str,
    pub(super) maintainer: &'a str,
}

/// Why a list was not read to its end.
#[derive(Debug, thiserror::Error)]
enum ScanError {
    #[error("it is damaged")]
    Damaged(#[from] io::Error),
    #[error("it is too large")]
    TooLarge,
}

/// Reads lists within one budget of unpacked bytes.
pub(super) struct Reader<'a> {
    host: &'a dyn Host,
    bytes_left: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(host: &'a dyn Host) -> Self {
        Self { host, bytes_left: UNPACKED_BYTES_MAX }
    }

    /// Gives every package of the list whose name is `wanted` to `found`. A list that cannot be
    /// read becomes a problem.
    pub(super) fn scan(
        &mut self,
        path: &str,
        problems: &mut Vec<ReadProblem>,
        wanted: impl Fn(&str) -> bool,
        found: impl FnMut(Listed<'_>),
    ) {
        let packing = packing(path).unwrap_or(Packing::Unsupported);
        if packing == Packing::Unsupported {
            problems.push(problem(path, unsupported_text(path)));
            return;
        }
        let bytes = match self.host.read(path, LIST_LIMIT) {
            Ok(Some(bytes)) => bytes,
            // apt has just replaced it.
            Ok(None) => return,
            Err(error) => {
                problems.push(unreadable(&error, path, MEANING));
                return;
            }
        };
        let scanned = match packing {
            Packing::Gzip => scan(MultiGzDecoder::new(bytes.as_slice()), &mut self.bytes_left, wanted, found),
            Packing::Lz4 => scan(Lz4(FrameDecoder::new(bytes.as_slice())), &mut self.bytes_left, wanted, found),
            Packing::Plain | Packing::Unsupported => scan(bytes.as_slice(), &mut self.bytes_left, wanted, found),
        };
        if let Err(error) = scanned {
            problems.push(problem(path, scan_error_text(path, &error)));
        }
    }
}

/// Goes on after the end of a frame while another follows.
struct Lz4<'a>(FrameDecoder<&'a [u8]>);

impl Read for Lz4<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 if !self.0.get_ref().is_empty() => self.0.read(buffer),
            count => Ok(count),
        }
    }
}

/// Reads up to the budget, and hands whole stanzas on.
fn scan(
    mut source: impl Read,
    bytes_left: &mut u64,
    wanted: impl Fn(&str) -> bool,
    mut found: impl FnMut(Listed<'_>),
) -> Result<(), ScanError> {
    let mut buffer: Vec<u8> = Vec::with_capacity(2 * CHUNK_BYTES);
    loop {
        let chunk = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
        let read = source.by_ref().take(chunk).read_to_end(&mut buffer)?;
        *bytes_left = bytes_left.checked_sub(u64::try_from(read).unwrap_or(u64::MAX)).ok_or(ScanError::TooLarge)?;
        let whole = if read == 0 { buffer.len() } else { end_of_last_stanza(&buffer) };
        let (stanzas, rest) = buffer.split_at_checked(whole).unwrap_or((&buffer, &[]));
        pick(&String::from_utf8_lossy(stanzas), &wanted, &mut found);
        if read == 0 {
            return Ok(());
        }
        if rest.len() > STANZA_BYTES_MAX {
            return Err(ScanError::TooLarge);
        }
        buffer.drain(..whole);
    }
}

fn end_of_last_stanza(buffer: &[u8]) -> usize {
    buffer.windows(2).rposition(|pair| pair == b"\n\n").map_or(0, |at| at + 2)
}

/// Looks at the name of every stanza and into the wanted ones.
fn pick(stanzas: &str, wanted: impl Fn(&str) -> bool, mut found: impl FnMut(Listed<'_>)) {
    for text in stanzas.split("\n\n") {
        // Archive tools write the name first; where it is not, the fields tell.
        let named = text.trim_start_matches('\n').strip_prefix("Package: ").and_then(|rest| rest.lines().next());
        if named.is_some_and(|name| !wanted(name.trim())) {
            continue;
        }
        let mut stanza = Stanza::default();
        if !Stanzas::new(text).next_into(&mut stanza) {
            continue;
        }
        let value = |name: &str| {
            let field = stanza.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            field.map_or("", |field| field.value)
        };
        let listed = Listed {
            name: value("Package"),
            version: value("Version"),
            architecture: value("Architecture"),
            maintainer: value("Maintainer"),
        };
        if wanted(listed.name) {
            found(listed);
        }
    }
}

const MEANING: Text = Text::new(
    "packages from this archive may not be recognised as such",
    "このアーカイブ由来のパッケージを見分けられない可能性があります",
);

fn problem(path: &str, message: LocalText) -> ReadProblem {
    ReadProblem { place: SourceLine::file(path), message }
}

fn unsupported_text(path: &str) -> LocalText {
    let path = Quoted(path);
    LocalText::new(
        format!(
            "the package list `/{path}` is packed in a way that this version does not unpack (only gzip and lz4); {}",
            MEANING.en
        ),
        format!("パッケージ一覧 `/{path}` の圧縮形式には対応していません (gzip と lz4 のみ対応)。{}", MEANING.ja),
    )
}

fn scan_error_text(path: &str, error: &ScanError) -> LocalText {
    let path = Quoted(path);
    let ja = match error {
        ScanError::Damaged(_) => "は破損しています",
        ScanError::TooLarge => "は大きすぎます",
    };
    LocalText::new(
        format!("the package list `/{path}` was not read to its end: {error}; {}", MEANING.en),
        format!("パッケージ一覧 `/{path}` {ja}。途中までしか読み取っていません。{}", MEANING.ja),
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;
    use crate::MemoryHost;

    const LIST: &str = "Package: a\nArchitecture: amd64\nVersion: 1\nMaintainer: m\n\n\
        Architecture: all\nPackage: b\nVersion: 2\nDescription: x\n .\n y\n\nPackage: c\nVersion: 3\n";

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn lz4(text: &[u8]) -> Vec<u8> {
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn scanned(path: &str, bytes: &[u8], bytes_left: u64) -> (Vec<String>, Vec<ReadProblem>) {
        let host = MemoryHost::new().file(path, bytes);
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        let mut reader = Reader { host: &host, bytes_left };
        reader.scan(
            path,
            &mut problems,
            |name| name != "a",
            |l| found.push(format!("{} {} {}", l.name, l.version, l.architecture)),
        );
        (found, problems)
    }

    #[test]
    fn reads_what_apt_keeps() {
        let two_frames = [lz4(LIST.as_bytes()), lz4(b"\nPackage: d\nVersion: 4\n")].concat();
        for (path, bytes) in [
            ("x_Packages", LIST.as_bytes()),
            ("x_Packages.gz", &gzip(LIST.as_bytes())),
            ("x_Packages.lz4", &lz4(LIST.as_bytes())),
        ] {
            let (found, problems) = scanned(path, bytes, 1000);
            assert_eq!(
                (found.as_slice(), problems.len()),
                (&["b 2 all".to_owned(), "c 3 ".to_owned()][..], 0),
                "{path}"
            );
        }
        assert_eq!(scanned("x_Packages.lz4", &two_frames, 1000).0.len(), 3);
    }

    #[test]
    fn stanzas_that_straddle_pieces_are_whole() {
        let stanza = format!("Package: b\nVersion: 1\nDescription: {}\n\n", "x".repeat(1000));
        let (found, problems) = scanned("x_Packages", stanza.repeat(2000).as_bytes(), UNPACKED_BYTES_MAX);
        assert_eq!((found.len(), problems.len()), (2000, 0));
    }

    #[test]
    fn bombs_and_damage_end_with_a_word() {
        // A thousand to one: 4 MB of nothing in some KB.
        let bomb = gzip(&vec![b'\n'; 4_000_000]);
        let (_, problems) = scanned("x_Packages.gz", &bomb, 1_000_000);
        insta::assert_snapshot!(problems[0].message.en, @"the package list `/x_Packages.gz` was not read to its end: it is too large; packages from this archive may not be recognised as such");
        let (_, problems) = scanned("x_Packages", &vec![b'x'; STANZA_BYTES_MAX + 2 * CHUNK_BYTES], UNPACKED_BYTES_MAX);
        assert!(problems[0].message.ja.contains("大きすぎます"));
        let whole = lz4(LIST.as_bytes());
        let (_, problems) = scanned("x_Packages.lz4", &whole[..whole.len() - 9], 1000);
        assert!(problems[0].message.en.contains("damaged"), "{}", problems[0].message.en);
        let (_, problems) = scanned("x_Packages.xz", b"", 1000);
        assert!(problems[0].message.en.contains("does not unpack"));
    }

    #[test]
    fn a_list_that_is_too_large_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::File::create(dir.path().join("x_Packages")).unwrap().set_len(LIST_LIMIT.get() + 1).unwrap();
        let host = crate::RootedHost::open(dir.path()).unwrap();
        let mut problems = Vec::new();
        Reader::new(&host).scan("x_Packages", &mut problems, |_| true, |_| {});
        assert!(problems[0].message.en.contains("larger than 256 MiB"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..1000)) {
            for path in ["x_Packages", "x_Packages.gz", "x_Packages.lz4"] {
                scanned(path, &bytes, 1_000_000);
            }
        }
    }
}
