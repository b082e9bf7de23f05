//! Amazon Linux's security advisories: the updateinfo of each of its package repositories.
//!
//! | document | release | channel |
//! |---|---|---|
//! | `al1-updates` | `amazon:1` | |
//! | `al2-core` | `amazon:2` | |
//! | `al2-extras` | `amazon:2` | `extras:docker` and so on, one for each topic; `livepatch` |
//! | `al2023-core` | `amazon:2023` | |
//! | `al2023-kernel-livepatch` | `amazon:2023` | `livepatch` |
//!
//! An advisory names *binary* packages with the version that fixes. The topics of the extras
//! library bring packages of the same names as the core (`kernel`, `nginx`) in other versions, so
//! their statements hold for hosts only that have the topic: hence the channels. The updateinfo for
//! x86_64 names the packages of the other architectures too.

mod document;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "amazon-linux";

/// Core repositories unpack to 10 MB in 2025.
const CONTENT_BYTES_MAX: u64 = 256 << 20;
const TRANSFER_BYTES_MAX: u64 = 64 << 20;

const AL1: &str = "al1-updates";
const AL2: &str = "al2-core";
const AL2_EXTRAS: &str = "al2-extras";
const AL2023: &str = "al2023-core";
const AL2023_LIVEPATCH: &str = "al2023-kernel-livepatch";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Amazon Linux security advisories",
    licence: "public Amazon Linux repository metadata (Amazon Web Services)",
    authority: Authority::VendorAdvisory,
    speaks_of: &["amazon"],
    documents: &[
        DocumentSpec {
            name: AL1,
            // The repositories of Amazon Linux 1, which ended in 2023, are known without encryption
            // only; what their list names is checked against the digest in repomd.xml.
            url: "http://repo.us-west-2.amazonaws.com/2018.03/updates/x86_64/mirror.list",
            mirror: "amazon/amzn1/updates/repodata/*updateinfo.xml.gz",
            ..REPOSITORY
        },
        DocumentSpec {
            name: AL2,
            url: "https://cdn.amazonlinux.com/2/core/latest/x86_64/mirror.list",
            mirror: "amazon/amzn2/core/repodata/*updateinfo.xml.gz",
            ..REPOSITORY
        },
        DocumentSpec {
            name: AL2_EXTRAS,
            url: "https://cdn.amazonlinux.com/2/extras-catalog.json",
            mirror: "amazon/amzn2/extras/*/repodata/*updateinfo.xml.gz",
            pick: Pick::All,
            via: Via::Topics { each: "https://cdn.amazonlinux.com/2/extras/{}/latest/x86_64/mirror.list" },
            ..REPOSITORY
        },
        DocumentSpec {
            name: AL2023,
            url: "https://cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list",
            mirror: "amazon/al2023/core/repodata/*updateinfo.xml.gz",
            ..REPOSITORY
        },
        DocumentSpec {
            name: AL2023_LIVEPATCH,
            url: "https://cdn.amazonlinux.com/al2023/kernel-livepatch/mirrors/latest/x86_64/mirror.list",
            mirror: "amazon/al2023/kernel-livepatch/repodata/*updateinfo.xml.gz",
            ..REPOSITORY
        },
    ],
    // Advisories come twice a week or more.
    fresh_days: 14,
    parse: document::parse,
};

/// What the documents have in common.
const REPOSITORY: DocumentSpec = DocumentSpec {
    name: "",
    url: "",
    mirror: "",
    pick: Pick::Newest,
    via: Via::RepoMd { list: true },
    transfer_bytes_max: TRANSFER_BYTES_MAX,
    content_bytes_max: CONTENT_BYTES_MAX,
    members_max: 1,
};
