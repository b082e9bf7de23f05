//! The headers of a signed request, of any bytes: the way in for everybody.
#![no_main]

use jiff::Timestamp;
use yagura_identity::secrets::SecretText;
use yagura_identity::sigv4::{Header, Presented, Request, Transport, Verifier, body_sha256};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Name, colon, value on each line; the first line is the query.
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let query = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let pairs: Vec<(String, &[u8])> = lines
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at(colon);
            Some((String::from_utf8_lossy(name).to_ascii_lowercase(), value.get(1..)?))
        })
        .collect();
    let headers: Vec<Header<'_>> = pairs.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let Ok(presented) = Presented::parse(&headers, &query) else { return };
    let verifier = Verifier::new(["inspector"], Transport::Tls);
    let request =
        Request { method: "POST", path: "/", query: &query, headers: &headers, body_sha256: body_sha256(b"{}") };
    let verified = presented.verify(&verifier, &SecretText::new("secret"), &request, Timestamp::UNIX_EPOCH);
    assert!(verified.is_err(), "nobody guesses a signature");
});
