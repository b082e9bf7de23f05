//! Gentoo's security advisories (GLSA): one XML document each, about one or more packages.
//!
//! An advisory covers CVEs and says of each package which versions are vulnerable and which are
//! not. A package is affected if its version is among the vulnerable ones and not among the
//! others (see `ranges.rs`).
//!
//! Names are those of ebuilds with their category: `dev-java/snakeyaml`.

mod document;
mod ranges;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "gentoo-glsa";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Gentoo Linux Security Advisories",
    licence: "Gentoo Foundation, CC BY-SA 4.0",
    authority: Authority::VendorAdvisory,
    speaks_of: &["gentoo"],
    documents: &[DocumentSpec {
        name: "glsa.tar.gz",
        url: "https://github.com/gentoo/glsa/archive/refs/heads/master.tar.gz",
        mirror: "gentoo/glsa*.tar.*",
        pick: Pick::Newest,
        via: Via::Direct,
        // 3,700 advisories in 2025, 12 MB unpacked.
        transfer_bytes_max: 256 << 20,
        content_bytes_max: 1 << 30,
        members_max: 200_000,
    }],
    // Advisories come in batches, at times a month apart.
    fresh_days: 45,
    parse: document::parse,
};
