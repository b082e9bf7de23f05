//! Documents behind a signed link: found by whoever made the link, sent in bounded memory.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::mpsc;

use super::route::text;
use super::{Body, Connected, Server};

/// What the path of a report begins with.
pub(super) const PREFIX: &str = "/reports/";
/// Bytes of a piece that is sent.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces that wait for a slow client.
const PIECES_WAITING: usize = 4;

/// Opens the documents that links name. Blocking.
pub trait Reports: Send + Sync {
    /// Opens the document of a link. `path` is the whole path (`/reports/…`), `query` what stands
    /// behind the `?`.
    ///
    /// # Errors
    /// When the link opens nothing.
    fn open(&self, path: &str, query: &str) -> Result<ReportFile, ReportRefusal>;
}

/// A document to send.
pub struct ReportFile {
    /// `text/html; charset=utf-8`.
    pub content_type: String,
    /// The name under which a browser keeps it.
    pub file_name: Option<String>,
    /// How many bytes there are.
    pub bytes: Option<u64>,
    /// The bytes.
    pub reader: Box<dyn Read + Send>,
}

impl std::fmt::Debug for ReportFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReportFile").field("content_type", &self.content_type).finish_non_exhaustive()
    }
}

/// Why a link opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportRefusal {
    /// Nobody made it, or the document is gone.
    NotFound,
    /// Its time is over.
    Expired,
    /// The document cannot be read now.
    Unavailable,
}

pub(super) async fn answer(server: &Arc<Server>, connected: &Connected, request: &Request<Incoming>) -> Response<Body> {
    let Some(reports) = server.options.reports.clone() else {
        return text(StatusCode::NOT_FOUND, "there is nothing here\n");
    };
    if request.method() != Method::GET {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
    }
    if !server.rates.address(connected.address.ip()) {
        return text(StatusCode::TOO_MANY_REQUESTS, "too many requests\n");
    }
    let Ok(place) = Arc::clone(&server.reports_open).try_acquire_owned() else {
        return text(StatusCode::SERVICE_UNAVAILABLE, "too many reports are being sent; try again\n");
    };
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let opened = server.api_jobs.run(move || reports.open(&path, &query)).await;
    let file = match opened {
        Ok(Ok(file)) => file,
        Ok(Err(ReportRefusal::NotFound)) => return text(StatusCode::NOT_FOUND, "the link is not valid\n"),
        Ok(Err(ReportRefusal::Expired)) => return text(StatusCode::FORBIDDEN, "the link has expired\n"),
        Ok(Err(ReportRefusal::Unavailable)) | Err(_) => {
            return text(StatusCode::SERVICE_UNAVAILABLE, "the report cannot be read now\n");
        }
    };
    let ReportFile { content_type, file_name, bytes, mut reader } = file;
    let (send, pieces) = mpsc::channel(PIECES_WAITING);
    tokio::task::spawn_blocking(move || {
        pump(&mut *reader, &send);
        drop(place);
    });
    let mut response = Response::new(Pieces { pieces, bytes }.boxed());
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(CONTENT_TYPE, &content_type);
    put(CACHE_CONTROL, "private, no-store");
    put(HeaderName::from_static("x-content-type-options"), "nosniff");
    put(
        HeaderName::from_static("content-security-policy"),
        // The page's own policy names its one script by hash; both hold. The sandbox takes the
        // page out of this server's origin.
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-popups \
         allow-popups-to-escape-sandbox",
    );
    if let Some(bytes) = bytes {
        put(CONTENT_LENGTH, &bytes.to_string());
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if let Some(name) = file_name.filter(|name| name.bytes().all(plain)) {
        put(CONTENT_DISPOSITION, &format!("inline; filename=\"{name}\""));
    }
    response
}

/// Reads to the end, or until nobody takes the pieces any more.
fn pump(reader: &mut dyn Read, send: &mpsc::Sender<io::Result<Bytes>>) {
    loop {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let read = reader.take(u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX)).read_to_end(&mut piece);
        let (piece, over) = match read {
            Ok(0) => return,
            Ok(_) => (Ok(Bytes::from(piece)), false),
            Err(error) => (Err(error), true),
        };
        if send.blocking_send(piece).is_err() || over {
            return;
        }
    }
}

/// A body of pieces that somebody reads.
struct Pieces {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    bytes: Option<u64>,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = std::task::ready!(self.pieces.poll_recv(cx));
        if let (Some(Ok(piece)), Some(left)) = (&piece, self.bytes) {
            self.bytes = left.checked_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        self.bytes.map(SizeHint::with_exact).unwrap_or_default()
    }
}
