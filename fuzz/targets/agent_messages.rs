//! Every message that an agent sends, of any bytes.
#![no_main]

use yagura_wire::{EnrollRequest, EnrolmentToken, GoodbyeRequest, HeartbeatRequest, RenewRequest, read};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = read::<EnrollRequest>(bytes);
    let _ = read::<RenewRequest>(bytes);
    let _ = read::<HeartbeatRequest>(bytes);
    let _ = read::<GoodbyeRequest>(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = EnrolmentToken::parse(text);
    }
});
