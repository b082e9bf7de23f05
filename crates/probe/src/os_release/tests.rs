use yagura_testkit::shared_data;

use super::*;
use crate::{MemoryHost, RootedHost};

fn told(host: &MemoryHost) -> String {
    let mut problems = Vec::new();
    let release = read(host, &mut problems);
    let problems: String = problems.iter().map(|problem| format!("\n{}", problem.message.en)).collect();
    let Some(r) = release else { return format!("nothing{problems}") };
    let key = r.key().map_or_else(|| "no key".to_owned(), |key| key.to_string());
    let part = |part: Option<String>| part.unwrap_or_else(|| "-".into());
    let (version, codename, point) = (part(r.version), part(r.codename), part(r.point_version));
    format!("{key}: {} {version} {codename} {point} by {}: {}{problems}", r.distribution, r.told_by, r.pretty_name)
}

const BOOKWORM: &str =
    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n";

#[test]
fn os_release_and_the_point_release() {
    let host = MemoryHost::new().file("usr/lib/os-release", BOOKWORM).link("etc/os-release", "../usr/lib/os-release");
    insta::assert_snapshot!(told(&host), @"debian:bookworm: debian 12 bookworm - by etc/os-release: Debian GNU/Linux 12 (bookworm)");
    let host = host.file("etc/debian_version", "12.11\n");
    insta::assert_snapshot!(told(&host), @"debian:bookworm: debian 12 bookworm 12.11 by etc/os-release: Debian GNU/Linux 12 (bookworm)");
    // A point release that belongs to another release is not believed.
    let host = host.file("etc/debian_version", "11.1\n");
    insta::assert_snapshot!(told(&host), @"debian:bookworm: debian 12 bookworm - by etc/os-release: Debian GNU/Linux 12 (bookworm)");
}

#[test]
fn the_second_place_is_read_where_the_first_is_missing() {
    let host = MemoryHost::new().file("usr/lib/os-release", BOOKWORM);
    assert!(told(&host).contains("by usr/lib/os-release"));
    let host = host.file("etc/os-release", "ID=Alpine\nVERSION_ID=3.20.1\n");
    insta::assert_snapshot!(told(&host), @"alpine:3.20: alpine 3.20.1 - - by etc/os-release: alpine");
}

#[test]
fn old_debian_names_no_codename() {
    let host = MemoryHost::new()
        .file("etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 8 (jessie)\"\nID=debian\nVERSION_ID=\"8\"\n");
    insta::assert_snapshot!(told(&host), @"debian:jessie: debian 8 jessie - by etc/os-release: Debian GNU/Linux 8 (jessie)");
}

#[test]
fn testing_is_its_future_release() {
    let host = MemoryHost::new()
        .file("etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux forky/sid\"\nVERSION_CODENAME=forky\nID=debian\n")
        .file("etc/debian_version", "forky/sid\n");
    insta::assert_snapshot!(told(&host), @"debian:forky: debian - forky - by etc/os-release: Debian GNU/Linux forky/sid");
    let old = "PRETTY_NAME=\"Debian GNU/Linux bullseye/sid\"\nID=debian\n";
    let host = MemoryHost::new().file("etc/os-release", old);
    insta::assert_snapshot!(told(&host), @"debian:bullseye: debian - bullseye - by etc/os-release: Debian GNU/Linux bullseye/sid");
    // The file of a testing system that became stable without anyone noticing does not override.
    let host = MemoryHost::new().file("etc/os-release", BOOKWORM).file("etc/debian_version", "trixie/sid\n");
    assert!(told(&host).starts_with("debian:bookworm: debian 12 bookworm - "));
}

#[test]
fn debian_version_alone_is_enough_for_debian() {
    let host = MemoryHost::new().file("etc/debian_version", "12.11\n");
    insta::assert_snapshot!(told(&host), @"debian:bookworm: debian 12 bookworm 12.11 by etc/debian_version: Debian GNU/Linux 12.11");
    let sid = MemoryHost::new().file("etc/debian_version", "trixie/sid\n");
    insta::assert_snapshot!(told(&sid), @"debian:trixie: debian - trixie - by etc/debian_version: Debian GNU/Linux trixie/sid");
    // Ubuntu keeps this file too; its vendor file says so.
    let ubuntu = sid.file("etc/dpkg/origins/ubuntu", "Vendor: Ubuntu\n").link("etc/dpkg/origins/default", "ubuntu");
    insta::assert_snapshot!(told(&ubuntu), @"nothing");
    insta::assert_snapshot!(told(&MemoryHost::new().file("etc/debian_version", "my own thing\n")), @"nothing");
    insta::assert_snapshot!(told(&MemoryHost::new().file("etc/debian_version", "99.1\n")), @"no key: debian 99 - 99.1 by etc/debian_version: Debian GNU/Linux 99.1");
}

#[test]
fn gaps_are_filled_by_the_same_distribution_only() {
    let host = MemoryHost::new().file("etc/os-release", "ID=debian\n").file("etc/debian_version", "11.7\n");
    insta::assert_snapshot!(told(&host), @"debian:bullseye: debian 11 bullseye 11.7 by etc/os-release: debian");
    let lsb = "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=18.04\nDISTRIB_CODENAME=bionic\nDISTRIB_DESCRIPTION=\"Ubuntu 18.04.6 LTS\"\n";
    let host = MemoryHost::new().file("etc/os-release", "ID=ubuntu\n").file("etc/lsb-release", lsb);
    insta::assert_snapshot!(told(&host), @"ubuntu:bionic: ubuntu 18.04 bionic - by etc/os-release: ubuntu");
    let host = host.file("etc/os-release", "ID=linuxmint\n");
    insta::assert_snapshot!(told(&host), @"no key: linuxmint - - - by etc/os-release: linuxmint");
}

#[test]
fn older_files_stand_in() {
    let lsb = "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=18.04\nDISTRIB_CODENAME=bionic\n";
    let host = MemoryHost::new().file("etc/lsb-release", lsb).file("etc/debian_version", "buster/sid\n");
    insta::assert_snapshot!(told(&host), @"ubuntu:bionic: ubuntu 18.04 bionic - by etc/lsb-release: Ubuntu 18.04");
    let host = MemoryHost::new().file("etc/alpine-release", "3.10.2\n");
    insta::assert_snapshot!(told(&host), @"alpine:3.10: alpine 3.10.2 - - by etc/alpine-release: Alpine Linux 3.10.2");
    for (line, key) in [
        ("CentOS Linux release 7.9.2009 (Core)", "redhat:7"),
        ("Red Hat Enterprise Linux Server release 6.10 (Santiago)", "redhat:6"),
        ("Fedora release 33 (Thirty Three)", "fedora:33"),
        ("Amazon Linux AMI release 2018.03", "amazon:1"),
    ] {
        let host = MemoryHost::new().file("etc/redhat-release", line);
        assert!(told(&host).starts_with(key), "{}", told(&host));
    }
    let host = MemoryHost::new()
        .file("etc/redhat-release", "Red Hat Enterprise Linux release 8.5 (Ootpa)\n")
        .file("etc/oracle-release", "Oracle Linux Server release 8.5\n");
    assert!(told(&host).starts_with("oracle:8: "));
    insta::assert_snapshot!(told(&MemoryHost::new().file("etc/redhat-release", "hello")), @"nothing");
}

#[test]
fn the_rpm_families_older_files() {
    let key = |path: &str, text: &str| told(&MemoryHost::new().file(path, text));
    let suse = "SUSE Linux Enterprise Server 12 (x86_64)\nVERSION = 12\nPATCHLEVEL = 5\n# deprecated\n";
    insta::assert_snapshot!(key("etc/SuSE-release", suse), @"suse:12.5: sles 12.5 - - by etc/SuSE-release: SUSE Linux Enterprise Server 12 (x86_64)");
    insta::assert_snapshot!(key("etc/SuSE-release", "openSUSE 13.2 (x86_64)\nVERSION = 13.2\nCODENAME = Harlequin\n"), @"opensuse:13.2: opensuse 13.2 - - by etc/SuSE-release: openSUSE 13.2 (x86_64)");
    insta::assert_snapshot!(key("etc/SuSE-release", "Somebody's 1\nVERSION = 1\n"), @"nothing");
    insta::assert_snapshot!(key("etc/mariner-release", "CBL-Mariner 2.0.20220226\n"), @"mariner:2.0: mariner 2.0 - - by etc/mariner-release: CBL-Mariner 2.0.20220226");
    insta::assert_snapshot!(key("etc/photon-release", "VMware Photon OS 4.0\nPHOTON_BUILD_NUMBER=x\n"), @"photon:4.0: photon 4.0 - - by etc/photon-release: VMware Photon OS 4.0");
    insta::assert_snapshot!(key("etc/arch-release", ""), @"arch:rolling: arch - - - by etc/arch-release: Arch Linux");
    insta::assert_snapshot!(key("etc/system-release-cpe", "cpe:/o:amazon:linux:2018.03:ga\n"), @"amazon:1: amzn 2018.03 - - by etc/system-release-cpe: cpe:/o:amazon:linux:2018.03:ga");
    insta::assert_snapshot!(key("etc/system-release", "Amazon Linux release 2023.3.20231218 (Amazon Linux)\n"), @"amazon:2023: amzn 2023.3.20231218 - - by etc/system-release: Amazon Linux release 2023.3.20231218 (Amazon Linux)");
    insta::assert_snapshot!(key("etc/system-release", "Amazon Linux release 2 (Karoo)\n"), @"amazon:2: amzn 2 - - by etc/system-release: Amazon Linux release 2 (Karoo)");
}

#[test]
fn centos_has_its_point_release_elsewhere() {
    let os = "ID=\"centos\"\nVERSION_ID=\"7\"\nPRETTY_NAME=\"CentOS Linux 7 (Core)\"\n";
    let host = MemoryHost::new()
        .file("etc/os-release", os)
        .file("etc/centos-release", "CentOS Linux release 7.9.2009 (Core)\n");
    insta::assert_snapshot!(told(&host), @"redhat:7: centos 7 - 7.9.2009 by etc/os-release: CentOS Linux 7 (Core)");
    let stream = "ID=\"centos\"\nVERSION_ID=\"8\"\nPRETTY_NAME=\"CentOS Stream 8\"\n";
    let host = host.file("etc/os-release", stream);
    insta::assert_snapshot!(told(&host), @"centos-stream:8: centos 8 - - by etc/os-release: CentOS Stream 8");
}

#[test]
fn ubuntus_kin_name_their_ubuntu() {
    let mint =
        "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=21\nVERSION_CODENAME=vanessa\nUBUNTU_CODENAME=jammy\n";
    let release = read(&MemoryHost::new().file("etc/os-release", mint), &mut Vec::new()).unwrap();
    assert_eq!(
        (release.codename.as_deref(), release.like.first().map(String::as_str)),
        (Some("jammy"), Some("ubuntu"))
    );
}

#[test]
fn packages_never_name_the_system() {
    let status = "Package: base-files\nStatus: install ok installed\nVersion: 12.4+deb12u5\n";
    insta::assert_snapshot!(told(&MemoryHost::new().file("var/lib/dpkg/status", status)), @"nothing");
    insta::assert_snapshot!(told(&MemoryHost::new().file("etc/os-release", "NAME=Mine\nID='../x'\n")), @"no key: linux - - - by etc/os-release: Mine");
}

#[test]
fn what_cannot_be_read_is_said_once() {
    let host = MemoryHost::new().denied("etc/os-release").file("etc/debian_version", "12.1\n");
    insta::assert_snapshot!(told(&host), @r"
    debian:bookworm: debian 12 bookworm 12.1 by etc/debian_version: Debian GNU/Linux 12.1
    cannot read `/etc/os-release`: permission denied; the operating system may not be recognised
    ");
    let large = MemoryHost::new().file("etc/os-release", vec![b'#'; 64 * 1024 + 1]);
    insta::assert_snapshot!(told(&large), @r"
    nothing
    `/etc/os-release` is larger than 64 KiB, which is more than we read; the operating system may not be recognised
    ");
}

#[test]
fn one_line_files_are_cut() {
    let line = format!("Fedora release 33 {}", "x".repeat(LINE_CHARS_MAX));
    let release = read(&MemoryHost::new().file("etc/redhat-release", line), &mut Vec::new()).unwrap();
    assert_eq!(release.pretty_name.chars().count(), LINE_CHARS_MAX);
}

#[test]
fn samples() {
    let Some(hosts) = shared_data("hosts") else { return };
    let release = |sample: &str| {
        let host = RootedHost::open(hosts.join(sample).join("rootfs")).unwrap();
        read(&host, &mut Vec::new())
    };
    let debian = release("debian-13-minbase").unwrap();
    assert_eq!((debian.key().unwrap().as_str(), debian.point_version.as_deref()), ("debian:trixie", Some("13.7")));
    assert_eq!(release("ubuntu-18.04-a"), None, "nothing in this sample says what it is");
}
