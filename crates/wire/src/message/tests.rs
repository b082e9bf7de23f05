use super::*;
use crate::bounds::{
    ADDRESSES_MAX, CHUNK_BYTES_DEFAULT, CHUNK_BYTES_MAX, RUNS_MAX, TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_MAX,
    TEXT_BYTES_MAX, WAIT_SECONDS_MAX,
};

const RUN: &str = "arn:aws:inspector:us-west-2:123456789012:target/0-a/template/0-b/run/0-c";

fn facts() -> AgentFacts {
    AgentFacts {
        hostname: "tower".into(),
        machine_id: None,
        fingerprint: "a".repeat(64),
        boot_id: None,
        operating_system: "Debian GNU/Linux 12 (bookworm)".into(),
        release: Some(ReleaseFacts { distribution: "debian".into(), version: Some("12".into()), codename: None }),
        kernel_version: "6.1.0-28-amd64".into(),
        architecture: "amd64".into(),
        ipv4_addresses: vec!["192.0.2.1".into()],
        ipv6_addresses: vec!["2001:db8::1".into()],
        virtualization: "none".into(),
    }
}

fn enroll() -> EnrollRequest {
    EnrollRequest {
        protocol: PROTOCOL,
        token: "ygr1.a.b.c".into(),
        csr_pem: "-----BEGIN CERTIFICATE REQUEST-----\n".into(),
        agent_version: "0.1.0".into(),
        facts: facts(),
        tags: vec![Tag { key: "役割".into(), value: "web".into() }],
        auto_scaling_group: None,
        previous_agent_id: Some("i-0123456789abcdef0".into()),
    }
}

fn heartbeat() -> HeartbeatRequest {
    HeartbeatRequest {
        protocol: PROTOCOL,
        nonce: "n1".into(),
        agent_version: "0.1.0".into(),
        facts: None,
        health: Health { code: HealthCode::Idle, details: String::new() },
        runs: vec![RunProgress { run: RUN.into(), next_chunk: 2, done: false }],
        wait_seconds: WAIT_SECONDS_MAX,
    }
}

fn answer() -> HeartbeatAnswer {
    HeartbeatAnswer {
        protocol: PROTOCOL,
        nonce: "n2".into(),
        instructions: vec![Instruction {
            instruction_id: "1".into(),
            run: RUN.into(),
            collect: vec!["inventory".into(), "a newer word".into()],
            known_digest: Some("0".repeat(64)),
            chunk_bytes_max: CHUNK_BYTES_DEFAULT,
            deadline: "2026-11-25T10:00:00Z".parse().unwrap(),
        }],
        stop: vec![StopOrder { run: RUN.into(), discard: true }],
        heartbeat_seconds: 60,
        renew: false,
        server_time: "2026-11-25T09:00:00Z".parse().unwrap(),
    }
}

fn refused<M: Message>(message: &M) -> String {
    message.validate().unwrap_err().to_string()
}

#[test]
fn members_have_the_names_of_the_protocol() {
    let text = |body: Vec<u8>| String::from_utf8(body).unwrap();
    insta::assert_snapshot!(text(write(&heartbeat()).unwrap()), @r#"{"protocol":1,"nonce":"n1","agentVersion":"0.1.0","health":{"code":"IDLE","details":""},"runs":[{"run":"arn:aws:inspector:us-west-2:123456789012:target/0-a/template/0-b/run/0-c","nextChunk":2,"done":false}],"waitSeconds":50}"#);
    insta::assert_snapshot!(text(write(&ErrorBody::new(ErrorCode::RunClosed, "over")).unwrap()), @r#"{"protocol":1,"error":"RUN_CLOSED","message":"over","retry":false}"#);
    insta::assert_snapshot!(text(serde_json::to_vec(&facts()).unwrap()), @r#"{"hostname":"tower","fingerprint":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","operatingSystem":"Debian GNU/Linux 12 (bookworm)","release":{"distribution":"debian","version":"12"},"kernelVersion":"6.1.0-28-amd64","architecture":"amd64","ipv4Addresses":["192.0.2.1"],"ipv6Addresses":["2001:db8::1"],"virtualization":"none"}"#);
}

#[test]
fn messages_survive_the_way() {
    assert_eq!(read::<EnrollRequest>(&write(&enroll()).unwrap()).unwrap(), enroll());
    assert_eq!(read::<HeartbeatRequest>(&write(&heartbeat()).unwrap()).unwrap(), heartbeat());
    assert_eq!(read::<HeartbeatAnswer>(&write(&answer()).unwrap()).unwrap(), answer());
    for code in ErrorCode::ALL {
        let body = ErrorBody::new(*code, "x");
        assert_eq!(read::<ErrorBody>(&write(&body).unwrap()).unwrap().code(), Some(*code));
    }
    assert!(read::<GoodbyeAnswer>(b"{}").is_ok());
    let answer: ChunkAnswer = read(br#"{"acknowledged": 3, "next": 4, "new": [1]}"#).unwrap();
    assert_eq!((answer.acknowledged, answer.next), (3, 4));
    assert_eq!(read::<ErrorBody>(br#"{"error":"NEWER_WORD"}"#).unwrap().code(), None);
}

#[test]
fn what_is_no_message_is_refused() {
    let error = |body: &[u8]| {
        let error = read::<RenewRequest>(body).unwrap_err();
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        format!("{error}: {cause}")
    };
    assert!(error(b"{").starts_with("the renewal request cannot be read: EOF"));
    assert!(error(br#"{"protocol":1}"#).contains("missing field `csrPem`"));
    assert!(error(br#"{"csrPem":"-----BEGIN "}"#).contains("missing field `protocol`"));
    assert!(error(br#"{"protocol":1,"csrPem":7}"#).contains("invalid type"));
    // Another protocol is said before its members are missed.
    insta::assert_snapshot!(error(br#"{"protocol":2}"#), @"the renewal request speaks protocol 2, and this side speaks 1: ");
    insta::assert_snapshot!(error(&vec![b' '; BODY_BYTES_MAX + 1]), @"the renewal request has more than 262144 bytes: ");
    insta::assert_snapshot!(error(br#"{"protocol":1,"csrPem":"x"}"#), @"member `csrPem` is not PEM: ");
    assert!(write(&RenewRequest { protocol: 1, csr_pem: String::new() }).is_err());
}

#[test]
fn enrolment_names_the_member() {
    let with = |change: fn(&mut EnrollRequest)| {
        let mut request = enroll();
        change(&mut request);
        refused(&request)
    };
    insta::assert_snapshot!(with(|r| r.token.clear()), @"member `token` is empty");
    insta::assert_snapshot!(with(|r| r.facts.hostname = "a\u{1b}".into()), @"member `facts.hostname` has control characters");
    insta::assert_snapshot!(with(|r| r.facts.hostname = "a".repeat(TEXT_BYTES_MAX + 1)), @"member `facts.hostname` is longer than 1024 bytes");
    insta::assert_snapshot!(with(|r| r.facts.fingerprint = "A".repeat(64)), @"member `facts.fingerprint` is not a SHA-256 in lower-case hexadecimal digits");
    insta::assert_snapshot!(with(|r| r.facts.ipv4_addresses.push("::1".into())), @"member `facts.ipv4Addresses[1]` is not an IPv4 address");
    insta::assert_snapshot!(with(|r| r.facts.ipv6_addresses = vec!["::1".into(); ADDRESSES_MAX + 1]), @"member `facts.ipv6Addresses` has 51 entries, and 50 are allowed");
    insta::assert_snapshot!(with(|r| r.previous_agent_id = Some("i-0".into())), @"member `previousAgentId` is not `i-` and 17 lower-case hexadecimal digits");
    insta::assert_snapshot!(with(|r| r.tags[0].key = "櫓".repeat(TAG_KEY_CHARS_MAX + 1)), @"member `tags[0].key` is longer than 128 characters");
    insta::assert_snapshot!(with(|r| r.tags[0].value = "櫓".repeat(TAG_VALUE_CHARS_MAX + 1)), @"member `tags[0].value` is longer than 256 characters");
    insta::assert_snapshot!(with(|r| r.tags = vec![r.tags[0].clone(); 2]), @"member `tags` has the key `役割` twice");
    insta::assert_snapshot!(with(|r| r.tags = vec![r.tags[0].clone(); TAGS_MAX + 1]), @"member `tags` has 51 entries, and 50 are allowed");
    let mut longest = enroll();
    longest.tags = vec![Tag { key: "櫓".repeat(TAG_KEY_CHARS_MAX), value: "櫓".repeat(TAG_VALUE_CHARS_MAX) }];
    longest.validate().unwrap();
}

#[test]
fn heartbeats_name_the_member() {
    let with = |change: fn(&mut HeartbeatRequest)| {
        let mut request = heartbeat();
        change(&mut request);
        refused(&request)
    };
    insta::assert_snapshot!(with(|r| r.wait_seconds += 1), @"member `waitSeconds` is more than 50");
    insta::assert_snapshot!(with(|r| r.runs[0].run = "../../etc".into()), @"member `runs[0].run` is not an ARN");
    insta::assert_snapshot!(with(|r| r.runs[0].next_chunk = u32::MAX), @"member `runs[0].nextChunk` is more than 10000");
    insta::assert_snapshot!(with(|r| r.runs = vec![r.runs[0].clone(); RUNS_MAX + 1]), @"member `runs` has 101 entries, and 100 are allowed");
    insta::assert_snapshot!(with(|r| r.health.details = "x".repeat(5000)), @"member `health.details` is longer than 4096 bytes");
    let with = |change: fn(&mut HeartbeatAnswer)| {
        let mut request = answer();
        change(&mut request);
        refused(&request)
    };
    insta::assert_snapshot!(with(|r| r.nonce.clear()), @"member `nonce` is empty");
    insta::assert_snapshot!(with(|r| r.heartbeat_seconds = 0), @"member `heartbeatSeconds` is not between 1 and 3600");
    insta::assert_snapshot!(with(|r| r.instructions[0].chunk_bytes_max = CHUNK_BYTES_MAX + 1), @"member `instructions[0].chunkBytesMax` is not between 196608 and 1048576");
    insta::assert_snapshot!(with(|r| r.instructions[0].known_digest = Some("x".into())), @"member `instructions[0].knownDigest` is not a SHA-256 in lower-case hexadecimal digits");
    insta::assert_snapshot!(with(|r| r.stop[0].run = "arn:%2e%2e".into()), @"member `stop[0].run` is not an ARN");
}

#[test]
fn the_token_is_not_printed() {
    assert!(!format!("{:?}", enroll()).contains("ygr1"));
}
