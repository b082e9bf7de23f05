//! What the fuzz targets share: a feed's parser by its id, and hosts made of hostile bytes.

use jiff::Timestamp;
use yagura_feed::{Entry, FEEDS, Sink};
use yagura_model::{ReleaseKey, Statement, Vulnerability};
use yagura_probe::MemoryHost;

/// Hands the bytes to the parser of a feed, as the entry of its first document.
///
/// # Panics
/// Without a feed of this id: a target that fuzzes nothing must not look like one that finds nothing.
pub fn parse_feed(id: &str, bytes: &[u8]) {
    let spec = FEEDS.iter().find(|spec| spec.id == id).unwrap_or_else(|| panic!("there is no feed `{id}`"));
    let document = spec.documents.first().map_or("document", |document| document.name);
    let _ = (spec.parse)(&Entry { document, name: document, bytes }, &mut Nowhere);
}

/// Makes a host of some files: `paths` in order, the bytes divided among them at each 0xFF,
/// which no text has.
pub fn host(paths: &[&str], bytes: &[u8]) -> MemoryHost {
    let mut parts = bytes.split(|byte| *byte == 0xff);
    let files = paths.iter().map_while(|path| parts.next().map(|part| (path, part)));
    files.fold(MemoryHost::new(), |host, (path, part)| host.file(path, part))
}

/// Takes everything and keeps nothing.
struct Nowhere;

impl Sink for Nowhere {
    fn record(&mut self) {}

    fn statement(&mut self, _: Statement) {}

    fn vulnerability(&mut self, _: Vulnerability) {}

    fn release(&mut self, _: ReleaseKey) {}

    fn data_date(&mut self, _: Timestamp) {}

    fn rejected(&mut self, _: &str, _: &str) {}
}
