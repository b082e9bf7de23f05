//! Products of Red Hat by their CPE.

use yagura_model::ReleaseKey;

use crate::reading;

/// The longest CPE or product name that is looked at, in bytes.
const PRODUCT_BYTES_MAX: usize = 200;

/// Streams of RHEL itself, whose version is that of RHEL: a minor release that is supported
/// longer than usual. Each is a channel named without `rhel_`: `eus:9.2`.
const STREAMS: &[&str] = &["rhel_eus", "rhel_eus_long_life", "rhel_aus", "rhel_tus", "rhel_e4s", "rhel_els"];

/// The edition of RHEL that is no RHEL.
const HYPERVISOR: &str = "hypervisor";

/// Other products whose version is that of RHEL.
const ADD_ONS: &[&str] = &[
    "rhel_atomic",
    "rhel_cluster",
    "rhel_cluster_storage",
    "rhel_global_file_system",
    "rhel_mission_critical",
    "rhel_productivity",
    "rhel_rhn_tools",
    "rhel_scalefs",
    "rhel_sjis",
    "rhel_virtualization",
];

/// Where a product's packages are installed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// `redhat:8`.
    pub(crate) release: ReleaseKey,
    /// `None` for RHEL itself, with all of its repositories; `eus:9.2`, `openstack:16.2`, `hypervisor`.
    pub(crate) channel: Option<String>,
}

/// Reads `cpe:/a:redhat:rhel_eus:9.2::appstream`.
pub(crate) fn place_of_cpe(cpe: &str, version: Option<&str>) -> Option<Place> {
    let product = cpe.strip_prefix("cpe:/")?.get(1..)?.strip_prefix(":redhat:")?;
    place_of_product(product, version)
}

/// Reads what follows the vendor in a CPE, `rhel_eus:9.2::appstream`.
///
/// Products beside RHEL name the release that they are built for in their edition (`::el8`);
/// where one does not, the version of a package tells it (`1.2-3.el8`).
pub(crate) fn place_of_product(product: &str, version: Option<&str>) -> Option<Place> {
    let product = reading::word(product, PRODUCT_BYTES_MAX)?;
    let mut parts = product.split(':');
    let name = parts.next().filter(|name| !name.is_empty())?;
    let number = parts.next().unwrap_or_default();
    let of_rhel = || major(number);
    if name == "enterprise_linux" {
        // The host of Red Hat Virtualization has kernels of older minor releases.
        let channel = parts.any(|part| part == HYPERVISOR).then(|| HYPERVISOR.to_owned());
        return Some(Place { release: of_rhel()?, channel });
    }
    if STREAMS.contains(&name) {
        let stream = name.strip_prefix("rhel_").unwrap_or(name);
        return Some(Place { release: of_rhel()?, channel: Some(format!("{stream}:{number}")) });
    }
    let release = if name.starts_with("rhel_extras") || ADD_ONS.contains(&name) {
        of_rhel()
    } else {
        let edition = parts.filter_map(|part| part.strip_prefix("el")).find_map(major);
        edition.or_else(|| version.and_then(release_of_version))
    };
    let channel = if number.is_empty() { name.to_owned() } else { format!("{name}:{number}") };
    Some(Place { release: release?, channel: Some(channel) })
}

/// Returns the release that a number begins with: `8` of `8.6`, `8sat`.
fn major(number: &str) -> Option<ReleaseKey> {
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    let major = number.get(..digits).filter(|digits| (1..=2).contains(&digits.len()))?;
    Some(ReleaseKey::new("redhat", major))
}

/// Finds the mark of the distribution in a version: `8` in `1.2-3.el8_6`, `2.0-1.ep6.el7`.
fn release_of_version(version: &str) -> Option<ReleaseKey> {
    version.match_indices("el").find_map(|(at, _)| {
        let before = version.get(..at)?.chars().next_back()?;
        if matches!(before, '.' | '+' | '_') { major(version.get(at + 2..)?) } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_have_a_release_and_a_channel() {
        let shown = |product: &str, version: Option<&str>| match place_of_product(product, version) {
            Some(Place { release, channel }) => format!("{release} {}", channel.unwrap_or_default()),
            None => "nowhere".to_owned(),
        };
        for (product, version, expected) in [
            ("enterprise_linux:8::baseos", None, "redhat:8 "),
            ("enterprise_linux:10.0", None, "redhat:10 "),
            ("enterprise_linux:2.1::as", None, "redhat:2 "),
            ("enterprise_linux:7::hypervisor", None, "redhat:7 hypervisor"),
            ("rhel_eus:9.2::appstream", None, "redhat:9 eus:9.2"),
            ("rhel_eus:7.6::server", None, "redhat:7 eus:7.6"),
            ("rhel_e4s:8.1::highavailability", None, "redhat:8 e4s:8.1"),
            ("rhel_els:7", None, "redhat:7 els:7"),
            ("rhel_extras_rt:7", None, "redhat:7 rhel_extras_rt:7"),
            ("rhel_cluster:5:update6", None, "redhat:5 rhel_cluster:5"),
            ("rhel_software_collections:3::el7", None, "redhat:7 rhel_software_collections:3"),
            ("enterprise_mrg:2:server:el6", None, "redhat:6 enterprise_mrg:2"),
            ("convert2rhel:::el9", None, "redhat:9 convert2rhel"),
            ("rhev_manager:4.3", Some("0:1.2-3.el7ev"), "redhat:7 rhev_manager:4.3"),
            ("jboss:7", Some("0:2.0-1.Final_redhat_1.1.ep6.el7"), "redhat:7 jboss:7"),
            ("openstack:16.2", Some("1.2-3"), "nowhere"),
            ("openstack:16.2", Some("1.2-3.model5"), "nowhere"),
            ("openshift:4", None, "nowhere"),
            ("enterprise_linux", None, "nowhere"),
            ("enterprise_linux:-", None, "nowhere"),
            ("enterprise_linux:2012", None, "nowhere"),
            ("", None, "nowhere"),
            ("a product:8", None, "nowhere"),
        ] {
            assert_eq!(shown(product, version), expected, "{product}");
        }
        assert_eq!(place_of_product(&"a".repeat(201), None), None);
    }

    #[test]
    fn cpes_are_of_red_hat() {
        let eus = place_of_cpe("cpe:/a:redhat:rhel_eus:9.2::appstream", None).unwrap();
        assert_eq!((eus.release.as_str(), eus.channel.as_deref()), ("redhat:9", Some("eus:9.2")));
        for other in ["cpe:/a:oracle:linux:8", "cpe:2.3:o:redhat:enterprise_linux:8", "cpe:/", "cpe:/é", ""] {
            assert_eq!(place_of_cpe(other, None), None, "{other}");
        }
    }
}
