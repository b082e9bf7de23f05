//! `dpkginfo`: what dpkg has installed.

use std::cell::OnceCell;
use std::collections::HashMap;

use yagura_model::PackageState;
use yagura_scap::{Collected, Field, Item, Object};

use crate::dpkg::stanza::{Stanza, Stanzas};
use crate::dpkg::{self, Record};
use crate::host::{ByteLimit, Host};

/// Where the packages say what they provide; the same bound as of the database itself.
const STATUS_PATH: &str = "var/lib/dpkg/status";
const STATUS_LIMIT: ByteLimit = ByteLimit::mib(256);

/// dpkg's database, read when the first object needs it.
#[derive(Debug, Default)]
pub(super) struct Packages {
    read: OnceCell<Result<Installed, String>>,
}

#[derive(Debug, Default)]
struct Installed {
    /// Name, architecture, version; sorted by name.
    packages: Vec<(String, String, String)>,
    by_name: HashMap<String, Vec<usize>>,
    /// A virtual name to the packages that provide it.
    providers: HashMap<String, Vec<usize>>,
}

impl Packages {
    /// Collects packages.
    pub(super) fn collect(&self, host: &dyn Host, object: &Object) -> Collected {
        let installed = match self.read.get_or_init(|| Installed::read(host)) {
            Ok(installed) => installed,
            Err(reason) => return Collected::error(reason.as_str()),
        };
        let Some(name) = object.entity(Field::Name) else {
            return Collected::error("the object has no name");
        };
        let mut places: Vec<usize> = match name.literals() {
            Some(literals) => literals.iter().flat_map(|name| installed.named(name)).collect(),
            None => {
                let named =
                    installed.packages.iter().enumerate().filter(|(_, (candidate, ..))| name.accepts(candidate));
                named.map(|(place, _)| place).collect()
            }
        };
        places.sort_unstable();
        places.dedup();
        // One that provides the name has a name of its own, and is meant all the same.
        let items = places.iter().filter_map(|place| installed.packages.get(*place)).map(item);
        Collected::complete(items.filter(|item| object.keeps(item)).collect())
    }
}

impl Installed {
    fn read(host: &dyn Host) -> Result<Self, String> {
        let Some(database) = dpkg::read(host).map_err(|error| error.to_string())? else {
            return Ok(Self::default());
        };
        let mut found = Self::default();
        let provides = provides(host)?;
        for record in database.records.into_iter().filter(is_installed) {
            let package = record.package;
            let place = found.packages.len();
            for name in provides.get(&(package.name.clone(), package.architecture.clone())).into_iter().flatten() {
                found.providers.entry(name.clone()).or_default().push(place);
            }
            found.by_name.entry(package.name.clone()).or_default().push(place);
            found.packages.push((package.name, package.architecture, package.version));
        }
        Ok(found)
    }

    /// The packages of a name; where there are none, those that provide it.
    fn named(&self, name: &str) -> Vec<usize> {
        self.by_name.get(name).or_else(|| self.providers.get(name)).cloned().unwrap_or_default()
    }
}

/// Its files are on the disk: all states but the ones before unpacking and after removal.
fn is_installed(record: &Record) -> bool {
    !matches!(record.package.status.state, PackageState::NotInstalled | PackageState::ConfigFiles)
}

/// What each package says it provides, by name and architecture.
fn provides(host: &dyn Host) -> Result<HashMap<(String, String), Vec<String>>, String> {
    let bytes = host.read(STATUS_PATH, STATUS_LIMIT).map_err(|error| error.to_string())?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let (mut stanzas, mut stanza) = (Stanzas::new(&text), Stanza::default());
    let mut found = HashMap::new();
    while stanzas.next_into(&mut stanza) {
        let field = |name: &str| {
            stanza.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
        };
        let (Some(package), Some(provided)) = (field("Package"), field("Provides")) else { continue };
        let names = provided.split(',').filter_map(|one| one.split_whitespace().next());
        // `name (= version)` and `name:any` name the same thing.
        let names = names.map(|name| name.split(['(', ':']).next().unwrap_or(name).to_owned());
        let key = (package.trim().to_owned(), field("Architecture").unwrap_or_default().trim().to_owned());
        found.insert(key, names.collect());
    }
    Ok(found)
}

fn item((name, architecture, version): &(String, String, String)) -> Item {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (upstream, revision) = match rest.rsplit_once('-') {
        Some((upstream, revision)) => (upstream, Some(revision)),
        None => (rest, None),
    };
    let mut item =
        Item::new().with(Field::Name, name.as_str()).with(Field::Arch, architecture.as_str()).with(Field::Epoch, epoch);
    if let Some(revision) = revision {
        item.push(Field::Release, revision);
    }
    item.with(Field::Version, upstream).with(Field::Evr, version.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{collect, entity, object, pattern_entity};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Flag, Kind};

    const STATUS: &str = "\
Package: auditd\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:3.0.9-1\n\n\
Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1-1\n\n\
Package: native\nStatus: install ok installed\nArchitecture: all\nVersion: 4.12\n\n\
Package: postfix\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.7-1\nProvides: mail-transport-agent, mta (= 1)\n\n";

    #[test]
    fn installed_packages_and_what_they_provide() {
        let host = MemoryHost::new().file("var/lib/dpkg/status", STATUS);
        let get = |name: &str| collect(&host, &object(Kind::DpkgInfo, vec![entity(Field::Name, name)]));
        let field = |collected: &Collected, field| collected.items[0].value(field).map(ToString::to_string);
        let auditd = get("auditd");
        assert_eq!(field(&auditd, Field::Epoch).as_deref(), Some("1"));
        assert_eq!(field(&auditd, Field::Version).as_deref(), Some("3.0.9"));
        assert_eq!(field(&auditd, Field::Evr).as_deref(), Some("1:3.0.9-1"));
        let native = get("native");
        assert_eq!(field(&native, Field::Epoch).as_deref(), Some("0"));
        assert_eq!(field(&native, Field::Release), None);
        assert_eq!(field(&get("mta"), Field::Name).as_deref(), Some("postfix"));
        assert_eq!(get("gone").flag, Flag::DoesNotExist);
        assert_eq!(get("none").flag, Flag::DoesNotExist);
        let all = collect(&host, &object(Kind::DpkgInfo, vec![pattern_entity(Field::Name, "^.*t.*$")]));
        assert_eq!(all.items.len(), 3);
    }

    #[test]
    fn a_database_that_cannot_be_read_is_an_error() {
        let host = MemoryHost::new().denied("var/lib/dpkg/status");
        assert_eq!(collect(&host, &object(Kind::DpkgInfo, vec![entity(Field::Name, "a")])).flag, Flag::Error);
    }
}
