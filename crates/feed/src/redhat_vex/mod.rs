//! Red Hat's VEX documents: one CSAF document for each CVE, which says the state of every
//! product that Red Hat looks after.
//!
//! | in the document | here |
//! |---|---|
//! | `fixed`, a source package with a version | fixed in that version of the **source** package, with the advisory of its `vendor_fix` |
//! | `fixed`, only binary packages of a product | the same by binary package |
//! | `known_affected` | by its remediation: `no_fix_planned` will not be fixed, or support ended if it says `Out of support scope`; `none_available` open, or postponed if it says `Fix deferred`; the statement is the note |
//! | `known_not_affected` of a component | not affected; the flag (`vulnerable_code_not_present`) is the note |
//! | `known_not_affected` of a version | nothing: it says that one build was checked |
//! | `under_investigation` | under investigation |
//! | `threats` of category `impact` | urgency |
//! | `workaround` | nothing |
//! | the module between component and product, or `rpmmod` | module |
//!
//! Where several minor releases got a fix of their own within one stream, the highest version
//! counts, for the reason that `redhat-cve` gives.
//!
//! The advisories that Red Hat publishes as CSAF as well are those of `redhat-osv`; they are not read.

mod document;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "redhat-vex";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Red Hat VEX",
    licence: "Red Hat, CC BY 4.0",
    authority: Authority::VendorState,
    speaks_of: &["redhat"],
    documents: &[DocumentSpec {
        name: "csaf_vex.tar",
        url: "https://security.access.redhat.com/data/csaf/v2/vex/archive_latest.txt",
        via: Via::NameIn { sha256: None },
        mirror: "redhat/vex/csaf_vex_*.tar.zst",
        pick: Pick::Newest,
        // 40,000 documents of up to some MB: 200 MB packed, more than 10 GB unpacked.
        transfer_bytes_max: 2 << 30,
        content_bytes_max: 64 << 30,
        members_max: 1_000_000,
    }],
    fresh_days: 7,
    parse: document::parse,
};
