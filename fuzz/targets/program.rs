//! A program of any bytes: its sections, and the lists that Go and Rust keep in them.
#![no_main]

use yagura_probe::owners::Nobody;
use yagura_probe::{MemoryHost, languages};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = languages::read(&MemoryHost::new().file("p", bytes).owned("p", 0o755, 0, 0), &Nobody);
    let _ = languages::parse_go_modules(&String::from_utf8_lossy(bytes));
});
