//! NIST's National Vulnerability Database: texts, scores and kinds of weakness of every CVE.
//!
//! For these alone: what NVD says of products and versions is about upstream's releases, and no
//! package is judged by it. The yearly feeds and the pages of the API have the same shape; the
//! feeds of version 1.1, which ended in 2023, are still on mirrors and are read too.

mod document;
mod old;

use crate::catalogue::{Authority, DocumentSpec, FeedSpec, Pick, Via};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "nvd";

/// The most bytes of one document. The largest year has 170 MB.
const DOCUMENT_BYTES_MAX: u64 = 1 << 30;

/// The feed of one year, which is that of the CVE number; all before 2002 stand in 2002's.
macro_rules! year {
    ($year:literal) => {
        DocumentSpec {
            name: concat!("nvdcve-2.0-", $year, ".json.gz"),
            url: concat!("https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-", $year, ".json.gz"),
            mirror: concat!("nvd/nvdcve-2.0-", $year, ".json.gz"),
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
    name: "National Vulnerability Database",
    licence: "NIST, public domain",
    authority: Authority::Facts,
    speaks_of: &[],
    documents: &[
        year!("2002"),
        year!("2003"),
        year!("2004"),
        year!("2005"),
        year!("2006"),
        year!("2007"),
        year!("2008"),
        year!("2009"),
        year!("2010"),
        year!("2011"),
        year!("2012"),
        year!("2013"),
        year!("2014"),
        year!("2015"),
        year!("2016"),
        year!("2017"),
        year!("2018"),
        year!("2019"),
        year!("2020"),
        year!("2021"),
        year!("2022"),
        year!("2023"),
        year!("2024"),
        year!("2025"),
        year!("2026"),
    ],
    // Made anew daily; the documents tell when.
    fresh_days: 7,
    parse: document::parse,
};
