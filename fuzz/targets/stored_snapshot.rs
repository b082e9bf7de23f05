//! A snapshot as the server keeps it, of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(snapshot) = yagura_wire::decode_snapshot(bytes) {
        // What was read is written again and read the same.
        let again = yagura_wire::decode_snapshot(&yagura_wire::encode_snapshot(&snapshot));
        assert_eq!(again.ok().as_ref(), Some(&snapshot));
    }
});
