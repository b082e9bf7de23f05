//! One file over HTTP: conditional, resumed, bounded, tried again.
//!
//! What has come of a broken-off transfer stays in a part file, with a note beside it that says
//! of which state of which address it is a part. The next attempt, or the next run, asks for the
//! rest under the condition that the state is still the same (`If-Range`).

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{RequestBuilder, StatusCode, Url};
use serde::{Deserialize, Serialize};

use super::client::sort_error;
use super::{FetchError, Fetcher};
use crate::files;
use crate::lock::CancelFlag;
use crate::progress::{DocumentRef, Progress};
use crate::store::{Content, PartFile, Validators};

/// A part's note holds one address and two short texts.
const NOTE_BYTES_MAX: u64 = 64 * 1024;
/// A connection that fails is tried at most so often: a dead host must not cost minutes.
const CONNECT_ATTEMPTS_MAX: u32 = 2;
/// So many new bytes make an attempt a success of sorts, after which the count starts again.
const HEADWAY_BYTES: u64 = 1024 * 1024;
/// How soon a wait notices that the caller wants to stop.
const CANCEL_STEP: Duration = Duration::from_millis(50);
/// Longer ones are not kept; a real one has some dozens of bytes.
const VALIDATOR_BYTES_MAX: usize = 1024;

/// What to bring, and where to.
pub(super) struct Transfer<'a> {
    pub(super) url: &'a Url,
    pub(super) part: &'a Path,
    pub(super) bytes_max: u64,
    /// The state that the store has already.
    pub(super) known: Option<&'a Validators>,
}

pub(super) enum Response {
    /// The known state is the newest.
    NotModified,
    /// The part file is whole.
    Whole { content: Content, validators: Validators },
}

/// What the listener hears.
pub(super) enum Step {
    Started(Option<u64>),
    Advanced(u64),
}

impl Step {
    pub(super) fn tell(self, progress: &dyn Progress, what: DocumentRef) {
        match self {
            Self::Started(bytes_total) => progress.started(what, bytes_total),
            Self::Advanced(bytes) => progress.advanced(what, bytes),
        }
    }
}

/// What a part file is a part of.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    url: String,
    #[serde(flatten)]
    validators: Validators,
}

/// Why an attempt failed, and when to try again if at all.
struct Failure {
    error: FetchError,
    again: Again,
}

enum Again {
    Never,
    AtOnce,
    Later,
    After(Duration),
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let again = match &error {
            FetchError::Unreachable { .. } | FetchError::Timeout { .. } | FetchError::BrokenOff { .. } => Again::Later,
            _ => Again::Never,
        };
        Self { error, again }
    }
}

impl From<files::StoreError> for Failure {
    fn from(error: files::StoreError) -> Self {
        Self { error: error.into(), again: Again::Never }
    }
}

impl Transfer<'_> {
    pub(super) async fn run(&self, fetcher: &Fetcher<'_>, hear: &mut dyn FnMut(Step)) -> Result<Response, FetchError> {
        fetcher.web.check_up(self.url)?;
        let mut wait = fetcher.retry.first_wait;
        let mut failures = 0;
        let mut farthest = 0;
        loop {
            let attempt = tokio::time::timeout(fetcher.timeouts.transfer, self.attempt(fetcher, hear));
            let outcome = or_cancelled(fetcher.cancel, attempt).await?;
            let timed_out = |_| Failure::from(FetchError::Timeout { url: self.url.to_string() });
            let failure = match outcome.unwrap_or_else(|elapsed| Err(timed_out(elapsed))) {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            let reached = std::fs::metadata(self.part).map_or(0, |metadata| metadata.len());
            if reached >= farthest + HEADWAY_BYTES {
                (failures, farthest, wait) = (0, reached, fetcher.retry.first_wait);
            }
            failures += 1;
            let connecting = matches!(failure.error, FetchError::Unreachable { .. });
            let attempts = if connecting { CONNECT_ATTEMPTS_MAX } else { u32::MAX }.min(fetcher.retry.attempts);
            let pause = match failure.again {
                Again::Never => None,
                Again::AtOnce => Some(Duration::ZERO),
                Again::Later => Some(wait),
                Again::After(asked) => Some(asked.max(wait)),
            };
            let Some(pause) = pause.filter(|_| failures < attempts) else {
                fetcher.web.note_down(&failure.error);
                return Err(failure.error);
            };
            tracing::debug!(url = %self.url, failures, error = %failure.error, "trying again");
            or_cancelled(fetcher.cancel, tokio::time::sleep(pause.min(fetcher.retry.wait_max))).await?;
            wait = wait.saturating_mul(2).min(fetcher.retry.wait_max);
        }
    }

    async fn attempt(&self, fetcher: &Fetcher<'_>, hear: &mut dyn FnMut(Step)) -> Result<Response, Failure> {
        let client = fetcher.web.client(self.url, fetcher.timeouts)?;
        let (request, begun) = self.request(client.get(self.url.clone()))?;
        let sent = request.send().await.map_err(|error| sort_error(error, self.url))?;
        let headers = sent.headers();
        let validators = validators_of(headers);
        if sent.status().is_success() {
            self.check_encoding(headers)?;
            self.check_size(content_range(headers).map(|(_, total)| total).or(sent.content_length()).unwrap_or(0))?;
        }
        let (mut part, announced) = match sent.status() {
            StatusCode::NOT_MODIFIED => return Ok(Response::NotModified),
            StatusCode::PARTIAL_CONTENT if begun.is_some() => {
                let part = PartFile::resume(self.part)?;
                let total = content_range(headers).filter(|(start, _)| *start == part.bytes()).map(|(_, total)| total);
                let Some(total) = total else {
                    drop(part);
                    self.discard()?;
                    let why = "it sends another part than was asked for".to_owned();
                    let error = FetchError::Protocol { url: self.url.to_string(), why };
                    return Err(Failure { error, again: Again::AtOnce });
                };
                (part, Some(total))
            }
            StatusCode::RANGE_NOT_SATISFIABLE if begun.is_some() => {
                self.discard()?;
                return Err(Failure { error: self.status(sent.status()), again: Again::AtOnce });
            }
            StatusCode::OK => (self.start_anew(&validators)?, sent.content_length()),
            status => return Err(Failure { error: self.status(status), again: try_again(status, headers) }),
        };
        hear(Step::Started(announced));
        hear(Step::Advanced(part.bytes()));
        self.receive(sent, &mut part, hear).await?;
        if announced.is_some_and(|total| total != part.bytes()) {
            let why = "it sends fewer bytes than it announced".to_owned();
            return Err(FetchError::Protocol { url: self.url.to_string(), why }.into());
        }
        let content = part.finish()?;
        files::remove(&self.note_path())?;
        // A partial answer need not repeat what the whole one said.
        let begun = begun.filter(|_| validators == Validators::default());
        Ok(Response::Whole { content, validators: begun.unwrap_or(validators) })
    }

    /// Adds the conditions; returns what a begun part is a part of.
    fn request(&self, request: RequestBuilder) -> Result<(RequestBuilder, Option<Validators>), Failure> {
        let mut request = request;
        if !is_packed(self.url) {
            request = request.header(header::ACCEPT_ENCODING, "gzip");
        }
        let begun = self.begun()?;
        if let Some((bytes, validators, condition)) = begun {
            request = request.header(header::RANGE, format!("bytes={bytes}-")).header(header::IF_RANGE, condition);
            return Ok((request, Some(validators)));
        }
        if let Some(known) = self.known {
            if let Some(etag) = &known.etag {
                request = request.header(header::IF_NONE_MATCH, etag);
            }
            if let Some(date) = &known.last_modified {
                request = request.header(header::IF_MODIFIED_SINCE, date);
            }
        }
        Ok((request, None))
    }

    /// Returns how much has come already, of which state, and the condition that pins the state.
    fn begun(&self) -> Result<Option<(u64, Validators, String)>, Failure> {
        let Some(note) = files::read_small(&self.note_path(), NOTE_BYTES_MAX)? else { return Ok(None) };
        let note: Option<Note> = serde_json::from_slice(&note).ok();
        let note = note.filter(|note| note.url == self.url.as_str());
        let bytes = std::fs::metadata(self.part).map_or(0, |metadata| metadata.len());
        let usable = note.filter(|_| bytes > 0 && bytes <= self.bytes_max);
        Ok(usable.and_then(|note| Some((bytes, note.validators.clone(), resume_condition(&note.validators)?))))
    }

    /// Empties the part file, and notes what it becomes a part of if that can be gone on with.
    fn start_anew(&self, validators: &Validators) -> Result<PartFile, Failure> {
        files::remove(&self.note_path())?;
        let part = PartFile::create(self.part)?;
        if resume_condition(validators).is_some() {
            let note = Note { url: self.url.to_string(), validators: validators.clone() };
            // Without the note the transfer starts anew next time, which is only slower.
            if let Ok(json) = serde_json::to_vec(&note) {
                files::write_file(&self.note_path(), &json)?;
            }
        }
        Ok(part)
    }

    async fn receive(
        &self,
        mut sent: reqwest::Response,
        part: &mut PartFile,
        hear: &mut dyn FnMut(Step),
    ) -> Result<(), Failure> {
        while let Some(chunk) = sent.chunk().await.map_err(|error| sort_error(error, self.url))? {
            let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            if let Err(error) = self.check_size(part.bytes().saturating_add(length)) {
                self.discard()?;
                return Err(error.into());
            }
            if let Err(error) = part.add(&chunk) {
                // Give the space back; the first error is the one to report.
                let _ = self.discard();
                return Err(error.into());
            }
            hear(Step::Advanced(length));
        }
        Ok(())
    }

    fn check_size(&self, bytes: u64) -> Result<(), FetchError> {
        if bytes <= self.bytes_max {
            return Ok(());
        }
        Err(FetchError::TooLarge { url: self.url.to_string(), limit: self.bytes_max })
    }

    /// Gzip on the way is as good as a gzip file; anything else we could not open.
    fn check_encoding(&self, headers: &HeaderMap) -> Result<(), FetchError> {
        match text(headers, header::CONTENT_ENCODING).as_deref() {
            None | Some("gzip" | "x-gzip" | "identity" | "") => Ok(()),
            Some(other) => {
                let why = format!("it sends the encoding `{other}`, which was not asked for");
                Err(FetchError::Protocol { url: self.url.to_string(), why })
            }
        }
    }

    fn status(&self, status: StatusCode) -> FetchError {
        FetchError::Status { url: self.url.to_string(), status: status.as_u16() }
    }

    fn discard(&self) -> Result<(), files::StoreError> {
        files::remove(self.part)?;
        files::remove(&self.note_path())
    }

    fn note_path(&self) -> PathBuf {
        let mut path = self.part.as_os_str().to_owned();
        path.push(".json");
        path.into()
    }
}

/// Tells whether the address itself names a packed file, which gzip could not make smaller.
fn is_packed(url: &Url) -> bool {
    [".gz", ".zst", ".zip", ".xz", ".bz2"].iter().any(|ending| url.path().ends_with(ending))
}

/// Only a strong tag, or else a date, says that two parts are of the same bytes.
fn resume_condition(validators: &Validators) -> Option<String> {
    let strong = validators.etag.as_ref().filter(|tag| tag.starts_with('"'));
    strong.or(validators.last_modified.as_ref().filter(|_| validators.etag.is_none())).cloned()
}

fn validators_of(headers: &HeaderMap) -> Validators {
    let short = |name| text(headers, name).filter(|value: &String| value.len() <= VALIDATOR_BYTES_MAX);
    Validators { etag: short(header::ETAG), last_modified: short(header::LAST_MODIFIED) }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Reads `bytes 500-999/1000` as (500, 1000).
fn content_range(headers: &HeaderMap) -> Option<(u64, u64)> {
    let value = text(headers, header::CONTENT_RANGE)?;
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()?))
}

/// Tells which answers may be better a moment later.
fn try_again(status: StatusCode, headers: &HeaderMap) -> Again {
    match status.as_u16() {
        408 | 425 | 429 | 500 | 502 | 503 | 504 => {
            let seconds = text(headers, header::RETRY_AFTER).and_then(|value| value.parse().ok());
            seconds.map_or(Again::Later, |seconds| Again::After(Duration::from_secs(seconds)))
        }
        _ => Again::Never,
    }
}

/// Waits for a future, but not beyond the caller's wish to stop.
async fn or_cancelled<T>(cancel: &CancelFlag, future: impl Future<Output = T>) -> Result<T, FetchError> {
    let told = async {
        while !cancel.load(Ordering::Relaxed) {
            tokio::time::sleep(CANCEL_STEP).await;
        }
    };
    tokio::select! {
        biased;
        value = future => Ok(value),
        () = told => Err(FetchError::Cancelled),
    }
}
