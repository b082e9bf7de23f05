//! Why two parties differ about a row, from facts of the root.

use std::collections::BTreeSet;

use super::Side;
use crate::peers::Row;
use crate::peers::dpkg::Database;

/// The tracker knows one kernel, under this name.
const KERNEL: &str = "linux";

/// Returns the class of a difference, or nothing where no fact explains it.
///
/// `foreign` is the one thing taken from Yagura itself: the packages that it excludes because
/// another archive built them. They are printed with the class, so that a reader can check.
pub(super) fn reason(row: &Row, side: Side, database: &Database, foreign: &BTreeSet<String>) -> Option<&'static str> {
    let binaries: Vec<_> = database.of_source(&row.source).collect();
    let any = |state: &str| binaries.iter().any(|record| record.state == state);
    match side {
        Side::Theirs
            if binaries.iter().all(|record| matches!(record.state.as_str(), "config-files" | "not-installed")) =>
        {
            Some("removed, only its configuration is left")
        }
        Side::Theirs if is_kernel(&row.source) && !binaries.iter().any(|record| is_image(&record.package)) => {
            Some("headers, libraries and tools from the kernel's source are no kernel")
        }
        Side::Theirs if is_kernel(&row.source) => Some("an installed kernel that does not run"),
        Side::Theirs if is_foreign(row, &binaries, foreign) => {
            Some("built by another archive, whose packages Debian's statements do not cover")
        }
        // Debian signs its images, so their source is `linux-signed-amd64`, which the tracker does not know.
        Side::Ours if row.source == KERNEL && database.records.iter().any(|record| is_image(&record.package)) => {
            Some("a kernel image, whose own source name no statement has")
        }
        Side::Ours if !any("installed") && (any("half-installed") || any("unpacked") || any("half-configured")) => {
            Some("installed in part: its files are there")
        }
        _ => None,
    }
}

fn is_kernel(source: &str) -> bool {
    source == KERNEL || source.starts_with("linux-signed-")
}

fn is_image(package: &str) -> bool {
    package.starts_with("linux-image-")
}

fn is_foreign(row: &Row, binaries: &[&crate::peers::dpkg::Record], foreign: &BTreeSet<String>) -> bool {
    // The subject of an exclusion begins with the package's name: `nodejs` or `nodejs 20.1-1nodesource1`.
    let named = |name: &str| foreign.iter().any(|subject| subject.split([' ', ':', '=']).next() == Some(name));
    named(&row.source) || (!binaries.is_empty() && binaries.iter().all(|record| named(&record.package)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Package: linux-libc-dev\nSource: linux\nVersion: 6.1.1-1\nStatus: install ok installed\n\n\
        Package: gone\nVersion: 1\nStatus: deinstall ok config-files\n\n\
        Package: nodejs\nVersion: 20\nStatus: install ok installed\n\n\
        Package: half\nVersion: 1\nStatus: install ok half-installed\n\n\
        Package: plain\nVersion: 1\nStatus: install ok installed\n";

    fn class(source: &str, side: Side, status: &str) -> Option<&'static str> {
        let foreign = BTreeSet::from(["nodejs 20 (NodeSource)".to_owned()]);
        reason(&Row::new(source, "CVE-1"), side, &Database::parse(status), &foreign)
    }

    #[test]
    fn every_class_needs_its_fact() {
        assert_eq!(class("gone", Side::Theirs, STATUS), Some("removed, only its configuration is left"));
        assert!(class("linux", Side::Theirs, STATUS).is_some_and(|class| class.starts_with("headers")));
        assert!(class("nodejs", Side::Theirs, STATUS).is_some_and(|class| class.starts_with("built by another")));
        assert!(class("half", Side::Ours, STATUS).is_some_and(|class| class.starts_with("installed in part")));
    }

    #[test]
    fn a_plain_package_has_no_excuse_on_either_side() {
        assert_eq!(class("plain", Side::Ours, STATUS), None);
        assert_eq!(class("plain", Side::Theirs, STATUS), None);
        assert_eq!(class("nodejs", Side::Ours, STATUS), None, "we must not claim what is not Debian's");
        assert_eq!(class("linux", Side::Ours, STATUS), None, "headers alone must not be a kernel to us");
    }

    #[test]
    fn a_signed_image_is_judged_under_the_kernels_own_name() {
        let status = "Package: linux-image-6.1.0-1-amd64\nSource: linux-signed-amd64 (6.1.1+1)\nVersion: 6.1.1-1\nStatus: install ok installed\n";
        assert!(class("linux", Side::Ours, status).is_some_and(|class| class.starts_with("a kernel image")));
    }
}
