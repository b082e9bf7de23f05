//! Finds the address of a document that is named by another document.
//!
//! Some upstreams give the newest state a new name each time and publish a short document that
//! tells the name. Each way to read such a document is one file here; all give [`Target`]s, and the
//! fetcher brings these as it brings any file. What a middle document says is as hostile as any
//! other: it is bounded, it may not lead from https to plain http, and where it gives a digest, the
//! file has to have it.

mod name_in;
mod repomd;
mod topics;

use std::path::Path;

use reqwest::Url;

use super::{FetchError, Fetcher, address};
use crate::files::StoreError;
use crate::progress::DocumentRef;
use crate::store::Content;

pub(crate) use repomd::Digest;

/// How the address of a document is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// [`DocumentSpec::url`](crate::DocumentSpec::url) is the document.
    Direct,
    /// The document is the updateinfo of a yum repository, named in its `repodata/repomd.xml`
    /// together with its digest.
    RepoMd {
        /// Whether `url` is a list of addresses of the repository (`mirror.list`), which are tried
        /// in order, rather than its address.
        list: bool,
    },
    /// `url` is a text that is the name of the newest file beside it: `archive_latest.txt`.
    NameIn {
        /// What is put behind the file's address to get that of its SHA-256: `.sha256`.
        sha256: Option<&'static str>,
    },
    /// `url` is Amazon Linux 2's catalogue of extras; the updateinfo of each topic that has one is
    /// one file of the document, named `<topic>/repodata/<name>`.
    Topics {
        /// The list of addresses of a topic's repository; `{}` stands for the topic.
        each: &'static str,
    },
}

/// A file to bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its name in our store, where the last part of the address is not enough.
    pub(crate) name: Option<String>,
    pub(crate) url: Url,
    /// What its bytes must be, as far as the middle document tells.
    pub(crate) digest: Option<Digest>,
    pub(crate) bytes: Option<u64>,
}

impl Target {
    pub(crate) const fn plain(url: Url) -> Self {
        Self { name: None, url, digest: None, bytes: None }
    }

    /// Tells whether a file is the one that the middle document announces.
    pub(super) fn announces(&self, content: &Content, path: &Path) -> Result<bool, StoreError> {
        let sized = self.bytes.is_none_or(|bytes| bytes == content.bytes);
        let digested = self.digest.as_ref().map(|digest| digest.fits(&content.sha256, path)).transpose()?;
        Ok(sized && digested.unwrap_or(true))
    }
}

impl Fetcher<'_> {
    /// Finds the files that a document of upstream is made of.
    pub(super) async fn targets(&self, what: DocumentRef) -> Result<Vec<Target>, FetchError> {
        let url = address(what.document.url)?;
        match what.document.via {
            Via::Direct => Ok(vec![Target::plain(url)]),
            Via::RepoMd { list } => {
                let found = repomd::find(self, what, &url, list).await?;
                let missing = || no_document(&url, "its repository has no updateinfo");
                Ok(vec![found.ok_or_else(missing)?])
            }
            Via::NameIn { sha256 } => Ok(vec![name_in::find(self, what, &url, sha256).await?]),
            Via::Topics { each } => topics::find(self, what, &url, each).await,
        }
    }
}

/// Says that a middle document does not lead to the document.
fn no_document(url: &Url, why: impl Into<String>) -> FetchError {
    FetchError::NoDocument { url: url.to_string(), why: why.into() }
}

/// Joins an address that a middle document gives to the one that it was found at, and refuses
/// to leave encryption.
fn lead(from: &Url, to: &str) -> Result<Url, FetchError> {
    let bad = |why: String| no_document(from, format!("it names `{}`, {why}", crate::reading::text(to, 256)));
    let url = from.join(to).map_err(|error| bad(format!("which is no address: {error}")))?;
    match (from.scheme(), url.scheme()) {
        ("http" | "https", "https") | ("http", "http") => Ok(url),
        _ => Err(bad("an address without encryption".to_owned())),
    }
}

#[cfg(test)]
mod tests;
