//! Which channels of its release a host takes packages from, and so which statements speak to it.
//!
//! A release has one main channel and often others: Ubuntu's ESM, Red Hat's EUS, Amazon's extras, SUSE's LTSS. A
//! statement about another channel must not judge a host that does not use it (its fixed versions are others), and
//! must not be missed on a host that does.

use std::collections::BTreeSet;

use yagura_index::{StateRef, StatementRef};
use yagura_model::{Package, ReleaseKey, Snapshot};

/// How a statement stands to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Of a channel that the host chose: it speaks before the main one.
    Chosen,
    /// Of the main channel.
    Main,
    /// The flaw is the host's, but the fix needs an entitlement that it does not have.
    NeedsEntitlement,
    /// Of packages that the host does not take.
    Elsewhere,
}

/// The channels of a host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    distribution: String,
    enabled: BTreeSet<String>,
}

impl Scope {
    /// Reads a host's channels.
    pub(crate) fn of(snapshot: &Snapshot, release: &ReleaseKey) -> Self {
        let distribution = release.distribution().to_owned();
        let mut enabled: BTreeSet<String> = snapshot.channels.entitlements.iter().cloned().collect();
        let version = snapshot.release.as_ref().and_then(|release| release.version.as_deref()).unwrap_or_default();
        for repository in snapshot.channels.repositories.iter().filter(|repository| repository.enabled) {
            enabled.extend(channel_of(&distribution, &repository.id, version));
        }
        for product in &snapshot.channels.products {
            enabled.extend(channel_of_product(product));
        }
        Self { distribution, enabled }
    }

    /// Tells how a statement stands to the host.
    pub(crate) fn reach(&self, statement: &StatementRef<'_>) -> Reach {
        match statement.channel() {
            None => Reach::Main,
            Some(channel) if self.enabled.contains(channel) => Reach::Chosen,
            // The package of the main archive has the flaw; only its repair is sold apart.
            Some("esm-infra" | "esm-apps" | "esm-infra-legacy" | "esm-apps-legacy")
                if self.distribution == "ubuntu" =>
            {
                Reach::NeedsEntitlement
            }
            Some(_) => Reach::Elsewhere,
        }
    }
}

/// Tells whether a statement speaks of a package's module, or of packages outside modules as this one is.
///
/// A build of a module and a build of the base system under one name are strangers, and so are two streams. Some
/// advisories carry a module's build without naming the stream (its version says `.module+el8`): they speak of an
/// installed build of a module if the first numbers of the versions are the same, as streams are named by them.
pub(crate) fn module_fits(statement: &StatementRef<'_>, package: &Package) -> bool {
    let label = package.provenance.module_stream();
    let is_modular = label.is_some() || is_of_a_module(&package.version);
    match (statement.module(), label) {
        (Some(stated), Some(label)) => stated == label,
        (Some(_), None) => false,
        (None, _) => match statement.state() {
            StateRef::Fixed(fixed) if is_of_a_module(fixed) => {
                is_modular && first_number(fixed) == first_number(&package.version)
            }
            _ => !is_modular,
        },
    }
}

/// Tells whether an rpm version is that of a module's build: `16.20.2-2.module+el8.8.0+1+2`.
fn is_of_a_module(version: &str) -> bool {
    version.contains(".module+") || version.contains(".module_")
}

fn first_number(version: &str) -> &str {
    let version = version.split_once(':').map_or(version, |(_, version)| version);
    version.split(['.', '-']).next().unwrap_or_default()
}

/// Returns the channel that a repository stands for.
fn channel_of(distribution: &str, id: &str, version: &str) -> Option<String> {
    match distribution {
        "amazon" => match id.strip_prefix("amzn2extra-") {
            Some(extra) => Some(format!("extras:{extra}")),
            None => id.contains("kernel-livepatch").then(|| "livepatch".to_owned()),
        },
        // `rhel-9-for-x86_64-baseos-eus-rpms`; which minor release is meant is the host's own.
        "redhat" => {
            let word = ["eus", "aus", "e4s", "tus"].into_iter().find(|word| id.split('-').any(|part| part == *word))?;
            let minor: Vec<&str> = version.split('.').take(2).collect();
            (minor.len() == 2).then(|| format!("{word}:{}", minor.join(".")))
        }
        "oracle" => id.contains("ksplice").then(|| "ksplice".to_owned()),
        _ => None,
    }
}

/// Returns the channel that a SUSE product stands for: `LTSS` of `SLES-LTSS:15.3`.
fn channel_of_product(product: &str) -> Option<String> {
    let name = product.split(':').next().unwrap_or(product).to_ascii_lowercase();
    [
        ("ltss-extended", "LTSS-Extended-Security"),
        ("ltss", "LTSS"),
        ("espos", "ESPOS"),
        ("module-live-patching", "Live Patching"),
        ("module-rt", "Real Time Module"),
    ]
    .into_iter()
    .find(|(part, _)| name.contains(part))
    .map(|(_, channel)| channel.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_and_products_stand_for_channels() {
        for (distribution, id, version, channel) in [
            ("amazon", "amzn2extra-docker", "2", Some("extras:docker")),
            ("amazon", "amzn2-core", "2", None),
            ("amazon", "kernel-livepatch", "2023", Some("livepatch")),
            ("redhat", "rhel-9-for-x86_64-baseos-eus-rpms", "9.2", Some("eus:9.2")),
            ("redhat", "rhel-8-for-x86_64-appstream-e4s-rpms", "8.6", Some("e4s:8.6")),
            ("redhat", "rhel-9-for-x86_64-baseos-rpms", "9.2", None),
            ("redhat", "rhel-9-for-x86_64-baseos-eus-rpms", "9", None),
        ] {
            assert_eq!(channel_of(distribution, id, version).as_deref(), channel, "{id}");
        }
        assert_eq!(channel_of_product("SLES-LTSS:15.3").as_deref(), Some("LTSS"));
        assert_eq!(channel_of_product("sle-module-basesystem:15.3"), None);
    }
}
