//! The exports of OSV.dev, one for each ecosystem.

use crate::catalogue::{Authority, DocumentSpec, Entry, FeedSpec, ParseError, Pick, Sink, Via};

/// Describes the one document of an export.
pub(crate) const fn all_zip(url: &'static str, mirror: &'static str) -> DocumentSpec {
    DocumentSpec {
        name: "all.zip",
        url,
        mirror,
        pick: Pick::Newest,
        via: Via::Direct,
        // npm, the largest, has a quarter of a million records in 2026, nearly all of them of
        // malicious packages.
        transfer_bytes_max: 2 << 30,
        content_bytes_max: 8 << 30,
        members_max: 2_000_000,
    }
}

/// Describes the feed of an export.
pub(crate) const fn feed(
    id: &'static str,
    name: &'static str,
    documents: &'static [DocumentSpec],
    parse: fn(&Entry<'_>, &mut dyn Sink) -> Result<(), ParseError>,
) -> FeedSpec {
    FeedSpec {
        id,
        name,
        licence: "OSV.dev: GitHub Advisory Database and others, CC BY 4.0; malicious packages, Apache-2.0",
        authority: Authority::Osv,
        speaks_of: &["ecosystem"],
        documents,
        // OSV.dev follows its sources within a day; the newest record tells the date.
        fresh_days: 7,
        parse,
    }
}
