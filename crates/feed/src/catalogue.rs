//! What a feed is: its documents, where they come from, and the function that reads them.

use jiff::Timestamp;
use yagura_model::{ReleaseKey, Statement, Vulnerability};

/// Every feed, in the order in which they are fetched and read. A feed that a later one leans
/// on stands first: the Debian tracker before the OSV export, whose statements only fill gaps.
pub const FEEDS: &[FeedSpec] = &[];

/// One source of statements or facts.
#[derive(Debug)]
pub struct FeedSpec {
    /// The id in findings, files and on the command line: `debian-tracker`.
    pub id: &'static str,
    /// The name for people: `Debian security tracker`.
    pub name: &'static str,
    /// Who publishes it, under which terms.
    pub licence: &'static str,
    /// What is fetched.
    pub documents: &'static [DocumentSpec],
    /// Beyond this age in days the data counts as old.
    pub fresh_days: u32,
    /// Reads one entry of a document: the whole document, or one member of an archive.
    ///
    /// Called once per entry with the entry's name and its bytes, already decompressed and
    /// bounded. An entry that cannot be read is an error for that entry only.
    pub parse: fn(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError>,
}

/// One document of a feed.
#[derive(Debug)]
pub struct DocumentSpec {
    /// Its name in our store: `tracker.json`. Unique within the feed.
    pub name: &'static str,
    /// Where upstream publishes it.
    pub url: &'static str,
    /// Where a mirror keeps it, relative to the mirror's base; `*` stands for any run of
    /// characters but `/` in the last component: `debian/derived/tracker-*.json.zst`.
    pub mirror: &'static str,
    /// Which of several matching files of a mirror is meant.
    pub pick: Pick,
    /// The most bytes that a transfer may bring.
    pub transfer_bytes_max: u64,
    /// The most bytes that it may become when decompressed, all members together.
    pub content_bytes_max: u64,
    /// The most members that it may have, if it is an archive.
    pub members_max: u64,
}

/// Which of several matching files of a mirror is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The last by name: names carry ISO dates, so that is the newest.
    Newest,
    /// Every one: together they are the document.
    All,
}

/// Bytes to be parsed.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The document's name in our store.
    pub document: &'a str,
    /// The member's name inside the archive, or the document's file name.
    pub name: &'a str,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// Receives what a parser reads.
pub trait Sink {
    /// Takes what a vendor says.
    fn statement(&mut self, statement: Statement);

    /// Takes facts about a flaw. Facts of several feeds about one id are merged.
    fn vulnerability(&mut self, vulnerability: Vulnerability);

    /// Notes that the feed speaks of a release, even if it has no statement about it.
    fn release(&mut self, release: ReleaseKey);

    /// Notes a date that upstream gives its data; the latest one counts.
    fn data_date(&mut self, date: Timestamp);

    /// Notes that one record of the entry could not be understood and was left out.
    fn rejected(&mut self, record: &str, why: &str);
}

/// Why an entry could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Not the format that the feed promises.
    #[error("`{entry}` is not a valid {format}{at}: {why}")]
    Malformed {
        /// The entry's name.
        entry: String,
        /// What was expected: `Debian tracker JSON`.
        format: &'static str,
        /// Where, as ` at line 3 column 7`; empty when unknown.
        at: String,
        /// What is wrong.
        why: String,
    },
    /// Well-formed, but larger than anything honest.
    #[error("`{entry}` has more than {limit} {what}")]
    TooMany {
        /// The entry's name.
        entry: String,
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
}
