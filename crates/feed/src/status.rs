//! `yagura feed status`: what is there, how old it is, what the index was made of.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use yagura_index::Counts;
use yagura_model::{FeedRecord, Text};

use crate::catalogue::FeedSpec;
use crate::current::{CurrentIndex, OpenIndexError};
use crate::files::StoreError;
use crate::store::{Store, StoredDocument};

/// The state of a data directory's feeds.
#[derive(Debug)]
pub struct FeedStatus {
    /// Each feed of the catalogue, in its order.
    pub feeds: Vec<FeedState>,
    /// The index in use; `None` when there was never one, an error when it cannot be opened.
    pub index: Result<Option<IndexState>, OpenIndexError>,
}

/// The state of one feed.
#[derive(Debug)]
pub struct FeedState {
    /// The feed.
    pub feed: &'static FeedSpec,
    /// What the index knows of it; `None` when it is not in the index.
    pub record: Option<FeedRecord>,
    /// The documents that the store has of it, in the catalogue's order.
    pub documents: Vec<StoredDocument>,
    /// How many documents it has by the catalogue.
    pub documents_expected: usize,
    /// When upstream or the mirror last said that the oldest of them is still the newest.
    pub confirmed_at: Option<Timestamp>,
    /// How many days ago upstream made the data; `None` when it is not in the index.
    pub age_days: Option<i64>,
    /// Whether that is too long.
    pub freshness: Freshness,
}

impl FeedState {
    /// Returns the documents' size in bytes, as published.
    pub fn bytes(&self) -> u64 {
        self.documents.iter().map(StoredDocument::bytes).sum()
    }

    /// Returns the address or path that the feed's first file came from.
    pub fn source(&self) -> Option<&str> {
        self.documents.iter().flat_map(|document| &document.files).next().map(|file| file.source.as_str())
    }
}

/// Whether data is new enough to be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Within the days that the catalogue gives the feed.
    Fresh,
    /// Older than that.
    Stale,
    /// Not in the index.
    Missing,
}

impl Freshness {
    /// Returns a word for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Missing => "missing",
        }
    }

    /// Returns the word for people.
    pub const fn text(self) -> Text {
        match self {
            Self::Fresh => Text::new("fresh", "最新"),
            Self::Stale => Text::new("out of date", "古い"),
            Self::Missing => Text::new("missing", "未取得"),
        }
    }
}

/// The state of the index in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexState {
    /// When it was made.
    pub built_at: Timestamp,
    /// Its size in bytes.
    pub bytes: u64,
    /// The fingerprint of its contents.
    pub fingerprint: String,
    /// What is in it.
    pub counts: Counts,
}

/// Tells the state of a data directory's feeds. Reads only; needs no lock.
pub fn status(data_dir: &Path, catalogue: &'static [FeedSpec], now: Timestamp) -> Result<FeedStatus, StoreError> {
    let store = Store::new(data_dir);
    let (index, records) = match read_index(data_dir) {
        Ok(Some((index, records))) => (Ok(Some(index)), records),
        Ok(None) => (Ok(None), Vec::new()),
        Err(error) => (Err(error), Vec::new()),
    };
    let feeds = catalogue.iter().map(|feed| {
        let record = records.iter().find(|record| record.id.as_str() == feed.id).cloned();
        feed_state(&store, feed, record, now)
    });
    Ok(FeedStatus { feeds: feeds.collect::<Result<_, _>>()?, index })
}

fn read_index(data_dir: &Path) -> Result<Option<(IndexState, Vec<FeedRecord>)>, OpenIndexError> {
    let Some(current) = CurrentIndex::open_whole(data_dir)? else { return Ok(None) };
    let index = current.index()?;
    let state = IndexState {
        built_at: current.built_at(),
        bytes: current.bytes(),
        fingerprint: index.fingerprint(),
        counts: index.counts(),
    };
    Ok(Some((state, index.feeds())))
}

fn feed_state(
    store: &Store,
    feed: &'static FeedSpec,
    record: Option<FeedRecord>,
    now: Timestamp,
) -> Result<FeedState, StoreError> {
    let mut documents = Vec::new();
    for spec in feed.documents {
        match store.document(feed, spec) {
            Ok(document) => documents.extend(document.filter(|document| store.is_complete(feed, spec, document))),
            // The next sync fetches it anew; until then it counts as absent.
            Err(StoreError::Damaged { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let age_days = record.as_ref().map(|record| days_between(record.data_date, now));
    let freshness = match age_days {
        None => Freshness::Missing,
        Some(days) if days > i64::from(feed.fresh_days) => Freshness::Stale,
        Some(_) => Freshness::Fresh,
    };
    let confirmed_at = documents.iter().map(|document| document.confirmed_at).min();
    let documents_expected = feed.documents.len();
    Ok(FeedState { feed, record, documents, documents_expected, confirmed_at, age_days, freshness })
}

/// Counts whole days; data from the future is as good as of today.
fn days_between(earlier: Timestamp, now: Timestamp) -> i64 {
    let age: SignedDuration = now.duration_since(earlier);
    (age.as_hours() / 24).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Site, catalogue, now, run};

    #[test]
    fn a_feed_is_missing_then_fresh_then_stale() {
        let site = Site::new();
        let feeds = catalogue("lines", "https://upstream.invalid/".to_owned(), "lines-*.txt");
        let empty = status(&site.data(), feeds, now()).unwrap();
        assert_eq!(empty.feeds[0].freshness, Freshness::Missing);
        assert!(matches!(empty.index, Ok(None)) && empty.feeds[0].source().is_none());

        site.publish("lines-2026-11-20.txt", "openssl CVE-1\ncurl CVE-2\nend\n");
        run(&site.options(), feeds).unwrap();
        let state = |days: i64| status(&site.data(), feeds, now() + SignedDuration::from_hours(24 * days)).unwrap();
        // The file's name dates the data three and a half days back.
        for (later, age, freshness) in [(-9, 0, Freshness::Fresh), (4, 7, Freshness::Fresh), (5, 8, Freshness::Stale)] {
            let feed = &state(later).feeds[0];
            assert_eq!((feed.age_days, feed.freshness), (Some(age), freshness), "{later} days later");
        }
        let status = state(0);
        let (feed, index) = (&status.feeds[0], status.index.unwrap().unwrap());
        let record = feed.record.as_ref().unwrap();
        assert_eq!((record.records, record.statements, record.rejected, feed.bytes()), (2, 2, 0, 29));
        assert!(feed.source().unwrap().ends_with("mirror/lines-2026-11-20.txt"));
        assert_eq!((feed.confirmed_at, feed.documents.len(), feed.documents_expected), (Some(now()), 1, 1));
        assert_eq!((index.built_at, index.counts.statements, index.fingerprint.len()), (now(), 2, 32));
    }

    #[test]
    fn a_damaged_index_is_told_beside_the_documents() {
        let site = Site::new();
        let feeds = catalogue("lines", "https://upstream.invalid/".to_owned(), "lines.txt");
        site.publish("lines.txt", "openssl CVE-1\nend\n");
        run(&site.options(), feeds).unwrap();
        let path = CurrentIndex::open(&site.data()).unwrap().unwrap().path().to_owned();
        std::fs::remove_file(path).unwrap();
        let status = status(&site.data(), feeds, now()).unwrap();
        assert!(status.index.unwrap_err().to_string().contains("the file is gone"));
        assert_eq!((status.feeds[0].freshness, status.feeds[0].documents.len()), (Freshness::Missing, 1));
    }

    #[test]
    fn damage_far_from_the_head_is_told_too() {
        let site = Site::new();
        let feeds = catalogue("lines", "https://upstream.invalid/".to_owned(), "lines.txt");
        site.publish("lines.txt", "openssl CVE-1\nend\n");
        run(&site.options(), feeds).unwrap();
        site.damage_index_body();
        let status = status(&site.data(), feeds, now()).unwrap();
        let error = status.index.unwrap_err();
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("damaged"), "{error}");
    }
}
