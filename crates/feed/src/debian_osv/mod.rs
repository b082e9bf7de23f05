//! The OSV export for Debian: one record per flaw and per advisory, made by OSV.dev from the
//! Debian security tracker and NVD.
//!
//! Its texts, CVSS vectors and references are the best that we have. Its ranges repeat what the
//! tracker says, later and without the tracker's distinctions, so they count only for releases
//! of which the tracker itself says nothing (see [`crate::merge`]).
//!
//! | record | since | brings |
//! |---|---|---|
//! | `CVE-…` | 2023 | facts about the flaw; ranges of each Debian release; other ecosystems too |
//! | `DEBIAN-CVE-…` | 2025 | the same, Debian alone; the plain id is in `upstream` |
//! | `DSA-…`, `DLA-…`, `DTSA-…` | 2022 | which flaws (`related`, since 2025 `upstream`) an advisory fixes |

mod document;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "debian-osv";

/// The most bytes of one record. The largest real one has under 1 MB.
pub const RECORD_BYTES_MAX: usize = 16 << 20;

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "OSV.dev export for Debian",
    licence: "OSV.dev, from the Debian security tracker (Debian project) and NVD (public domain)",
    authority: Authority::Osv,
    speaks_of: &["debian"],
    documents: &[DocumentSpec {
        name: "all.zip",
        url: "https://storage.googleapis.com/osv-vulnerabilities/Debian/all.zip",
        mirror: "debian/osv/all-*.tar.zst",
        pick: Pick::Newest,
        via: Via::Direct,
        // 44,000 records in 2025: 10 MB solid, about 60 MB as a zip, 250 MB unpacked.
        transfer_bytes_max: 1 << 30,
        content_bytes_max: 4 << 30,
        members_max: 400_000,
    }],
    // OSV.dev follows the tracker within a day; the newest record tells the date.
    fresh_days: 7,
    parse: document::parse,
};
