//! What a feed is: its documents, where they come from, and the function that reads them.

use jiff::Timestamp;
use yagura_model::{ReleaseKey, Statement, Vulnerability};

pub use crate::fetch::Via;
use crate::{
    alma_osv, alpine_secdb, arch, azurelinux_oval, chainguard_secdb, cve_list, fedora, gentoo_glsa, go_vulndb, nvd,
    oracle_oval, osv_crates, osv_go, osv_maven, osv_npm, osv_nuget, osv_packagist, osv_pypi, osv_rubygems, photon,
    pypa, redhat_cve, redhat_osv, redhat_oval, redhat_vex, rocky_osv, rustsec, wolfi_secdb,
};
use crate::{amazon_linux, suse_csaf_vex, suse_osv, ubuntu_cve_tracker, ubuntu_osv};
use crate::{cisa_kev, debian_advisories, debian_osv, debian_tracker, epss};

/// Every feed, in the order in which they are fetched and read. A feed that a later one leans
/// on stands first: the Debian tracker before the lists and the OSV export, whose statements
/// only fill gaps.
pub const FEEDS: &[FeedSpec] = &[
    debian_tracker::FEED,
    debian_advisories::FEED,
    debian_osv::FEED,
    cisa_kev::FEED,
    epss::FEED,
    redhat_osv::FEED,
    alma_osv::FEED,
    rocky_osv::FEED,
    ubuntu_cve_tracker::FEED,
    amazon_linux::FEED,
    suse_osv::FEED,
    ubuntu_osv::FEED,
    suse_csaf_vex::FEED,
    redhat_oval::FEED,
    oracle_oval::FEED,
    redhat_cve::FEED,
    redhat_vex::FEED,
    fedora::FEED,
    alpine_secdb::FEED,
    wolfi_secdb::FEED,
    chainguard_secdb::FEED,
    arch::FEED,
    cve_list::FEED,
    go_vulndb::FEED,
    rustsec::FEED,
    pypa::FEED,
    osv_npm::FEED,
    osv_rubygems::FEED,
    osv_maven::FEED,
    osv_nuget::FEED,
    osv_packagist::FEED,
    osv_crates::FEED,
    osv_pypi::FEED,
    osv_go::FEED,
    azurelinux_oval::FEED,
    photon::FEED,
    nvd::FEED,
    gentoo_glsa::FEED,
];

/// One source of statements or facts.
#[derive(Debug)]
pub struct FeedSpec {
    /// The id in findings, files and on the command line: `debian-tracker`.
    pub id: &'static str,
    /// The name for people: `Debian security tracker`.
    pub name: &'static str,
    /// Who publishes it, under which terms.
    pub licence: &'static str,
    /// How much its word counts beside that of other feeds.
    pub authority: Authority,
    /// Distributions of which it speaks, as in release keys (`debian`, `ecosystem`); empty for
    /// facts that concern every host.
    pub speaks_of: &'static [&'static str],
    /// What is fetched.
    pub documents: &'static [DocumentSpec],
    /// Beyond this age in days the data counts as old.
    pub fresh_days: u32,
    /// Reads one entry of a document: the whole document, or one member of an archive.
    ///
    /// Called once per entry with the entry's name and its bytes, already decompressed and
    /// bounded. An entry that cannot be read is an error for that entry only; what the sink got
    /// from it before the error must not be used.
    pub parse: fn(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError>,
}

/// How much a feed's word counts where several speak of one flaw in one package, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Authority {
    /// The vendor's own verdicts, whole for every release that it speaks of: beside it the others fall silent, and
    /// what it does not name is not affected.
    Whole,
    /// The vendor's own verdicts on single flaws (VEX, CSAF).
    VendorState,
    /// The vendor's advisories: what is fixed, nothing of what is not.
    VendorAdvisory,
    /// A collection made from others' data (OSV).
    Osv,
    /// The record of the flaw itself (CVE, NVD).
    CveRecord,
    /// No statements, facts alone.
    Facts,
}

/// One document of a feed.
#[derive(Debug)]
pub struct DocumentSpec {
    /// Its name in our store: `tracker.json`. Unique within the feed.
    pub name: &'static str,
    /// Where upstream publishes it, or what leads there.
    pub url: &'static str,
    /// How the one is found through the other.
    pub via: Via,
    /// Where a mirror keeps it, relative to the mirror's base; `*` stands for any run of
    /// characters but `/`, in any part: `debian/derived/tracker-*.json.zst`.
    pub mirror: &'static str,
    /// Which of several matching files of a mirror is meant.
    pub pick: Pick,
    /// The most bytes that a transfer may bring.
    pub transfer_bytes_max: u64,
    /// The most bytes that it may become when decompressed, all members together.
    pub content_bytes_max: u64,
    /// The most members that it may have, if it is an archive.
    pub members_max: u64,
}

/// Which of several matching files of a mirror is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The last by name: names carry ISO dates, so that is the newest.
    Newest,
    /// Every one: together they are the document.
    All,
}

/// Bytes to be parsed.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The document's name in our store.
    pub document: &'a str,
    /// The member's name inside the archive, or the document's file name.
    pub name: &'a str,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// Receives what a parser reads.
pub trait Sink {
    /// Counts one record of upstream: a tracker entry, an OSV document, an advisory, a row.
    fn record(&mut self);

    /// Takes what a vendor says.
    fn statement(&mut self, statement: Statement);

    /// Takes facts about a flaw. Facts of several feeds about one id are merged.
    fn vulnerability(&mut self, vulnerability: Vulnerability);

    /// Notes that the feed speaks of a release, even if it has no statement about it.
    fn release(&mut self, release: ReleaseKey);

    /// Notes a date that upstream gives its data; the latest one counts.
    fn data_date(&mut self, date: Timestamp);

    /// Notes that one record of the entry could not be understood and was left out.
    fn rejected(&mut self, record: &str, why: &str);
}

/// Why an entry could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Not the format that the feed promises.
    #[error("`{entry}` is not a valid {format}{at}: {why}")]
    Malformed {
        /// The entry's name.
        entry: String,
        /// What was expected: `Debian tracker JSON`.
        format: &'static str,
        /// Where, as ` at line 3 column 7`; empty when unknown.
        at: String,
        /// What is wrong.
        why: String,
    },
    /// Well-formed, but larger than anything honest.
    #[error("`{entry}` has more than {limit} {what}")]
    TooMany {
        /// The entry's name.
        entry: String,
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_bounds_are_set() {
        let mut ids = BTreeSet::new();
        for feed in FEEDS {
            assert!(ids.insert(feed.id), "two feeds named `{}`", feed.id);
            assert!(!feed.documents.is_empty() && feed.fresh_days > 0);
            let mut names = BTreeSet::new();
            for document in feed.documents {
                assert!(names.insert(document.name), "two documents named `{}`", document.name);
                // Known without encryption only; see there.
                let plain = feed.id == amazon_linux::ID && document.name == "al1-updates";
                assert!(document.url.starts_with("https://") || plain, "{}", document.url);
                assert!(!document.mirror.starts_with('/') && !document.mirror.contains(".."));
                assert!(document.transfer_bytes_max > 0 && document.members_max > 0);
                assert!(document.transfer_bytes_max <= document.content_bytes_max);
            }
        }
    }

    /// A feed is one folder and one line in the list: neither may be forgotten.
    #[test]
    fn the_list_the_folders_and_the_page_agree() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/feeds.md")).unwrap();
        let listed: BTreeSet<String> = FEEDS.iter().map(|feed| feed.id.replace('-', "_")).collect();
        let folders: BTreeSet<String> = std::fs::read_dir(root)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| std::fs::read_to_string(path.join("mod.rs")).is_ok_and(|text| text.contains("FeedSpec")))
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(listed, folders);
        for feed in FEEDS {
            assert!(page.contains(&format!("`{}`", feed.id)), "docs/feeds.md does not name `{}`", feed.id);
            for document in feed.documents {
                assert!(page.contains(document.url), "docs/feeds.md does not name `{}`", document.url);
                assert!(page.contains(document.mirror), "docs/feeds.md does not name `{}`", document.mirror);
            }
        }
    }
}
