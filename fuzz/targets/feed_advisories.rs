//! A DSA or DLA list of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| yagura_fuzz::parse_feed("debian-advisories", bytes));
