//! Tells which system the packages are of, for hosts and images on which no file says it.
//!
//! The package that holds the system's name is the best witness: `redhat-release`, `sles-release`.
//! Where that is missing too, the mark in the releases of the distribution's own packages is:
//! `rpm-4.16.0-1.fc33`, built by the Fedora Project.

use std::collections::BTreeMap;

use yagura_model::{Package, Release};

use super::origin::Builder;

/// How a package's version becomes that of the release.
#[derive(Clone, Copy)]
enum Numbering {
    /// `8.5`, `15.3`, `33`
    Whole,
    /// `7` of `7.9`: os-release gives no more.
    Major,
    /// `2023` of `2023.3.20231218`, and `2018.03`.
    Amazon,
}

/// Packages that name their system, with os-release's `ID` and the name for people. Oracle's has
/// `redhat-release` too, so it comes first.
const NAMING: &[(&str, &str, &str, Numbering)] = &[
    ("oraclelinux-release", "ol", "Oracle Linux", Numbering::Whole),
    ("almalinux-release", "almalinux", "AlmaLinux", Numbering::Whole),
    ("rocky-release", "rocky", "Rocky Linux", Numbering::Whole),
    ("centos-stream-release", "centos", "CentOS Stream", Numbering::Major),
    ("centos-linux-release", "centos", "CentOS Linux", Numbering::Major),
    ("centos-release", "centos", "CentOS Linux", Numbering::Major),
    ("redhat-release", "rhel", "Red Hat Enterprise Linux", Numbering::Whole),
    ("redhat-release-server", "rhel", "Red Hat Enterprise Linux", Numbering::Whole),
    ("redhat-release-workstation", "rhel", "Red Hat Enterprise Linux", Numbering::Whole),
    ("redhat-release-client", "rhel", "Red Hat Enterprise Linux", Numbering::Whole),
    ("redhat-release-computenode", "rhel", "Red Hat Enterprise Linux", Numbering::Whole),
    ("fedora-release-common", "fedora", "Fedora Linux", Numbering::Whole),
    ("fedora-release", "fedora", "Fedora Linux", Numbering::Whole),
    ("system-release", "amzn", "Amazon Linux", Numbering::Amazon),
    ("sles-release", "sles", "SUSE Linux Enterprise Server", Numbering::Whole),
    ("SLES_SAP-release", "sles_sap", "SUSE Linux Enterprise Server for SAP Applications", Numbering::Whole),
    ("sled-release", "sled", "SUSE Linux Enterprise Desktop", Numbering::Whole),
    ("SLE-Micro-release", "sle-micro", "SUSE Linux Enterprise Micro", Numbering::Whole),
    ("SUSE-MicroOS-release", "suse-microos", "SUSE Linux Enterprise Micro", Numbering::Whole),
    ("SL-Micro-release", "sl-micro", "SUSE Linux Micro", Numbering::Whole),
    ("sle-module-basesystem-release", "sles", "SUSE Linux Enterprise", Numbering::Whole),
    ("openSUSE-release", "opensuse-leap", "openSUSE Leap", Numbering::Whole),
    ("Leap-release", "opensuse-leap", "openSUSE Leap", Numbering::Whole),
    ("azurelinux-release", "azurelinux", "Microsoft Azure Linux", Numbering::Whole),
    ("mariner-release", "mariner", "CBL-Mariner", Numbering::Whole),
    ("photon-release", "photon", "VMware Photon OS", Numbering::Whole),
];

/// Returns the release that the packages show; `path` is the database's.
pub(super) fn shown_by(packages: &[Package], path: &str) -> Option<Release> {
    let named = NAMING.iter().find_map(|(name, distribution, pretty, numbering)| {
        let package = packages.iter().find(|package| package.name == *name)?;
        let version = numbered(version_of(package), *numbering)?;
        Some(release(distribution, pretty, version, package, path))
    });
    named.or_else(|| by_marks(packages, path))
}

fn release(distribution: &str, pretty: &str, version: &str, package: &Package, path: &str) -> Release {
    // Tumbleweed's version is a day: 20240102.
    let is_day = distribution == "opensuse-leap" && version.len() == 8 && !version.contains('.');
    let (distribution, pretty) =
        if is_day { ("opensuse-tumbleweed", "openSUSE Tumbleweed") } else { (distribution, pretty) };
    Release {
        distribution: distribution.to_owned(),
        version: Some(version.to_owned()),
        pretty_name: format!("{pretty} {version}"),
        told_by: format!("{path} ({}-{})", package.name, package.version),
        ..Release::default()
    }
}

/// The version without epoch and release.
fn version_of(package: &Package) -> &str {
    let version = package.version.split_once(':').map_or(package.version.as_str(), |(_, rest)| rest);
    version.rsplit_once('-').map_or(version, |(version, _)| version)
}

fn numbered(version: &str, numbering: Numbering) -> Option<&str> {
    let major = version.split('.').next()?;
    let is_number = !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(())?;
    match numbering {
        Numbering::Whole => Some(version),
        Numbering::Major => Some(major),
        Numbering::Amazon if version.starts_with("201") => Some(version),
        Numbering::Amazon => Some(major),
    }
}

/// Marks in releases and the systems that they are of.
const MARKS: &[(&str, Builder, &str, &str)] = &[
    (".fc", Builder::Fedora, "fedora", "Fedora Linux"),
    (".el", Builder::RedHat, "rhel", "Red Hat Enterprise Linux"),
    (".el", Builder::CentOs, "centos", "CentOS Linux"),
    (".el", Builder::Alma, "almalinux", "AlmaLinux"),
    (".el", Builder::Rocky, "rocky", "Rocky Linux"),
    (".el", Builder::Oracle, "ol", "Oracle Linux"),
    (".amzn", Builder::Amazon, "amzn", "Amazon Linux"),
    (".cm", Builder::Microsoft, "mariner", "CBL-Mariner"),
    (".azl", Builder::Microsoft, "azurelinux", "Microsoft Azure Linux"),
    (".ph", Builder::Photon, "photon", "VMware Photon OS"),
];

/// Counts the marks of packages whose builder is known; most of a host's packages are of its system.
fn by_marks(packages: &[Package], path: &str) -> Option<Release> {
    let mut counts: BTreeMap<(usize, &str), (usize, &Package)> = BTreeMap::new();
    for package in packages {
        let Some((_, release)) = package.version.rsplit_once('-') else { continue };
        let Some(builder) = Builder::of(package) else { continue };
        let found = MARKS.iter().enumerate().find_map(|(at, (mark, by, _, _))| {
            let number = number_after(release, mark).filter(|_| *by == builder)?;
            Some((at, number))
        });
        if let Some(key) = found {
            counts.entry(key).or_insert((0, package)).0 += 1;
        }
    }
    let ((at, number), (_, package)) = counts.into_iter().max_by_key(|(_, (count, _))| *count)?;
    let (_, _, distribution, pretty) = MARKS.get(at)?;
    let version = match (*distribution, number) {
        ("amzn", "1") => "2018.03".to_owned(),
        // CentOS Linux 8 and CentOS Stream 8 sign with one key.
        ("centos", "8") => return None,
        ("mariner" | "azurelinux" | "photon", number) => format!("{number}.0"),
        (_, number) => number.to_owned(),
    };
    Some(release(distribution, pretty, &version, package, path))
}

/// `8` of `5.el8_5.2` after `.el`.
fn number_after<'a>(release: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = release.split_once(mark)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end).filter(|number| !number.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use yagura_model::package::Provenance;

    fn package(name: &str, version: &str, vendor: &str) -> Package {
        let vendor = (!vendor.is_empty()).then(|| vendor.to_owned());
        let provenance = Provenance { vendor, ..Provenance::default() };
        Package { name: name.into(), version: version.into(), provenance, ..Package::default() }
    }

    fn told(packages: &[Package]) -> String {
        match shown_by(packages, "db") {
            None => "nothing".to_owned(),
            Some(release) => {
                let key = release.key().map_or_else(|| "no key".to_owned(), |key| key.to_string());
                format!("{key}: {} by {}", release.pretty_name, release.told_by)
            }
        }
    }

    #[test]
    fn packages_name_their_system() {
        for (name, version, key) in [
            (
                "redhat-release",
                "8.0-0.44.el8",
                "redhat:8: Red Hat Enterprise Linux 8.0 by db (redhat-release-8.0-0.44.el8)",
            ),
            ("redhat-release-server", "7.9-3.el7", "redhat:7"),
            ("centos-release", "7-9.2009.1.el7.centos", "redhat:7"),
            ("centos-stream-release", "9.0-26.el9", "centos-stream:9"),
            ("oraclelinux-release", "8:8.9-1.0.8.el8", "oracle:8"),
            ("system-release", "1:2-16.amzn2", "amazon:2"),
            ("system-release", "2023.3.20231218-1.amzn2023", "amazon:2023"),
            ("system-release", "2018.03-0.0", "amazon:1"),
            ("sles-release", "15.3-55.4.1", "suse:15.3"),
            ("openSUSE-release", "15.6-1", "opensuse:15.6"),
            ("openSUSE-release", "20240102-1", "opensuse:tumbleweed"),
            ("azurelinux-release", "3.0-1.azl3", "azurelinux:3.0"),
        ] {
            let told = told(&[package(name, version, "")]);
            assert!(told.starts_with(key), "{name} {version}: {told}");
        }
        assert_eq!(told(&[package("redhat-release", "rawhide-1", ""), package("x", "1-1.el8", "")]), "nothing");
        let both = [package("redhat-release", "8.9-1", ""), package("oraclelinux-release", "8.9-1", "")];
        assert!(told(&both).starts_with("oracle:8"));
    }

    #[test]
    fn else_their_marks_do() {
        let fedora = |version| package("a", version, "Fedora Project");
        let all =
            [fedora("1-2.fc32"), fedora("1-2.fc33"), fedora("1-2.fc33"), fedora("1-1"), package("b", "1-1.el8", "x")];
        insta::assert_snapshot!(told(&all), @"fedora:33: Fedora Linux 33 by db (a-1-2.fc33)");
        insta::assert_snapshot!(told(&[package("a", "1-5.el6_10.2", "CentOS")]), @"redhat:6: CentOS Linux 6 by db (a-1-5.el6_10.2)");
        insta::assert_snapshot!(told(&[package("a", "1-5.el8", "CentOS")]), @"nothing");
        insta::assert_snapshot!(told(&[package("a", "1-5.amzn1", "Amazon.com")]), @"amazon:1: Amazon Linux 2018.03 by db (a-1-5.amzn1)");
        insta::assert_snapshot!(told(&[package("a", "1-5.cm2", "Microsoft Corporation")]), @"mariner:2.0: CBL-Mariner 2.0 by db (a-1-5.cm2)");
        // EPEL's packages are built by the Fedora Project for others.
        insta::assert_snapshot!(told(&[package("a", "1-5.el9", "Fedora Project")]), @"nothing");
    }
}
