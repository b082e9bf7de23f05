//! A chunk as an agent sends it: compressed or not, of any bytes, and its lines assembled.
#![no_main]

use yagura_wire::{Assembler, ChunkLimits, decode_chunk};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(chunk) = decode_chunk(bytes, ChunkLimits::default()) else { return };
    let mut assembler = Assembler::new();
    for line in chunk.lines() {
        if assembler.push(line).is_err() {
            return;
        }
    }
    let _ = assembler.finish();
});
