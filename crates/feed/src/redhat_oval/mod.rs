//! Red Hat's OVAL v2: one document for each release of RHEL, with what is not fixed.
//!
//! | definition | here |
//! |---|---|
//! | `com.redhat.rhsa`, `rhba`, `rhea` (class `patch`) | the advisory's fixes by binary package, with the module that must be enabled |
//! | `com.redhat.cve` (class `vulnerability`) | each component of a `resolution`: a **source** package and Red Hat's word for it |
//! | `com.redhat.unaffected` | each binary package that is named: not affected |
//! | `cve` with `cvss3`, `cwe`, `public` | facts about the flaw |
//!
//! The CPEs of a definition tell its places: `enterprise_linux:9` and the repositories are the
//! release, `rhel_eus:9.2` a channel of it. Tests of keys, architectures and running kernels are
//! left to the matcher; what `kpatch` repairs has its own package (`kpatch-patch-…`).
//!
//! Red Hat's VEX documents (`redhat-vex`) are the successors and know more.

mod document;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "redhat-oval";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Red Hat OVAL v2",
    licence: "Red Hat, CC BY 4.0",
    authority: Authority::VendorState,
    speaks_of: &["redhat"],
    documents: &[
        stream(
            "rhel-7-including-unpatched.oval.xml",
            "https://security.access.redhat.com/data/oval/v2/RHEL7/rhel-7-including-unpatched.oval.xml.bz2",
            "redhat/oval/v2/RHEL7/rhel-7-including-unpatched.oval.xml.bz2",
        ),
        stream(
            "rhel-8-including-unpatched.oval.xml",
            "https://security.access.redhat.com/data/oval/v2/RHEL8/rhel-8-including-unpatched.oval.xml.bz2",
            "redhat/oval/v2/RHEL8/rhel-8-including-unpatched.oval.xml.bz2",
        ),
        stream(
            "rhel-9-including-unpatched.oval.xml",
            "https://security.access.redhat.com/data/oval/v2/RHEL9/rhel-9-including-unpatched.oval.xml.bz2",
            "redhat/oval/v2/RHEL9/rhel-9-including-unpatched.oval.xml.bz2",
        ),
    ],
    fresh_days: 7,
    parse: document::parse,
};

const fn stream(name: &'static str, url: &'static str, mirror: &'static str) -> DocumentSpec {
    DocumentSpec {
        name,
        url,
        via: Via::Direct,
        mirror,
        pick: Pick::Newest,
        // RHEL 8's has 5 MB packed and 200 MB unpacked.
        transfer_bytes_max: 256 << 20,
        content_bytes_max: 1 << 30,
        members_max: 1,
    }
}
