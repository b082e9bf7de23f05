//! Under which source packages statements speak of a host.

use std::borrow::Cow;
use std::collections::BTreeSet;

use yagura_model::{PackageKind, Snapshot};

use crate::kernel::names;

/// Returns name and version of every package of which a statement may concern the host.
///
/// Most are the sources of its packages, and the packages themselves where vendors name those. A signed kernel has a source of its own, but statements speak of `linux`;
/// and a kernel may run whose package was removed.
pub fn statement_sources(snapshot: &Snapshot) -> BTreeSet<(Cow<'_, str>, &str)> {
    let mut sources: BTreeSet<(Cow<'_, str>, &str)> = BTreeSet::new();
    for package in snapshot.packages.iter().filter(|package| package.is_present()) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{host, running};

    fn shown(snapshot: &Snapshot) -> Vec<String> {
        statement_sources(snapshot).into_iter().map(|(name, version)| format!("{name} {version}")).collect()
    }

    #[test]
    fn a_signed_kernel_is_known_under_the_name_that_statements_use() {
        let signed = "linux-image-6.1.0-28-amd64 6.1.119-1 linux-signed-amd64 6.1.119+1";
        assert_eq!(shown(&host(&[signed, "bash 5.2-1 bash"])), ["bash 5.2-1", "linux 6.1.119-1"]);
    }

    #[test]
    fn a_kernel_that_runs_without_its_package_is_known_too() {
        let snapshot = running(host(&["bash 5.2-1 bash"]), "6.1.0-25-amd64", Some("6.1.106-3"));
        assert_eq!(shown(&snapshot), ["bash 5.2-1", "linux 6.1.106-3"]);
    }
}
