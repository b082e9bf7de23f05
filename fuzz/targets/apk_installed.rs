//! apk's database of any bytes: its packages, and who owns a file.
#![no_main]

use yagura_probe::owners::{Claims, Owners as _};
use yagura_probe::{MemoryHost, apk};

const PATH: &str = "lib/apk/db/installed";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = apk::parse(bytes, PATH);
    let host = MemoryHost::new().file(PATH, bytes);
    apk::Files.claim(&host, &mut Claims::new(&host, ["usr/lib/x"]), &mut Vec::new());
});
