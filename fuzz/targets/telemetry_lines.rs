//! Lines of telemetry without the compression around them, so that the fuzzer gets to their forms.
#![no_main]

use yagura_wire::Assembler;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut assembler = Assembler::new();
    for line in text.lines() {
        if assembler.push(line).is_err() {
            return;
        }
    }
    let _ = assembler.finish();
});
