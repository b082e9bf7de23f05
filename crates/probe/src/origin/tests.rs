use std::fmt::Write as _;

use super::*;
use crate::{MemoryHost, dpkg};

const DEBIAN_TEAM: &str = "Team <team@lists.debian.org>";

/// A stanza that does for a record and for a package list.
fn stanza(name: &str, version: &str, maintainer: &str) -> String {
    format!(
        "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\nMaintainer: {maintainer}\n\n"
    )
}

fn list(host: MemoryHost, archive: &str, release: &str, packages: &str) -> MemoryHost {
    host.file(&format!("{}/{archive}_InRelease", lists::LISTS), release)
        .file(&format!("{}/{archive}_main_binary-amd64_Packages", lists::LISTS), packages)
}

const OWN: &str = "Origin: Debian\nSuite: stable\n";
const FOREIGN: &str = "Origin: Vendor\nSuite: any\n";

fn origins_of(distribution: &str, host: &MemoryHost, status: &str) -> String {
    let mut records = dpkg::parse(status.as_bytes(), "s").unwrap().records;
    let release = Release { distribution: distribution.into(), ..Release::default() };
    let mut problems = Vec::new();
    classify(host, Some(&release), &mut records, &mut problems);
    let mut out = String::new();
    for record in records {
        let origin = match record.package.origin {
            Origin::Assumed => "assumed".to_owned(),
            Origin::Distribution => "distribution".to_owned(),
            Origin::Foreign { who, shown_by } => format!("{who} by {}", shown_by.replace(lists::LISTS, "…")),
        };
        writeln!(out, "{} {}: {origin}", record.package.name, record.package.version).unwrap();
    }
    for problem in problems {
        writeln!(out, "problem: {}", problem.message.en).unwrap();
    }
    out
}

fn origins(host: &MemoryHost, status: &str) -> String {
    origins_of("debian", host, status)
}

#[test]
fn without_lists_the_record_speaks() {
    let status = stanza("a", "1", DEBIAN_TEAM) + &stanza("b", "1-1~bpo12+1", DEBIAN_TEAM);
    insta::assert_snapshot!(origins(&MemoryHost::new(), &status), @r"
    a 1: assumed
    b 1-1~bpo12+1: bookworm-backports by Version: 1-1~bpo12+1
    ");
    insta::assert_snapshot!(origins_of("ubuntu", &MemoryHost::new(), &stanza("a", "1ubuntu1", "x")), @"a 1ubuntu1: assumed");
}

#[test]
fn the_very_version_in_a_foreign_list_is_foreign() {
    let host = list(MemoryHost::new(), "vendor", FOREIGN, &stanza("nodejs", "20", "Vendor <v@x>"));
    let status = stanza("nodejs", "20", "Vendor <v@x>") + &stanza("other", "1", "Vendor <v@x>");
    insta::assert_snapshot!(origins(&host, &status), @r"
    nodejs 20: Vendor any by /…/vendor_main_binary-amd64_Packages
    other 1: assumed
    ");
}

#[test]
fn a_mirror_under_another_name_is_no_stranger() {
    let team: String = (0..MIRRORED_MIN).map(|n| stanza(&format!("team{n}"), "1", DEBIAN_TEAM)).collect();
    let person = "A Person <p@example.net>";
    let packages = team.clone() + &stanza("xz-utils", "5.4.1-1", person);
    let host = list(MemoryHost::new(), "mirror", FOREIGN, &packages);
    assert!(!origins(&host, &packages).contains("Vendor"), "{}", origins(&host, &packages));
    // An installed build that the mirror has replaced since.
    let newer = team.clone() + &stanza("xz-utils", "5.4.1-1+deb12u1", person);
    let host = list(MemoryHost::new(), "mirror", FOREIGN, &newer);
    assert!(!origins(&host, &packages).contains("Vendor"));
    // Mostly other people's work: not a mirror.
    let vendor: String = (0..MIRRORED_MIN).map(|n| stanza(&format!("vendor{n}"), "1", person)).collect();
    let host = list(MemoryHost::new(), "vendor", FOREIGN, &(team.clone() + &vendor));
    assert!(origins(&host, &(team + &vendor)).contains("vendor0 1: Vendor any by"));
    // Rebuilds say so in their versions, whoever maintains them.
    let sury: String =
        (0..9).map(|n| stanza(&format!("php{n}"), "8-1+0~20250101.1+debian12~1.gbp1", DEBIAN_TEAM)).collect();
    let host = list(MemoryHost::new(), "sury", FOREIGN, &sury);
    assert!(origins(&host, &sury).lines().all(|line| line.contains("Vendor any by")));
}

#[test]
fn a_debian_team_in_a_foreign_list_is_a_doubt_for_debians_own() {
    let packages = stanza("a", "1", DEBIAN_TEAM) + &stanza("b", "2", DEBIAN_TEAM);
    let mirror = list(MemoryHost::new(), "mirror", FOREIGN, &packages);
    // Nothing to compare with: what names a Debian team stays Debian's.
    insta::assert_snapshot!(origins(&mirror, &packages), @r"
    a 1: assumed
    b 2: assumed
    ");
    let both = list(mirror, "debian", OWN, &stanza("a", "1", DEBIAN_TEAM));
    insta::assert_snapshot!(origins(&both, &packages), @r"
    a 1: distribution
    b 2: Vendor any by /…/mirror_main_binary-amd64_Packages
    ");
}

#[test]
fn a_name_alone_is_no_proof() {
    let vendor = "Vendor <v@vendor.example>";
    let person = "A Person <p@example.net>";
    let names = ["by-team", "by-vendor", "by-person", "by-nobody", "listed"];
    let newer: String = names.iter().map(|name| stanza(name, "9", vendor)).collect();
    let host = list(MemoryHost::new(), "vendor", FOREIGN, &newer);
    let own = stanza("by-person", "2", person) + &stanza("listed", "1", person);
    let host = list(host, "debian", OWN, &own);
    let status = stanza("by-team", "1", DEBIAN_TEAM)
        + &stanza("by-vendor", "1", vendor)
        + &stanza("by-person", "1", person)
        + &stanza("by-nobody", "1", "Somebody <s@example.net>")
        + &stanza("listed", "1", person);
    insta::assert_snapshot!(origins(&host, &status), @r"
    by-team 1: assumed
    by-vendor 1: Vendor any by /…/vendor_main_binary-amd64_Packages (other versions by this maintainer)
    by-person 1: distribution
    by-nobody 1: Vendor any by /…/vendor_main_binary-amd64_Packages (other versions; the distribution does not list this one)
    listed 1: distribution
    ");
}

#[test]
fn large_lists_are_not_read_without_need() {
    // An unreadable own list would become a problem if it were opened.
    let host = MemoryHost::new()
        .file("var/lib/apt/lists/debian_InRelease", OWN)
        .denied("var/lib/apt/lists/debian_main_binary-amd64_Packages.lz4")
        .file("var/lib/apt/lists/bpo_InRelease", "Origin: Debian Backports\nSuite: stable-backports\n")
        .denied("var/lib/apt/lists/bpo_main_binary-amd64_Packages.lz4");
    let host = list(host, "vendor", FOREIGN, &stanza("v", "1", "Vendor <v@x>"));
    let status = stanza("a", "1", DEBIAN_TEAM) + &stanza("v", "1", "Vendor <v@x>");
    insta::assert_snapshot!(origins(&host, &status), @r"
    a 1: assumed
    v 1: Vendor any by /…/vendor_main_binary-amd64_Packages
    ");
    // With a doubt it is.
    insta::assert_snapshot!(origins(&host, &stanza("v", "1", DEBIAN_TEAM)), @r"
    v 1: Vendor any by /…/vendor_main_binary-amd64_Packages
    problem: cannot read `/var/lib/apt/lists/debian_main_binary-amd64_Packages.lz4`: permission denied; packages from this archive may not be recognised as such
    ");
}

#[test]
fn architectures_are_kept_apart() {
    let foreign = stanza("lib", "1", "Vendor <v@x>");
    let host = list(MemoryHost::new(), "vendor", FOREIGN, &foreign);
    let i386 = stanza("lib", "1", "Other <o@x>").replace("amd64", "i386");
    insta::assert_snapshot!(origins(&host, &(foreign + &i386)), @r"
    lib 1: Vendor any by /…/vendor_main_binary-amd64_Packages
    lib 1: assumed
    ");
}

#[test]
fn a_list_that_we_cannot_unpack_is_said() {
    let host = MemoryHost::new()
        .file("var/lib/apt/lists/vendor_InRelease", FOREIGN)
        .file("var/lib/apt/lists/vendor_main_binary-amd64_Packages.zst", "");
    insta::assert_snapshot!(origins(&host, &stanza("a", "1", DEBIAN_TEAM)), @r"
    a 1: assumed
    problem: the package list `/var/lib/apt/lists/vendor_main_binary-amd64_Packages.zst` is packed in a way that this version does not unpack (only gzip and lz4); packages from this archive may not be recognised as such
    ");
}
