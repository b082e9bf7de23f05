//! From where a host takes its packages, and what keeps it from taking them: repositories, products,
//! entitlements, pins.
//!
//! Each package manager has a file here: `yum` (yum, dnf, tdnf), `zypp`, `apt`, `apk`, `pacman`; beside
//! them `red_hat` (product certificates), `ubuntu_pro` (what is attached), and `history` (from which
//! repository a package was installed, where the host remembers).
//!
//! # Invariants
//!
//! - No user and no password of an address leaves the host.
//! - A file that is absent is an answer; one that cannot be read is a problem, and the others are read.

mod apk;
mod apt;
mod files;
mod history;
mod ini;
mod pacman;
mod red_hat;
mod ubuntu_pro;
mod variables;
mod yum;
mod zypp;

use yagura_model::{Channels, Package, Pin, ReadProblem, Release};

use crate::host::Host;
use files::Files;

/// A host with a hundred repositories has some 1,000 pins at most.
const ENTRIES_MAX: usize = 10_000;

/// Reads what the host's package managers are set to, and notes at each package from which repository
/// it was installed.
pub fn read(
    host: &dyn Host,
    release: Option<&Release>,
    architecture: Option<&str>,
    packages: &mut [Package],
    problems: &mut Vec<ReadProblem>,
) -> Channels {
    let mut channels = Channels::default();
    let mut files = Files { host, problems };
    yum::read(&mut files, release, architecture, &mut channels);
    zypp::read(&mut files, release, architecture, &mut channels);
    red_hat::read(&mut files, &mut channels);
    apt::read(&mut files, &mut channels);
    ubuntu_pro::read(&mut files, &mut channels);
    apk::read(&mut files, &mut channels);
    pacman::read(&mut files, &mut channels);
    history::name_repositories(&mut files, packages);
    channels.pins.extend(packages.iter().filter(|package| package.status.is_held()).map(|package| Pin {
        package: package.name.clone(),
        rule: "hold".to_owned(),
        place: package.record.clone(),
    }));
    channels.repositories.truncate(ENTRIES_MAX);
    channels.products.truncate(ENTRIES_MAX);
    channels.pins.truncate(ENTRIES_MAX);
    channels
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;
    use crate::MemoryHost;

    /// What a host says, a line each.
    pub(crate) fn told(host: &MemoryHost) -> String {
        let release = Release { distribution: "rhel".into(), version: Some("8.4".into()), ..Release::default() };
        let mut problems = Vec::new();
        let channels = read(host, Some(&release), Some("x86_64"), &mut [], &mut problems);
        let mut out = String::new();
        for repository in &channels.repositories {
            let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".into());
            let (url, suite) = (part(&repository.url), part(&repository.suite));
            let off = if repository.enabled { "" } else { " (off)" };
            out += &format!("{}{off} [{}] {url} {suite} {}\n", repository.id, repository.name, repository.place);
        }
        out += &channels.products.iter().map(|product| format!("product {product}\n")).collect::<String>();
        out += &channels.entitlements.iter().map(|line| format!("entitled {line}\n")).collect::<String>();
        out += &channels
            .pins
            .iter()
            .map(|pin| format!("pin {}: {} {}\n", pin.package, pin.rule, pin.place))
            .collect::<String>();
        out += &problems.iter().map(|problem| format!("problem {}\n", problem.message.en)).collect::<String>();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryHost, dpkg};
    use proptest::prelude::*;

    #[test]
    fn held_packages_are_pinned() {
        let status = "Package: a\nStatus: hold ok installed\nVersion: 1\n\nPackage: b\nStatus: install ok installed\nVersion: 1\n";
        let mut packages: Vec<Package> =
            dpkg::parse(status.as_bytes(), "s").unwrap().records.into_iter().map(|record| record.package).collect();
        let channels = read(&MemoryHost::new(), None, None, &mut packages, &mut Vec::new());
        assert_eq!(
            (channels.pins.len(), channels.pins[0].package.as_str(), channels.pins[0].rule.as_str()),
            (1, "a", "hold")
        );
        assert!(read(&MemoryHost::new(), None, None, &mut [], &mut Vec::new()).is_empty());
    }

    #[test]
    fn the_number_of_entries_is_bounded() {
        let repositories: String = (0..=ENTRIES_MAX).map(|n| format!("[r{n}]\nexclude=a\n")).collect();
        let host = MemoryHost::new().file("etc/yum.repos.d/a.repo", repositories);
        let channels = read(&host, None, None, &mut [], &mut Vec::new());
        assert_eq!((channels.repositories.len(), channels.pins.len()), (ENTRIES_MAX, ENTRIES_MAX));
    }

    proptest! {
        #[test]
        fn any_files_are_survived(text in "[\\[\\]=:a-z0-9 \n\"<>/$@|{}-]{0,200}", at in 0_usize..14) {
            let path = [
                "etc/yum.repos.d/a.repo", "etc/dnf/dnf.conf", "etc/zypp/repos.d/a.repo", "etc/zypp/locks",
                "etc/products.d/a.prod", "etc/pki/product/1.pem", "etc/apt/sources.list", "etc/apt/sources.list.d/a.sources",
                "etc/apt/preferences", "var/lib/ubuntu-advantage/status.json", "etc/apk/repositories", "etc/pacman.conf",
                "etc/dnf/versionlock.toml", "etc/dnf/plugins/versionlock.list",
            ][at];
            sample::told(&MemoryHost::new().file(path, text));
        }
    }
}
