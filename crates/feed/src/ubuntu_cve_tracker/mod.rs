//! The Ubuntu CVE tracker: what Ubuntu's security team says of every flaw in every package of
//! every release, one text file a flaw.
//!
//! This is the authority for Ubuntu. A line `<release>_<source package>: <status> (<remark>)` says:
//!
//! | status | means |
//! |---|---|
//! | `released (<version>)` | fixed since that version |
//! | `needed`, `pending` | no fix yet; the remark of `pending` is the version that will bring it |
//! | `needs-triage` | listed as open; nobody has looked at it closely yet, which the note says |
//! | `deferred` | the fix is postponed |
//! | `ignored` | will not be fixed, and the remark says why; or the support has ended |
//! | `not-affected` | not affected |
//! | `DNE` | the release does not have the package |
//!
//! Lines of Ubuntu Pro (`esm-infra/bionic_…`, `esm-apps/jammy_…`, `fips/focal_…`) are kept apart as
//! channels of the release. They speak of the same source packages: where Pro's line says that a
//! package is not affected at all, so is the same package in the archive, even if the archive's own
//! line only says that its support has ended; and what repeats the archive's line is left out.
//!
//! The upstream is a Git repository. A plain HTTP client gets a snapshot of it as a tarball from the
//! repository's web pages (cgit); it holds `active/`, `retired/` and much else that is passed over.

mod document;
mod status;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "ubuntu-cve-tracker";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Ubuntu CVE tracker",
    licence: "Ubuntu CVE tracker (Canonical), CC BY-SA 4.0",
    authority: Authority::Whole,
    speaks_of: &["ubuntu"],
    documents: &[DocumentSpec {
        name: "ubuntu-cve-tracker.tar.gz",
        url: "https://git.launchpad.net/ubuntu-cve-tracker/snapshot/ubuntu-cve-tracker-master.tar.gz",
        via: Via::Direct,
        mirror: "ubuntu/ubuntu-cve-tracker-*.tar.zst",
        pick: Pick::Newest,
        // 50,000 flaws in 2024: 330 MB unpacked, 20 MB solid; the whole repository has more.
        transfer_bytes_max: 2 << 30,
        content_bytes_max: 16 << 30,
        members_max: 1_000_000,
    }],
    // The team commits several times a day.
    fresh_days: 3,
    parse: document::parse,
};
