//! An index file of any bytes: opened, verified, and asked for everything it can be asked.
#![no_main]

use yagura_index::Index;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(index) = Index::open(bytes) else { return };
    let _ = index.verify();
    let _ = (index.feeds(), index.counts(), index.fingerprint(), index.speaks_of("debian:bookworm"));
    for statement in index.statements("debian:bookworm", "openssl").take(100) {
        let _ = statement.to_owned();
    }
    for statement in index.statements_about("CVE-2024-12797").take(100) {
        let _ = statement.to_owned();
    }
    if let Some(vulnerability) = index.vulnerability("CVE-2024-12797") {
        let _ = vulnerability.to_owned();
    }
});
