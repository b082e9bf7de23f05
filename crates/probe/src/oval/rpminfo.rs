//! `rpminfo`: what rpm has installed, every instance of a package an item.

use std::cell::OnceCell;

use yagura_scap::{Collected, Field, Item, Object};

use crate::error::InventoryError;
use crate::host::Host;
use crate::rpm::{Flow, Header, Tag, read_headers};

/// A host has some thousand packages.
const PACKAGES_MAX: usize = 500_000;

/// rpm's database, read when the first object needs it.
#[derive(Debug, Default)]
pub(super) struct Packages {
    read: OnceCell<Result<Vec<Package>, String>>,
}

/// What identifies a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Package {
    pub(super) name: String,
    /// `(none)` where there is none.
    pub(super) arch: String,
    /// `(none)` where there is none.
    pub(super) epoch: String,
    pub(super) release: String,
    pub(super) version: String,
    key: String,
}

impl Package {
    pub(super) fn of(header: &Header<'_>) -> Self {
        let text = |tag| header.text(tag).map_or_else(|| "(none)".to_owned(), std::borrow::Cow::into_owned);
        Self {
            name: text(Tag::NAME),
            arch: text(Tag::ARCH),
            epoch: header.integer(Tag::EPOCH).map_or_else(|| "(none)".to_owned(), |epoch| epoch.to_string()),
            release: text(Tag::RELEASE),
            version: text(Tag::VERSION),
            key: header.signing_key().map_or_else(|| "0".to_owned(), |key| key.to_ascii_lowercase()),
        }
    }

    #[cfg(test)]
    pub(super) fn test(name: &str) -> Self {
        Self {
            name: name.into(),
            arch: "x86_64".into(),
            epoch: "(none)".into(),
            release: "1.amzn2023".into(),
            version: "5.2".into(),
            key: "0".into(),
        }
    }

    /// `epoch:version-release`, where no epoch is 0.
    pub(super) fn evr(&self) -> String {
        let epoch = if self.epoch == "(none)" { "0" } else { &self.epoch };
        format!("{epoch}:{}-{}", self.version, self.release)
    }

    /// `name-epoch:version-release.arch`.
    pub(super) fn extended_name(&self) -> String {
        format!("{}-{}.{}", self.name, self.evr(), self.arch)
    }

    fn item(&self) -> Item {
        Item::new()
            .with(Field::Name, self.name.as_str())
            .with(Field::Arch, self.arch.as_str())
            .with(Field::Epoch, self.epoch.as_str())
            .with(Field::Release, self.release.as_str())
            .with(Field::Version, self.version.as_str())
            .with(Field::Evr, self.evr())
            .with(Field::SignatureKeyid, self.key.as_str())
            .with(Field::ExtendedName, self.extended_name())
    }
}

impl Packages {
    /// Collects packages; the keys that rpm trusts are packages too.
    pub(super) fn collect(&self, host: &dyn Host, object: &Object) -> Collected {
        let packages = match self.read.get_or_init(|| read(host)) {
            Ok(packages) => packages,
            Err(reason) => return Collected::error(reason.as_str()),
        };
        let Some(name) = object.entity(Field::Name) else {
            return Collected::error("the object has no name");
        };
        let named = packages.iter().filter(|package| name.accepts(&package.name));
        Collected::complete(named.map(Package::item).filter(|item| object.keeps(item)).collect())
    }
}

fn read(host: &dyn Host) -> Result<Vec<Package>, String> {
    let mut packages = Vec::new();
    each_header(host, &mut |header| {
        packages.push(Package::of(header));
        if packages.len() < PACKAGES_MAX { Flow::Next } else { Flow::Stop }
    })?;
    packages.sort();
    Ok(packages)
}

/// Hands over every header of the database, if there is one.
pub(super) fn each_header(host: &dyn Host, visit: &mut dyn FnMut(&Header<'_>) -> Flow) -> Result<(), String> {
    let mut broken = None;
    let read = read_headers(host, &mut |header| match header {
        Ok(header) => visit(header),
        Err((number, _)) => {
            broken = Some(number);
            Flow::Next
        }
    });
    match (read, broken) {
        (Ok(_), None) => Ok(()),
        (Ok(_), Some(number)) => Err(format!("record {number} of rpm's database cannot be read")),
        // rpm leaves a file of no bytes where it was only asked, on hosts of other package managers
        // too: the reference finds no packages there.
        (Err(InventoryError::Damaged { path, .. }), _) if is_empty(host, &path) => Ok(()),
        (Err(error), _) => Err(error.to_string()),
    }
}

fn is_empty(host: &dyn Host, path: &str) -> bool {
    let bytes = |path: &str| host.metadata(path).ok().flatten().map_or(0, |file| file.size_bytes);
    bytes(path) == 0 && bytes(&format!("{path}-wal")) == 0
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entity, flags, object};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Flag, Kind};

    #[test]
    fn a_host_without_a_database_has_no_packages() {
        let bash = object(Kind::RpmInfo, vec![entity(Field::Name, "bash")]);
        assert_eq!(flags(&MemoryHost::new(), &bash), (Flag::DoesNotExist, 0));
        let damaged = MemoryHost::new().file("var/lib/rpm/rpmdb.sqlite", vec![7; 4096]);
        assert_eq!(flags(&damaged, &bash), (Flag::Error, 0));
        let empty = MemoryHost::new().file("var/lib/rpm/rpmdb.sqlite", "").file("var/lib/rpm/rpmdb.sqlite-wal", "");
        assert_eq!(flags(&empty, &bash), (Flag::DoesNotExist, 0));
    }

    #[test]
    fn no_epoch_is_none_in_the_item_and_zero_in_its_names() {
        let package = Package::test("bash");
        assert_eq!(package.evr(), "0:5.2-1.amzn2023");
        assert_eq!(package.extended_name(), "bash-0:5.2-1.amzn2023.x86_64");
        assert_eq!(package.item().value(Field::Epoch).unwrap().to_string(), "(none)");
    }
}
