//! The configuration of every package manager, of any bytes.
#![no_main]

use yagura_model::{Package, PackageKind, Release};
use yagura_probe::channels;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let paths = [
        "etc/yum.repos.d/a.repo",
        "etc/dnf/dnf.conf",
        "etc/dnf/vars/a",
        "etc/dnf/plugins/versionlock.list",
        "etc/dnf/versionlock.toml",
        "etc/zypp/locks",
        "etc/products.d/a.prod",
        "etc/pki/product/1.pem",
        "etc/apt/sources.list",
        "etc/apt/sources.list.d/a.sources",
        "etc/apt/preferences",
        "var/lib/ubuntu-advantage/status.json",
        "etc/apk/repositories",
        "etc/apk/world",
        "etc/pacman.conf",
        "var/lib/dnf/history.sqlite",
        "usr/lib/sysimage/libdnf5/nevras.toml",
        "var/log/zypp/history",
    ];
    let release = Release { distribution: "rhel".into(), version: Some("9.4".into()), ..Release::default() };
    let mut packages = [Package { kind: PackageKind::Rpm, name: "a".into(), version: "1-1".into(), ..Package::default() }];
    let host = yagura_fuzz::host(&paths, bytes);
    let _ = channels::read(&host, Some(&release), Some("x86_64"), &mut packages, &mut Vec::new());
});
