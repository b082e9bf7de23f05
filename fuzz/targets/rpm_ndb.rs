//! rpm's NDB file of any bytes.
#![no_main]

use yagura_probe::{MemoryHost, rpm};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = rpm::read(&MemoryHost::new().file("var/lib/rpm/Packages.db", bytes));
});
