//! botocore's signatures and ours: theirs are let in, and for the same request ours is the same.
//!
//! Skipped, visibly, where `python3` has no botocore; `oracles/sigv4/sign.py` is the other side.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper that fails, fails its test; Clippy only sees the test functions themselves"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use yagura_identity::secrets::SecretText;
use yagura_identity::sigv4::{Credentials, Header, Presented, Request, Transport, Verifier, body_sha256, sign};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TIME: &str = "20260101T000000Z";
const CASES: usize = 300;

#[derive(Debug, Clone)]
struct Case {
    method: &'static str,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
    token: Option<String>,
    service: &'static str,
}

/// What clients send: encoded paths and queries, any body, blanks and duplicates in headers.
fn case() -> impl Strategy<Value = Case> {
    let segment = "([A-Za-z0-9._~-]|%20|%2F|%3A|%E7%8A%B6|[.]{1,2}/|/){0,8}";
    let pair = ("[A-Za-z0-9._~-]{1,6}", "([A-Za-z0-9._~-]|%20|%2F|%E6%B3%81){0,6}");
    let query = prop::collection::vec(pair.prop_map(|(name, value)| format!("{name}={value}")), 0..5);
    let header = ("x-(amz-target|custom-[a-c])", "[!-~]{1,5}( {1,3}[!-~]{1,5}){0,3} {0,2}");
    (
        prop_oneof![Just("POST"), Just("GET"), Just("DELETE")],
        segment,
        query,
        prop::collection::btree_map(header.0, header.1, 0..4),
        "\\PC{0,40}",
        prop::option::of("[A-Za-z0-9+/=]{8,40}"),
        prop_oneof![Just("inspector"), Just("inspector2")],
    )
        .prop_map(|(method, path, query, headers, body, token, service)| Case {
            method,
            path: format!("/{path}"),
            query: query.join("&"),
            headers: headers.into_iter().collect(),
            body,
            token,
            service,
        })
}

impl Case {
    fn to_json(&self) -> Value {
        let question = if self.query.is_empty() { "" } else { "?" };
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| json!([name, value])).collect();
        json!({
            "method": self.method, "url": format!("https://127.0.0.1:8443{}{question}{}", self.path, self.query),
            "headers": headers, "body": self.body, "key": "AKIDEXAMPLE", "secret": SECRET, "token": self.token,
            "region": "us-west-2", "service": self.service, "time": TIME,
        })
    }

    fn request<'a>(&'a self, headers: &'a [Header<'a>]) -> Request<'a> {
        let body_sha256 = body_sha256(self.body.as_bytes());
        Request { method: self.method, path: &self.path, query: &self.query, headers, body_sha256 }
    }
}

#[test]
fn botocore_and_we_agree() {
    let known = Command::new("python3").args(["-c", "import botocore"]).stderr(Stdio::null()).status();
    if !known.is_ok_and(|status| status.success()) {
        yagura_testkit::announce_skip("skipped: python3 with botocore is not here to sign the same requests");
        return;
    }
    let mut runner = TestRunner::deterministic();
    let cases: Vec<Case> = (0..CASES).map(|_| case().new_tree(&mut runner).unwrap().current()).collect();
    let answers = signed_by_botocore(&cases);
    let verifier = Verifier::new(["inspector", "inspector2"], Transport::Tls);
    let secret = SecretText::new(SECRET);
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    for (case, theirs) in cases.iter().zip(&answers) {
        // The client's HTTP library adds the host.
        let mut headers: Vec<Header<'_>> = vec![("Host", b"127.0.0.1:8443")];
        headers.extend(theirs.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
        let presented = Presented::parse(&headers, &case.query).unwrap_or_else(|error| panic!("{error}: {case:?}"));
        presented
            .verify(&verifier, &secret, &case.request(&headers), now)
            .unwrap_or_else(|error| panic!("{error}: {case:?} {theirs:?}"));

        let mut headers: Vec<Header<'_>> = vec![("host", b"127.0.0.1:8443")];
        headers.extend(case.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE",
            secret: &secret,
            session_token: case.token.as_deref(),
            region: "us-west-2",
            service: case.service,
        };
        let ours = sign(&credentials, &case.request(&headers), now);
        let authorization = |name: &str| name.eq_ignore_ascii_case("authorization");
        let ours = &ours.iter().find(|(name, _)| authorization(name)).unwrap().1;
        let theirs = &theirs.iter().find(|(name, _)| authorization(name)).unwrap().1;
        assert_eq!(ours, theirs, "{case:?}");
    }
}

fn signed_by_botocore(cases: &[Case]) -> Vec<Vec<(String, String)>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../oracles/sigv4/sign.py");
    let mut python = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = python.stdin.take().unwrap();
    let lines: Vec<String> = cases.iter().map(|case| case.to_json().to_string()).collect();
    // From another thread, so that neither side waits for the other with a full pipe.
    let writer = std::thread::spawn(move || lines.iter().try_for_each(|line| writeln!(input, "{line}")));
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the oracle failed");
    let answers: Vec<Vec<(String, String)>> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).unwrap();
            serde_json::from_value(answer["headers"].clone()).unwrap()
        })
        .collect();
    assert_eq!(answers.len(), cases.len());
    answers
}
