//! Rust: the list of crates that `cargo auditable` writes into programs, in the section `.dep-v0`.

use std::io::Read as _;

use flate2::read::ZlibDecoder;
use serde::Deserialize;
use yagura_model::Ecosystem;

use super::elf::{Elf, Fault};
use super::found::Found;
use super::part::part;
use crate::host::OpenFile;

const SECTION: &str = ".dep-v0";
/// A thousand crates are some 10 KiB.
const COMPRESSED_BYTES_MAX: usize = 4 * 1024 * 1024;
const JSON_BYTES_MAX: u64 = 16 * 1024 * 1024;

#[derive(Deserialize)]
struct Audit {
    packages: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    source: String,
    /// `build` where the crate took part in building only.
    kind: Option<String>,
}

/// Says whether what is there could be understood.
pub(super) fn read(file: &dyn OpenFile, path: &str, elf: &Elf, found: &mut Found) -> Result<bool, Fault> {
    let Some(section) = elf.section(SECTION) else { return Ok(true) };
    let length = usize::try_from(section.length).unwrap_or(usize::MAX).min(COMPRESSED_BYTES_MAX);
    let compressed = part(file, section.offset, length)?;
    let mut json = Vec::new();
    let whole = ZlibDecoder::new(compressed.as_slice()).take(JSON_BYTES_MAX).read_to_end(&mut json);
    let (Ok(_), Ok(Audit { packages })) = (whole, serde_json::from_slice(&json)) else { return Ok(false) };
    for Crate { name, version, source, kind } in packages {
        // Of what was built from a folder or a repository nobody speaks.
        if source == "crates.io" && kind.as_deref() != Some("build") {
            found.add(Ecosystem::CratesIo, &name, &version, path);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;
    use crate::languages::elf::Endian;
    use crate::languages::elf::tests::{host_with, program};
    use crate::languages::tests::found_in;

    fn compressed(json: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(json).unwrap();
        encoder.finish().unwrap()
    }

    fn found(section: &[u8]) -> String {
        found_in(&host_with(program(8, Endian::Little, &[(SECTION, section)])))
    }

    #[test]
    fn crates_of_the_registry_are_read() {
        let json = br#"{"packages":[
            {"name":"app","version":"0.1.0","source":"local","root":true,"dependencies":[1]},
            {"name":"time","version":"0.1.43","source":"crates.io"},
            {"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"},
            {"name":"forked","version":"1.0.0","source":"git"}],"format":1}"#;
        insta::assert_snapshot!(found(&compressed(json)), @"crates.io time 0.1.43 /p");
    }

    #[test]
    fn broken_lists_and_bombs_are_said() {
        let bomb = compressed(&vec![b' '; 17 << 20]);
        assert!(bomb.len() < 100_000);
        for section in [&b"nonsense"[..], b"", &compressed(b"{}"), &compressed(b"[1")[..5], &bomb] {
            assert_eq!(found(section), "/p: the program's list of parts is broken; its packages are not assessed\n");
        }
    }
}
