//! The system's name in the Common Platform Enumeration, in both of its forms:
//! `cpe:/o:centos:linux:6:GA` and `cpe:2.3:o:amazon:amazon_linux:2023`.

/// Vendor and product, and the `ID` of os-release.
const KNOWN: &[(&str, &str, &str)] = &[
    ("redhat", "enterprise_linux", "rhel"),
    ("centos", "linux", "centos"),
    ("centos", "centos", "centos"),
    ("almalinux", "almalinux", "almalinux"),
    ("rocky", "rocky", "rocky"),
    ("oracle", "linux", "ol"),
    ("oracle", "oracle_linux", "ol"),
    ("amazon", "linux", "amzn"),
    ("amazon", "amazon_linux", "amzn"),
    ("fedoraproject", "fedora", "fedora"),
    ("suse", "sles", "sles"),
    ("suse", "sled", "sled"),
    ("suse", "sles_sap", "sles_sap"),
    ("opensuse", "leap", "opensuse-leap"),
    ("opensuse", "tumbleweed", "opensuse-tumbleweed"),
    ("opensuse", "opensuse", "opensuse"),
];

/// Vendor, product and version of an operating system.
fn parts(name: &str) -> Option<(&str, &str, Option<&str>)> {
    let name = name.trim();
    let rest = name.strip_prefix("cpe:/o:").or_else(|| name.strip_prefix("cpe:2.3:o:"))?;
    let mut parts = rest.split(':');
    Some((parts.next()?, parts.next()?, parts.next()))
}

/// Returns the `ID` that os-release would have.
pub(super) fn distribution(name: &str) -> Option<&'static str> {
    let (vendor, product, _) = parts(name)?;
    let is_it =
        |known: &(&str, &str, &str)| known.0.eq_ignore_ascii_case(vendor) && known.1.eq_ignore_ascii_case(product);
    KNOWN.iter().find(|known| is_it(known)).map(|(_, _, id)| *id)
}

/// Returns the version: `6` of `6server`, `15.3` of `15:sp3`.
pub(super) fn version(name: &str) -> Option<String> {
    let (_, _, version) = parts(name)?;
    let version = version?;
    let end = version.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(version.len());
    let number = version.get(..end).filter(|number| !number.is_empty())?;
    let service_pack = name.to_ascii_lowercase().split_once(":sp").and_then(|(_, rest)| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end).filter(|digits| !digits.is_empty()).map(str::to_owned)
    });
    Some(match service_pack {
        Some(pack) if distribution(name).is_some_and(|id| id.starts_with("sle")) => format!("{number}.{pack}"),
        _ => number.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_name_the_system() {
        for (name, expected) in [
            ("cpe:/o:redhat:enterprise_linux:6server:ga:server", Some(("rhel", "6"))),
            ("cpe:/o:redhat:enterprise_linux:8::baseos", Some(("rhel", "8"))),
            ("cpe:/o:centos:linux:6:GA", Some(("centos", "6"))),
            ("cpe:2.3:o:amazon:amazon_linux:2023", Some(("amzn", "2023"))),
            ("cpe:/o:amazon:linux:2018.03:ga", Some(("amzn", "2018.03"))),
            ("cpe:/o:suse:sles:15:sp3", Some(("sles", "15.3"))),
            ("cpe:/o:suse:sles:12", Some(("sles", "12"))),
            ("cpe:/a:redhat:enterprise_linux:8", None),
            ("cpe:/o:nobody:nothing:1", None),
            ("", None),
        ] {
            let read = distribution(name).map(|id| (id, version(name).unwrap_or_default()));
            assert_eq!(read, expected.map(|(id, version)| (id, version.to_owned())), "{name}");
        }
        assert_eq!(version("cpe:/o:redhat:enterprise_linux"), None);
    }
}
