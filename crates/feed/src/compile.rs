//! Compiles documents of all feeds into the bytes of an index file.
//!
//! A feed is taken whole or not at all: while it is read, what it says is kept apart, and a
//! broken document (a download that was cut, a page of an HTTP proxy) drops the feed, so that
//! half of it never passes for the whole. A broken member of an archive of many records is one
//! record that is left out and counted.

use jiff::Timestamp;
use yagura_index::{BuildError, IndexBuilder};
use yagura_model::{FeedId, FeedRecord, ReleaseKey, Statement, Vulnerability};

use crate::catalogue::{Entry, FeedSpec, ParseError, Sink};
use crate::merge::{Full, Interner, Merge, Stage};
use crate::reading;

/// The most rejected records that are named, over all feeds. The others are only counted.
pub const REJECTED_NAMED_MAX: usize = 1_000;

/// Reads feeds one after the other and compiles what they say.
///
/// ```text
/// for each feed:  begin(feed, …)  entry(…) …
/// finish(built_at)
/// ```
#[derive(Debug, Default)]
pub struct Compiler {
    strings: Interner,
    merge: Merge,
    feeds: Vec<FeedRecord>,
    rejected: Vec<Rejected>,
    current: Option<Current>,
}

/// One record that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The feed.
    pub feed: &'static str,
    /// Which record, in upstream's terms.
    pub record: String,
    /// What is wrong with it.
    pub why: String,
}

/// What came out.
#[derive(Debug)]
pub struct Compiled {
    /// The index file.
    pub bytes: Vec<u8>,
    /// What it knows of each feed that was read whole, in the order of reading.
    pub feeds: Vec<FeedRecord>,
    /// Records that were left out, at most [`REJECTED_NAMED_MAX`] of them.
    pub rejected: Vec<Rejected>,
}

/// Why feeds could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The index could not be written.
    #[error("cannot compile the index")]
    Build(#[from] BuildError),
}

/// The feed that is being read.
#[derive(Debug)]
struct Current {
    feed: &'static FeedSpec,
    fetched_at: Timestamp,
    fingerprint: String,
    /// What the transport says of the data's age.
    dated: Option<Timestamp>,
    data_date: Option<Timestamp>,
    records: u64,
    rejected: u64,
    entries: u64,
    broken: bool,
    stage: Stage,
}

impl Compiler {
    /// Begins with nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a feed and ends the one before. Each feed is begun once; their order is nothing.
    pub fn begin(&mut self, feed: &'static FeedSpec, fetched_at: Timestamp, fingerprint: String) {
        self.end();
        self.current = Some(Current {
            feed,
            fetched_at,
            fingerprint,
            dated: None,
            data_date: None,
            records: 0,
            rejected: 0,
            entries: 0,
            broken: false,
            stage: Stage::default(),
        });
    }

    /// Notes when upstream last changed a document, as the transport knows it
    /// (`Last-Modified`). It counts where the documents themselves name no date.
    pub fn dated(&mut self, date: Timestamp) {
        if let Some(current) = &mut self.current {
            current.dated = current.dated.max(Some(date));
        }
    }

    /// Reads one entry of the feed that was begun last.
    ///
    /// # Errors
    /// The entry cannot be read, and nothing of it counts. If it is one member of an archive,
    /// the caller may go on: the member is counted as rejected. If it is a document by itself,
    /// the whole feed will be missing from the index; a caller that has an older document or
    /// an older index had better stop and keep it.
    pub fn entry(&mut self, entry: &Entry<'_>) -> Result<(), ParseError> {
        let Self { strings, current, rejected, .. } = self;
        let Some(current) = current else {
            return Err(ParseError::Malformed {
                entry: entry.name.to_owned(),
                format: "entry of a feed",
                at: String::new(),
                why: "no feed was begun".to_owned(),
            });
        };
        let mark = current.stage.mark();
        let (records, data_date) = (current.records, current.data_date);
        let mut intake = Intake { strings, current, rejected, full: None };
        let parsed = (intake.current.feed.parse)(entry, &mut intake);
        let outcome = match intake.full {
            Some(Full { what, limit }) => Err(ParseError::TooMany {
                entry: entry.name.to_owned(),
                what,
                limit: limit.try_into().unwrap_or(u64::MAX),
            }),
            None => parsed,
        };
        match &outcome {
            Ok(()) => current.entries += 1,
            Err(error) => {
                current.stage.return_to(mark);
                current.records = records + 1;
                current.data_date = data_date;
                current.broken |= !current.is_archive(entry.document);
                current.reject(rejected, entry.name, &error.to_string());
            }
        }
        outcome
    }

    /// Joins the current feed to the rest if it is whole.
    fn end(&mut self) {
        let Some(current) = self.current.take() else { return };
        if current.broken || current.entries == 0 {
            return;
        }
        self.feeds.push(FeedRecord {
            id: FeedId::new(current.feed.id),
            data_date: current.data_date.or(current.dated).unwrap_or(current.fetched_at),
            fetched_at: current.fetched_at,
            records: current.records,
            statements: current.stage.statements(),
            rejected: current.rejected,
            releases: current.stage.releases(&self.strings),
            fingerprint: current.fingerprint,
            fresh_days: current.feed.fresh_days,
        });
        self.merge.join(current.feed.id, current.stage);
    }

    /// Merges what the feeds said and hands it over, statements sorted by release, package and
    /// flaw, then flaws sorted by id.
    pub fn merge(
        mut self,
        mut statement: impl FnMut(Statement),
        mut vulnerability: impl FnMut(Vulnerability),
    ) -> (Vec<FeedRecord>, Vec<Rejected>) {
        self.end();
        self.merge.statements(&self.strings).for_each(&mut statement);
        self.merge.vulnerabilities(&self.strings).for_each(&mut vulnerability);
        (self.feeds, self.rejected)
    }

    /// Merges what the feeds said and compiles it.
    ///
    /// # Errors
    /// See [`CompileError`].
    pub fn finish(self, built_at: Timestamp) -> Result<Compiled, CompileError> {
        let builder = std::cell::RefCell::new(IndexBuilder::new());
        let (feeds, rejected) = self.merge(
            |statement| builder.borrow_mut().statement(statement),
            |vulnerability| builder.borrow_mut().vulnerability(vulnerability),
        );
        let mut builder = builder.into_inner();
        feeds.iter().cloned().for_each(|feed| builder.feed(feed));
        Ok(Compiled { bytes: builder.build(built_at)?, feeds, rejected })
    }
}

impl Current {
    fn is_archive(&self, document: &str) -> bool {
        self.feed.documents.iter().any(|spec| spec.name == document && spec.members_max > 1)
    }

    fn reject(&mut self, named: &mut Vec<Rejected>, record: &str, why: &str) {
        self.rejected += 1;
        if named.len() < REJECTED_NAMED_MAX {
            let record = reading::text(record, reading::NOTE_BYTES_MAX);
            named.push(Rejected { feed: self.feed.id, record, why: reading::text(why, reading::NOTE_BYTES_MAX) });
        }
    }
}

/// Takes what a parser reads into the stage of its feed.
struct Intake<'c> {
    strings: &'c mut Interner,
    current: &'c mut Current,
    rejected: &'c mut Vec<Rejected>,
    full: Option<Full>,
}

impl Intake<'_> {
    fn note(&mut self, outcome: Result<(), Full>) {
        self.full = self.full.or(outcome.err());
    }
}

impl Sink for Intake<'_> {
    fn record(&mut self) {
        self.current.records += 1;
    }

    fn statement(&mut self, statement: Statement) {
        let outcome = self.current.stage.statement(&statement, self.strings);
        self.note(outcome);
    }

    fn vulnerability(&mut self, vulnerability: Vulnerability) {
        let outcome = self.current.stage.vulnerability(vulnerability, self.strings);
        self.note(outcome);
    }

    fn release(&mut self, release: ReleaseKey) {
        let outcome = self.current.stage.release(&release, self.strings);
        self.note(outcome);
    }

    fn data_date(&mut self, date: Timestamp) {
        self.current.data_date = self.current.data_date.max(Some(date));
    }

    fn rejected(&mut self, record: &str, why: &str) {
        self.current.reject(self.rejected, record, why);
    }
}
