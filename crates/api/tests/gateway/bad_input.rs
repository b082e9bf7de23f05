//! What no honest client sends.

use std::io::Write as _;

use serde_json::json;

use crate::api::{LIST, admin, call};
use crate::client::{head, read_reply};
use crate::host::Host;
use crate::service::Service;

#[test]
fn a_body_of_20_megabytes_is_refused_with_a_reason() {
    let service = Service::new();
    let body = vec![b' '; 20 * 1024 * 1024];
    for path in ["/", "/agent/v1/enroll"] {
        let mut stream = service.client().connect();
        stream.write_all(&head("POST", path, &[], body.len())).unwrap();
        stream.write_all(&body).unwrap();
        let reply = read_reply(&mut stream).unwrap();
        assert_eq!((reply.status, reply.header("connection")), (413, Some("close")), "{path}");
        assert!(read_reply(&mut stream).is_none(), "the connection is closed");
    }
    let records = service.recorded("RequestRefused");
    assert_eq!(records[0]["requestParameters"]["reason"], json!("RequestEntityTooLargeException"));
    assert_eq!(service.refusals(), ["TOO_LARGE"]);
}

#[test]
fn more_than_anybody_would_read_is_refused_before_it_is_sent() {
    let service = Service::new();
    let mut stream = service.client().connect();
    stream.write_all(&head("POST", "/", &[], 1 << 40)).unwrap();
    assert_eq!(read_reply(&mut stream).unwrap().status, 413);
}

#[test]
fn a_body_without_a_length_is_bounded_too() {
    let service = Service::new();
    let mut stream = service.client().connect();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.1\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
    let piece = vec![b'x'; 64 * 1024];
    for _ in 0..32 {
        stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).unwrap();
        stream.write_all(&piece).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(read_reply(&mut stream).unwrap().status, 413);
}

#[test]
fn malformed_json_is_named_and_recorded() {
    let service = Service::new();
    let key = admin(&service);
    for body in [&b"{"[..], b"[]", b"\xff\xfe", b"{\"maxResults\": \"x\"}"] {
        let reply = call(&service, &key, LIST, body, body);
        assert_eq!(reply.status, 400);
        assert_eq!(reply.json()["__type"], json!("SerializationException"), "{}", reply.json());
    }
    assert_eq!(service.recorded("ListRulesPackages").len(), 4);

    let host = Host::enrolled(&service);
    for body in [&b"{"[..], b"[]", b"\xff\xfe", b"{\"protocol\": 1}", b""] {
        let reply = host.client.call("POST", "/agent/v1/heartbeat", &[], body);
        assert_eq!((reply.status, reply.error().as_str()), (400, "BAD_REQUEST"));
    }
    let other = host.heartbeat(json!({"protocol": 2}));
    assert_eq!((other.status, other.error().as_str()), (426, "PROTOCOL_UNSUPPORTED"));
    assert_eq!(service.refusals().len(), 5);
}

#[test]
fn other_content_types_methods_and_paths_are_refused() {
    let service = Service::new();
    let client = service.client();
    let form = client.call("POST", "/", &[("content-type", "application/x-www-form-urlencoded")], b"Action=x");
    assert_eq!((form.status, &form.json()["__type"]), (400, &json!("SerializationException")));
    assert_eq!(client.call("PUT", "/", &[], b"").status, 405);
    assert_eq!(client.call("GET", "/nothing", &[], b"").status, 404);
    assert_eq!(client.call("GET", "/reports/x", &[], b"").status, 404);
    assert_eq!(client.call("GET", "/agent/v1/heartbeat", &[], b"").status, 404);
    let health = client.call("GET", "/healthz", &[], b"");
    assert_eq!((health.status, health.body.as_slice()), (200, &b"ok\n"[..]));
}
