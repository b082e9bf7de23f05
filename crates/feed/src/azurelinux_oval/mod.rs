//! Microsoft's OVAL definitions for Azure Linux and CBL-Mariner: one definition for each flaw in
//! each source package.
//!
//! | `patchable` | versions meant | becomes |
//! |---|---|---|
//! | `true` | less than one | fixed since that version |
//! | `true` | greater than one and less than another | affected between the two |
//! | `false` | up to the present one | affected with it, no fix yet |
//! | `Not Applicable` | | not affected: the flaw never was or no longer is in the package |
//!
//! The tests name source packages, although they look as if they tested binary ones.

mod document;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "azurelinux-oval";

/// The most bytes of one document. The largest has 5 MB.
const DOCUMENT_BYTES_MAX: u64 = 256 << 20;

const AZURE_3: &str = "azurelinux-3.0-oval.xml";
const MARINER_2: &str = "cbl-mariner-2.0-oval.xml";

const fn document(name: &'static str, url: &'static str, mirror: &'static str) -> DocumentSpec {
    DocumentSpec {
        name,
        url,
        mirror,
        pick: Pick::Newest,
        via: Via::Direct,
        transfer_bytes_max: DOCUMENT_BYTES_MAX,
        content_bytes_max: DOCUMENT_BYTES_MAX,
        members_max: 1,
    }
}

const DOCUMENTS: &[DocumentSpec] = &[
    document(
        AZURE_3,
        "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/azurelinux-3.0-oval.xml",
        "azurelinux/azurelinux-3.0-oval.xml.gz",
    ),
    document(
        MARINER_2,
        "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/cbl-mariner-2.0-oval.xml",
        "azurelinux/cbl-mariner-2.0-oval.xml.gz",
    ),
];

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Azure Linux OVAL",
    licence: "Microsoft, MIT",
    authority: Authority::VendorState,
    speaks_of: &["azurelinux", "mariner"],
    documents: DOCUMENTS,
    // Made anew several times a week; the documents tell when.
    fresh_days: 14,
    parse: document::parse,
};
