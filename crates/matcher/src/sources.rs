//! Under which source packages statements speak of a host.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use yagura_model::{PackageKind, ReleaseKey, Snapshot};

use crate::kernel::names;

/// Returns name and version of every package of which a statement may concern the host.
///
/// Most are the sources of its packages, and the packages themselves where vendors name those. A signed kernel has a source of its own, but statements speak of `linux`;
/// and a kernel may run whose package was removed.
pub fn statement_sources(snapshot: &Snapshot) -> BTreeSet<(Cow<'_, str>, &str)> {
    let mut sources: BTreeSet<(Cow<'_, str>, &str)> = BTreeSet::new();
    let of_the_system = snapshot.packages.iter().filter(|package| package.kind.is_of_the_system());
    for package in of_the_system.filter(|package| package.is_present()) {
        sources.insert(match names::part(package) {
            Some(part) => (part.source, part.version),
            None => (Cow::Borrowed(&package.source.name), &package.source.version),
        });
        // Advisories of rpm distributions speak of binary packages.
        if package.kind == PackageKind::Rpm {
            sources.insert((Cow::Borrowed(&package.name), &package.version));
        }
    }
    if let Some(version) = &snapshot.kernel.running_package_version {
        sources.insert((Cow::Borrowed("linux"), version));
    }
    sources
}

/// Returns name and version of every package of a language of which a statement may concern the host, by the release
/// key of its ecosystem.
pub fn language_sources(snapshot: &Snapshot) -> BTreeMap<ReleaseKey, BTreeSet<(&str, &str)>> {
    let mut sources: BTreeMap<ReleaseKey, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for (ecosystem, language) in crate::languages::take(snapshot) {
        let own = sources.entry(ReleaseKey::ecosystem(ecosystem)).or_default();
        let packages = language.units.iter().filter_map(|unit| unit.packages.first());
        own.extend(packages.map(|package| (package.name.as_str(), package.version.as_str())));
    }
    sources
}

/// Returns the subjects (`package_name`) of findings that may change with what is said of `names`.
///
/// A statement about a binary package changes the findings of its source.
pub fn subjects_of(snapshot: &Snapshot, names: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut subjects = BTreeSet::new();
    for package in snapshot.packages.iter().filter(|package| package.is_present()) {
        let part = names::part(package);
        let source = part.as_ref().map_or(package.source.name.as_str(), |part| part.source.as_ref());
        if names.contains(source) || names.contains(package.name.as_str()) {
            subjects.insert(source.to_owned());
        }
    }
    if snapshot.kernel.running_package_version.is_some() && names.contains("linux") {
        subjects.insert("linux".to_owned());
    }
    subjects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{host, host_of, language_host, running};

    fn shown(snapshot: &Snapshot) -> Vec<String> {
        statement_sources(snapshot).into_iter().map(|(name, version)| format!("{name} {version}")).collect()
    }

    #[test]
    fn a_signed_kernel_is_known_under_the_name_that_statements_use() {
        let signed = "linux-image-6.1.0-28-amd64 6.1.119-1 linux-signed-amd64 6.1.119+1";
        assert_eq!(shown(&host(&[signed, "bash 5.2-1 bash"])), ["bash 5.2-1", "linux 6.1.119-1"]);
    }

    #[test]
    fn a_binary_package_changes_the_findings_of_its_source() {
        let host = host_of("rhel", "9.4", &["openssl-libs 3.0.7-1.el9 openssl 3.0.7-1.el9", "bash 5.1-1.el9 bash"]);
        assert_eq!(shown(&host), ["bash 5.1-1.el9", "openssl 3.0.7-1.el9", "openssl-libs 3.0.7-1.el9"]);
        let changed = |name| subjects_of(&host, &BTreeSet::from([name])).into_iter().collect::<Vec<_>>();
        assert_eq!(changed("openssl-libs"), ["openssl"]);
        assert_eq!(changed("openssl"), ["openssl"]);
        assert_eq!(changed("linux"), [""; 0]);
    }

    #[test]
    fn packages_of_languages_go_by_their_ecosystem() {
        let host = language_host("npm", &["left-pad 1.0.0", "lodash 4.0.0 owned"]);
        assert!(shown(&host).is_empty());
        let languages = language_sources(&host);
        assert_eq!(languages[&ReleaseKey::new("ecosystem", "npm")], BTreeSet::from([("left-pad", "1.0.0")]));
    }

    #[test]
    fn a_kernel_that_runs_without_its_package_is_known_too() {
        let snapshot = running(host(&["bash 5.2-1 bash"]), "6.1.0-25-amd64", Some("6.1.106-3"));
        assert_eq!(shown(&snapshot), ["bash 5.2-1", "linux 6.1.106-3"]);
    }
}
