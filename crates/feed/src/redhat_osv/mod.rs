//! Red Hat's advisories in the OSV format: which build of which binary package fixes what, in
//! every product that Red Hat ships as rpm packages.
//!
//! | in the record | here |
//! |---|---|
//! | `id` `RHSA-…`, `RHBA-…`, `RHEA-…` | the flaw's id; `related` are the CVEs that it covers |
//! | ecosystem `Red Hat:enterprise_linux:8::baseos` | release `redhat:8`; the repository does not matter, a package is in one |
//! | ecosystem `Red Hat:rhel_eus:9.2::appstream` | release `redhat:9`, channel `eus:9.2` |
//! | ecosystem `Red Hat:openstack:16.2::el8` | release `redhat:8`, channel `openstack:16.2` |
//! | a version with `.module+`, and the title `nodejs:18 security update` | module `nodejs:18` |
//! | packages of debug symbols | nothing |
//!
//! States of what is not fixed are in `redhat-cve` and `redhat-vex`.

use yagura_model::Names;

use crate::catalogue::{Authority, DocumentSpec, Entry, FeedSpec, ParseError, Pick, Sink, Via};
use crate::osv::Package;
use crate::rpm_family::{Place, Reader, place_of_product, read_advisory};

/// Names the feed in findings, files and on the command line.
pub const ID: &str = "redhat-osv";

/// The feed.
pub const FEED: FeedSpec = FeedSpec {
    id: ID,
    name: "Red Hat security advisories (OSV)",
    licence: "Red Hat, CC BY 4.0",
    authority: Authority::VendorAdvisory,
    speaks_of: &["redhat"],
    documents: &[DocumentSpec {
        name: "all.zip",
        url: "https://storage.googleapis.com/osv-vulnerabilities/Red%20Hat/all.zip",
        via: Via::Direct,
        mirror: "redhat/osv-all-*.tar.zst",
        pick: Pick::Newest,
        // 15,000 records in 2025: 4 MB solid, about 40 MB as a zip, 220 MB unpacked.
        transfer_bytes_max: 1 << 30,
        content_bytes_max: 4 << 30,
        members_max: 200_000,
    }],
    // Advisories come on every working day.
    fresh_days: 7,
    parse,
};

const READER: Reader = Reader {
    feed: ID,
    names: Names::Binary,
    place,
    prefixes: &["Red Hat Security Advisory:", "Red Hat Bug Fix Advisory:", "Red Hat Enhancement Advisory:"],
};

fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    read_advisory(entry, sink, &READER)
}

fn place(package: &Package<'_>, evr: &str) -> Result<Option<Place>, &'static str> {
    let Some(product) = package.ecosystem.strip_prefix("Red Hat:") else { return Ok(None) };
    place_of_product(product, Some(evr)).map(Some).ok_or("a product of no known release")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::read;

    const PLAIN: &str = include_str!("../../fixtures/redhat-osv/RHSA-2099:0001.json");
    const MODULAR: &str = include_str!("../../fixtures/redhat-osv/RHSA-2099:0002.json");

    #[test]
    fn an_advisory_is_one_flaw_that_covers_others() {
        let recorder = read(&FEED, "RHSA-2099:0001.json", PLAIN.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        date 2099-01-31T00:00:00Z
        rejected RHSA-2099:0001: a product of no known release
        rejected RHSA-2099:0001: an advisory without a fix
        rejected RHSA-2099:0001: not a package name
        flaw RHSA-2099:0001 "demo-lib:1.2 security update" covers CVE-2099-0001 covers CVE-2099-0002 cvss 3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H Advisory https://access.redhat.com/errata/RHSA-2099:0001 published 2099-01-30T00:00:00Z modified 2099-01-31T00:00:00Z
        redhat:8 demo-lib RHSA-2099:0001 fixed 1.2-3.el8 (not yet assigned) binary
        redhat:8 demo-lib-devel RHSA-2099:0001 fixed 1:1.2-3.el8 (not yet assigned) binary
        redhat:7 demo-lib RHSA-2099:0001 fixed 1.2-3.ael7b_1 (not yet assigned) binary
        redhat:8 demo-lib RHSA-2099:0001 fixed 1.0-9.el8_6 (not yet assigned) binary channel eus:8.6
        redhat:8 demo-lib RHSA-2099:0001 fixed 1.5-1.el8ost (not yet assigned) binary channel openstack:16.2
        "#);
    }

    #[test]
    fn modular_builds_name_the_streams_of_the_title() {
        let recorder = read(&FEED, "RHSA-2099:0002.json", MODULAR.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        date 2099-01-31T00:00:00Z
        flaw RHSA-2099:0002 "demo:2.4 and demo-devel:2.4 security update" covers CVE-2099-0003 published 2099-01-30T00:00:00Z modified 2099-01-31T00:00:00Z
        redhat:8 demo RHSA-2099:0002 fixed 1:2.4.9-1.module+el8.9.0+20842+1a2b3c4d (not yet assigned) binary module demo:2.4
        redhat:8 demo RHSA-2099:0002 fixed 1:2.4.9-1.module+el8.9.0+20842+1a2b3c4d (not yet assigned) binary module demo-devel:2.4
        redhat:8 demo-tool RHSA-2099:0002 fixed 0.9-4.module+el8.9.0+20842+1a2b3c4d (not yet assigned) binary module demo:2.4
        redhat:8 demo-tool RHSA-2099:0002 fixed 0.9-4.module+el8.9.0+20842+1a2b3c4d (not yet assigned) binary module demo-devel:2.4
        "#);
        // Without a stream in the title the module stays unknown, and the version tells.
        let unnamed = MODULAR.replace("demo:2.4 and demo-devel:2.4", "demo");
        let recorder = read(&FEED, "RHSA-2099:0002.json", unnamed.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        date 2099-01-31T00:00:00Z
        flaw RHSA-2099:0002 "demo security update" covers CVE-2099-0003 published 2099-01-30T00:00:00Z modified 2099-01-31T00:00:00Z
        redhat:8 demo RHSA-2099:0002 fixed 1:2.4.9-1.module+el8.9.0+20842+1a2b3c4d (not yet assigned) binary
        redhat:8 demo-tool RHSA-2099:0002 fixed 0.9-4.module+el8.9.0+20842+1a2b3c4d (not yet assigned) binary
        "#);
    }

    #[test]
    fn records_that_say_nothing() {
        let render = |text: &str| read(&FEED, "t", text.as_bytes()).unwrap().render();
        let withdrawn = PLAIN.replacen('{', r#"{"withdrawn":"2099-02-01T00:00:00Z","#, 1);
        assert_eq!(render(&withdrawn), "record 1\ndate 2099-01-31T00:00:00Z\n");
        assert_eq!(render(r#"{"id":"RHBA-2099:0003","affected":[]}"#), "record 1\n");
        assert_eq!(render(r#"{"id":"no id"}"#), "record 1\nrejected no id: not the id of an advisory\n");
    }

    #[test]
    fn refuses_what_ends_early() {
        assert!((0..PLAIN.trim_end().len()).all(|cut| read(&FEED, "t", &PLAIN.as_bytes()[..cut]).is_err()));
    }
}
