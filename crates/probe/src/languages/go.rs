//! Go: the list of modules that the linker writes into each program since Go 1.13.
//!
//! It is found by its section, or in a program without sections at the begin of its data. Go 1.18 and
//! later keep the two texts (the compiler's version, the modules) right behind the header; before, the
//! header has pointers to them. See `debug/buildinfo` in Go's own library.

use yagura_model::Ecosystem;

use super::elf::{Elf, Endian, Fault};
use super::found::Found;
use super::part::part;
use crate::host::OpenFile;

const SECTION: &str = ".go.buildinfo";
const MAGIC: &[u8] = b"\xff Go buildinf:";
const HEADER_BYTES: usize = 32;
const ALIGNMENT: usize = 16;
/// How far the header is looked for in a program without sections, as Go itself does.
const SEARCH_BYTES: usize = 64 * 1024;
/// The largest programs name some 2,000 modules, 300 KiB.
const INFO_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The text of the modules has a mark of so many bytes at each end.
const MARK_BYTES: usize = 16;

/// Says whether what is there could be understood.
pub(super) fn read(file: &dyn OpenFile, path: &str, elf: &Elf, found: &mut Found) -> Result<bool, Fault> {
    let Some(info) = info(file, elf)? else { return Ok(true) };
    let Some((version, modules)) = texts(file, elf, &info)? else { return Ok(false) };
    if let Some(version) = library_version(&version) {
        found.add(Ecosystem::Go, "stdlib", &version, path);
    }
    for (module, version) in parse(&modules) {
        found.add(Ecosystem::Go, module, version, path);
    }
    Ok(true)
}

/// The header and, where they are kept behind it, the texts.
fn info(file: &dyn OpenFile, elf: &Elf) -> Result<Option<Vec<u8>>, Fault> {
    if let Some(section) = elf.section(SECTION) {
        let length = usize::try_from(section.length).unwrap_or(usize::MAX).min(INFO_BYTES_MAX);
        return Ok(Some(part(file, section.offset, length)?));
    }
    if !elf.sections.is_empty() {
        return Ok(None);
    }
    let Some(data) = elf.segments.iter().find(|segment| segment.is_writable) else { return Ok(None) };
    let begin = part(file, data.offset, SEARCH_BYTES)?;
    let at =
        (0..begin.len()).step_by(ALIGNMENT).find(|at| begin.get(*at..).is_some_and(|rest| rest.starts_with(MAGIC)));
    let Some(at) = at else { return Ok(None) };
    let offset = data.offset.saturating_add(u64::try_from(at).unwrap_or(u64::MAX));
    Ok(Some(part(file, offset, INFO_BYTES_MAX)?))
}

/// The compiler's version and the modules; `None` when the header is none.
fn texts(file: &dyn OpenFile, elf: &Elf, info: &[u8]) -> Result<Option<(String, String)>, Fault> {
    const BIG_ENDIAN: u8 = 1;
    const INLINE: u8 = 2;
    let (true, Some(pointer_bytes), Some(flags)) = (info.starts_with(MAGIC), info.get(14), info.get(15)) else {
        return Ok(None);
    };
    if flags & INLINE != 0 {
        let behind = info.get(HEADER_BYTES..).unwrap_or_default();
        return Ok(prefixed(behind).and_then(|(version, rest)| {
            let (modules, _) = prefixed(rest)?;
            Some((lossy(version), unmarked(modules)))
        }));
    }
    let endian = if flags & BIG_ENDIAN != 0 { Endian::Big } else { Endian::Little };
    let pointer_bytes = match pointer_bytes {
        4 => 4,
        8 => 8,
        _ => return Ok(None),
    };
    let text = |at: usize| -> Result<Option<Vec<u8>>, Fault> {
        // A pointer to a string's own header: where its bytes are, and how many.
        let Some(header_at) = endian.word_at(info, at, pointer_bytes) else { return Ok(None) };
        let header = elf.read_loaded(file, header_at, 2 * pointer_bytes)?.unwrap_or_default();
        let word = |at| endian.word_at(&header, at, pointer_bytes);
        let (Some(address), Some(length)) = (word(0), word(pointer_bytes)) else { return Ok(None) };
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(INFO_BYTES_MAX);
        Ok(elf.read_loaded(file, address, length)?)
    };
    let (Some(version), modules) = (text(16)?, text(16 + pointer_bytes)?) else { return Ok(None) };
    Ok(Some((lossy(&version), unmarked(&modules.unwrap_or_default()))))
}

/// Splits off a text that has its length, as a varint, in front.
fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut length, mut shift) = (0_usize, 0_u32);
    for (at, byte) in bytes.iter().enumerate().take(5) {
        length |= usize::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return bytes.get(at + 1..)?.split_at_checked(length);
        }
    }
    None
}

/// Takes the marks off; a text without them is none.
fn unmarked(modules: &[u8]) -> String {
    let end = modules.len().saturating_sub(MARK_BYTES);
    match modules.get(MARK_BYTES..end) {
        Some(text) if text.ends_with(b"\n") => lossy(text),
        _ => String::new(),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The version of Go's own library, written as Go's vulnerability database does: `go1.21rc2` is
/// `1.21.0-rc.2`. A compiler between two releases (`devel go1.23-abc`) has none.
fn library_version(version: &str) -> Option<String> {
    // Others may follow: `go1.22.3 X:boringcrypto`, `go1.19.8 (Red Hat 1.19.8-1.el9)`.
    let number = version.split([' ', '-']).next()?.strip_prefix("go")?;
    let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
    let (digits, rest) = number.split_at_checked(end)?;
    let numbers: Vec<&str> = digits.split('.').collect();
    if numbers.len() > 3 || numbers.iter().any(|number| number.is_empty()) {
        return None;
    }
    let padded = format!("{digits}{}", ".0".repeat(3 - numbers.len()));
    for word in ["rc", "beta"] {
        if let Some(n) = rest.strip_prefix(word) {
            let is_number = !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit());
            return is_number.then(|| format!("{padded}-{word}.{n}"));
        }
    }
    Some(padded)
}

/// Reads the list of modules: path and version of each that is really built in.
///
/// A replaced module is what it was replaced by; one that was replaced by a folder, and a program
/// that was built from a folder (`(devel)`), have no version that anybody could speak of.
pub fn parse(modules: &str) -> Vec<(&str, &str)> {
    let mut built: Vec<(&str, &str)> = Vec::new();
    let mut can_be_replaced = false;
    for line in modules.lines() {
        let mut words = line.split('\t');
        let (kind, path, version) = (words.next(), words.next(), words.next().unwrap_or_default());
        let Some(path) = path else { continue };
        match kind {
            Some("mod" | "dep") => {
                built.push((path, version));
                can_be_replaced = true;
            }
            Some("=>") if can_be_replaced => {
                if let Some(last) = built.last_mut() {
                    *last = (path, version);
                }
                can_be_replaced = false;
            }
            _ => {}
        }
    }
    built.retain(|(_, version)| !version.is_empty() && *version != "(devel)");
    built
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MemoryHost;
    use crate::languages::elf::tests::{ADDRESS, host_with, program};
    use crate::languages::tests::found_in;

    const MODULES: &str = "path\texample.org/app/cmd/app\nmod\texample.org/app\t(devel)\t\n\
        dep\tgolang.org/x/net\tv0.7.0\th1:abc=\ndep\tgithub.com/old/x\tv1.0.0\n=>\tgithub.com/new/x\tv1.0.1-fork\th1:def=\n\
        dep\tgithub.com/local/y\tv2.0.0+incompatible\n=>\t./y\t\nbuild\t-compiler=gc\nbuild\tvcs.revision=0123\n";

    fn marked(modules: &str) -> Vec<u8> {
        [&[b'<'; 16], modules.as_bytes(), &[b'>'; 16]].concat()
    }

    fn inline(version: &str, modules: &[u8]) -> Vec<u8> {
        let mut info = MAGIC.to_vec();
        info.extend([8, 2]);
        info.resize(HEADER_BYTES, 0);
        for text in [version.as_bytes(), modules] {
            let mut length = text.len();
            while length > 0x7f {
                info.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
                length >>= 7;
            }
            info.push(u8::try_from(length).unwrap());
            info.extend(text);
        }
        info
    }

    /// Go before 1.18: the sections are one behind the other, the segment is the whole file.
    fn pointers(pointer_bytes: usize, endian: Endian) -> Vec<u8> {
        let modules = marked(MODULES);
        let texts = [b"go1.16.3".as_slice(), &modules].concat();
        let headers = vec![0; 4 * pointer_bytes];
        let mut info = MAGIC.to_vec();
        info.extend([u8::try_from(pointer_bytes).unwrap(), u8::from(endian == Endian::Big)]);
        info.resize(HEADER_BYTES, 0);
        let draft = program(pointer_bytes, endian, &[(SECTION, &info), (".h", &headers), (".t", &texts)]);
        let at = |wanted: &[u8]| {
            let at = draft.windows(wanted.len()).position(|window| window == wanted).unwrap();
            ADDRESS + u64::try_from(at).unwrap()
        };
        let word = |value: u64| -> Vec<u8> {
            let bytes = if endian == Endian::Little { value.to_le_bytes() } else { value.to_be_bytes() };
            if endian == Endian::Little { bytes[..pointer_bytes].to_vec() } else { bytes[8 - pointer_bytes..].to_vec() }
        };
        let info_at = at(MAGIC);
        let headers_at = info_at + 32;
        let texts_at = at(b"go1.16.3");
        let mut info = MAGIC.to_vec();
        info.extend([u8::try_from(pointer_bytes).unwrap(), u8::from(endian == Endian::Big)]);
        info.extend(word(headers_at));
        info.extend(word(headers_at + 2 * u64::try_from(pointer_bytes).unwrap()));
        info.resize(HEADER_BYTES, 0);
        let headers =
            [word(texts_at), word(8), word(texts_at + 8), word(u64::try_from(modules.len()).unwrap())].concat();
        program(pointer_bytes, endian, &[(SECTION, &info), (".h", &headers), (".t", &texts)])
    }

    #[test]
    fn programs_of_go_1_18_and_later_are_read() {
        let program = program(8, Endian::Little, &[(SECTION, &inline("go1.21rc2 X:x", &marked(MODULES)))]);
        insta::assert_snapshot!(found_in(&host_with(program)), @r"
        go github.com/new/x v1.0.1-fork /p
        go golang.org/x/net v0.7.0 /p
        go stdlib 1.21.0-rc.2 /p
        ");
    }

    #[test]
    fn older_programs_are_read_in_every_format() {
        for (pointer_bytes, endian) in [(8, Endian::Little), (8, Endian::Big), (4, Endian::Little), (4, Endian::Big)] {
            let text = found_in(&host_with(pointers(pointer_bytes, endian)));
            assert_eq!(text.lines().count(), 3, "{text}");
            assert!(text.ends_with("go stdlib 1.16.3 /p\n"), "{text}");
        }
    }

    #[test]
    fn a_program_without_sections_is_searched() {
        let mut bytes = program(8, Endian::Little, &[("pad", &[0; 8]), ("x", &inline("go1.22", &marked(MODULES)))]);
        assert_eq!(bytes.windows(14).position(|window| window == MAGIC).unwrap() % 16, 0);
        bytes[60..62].fill(0);
        assert!(found_in(&host_with(&bytes)).contains("go stdlib 1.22.0 /p"));
    }

    #[test]
    fn only_what_may_run_is_looked_at() {
        let bytes = program(8, Endian::Little, &[(SECTION, &inline("go1.22", b""))]);
        assert_eq!(found_in(&MemoryHost::new().file("p", &bytes)), "");
        assert_eq!(found_in(&host_with(bytes)), "go stdlib 1.22.0 /p\n");
    }

    #[test]
    fn broken_lists_are_said() {
        for info in [&b"nonsense"[..], &inline("go1.22", &[0; 300])[..60], &MAGIC[..13]] {
            let text = found_in(&host_with(program(8, Endian::Little, &[(SECTION, info)])));
            assert_eq!(text, "/p: the program's list of parts is broken; its packages are not assessed\n", "{info:?}");
        }
    }

    #[test]
    fn versions_of_the_library() {
        for (given, wanted) in [
            ("go1.22.3", Some("1.22.3")),
            ("go1.20", Some("1.20.0")),
            ("go1.19.8 (Red Hat 1.19.8-1.el9)", Some("1.19.8")),
            ("go1.22.3-fips", Some("1.22.3")),
            ("go1.4beta1", Some("1.4.0-beta.1")),
            ("devel go1.23-abcdef", None),
            ("go", None),
            ("go1..2", None),
            ("go1.2.3.4", None),
            ("go1.21rcx", None),
            ("", None),
        ] {
            assert_eq!(library_version(given).as_deref(), wanted, "{given}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_lists_never_panic(info in proptest::collection::vec(any::<u8>(), 0..80), text in "[a-z=>\t\n]{0,60}") {
            let _ = parse(&text);
            let _ = found_in(&host_with(program(8, Endian::Little, &[(SECTION, &[MAGIC, &info].concat())])));
        }
    }
}
