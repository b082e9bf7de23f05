//! Arch Linux's security tracker: groups of flaws (AVG) that one update of one or more packages
//! fixes.
//!
//! Packages are binary packages. A group has the version in which the flaws were found
//! (`affected`) and, when known, the first one without them (`fixed`):
//!
//! | status | `fixed` | means |
//! |---|---|---|
//! | `Fixed` | a version | versions before it are affected |
//! | `Testing` | a version | the same; the fixed package is in the testing repositories so far |
//! | `Vulnerable` | a version | the same; the fixed package is not built yet |
//! | `Vulnerable` | none | affected, no fix yet |
//! | `Unknown` | a version | versions before it may be affected, nobody has found out |
//! | `Unknown` | none | nobody has found out |
//! | `Not affected` | | never affected |
//!
//! Which version was the first with the flaw is not said; `affected` is only where somebody looked.

mod document;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "arch";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Arch Linux security tracker",
    licence: "Arch Linux security tracker",
    authority: Authority::VendorState,
    speaks_of: &["arch"],
    documents: &[DocumentSpec {
        name: "all.json",
        url: "https://security.archlinux.org/all.json",
        mirror: "arch/all.json",
        pick: Pick::Newest,
        via: Via::Direct,
        // 650 kB in 2025.
        transfer_bytes_max: 128 << 20,
        content_bytes_max: 128 << 20,
        members_max: 1,
    }],
    // The tracker is served live; its data carries no date.
    fresh_days: 7,
    parse: document::parse,
};
