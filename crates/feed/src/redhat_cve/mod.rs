//! Red Hat's Security Data API: one JSON object for each CVE, with what is not fixed and why.
//!
//! | in the record | here |
//! |---|---|
//! | `affected_release` with a package `nodejs-1:18.1-2.el9` | fixed in that version of the **source** package, with the advisory |
//! | `affected_release` with a module, an image or a bare name | nothing: no version of a package; `redhat-osv` has the module's packages |
//! | `package_state` | see `rpm_family::states::fix_state`; the package is a source package, `nodejs:18/nodejs` one of a module |
//! | `threat_severity`, or the package's own `impact` | urgency |
//! | `statement` | the note of what is not fixed |
//! | `details`, `cvss3`, `cvss`, `cwe`, `references`, `public_date` | facts about the flaw |
//!
//! Where several minor releases got a fix of their own within one stream, the **highest** version
//! counts, as in Red Hat's own OVAL: a later minor release is often published without a fix that
//! an update of the earlier one has (curl 7.76.1-26.el9 of 9.3 lacks what 7.76.1-23.el9_2.4 has).
//!
//! The API has no archive; it gives a list of summaries (`cve.json`), which brings facts alone. A
//! mirror keeps the records of the flaws in one archive.

mod document;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "redhat-cve";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Red Hat Security Data API",
    licence: "Red Hat, CC BY 4.0",
    authority: Authority::VendorState,
    speaks_of: &["redhat"],
    documents: &[DocumentSpec {
        name: "cve.json",
        url: "https://access.redhat.com/hydra/rest/securitydata/cve.json",
        via: Via::Direct,
        mirror: "redhat/cve-*.tar.zst",
        pick: Pick::Newest,
        // 12,760 records are 4 MB packed and 90 MB unpacked; there are about 45,000.
        transfer_bytes_max: 256 << 20,
        content_bytes_max: 4 << 30,
        members_max: 1_000_000,
    }],
    fresh_days: 7,
    parse: document::parse,
};
