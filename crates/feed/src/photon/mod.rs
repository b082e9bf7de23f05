//! Photon OS's CVE metadata: one list for each release, a row for each flaw in each package.
//!
//! Packages are binary packages: a row for `curl`, one for `curl-libs`, and so on.
//!
//! | `status` | `res_ver` | means |
//! |---|---|---|
//! | `Fixed` | a version | versions before it are affected |
//! | `Not Affected` | `NA` | never affected |
//! | others | | a row that is not understood |
//!
//! `cve_score` is a number without its vector; it becomes the vendor's grading and no score.

mod document;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "photon";

/// The most bytes of one document. The largest has 5 MB.
const DOCUMENT_BYTES_MAX: u64 = 256 << 20;

/// The list of one release.
macro_rules! list {
    ($release:literal) => {
        DocumentSpec {
            name: concat!("cve_data_photon", $release, ".json"),
            url: concat!("https://packages.broadcom.com/photon/photon_cve_metadata/cve_data_photon", $release, ".json"),
            mirror: concat!("photon/cve_data_photon", $release, ".json"),
            pick: Pick::Newest,
            via: Via::Direct,
            transfer_bytes_max: DOCUMENT_BYTES_MAX,
            content_bytes_max: DOCUMENT_BYTES_MAX,
            members_max: 1,
        }
    };
}

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Photon OS CVE metadata",
    licence: "Broadcom, Photon OS CVE metadata (no licence is named)",
    authority: Authority::VendorState,
    speaks_of: &["photon"],
    documents: &[list!("1.0"), list!("2.0"), list!("3.0"), list!("4.0"), list!("5.0")],
    // Made anew with each advisory; the documents carry no date.
    fresh_days: 14,
    parse: document::parse,
};
