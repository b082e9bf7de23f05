//! Ubuntu's data in the OSV format: its security notices (USN), and the states of its tracker.
//!
//! | record | brings |
//! |---|---|
//! | `USN-…` | which notice fixes which flaws in which source package, release and channel |
//! | `UBUNTU-CVE-…` | fixed versions and open flaws, for when the tracker itself is absent |
//! | `LSN-…` | notices of live patches; passed over, because they name modules and no packages |
//!
//! The tracker is the authority. Beside it this feed adds the ids of notices to the tracker's
//! statements. Without it these records are all that is known of Ubuntu; they do not tell `needed` from
//! `deferred` or `ignored`.
//!
//! A notice about several packages names all its flaws at once. Where one of them does not concern one
//! of the packages, only the tracker says so.

mod document;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "ubuntu-osv";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Ubuntu security notices (OSV)",
    licence: "OSV.dev, from Ubuntu's notices and tracker (Canonical), CC BY-SA 4.0",
    authority: Authority::Osv,
    speaks_of: &["ubuntu"],
    documents: &[DocumentSpec {
        name: "all.zip",
        url: "https://storage.googleapis.com/osv-vulnerabilities/Ubuntu/all.zip",
        via: Via::Direct,
        mirror: "ubuntu/osv-all-*.tar.zst",
        pick: Pick::Newest,
        // 60,000 records, those of the kernel with long lists of binary packages.
        transfer_bytes_max: 2 << 30,
        content_bytes_max: 32 << 30,
        members_max: 400_000,
    }],
    // OSV.dev follows within a day.
    fresh_days: 7,
    parse: document::parse,
};
