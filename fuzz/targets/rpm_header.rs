//! A header of an rpm database of any bytes: every value, the files, the signature.
#![no_main]

use yagura_probe::rpm::{Header, Tag};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(header) = Header::parse(1, bytes) else { return };
    for tag in (256..300).chain(1000..1170).chain(5000..5120).map(Tag) {
        let _ = (header.text(tag), header.binary(tag), header.integer(tag));
        let _ = (header.texts(tag).count(), header.numbers(tag).count());
    }
    for file in header.files() {
        let _ = file.path();
    }
    let _ = header.signing_key();
});
