//! Fedora's and EPEL's updates: the updateinfo of each release's repository, made by Bodhi.
//!
//! | in an update | here |
//! |---|---|
//! | `<release>` `Fedora 43`, `Fedora EPEL 9` | `fedora:43`, `epel:9`; `Fedora EPEL 9 Next` is channel `next` |
//! | packages of architecture `src` | fixed in that version of the **source** package |
//! | binary packages of an update without source packages | the same by binary package |
//! | CVE ids in titles of references and, of security updates, in its texts | what it covers |
//! | a security update without a CVE | a flaw by its own id |
//! | other updates without a CVE, and those in testing | nothing |
//! | `Fedora 38 Modular` and the title `nginx-mainline-3820240218193500.f38` | module `nginx:mainline` |
//!
//! A release is in `updates` while it lives, about 13 months; its last state is in Fedora's archive.

mod document;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "fedora";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Fedora and EPEL updates",
    licence: "Fedora Project, public repository metadata",
    authority: Authority::VendorAdvisory,
    speaks_of: &["fedora", "epel"],
    documents: &[
        DocumentSpec {
            name: "fedora-43-updateinfo.xml",
            url: "https://dl.fedoraproject.org/pub/fedora/linux/updates/43/Everything/x86_64/",
            mirror: "fedora/linux/updates/43/Everything/x86_64/repodata/*updateinfo.xml*",
            ..REPOSITORY
        },
        DocumentSpec {
            name: "fedora-44-updateinfo.xml",
            url: "https://dl.fedoraproject.org/pub/fedora/linux/updates/44/Everything/x86_64/",
            mirror: "fedora/linux/updates/44/Everything/x86_64/repodata/*updateinfo.xml*",
            ..REPOSITORY
        },
        DocumentSpec {
            name: "epel-8-updateinfo.xml",
            url: "https://dl.fedoraproject.org/pub/epel/8/Everything/x86_64/",
            mirror: "fedora/epel/8/Everything/x86_64/repodata/*updateinfo.xml*",
            ..REPOSITORY
        },
        DocumentSpec {
            name: "epel-9-updateinfo.xml",
            url: "https://dl.fedoraproject.org/pub/epel/9/Everything/x86_64/",
            mirror: "fedora/epel/9/Everything/x86_64/repodata/*updateinfo.xml*",
            ..REPOSITORY
        },
        DocumentSpec {
            name: "epel-10-updateinfo.xml",
            url: "https://dl.fedoraproject.org/pub/epel/10/Everything/x86_64/",
            mirror: "fedora/epel/10/Everything/x86_64/repodata/*updateinfo.xml*",
            ..REPOSITORY
        },
    ],
    fresh_days: 7,
    parse: document::parse,
};

/// What the documents have in common.
const REPOSITORY: DocumentSpec = DocumentSpec {
    name: "",
    url: "",
    mirror: "",
    pick: Pick::Newest,
    via: Via::RepoMd { list: false },
    // One release's updates have 2 MB packed and 40 MB unpacked.
    transfer_bytes_max: 64 << 20,
    content_bytes_max: 512 << 20,
    members_max: 1,
};
