//! Brings documents into the store: from upstream, from a mirror on the web, from a folder.
//!
//! Fetching knows addresses, conditions and disks, and nothing of what the bytes mean. A fetched
//! document is a *candidate*: its files lie in the store under the names of their content, and
//! nothing refers to them until [`crate::sync`] has read them and makes them current.

mod client;
mod listing;
mod transfer;
mod via;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use reqwest::Url;

use crate::files::{self, StoreError};
use crate::lock::CancelFlag;
use crate::mirror::{Mirror, MirrorError, Place, Step};
use crate::progress::{DocumentRef, Progress};
use crate::store::{
    Content, PartFile, STORE_FORMAT, Store, StoredDocument, StoredFile, Validators, content_of, copy_chunks,
};

pub use client::ResolveError;
pub(crate) use client::Web;
use transfer::{Response, Transfer};
use via::Target;
pub use via::Via;

/// The most bytes that a web server's list of a folder may have.
const LISTING_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// How long to wait for the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the name, the connection and its encryption together.
    pub connect: Duration,
    /// Without any byte coming.
    pub idle: Duration,
    /// For one attempt at one file, however steadily it trickles.
    pub transfer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), idle: Duration::from_secs(30), transfer: Duration::from_secs(30 * 60) }
    }
}

/// How often to try again. The waits double from the first to the longest, without chance, so
/// that a run can be told in advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How many attempts in a row may bring nothing new.
    pub attempts: u32,
    /// Before the second attempt.
    pub first_wait: Duration,
    /// Between any two, even if the server asks for more.
    pub wait_max: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 4, first_wait: Duration::from_millis(500), wait_max: Duration::from_secs(20) }
    }
}

/// Why a document could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The name has no address.
    #[error("cannot find the host `{host}`; is the network up?")]
    Unresolved {
        /// The name.
        host: String,
        /// The system's answer.
        source: ResolveError,
    },
    /// Nobody answers there.
    #[error("cannot connect to `{host}`")]
    Unreachable {
        /// The host.
        host: String,
        /// What happened.
        source: reqwest::Error,
    },
    /// The host cannot prove who it is.
    #[error(
        "`{host}` is not trusted: {why}; if a proxy of your own stands between, name its certificate in `SSL_CERT_FILE`"
    )]
    Untrusted {
        /// The host.
        host: String,
        /// What is wrong with its certificate.
        why: String,
    },
    /// The host did not answer for an earlier document of this run.
    #[error("not tried, because `{host}` could not be reached before")]
    HostDown {
        /// The host.
        host: String,
    },
    /// Several hosts could not be found in this run.
    #[error("not tried, because the network seems to be down")]
    NetworkDown,
    /// Too slow.
    #[error("`{url}` did not answer in time")]
    Timeout {
        /// The address.
        url: String,
    },
    /// An answer other than the document.
    #[error("`{url}` answered with status {status}")]
    Status {
        /// The address.
        url: String,
        /// HTTP's number.
        status: u16,
    },
    /// Larger than anything honest.
    #[error("`{url}` has more than {limit} bytes")]
    TooLarge {
        /// The address or path.
        url: String,
        /// The bound in bytes.
        limit: u64,
    },
    /// The connection ended before the document did.
    #[error("the transfer of `{url}` broke off")]
    BrokenOff {
        /// The address.
        url: String,
        /// What happened.
        source: reqwest::Error,
    },
    /// A redirect that is endless, or leaves encryption.
    #[error("cannot follow `{url}` to where it redirects")]
    Redirect {
        /// The address that was asked.
        url: String,
        /// What is wrong with it.
        source: reqwest::Error,
    },
    /// An answer that HTTP does not allow here.
    #[error("`{url}` does not answer as a web server should: {why}")]
    Protocol {
        /// The address.
        url: String,
        /// What it did.
        why: String,
    },
    /// The machine has no certificates to trust, or the settings for the network are wrong.
    #[error("cannot set up the network; are the system's CA certificates installed (package `ca-certificates`)?")]
    Client {
        /// What is missing.
        source: reqwest::Error,
    },
    /// The catalogue has an address that is none.
    #[error("`{url}` is not an address: {why}")]
    Address {
        /// The text.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// The document that should tell the address does not.
    #[error("`{url}` does not lead to the document: {why}")]
    NoDocument {
        /// The address of the document that should tell it.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// A file that is not the one that was announced.
    #[error("`{url}` is not the file that its repository announces")]
    OtherFile {
        /// The address.
        url: String,
    },
    /// The mirror does not have it.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// Our own disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The caller asked to stop.
    #[error("stopped")]
    Cancelled,
}

/// What fetching works with.
pub(crate) struct Fetcher<'a> {
    pub(crate) store: &'a Store,
    pub(crate) mirror: Option<&'a Mirror>,
    pub(crate) as_of: Option<Date>,
    pub(crate) now: Timestamp,
    pub(crate) web: Web,
    pub(crate) retry: Retry,
    pub(crate) timeouts: Timeouts,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) cancel: &'a CancelFlag,
}

impl Fetcher<'_> {
    /// Fetches a document, or learns that the previous one is still the newest.
    pub(crate) async fn fetch(
        &self,
        what: DocumentRef,
        previous: Option<&StoredDocument>,
    ) -> Result<StoredDocument, FetchError> {
        let place = Place::of(what.document);
        let files = match self.mirror {
            None => {
                let mut files = Vec::new();
                for target in self.targets(what).await? {
                    files.push(self.download(what, &target, previous).await?);
                }
                files
            }
            Some(Mirror::Web(base)) => {
                let mut files = Vec::new();
                for target in self.find_on_web(what, base, place).await? {
                    files.push(self.download(what, &target, previous).await?);
                }
                files
            }
            Some(Mirror::Folder(folder)) => {
                let found = place.find_in(folder, self.as_of)?;
                found.iter().map(|(name, path)| self.copy(what, name, path, previous)).collect::<Result<_, _>>()?
            }
        };
        let mut document = StoredDocument {
            format: STORE_FORMAT,
            feed: what.feed.id.to_owned(),
            document: what.document.name.to_owned(),
            fetched_at: self.now,
            confirmed_at: self.now,
            files,
        };
        if let Some(previous) = previous.filter(|previous| previous.same_content(&document)) {
            document.fetched_at = previous.fetched_at;
        }
        Ok(document)
    }

    /// Finds the files that a pattern stands for, folder by folder.
    async fn find_on_web(&self, what: DocumentRef, base: &Url, place: Place<'_>) -> Result<Vec<Target>, FetchError> {
        let mut found = BTreeMap::from([(String::new(), base.clone())]);
        for step in place.steps() {
            let mut next = BTreeMap::new();
            for (label, folder) in &found {
                let names = if step.is_pattern() {
                    self.list(what, folder, step, label).await?
                } else {
                    BTreeMap::from([(step.name.to_owned(), join(folder, &step.relative())?)])
                };
                next.extend(names.into_iter().map(|(name, url)| (step.label(label, &name), url)));
                if next.len() > crate::mirror::LISTING_NAMES_MAX {
                    return Err(place.too_many("names", crate::mirror::LISTING_NAMES_MAX).into());
                }
            }
            found = next;
        }
        if place.is_one_name() {
            return Ok(found.into_values().map(Target::plain).collect());
        }
        let chosen = place.choose(found.keys().cloned(), self.as_of)?;
        let target = |name: String| {
            let url = found.get(&name)?.clone();
            Some(Target { name: Some(name), ..Target::plain(url) })
        };
        Ok(chosen.into_iter().filter_map(target).collect())
    }

    /// Lists what fits a step of a pattern in a folder of a web server.
    async fn list(
        &self,
        what: DocumentRef,
        folder: &Url,
        step: Step<'_>,
        label: &str,
    ) -> Result<BTreeMap<String, Url>, FetchError> {
        let page = match self.small(what, folder, LISTING_BYTES_MAX).await {
            Ok(page) => page,
            // Of several folders that fit, one may hold something else.
            Err(FetchError::Status { status: 404, .. }) if !label.is_empty() => return Ok(BTreeMap::new()),
            Err(error) => return Err(error),
        };
        let page = String::from_utf8_lossy(&page);
        let mut names = if step.last { listing::files(&page, folder) } else { listing::folders(&page, folder) };
        names.retain(|name, _| crate::mirror::matches(step.name, name));
        Ok(names)
    }

    /// Brings a short document that only leads to others.
    async fn small(&self, what: DocumentRef, url: &Url, bytes_max: u64) -> Result<Vec<u8>, FetchError> {
        let part = self.store.part_path(what.feed, what.document, url.as_str());
        let transfer = Transfer { url, part: &part, bytes_max, known: None };
        transfer.run(self, &mut |_| ()).await?;
        let bytes = files::read_small(&part, bytes_max)?.unwrap_or_default();
        files::remove(&part)?;
        Ok(bytes)
    }

    async fn download(
        &self,
        what: DocumentRef,
        target: &Target,
        previous: Option<&StoredDocument>,
    ) -> Result<StoredFile, FetchError> {
        let url = &target.url;
        let known = previous.and_then(|document| document.files.iter().find(|file| file.source == url.as_str()));
        if let Some(known) = known.filter(|known| target.digest.as_ref().is_some_and(|digest| digest.is(&known.sha256)))
        {
            return Ok(known.clone());
        }
        let part = self.store.part_path(what.feed, what.document, url.as_str());
        let bytes_max = what.document.transfer_bytes_max;
        // What is announced with a digest has changed if that has.
        let condition = known.filter(|_| target.digest.is_none());
        let transfer = Transfer { url, part: &part, bytes_max, known: condition.map(|file| &file.validators) };
        let response = transfer.run(self, &mut |step| step.tell(self.progress, what)).await?;
        match (response, condition) {
            (Response::NotModified, Some(known)) => Ok(known.clone()),
            (Response::NotModified, None) => Err(FetchError::Protocol {
                url: url.to_string(),
                why: "it says `not modified` though nothing was asked".to_owned(),
            }),
            (Response::Whole { content, validators }, _) => {
                if !target.announces(&content, &part)? {
                    files::remove(&part)?;
                    return Err(FetchError::OtherFile { url: url.to_string() });
                }
                self.store.keep(what.feed, what.document, &part, &content.sha256)?;
                let name = target.name.clone().or_else(|| listing::last_component(url));
                Ok(stored(name.unwrap_or_else(|| what.document.name.to_owned()), content, url.to_string(), validators))
            }
        }
    }

    fn copy(
        &self,
        what: DocumentRef,
        name: &str,
        path: &Path,
        previous: Option<&StoredDocument>,
    ) -> Result<StoredFile, FetchError> {
        let limit = what.document.transfer_bytes_max;
        let read_error = |source| FetchError::Store(StoreError::new("read", path, source));
        let size = std::fs::metadata(path).map_err(read_error)?.len();
        self.progress.started(what, Some(size));
        let too_large = || FetchError::TooLarge { url: path.display().to_string(), limit };
        if size > limit {
            return Err(too_large());
        }
        let source = path.display().to_string();
        // Reading costs little; writing the same bytes again would cost the disk.
        let known = previous.and_then(|document| document.files.iter().find(|file| file.name == name));
        if let Some(known) = known.filter(|known| known.bytes == size) {
            let content = content_of(path, limit)?;
            if content.sha256 == known.sha256 {
                self.progress.advanced(what, size);
                return Ok(stored(name.to_owned(), content, source, Validators::default()));
            }
        }
        let part = self.store.part_path(what.feed, what.document, &source);
        let mut target = PartFile::create(&part)?;
        let file = std::fs::File::open(path).map_err(read_error)?;
        let mut stopped = None;
        let copied = copy_chunks(&mut file.take(limit.saturating_add(1)), &mut |chunk| {
            if self.cancel.load(Ordering::Relaxed) {
                stopped = Some(FetchError::Cancelled);
            } else if let Err(error) = target.add(chunk) {
                stopped = Some(error.into());
            }
            self.progress.advanced(what, u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if stopped.is_some() { Err(std::io::ErrorKind::Other.into()) } else { Ok(()) }
        });
        if let Some(error) = stopped {
            files::remove(&part)?;
            return Err(error);
        }
        copied.map_err(read_error)?;
        // The file may have grown since its size was asked.
        if target.bytes() > limit {
            files::remove(&part)?;
            return Err(too_large());
        }
        let content = target.finish()?;
        self.store.keep(what.feed, what.document, &part, &content.sha256)?;
        Ok(stored(name.to_owned(), content, source, Validators::default()))
    }
}

fn stored(name: String, content: Content, source: String, validators: Validators) -> StoredFile {
    StoredFile { name, sha256: content.sha256, bytes: content.bytes, source, validators }
}

fn address(text: &str) -> Result<Url, FetchError> {
    Url::parse(text).map_err(|error| FetchError::Address { url: text.to_owned(), why: error.to_string() })
}

fn join(base: &Url, relative: &str) -> Result<Url, FetchError> {
    let joined = base.join(relative);
    joined.map_err(|error| FetchError::Address { url: format!("{base}{relative}"), why: error.to_string() })
}

#[cfg(test)]
mod tests;
