//! A server of the agent's protocol: small, over real TLS, with hooks to disturb it.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use yagura_wire::{
    EnrollAnswer, EnrollRequest, EnrolmentToken, ErrorBody, ErrorCode, GoodbyeAnswer, HeartbeatAnswer,
    HeartbeatRequest, Instruction, PROTOCOL, sha256_hex,
};

pub(crate) const AGENT_ID: &str = "i-0123456789abcdef0";
pub(crate) const RUN: &str = "arn:aws:inspector:us-west-2:123456789012:target/0-a/template/0-b/run/0-c";
const TIME: &str = "2026-11-25T10:00:00Z";

/// A certificate authority.
pub(crate) struct Ca {
    params: CertificateParams,
    key: KeyPair,
    pub(crate) pem: String,
    der: CertificateDer<'static>,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, "test CA");
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().clone(), params, key }
    }

    pub(crate) fn sha256(&self) -> String {
        sha256_hex(&self.der)
    }

    /// Returns a token that pins this CA.
    pub(crate) fn token(&self) -> String {
        EnrolmentToken::new("abcdefghij", [7; 32], &self.sha256()).unwrap().expose()
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    fn server_config(&self) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap()
    }
}

/// What the server has seen.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) enrolments: Vec<EnrollRequest>,
    pub(crate) heartbeats: Vec<HeartbeatRequest>,
    pub(crate) chunks: BTreeMap<u32, Vec<u8>>,
    /// Every chunk that came, doubles included.
    pub(crate) chunk_calls: usize,
    pub(crate) goodbyes: usize,
    pub(crate) errors: Vec<String>,
}

/// What the server does from now on.
#[derive(Default)]
pub(crate) struct Orders {
    pub(crate) instruct: bool,
    /// Keeps this chunk and then says nothing.
    pub(crate) hang_after_chunk: Option<u32>,
    /// Holds heartbeats for as long as they ask for.
    pub(crate) hold: bool,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Seen>,
    orders: Mutex<Orders>,
    changed: Condvar,
}

pub(crate) struct TestServer {
    pub(crate) ca: Ca,
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl TestServer {
    /// A server whose certificate is of the CA that it shows.
    pub(crate) fn start() -> Self {
        let ca = Ca::new();
        let config = ca.server_config();
        Self::serve(ca, config)
    }

    /// Somebody who shows a CA without having its key.
    pub(crate) fn impostor(shown: Ca) -> Self {
        Self::serve(shown, Ca::new().server_config())
    }

    fn serve(ca: Ca, config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let config = Arc::new(config);
        let (ca_pem, key) = (ca.pem.clone(), ca.key.serialize_pem());
        let params = ca.params.clone();
        let there = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, shared, ca_pem) = (Arc::clone(&config), Arc::clone(&there), ca_pem.clone());
                let signer = Signer { params: params.clone(), key: key.clone() };
                std::thread::spawn(move || {
                    if let Err(error) = converse(stream, config, &shared, &ca_pem, &signer) {
                        shared.seen.lock().unwrap().errors.push(error.to_string());
                    }
                });
            }
        });
        Self { ca, address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.shared.seen.lock().unwrap())
    }

    pub(crate) fn order(&self, change: impl FnOnce(&mut Orders)) {
        change(&mut self.shared.orders.lock().unwrap());
    }

    /// Waits until the server has seen something. The time is a bound for a test that fails, and no part of one that
    /// does not.
    pub(crate) fn wait_for(&self, what: &str, mut done: impl FnMut(&Seen) -> bool) {
        let seen = self.shared.seen.lock().unwrap();
        let limit = Duration::from_secs(60);
        let (seen, timeout) = self.shared.changed.wait_timeout_while(seen, limit, |seen| !done(seen)).unwrap();
        assert!(!timeout.timed_out(), "no {what}; {:?}", seen.errors);
    }
}

struct Signer {
    params: CertificateParams,
    key: String,
}

impl Signer {
    fn sign(&self, csr_pem: &str) -> String {
        let mut csr = CertificateSigningRequestParams::from_pem(csr_pem).unwrap();
        csr.params.distinguished_name = rcgen::DistinguishedName::new();
        csr.params.distinguished_name.push(DnType::CommonName, AGENT_ID);
        let key = KeyPair::from_pem(&self.key).unwrap();
        csr.signed_by(&Issuer::from_params(&self.params, &key)).unwrap().pem()
    }
}

struct Request {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

type Stream = StreamOwned<ServerConnection, TcpStream>;

fn converse(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    shared: &Shared,
    ca_pem: &str,
    signer: &Signer,
) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream: BufReader<Stream> = BufReader::new(StreamOwned::new(connection, stream));
    while let Some(request) = next_request(&mut stream)? {
        let known = stream.get_ref().conn.peer_certificates().is_some();
        let Some((status, body)) = answer(&request, known, shared, ca_pem, signer) else {
            // Silence until the other side is gone.
            let _ = stream.read(&mut [0]);
            return Ok(());
        };
        let stream = stream.get_mut();
        write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len())?;
        stream.write_all(&body)?;
        stream.flush()?;
    }
    Ok(())
}

fn next_request(stream: &mut BufReader<Stream>) -> io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line) {
            Ok(0) if lines.is_empty() => return Ok(None),
            // A killed agent closes without TLS's goodbye.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && lines.is_empty() => return Ok(None),
            read => read?,
        };
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let line = lines.remove(0);
    let headers: BTreeMap<String, String> = lines
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(Request { line, headers, body }))
}

/// `None` is silence.
fn answer(request: &Request, known: bool, shared: &Shared, ca_pem: &str, signer: &Signer) -> Option<(u16, Vec<u8>)> {
    let mut words = request.line.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let refuse = |code: ErrorCode| (code.status(), yagura_wire::write(&ErrorBody::new(code, "refused")).unwrap());
    let reply = match (method, path) {
        ("GET", "/agent/v1/ca") => (200, ca_pem.as_bytes().to_vec()),
        ("POST", "/agent/v1/enroll") => {
            let asked: EnrollRequest = yagura_wire::read(&request.body).unwrap();
            let certificate_pem = signer.sign(&asked.csr_pem);
            shared.seen.lock().unwrap().enrolments.push(asked);
            let answer = EnrollAnswer {
                protocol: PROTOCOL,
                agent_id: AGENT_ID.to_owned(),
                certificate_pem,
                ca_pem: ca_pem.to_owned(),
                renew_after: "2090-01-01T00:00:00Z".parse().unwrap(),
                nonce: "nonce-0".to_owned(),
            };
            (200, yagura_wire::write(&answer).unwrap())
        }
        _ if !known => refuse(ErrorCode::CertificateRequired),
        ("POST", "/agent/v1/heartbeat") => (200, heartbeat(request, shared)),
        ("POST", "/agent/v1/goodbye") => {
            shared.seen.lock().unwrap().goodbyes += 1;
            (200, yagura_wire::write(&GoodbyeAnswer { protocol: PROTOCOL }).unwrap())
        }
        ("PUT", path) => {
            let number: u32 = path.rsplit('/').next().unwrap().parse().unwrap();
            assert_eq!(path, format!("/agent/v1/runs/{}/chunks/{number}", RUN.replace(':', "%3A").replace('/', "%2F")));
            assert_eq!(request.headers["content-sha256"], sha256_hex(&request.body));
            let mut seen = shared.seen.lock().unwrap();
            seen.chunk_calls += 1;
            let kept = seen.chunks.entry(number).or_insert_with(|| request.body.clone());
            let is_same = *kept == request.body;
            if !is_same {
                seen.errors.push(format!("chunk {number} came with another content"));
            }
            drop(seen);
            shared.changed.notify_all();
            if shared.orders.lock().unwrap().hang_after_chunk == Some(number) {
                return None;
            }
            (200, format!("{{\"acknowledged\":{number},\"next\":{}}}", number + 1).into_bytes())
        }
        _ => (404, b"not found".to_vec()),
    };
    shared.changed.notify_all();
    Some(reply)
}

fn heartbeat(request: &Request, shared: &Shared) -> Vec<u8> {
    let asked: HeartbeatRequest = yagura_wire::read(&request.body).unwrap();
    let wait = Duration::from_secs(u64::from(asked.wait_seconds));
    let is_new = !asked.runs.iter().any(|run| run.run == RUN);
    let count = {
        let mut seen = shared.seen.lock().unwrap();
        seen.heartbeats.push(asked);
        seen.heartbeats.len()
    };
    shared.changed.notify_all();
    let (instruct, hold) = {
        let orders = shared.orders.lock().unwrap();
        (orders.instruct && is_new, orders.hold)
    };
    if hold && !instruct {
        std::thread::sleep(wait);
    }
    let instruction = Instruction {
        instruction_id: "1".to_owned(),
        run: RUN.to_owned(),
        collect: vec!["inventory".to_owned(), "settings".to_owned()],
        known_digest: None,
        chunk_bytes_max: yagura_wire::bounds::CHUNK_BYTES_MIN,
        deadline: "2090-01-01T00:00:00Z".parse().unwrap(),
    };
    let answer = HeartbeatAnswer {
        protocol: PROTOCOL,
        nonce: format!("nonce-{count}"),
        instructions: if instruct { vec![instruction] } else { Vec::new() },
        stop: Vec::new(),
        heartbeat_seconds: 1,
        renew: false,
        server_time: TIME.parse().unwrap(),
    };
    yagura_wire::write(&answer).unwrap()
}
