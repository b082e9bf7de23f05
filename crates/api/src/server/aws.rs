//! `POST /`: AWS JSON 1.1. Who signed it, and the answer of the operation.
//!
//! A body beyond [`BODY_BYTES_MAX`] is answered with status 413 and
//! `RequestEntityTooLargeException`, as API Gateway's front does; the connection closes after it.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use yagura_app::service::agents::UnknownRefusal;
use yagura_app::service::{AppError, Caller, Via};
use yagura_identity::secrets::SecretText;
use yagura_identity::sigv4::{self, Header, Presented, SignatureError};
use yagura_model::service::Scope;

use super::route::whole;
use super::{Body, BodyError, Connected, JobError, Server, read_body};
use crate::dispatch::{self, Reply};

/// Bytes of a request's body. The longest honest one lists 100 ARNs and 50 attributes.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Characters of what a client calls itself that are kept.
const USER_AGENT_CHARS_MAX: usize = 512;
/// Seconds after which a client that was told to slow down may come again.
const RETRY_SECONDS: &str = "1";

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const TARGET: &str = "x-amz-target";
const JSON: &str = "application/x-amz-json-1.1";

/// A refusal before the caller is known.
struct Stranger {
    name: &'static str,
    message: String,
    status: u16,
    access_key_id: Option<String>,
}

impl Stranger {
    fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, message: message.into(), status: 400, access_key_id: None }
    }

    fn signature(error: &SignatureError, access_key_id: Option<&str>) -> Self {
        Self { access_key_id: access_key_id.map(str::to_owned), ..Self::new(error.aws_name(), error.to_string()) }
    }
}

/// What became of a request whose caller was looked up.
enum Outcome {
    Answered(Reply),
    Refused(Stranger),
    /// The caller is known and asks too often.
    Throttled,
}

/// A request whose body is there.
struct Whole {
    parts: Parts,
    body: hyper::body::Bytes,
    source_ip: String,
    request_id: String,
}

pub(super) async fn answer(server: Arc<Server>, connected: Connected, request: Request<Incoming>) -> Response<Body> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let (parts, body) = request.into_parts();
    if !server.rates.address(connected.address.ip()) {
        return throttled(&request_id);
    }
    let source_ip = connected.address.ip().to_canonical().to_string();
    let refused = match accepts(&parts) {
        Err(stranger) => stranger,
        Ok(()) => match read_body(body, BODY_BYTES_MAX, server.options.body_patience).await {
            Ok(body) => {
                let whole =
                    Whole { parts: parts.clone(), body, source_ip: source_ip.clone(), request_id: request_id.clone() };
                let working = Arc::clone(&server);
                match server.api_jobs.run(move || work(&working, &whole)).await {
                    Ok(Outcome::Answered(reply)) => return response(reply, &request_id),
                    Ok(Outcome::Refused(stranger)) => stranger,
                    Ok(Outcome::Throttled) | Err(JobError::Busy) => return throttled(&request_id),
                    Err(JobError::Failed) => {
                        return response(
                            dispatch::refuse_unknown_caller("InternalException", "internal error"),
                            &request_id,
                        );
                    }
                }
            }
            Err(BodyError::TooLarge) => Stranger {
                status: 413,
                ..Stranger::new(
                    "RequestEntityTooLargeException",
                    format!("the request has more than {BODY_BYTES_MAX} bytes"),
                )
            },
            Err(BodyError::TooSlow) => {
                Stranger { status: 408, ..Stranger::new("RequestTimeoutException", "the request did not come in time") }
            }
            Err(BodyError::Broken) => Stranger::new("SerializationException", "the request broke off"),
        },
    };
    // Whoever is refused again and again learns no more than to slow down, and fills no log.
    if !server.rates.refused(connected.address.ip()) {
        return throttled(&request_id);
    }
    record(&server, &refused, &parts, source_ip, request_id.clone()).await;
    let closes = refused.status != 400;
    let mut reply = dispatch::refuse_unknown_caller(refused.name, &refused.message);
    if refused.status != 400 {
        reply.status = refused.status;
    }
    let mut response = response(reply, &request_id);
    if closes {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What can be said before the body is there.
fn accepts(parts: &Parts) -> Result<(), Stranger> {
    if parts.method != Method::POST {
        let message = format!("the API takes POST, not {}", parts.method);
        return Err(Stranger { status: 405, ..Stranger::new("UnknownOperationException", message) });
    }
    let content_type = header(&parts.headers, "content-type");
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !matches!(kind.as_str(), "application/x-amz-json-1.1" | "application/x-amz-json-1.0" | "application/json") {
        return Err(Stranger::new("SerializationException", format!("the content type is `{kind}` and not `{JSON}`")));
    }
    Ok(())
}

/// Recognises the caller and calls the operation. Blocking.
fn work(server: &Server, request: &Whole) -> Outcome {
    let (caller, key_id) = match recognise(server, request) {
        Ok(known) => known,
        Err(Recognising::Refused(stranger)) => return Outcome::Refused(stranger),
        Err(Recognising::Failed(error)) => {
            tracing::error!(request.id = %request.request_id, error = ?error, "a caller could not be looked up");
            let name = match error {
                AppError::Temporary(_) => "ServiceTemporarilyUnavailableException",
                _ => "InternalException",
            };
            return Outcome::Answered(dispatch::refuse_unknown_caller(name, "the caller cannot be looked up now"));
        }
    };
    if !server.rates.key(&key_id) {
        return Outcome::Throttled;
    }
    Outcome::Answered(dispatch::answer(&server.app, &caller, header(&request.parts.headers, TARGET), &request.body))
}

enum Recognising {
    Refused(Stranger),
    Failed(AppError),
}

fn recognise(server: &Server, request: &Whole) -> Result<(Caller, String), Recognising> {
    let Parts { method, uri, headers, .. } = &request.parts;
    let mut list: Vec<Header<'_>> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    // HTTP/2 names the host in the request line.
    if let (None, Some(authority)) = (headers.get("host"), uri.authority()) {
        list.push(("host", authority.as_str().as_bytes()));
    }
    let query = uri.query().unwrap_or_default();
    let refuse = |error: &SignatureError, id: Option<&str>| Recognising::Refused(Stranger::signature(error, id));
    let presented = Presented::parse(&list, query).map_err(|error| refuse(&error, None))?;
    let id = presented.access_key_id();
    let now = server.app.now();
    let key = server.app.access_key(id).map_err(Recognising::Failed)?;
    // An unknown key costs as much time as a known one.
    let nobody = SecretText::new("");
    let secret = key.as_ref().map_or(&nobody, |key| &key.secret);
    let signed = sigv4::Request {
        method: method.as_str(),
        path: uri.path(),
        query,
        headers: &list,
        body_sha256: sigv4::body_sha256(&request.body),
    };
    let verified = presented.verify(&server.verifier, secret, &signed, now);
    let Some(key) = key else { return Err(refuse(&SignatureError::UnrecognizedClient, Some(id))) };
    verified.map_err(|error| refuse(&error, Some(id)))?;
    key.lets_in(presented.session_token(), now).map_err(|error| refuse(&error, Some(id)))?;
    let region = presented.region();
    let regions = &server.options.regions;
    let scope = Scope::new(&key.account, region)
        .filter(|_| regions.is_empty() || regions.iter().any(|known| known == region))
        .ok_or_else(|| {
            let reason = format!("Credential should be scoped to a valid region, not '{region}'.");
            refuse(&SignatureError::InvalidSignature { reason }, Some(id))
        })?;
    if let Err(error) = server.app.key_was_used(&key) {
        tracing::warn!(request.id = %request.request_id, "cannot remember the use of a key: {error}");
    }
    let caller = Caller {
        scope,
        user: key.user,
        role: key.role.unwrap_or_default(),
        access_key_id: Some(key.id),
        source_ip: request.source_ip.clone(),
        user_agent: user_agent(headers),
        request_id: request.request_id.clone(),
        via: Via::Api,
    };
    Ok((caller, id.to_owned()))
}

async fn record(server: &Arc<Server>, refused: &Stranger, parts: &Parts, source_ip: String, request_id: String) {
    let Some(unrecorded) = server.refusals.next() else { return };
    let app = Arc::clone(&server.app);
    let (reason, message, access_key_id) = (refused.name, refused.message.clone(), refused.access_key_id.clone());
    let target = header(&parts.headers, TARGET).to_owned();
    let user_agent = user_agent(&parts.headers);
    let recorded = server.api_jobs.run(move || {
        app.record_unknown_refusal(&UnknownRefusal {
            access_key_id: access_key_id.as_deref(),
            target: &target,
            reason,
            message: &message,
            source_ip: &source_ip,
            user_agent: &user_agent,
            request_id: &request_id,
            unrecorded,
        })
    });
    if !matches!(recorded.await, Ok(Ok(()))) {
        tracing::error!("a refused request could not be recorded: {reason}");
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// What a client calls itself, cut to a length that is kept.
pub(crate) fn user_agent(headers: &HeaderMap) -> String {
    header(headers, "user-agent").chars().take(USER_AGENT_CHARS_MAX).collect()
}

fn throttled(request_id: &str) -> Response<Body> {
    let mut response = response(dispatch::refuse_unknown_caller("ThrottlingException", "Rate exceeded"), request_id);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
    response
}

fn response(reply: Reply, request_id: &str) -> Response<Body> {
    let mut response = Response::new(whole(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(exception) = reply.exception {
        headers.insert(ERROR_TYPE, HeaderValue::from_static(exception));
    }
    response
}
