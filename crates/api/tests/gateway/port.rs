//! Connections: half open ones, too many, the end, reports.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use yagura_api::server::{ReportFile, ReportRefusal, Reports};
use yagura_model::service::HealthCode;

use crate::client::{head, read_reply};
use crate::host::Host;
use crate::service::Service;

/// Waits until the other end closes. That it does is the test; how long it takes is not.
fn closes(stream: &mut impl std::io::Read) {
    let mut rest = Vec::new();
    // An end without a goodbye is an end.
    let _ = stream.read_to_end(&mut rest);
}

#[test]
fn connections_that_say_nothing_are_closed() {
    let service = Service::with(|options| {
        options.handshake_patience = Duration::from_millis(50);
        options.head_patience = Duration::from_millis(50);
        options.body_patience = Duration::from_millis(50);
    });
    let mut silent = TcpStream::connect(service.address).unwrap();
    closes(&mut silent);
    let mut garbage = TcpStream::connect(service.address).unwrap();
    garbage.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    closes(&mut garbage);

    let mut idle = service.client().connect();
    idle.conn.complete_io(&mut idle.sock).unwrap();
    closes(&mut idle);
    let mut slow_head = service.client().connect();
    slow_head.write_all(b"POST / HTTP/1.1\r\nhost: loc").unwrap();
    closes(&mut slow_head);
    for path in ["/", "/agent/v1/enroll"] {
        let mut slow_body = service.client().connect();
        slow_body.write_all(&head("POST", path, &[], 100)).unwrap();
        slow_body.write_all(b"{").unwrap();
        assert_eq!(read_reply(&mut slow_body).unwrap().status, 408, "{path}");
        closes(&mut slow_body);
    }
}

#[test]
fn beyond_the_bound_a_connection_is_closed_and_a_place_that_is_free_is_used() {
    let service = Service::with(|options| options.connections_max = 1);
    let mut first = service.client().connect();
    first.write_all(&head("GET", "/healthz", &[], 0)).unwrap();
    assert_eq!(read_reply(&mut first).unwrap().status, 200);
    let mut second = TcpStream::connect(service.address).unwrap();
    let mut rest = Vec::new();
    let _ = second.read_to_end(&mut rest);
    assert!(rest.is_empty());
    drop(first);
    // The place becomes free when the server has noticed the end.
    loop {
        let mut third = service.client().connect();
        if third.write_all(&head("GET", "/healthz", &[], 0)).is_ok() && read_reply(&mut third).is_some() {
            break;
        }
    }
}

#[test]
fn one_connection_serves_many_requests() {
    let service = Service::new();
    let mut stream = service.client().connect();
    for _ in 0..3 {
        stream.write_all(&head("GET", "/healthz", &[], 0)).unwrap();
        assert_eq!(read_reply(&mut stream).unwrap().status, 200);
    }
}

#[test]
fn at_the_end_held_heartbeats_are_answered() {
    let mut service = Service::new();
    let host = Host::enrolled(&service);
    let mut stream = host.client.connect();
    let request = json!({
        "protocol": 1, "nonce": host.nonce, "agentVersion": "0.1.0", "health": {"code": "IDLE", "details": ""},
        "runs": [], "waitSeconds": 50,
    });
    let body = request.to_string();
    stream.write_all(&head("POST", "/agent/v1/heartbeat", &[], body.len())).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    // It is held as soon as it was heard.
    while service.read(|tx| tx.agent_by_id(&host.id).unwrap().unwrap().reported == HealthCode::Unknown) {
        std::thread::yield_now();
    }
    service.tell_to_end();
    let reply = read_reply(&mut stream).unwrap();
    assert_eq!((reply.status, &reply.json()["instructions"]), (200, &json!([])));
    service.wait_for_the_end();
    assert!(TcpStream::connect(service.address).is_err(), "nobody listens");
}

struct OneReport;

impl Reports for OneReport {
    fn open(&self, path: &str, query: &str) -> Result<ReportFile, ReportRefusal> {
        match (path, query) {
            ("/reports/a.html", "signature=right") => Ok(ReportFile {
                content_type: "text/html; charset=utf-8".into(),
                file_name: Some("a.html".into()),
                bytes: Some(1_000_000),
                reader: Box::new(std::io::repeat(b'x').take(1_000_000)),
            }),
            ("/reports/a.html", "signature=old") => Err(ReportRefusal::Expired),
            _ => Err(ReportRefusal::NotFound),
        }
    }
}

#[test]
fn reports_are_sent_to_whoever_has_the_link() {
    let service = Service::with(|options| {
        options.reports = Some(Arc::new(OneReport));
        options.reports_max = 1;
    });
    let get = |path: &str| service.client().call("GET", path, &[], b"");
    for _ in 0..3 {
        let reply = get("/reports/a.html?signature=right");
        assert_eq!((reply.status, reply.body.len()), (200, 1_000_000));
        assert_eq!(reply.header("content-disposition"), Some("inline; filename=\"a.html\""));
        assert_eq!(reply.header("cache-control"), Some("private, no-store"));
    }
    assert_eq!(get("/reports/a.html?signature=old").status, 403);
    assert_eq!(get("/reports/a.html").status, 404);
    assert_eq!(service.client().call("POST", "/reports/a.html", &[], b"").status, 405);
}
