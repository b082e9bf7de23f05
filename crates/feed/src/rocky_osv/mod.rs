//! Rocky Linux's advisories in the OSV format.
//!
//! | in the record | here |
//! |---|---|
//! | a package's name | a **source** package; its version is the source's |
//! | ecosystem `Rocky Linux:8` | release `rocky:8` |
//! | purl `…?distro=rocky-linux-8-4-x86-64-legacy` | the same build for the minor release 8.4; the least version counts |
//! | purl `…?distro=rocky-linux-8-sig-cloud` | channel `sig-cloud`: packages of a special interest group |
//! | id `RXSA-…` | an advisory of such a group |
//! | a plain build in an advisory whose title names modules | a slip of the converter, counted as rejected |
//!
//! Rocky's updateinfo and errata API repeat these advisories by binary package.

use yagura_model::{Names, ReleaseKey};

use crate::catalogue::{Authority, DocumentSpec, Entry, FeedSpec, ParseError, Pick, Sink, Via};
use crate::osv::Package;
use crate::reading;
use crate::rpm_family::{Place, Reader, read_advisory};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "rocky-osv";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Rocky Linux errata (OSV)",
    licence: "Rocky Enterprise Software Foundation, BSD",
    authority: Authority::VendorAdvisory,
    speaks_of: &["rocky"],
    documents: &[DocumentSpec {
        name: "all.zip",
        url: "https://storage.googleapis.com/osv-vulnerabilities/Rocky%20Linux/all.zip",
        via: Via::Direct,
        mirror: "rocky/all.zip",
        pick: Pick::Newest,
        // 1,500 records in 2025: 2 MB as a zip, 8 MB unpacked.
        transfer_bytes_max: 512 << 20,
        content_bytes_max: 2 << 30,
        members_max: 100_000,
    }],
    fresh_days: 14,
    parse,
};

const READER: Reader = Reader { feed: ID, names: Names::Source, place, prefixes: &[] };

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    read_advisory(entry, sink, &READER)
}

fn place(package: &Package<'_>, _: &str) -> Result<Option<Place>, &'static str> {
    let Some(number) = package.ecosystem.strip_prefix("Rocky Linux") else { return Ok(None) };
    let number = number.strip_prefix(':').filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    let number = number.filter(|number| (1..=2).contains(&number.len())).ok_or("an unknown release")?;
    let channel = package.purl.as_deref().and_then(group_of_purl).map(str::to_owned);
    Ok(Some(Place { release: ReleaseKey::new("rocky", number), channel }))
}

/// Finds `sig-cloud` in `pkg:rpm/rocky-linux/kernel?distro=rocky-linux-8-sig-cloud&epoch=0`.
fn group_of_purl(purl: &str) -> Option<&str> {
    let (_, qualifiers) = purl.split_once('?')?;
    let distro = qualifiers.split('&').find_map(|qualifier| qualifier.strip_prefix("distro="))?;
    reading::id(distro.get(distro.find("sig-")?..)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::read;

    const RECORD: &str = include_str!("../../fixtures/rocky-osv/RLSA-2099:0001.json");

    #[test]
    fn source_packages_channels_and_the_least_version() {
        let recorder = read(&FEED, "RLSA-2099:0001.json", RECORD.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        date 2099-01-31T00:00:00Z
        rejected RLSA-2099:0001: a plain build in an advisory about modules
        rejected RLSA-2099:0001: an unknown release
        flaw RLSA-2099:0001 "Moderate: demo:2.4 security update" covers CVE-2099-0003 cvss 3.1 CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H Advisory https://errata.rockylinux.org/RLSA-2099:0001 published 2099-01-30T00:00:00Z modified 2099-01-31T00:00:00Z
        rocky:8 demo RLSA-2099:0001 fixed 2.4.9-1.module+el8.9.0+100+234774f7 (medium) module demo:2.4
        rocky:8 demo RLSA-2099:0001 fixed 2.4.9-1.module+el8.9.0+100.cloud (medium) channel sig-cloud module demo:2.4
        "#);
    }

    #[test]
    fn refuses_what_ends_early() {
        assert!((0..RECORD.trim_end().len()).all(|cut| read(&FEED, "t", &RECORD.as_bytes()[..cut]).is_err()));
    }
}
