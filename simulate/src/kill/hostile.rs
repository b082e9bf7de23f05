//! Bad input against the running port: a clear refusal each, a record where the issue asks for one, and a server that
//! still answers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use hyper::Method;
use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use yagura_wire::{CONTENT_SHA256, Chunk, HeartbeatAnswer, sha256_hex};

use super::lane::{Lane, World};
use super::{Story, Told};
use crate::agent::Agent;
use crate::api::Api;
use crate::client::{Answer, Client, Endpoint, accepted};
use crate::clock::Stopwatch;
use crate::host::{self, Pool};
use crate::inside::Inside;
use crate::server::{Server, Setup, Usage};

/// The body that nobody honest sends.
const LARGE_BYTES: usize = 20 * 1024 * 1024;
/// Connections that say nothing, or half a thing.
const HALF_OPEN: usize = 200;
/// An answer beside them that takes longer is none.
const ANSWER_S: f64 = 5.0;
/// What a server may use more after all of it, MiB.
const GROWTH_MIB: f64 = 150.0;

pub(super) fn stories(world: &Arc<World>) -> Vec<Story> {
    vec![Story::new("bad input", told(Arc::clone(world)))]
}

async fn told(world: Arc<World>) -> Result<Told> {
    let folder = world.folder("hostile")?;
    let data = folder.path().join("data");
    world.fill(&data)?;
    let server = Server::start(Setup::new(&world.server, &data)).await?;
    let mut lane = Lane::open(&world, folder, server).await?;
    let inside = super::lane::inside(&lane.server)?;
    let before = Usage::of(lane.server.pid()).resident_mib;
    let endpoint = lane.server.endpoint.clone();
    let mut seen = Vec::new();
    seen.push(malformed(&mut lane.api).await?);
    seen.push(large(&endpoint, &mut lane.api).await?);
    seen.push(half_open(&endpoint, &mut lane.api).await?);
    seen.push(unsigned(&endpoint).await?);
    seen.push(chunks(&mut lane, &inside).await?);
    seen.push(lying(&endpoint, &inside).await?);
    seen.push(revoked(&endpoint, &inside).await?);

    ensure!(lane.server.is_alive() && lane.server.answers().await, "the server does not answer any more");
    let after = Usage::of(lane.server.pid()).resident_mib;
    ensure!(after - before < GROWTH_MIB, "the server grew from {before:.0} to {after:.0} MiB");
    let records = inside.audit()?;
    for reason in ["AGENT_MISMATCH", "CERTIFICATE_REVOKED", "CHUNK_CONFLICT", "BAD_REQUEST", "TOO_LARGE"] {
        let told = |record: &Value| record.to_string().contains(reason);
        ensure!(records.iter().any(told), "no record of {reason} in the audit log");
    }
    for code in ["SerializationException", "RequestEntityTooLargeException", "MissingAuthenticationToken"] {
        let told = |record: &Value| record.to_string().contains(code);
        ensure!(records.iter().any(told), "no record of {code} in the audit log");
    }
    Ok(Told::Well(format!("{}; {} audit records prove", seen.join(", "), records.len())))
}

/// Checks a refusal: its status, a word in its body, and that it is JSON.
fn refused(what: &str, answer: &Answer, status: u16, word: &str) -> Result<()> {
    if answer.status != status || !answer.text().contains(word) || !answer.json().is_object() {
        bail!("{what}: expected {status} {word}, and got {} {}", answer.status, answer.text());
    }
    Ok(())
}

async fn malformed(api: &mut Api) -> Result<String> {
    let bodies: [&[u8]; 6] = [b"{", b"[]", b"\xFF\xFE{}", b"{\"a\":1}}", b"null", b"{\"assessmentTargetName\": 7}"];
    for body in bodies {
        let answer = api.send_body("CreateAssessmentTarget", body.to_vec()).await?;
        let shown = String::from_utf8_lossy(body).into_owned();
        ensure!(answer.status == 400, "malformed `{shown}`: {} {}", answer.status, answer.text());
        ensure!(answer.json().get("__type").is_some(), "malformed `{shown}`: no `__type` in {}", answer.text());
    }
    let deep = "[".repeat(100_000);
    let answer = api.send_body("CreateAssessmentTarget", deep.into_bytes()).await?;
    refused("deeply nested JSON", &answer, 400, "__type")?;
    let answer = api.send("NoSuchOperation", &json!({})).await?;
    refused("an unknown operation", &answer, 400, "UnknownOperationException")?;
    Ok("malformed JSON 400".into())
}

async fn large(endpoint: &Endpoint, api: &mut Api) -> Result<String> {
    let answer = api.send_body("CreateAssessmentTarget", vec![b' '; LARGE_BYTES]).await?;
    refused("20 MB to the API", &answer, 413, "RequestEntityTooLarge")?;
    let mut stranger = Client::new(endpoint.clone(), None)?;
    let body = Bytes::from(vec![b' '; LARGE_BYTES]);
    let answer = stranger.send(Method::POST, "/agent/v1/enroll", &[], body).await?;
    refused("20 MB as an enrolment", &answer, 413, "TOO_LARGE")?;
    Ok("20 MB 413".into())
}

async fn half_open(endpoint: &Endpoint, api: &mut Api) -> Result<String> {
    let mut held = Vec::new();
    for number in 0..HALF_OPEN {
        let mut socket = TcpStream::connect(endpoint.address).await?;
        // Some say nothing, some begin a handshake, some speak no TLS.
        match number % 3 {
            0 => {}
            1 => socket.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await?,
            _ => socket.write_all(b"POST / HTTP/1.1\r\nHost: x\r\n").await?,
        }
        held.push(socket);
    }
    let watch = Stopwatch::start();
    api.call("ListAssessmentTargets", &json!({})).await?;
    let taken = watch.seconds();
    ensure!(taken < ANSWER_S, "beside {HALF_OPEN} half-open connections a call took {taken:.1} s");
    // They are closed by the server: a handshake has ten seconds.
    let watch = Stopwatch::start();
    for mut socket in held {
        let mut rest = [0; 64];
        let closed = tokio::time::timeout(Duration::from_secs(30), async {
            while matches!(socket.read(&mut rest).await, Ok(1..)) {}
        });
        ensure!(closed.await.is_ok(), "a half-open connection is still open after {:.0} s", watch.seconds());
    }
    Ok(format!(
        "{HALF_OPEN} half-open connections closed after {:.0} s, a call beside them took {taken:.2} s",
        watch.seconds()
    ))
}

async fn unsigned(endpoint: &Endpoint) -> Result<String> {
    let mut stranger = Client::new(endpoint.clone(), None)?;
    let headers = [
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("x-amz-target", "InspectorService.ListFindings".to_owned()),
    ];
    let answer = stranger.send(Method::POST, "/", &headers, Bytes::from_static(b"{}")).await?;
    refused("no signature", &answer, 400, "MissingAuthenticationToken")?;
    let answer = stranger.send(Method::POST, "/agent/v1/heartbeat", &[], Bytes::from_static(b"{}")).await?;
    refused("no certificate", &answer, 401, "CERTIFICATE_REQUIRED")?;
    Ok("unsigned 400, no certificate 401".into())
}

async fn enrolled(endpoint: &Endpoint, inside: &Inside, number: usize) -> Result<Agent> {
    let token = inside.token(1, &[])?;
    let name = format!("hostile-{number}");
    let facts = host::facts(&name, &format!("{:032x}", 0xABCD_0000 + number), number);
    Agent::enrol(endpoint, &token, facts, &[("Env", "hostile")]).await
}

/// Chunks that come again, with another content, out of order, damaged, and that are bombs.
async fn chunks(lane: &mut Lane, inside: &Inside) -> Result<String> {
    let endpoint = lane.server.endpoint.clone();
    let mut agent = enrolled(&endpoint, inside, 1).await?;
    let template = lane.api.template("hostile", Some(("Env", "hostile")), 3_600).await?;
    let run = lane.api.start(&template, "hostile").await?;
    let mut answer: HeartbeatAnswer = agent.heartbeat(&[], 0).await?;
    let watch = Stopwatch::start();
    while answer.instructions.is_empty() && watch.seconds() < 30.0 {
        answer = agent.heartbeat(&[], 5).await?;
    }
    let Some(instruction) = answer.instructions.first().cloned() else { bail!("no instruction came") };
    let snapshot = Pool::demo(100).host("hostile-1", "00", 1, 100);
    let whole = host::chunks(&snapshot, &instruction.collect, instruction.chunk_bytes_max)?;
    let Some(first) = whole.first().cloned() else { bail!("there is no chunk") };
    ensure!(whole.len() == 1, "a small host is one chunk");

    let again = Chunk { number: 7, ..first.clone() };
    refused("a chunk out of order", &agent.put(&run, &again).await?, 409, "CHUNK_CONFLICT")?;
    let damaged = Chunk { sha256: "0".repeat(64), ..first.clone() };
    refused("a wrong hash", &agent.put(&run, &damaged).await?, 400, "BAD_REQUEST")?;
    let noise = packed(b"no gzip at all");
    refused("no gzip", &agent.put(&run, &noise).await?, 400, "BAD_REQUEST")?;
    let bomb = packed(&bomb()?);
    refused("a bomb", &agent.put(&run, &bomb).await?, 413, "TOO_LARGE")?;
    let other = run.rsplit_once('/').map(|(parent, _)| format!("{parent}/0-AAAAAAAA")).unwrap_or_default();
    refused("another run", &agent.put(&other, &first).await?, 404, "RUN_UNKNOWN")?;

    accepted("the chunk itself", agent.put(&run, &first).await?)?;
    let told = accepted("the same chunk again", agent.put(&run, &first).await?)?.json();
    ensure!(told.get("next") == Some(&1.into()), "the same chunk again was answered with {told}");
    let conflicting = packed(&empty_gzip()?);
    refused("another content", &agent.put(&run, &conflicting).await?, 409, "CHUNK_CONFLICT")?;
    lane.api.stop(&run).await?;
    let watch = Stopwatch::start();
    while !crate::api::is_over(&lane.api.state(&run).await?) {
        ensure!(watch.seconds() < 100.0, "the run with hostile chunks does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let outcome = inside.outcome(&run)?;
    ensure!(outcome.chunks == [1], "{:?} chunks are kept", outcome.chunks);
    let late = Chunk { number: 1, ..first };
    refused("a chunk after the end", &agent.put(&run, &late).await?, 410, "RUN_CLOSED")?;
    Ok("replayed chunk taken once, conflicting 409, bomb 413, late 410".into())
}

fn packed(bytes: &[u8]) -> Chunk {
    Chunk { number: 0, bytes: bytes.to_vec(), sha256: sha256_hex(bytes), lines: 0 }
}

/// Sixteen MiB of nothing in a few KiB.
fn bomb() -> Result<Vec<u8>> {
    gzip(&vec![b' '; 16 * 1024 * 1024])
}

fn empty_gzip() -> Result<Vec<u8>> {
    gzip(b"{\"type\":\"InspectorMonitoringStart\",\"body\":{}}\n")
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// An agent that says to be another one, and one that uses another's nonce.
async fn lying(endpoint: &Endpoint, inside: &Inside) -> Result<String> {
    let mut agent = enrolled(endpoint, inside, 2).await?;
    let other = enrolled(endpoint, inside, 3).await?;
    let body = json!({
        "protocol": 1, "agentId": other.id, "nonce": agent.nonce, "agentVersion": "1", "waitSeconds": 0, "runs": [],
        "health": {"code": "IDLE", "details": ""},
    });
    let body = Bytes::from(body.to_string());
    let answer = agent.client.send(Method::POST, "/agent/v1/heartbeat", &[], body).await?;
    refused("another agent's id", &answer, 403, "AGENT_MISMATCH")?;
    // The lie changes nothing for either.
    agent.heartbeat(&[], 0).await?;
    Ok("a lying agent 403".into())
}

async fn revoked(endpoint: &Endpoint, inside: &Inside) -> Result<String> {
    let mut agent = enrolled(endpoint, inside, 4).await?;
    agent.heartbeat(&[], 0).await?;
    ensure!(inside.revoke(&agent.id)?, "the agent cannot be revoked");
    // On the connection that is open already, and on a new one.
    for connection in ["kept", "new"] {
        let body = json!({
            "protocol": 1, "nonce": agent.nonce, "agentVersion": "1", "waitSeconds": 0, "runs": [],
            "health": {"code": "IDLE", "details": ""},
        });
        let body = Bytes::from(body.to_string());
        let answer = agent.client.send(Method::POST, "/agent/v1/heartbeat", &[], body).await?;
        refused(&format!("a revoked certificate on a {connection} connection"), &answer, 401, "CERTIFICATE_REVOKED")?;
        let headers = [(CONTENT_SHA256, sha256_hex(b"x"))];
        let path =
            crate::agent::chunk_path("arn:aws:inspector:us-east-1:123456789012:target/0-a/template/0-b/run/0-c", 0);
        let answer = agent.client.send(Method::PUT, &path, &headers, Bytes::from_static(b"x")).await?;
        refused("a chunk of a revoked agent", &answer, 401, "CERTIFICATE_REVOKED")?;
        agent.client = Client::new(endpoint.clone(), Some(&agent.identity))?;
    }
    Ok("a revoked certificate 401".into())
}
