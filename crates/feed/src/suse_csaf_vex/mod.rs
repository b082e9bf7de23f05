//! SUSE's VEX documents in the CSAF format: one for each flaw, with what is affected and not yet fixed.
//!
//! SUSE's advisories tell what is fixed ([`crate::suse_osv`]); only these documents tell what is not. Of
//! their states two are read:
//!
//! | status | state |
//! |---|---|
//! | `known_affected` | no fix yet; will not be fixed where a remediation says `no_fix_planned` |
//! | `under_investigation` | under investigation |
//!
//! Fixed and recommended versions repeat the advisories. A package that is not affected is one that
//! nothing is said of: the documents list up to a million of these.

mod document;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "suse-csaf-vex";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "SUSE VEX documents (CSAF)",
    licence: "SUSE, CC BY 4.0",
    authority: Authority::VendorState,
    speaks_of: &["suse", "suse-micro", "opensuse", "opensuse-micro"],
    documents: &[DocumentSpec {
        name: "csaf-vex.tar.bz2",
        url: "https://ftp.suse.com/pub/projects/security/csaf-vex.tar.bz2",
        via: Via::Direct,
        mirror: "suse/csaf-vex-*.tar.zst",
        pick: Pick::Newest,
        // 40,000 flaws with a signature and a digest each.
        transfer_bytes_max: 4 << 30,
        content_bytes_max: 64 << 30,
        members_max: 1_000_000,
    }],
    fresh_days: 7,
    parse: document::parse,
};
