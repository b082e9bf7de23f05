//! Scope, skew, body, signature: in this order, so that a wrong clock is said before a wrong signature.

use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use jiff::{Span, Timestamp};

use super::keys::{DayKeys, Derivation};
use super::presented::{Presented, value};
use super::{Request, SKEW_MINUTES, SignatureError, basic, canonical};
use crate::encoding::{from_hex, hex};
use crate::secrets::SecretText;

const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Through TLS, which protects a body whose hash the client did not sign.
    Tls,
    /// In the clear: every body must be signed.
    Plain,
}

/// Verifies signatures; one for the life of a server, because it keeps the day keys.
pub struct Verifier {
    services: Vec<String>,
    transport: Transport,
    keys: DayKeys,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { services, transport, keys: _ } = self;
        formatter.debug_struct("Verifier").field("services", services).field("transport", transport).finish()
    }
}

impl Verifier {
    /// Accepts requests that are signed for one of `services`.
    pub fn new<S: Into<String>>(services: impl IntoIterator<Item = S>, transport: Transport) -> Self {
        let services = services.into_iter().map(Into::into).collect();
        Self { services, transport, keys: DayKeys::default() }
    }

    pub(super) fn check(
        &self,
        presented: &Presented,
        secret: &SecretText,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Result<(), SignatureError> {
        let Presented { access_key_id, date, region, service, signed_at, signed_headers, signature, .. } = presented;
        if !self.services.contains(service) {
            let expected = self.services.join("' or '");
            let reason = format!("Credential should be scoped to correct service: '{expected}'.");
            return Err(SignatureError::invalid(reason));
        }
        let timestamp = basic(*signed_at);
        if !timestamp.starts_with(date.as_str()) {
            let reason =
                format!("Date in Credential scope does not match YYYYMMDD of the request: {date}, {timestamp}.");
            return Err(SignatureError::invalid(reason));
        }
        in_time(*signed_at, now)?;
        let payload = self.payload(request)?;
        let scope = canonical::scope(date, region, service);
        let canonical_request = canonical::canonical_request(request, signed_headers, service, &payload);
        let to_sign = canonical::string_to_sign(&timestamp, &scope, &canonical_request);
        let derivation = Derivation { access_key_id, date, region, service, secret };
        let fits = self.keys.with(&derivation, |key| {
            let computed = hmac::sign(key, to_sign.as_bytes());
            constant_time::verify_slices_are_equal(computed.as_ref(), signature).is_ok()
        });
        if fits { Ok(()) } else { Err(SignatureError::SignatureDoesNotMatch) }
    }

    /// What stands for the body in the canonical request.
    fn payload(&self, request: &Request<'_>) -> Result<String, SignatureError> {
        let computed = || Ok(hex(&request.body_sha256));
        match value(request.headers, "x-amz-content-sha256")? {
            None => computed(),
            Some(UNSIGNED_PAYLOAD) if self.transport == Transport::Tls => Ok(UNSIGNED_PAYLOAD.to_owned()),
            Some(UNSIGNED_PAYLOAD) => Err(SignatureError::invalid("UNSIGNED-PAYLOAD is accepted over TLS only.")),
            Some(claimed) if from_hex::<32>(claimed) == Some(request.body_sha256) => computed(),
            Some(_) => Err(SignatureError::invalid(
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )),
        }
    }
}

fn in_time(signed: Timestamp, now: Timestamp) -> Result<(), SignatureError> {
    let skew = Span::new().minutes(SKEW_MINUTES);
    let earliest = now.checked_sub(skew).unwrap_or(Timestamp::MIN);
    let latest = now.checked_add(skew).unwrap_or(Timestamp::MAX);
    if signed < earliest {
        return Err(SignatureError::SignatureExpired { signed, earliest, now });
    }
    if signed > latest {
        return Err(SignatureError::SignatureNotYetCurrent { signed, latest, now });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Credentials, Header, body_sha256, sign};
    use super::*;

    const BODY: &[u8] = b"{\"assessmentRunArn\": \"arn\"}";

    struct Signed {
        method: String,
        path: String,
        query: String,
        headers: Vec<(String, Vec<u8>)>,
        body: Vec<u8>,
    }

    impl Signed {
        fn verify(&self, verifier: &Verifier, secret: &SecretText, now: &str) -> Result<(), SignatureError> {
            let headers: Vec<Header<'_>> =
                self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
            let presented = Presented::parse(&headers, &self.query)?;
            // The id is no part of what is signed: it is the secret that belongs to it.
            if presented.access_key_id() != "AKIDEXAMPLE" {
                return Err(SignatureError::UnrecognizedClient);
            }
            let request = Request {
                method: &self.method,
                path: &self.path,
                query: &self.query,
                headers: &headers,
                body_sha256: body_sha256(&self.body),
            };
            presented.verify(verifier, secret, &request, now.parse().unwrap())
        }

        fn header(&mut self, name: &str) -> &mut Vec<u8> {
            &mut self.headers.iter_mut().find(|(other, _)| other == name).unwrap().1
        }
    }

    const NOW: &str = "2026-01-01T00:00:00Z";

    fn secret() -> SecretText {
        SecretText::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    }

    fn verifier() -> Verifier {
        Verifier::new(["inspector", "inspector2"], Transport::Tls)
    }

    fn signed_with(service: &str, more: &[(&str, &str)]) -> Signed {
        let mut headers: Vec<(String, Vec<u8>)> = [
            ("content-type", "application/x-amz-json-1.1"),
            ("host", "127.0.0.1:8443"),
            ("x-amz-target", "InspectorService.StopAssessmentRun"),
        ]
        .iter()
        .chain(more)
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect();
        let borrowed: Vec<Header<'_>> = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let (method, path, query) = ("POST", "/a%20b/c", "x=1&y=%20");
        let request = Request { method, path, query, headers: &borrowed, body_sha256: body_sha256(BODY) };
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE",
            secret: &secret(),
            session_token: Some("token"),
            region: "ap-northeast-1",
            service,
        };
        let added = sign(&credentials, &request, NOW.parse().unwrap());
        headers.extend(added.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())));
        // What is not signed may change on the way.
        headers.push(("user-agent".into(), b"aws-cli".to_vec()));
        Signed { method: method.into(), path: path.into(), query: query.into(), headers, body: BODY.to_vec() }
    }

    fn signed() -> Signed {
        signed_with("inspector", &[])
    }

    #[test]
    fn what_was_signed_is_let_in_again_and_again() {
        let verifier = verifier();
        for _ in 0..3 {
            signed().verify(&verifier, &secret(), NOW).unwrap();
            signed_with("inspector2", &[]).verify(&verifier, &secret(), NOW).unwrap();
        }
        let mut request = signed();
        *request.header("user-agent") = b"another".to_vec();
        request.header("content-type").extend(b"  ");
        request.headers.push(("x-amzn-trace-id".into(), b"added by a proxy".to_vec()));
        request.verify(&verifier, &secret(), NOW).unwrap();
    }

    #[test]
    fn another_secret_does_not_fit_even_when_the_right_one_is_cached() {
        let verifier = verifier();
        signed().verify(&verifier, &secret(), NOW).unwrap();
        let error = signed().verify(&verifier, &SecretText::new("other"), NOW).unwrap_err();
        assert_eq!(error, SignatureError::SignatureDoesNotMatch);
    }

    #[test]
    fn five_minutes_are_let_in_and_a_second_more_is_told_with_both_times() {
        let verifier = verifier();
        for now in ["2026-01-01T00:05:00Z", "2025-12-31T23:55:00Z"] {
            signed().verify(&verifier, &secret(), now).unwrap();
        }
        let late = signed().verify(&verifier, &secret(), "2026-01-01T00:05:01Z").unwrap_err();
        assert_eq!(
            late.to_string(),
            "Signature expired: 20260101T000000Z is now earlier than 20260101T000001Z (20260101T000501Z - 5 min.)"
        );
        let early = signed().verify(&verifier, &secret(), "2025-12-31T23:54:59Z").unwrap_err();
        assert_eq!(
            early.to_string(),
            "Signature not yet current: 20260101T000000Z is still later than 20251231T235959Z (20251231T235459Z + 5 min.)"
        );
        assert_eq!((late.aws_name(), early.aws_name()), ("InvalidSignatureException", "InvalidSignatureException"));
        // The ends of time are no panic.
        for now in [Timestamp::MIN, Timestamp::MAX] {
            assert!(signed().verify(&verifier, &secret(), &now.to_string()).is_err());
        }
    }

    #[test]
    fn scope_must_be_ours() {
        let only = Verifier::new(["inspector"], Transport::Tls);
        let error = signed_with("inspector2", &[]).verify(&only, &secret(), NOW).unwrap_err();
        assert_eq!(error.to_string(), "Credential should be scoped to correct service: 'inspector'.");
        let mut request = signed();
        let changed =
            String::from_utf8(request.header("authorization").clone()).unwrap().replace("20260101/", "20251231/");
        *request.header("authorization") = changed.into_bytes();
        let error = request.verify(&verifier(), &secret(), NOW).unwrap_err();
        assert!(error.to_string().starts_with("Date in Credential scope does not match"), "{error}");
    }

    #[test]
    fn a_claimed_hash_must_be_the_bodys() {
        let hash = hex(&body_sha256(BODY));
        signed_with("inspector", &[("x-amz-content-sha256", &hash)]).verify(&verifier(), &secret(), NOW).unwrap();
        for claimed in ["", "00", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", &hex(&body_sha256(b"other"))] {
            let error = signed_with("inspector", &[("x-amz-content-sha256", claimed)])
                .verify(&verifier(), &secret(), NOW)
                .unwrap_err();
            assert!(error.to_string().contains("'x-amz-content-sha256'"), "{claimed}: {error}");
        }
        // A second one could say another thing to the next reader.
        let mut request = signed_with("inspector", &[("x-amz-content-sha256", &hash)]);
        request.headers.push(("X-Amz-Content-Sha256".into(), UNSIGNED_PAYLOAD.into()));
        assert!(request.verify(&verifier(), &secret(), NOW).unwrap_err().to_string().contains("twice"));
    }

    #[test]
    fn an_unsigned_body_needs_tls_and_cannot_be_claimed_afterwards() {
        let request = || signed_with("inspector", &[("x-amz-content-sha256", UNSIGNED_PAYLOAD)]);
        request().verify(&verifier(), &secret(), NOW).unwrap();
        let mut other_body = request();
        other_body.body = b"{}".to_vec();
        other_body.verify(&verifier(), &secret(), NOW).unwrap();
        let plain = Verifier::new(["inspector"], Transport::Plain);
        assert!(request().verify(&plain, &secret(), NOW).unwrap_err().to_string().contains("over TLS only"));
        // Added by somebody between: the signature was made over the hash.
        let mut added = signed();
        added.body = b"{}".to_vec();
        added.headers.push(("x-amz-content-sha256".into(), UNSIGNED_PAYLOAD.into()));
        assert_eq!(added.verify(&verifier(), &secret(), NOW).unwrap_err(), SignatureError::SignatureDoesNotMatch);
    }

    #[test]
    fn an_added_duplicate_of_a_signed_header_is_noticed() {
        let mut request = signed();
        request.headers.push(("Content-Type".into(), b"text/plain".to_vec()));
        assert_eq!(request.verify(&verifier(), &secret(), NOW).unwrap_err(), SignatureError::SignatureDoesNotMatch);
    }

    #[test]
    fn uris_beyond_the_bound_are_refused() {
        let mut request = signed();
        request.path = format!("/{}", "a".repeat(super::super::URI_BYTES_MAX));
        assert!(request.verify(&verifier(), &secret(), NOW).unwrap_err().to_string().contains("16384 bytes"));
    }

    /// Every bit of the header, so that what is let in is known to the last one: only the case of the signature's
    /// hexadecimal letters, which says the same number.
    #[test]
    fn one_flipped_bit_in_the_authorization_is_refused() {
        let verifier = verifier();
        let whole = signed().header("authorization").clone();
        let digits = whole.len() - 64..;
        for (at, bit) in (0..whole.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut request = signed();
            let header = request.header("authorization");
            header[at] ^= 1 << bit;
            let same_number = digits.contains(&at) && header[at].eq_ignore_ascii_case(&whole[at]);
            let shown = String::from_utf8_lossy(header).into_owned();
            assert_eq!(request.verify(&verifier, &secret(), NOW).is_ok(), same_number, "{at} {bit}: {shown}");
        }
    }

    proptest! {
        #[test]
        fn one_flipped_bit_anywhere_signed_is_refused(place in 0_usize..9, at in any::<usize>(), bit in 0_u32..8) {
            let verifier = verifier();
            let mut request = signed();
            request.verify(&verifier, &secret(), NOW).unwrap();
            let flip = |bytes: &mut Vec<u8>| {
                let at = at % bytes.len();
                bytes[at] ^= 1 << bit;
            };
            let flip_text = |text: &mut String| {
                let mut bytes = text.clone().into_bytes();
                let at = at % bytes.len();
                // Stay in ASCII: the server has refused other request lines before.
                bytes[at] ^= 1 << (bit % 7);
                *text = String::from_utf8(bytes).unwrap();
            };
            match place {
                0 => flip_text(&mut request.method),
                1 => flip_text(&mut request.path),
                2 => flip_text(&mut request.query),
                3 => flip(&mut request.body),
                4 => flip(request.header("content-type")),
                5 => flip(request.header("host")),
                6 => flip(request.header("x-amz-target")),
                7 => flip(request.header("x-amz-security-token")),
                _ => flip(request.header("x-amz-date")),
            }
            prop_assert!(request.verify(&verifier, &secret(), NOW).is_err());
        }

        #[test]
        fn arbitrary_headers_never_panic(
            authorization in prop_oneof!["\\PC*", "AWS4-HMAC-SHA256 [A-Za-z=/;, 0-9-]*"],
            date in "\\PC*", query in "\\PC*", path in "\\PC*",
            value in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            let headers: &[Header<'_>] = &[
                ("authorization", authorization.as_bytes()), ("x-amz-date", date.as_bytes()), ("host", &value),
            ];
            let _ = Presented::parse(headers, &query);
            let request = Request { method: "POST", path: &path, query: &query, headers, body_sha256: [0; 32] };
            let _ = canonical::canonical_request(&request, &["host".to_owned()], "inspector", "");
        }
    }
}
