//! A certificate signing request and a certificate as an agent presents them, of any bytes.
#![no_main]

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use yagura_identity::ca::{CertificateAuthority, agent_of};

static AUTHORITY: LazyLock<CertificateAuthority> =
    LazyLock::new(|| CertificateAuthority::create(Timestamp::UNIX_EPOCH, "fuzz").expect("an authority"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = agent_of(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let lifetime = SignedDuration::from_hours(24);
        let _ = AUTHORITY.sign_agent(text, "i-0123456789abcdef0", Timestamp::UNIX_EPOCH, lifetime);
    }
});
