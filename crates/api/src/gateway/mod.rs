//! The gateway: the calls of agents over HTTP.
//!
//! - this file: from a path to a call, from an outcome to an answer
//! - `poll`: a heartbeat that is held until there is something to do
//! - `waiting`: which agents are waited for, and who wakes them
//!
//! What a call does stands in `yagura_app::service::agents`. Here are bounds, rates, and the
//! record of what was refused.

mod poll;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use yagura_app::service::AppError;
use yagura_app::service::agents::{AgentError, CHUNK_BODY_BYTES_MAX, Peer, SentChunk};
use yagura_wire::bounds::BODY_BYTES_MAX;
use yagura_wire::{
    CONTENT_SHA256, EnrollRequest, ErrorBody, ErrorCode, GoodbyeAnswer, Message, PROTOCOL, RenewRequest,
};

pub(crate) use waiting::{Waiting, watch};

use crate::server::{Body, BodyError, Connected, JobError, Server, read_body, user_agent, whole};

/// What the path of every call begins with.
pub(crate) const PREFIX: &str = "/agent/v1/";
/// How long an agent that was told to come again stays away.
const RETRY_SECONDS: &str = "5";
const JSON: &str = "application/json";

/// A call of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Call {
    Ca,
    Enroll,
    Renew,
    Heartbeat,
    Goodbye,
    Chunk { run: String, number: u32 },
}

impl Call {
    const fn name(&self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::Enroll => "enroll",
            Self::Renew => "renew",
            Self::Heartbeat => "heartbeat",
            Self::Goodbye => "goodbye",
            Self::Chunk { .. } => "chunk",
        }
    }

    /// The bytes that its body may have.
    const fn body_bytes_max(&self) -> usize {
        match self {
            Self::Ca => 0,
            Self::Chunk { .. } => CHUNK_BODY_BYTES_MAX,
            Self::Enroll | Self::Renew | Self::Heartbeat | Self::Goodbye => BODY_BYTES_MAX,
        }
    }
}

/// Finds the call that a request is.
fn find(method: &Method, path: &str) -> Option<Call> {
    let rest = path.strip_prefix(PREFIX)?;
    match (method.as_str(), rest) {
        ("GET", "ca") => Some(Call::Ca),
        ("POST", "enroll") => Some(Call::Enroll),
        ("POST", "renew") => Some(Call::Renew),
        ("POST", "heartbeat") => Some(Call::Heartbeat),
        ("POST", "goodbye") => Some(Call::Goodbye),
        ("PUT", _) => {
            let (run, number) = rest.strip_prefix("runs/")?.split_once("/chunks/")?;
            let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            let number = number.parse().ok().filter(|_| plain)?;
            Some(Call::Chunk { run: percent_decoded(run)?, number })
        }
        _ => None,
    }
}

/// Decodes `%3A`; `None` where that is no text.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            bytes.push(digit(rest.next())? << 4 | digit(rest.next())?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was refused.
    Agent(AgentError),
    /// The body did not come in time, or broke off: there is nobody to answer to.
    Gone,
}

impl From<AgentError> for Failure {
    fn from(error: AgentError) -> Self {
        Self::Agent(error)
    }
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        Self::Agent(match error {
            JobError::Busy => AgentError::refused(ErrorCode::Throttled, "the server is busy"),
            JobError::Failed => AgentError::Service(AppError::internal("a job failed")),
        })
    }
}

/// Answers a call of an agent.
pub(crate) async fn answer(server: &Arc<Server>, connected: &Connected, request: Request<Incoming>) -> Response<Body> {
    let Some(call) = find(request.method(), request.uri().path()) else {
        let body = ErrorBody::new(ErrorCode::BadRequest, "there is no such call");
        return json(StatusCode::NOT_FOUND, &body);
    };
    let (parts, body) = request.into_parts();
    let peer = Peer {
        certificate: connected.agent.clone(),
        source_ip: connected.address.ip().to_canonical().to_string(),
        user_agent: user_agent(&parts.headers),
        request_id: uuid::Uuid::new_v4().to_string(),
    };
    let allowed = match &peer.certificate {
        Some(identity) => server.rates.agent(&identity.agent_id),
        None => server.rates.address(connected.address.ip()),
    };
    if !allowed {
        return refusal(&AgentError::refused(ErrorCode::Throttled, "too many requests"));
    }
    match work(server, &peer, &call, &parts, body).await {
        Ok(response) => response,
        Err(Failure::Gone) => {
            let mut response = json(
                StatusCode::REQUEST_TIMEOUT,
                &ErrorBody {
                    retry: true,
                    ..ErrorBody::new(ErrorCode::BadRequest, "the request did not come whole in time")
                },
            );
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            response
        }
        Err(Failure::Agent(error)) => {
            if error.is_recorded() {
                if !server.rates.refused(connected.address.ip()) {
                    return refusal(&AgentError::refused(ErrorCode::Throttled, "too many refused requests"));
                }
                record(server, peer, &call, &error).await;
            } else if let AgentError::Service(error) = &error {
                tracing::error!(request.id = %peer.request_id, call = call.name(), error = ?error, "a call of an agent failed");
            }
            refusal(&error)
        }
    }
}

async fn work(
    server: &Arc<Server>,
    peer: &Peer,
    call: &Call,
    parts: &Parts,
    body: Incoming,
) -> Result<Response<Body>, Failure> {
    // Nothing is read of whoever has no certificate where one is needed.
    if peer.certificate.is_none() && !matches!(call, Call::Ca | Call::Enroll) {
        return Err(
            AgentError::refused(ErrorCode::CertificateRequired, "this call needs an agent's certificate").into()
        );
    }
    let body = match read_body(body, call.body_bytes_max(), server.options.body_patience).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => {
            let message = format!("the body has more than {} bytes", call.body_bytes_max());
            return Err(AgentError::refused(ErrorCode::TooLarge, message).into());
        }
        Err(BodyError::TooSlow | BodyError::Broken) => return Err(Failure::Gone),
    };
    let (app, caller) = (Arc::clone(&server.app), peer.clone());
    match call {
        Call::Ca => {
            let mut response = Response::new(whole(app.authority.certificate_pem().to_owned()));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-pem-file"));
            Ok(response)
        }
        Call::Enroll => {
            let request: EnrollRequest = yagura_wire::read(&body).map_err(AgentError::from)?;
            let answer = server.agent_jobs.run(move || app.enrol(&caller, &request)).await??;
            Ok(json(StatusCode::OK, &answer))
        }
        Call::Renew => {
            let request: RenewRequest = of_peer(peer, &body)?;
            let answer = server.agent_jobs.run(move || app.renew(&caller, &request)).await??;
            Ok(json(StatusCode::OK, &answer))
        }
        Call::Heartbeat => {
            let answer = poll::heartbeat(server, peer, of_peer(peer, &body)?).await?;
            Ok(json(StatusCode::OK, &answer))
        }
        Call::Goodbye => {
            let request = of_peer(peer, &body)?;
            server.agent_jobs.run(move || app.goodbye(&caller, &request)).await??;
            Ok(json(StatusCode::OK, &GoodbyeAnswer { protocol: PROTOCOL }))
        }
        Call::Chunk { run, number } => {
            let (run, number) = (run.clone(), *number);
            let sha256 = parts.headers.get(CONTENT_SHA256).and_then(|value| value.to_str().ok());
            let sha256 = sha256.unwrap_or_default().to_ascii_lowercase();
            let answer = server
                .agent_jobs
                .run(move || app.take_chunk(&caller, SentChunk { run: &run, number, sha256: &sha256, body: &body }));
            Ok(json(StatusCode::OK, &answer.await??))
        }
    }
}

/// What a body may say of who sent it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claim {
    agent_id: Option<String>,
}

/// Reads a message, and refuses one that says to be from another agent than the certificate's.
fn of_peer<M: Message + DeserializeOwned>(peer: &Peer, body: &Bytes) -> Result<M, AgentError> {
    let message = yagura_wire::read(body)?;
    let claimed = serde_json::from_slice::<Claim>(body).ok().and_then(|claim| claim.agent_id);
    let own = peer.certificate.as_ref().map(|identity| identity.agent_id.as_str());
    match claimed {
        Some(claimed) if own != Some(claimed.as_str()) => {
            let message = format!("the certificate is not that of agent `{claimed}`");
            Err(AgentError::refused(ErrorCode::AgentMismatch, message))
        }
        _ => Ok(message),
    }
}

async fn record(server: &Arc<Server>, peer: Peer, call: &Call, error: &AgentError) {
    let Some(unrecorded) = server.refusals.next() else { return };
    let (app, name) = (Arc::clone(&server.app), call.name());
    let told = AgentError::refused(error.code(), error.to_string());
    let recorded = server.agent_jobs.run(move || app.record_agent_refusal(&peer, name, &told, unrecorded)).await;
    if !matches!(recorded, Ok(Ok(()))) {
        tracing::error!(call = name, "a refused agent could not be recorded: {error}");
    }
}

fn refusal(error: &AgentError) -> Response<Body> {
    let code = error.code();
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, &error.body());
    if code.is_retried() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
    }
    if code == ErrorCode::TooLarge {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn json(status: StatusCode, message: &impl serde::Serialize) -> Response<Body> {
    let mut response = match serde_json::to_vec(message) {
        Ok(body) => Response::new(whole(body)),
        Err(_) => Response::new(whole(Bytes::new())),
    };
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

/// How long to wait at most for what another server may have made ready.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_by_method_and_path() {
        let find = |method: &str, path: &str| find(&method.parse().unwrap(), path);
        assert_eq!(find("GET", "/agent/v1/ca"), Some(Call::Ca));
        assert_eq!(find("POST", "/agent/v1/ca"), None);
        let run = "arn:aws:inspector:us-west-2:123456789012:target/0-a/template/0-b/run/0-c";
        let encoded = run.replace(':', "%3A").replace('/', "%2f");
        let chunk = Some(Call::Chunk { run: run.to_owned(), number: 7 });
        assert_eq!(find("PUT", &format!("/agent/v1/runs/{encoded}/chunks/7")), chunk);
        for number in ["", "-1", "+1", "x", "4294967296", "1/2"] {
            assert_eq!(find("PUT", &format!("/agent/v1/runs/{encoded}/chunks/{number}")), None, "{number}");
        }
        for run in ["%", "%3", "%zz", "%ff"] {
            assert_eq!(find("PUT", &format!("/agent/v1/runs/{run}/chunks/0")), None, "{run}");
        }
    }
}
