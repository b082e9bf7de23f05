//! Distributions and ecosystems: how each orders versions, upgrades packages, and where it publishes its verdicts.
//!
//! Adding one is a line in a table. A distribution that is not here is not judged: its version order and its
//! sources would be guessed.

use yagura_model::{Ecosystem, ReleaseKey};
use yagura_version::Scheme;

/// How a distribution's packages are judged and upgraded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Family {
    /// The distribution in release keys: `debian`.
    pub(crate) distribution: &'static str,
    /// Its name for people.
    pub(crate) name: &'static str,
    /// How its versions are ordered.
    pub(crate) scheme: Scheme,
    /// What installs its packages.
    pub(crate) manager: Manager,
    /// Where the vendor's verdict on a flaw stands; `{}` is the flaw's id. Empty where there is no such page.
    page: &'static str,
    /// Its feeds speak of single flaws in source packages, without channels and modules.
    pub(crate) plain: bool,
}

/// What installs packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manager {
    /// Debian and its kin.
    Apt,
    /// Red Hat and its kin from 8 on, Fedora, Amazon Linux 2023.
    Dnf,
    /// Older rpm distributions.
    Yum,
    /// SUSE.
    Zypper,
    /// Azure Linux, Photon.
    Tdnf,
    /// Alpine and its kin.
    Apk,
    /// Arch.
    Pacman,
    /// Gentoo.
    Emerge,
}

const fn family(
    distribution: &'static str,
    name: &'static str,
    scheme: Scheme,
    manager: Manager,
    page: &'static str,
) -> Family {
    Family { distribution, name, scheme, manager, page, plain: false }
}

const fn plain(family: Family) -> Family {
    Family { plain: true, ..family }
}

const FAMILIES: &[Family] = &[
    plain(family("debian", "Debian", Scheme::Dpkg, Manager::Apt, "https://security-tracker.debian.org/tracker/{}")),
    family("ubuntu", "Ubuntu", Scheme::Dpkg, Manager::Apt, "https://ubuntu.com/security/{}"),
    family("redhat", "Red Hat", Scheme::Rpm, Manager::Dnf, "https://access.redhat.com/security/cve/{}"),
    family("centos-stream", "CentOS Stream", Scheme::Rpm, Manager::Dnf, ""),
    family("almalinux", "AlmaLinux", Scheme::Rpm, Manager::Dnf, ""),
    family("rocky", "Rocky Linux", Scheme::Rpm, Manager::Dnf, ""),
    family("oracle", "Oracle Linux", Scheme::Rpm, Manager::Dnf, "https://linux.oracle.com/cve/{}.html"),
    family("fedora", "Fedora", Scheme::Rpm, Manager::Dnf, ""),
    family("amazon", "Amazon Linux", Scheme::Rpm, Manager::Dnf, "https://explore.alas.aws.amazon.com/{}.html"),
    family("suse", "SUSE", Scheme::Rpm, Manager::Zypper, "https://www.suse.com/security/cve/{}.html"),
    family("suse-micro", "SUSE", Scheme::Rpm, Manager::Zypper, "https://www.suse.com/security/cve/{}.html"),
    family("opensuse", "openSUSE", Scheme::Rpm, Manager::Zypper, "https://www.suse.com/security/cve/{}.html"),
    family("azurelinux", "Azure Linux", Scheme::Rpm, Manager::Tdnf, ""),
    family("mariner", "CBL-Mariner", Scheme::Rpm, Manager::Tdnf, ""),
    family("photon", "Photon OS", Scheme::Rpm, Manager::Tdnf, ""),
    plain(family("alpine", "Alpine", Scheme::Apk, Manager::Apk, "https://security.alpinelinux.org/vuln/{}")),
    plain(family("wolfi", "Wolfi", Scheme::Apk, Manager::Apk, "")),
    plain(family("chainguard", "Chainguard", Scheme::Apk, Manager::Apk, "")),
    family("arch", "Arch Linux", Scheme::Alpm, Manager::Pacman, "https://security.archlinux.org/{}"),
    family("gentoo", "Gentoo", Scheme::Portage, Manager::Emerge, ""),
];

impl Family {
    /// Finds the family of a release; `None` where we must not guess.
    pub(crate) fn of(release: &ReleaseKey) -> Option<&'static Self> {
        Self::named(release.distribution())
    }

    /// Finds a family by its distribution.
    pub(crate) fn named(distribution: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.distribution == distribution)
    }

    /// Returns the vendor's page on a flaw; none for an id that would not be a plain part of an address.
    pub(crate) fn page(&self, id: &str) -> Option<String> {
        (!self.page.is_empty() && is_plain(id)).then(|| self.page.replace("{}", id))
    }

    /// Returns what installs packages on a release of the family.
    pub(crate) fn manager_of(&self, release: &str) -> Manager {
        let old = match self.distribution {
            "amazon" => matches!(release, "1" | "2"),
            "redhat" | "oracle" => matches!(release, "5" | "6" | "7"),
            _ => false,
        };
        if old { Manager::Yum } else { self.manager }
    }
}

/// Tells whether an id can stand in an address as it is.
pub(crate) fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'.'))
}

/// Returns how an ecosystem orders versions.
pub(crate) const fn scheme(ecosystem: Ecosystem) -> Scheme {
    match ecosystem {
        Ecosystem::PyPi => Scheme::Pep440,
        Ecosystem::Npm => Scheme::Npm,
        Ecosystem::RubyGems => Scheme::Gem,
        Ecosystem::Go => Scheme::Go,
        Ecosystem::CratesIo => Scheme::Cargo,
        Ecosystem::Maven => Scheme::Maven,
        Ecosystem::Packagist => Scheme::Composer,
        Ecosystem::NuGet => Scheme::NuGet,
    }
}

/// Returns the public registry's name for people.
pub(crate) const fn registry(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::PyPi => "PyPI",
        Ecosystem::Npm => "npm",
        Ecosystem::RubyGems => "RubyGems",
        Ecosystem::Go => "Go",
        Ecosystem::CratesIo => "crates.io",
        Ecosystem::Maven => "Maven",
        Ecosystem::Packagist => "Packagist",
        Ecosystem::NuGet => "NuGet",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_distribution_is_there_once() {
        let names: BTreeSet<_> = FAMILIES.iter().map(|family| family.distribution).collect();
        assert_eq!(names.len(), FAMILIES.len());
        for family in FAMILIES {
            assert!(family.page.is_empty() || family.page.contains("{}"), "{}", family.distribution);
            assert!(Family::of(&ReleaseKey::new(family.distribution, "1")).is_some());
        }
        assert!(Family::of(&ReleaseKey::new("nixos", "24.05")).is_none());
    }

    #[test]
    fn pages_are_made_of_plain_ids_only() {
        let debian = Family::named("debian").unwrap();
        let page = "https://security-tracker.debian.org/tracker/CVE-2024-1";
        assert_eq!(debian.page("CVE-2024-1").as_deref(), Some(page));
        assert_eq!(debian.page("../x"), None);
        assert_eq!(Family::named("rocky").unwrap().page("CVE-2024-1"), None);
    }

    #[test]
    fn old_releases_have_yum() {
        let manager = |distribution, release| Family::named(distribution).unwrap().manager_of(release);
        assert_eq!(manager("amazon", "2"), Manager::Yum);
        assert_eq!(manager("amazon", "2023"), Manager::Dnf);
        assert_eq!(manager("redhat", "7"), Manager::Yum);
        assert_eq!(manager("redhat", "9"), Manager::Dnf);
    }
}
