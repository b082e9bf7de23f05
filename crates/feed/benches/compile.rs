//! Compiles the index from the full Debian feeds, parsing included, unpacking not.
//!
//! `YAGURA_SHARED` names the shared data; without it nothing is measured.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may say so loudly")]

#[path = "../tests/real/mod.rs"]
mod real;

use std::io::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use jiff::Timestamp;
use real::{Unpacked, compile_into, unpack};
use yagura_feed::{Compiled, Compiler, FEEDS, FeedSpec};

/// A feed with its documents.
type Documents = (&'static FeedSpec, Vec<Unpacked>);

/// Every feed, unpacked once.
static DOCUMENTS: LazyLock<Option<Vec<Documents>>> = LazyLock::new(|| {
    let base = yagura_testkit::shared_data("feeds")?;
    // Of some feeds no data is here.
    let here = FEEDS.iter().filter(|feed| has_data(&base, feed));
    Some(here.map(|feed| (feed, unpack(&base, feed))).collect())
});

/// Tells whether the folders of a feed's documents are there.
fn has_data(base: &Path, feed: &FeedSpec) -> bool {
    feed.documents.iter().all(|document| {
        let fixed = document.mirror.split('*').next().unwrap_or_default();
        fixed.rsplit_once('/').is_some_and(|(folder, _)| base.join(folder).is_dir())
    })
}

fn main() {
    if let Some(documents) = &*DOCUMENTS {
        let read: usize = documents.iter().flat_map(|(_, entries)| entries).map(|entry| entry.bytes.len()).sum();
        let index = compile(documents).bytes.len();
        let statements: u64 = compile(documents).feeds.iter().map(|feed| feed.statements).sum();
        let _ =
            writeln!(std::io::stderr(), "{read} bytes of documents, {statements} statements, {index} bytes of index");
        divan::main();
    }
}

fn compile(documents: &[Documents]) -> Compiled {
    let now = Timestamp::UNIX_EPOCH;
    let mut compiler = Compiler::new();
    for (feed, entries) in documents {
        compile_into(&mut compiler, feed, entries, now);
    }
    compiler.finish(now).unwrap()
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn all_feeds() -> Option<Compiled> {
    DOCUMENTS.as_ref().map(|documents| compile(documents))
}

#[divan::bench(args = 0..FEEDS.len(), sample_count = 5, sample_size = 1)]
fn parse_and_merge(feed: usize) {
    let Some((feed, entries)) = DOCUMENTS.as_ref().and_then(|documents| documents.get(feed)) else { return };
    let mut compiler = Compiler::new();
    compile_into(&mut compiler, feed, entries, Timestamp::UNIX_EPOCH);
    compiler.merge(|statement| drop(divan::black_box(statement)), |flaw| drop(divan::black_box(flaw)));
}
