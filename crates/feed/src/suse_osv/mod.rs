//! SUSE's advisories in the OSV format: for SUSE Linux Enterprise, openSUSE and the products on top.
//!
//! A record names *source* packages of a product, and with each the *binary* packages that come of it.
//! The version of a binary differs from its source's in a third of the cases (`qemu-seabios` of `qemu`),
//! and an installed package may tell another source than the record does
//! (`ca-certificates-mozilla-prebuilt`), so the statements are about binary packages. Where a record
//! lists none, it is about the source package.
//!
//! One advisory is the same build for most products of a release. What a channel repeats of the
//! release's ordinary products is left out (the module `suse` tells them apart).
//!
//! Security updates count, with or without a CVE. Recommended, optional and feature updates (`SUSE-RU`, `SUSE-OU`,
//! `SUSE-FU`) do not: they name the flaw of one package and list a dozen that were rebuilt beside it.

mod document;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "suse-osv";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "SUSE advisories (OSV)",
    licence: "SUSE, CC BY 4.0",
    authority: Authority::VendorAdvisory,
    speaks_of: &["suse", "suse-micro", "opensuse", "opensuse-micro"],
    documents: &[DocumentSpec {
        name: "osv.tar.bz2",
        url: "https://ftp.suse.com/pub/projects/security/osv.tar.bz2",
        via: Via::Direct,
        mirror: "suse/osv-*.tar.zst",
        pick: Pick::Newest,
        // 15,000 records of 2021 to 2025: 130 MB unpacked, 3 MB solid; all years have twice as many.
        transfer_bytes_max: 1 << 30,
        content_bytes_max: 8 << 30,
        members_max: 400_000,
    }],
    // Advisories come every working day.
    fresh_days: 7,
    parse: document::parse,
};
