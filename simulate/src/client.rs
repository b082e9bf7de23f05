//! HTTP/1.1 over TLS as agents and clients of the API speak it: one kept connection, opened anew when it is gone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// For the connection and its handshake; a thousand that come at once wait for each other.
const CONNECT_PATIENCE: Duration = Duration::from_secs(60);
/// For an answer; longer than a heartbeat is held.
const ANSWER_PATIENCE: Duration = Duration::from_secs(120);

/// Where a server listens, and whom to trust there.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    pub(crate) ca_pem: String,
}

impl Endpoint {
    /// Reads `https://127.0.0.1:8443`.
    pub(crate) fn new(url: &str, ca_pem: String) -> Result<Self> {
        let address = url.trim().trim_end_matches('/').strip_prefix("https://");
        let address = address.and_then(|address| address.parse().ok());
        let address = address.with_context(|| format!("`{url}` is not https://ADDRESS:PORT"))?;
        Ok(Self { address, ca_pem })
    }

    /// Returns the `Host` header.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }
}

/// A certificate and its key, both in PEM.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Reads the body as JSON; what is none is null.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text, for a person.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One client.
pub(crate) struct Client {
    endpoint: Endpoint,
    tls: Arc<ClientConfig>,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// A client that has no connection yet.
    pub(crate) fn new(endpoint: Endpoint, identity: Option<&Identity>) -> Result<Self> {
        let tls = Arc::new(config(&endpoint.ca_pem, identity)?);
        Ok(Self { endpoint, tls, sender: None })
    }

    /// Sends a request on the kept connection, and once more on a new one where that had been closed meanwhile.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: Bytes,
    ) -> Result<Answer> {
        let kept = self.sender.is_some();
        match self.send_once(&method, path, headers, body.clone()).await {
            Err(_) if kept => self.send_once(&method, path, headers, body).await,
            outcome => outcome,
        }
    }

    async fn send_once(
        &mut self,
        method: &Method,
        path: &str,
        headers: &[(&str, String)],
        body: Bytes,
    ) -> Result<Answer> {
        let mut sender = match self.sender.take() {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        sender.ready().await?;
        let mut request = Request::builder().method(method).uri(path).header("host", self.endpoint.host());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let sent = sender.send_request(request.body(Full::new(body))?);
        let answer = tokio::time::timeout(ANSWER_PATIENCE, sent).await.context("no answer in time")??;
        let closes = closes(&answer);
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if !closes {
            self.sender = Some(sender);
        }
        Ok(Answer { status: status.as_u16(), body })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let stream = tokio::time::timeout(CONNECT_PATIENCE, tls(&self.endpoint, &self.tls)).await;
        let (sender, connection) = handshake(TokioIo::new(stream.context("no connection in time")??)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

fn closes<B>(answer: &Response<B>) -> bool {
    answer.headers().get("connection").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
}

/// Opens a TLS connection.
pub(crate) async fn tls(endpoint: &Endpoint, config: &Arc<ClientConfig>) -> Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(endpoint.address).await?;
    socket.set_nodelay(true)?;
    let name = ServerName::IpAddress(endpoint.address.ip().into());
    Ok(TlsConnector::from(Arc::clone(config)).connect(name, socket).await?)
}

/// Trusts the CA, and speaks as whoever the identity says.
pub(crate) fn config(ca_pem: &str, identity: Option<&Identity>) -> Result<ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).context("the CA is no certificate")?)?;
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let Some(identity) = identity else { return Ok(builder.with_no_client_auth()) };
    let certificate = CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes())?;
    Ok(builder.with_client_auth_cert(vec![certificate], key)?)
}

/// Whether an answer is a success; else its text is the error.
pub(crate) fn accepted(what: &str, answer: Answer) -> Result<Answer> {
    if answer.status != StatusCode::OK.as_u16() {
        bail!("{what}: status {}: {}", answer.status, answer.text());
    }
    Ok(answer)
}

#[test]
fn an_endpoint_is_an_address_and_a_port() {
    let endpoint = Endpoint::new("https://127.0.0.1:8443\n", String::new()).unwrap();
    assert_eq!(endpoint.host(), "127.0.0.1:8443");
    assert!(Endpoint::new("http://127.0.0.1:1", String::new()).is_err());
    assert!(Endpoint::new("https://127.0.0.1", String::new()).is_err());
}
