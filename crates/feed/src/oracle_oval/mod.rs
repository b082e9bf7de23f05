//! Oracle Linux errata in OVAL: one document for all releases.
//!
//! | in a definition | here |
//! |---|---|
//! | the platform `Oracle Linux 8` | release `oracle:8` |
//! | a version with `.ksplice` (`2.17-326.0.5.ksplice1.el7_9`) | channel `ksplice`: builds for hosts with Ksplice, in a repository of their own |
//! | a version with `_fips` | channel `fips`: certified builds |
//! | `Module virt:kvm_utils is enabled` | module |
//! | tests of architectures | nothing: the versions are the same |
//!
//! Without the channels an ordinary `glibc` would look older than the fix for Ksplice's `glibc`,
//! which it never receives.

use std::collections::BTreeSet;

use yagura_model::ReleaseKey;

use crate::catalogue::{Authority, DocumentSpec, Entry, FeedSpec, ParseError, Pick, Sink, Via};
use crate::oval_xml::{Definition, Tables, for_each_definition};
use crate::rpm_family::{Place, made_at, read_patch, state_flaws};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "oracle-oval";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Oracle Linux errata (OVAL)",
    licence: "Oracle, public errata",
    authority: Authority::VendorAdvisory,
    speaks_of: &["oracle"],
    documents: &[DocumentSpec {
        name: "com.oracle.elsa-all.xml",
        url: "https://linux.oracle.com/security/oval/com.oracle.elsa-all.xml.bz2",
        via: Via::Direct,
        mirror: "oracle/com.oracle.elsa-all.xml.bz2",
        pick: Pick::Newest,
        // 10 MB packed, 300 MB unpacked.
        transfer_bytes_max: 256 << 20,
        content_bytes_max: 1 << 30,
        members_max: 1,
    }],
    fresh_days: 7,
    parse,
};

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let tables = Tables::read(entry)?;
    if let Some(date) = tables.timestamp().and_then(made_at) {
        sink.data_date(date);
    }
    for_each_definition(entry, &mut |definition| {
        sink.record();
        match definition {
            Ok(definition) if definition.class == "patch" => {
                read_patch(&definition, &tables, ID, &places_of(&definition), channel_of, sink);
                state_flaws(&definition, ID, sink);
            }
            Ok(_) => {}
            Err(broken) => sink.rejected(&broken.record, broken.why),
        }
    })
}

fn places_of(definition: &Definition) -> Vec<Place> {
    let numbers = definition.platforms.iter().filter_map(|name| name.trim().strip_prefix("Oracle Linux "));
    let plain =
        numbers.filter(|number| (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()));
    let releases: BTreeSet<ReleaseKey> = plain.map(|number| ReleaseKey::new("oracle", number)).collect();
    releases.into_iter().map(|release| Place { release, channel: None }).collect()
}

/// Finds the channel that only a version tells.
fn channel_of(evr: &str) -> Option<&'static str> {
    if evr.contains(".ksplice") {
        Some("ksplice")
    } else if evr.contains("_fips") {
        Some("fips")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::read;

    const DOCUMENT: &str = include_str!("../../fixtures/oracle-oval/com.oracle.elsa-all.xml");

    #[test]
    fn errata_with_their_channels() {
        let recorder = read(&FEED, "com.oracle.elsa-all.xml", DOCUMENT.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 4
        date 2099-01-31T00:34:31Z
        flaw ELSA-2099-0001 "Moderate: demo security update" covers CVE-2099-0001 covers CVE-2099-0002 Advisory https://linux.oracle.com/errata/ELSA-2099-0001.html published 2099-01-26T00:00:00Z
        oracle:8 demo ELSA-2099-0001 fixed 30:1.2-3.el8 (medium) binary
        oracle:8 demo-libs ELSA-2099-0001 fixed 30:1.2-3.el8 (medium) binary
        flaw CVE-2099-0001 cvss 3.1 CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H published 2099-01-25T00:00:00Z
        flaw CVE-2099-0002 cvss 3.1 CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H published 2099-01-25T00:00:00Z
        flaw ELSA-2099-12342 "demo:kvm_utils security update" covers CVE-2099-0003 Advisory https://linux.oracle.com/errata/ELSA-2099-12342.html published 2099-01-26T00:00:00Z
        oracle:8 demo ELSA-2099-12342 fixed 1.3.18-21.module+el8.7.0+21037+8ee66348 (high) binary module demo:kvm_utils
        flaw CVE-2099-0003 cvss 3.1 CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H published 2099-01-25T00:00:00Z
        flaw ELSA-2099-0004 "glibc security update" covers CVE-2099-0004 Advisory https://linux.oracle.com/errata/ELSA-2099-0004.html published 2099-01-26T00:00:00Z
        oracle:7 glibc ELSA-2099-0004 fixed 2:2.17-326.0.5.ksplice1.el7_9.3 (high) binary channel ksplice
        oracle:7 openssl ELSA-2099-0004 fixed 10:1.0.2k-26_fips.el7_9 (high) binary channel fips
        flaw CVE-2099-0004 cvss 3.1 CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H published 2099-01-25T00:00:00Z
        rejected ELSA-2099-0005: a product of no known release
        flaw CVE-2099-0005 cvss 3.1 CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H published 2099-01-25T00:00:00Z
        "#);
    }

    #[test]
    fn refuses_what_ends_early() {
        let length = DOCUMENT.trim_end().len();
        assert!((0..length).step_by(11).all(|cut| read(&FEED, "t", &DOCUMENT.as_bytes()[..cut]).is_err()));
    }
}
