//! SUSE's products by their names, as its feeds write them.
//!
//! SUSE Linux Enterprise is one base and many products on top of it, each with repositories of its
//! own: modules, extensions, long-term service, SUSE Manager. A product's name tells which release it
//! is for. Ordinary products of a release are its main channel: what they bring comes from one build
//! and is updated together. Products that are bought for a release beyond its general support, or that
//! bring other builds of the same packages, are channels of their own.

use yagura_model::ReleaseKey;

use crate::reading;

/// The longest name of a product that is looked at, in bytes.
const PRODUCT_BYTES_MAX: usize = 200;

/// Products of a release that every host of it may have. Modules are besides.
const ORDINARY: &[&str] = &[
    "Linux Enterprise Server",
    "Linux Enterprise Desktop",
    "Linux Enterprise High Performance Computing",
    "Linux Enterprise Software Development Kit",
    "Linux Enterprise Workstation Extension",
    "Linux Enterprise High Availability Extension",
    "Linux Enterprise High Availability GEO Extension",
    "Linux Enterprise GEO Extension",
    "Linux Enterprise Software Bootstrap Kit",
    "Package Hub",
];

/// What every module's name begins with.
const MODULE: &str = "Linux Enterprise Module for ";

/// Products that bring other builds, or that are bought for longer service, and their channels.
const CHANNELS: &[(&str, &str)] = &[
    ("Linux Enterprise Server LTSS Extended Security", "LTSS Extended Security"),
    ("Linux Enterprise Server for SAP Applications", "SAP Applications"),
    ("Linux Enterprise Server for SAP applications", "SAP Applications"),
    ("Linux Enterprise Real Time", "Real Time Module"),
    ("Linux Enterprise Real Time Extension", "Real Time Module"),
    ("Real Time Module", "Real Time Module"),
    ("Linux Enterprise Live Patching", "Live Patching"),
    ("Linux Enterprise Point of Sale", "Point of Sale"),
    ("Linux Enterprise Point of Service Image Server", "Point of Sale"),
    ("Linux Enterprise for SAP", "SAP Applications"),
    ("Subscription Management Tool", "Subscription Management Tool"),
];

/// Products with version numbers of their own, and the releases that these stand on.
const VERSIONED: &[(&str, &[(&str, &str)])] = &[
    ("Enterprise Storage", &[("4", "12.2"), ("5", "12.3"), ("6", "15.1"), ("7", "15.2"), ("7.1", "15.3")]),
    ("Manager Server", MANAGER),
    ("Manager Server Module", MANAGER),
    ("Manager Proxy", MANAGER),
    ("Manager Proxy Module", MANAGER),
    ("Manager Retail Branch Server", MANAGER),
    ("Manager Retail Branch Server Extension", MANAGER),
    ("OpenStack Cloud", CLOUD),
    ("OpenStack Cloud Crowbar", CLOUD),
    ("HPE Helion OpenStack", CLOUD),
];
/// The last is an appliance on SLE Micro.
const MANAGER: &[(&str, &str)] =
    &[("3.2", "12.3"), ("4.0", "15.1"), ("4.1", "15.2"), ("4.2", "15.3"), ("4.3", "15.4"), ("5.0", "micro 5.5")];
const CLOUD: &[(&str, &str)] = &[("6", "12.1"), ("7", "12.2"), ("8", "12.3"), ("9", "12.4")];

/// Beginnings of names of products that are for no system of SUSE, for its installation medium, or
/// that were never released.
const FOREIGN: &[&str] = &[
    "EL-",
    "Manager Client Tools for RHEL",
    "Manager Client Tools Beta",
    "Linux Enterprise Installer Updates",
    "Liberty Linux",
    "Multi-Linux Manager Client Tools for",
];

/// Releases of SUSE Linux Enterprise 12 and 15. A product that names the number alone is for all.
const ALL_12: &[&str] = &["12", "12.1", "12.2", "12.3", "12.4", "12.5"];
const ALL_15: &[&str] = &["15", "15.1", "15.2", "15.3", "15.4", "15.5", "15.6", "15.7"];

/// Where a product's packages are installed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SusePlace {
    pub(crate) release: ReleaseKey,
    pub(crate) channel: Option<String>,
}

/// Finds the releases that a product is for: `Linux Enterprise Module for Basesystem 15 SP3`, with or
/// without `SUSE` or `openSUSE` before it. Empty for a product that is not for a system of SUSE;
/// `None` for one that is not known.
pub(crate) fn places(product: &str) -> Option<Vec<SusePlace>> {
    let text = product.get(..PRODUCT_BYTES_MAX).map_or(product, |_| "").trim();
    let text =
        ["SUSE:", "openSUSE:", "SUSE ", "openSUSE "].iter().find_map(|maker| text.strip_prefix(maker)).unwrap_or(text);
    if FOREIGN.iter().any(|beginning| text.starts_with(beginning)) {
        return Some(Vec::new());
    }
    if text == "Tumbleweed" {
        return Some(vec![place("opensuse", "tumbleweed", None)]);
    }
    let Parts { name, version, suffix } = Parts::of(text)?;
    if suffix.to_ascii_uppercase().contains("BETA") {
        return Some(Vec::new());
    }
    // Debug and non-free repositories are updated with the release.
    match name {
        "Leap" => return Some(vec![place("opensuse", &version, None)]),
        "Leap Micro" => return Some(vec![place("opensuse-micro", &version, None)]),
        "Linux Enterprise Micro" | "Linux Micro" | "Linux Enterprise Micro for Rancher" => {
            return Some(vec![place("suse-micro", &version, None)]);
        }
        "Manager Client Tools for SLE Micro" => {
            let micro = ["5.0", "5.1", "5.2", "5.3", "5.4", "5.5"];
            return Some(
                micro.iter().map(|version| place("suse-micro", version, Some("Manager Client Tools"))).collect(),
            );
        }
        "Manager Client Tools" => {
            let all = if version == "12" { ALL_12 } else { ALL_15 };
            return Some(all.iter().map(|version| place("suse", version, Some("Manager Client Tools"))).collect());
        }
        _ => {}
    }
    if let Some((_, versions)) = VERSIONED.iter().find(|(known, _)| *known == name) {
        let (_, base) = versions.iter().find(|(known, _)| *known == version)?;
        let channel = format!("{name} {version}");
        return Some(vec![match base.strip_prefix("micro ") {
            Some(micro) => place("suse-micro", micro, Some(&channel)),
            None => place("suse", base, Some(&channel)),
        }]);
    }
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let module = name.starts_with(MODULE);
    if module || ORDINARY.contains(&name) {
        let channel = Some(suffix.as_str()).filter(|suffix| !suffix.is_empty());
        // Modules for 12, and its Package Hub, are for every service pack.
        let every = version == "12" && (module || name == "Package Hub");
        let versions = if every { ALL_12 } else { &[version.as_str()] };
        return Some(versions.iter().map(|version| place("suse", version, channel)).collect());
    }
    let (_, channel) = CHANNELS.iter().find(|(known, _)| *known == name)?;
    Some(vec![place("suse", &version, Some(channel))])
}

fn place(distribution: &str, release: &str, channel: Option<&str>) -> SusePlace {
    SusePlace { release: ReleaseKey::new(distribution, release), channel: channel.map(str::to_owned) }
}

/// A product's name, split.
struct Parts<'t> {
    name: &'t str,
    /// `15`, `15.3`, `4.3`.
    version: String,
    /// `LTSS`, `LTSS EXTREME CORE`, `NonFree`.
    suffix: String,
}

impl<'t> Parts<'t> {
    /// Splits at the first number that no other number follows: `Python 3 15 SP5`.
    fn of(text: &'t str) -> Option<Self> {
        let numeric = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        let mut starts = text.match_indices(' ').map(|(at, _)| at + 1);
        let at = starts.find(|&at| {
            let rest = text.get(at..).unwrap_or_default();
            let next = rest.split_once(' ').map_or("", |(_, next)| next);
            numeric(rest) && !numeric(next)
        })?;
        let name = text.get(..at)?.trim_end();
        let mut words = text.get(at..)?.split(' ').filter(|word| !word.is_empty());
        let (number, mut suffix) = split_suffix(words.next()?);
        let mut version = number.to_owned();
        let mut rest: Vec<&str> = words.collect();
        let pack = rest.first().and_then(|word| word.strip_prefix("SP")).map(split_suffix);
        let numbered = |pack: &str| !pack.is_empty() && pack.bytes().all(|byte| byte.is_ascii_digit());
        if let Some((pack, more)) = pack.filter(|(pack, _)| numbered(pack)) {
            version = format!("{number}.{pack}");
            suffix = more;
            rest.remove(0);
        }
        let plain = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        reading::word(&version, 8).filter(|_| plain)?;
        let suffix = std::iter::once(suffix).chain(rest).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        // Both spellings occur.
        let suffix = if suffix == "LTSS-EXTREME-CORE" { "LTSS EXTREME CORE".to_owned() } else { suffix };
        reading::text(&suffix, 64).is_ascii().then_some(Self { name, version, suffix })
    }
}

/// Splits `15-LTSS`.
fn split_suffix(word: &str) -> (&str, &str) {
    word.split_once('-').unwrap_or((word, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(product: &str) -> String {
        let Some(places) = places(product) else { return "unknown".to_owned() };
        let shown = places.iter().map(|place| match &place.channel {
            Some(channel) => format!("{} [{channel}]", place.release),
            None => place.release.to_string(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn products_have_a_release_and_a_channel() {
        for (product, expected) in [
            ("SUSE:Linux Enterprise Module for Basesystem 15 SP3", "suse:15.3"),
            ("SUSE Linux Enterprise Module for Python 3 15 SP5", "suse:15.5"),
            ("SUSE:Linux Enterprise Server 12 SP5", "suse:12.5"),
            ("SUSE:Linux Enterprise Server 16.0", "suse:16.0"),
            ("SUSE:Linux Enterprise Server 15 SP3-LTSS", "suse:15.3 [LTSS]"),
            ("SUSE:Linux Enterprise Server 15-LTSS", "suse:15 [LTSS]"),
            ("SUSE:Linux Enterprise High Performance Computing 15 SP4-ESPOS", "suse:15.4 [ESPOS]"),
            ("SUSE:Linux Enterprise Server 12 SP2-BCL", "suse:12.2 [BCL]"),
            ("SUSE:Linux Enterprise Server 11 SP4 LTSS EXTREME CORE", "suse:11.4 [LTSS EXTREME CORE]"),
            ("SUSE:Linux Enterprise Server 11 SP4-LTSS-EXTREME-CORE", "suse:11.4 [LTSS EXTREME CORE]"),
            ("SUSE:Linux Enterprise Server LTSS Extended Security 12 SP5", "suse:12.5 [LTSS Extended Security]"),
            ("SUSE:Linux Enterprise Server for SAP Applications 15 SP1", "suse:15.1 [SAP Applications]"),
            ("SUSE:Real Time Module 15 SP6", "suse:15.6 [Real Time Module]"),
            ("SUSE:Linux Enterprise Live Patching 15 SP2", "suse:15.2 [Live Patching]"),
            ("SUSE:Linux Enterprise Micro 5.5", "suse-micro:5.5"),
            ("SUSE:Linux Micro 6.0", "suse-micro:6.0"),
            ("SUSE:Enterprise Storage 7.1", "suse:15.3 [Enterprise Storage 7.1]"),
            ("SUSE:Manager Server Module 4.3", "suse:15.4 [Manager Server Module 4.3]"),
            ("SUSE:Manager Proxy 5.0", "suse-micro:5.5 [Manager Proxy 5.0]"),
            ("SUSE:Subscription Management Tool 11 SP3", "suse:11.3 [Subscription Management Tool]"),
            ("SUSE:Package Hub 15 SP5", "suse:15.5"),
            ("SUSE:Linux Enterprise Module for Legacy 12", "suse:12 suse:12.1 suse:12.2 suse:12.3 suse:12.4 suse:12.5"),
            ("openSUSE:Leap 15.4", "opensuse:15.4"),
            ("openSUSE Leap 15.3 NonFree", "opensuse:15.3"),
            ("openSUSE:Leap Micro 5.3", "opensuse-micro:5.3"),
            ("openSUSE:Tumbleweed", "opensuse:tumbleweed"),
            ("SUSE:EL-9:Update:Products:SaltBundle:Update", ""),
            ("SUSE:Manager Client Tools 15-BETA", ""),
            ("SUSE:Linux Enterprise Installer Updates 15 SP2", ""),
            ("SUSE:WebYast 1.3", "unknown"),
            ("SUSE:Manager Server 9.9", "unknown"),
            ("SUSE:Linux Enterprise Server", "unknown"),
            ("Debian 12", "unknown"),
            ("", "unknown"),
        ] {
            assert_eq!(shown(product), expected, "{product}");
        }
        assert_eq!(shown("SUSE:Manager Client Tools 12").matches("[Manager Client Tools]").count(), ALL_12.len());
        assert_eq!(shown(&format!("SUSE:Linux Enterprise Server 15{}", " x".repeat(200))), "unknown");
    }
}
