//! Enrolment: whom a host trusts, and what it keeps.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use yagura_testkit::HostTree;

use crate::server::{AGENT_ID, Ca, TestServer};
use crate::{agent, said, text};

fn enroll(server: &TestServer, token: &str, state: &Path, root: &Path, more: &[&str]) -> Output {
    let mut command = agent(state);
    command.args(["enroll", "--server", &server.url(), "--token", token]);
    command.arg("--state-dir").arg(state).arg("--root").arg(root).args(more).output().unwrap()
}

#[test]
fn a_host_gets_an_identity_and_keeps_it_to_itself() {
    let (server, tree, state) = (TestServer::start(), HostTree::debian_12().unwrap(), tempfile::tempdir().unwrap());
    let token = server.ca.token();
    let pin = server.ca.sha256();
    let more = ["--ca-sha256", &pin, "--tag", "役割=web", "--tag", "Env=Prod", "--auto-scaling-group", "web"];
    let output = enroll(&server, &token, state.path(), tree.path(), &more);
    assert!(output.status.success(), "{}", said(&output));
    assert!(text(&output.stdout).starts_with(&format!("enrolled as {AGENT_ID} at {}", server.url())));
    server.seen(|seen| {
        let request = &seen.enrolments[0];
        assert_eq!((request.facts.hostname.as_str(), request.token.as_str()), ("tower", token.as_str()));
        assert_eq!(request.tags[0].key, "役割");
        assert_eq!(request.auto_scaling_group.as_deref(), Some("web"));
    });
    for name in ["agent.json", "identity.pem", "ca.pem", "nonce"] {
        let mode = std::fs::metadata(state.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(!std::fs::read_to_string(state.path().join("agent.json")).unwrap().contains(&token));

    let again = enroll(&server, &token, state.path(), tree.path(), &[]);
    assert_eq!(again.status.code(), Some(3));
    assert!(said(&again).contains("enrolled already") && said(&again).contains("hint: give `--force`"));
    let forced = enroll(&server, &token, state.path(), tree.path(), &["--force"]);
    assert!(forced.status.success(), "{}", said(&forced));
    server.seen(|seen| assert_eq!(seen.enrolments[1].previous_agent_id.as_deref(), Some(AGENT_ID)));
}

#[test]
fn another_ca_than_the_pinned_one_never_sees_the_token() {
    let (server, tree, state) = (TestServer::start(), HostTree::debian_12().unwrap(), tempfile::tempdir().unwrap());
    let elsewhere = Ca::new();
    let wrong_token = enroll(&server, &elsewhere.token(), state.path(), tree.path(), &[]);
    let wrong_word =
        enroll(&server, &server.ca.token(), state.path(), tree.path(), &["--ca-sha256", &elsewhere.sha256()]);
    for output in [wrong_token, wrong_word] {
        assert_eq!(output.status.code(), Some(3));
        assert!(said(&output).contains("is not the one that was pinned"), "{}", said(&output));
        assert!(said(&output).contains(&server.ca.sha256()));
    }
    server.seen(|seen| assert!(seen.enrolments.is_empty()));
    assert!(!state.path().join("agent.json").exists());
}

#[test]
fn whoever_shows_the_right_ca_without_its_key_never_sees_the_token() {
    let (tree, state) = (HostTree::debian_12().unwrap(), tempfile::tempdir().unwrap());
    let impostor = TestServer::impostor(Ca::new());
    let output = enroll(&impostor, &impostor.ca.token(), state.path(), tree.path(), &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("the TLS connection to"), "{}", said(&output));
    impostor.seen(|seen| assert!(seen.enrolments.is_empty()));
}

#[test]
fn a_server_that_is_away_is_named() {
    let (server, tree, state) = (TestServer::start(), HostTree::debian_12().unwrap(), tempfile::tempdir().unwrap());
    let mut command = agent(state.path());
    command.args(["enroll", "--server", "https://localhost:1", "--token", &server.ca.token()]);
    let output = command.arg("--state-dir").arg(state.path()).arg("--root").arg(tree.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("cannot reach `https://localhost:1`"), "{}", said(&output));
    assert!(said(&output).contains("hint: check the address, the network and the proxy"));
}

/// A proxy that opens tunnels and counts them.
fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let tunnels = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tunnels);
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).unwrap() == 1 {
                head.extend(byte);
            }
            let head = String::from_utf8(head).unwrap();
            let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap().to_owned();
            let mut server = TcpStream::connect(target).unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || io::copy(&mut from_client, &mut to_server));
            std::thread::spawn(move || io::copy(&mut server, &mut client));
        }
    });
    (url, tunnels)
}

#[test]
fn the_way_leads_through_the_proxy_and_around_it() {
    let (server, tree, state) = (TestServer::start(), HostTree::debian_12().unwrap(), tempfile::tempdir().unwrap());
    let (url, tunnels) = proxy();
    let enroll = |environment: &[(&str, &str)], words: &[&str]| {
        let mut command = agent(state.path());
        command.envs(environment.iter().copied()).args(["enroll", "--force", "--server", &server.url()]);
        command.args(["--token", &server.ca.token()]).args(words).arg("--root").arg(tree.path());
        let output = command.arg("--state-dir").arg(state.path()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        tunnels.swap(0, Ordering::SeqCst)
    };
    let remembered = || std::fs::read_to_string(state.path().join("agent.json")).unwrap().contains(&url);
    assert_eq!(enroll(&[("https_proxy", &url)], &[]), 2);
    assert!(!remembered());
    assert_eq!(enroll(&[("HTTPS_PROXY", &url), ("no_proxy", "example.org, localhost")], &[]), 0);
    assert_eq!(enroll(&[], &["--proxy", &url]), 2);
    assert!(remembered());
}
