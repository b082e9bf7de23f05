//! Tells which system the packages are of, for trees on which no file says it.
//!
//! `base-files` holds the files that name the system; each release of Debian and Ubuntu has its own
//! series of versions of it.

use yagura_model::Release;
use yagura_model::debian::DebianRelease;

use super::Record;

/// Ubuntu's version of `base-files` up to the point, code name and version of the release.
const UBUNTU: &[(&str, &str, &str)] = &[
    ("6.5ubuntu", "precise", "12.04"),
    ("7.2ubuntu", "trusty", "14.04"),
    ("9.4ubuntu", "xenial", "16.04"),
    ("10.1ubuntu", "bionic", "18.04"),
    ("11ubuntu", "focal", "20.04"),
    ("12ubuntu", "jammy", "22.04"),
    ("13ubuntu", "noble", "24.04"),
];

/// Returns the release that the packages show; `path` is the database's.
pub(super) fn shown_by(records: &[Record], path: &str) -> Option<Release> {
    let base = records
        .iter()
        .map(|record| &record.package)
        .find(|package| package.name == "base-files" && package.is_present())?;
    let version = base.version.as_str();
    let told_by = format!("{path} (base-files {version})");
    if version.contains("ubuntu") {
        let (_, codename, number) = UBUNTU.iter().find(|(start, _, _)| version.starts_with(start))?;
        return Some(Release {
            distribution: "ubuntu".into(),
            version: Some((*number).into()),
            codename: Some((*codename).into()),
            pretty_name: format!("Ubuntu {number}"),
            told_by,
            ..Release::default()
        });
    }
    // `12.4+deb12u5`; derivatives add a word of their own: `12.4+rpi1`.
    let is_debians = |rest: &str| {
        let (number, update) = rest.split_once("+deb").unwrap_or((rest, ""));
        number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
            && update.bytes().all(|byte| byte.is_ascii_digit() || byte == b'u')
    };
    let major = version.split(['.', '+']).next()?;
    let found = DebianRelease::find(major).filter(|_| is_debians(version))?;
    Some(Release {
        distribution: "debian".into(),
        version: Some(major.to_owned()),
        codename: Some(found.codename.to_owned()),
        pretty_name: format!("Debian GNU/Linux {major} ({})", found.codename),
        told_by,
        ..Release::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(version: &str) -> String {
        let status = format!("Package: base-files\nStatus: install ok installed\nVersion: {version}\n");
        let records = super::super::parse(status.as_bytes(), "s").unwrap().records;
        match shown_by(&records, "var/lib/dpkg/status") {
            None => "nothing".into(),
            Some(release) => format!("{} by {}", release.key().unwrap(), release.told_by),
        }
    }

    #[test]
    fn base_files_name_the_system() {
        insta::assert_snapshot!(told("10.1ubuntu2.2"), @"ubuntu:bionic by var/lib/dpkg/status (base-files 10.1ubuntu2.2)");
        for (version, key) in [
            ("12ubuntu4.6", "ubuntu:jammy"),
            ("13.8+deb13u7", "debian:trixie"),
            ("12.4+deb12u5", "debian:bookworm"),
            ("8+deb8u11", "debian:jessie"),
            ("11.1ubuntu9", "nothing"),
            ("12.4+rpi1", "nothing"),
            ("99", "nothing"),
        ] {
            assert!(told(version).starts_with(key), "{version}: {}", told(version));
        }
    }
}
