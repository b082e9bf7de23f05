//! A yum repository: `mirror.list` names its addresses, `repodata/repomd.xml` its updateinfo.

use std::fs::File;
use std::path::Path;

use aws_lc_rs::digest;
use reqwest::Url;

use super::{Target, lead, no_document};
use crate::catalogue::{Entry, ParseError};
use crate::fetch::{FetchError, Fetcher};
use crate::files::StoreError;
use crate::progress::DocumentRef;
use crate::reading;
use crate::store::{copy_chunks, hexadecimal};
use crate::xml::{Token, Xml};

/// The most bytes of a list of addresses.
pub(super) const LIST_BYTES_MAX: u64 = 1024 * 1024;
/// The most bytes of a repomd.xml; real ones have some thousands.
pub(super) const REPOMD_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// How many addresses of a list are tried.
pub(super) const MIRRORS_MAX: usize = 4;
/// The longest text of an element, in bytes.
const TEXT_BYTES_MAX: usize = 2_048;

/// What the bytes of a file must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Digest {
    /// In lower-case hexadecimal digits.
    Sha256(String),
    /// In lower-case hexadecimal digits.
    Sha512(String),
}

impl Digest {
    fn new(kind: &str, text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match (kind, text.len()) {
            ("sha256", 64) if digits => Some(Self::Sha256(text)),
            ("sha512", 128) if digits => Some(Self::Sha512(text)),
            _ => None,
        }
    }

    /// Tells whether this is the SHA-256 of a file that is known.
    pub(crate) fn is(&self, sha256: &str) -> bool {
        matches!(self, Self::Sha256(told) if told == sha256)
    }

    /// Tells whether a file whose SHA-256 is known has this digest.
    pub(crate) fn fits(&self, sha256: &str, path: &Path) -> Result<bool, StoreError> {
        match self {
            Self::Sha256(told) => Ok(told == sha256),
            Self::Sha512(told) => {
                let trouble = |source| StoreError::new("read", path, source);
                let mut file = File::open(path).map_err(trouble)?;
                let mut context = digest::Context::new(&digest::SHA512);
                let read = copy_chunks(&mut file, &mut |chunk| {
                    context.update(chunk);
                    Ok(())
                });
                read.map_err(trouble)?;
                Ok(*told == hexadecimal(context.finish().as_ref()))
            }
        }
    }
}

/// Finds a repository's updateinfo; `None` where it has none.
pub(super) async fn find(
    fetcher: &Fetcher<'_>,
    what: DocumentRef,
    url: &Url,
    list: bool,
) -> Result<Option<Target>, FetchError> {
    if !list {
        return in_repository(fetcher, what, &folder(url)).await;
    }
    let text = fetcher.small(what, url, LIST_BYTES_MAX).await?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut last = no_document(url, "it lists no address");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines.take(MIRRORS_MAX) {
        let found = match lead(url, line) {
            Ok(mirror) => in_repository(fetcher, what, &folder(&mirror)).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(found) => return Ok(found),
            Err(error @ (FetchError::Cancelled | FetchError::Store(_))) => return Err(error),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn in_repository(
    fetcher: &Fetcher<'_>,
    what: DocumentRef,
    repository: &Url,
) -> Result<Option<Target>, FetchError> {
    let url = lead(repository, "repodata/repomd.xml")?;
    let bytes = fetcher.small(what, &url, REPOMD_BYTES_MAX).await?;
    let found = updateinfo(&Entry { document: what.document.name, name: url.as_str(), bytes: &bytes });
    let Some(found) = found.map_err(|error| no_document(&url, error.to_string()))? else { return Ok(None) };
    let digest = Digest::new(&found.digest_kind, &found.digest);
    let digest = digest.ok_or_else(|| no_document(&url, "the updateinfo has neither a SHA-256 nor a SHA-512"))?;
    let target = lead(repository, &found.href)?;
    if target.origin() != repository.origin() {
        return Err(no_document(&url, "the updateinfo lies on another host"));
    }
    Ok(Some(Target { name: None, url: target, digest: Some(digest), bytes: found.size }))
}

/// Returns the address with a final `/`, so that names are joined below it.
fn folder(url: &Url) -> Url {
    let mut url = url.clone();
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

/// What repomd.xml tells of the updateinfo.
#[derive(Debug, Default, PartialEq, Eq)]
struct Data {
    href: String,
    digest_kind: String,
    digest: String,
    size: Option<u64>,
}

fn updateinfo(entry: &Entry<'_>) -> Result<Option<Data>, ParseError> {
    let mut xml = Xml::new(entry, "repomd.xml");
    match xml.next()? {
        Token::Open(root) if root.name() == b"repomd" => {}
        _ => return Err(xml.here("its root element is not `repomd`".to_owned())),
    }
    let mut found = None;
    loop {
        match xml.next()? {
            Token::Open(element) if element.name() == b"data" => {
                let wanted = found.is_none() && element.attribute("type").as_deref() == Some("updateinfo");
                let data = read_data(&mut xml)?;
                found = found.or(wanted.then_some(data).filter(|data| !data.href.is_empty()));
            }
            Token::Open(_) => xml.skip()?,
            Token::Close | Token::Text(_) => {}
            Token::End => return Ok(found),
        }
    }
}

fn read_data(xml: &mut Xml<'_>) -> Result<Data, ParseError> {
    let mut data = Data::default();
    loop {
        let element = match xml.next()? {
            Token::Open(element) => element,
            Token::Text(_) => continue,
            Token::Close | Token::End => return Ok(data),
        };
        match element.name() {
            b"location" => {
                let href = element.attribute("href").unwrap_or_default();
                data.href = reading::word(&href, TEXT_BYTES_MAX).unwrap_or_default().to_owned();
                xml.skip()?;
            }
            b"checksum" => {
                data.digest_kind = element.attribute("type").unwrap_or_default().into_owned();
                data.digest = xml.text(TEXT_BYTES_MAX)?;
            }
            b"size" => data.size = xml.text(TEXT_BYTES_MAX)?.trim().parse().ok(),
            _ => xml.skip()?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Data>, String> {
        let entry = Entry { document: "d", name: "repomd.xml", bytes: text.as_bytes() };
        updateinfo(&entry).map_err(|error| error.to_string())
    }

    #[test]
    fn the_updateinfo_is_found_among_the_others() {
        let text = "<?xml version=\"1.0\"?><repomd xmlns=\"http://linux.duke.edu/metadata/repo\"><revision>1</revision>\
            <data type=\"primary\"><checksum type=\"sha256\">00</checksum><location href=\"repodata/primary.xml.gz\"/></data>\
            <data type=\"updateinfo\"><checksum type=\"sha256\">ab</checksum><open-checksum type=\"sha256\">cd</open-checksum>\
            <location href=\"repodata/ab-updateinfo.xml.gz\"/><timestamp>1</timestamp><size>12</size><open-size>99</open-size>\
            </data><data type=\"updateinfo_zck\"><location href=\"repodata/u.zck\"/></data></repomd>";
        let data = read(text).unwrap().unwrap();
        assert_eq!((&*data.href, &*data.digest_kind, &*data.digest), ("repodata/ab-updateinfo.xml.gz", "sha256", "ab"));
        assert_eq!(data.size, Some(12));
        for cut in 0..text.len() {
            assert!(read(&text[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_repository_may_have_none_and_a_page_is_no_repomd() {
        assert_eq!(read("<repomd></repomd>").unwrap(), None);
        assert_eq!(read("<repomd><data type=\"updateinfo\"/></repomd>").unwrap(), None);
        let error = read("<html></html>").unwrap_err();
        assert!(error.ends_with("its root element is not `repomd`"), "{error}");
    }

    #[test]
    fn digests_have_a_kind_and_a_length() {
        let hexadecimal = "0".repeat(64);
        assert!(Digest::new("sha256", &hexadecimal).is_some());
        assert!(Digest::new("sha512", &hexadecimal.repeat(2)).is_some());
        for (kind, text) in
            [("sha1", &*hexadecimal), ("sha256", "0"), ("sha512", &hexadecimal), ("sha256", &"x".repeat(64))]
        {
            assert_eq!(Digest::new(kind, text), None, "{kind}");
        }
    }
}
