//! Tells who built each package: the distribution, or somebody else of whom its advisories do not
//! speak.
//!
//! The key that signed a package is the surest witness, where we know whose it is; else the header's
//! vendor is asked. A vendor that is not the host's distribution is a stranger, whoever it is; a
//! package of no vendor at all may be anybody's and is taken for the distribution's.

use yagura_model::{Origin, Package};

use super::keys;
use crate::problem::Quoted;

/// Who builds packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Builder {
    RedHat,
    CentOs,
    Alma,
    Rocky,
    Oracle,
    Amazon,
    Fedora,
    Suse,
    OpenSuse,
    /// openSUSE's packages for SUSE's systems.
    OpenSuseBackports,
    /// For Azure Linux and CBL-Mariner.
    Microsoft,
    Photon,
    /// No distribution.
    Other(&'static str),
}

impl Builder {
    const fn name(self) -> &'static str {
        match self {
            Self::RedHat => "Red Hat",
            Self::CentOs => "CentOS",
            Self::Alma => "AlmaLinux",
            Self::Rocky => "Rocky Linux",
            Self::Oracle => "Oracle Linux",
            Self::Amazon => "Amazon Linux",
            Self::Fedora => "Fedora",
            Self::Suse => "SUSE",
            Self::OpenSuse => "openSUSE",
            Self::OpenSuseBackports => "SUSE Package Hub",
            Self::Microsoft => "Azure Linux",
            Self::Photon => "Photon OS",
            Self::Other(name) => name,
        }
    }

    /// Tells who built a package, if it is one that we know.
    pub(super) fn of(package: &Package) -> Option<Self> {
        let key = package.provenance.signing_key.as_deref().and_then(keys::owner);
        key.or_else(|| Self::by_vendor(package))
    }

    fn by_vendor(package: &Package) -> Option<Self> {
        let vendor = package.provenance.vendor.as_deref()?;
        let (_, builder) = VENDORS
            .iter()
            .find(|(known, _)| vendor.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known)))?;
        // The Fedora Project builds EPEL, for Red Hat's kin.
        let is_epel = *builder == Self::Fedora && package.version.contains(".el");
        Some(if is_epel { Self::Other("EPEL") } else { *builder })
    }
}

/// How vendors' names begin. SUSE's build service writes `obs://…` for everybody else.
const VENDORS: &[(&str, Builder)] = &[
    ("Red Hat", Builder::RedHat),
    ("CentOS", Builder::CentOs),
    ("AlmaLinux", Builder::Alma),
    ("Rocky", Builder::Rocky),
    ("Oracle America", Builder::Oracle),
    ("Amazon Linux", Builder::Amazon),
    ("Amazon.com", Builder::Amazon),
    ("Fedora Project", Builder::Fedora),
    ("SUSE L", Builder::Suse),
    ("openSUSE", Builder::OpenSuse),
    ("Microsoft Corporation", Builder::Microsoft),
    ("VMware, Inc.", Builder::Photon),
    ("VMware Inc.", Builder::Photon),
    ("Broadcom", Builder::Photon),
    ("Remi", Builder::Other("Remi")),
    ("The ELRepo Project", Builder::Other("ELRepo")),
    ("CIQ", Builder::Other("CIQ")),
    ("Docker", Builder::Other("Docker")),
    ("RPM Fusion", Builder::Other("RPM Fusion")),
    ("PostgreSQL Global Development Group", Builder::Other("PostgreSQL")),
];

/// Whose packages a distribution is made of; empty for one that we do not know. CentOS Linux was
/// Red Hat's sources, and a host that was moved to or from it keeps packages of both; Leap is
/// SUSE's packages and openSUSE's.
fn own(distribution: &str) -> &'static [Builder] {
    match distribution {
        "rhel" | "redhat" => &[Builder::RedHat],
        "centos" => &[Builder::CentOs, Builder::RedHat],
        "almalinux" => &[Builder::Alma],
        "rocky" => &[Builder::Rocky],
        "ol" | "oracle" => &[Builder::Oracle],
        "amzn" => &[Builder::Amazon],
        "fedora" => &[Builder::Fedora],
        "sles" | "sled" | "sle_hpc" | "sles_sap" | "suse" | "sle-micro" | "sl-micro" | "suse-microos" => {
            &[Builder::Suse]
        }
        "opensuse-leap" | "opensuse" => &[Builder::OpenSuse, Builder::OpenSuseBackports, Builder::Suse],
        "opensuse-tumbleweed" => &[Builder::OpenSuse],
        "azurelinux" | "mariner" => &[Builder::Microsoft],
        "photon" => &[Builder::Photon],
        _ => &[],
    }
}

/// Sets the origin of every package on a host of the distribution.
pub(super) fn classify(distribution: &str, packages: &mut [Package]) {
    let own = own(distribution);
    if own.is_empty() {
        return;
    }
    for package in packages {
        package.origin = judge(own, package);
    }
}

fn judge(own: &[Builder], package: &Package) -> Origin {
    let (vendor, key) = (&package.provenance.vendor, &package.provenance.signing_key);
    let by_vendor = || vendor.as_deref().map(|vendor| format!("Vendor: {}", Quoted(vendor)));
    let (who, shown_by) = match (key.as_deref().map(|id| (id, keys::owner(id))), vendor) {
        (Some((_, Some(builder))), _) if own.contains(&builder) => return Origin::Distribution,
        (Some((id, Some(builder))), _) => (builder.name().to_owned(), Some(format!("signing key {id}"))),
        (_, None) => return Origin::Assumed,
        (_, Some(vendor)) => match Builder::by_vendor(package) {
            Some(builder) if own.contains(&builder) => return Origin::Distribution,
            // They publish more than their distributions.
            Some(Builder::Microsoft | Builder::Photon) => (Quoted(vendor).to_string(), by_vendor()),
            Some(builder) => (builder.name().to_owned(), by_vendor()),
            None => (Quoted(vendor).to_string(), by_vendor()),
        },
    };
    Origin::Foreign { who, shown_by: shown_by.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yagura_model::package::Provenance;

    fn origin(distribution: &str, version: &str, vendor: &str, key: &str) -> String {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let provenance = Provenance { vendor: some(vendor), signing_key: some(key), ..Provenance::default() };
        let mut packages = [Package { version: version.into(), provenance, ..Package::default() }];
        classify(distribution, &mut packages);
        match &packages[0].origin {
            Origin::Foreign { who, shown_by } => format!("{who} by {shown_by}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_distributions_own_are_known() {
        for (distribution, vendor, key) in [
            ("rhel", "Red Hat, Inc.", "199e2f91fd431d51"),
            ("centos", "CentOS", "24c6a8a7f4a80eb5"),
            ("centos", "Red Hat, Inc.", "199e2f91fd431d51"),
            ("almalinux", "AlmaLinux", "d36cb86cb86b3716"),
            ("rocky", "Rocky Enterprise Software Foundation", "702d426d350d275d"),
            ("ol", "Oracle America", "82562ea9ad986da3"),
            ("amzn", "Amazon Linux", "e951904ad832c631"),
            ("amzn", "Amazon.com", "bcb4a85b21c0f39f"),
            ("fedora", "Fedora Project", "0123456789abcdef"),
            ("sles", "SUSE LLC <https://www.suse.com/>", "70af9e8139db7c82"),
            ("opensuse-leap", "SUSE LLC <https://www.suse.com/>", "70af9e8139db7c82"),
            ("opensuse-leap", "openSUSE", "9c214d4065176565"),
            ("azurelinux", "Microsoft Corporation", "0cd9fed33135ce90"),
            ("photon", "VMware, Inc.", ""),
            // Unsigned, as in images straight from a build.
            ("rhel", "Red Hat, Inc.", ""),
        ] {
            assert_eq!(origin(distribution, "1-1", vendor, key), "Distribution", "{distribution} {vendor}");
        }
    }

    #[test]
    fn strangers_are_named() {
        insta::assert_snapshot!(origin("rhel", "1-1.el8", "Fedora Project", "21ea45ab2f86d6a1"), @"EPEL by signing key 21ea45ab2f86d6a1");
        insta::assert_snapshot!(origin("rocky", "1-1.el9", "Fedora Project", ""), @"EPEL by Vendor: Fedora Project");
        insta::assert_snapshot!(origin("rhel", "1-1.fc33", "Fedora Project", ""), @"Fedora by Vendor: Fedora Project");
        insta::assert_snapshot!(origin("centos", "1-1.el7.remi", "Remi Collet", "004e6f4700f97f56"), @"Remi by signing key 004e6f4700f97f56");
        insta::assert_snapshot!(origin("centos", "1-1.el7", "CentOS", "4eb84e71f2ee9d55"), @"CentOS SIG SCLo by signing key 4eb84e71f2ee9d55");
        insta::assert_snapshot!(origin("almalinux", "1-1.el8", "Red Hat, Inc.", "199e2f91fd431d51"), @"Red Hat by signing key 199e2f91fd431d51");
        insta::assert_snapshot!(origin("rocky", "1-1.el9", "CIQ", "1"), @"CIQ by Vendor: CIQ");
        insta::assert_snapshot!(origin("sles", "1-1", "openSUSE", "9c214d4065176565"), @"SUSE Package Hub by signing key 9c214d4065176565");
        insta::assert_snapshot!(origin("azurelinux", "1-1", "Microsoft Corporation", "eb3e94adbe1229cf"), @"packages.microsoft.com by signing key eb3e94adbe1229cf");
        insta::assert_snapshot!(origin("ol", "1-1.el8", "Oracle and/or its affiliates", ""), @"Oracle and/or its affiliates by Vendor: Oracle and/or its affiliates");
        insta::assert_snapshot!(origin("rhel", "1-1", "VMware, Inc.", ""), @"VMware, Inc. by Vendor: VMware, Inc.");
        insta::assert_snapshot!(origin("opensuse-tumbleweed", "1-1", "obs://build.opensuse.org/home:x", ""), @"obs://build.opensuse.org/home:x by Vendor: obs://build.opensuse.org/home:x");
    }

    #[test]
    fn who_is_nobodys_is_assumed() {
        insta::assert_snapshot!(origin("rhel", "1-1", "", ""), @"Assumed");
        insta::assert_snapshot!(origin("rhel", "1-1", "", "0123456789abcdef"), @"Assumed");
        insta::assert_snapshot!(origin("rhel", "1-1.el9", "", "8a3872bf3228467c"), @"EPEL by signing key 8a3872bf3228467c");
        insta::assert_snapshot!(origin("unheard-of", "1-1", "Somebody", ""), @"Assumed");
    }
}
