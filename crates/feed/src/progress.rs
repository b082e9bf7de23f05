//! What a sync tells while it works. Who listens draws bars; the library prints nothing.

use crate::catalogue::{DocumentSpec, FeedSpec};
use crate::sync::DocumentOutcome;

/// Names one document of one feed.
#[derive(Debug, Clone, Copy)]
pub struct DocumentRef {
    /// The feed.
    pub feed: &'static FeedSpec,
    /// The document.
    pub document: &'static DocumentSpec,
}

/// Hears how a sync goes on. Every method may be left out.
pub trait Progress {
    /// A document's transfer starts; its size in bytes, where the other side tells it.
    fn started(&self, _document: DocumentRef, _bytes_total: Option<u64>) {}

    /// Some more bytes of it have come, or were there already from a broken-off transfer.
    fn advanced(&self, _document: DocumentRef, _bytes: u64) {}

    /// Nothing more will come of it. A document that came whole may still be refused later, when
    /// it turns out not to be what it should: then this is called again.
    fn finished(&self, _document: DocumentRef, _outcome: &DocumentOutcome) {}

    /// A document's records are being read into a new index.
    fn reading(&self, _document: DocumentRef) {}

    /// The new index is being written and verified.
    fn writing_index(&self) {}
}

/// Hears nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {}
