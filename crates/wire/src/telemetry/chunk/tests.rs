use proptest::prelude::*;

use super::*;
use crate::telemetry::{NetworkInterface, snapshot_lines};
use crate::testing::sample;

/// A line that does not compress.
fn noise(length: usize, seed: u64) -> Line {
    let mut state = seed | 1;
    let name = std::iter::repeat_with(|| {
        // xorshift64; printable ASCII keeps the JSON as long as the text.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b' ' + u8::try_from(state % 90).unwrap_or(0))
    });
    let name = name.filter(|c| !matches!(c, '"' | '\\')).take(length).collect();
    Line::interface(&NetworkInterface { name, mac_address: None, addresses: Vec::new() })
}

fn last(chunks: u32, _: &Counts) -> Line {
    noise(100, u64::from(chunks))
}

fn pack(lines: &[Line], bytes_max: usize) -> Vec<Chunk> {
    let mut chunker = Chunker::new(bytes_max);
    let mut chunks = Vec::new();
    for line in lines {
        chunks.extend(chunker.push(line).unwrap());
    }
    chunks.extend(chunker.finish(last).unwrap());
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn chunks_stay_below_their_bound_and_lose_nothing(
        lengths in prop::collection::vec(0usize..LINE_BYTES_MAX * 2, 0..20),
        bytes_max in CHUNK_BYTES_MIN..CHUNK_BYTES_MIN * 2,
    ) {
        let lines: Vec<Line> = lengths.iter().zip(1..).map(|(length, seed)| noise(*length, seed)).collect();
        let chunks = pack(&lines, bytes_max);
        prop_assert_eq!(&chunks, &pack(&lines, bytes_max));
        let mut counts = Counts::default();
        for (chunk, number) in chunks.iter().zip(0..) {
            prop_assert_eq!(chunk.number, number);
            prop_assert!(chunk.bytes.len() <= bytes_max);
            prop_assert_eq!(&chunk.sha256, &sha256_hex(&chunk.bytes));
            let limits = ChunkLimits { bytes_max, ..ChunkLimits::default() };
            let decoded = decode_chunk(&chunk.bytes, limits).unwrap();
            prop_assert_eq!(decoded.lines().count(), chunk.lines);
            counts.merge(decoded.counts());
        }
        prop_assert_eq!(counts.of(MessageType::NetworkInterface).count, u64::try_from(lines.len()).unwrap() + 1);
    }

    #[test]
    fn arbitrary_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode_chunk(&bytes, ChunkLimits::default()).is_err());
    }
}

#[test]
fn a_small_host_is_one_chunk() {
    let chunks = pack(&snapshot_lines(&sample()), CHUNK_BYTES_DEFAULT);
    assert_eq!(chunks.len(), 1);
}

#[test]
fn the_number_of_lines_and_of_unpacked_bytes_closes_a_chunk() {
    let short = noise(1, 1);
    let chunks = pack(&vec![short; CHUNK_MESSAGES_MAX + 1], CHUNK_BYTES_MAX);
    assert_eq!(chunks.first().unwrap().lines, CHUNK_MESSAGES_MAX);
    let zeros =
        Line::interface(&NetworkInterface { name: "0".repeat(100_000), mac_address: None, addresses: Vec::new() });
    let chunks = pack(&vec![zeros; 100], CHUNK_BYTES_MAX);
    assert_eq!(chunks.len(), 3);
    for chunk in &chunks {
        decode_chunk(&chunk.bytes, ChunkLimits::default()).unwrap();
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    decode_chunk(bytes, ChunkLimits::default()).unwrap_err().to_string()
}

#[test]
fn a_bomb_is_not_unpacked_beyond_its_bound() {
    let bomb = gzip(&vec![b'\n'; CHUNK_UNPACKED_BYTES_MAX + 1]);
    assert!(bomb.len() < CHUNK_BYTES_DEFAULT);
    insta::assert_snapshot!(refusal(&bomb), @"the chunk has more than 4194304 bytes when unpacked");
    let line = "{\"type\":\"X\",\"body\":0}\n";
    insta::assert_snapshot!(refusal(&gzip(line.repeat(CHUNK_MESSAGES_MAX + 1).as_bytes())), @"the chunk has more than 20000 lines");
    assert!(decode_chunk(&gzip(line.repeat(CHUNK_MESSAGES_MAX).as_bytes()), ChunkLimits::default()).is_ok());
    insta::assert_snapshot!(refusal(&vec![0; CHUNK_BYTES_DEFAULT + 1]), @"the chunk has 262145 bytes, and 262144 are allowed");
}

#[test]
fn damage_is_said() {
    let line = "{\"type\":\"X\",\"body\":0}\n";
    let good = gzip(line.as_bytes());
    insta::assert_snapshot!(refusal(&good[..good.len() - 1]), @"the chunk is not gzip, or damaged");
    insta::assert_snapshot!(refusal(&[good.clone(), good].concat()), @"the chunk is not gzip, or damaged");
    insta::assert_snapshot!(refusal(b""), @"the chunk is not gzip, or damaged");
    insta::assert_snapshot!(refusal(&gzip(b"")), @"line 1 of the chunk is cut off");
    insta::assert_snapshot!(refusal(&gzip(line.trim_end().as_bytes())), @"line 1 of the chunk is cut off");
    insta::assert_snapshot!(refusal(&gzip(b"\n\xFF\n")), @"line 2 of the chunk is not UTF-8");
    insta::assert_snapshot!(refusal(&gzip(format!("{line}\n").as_bytes())), @"line 2 of the chunk cannot be read");
    insta::assert_snapshot!(refusal(&gzip(format!("{line}[]\n").as_bytes())), @"line 2 of the chunk cannot be read");
    let long = format!("{{\"type\":\"X\",\"body\":\"{}\"}}\n", "x".repeat(LINE_BYTES_MAX));
    insta::assert_snapshot!(refusal(&gzip(long.as_bytes())), @"line 1 of the chunk is too long");
}

#[test]
fn a_bound_outside_what_may_be_asked_is_moved_inside() {
    let lines: Vec<Line> = (1..40).map(|seed| noise(50_000, seed)).collect();
    assert!(pack(&lines, 0).iter().all(|chunk| chunk.bytes.len() <= CHUNK_BYTES_MIN));
    assert!(pack(&lines, usize::MAX).iter().all(|chunk| chunk.bytes.len() <= CHUNK_BYTES_MAX));
}
