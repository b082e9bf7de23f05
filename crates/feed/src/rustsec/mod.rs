//! RustSec: advisories about crates, one Markdown file each, with a head in TOML.
//!
//! ```text
//! [advisory]
//! id = "RUSTSEC-2022-0001"
//! package = "demo"
//! aliases = ["CVE-2099-0001"]
//! [versions]
//! patched = [">= 1.2.3", "^1.1.5"]
//! unaffected = ["< 1.0.0"]
//! ```
//!
//! - What is neither patched nor unaffected is affected (see `requirements.rs`).
//! - An advisory with `informational` (`unmaintained`, `unsound`, `notice`) is advice and no flaw
//!   in a version: its text is kept, and no package is judged by it.
//! - A withdrawn advisory says nothing.
//! - The advisories about Rust itself (`rust/std/…`) are not read: what a program was built with
//!   is in no inventory, and CVE records tell the rest.

mod advisory;
mod requirements;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "rustsec";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "RustSec advisory database",
    licence: "RustSec, CC0 1.0; single advisories CC BY 4.0",
    authority: Authority::VendorAdvisory,
    speaks_of: &["ecosystem"],
    documents: &[DocumentSpec {
        name: "advisory-db.tar.gz",
        url: "https://github.com/rustsec/advisory-db/archive/refs/heads/main.tar.gz",
        mirror: "lang/rustsec-advisory-db-*.tar.zst",
        pick: Pick::Newest,
        via: Via::Direct,
        // 1,200 advisories in 2026, 5 MB unpacked.
        transfer_bytes_max: 256 << 20,
        content_bytes_max: 1 << 30,
        members_max: 200_000,
    }],
    // Between two advisories there is rarely a week; their dates are days of discovery.
    fresh_days: 14,
    parse: advisory::parse,
};
