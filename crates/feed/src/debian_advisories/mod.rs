//! The lists of Debian's advisories: DSA by the security team, DLA by the LTS team.
//!
//! An advisory says which version of a source package fixes which flaws in which release. The
//! tracker says the same and more for the releases that it looks after; there the lists only
//! add the advisory's id. For older releases they are the authority that remains.

mod list;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "debian-advisories";

/// The lists have 1 MB each in 2026.
const LIST_BYTES_MAX: u64 = 64 << 20;

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Debian security advisories (DSA, DLA)",
    licence: "Debian security tracker (Debian project)",
    authority: Authority::VendorAdvisory,
    speaks_of: &["debian"],
    documents: &[
        DocumentSpec {
            name: "DSA-list",
            url: "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/DSA/list",
            mirror: "debian/security-tracker/data/DSA/list*",
            pick: Pick::All,
            via: Via::Direct,
            transfer_bytes_max: LIST_BYTES_MAX,
            content_bytes_max: LIST_BYTES_MAX,
            members_max: 1,
        },
        DocumentSpec {
            name: "DLA-list",
            url: "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/DLA/list",
            mirror: "debian/security-tracker/data/DLA/list*",
            pick: Pick::All,
            via: Via::Direct,
            transfer_bytes_max: LIST_BYTES_MAX,
            content_bytes_max: LIST_BYTES_MAX,
            members_max: 1,
        },
    ],
    // The newest advisory tells the date; a week without any is rare.
    fresh_days: 7,
    parse: list::parse,
};
