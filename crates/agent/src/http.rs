//! The transport over TLS: one server, one CA, HTTP/1.1, nothing but outbound.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Response, Uri};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};
use ureq::{Agent, Body};
use yagura_wire::bounds::{BODY_BYTES_MAX, PEM_BYTES_MAX, TEXT_BYTES_MAX};
use yagura_wire::{
    CONTENT_SHA256, ChunkAnswer, EnrollAnswer, EnrollRequest, ErrorBody, GoodbyeAnswer, GoodbyeRequest,
    HeartbeatAnswer, HeartbeatRequest, Message, RenewAnswer, RenewRequest,
};

use crate::agent::VERSION;
use crate::state::Identity;
use crate::stop::Stop;
use crate::transport::{CallError, Transport};

/// For the name, the connection and its encryption.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// For a call that the server does not hold.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// What a heartbeat may take beyond the time for which it asks to be held.
const HEARTBEAT_GRACE: Duration = Duration::from_secs(20);
/// Seconds that a `Retry-After` may ask for.
const RETRY_AFTER_SECONDS_MAX: u64 = 3600;
/// Bytes of the headers of an answer.
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// The server's address: `https://HOST:PORT`, nothing behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl(String);

/// Why a text is no server's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a server's address: {why}")]
pub struct UrlError {
    text: String,
    why: &'static str,
}

impl ServerUrl {
    /// Reads `https://HOST`, `https://HOST:PORT` or `HOST:PORT`.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let error = |why| UrlError { text: text.chars().filter(|c| !c.is_control()).take(200).collect(), why };
        if text.len() > TEXT_BYTES_MAX {
            return Err(error("it is too long"));
        }
        let rest = match text.trim().split_once("://") {
            Some(("https", rest)) => rest,
            Some(_) => return Err(error("agents speak `https` only")),
            None => text.trim(),
        };
        let whole = format!("https://{}", rest.trim_end_matches('/'));
        let uri: Uri = whole.parse().map_err(|_| error("write `https://HOST:PORT`"))?;
        let plain = uri.path_and_query().is_none_or(|rest| rest.as_str() == "/");
        match uri.authority() {
            Some(authority) if plain && !authority.as_str().contains('@') && !authority.host().is_empty() => {
                Ok(Self(whole))
            }
            _ => Err(error("write `https://HOST:PORT`")),
        }
    }

    /// Returns the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn host(&self) -> &str {
        let rest = self.0.strip_prefix("https://").unwrap_or(&self.0);
        match rest.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or(v6),
            None => rest.split(':').next().unwrap_or(rest),
        }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The proxy on the way to the server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxy {
    /// The proxy: `http://HOST:PORT`.
    pub url: Option<String>,
    /// Hosts that are reached without it, by commas: `localhost,.example.org`.
    pub exceptions: Option<String>,
}

impl Proxy {
    /// Reads `https_proxy` and `no_proxy`, in small or capital letters; the small ones are asked first.
    pub fn from_environment(read: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&str; 2]| names.into_iter().find_map(&read).filter(|value| !value.is_empty());
        Self { url: first(["https_proxy", "HTTPS_PROXY"]), exceptions: first(["no_proxy", "NO_PROXY"]) }
    }

    fn is_bypassed(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let entries = self.exceptions.as_deref().unwrap_or_default().split(',').map(|entry| entry.trim());
        entries.filter(|entry| !entry.is_empty()).any(|entry| {
            let entry = entry.to_ascii_lowercase();
            let suffix = entry.trim_start_matches('*').trim_start_matches('.');
            entry == "*" || host == suffix || host.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'))
        })
    }

    fn for_server(&self, server: &ServerUrl) -> Result<Option<ureq::Proxy>, ureq::Error> {
        match &self.url {
            Some(url) if !self.is_bypassed(server.host()) => ureq::Proxy::new(url).map(Some),
            _ => Ok(None),
        }
    }
}

/// Whom a connection trusts and as whom it speaks.
enum Trust<'a> {
    /// Anybody, for the one call that fetches the CA, which is then compared with the pin.
    Anybody,
    /// The CA.
    Ca(&'a str),
    /// The CA, speaking with a certificate.
    CaAs(&'a str, &'a Identity),
}

fn agent(server: &ServerUrl, proxy: &Proxy, trust: &Trust<'_>) -> Result<Agent, ureq::Error> {
    let mut tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
        .disable_verification(matches!(trust, Trust::Anybody));
    if let Trust::Ca(ca) | Trust::CaAs(ca, _) = trust {
        tls = tls.root_certs(RootCerts::new_with_certs(&[Certificate::from_pem(ca.as_bytes())?]));
    }
    if let Trust::CaAs(_, identity) = trust {
        let certificate = Certificate::from_pem(identity.certificate_pem.as_bytes())?;
        let key = PrivateKey::from_pem(identity.key_pem.as_bytes())?;
        tls = tls.client_cert(Some(ClientCert::new_with_certs(&[certificate], key)));
    }
    let config = Agent::config_builder()
        .tls_config(tls.build())
        .https_only(true)
        .proxy(proxy.for_server(server)?)
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(format!("yagura-agent/{VERSION}"))
        .max_response_header_size(HEADER_BYTES_MAX)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(CALL_TIMEOUT))
        .build();
    Ok(config.new_agent())
}

/// Fetches the server's CA certificate, trusting nobody: the caller compares it with the pin.
pub(crate) fn fetch_ca(server: &ServerUrl, proxy: &Proxy) -> Result<String, CallError> {
    let agent = agent(server, proxy, &Trust::Anybody).map_err(|source| CallError::Identity { source })?;
    let response = agent.get(format!("{server}/agent/v1/ca")).call();
    let (status, retry_after, body) = received(server, response, PEM_BYTES_MAX)?;
    if status != 200 {
        return Err(refusal(server, status, retry_after, &body));
    }
    String::from_utf8(body).map_err(|_| CallError::Foreign { server: server.to_string(), status })
}

/// Asks for an identity over a connection that trusts the CA alone.
pub(crate) fn enroll(
    server: &ServerUrl,
    proxy: &Proxy,
    ca_pem: &str,
    request: &EnrollRequest,
) -> Result<EnrollAnswer, CallError> {
    let agent = agent(server, proxy, &Trust::Ca(ca_pem)).map_err(|source| CallError::Identity { source })?;
    let connection = Connection { agent, server: server.clone() };
    connection.post("enroll", request, CALL_TIMEOUT)
}

/// The transport of an enrolled agent.
pub(crate) struct HttpTransport {
    server: ServerUrl,
    proxy: Proxy,
    ca_pem: String,
    connection: RwLock<Arc<Connection>>,
}

impl HttpTransport {
    pub(crate) fn new(server: ServerUrl, proxy: Proxy, ca_pem: String, identity: &Identity) -> Result<Self, CallError> {
        let agent = agent(&server, &proxy, &Trust::CaAs(&ca_pem, identity));
        let agent = agent.map_err(|source| CallError::Identity { source })?;
        let connection = RwLock::new(Arc::new(Connection { agent, server: server.clone() }));
        Ok(Self { server, proxy, ca_pem, connection })
    }

    fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for HttpTransport {
    fn heartbeat(&self, request: &HeartbeatRequest, stop: &Stop) -> Result<HeartbeatAnswer, CallError> {
        let timeout = Duration::from_secs(u64::from(request.wait_seconds)).saturating_add(HEARTBEAT_GRACE);
        if request.wait_seconds == 0 {
            return self.connection().post("heartbeat", request, timeout);
        }
        // A held call cannot be woken. It runs on a thread of its own, which is left behind when somebody wants to
        // stop and ends with its timeout; the server takes the nonce before the one that it gave in vain.
        let answer = Arc::new(Mutex::new(None));
        let (connection, request, stop_there) = (self.connection(), request.clone(), stop.clone());
        let slot = Arc::clone(&answer);
        let spawned = std::thread::Builder::new().name("heartbeat".to_owned()).spawn(move || {
            let result = connection.post("heartbeat", &request, timeout);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            stop_there.wake();
        });
        spawned.map_err(|source| CallError::Unreachable {
            server: self.server.to_string(),
            source: ureq::Error::Io(source),
        })?;
        stop.wait_until(|| answer.lock().unwrap_or_else(PoisonError::into_inner).is_some());
        let answer = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.unwrap_or(Err(CallError::Stopped))
    }

    fn put_chunk(&self, run: &str, number: u32, bytes: &[u8], sha256: &str) -> Result<ChunkAnswer, CallError> {
        let connection = self.connection();
        let url = format!("{}/agent/v1/runs/{}/chunks/{number}", self.server, percent_encoded(run));
        let request = connection.agent.put(url).header("content-type", "application/gzip");
        connection.answer(request.header(CONTENT_SHA256, sha256).send(bytes))
    }

    fn renew(&self, request: &RenewRequest) -> Result<RenewAnswer, CallError> {
        self.connection().post("renew", request, CALL_TIMEOUT)
    }

    fn goodbye(&self, request: &GoodbyeRequest) -> Result<(), CallError> {
        // Nobody waits for a server that is away to say goodbye to it.
        self.connection().post::<_, GoodbyeAnswer>("goodbye", request, CONNECT_TIMEOUT).map(drop)
    }

    fn adopt(&self, identity: &Identity) -> Result<(), CallError> {
        let agent = agent(&self.server, &self.proxy, &Trust::CaAs(&self.ca_pem, identity));
        let agent = agent.map_err(|source| CallError::Identity { source })?;
        let fresh = Arc::new(Connection { agent, server: self.server.clone() });
        *self.connection.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

struct Connection {
    agent: Agent,
    server: ServerUrl,
}

impl Connection {
    fn post<Q, A>(&self, call: &str, request: &Q, timeout: Duration) -> Result<A, CallError>
    where
        Q: Message + Serialize,
        A: Message + DeserializeOwned,
    {
        let body = yagura_wire::write(request)?;
        let request = self.agent.post(format!("{}/agent/v1/{call}", self.server));
        let request = request.header("content-type", "application/json");
        self.answer(request.config().timeout_global(Some(timeout)).build().send(body.as_slice()))
    }

    fn answer<A: Message + DeserializeOwned>(
        &self,
        response: Result<Response<Body>, ureq::Error>,
    ) -> Result<A, CallError> {
        let (status, retry_after, body) = received(&self.server, response, BODY_BYTES_MAX)?;
        if status == 200 {
            return Ok(yagura_wire::read(&body)?);
        }
        Err(refusal(&self.server, status, retry_after, &body))
    }
}

type Received = (u16, Option<Duration>, Vec<u8>);

fn received(
    server: &ServerUrl,
    response: Result<Response<Body>, ureq::Error>,
    bytes_max: usize,
) -> Result<Received, CallError> {
    let mut response = response.map_err(|source| failure(server, source))?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let retry_after = retry_after.map(|seconds: u64| Duration::from_secs(seconds.min(RETRY_AFTER_SECONDS_MAX)));
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let body = response.body_mut().with_config().limit(limit).read_to_vec();
    Ok((status, retry_after, body.map_err(|source| failure(server, source))?))
}

/// Tells a server that is away from one that is not the one we know.
fn failure(server: &ServerUrl, source: ureq::Error) -> CallError {
    let server = server.to_string();
    let is_tls = match &source {
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => true,
        // rustls speaks through the socket's errors.
        ureq::Error::Io(error) => error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()),
        _ => false,
    };
    if is_tls { CallError::Untrusted { server, source } } else { CallError::Unreachable { server, source } }
}

fn refusal(server: &ServerUrl, status: u16, retry_after: Option<Duration>, body: &[u8]) -> CallError {
    match yagura_wire::read::<ErrorBody>(body) {
        Ok(body) => CallError::Refused { status, body, retry_after },
        Err(_) => CallError::Foreign { server: server.to_string(), status },
    }
}

/// RFC 3986: everything but unreserved characters is written as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_the_others_are_explained() {
        for good in ["https://tower:8443", "tower:8443", "https://tower:8443/", "https://[::1]:8443", "192.0.2.1"] {
            ServerUrl::parse(good).unwrap();
        }
        assert_eq!(ServerUrl::parse("tower").unwrap().as_str(), "https://tower");
        assert_eq!(ServerUrl::parse("https://[::1]:8443").unwrap().host(), "::1");
        assert_eq!(ServerUrl::parse("https://tower:8443").unwrap().host(), "tower");
        for bad in ["http://tower", "", "https://", "https://tower/path", "https://u:p@tower", "a b", "https://tower?x"]
        {
            assert!(ServerUrl::parse(bad).is_err(), "{bad}");
        }
        assert!(ServerUrl::parse("ftp://tower").unwrap_err().to_string().contains("`https` only"));
    }

    #[test]
    fn a_proxy_has_exceptions() {
        let proxy = Proxy::from_environment(|name| match name {
            "HTTPS_PROXY" => Some("http://proxy:3128".into()),
            "no_proxy" => Some("localhost, .example.org,*.example.net,192.0.2.1".into()),
            _ => None,
        });
        let through = |server: &str| proxy.for_server(&ServerUrl::parse(server).unwrap()).unwrap().is_some();
        assert!(through("https://tower"));
        assert!(through("https://notexample.org"));
        for direct in ["localhost:8443", "a.example.org", "example.org", "b.example.net", "192.0.2.1:443", "LOCALHOST"]
        {
            assert!(!through(direct), "{direct}");
        }
        let everything = Proxy { exceptions: Some("*".into()), ..proxy };
        assert!(everything.for_server(&ServerUrl::parse("tower").unwrap()).unwrap().is_none());
        assert_eq!(Proxy::from_environment(|_| Some(String::new())), Proxy::default());
    }

    #[test]
    fn a_run_is_one_part_of_a_path() {
        assert_eq!(percent_encoded("arn:aws:x/0-a"), "arn%3Aaws%3Ax%2F0-a");
    }
}
