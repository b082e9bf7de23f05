//! The way of a request to its answer.

use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use yagura_app::service::AppError;

use super::{Body, Connected, JobError, Server, aws, reports};
use crate::gateway;

/// Answers a request.
pub(super) async fn answer(server: Arc<Server>, request: Request<Incoming>) -> Response<Body> {
    let Some(connected) = request.extensions().get::<Connected>().cloned() else {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "the connection is unknown\n");
    };
    let path = request.uri().path();
    if path.starts_with(gateway::PREFIX) {
        return gateway::answer(&server, &connected, request).await;
    }
    if path == "/" {
        return aws::answer(server, connected, request).await;
    }
    if path == "/healthz" {
        return health(&server, request.method()).await;
    }
    if path.starts_with(reports::PREFIX) {
        return reports::answer(&server, &connected, &request).await;
    }
    text(StatusCode::NOT_FOUND, "there is nothing here\n")
}

/// Tells whether the store answers.
async fn health(server: &Arc<Server>, method: &Method) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
    }
    let app = Arc::clone(&server.app);
    let read = server.api_jobs.run(move || app.store.read(|tx| Ok::<_, AppError>(tx.run_by_seq(0)?.is_none())));
    match read.await {
        Ok(Ok(_)) => text(StatusCode::OK, "ok\n"),
        Ok(Err(_)) | Err(JobError::Busy | JobError::Failed) => {
            text(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n")
        }
    }
}

/// An answer of plain text.
pub(super) fn text(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(whole(text.as_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// A body that is there at once.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}
