//! Damaged, cut and foreign files give an error or an empty answer, never a panic or a hang.

use std::sync::LazyLock;

use proptest::prelude::*;
use yagura_index::{Index, OpenError};

use crate::facts::{any_facts, sample};

/// Where the header ends: magic, format, length, moment, body hash, ten sections, header hash.
const HEADER_BYTES: usize = 8 + 4 + 8 + 12 + 16 + 10 * 16 + 8;

/// The sample's file, built once: building costs more than what is done to it.
static SAMPLE: LazyLock<Vec<u8>> = LazyLock::new(|| sample().build().unwrap_or_default());

/// Asks everything that can be asked, and follows every reference.
fn ask_everything(index: &Index<'_>) {
    let mut ids = vec!["CVE-2024-12797".to_owned(), "CVE-1999-0001".to_owned(), String::new()];
    for feed in index.feeds() {
        assert!(feed.releases.len() < 1_000_000);
    }
    for release in ["debian:bookworm", "debian:trixie", ""] {
        let _ = index.speaks_of(release);
        for package in ["openssl", "zlib", "chromium", "linux", ""] {
            for statement in index.statements(release, package) {
                ids.push(statement.to_owned().vulnerability);
            }
        }
    }
    for id in ids {
        let _ = index.vulnerability(&id).map(|vulnerability| vulnerability.to_owned());
        for statement in index.statements_about(&id) {
            let _ = statement.to_owned();
        }
    }
    let _ = (index.counts(), index.fingerprint(), index.built_at());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn flipped_bytes_are_noticed_and_survived(place in any::<prop::sample::Index>(), mask in 1_u8..) {
        let mut bytes = SAMPLE.clone();
        let place = place.index(bytes.len());
        bytes[place] ^= mask;
        match Index::open(&bytes) {
            Err(_) => prop_assert!(place < HEADER_BYTES),
            Ok(index) => {
                prop_assert!(place >= HEADER_BYTES);
                prop_assert_eq!(index.verify(), Err(OpenError::Damaged { part: "body" }));
                ask_everything(&index);
            }
        }
    }

    #[test]
    fn many_flipped_bytes_are_survived(seeds in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200)) {
        let mut bytes = SAMPLE.clone();
        let body = bytes.len() - HEADER_BYTES;
        for (place, value) in seeds {
            bytes[HEADER_BYTES + place.index(body)] = value;
        }
        ask_everything(&Index::open(&bytes).unwrap());
    }

    #[test]
    fn arbitrary_bytes_are_no_index(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(Index::open(&bytes).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn whole_files_answer(facts in any_facts()) {
        ask_everything(&Index::open(&facts.build().unwrap()).unwrap());
    }
}

/// The file with every byte of its body set to one value: every offset and count is extreme.
#[test]
fn extreme_bodies_are_survived() {
    for value in [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff] {
        let mut bytes = SAMPLE.clone();
        bytes[HEADER_BYTES..].fill(value);
        let index = Index::open(&bytes).unwrap();
        assert!(index.verify().is_err());
        ask_everything(&index);
    }
}

#[test]
fn a_cut_or_grown_file_is_refused() {
    let bytes = SAMPLE.clone();
    let expected = u64::try_from(bytes.len()).unwrap();
    for length in 0..bytes.len() {
        match Index::open(&bytes[..length]) {
            Err(OpenError::WrongLength { expected: said, found }) => {
                assert_eq!((said, found), (expected, u64::try_from(length).unwrap()));
            }
            Err(OpenError::NotAnIndex) => assert!(length < 12),
            Err(OpenError::Damaged { part: "header" }) => assert!((12..HEADER_BYTES).contains(&length)),
            other => panic!("{length} bytes gave {other:?}"),
        }
    }
    let mut grown = bytes;
    grown.push(0);
    assert!(matches!(Index::open(&grown), Err(OpenError::WrongLength { .. })));
}

#[test]
fn another_format_says_what_to_do() {
    for found in [0_u32, 1, 3, u32::MAX] {
        let mut bytes = SAMPLE.clone();
        bytes[8..12].copy_from_slice(&found.to_le_bytes());
        let error = Index::open(&bytes).unwrap_err();
        assert_eq!(error, OpenError::OtherFormat { found });
        assert!(error.to_string().contains("made by another version of yagura"), "{error}");
        assert!(error.to_string().contains("run `yagura feed sync`"), "{error}");
    }
    assert_eq!(Index::open(b"{\"schemaVersion\": 1}").unwrap_err(), OpenError::NotAnIndex);
}
