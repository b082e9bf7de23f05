//! The client's side: signs requests of our own programs, and of tests.

use aws_lc_rs::hmac;
use jiff::Timestamp;

use super::keys::Derivation;
use super::presented::value;
use super::{ALGORITHM, Header, Request, basic, canonical};
use crate::encoding::hex;
use crate::secrets::SecretText;

/// Headers that change on the way, so that no client signs them.
const UNSIGNED: &[&str] =
    &["authorization", "connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"];

/// With what to sign, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Credentials<'a> {
    /// The id of the access key.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret: &'a SecretText,
    /// The session token that belongs to a temporary key.
    pub session_token: Option<&'a str>,
    /// `us-west-2`.
    pub region: &'a str,
    /// `inspector`.
    pub service: &'a str,
}

/// Signs a request, and returns the headers to add to it: `x-amz-date`, `x-amz-security-token` with a session
/// token, `authorization`.
///
/// All headers of the request are signed but those that proxies change; `host` must be among them.
/// `x-amz-content-sha256` is taken as it stands.
pub fn sign(credentials: &Credentials<'_>, request: &Request<'_>, now: Timestamp) -> Vec<(&'static str, String)> {
    let Credentials { access_key_id, secret, session_token, region, service } = *credentials;
    let timestamp = basic(now);
    let date: String = timestamp.chars().take(8).collect();
    let mut added = vec![("x-amz-date", timestamp.clone())];
    added.extend(session_token.map(|token| ("x-amz-security-token", token.to_owned())));

    let mut headers: Vec<Header<'_>> = request.headers.to_vec();
    headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
    let mut names: Vec<String> = headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.retain(|name| !UNSIGNED.contains(&name.as_str()));
    names.sort();
    names.dedup();

    let claimed = value(request.headers, "x-amz-content-sha256").ok().flatten();
    let payload = claimed.map_or_else(|| hex(&request.body_sha256), str::to_owned);
    let scope = canonical::scope(&date, region, service);
    let request = Request { headers: &headers, ..*request };
    let canonical_request = canonical::canonical_request(&request, &names, service, &payload);
    let to_sign = canonical::string_to_sign(&timestamp, &scope, &canonical_request);
    let key = Derivation { access_key_id, date: &date, region, service, secret }.derive();
    let signature = hex(hmac::sign(&key, to_sign.as_bytes()).as_ref());
    let names = names.join(";");
    let authorization =
        format!("{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}");
    added.push(("authorization", authorization));
    added
}

#[cfg(test)]
mod tests {
    use super::super::body_sha256;
    use super::*;

    /// Signs with the key of AWS's documentation, on its day.
    fn signature(service: &str, method: &str, path: &str, query: &str, headers: &[(&str, &str)], body: &str) -> String {
        let headers: Vec<Header<'_>> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let secret = SecretText::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE",
            secret: &secret,
            session_token: None,
            region: "us-east-1",
            service,
        };
        let request = Request { method, path, query, headers: &headers, body_sha256: body_sha256(body.as_bytes()) };
        let added = sign(&credentials, &request, "2015-08-30T12:36:00Z".parse().unwrap());
        let (_, authorization) = added.last().unwrap().clone();
        authorization.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    /// The example that AWS's documentation of the signing process computes step by step.
    #[test]
    fn the_documented_list_users_request() {
        let headers =
            [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), ("Host", "iam.amazonaws.com")];
        let signature = signature("iam", "GET", "/", "Action=ListUsers&Version=2010-05-08", &headers, "");
        assert_eq!(signature, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }

    /// The documentation gives the day key of that example too.
    #[test]
    fn the_documented_day_key() {
        let secret = SecretText::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let derivation = Derivation {
            access_key_id: "AKIDEXAMPLE",
            date: "20150830",
            region: "us-east-1",
            service: "iam",
            secret: &secret,
        };
        let to_sign = "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
                       f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        let signature = hmac::sign(&derivation.derive(), to_sign.as_bytes());
        assert_eq!(hex(signature.as_ref()), "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }

    /// Values of the published test suite.
    #[test]
    fn the_published_test_suite() {
        let host = ("Host", "example.amazonaws.com");
        for (name, method, path, query, more, expected) in [
            ("get-vanilla", "GET", "/", "", vec![], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (
                "post-vanilla",
                "POST",
                "/",
                "",
                vec![],
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "get-vanilla-query-order-key-case",
                "GET",
                "/",
                "Param2=value2&Param1=value1",
                vec![],
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                "get-header-key-duplicate",
                "GET",
                "/",
                "",
                vec![("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
                "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
            ),
            (
                "get-utf8",
                "GET",
                "/\u{1234}",
                "",
                vec![],
                "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
            ),
        ] {
            let headers: Vec<_> = std::iter::once(host).chain(more).collect();
            assert_eq!(signature("service", method, path, query, &headers, ""), expected, "{name}");
        }
    }

    #[test]
    fn a_session_token_is_signed_and_sent() {
        let secret = SecretText::new("s");
        let credentials = Credentials {
            access_key_id: "ASIAEXAMPLE",
            secret: &secret,
            session_token: Some("t"),
            region: "r",
            service: "inspector",
        };
        let headers: &[Header<'_>] = &[("host", b"h"), ("User-Agent", b"u")];
        let request = Request { method: "POST", path: "/", query: "", headers, body_sha256: body_sha256(b"") };
        let added = sign(&credentials, &request, "2026-01-01T00:00:00Z".parse().unwrap());
        let names: Vec<&str> = added.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["x-amz-date", "x-amz-security-token", "authorization"]);
        let (_, authorization) = added.last().unwrap();
        assert!(authorization.contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"), "{authorization}");
        assert!(!format!("{credentials:?}").contains("\"s\""));
    }
}
