//! A Java archive, and a Python egg, of any bytes.
#![no_main]

use yagura_probe::owners::Nobody;
use yagura_probe::{MemoryHost, languages};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let host = MemoryHost::new().file("a/log4j-core-1.0.jar", bytes).file("a/site-packages/x.egg", bytes);
    let _ = languages::read(&host, &Nobody);
});
