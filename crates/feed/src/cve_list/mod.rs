//! The CVE list: the record of each CVE as its numbering authority wrote it, with what CISA's
//! programme adds (CVSS, CWE, and the decision points of SSVC).
//!
//! Facts about flaws and no statements: what a record says of products and versions is about
//! upstream's releases, not about anyone's packages.
//!
//! The list and CISA's `vulnrichment` repository hold the same records in the same folders
//! (`2023/4xxx/CVE-2023-4863.json`), so either may stand in for the other on a mirror.

mod document;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "cve-list";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "CVE list",
    licence: "CVE Program, terms of use of the CVE list; CISA's additions CC0 1.0",
    authority: Authority::Facts,
    speaks_of: &[],
    documents: &[DocumentSpec {
        name: "cvelistV5.tar.gz",
        url: "https://github.com/CVEProject/cvelistV5/archive/refs/heads/main.tar.gz",
        mirror: "cve-metadata/*.tar.zst",
        pick: Pick::Newest,
        via: Via::Direct,
        // 300,000 records in 2026: 300 MB packed, 2 GB unpacked.
        transfer_bytes_max: 2 << 30,
        content_bytes_max: 16 << 30,
        members_max: 2_000_000,
    }],
    // Changes by the hour; the newest record tells the date.
    fresh_days: 7,
    parse: document::parse,
};
