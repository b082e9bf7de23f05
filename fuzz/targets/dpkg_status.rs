//! A package database of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = yagura_probe::dpkg::parse(bytes, "var/lib/dpkg/status");
});
