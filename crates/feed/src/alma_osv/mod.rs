//! AlmaLinux's advisories in the OSV format.
//!
//! Names are those of binary packages, releases `AlmaLinux:9` without repositories. Modular
//! versions have `.module_el9` where Red Hat's have `.module+el9`; the title names the stream.
//! `ALBA-…` and `ALEA-…`, advisories about bugs and enhancements, count where they name a CVE.
//!
//! AlmaLinux's errata JSON, updateinfo and OVAL repeat these advisories; beyond them the errata
//! JSON names the module of each package, which a title names as well.

use yagura_model::{Names, ReleaseKey};

use crate::catalogue::{Authority, DocumentSpec, Entry, FeedSpec, ParseError, Pick, Sink, Via};
use crate::osv::Package;
use crate::rpm_family::{Place, Reader, read_advisory};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "alma-osv";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "AlmaLinux errata (OSV)",
    licence: "AlmaLinux OS Foundation, MIT",
    authority: Authority::VendorAdvisory,
    speaks_of: &["almalinux"],
    documents: &[DocumentSpec {
        name: "all.zip",
        url: "https://storage.googleapis.com/osv-vulnerabilities/AlmaLinux/all.zip",
        via: Via::Direct,
        mirror: "alma/osv-database-*.tar.zst",
        pick: Pick::Newest,
        // 5,700 records in 2026: 1 MB solid, 46 MB unpacked.
        transfer_bytes_max: 512 << 20,
        content_bytes_max: 2 << 30,
        members_max: 100_000,
    }],
    // AlmaLinux follows Red Hat within a day or two.
    fresh_days: 7,
    parse,
};

const READER: Reader = Reader { feed: ID, names: Names::Binary, place, prefixes: &[] };

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    read_advisory(entry, sink, &READER)
}

fn place(package: &Package<'_>, _: &str) -> Result<Option<Place>, &'static str> {
    let Some(number) = package.ecosystem.strip_prefix("AlmaLinux") else { return Ok(None) };
    let number = number.strip_prefix(':').filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    let number = number.filter(|number| (1..=2).contains(&number.len())).ok_or("an unknown release")?;
    Ok(Some(Place { release: ReleaseKey::new("almalinux", number), channel: None }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::read;

    const RECORD: &str = include_str!("../../fixtures/alma-osv/ALSA-2099:0001.json");

    #[test]
    fn an_advisory_is_graded_by_its_title() {
        let recorder = read(&FEED, "ALSA-2099:0001.json", RECORD.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        date 2099-01-31T00:00:00Z
        rejected ALSA-2099:0001: an unknown release
        flaw ALSA-2099:0001 "Important: demo:2.4 security update" covers CVE-2099-0003 Advisory https://errata.almalinux.org/8/ALSA-2099-0001.html published 2099-01-30T00:00:00Z modified 2099-01-31T00:00:00Z
        almalinux:8 demo ALSA-2099:0001 fixed 2.4.9-1.module_el8.9.0+3000+1a2b3c4d (high) binary module demo:2.4
        almalinux:8 demo-tool ALSA-2099:0001 fixed 0.9-4.module_el8.9.0+3000+1a2b3c4d (high) binary module demo:2.4
        "#);
    }

    #[test]
    fn refuses_what_ends_early() {
        assert!((0..RECORD.trim_end().len()).all(|cut| read(&FEED, "t", &RECORD.as_bytes()[..cut]).is_err()));
    }
}
