//! The inventory: every header a package, the keys apart.

use yagura_model::{LocalText, Package, ReadProblem, Release, SourceLine};

use super::{Flow, Header, Tag, manifest, origin, package, read_headers, release};
use crate::error::InventoryError;
use crate::host::Host;
use crate::snapshot::PackageDatabase;

/// A database with more broken headers than this is not worth a line for each.
const PROBLEMS_MAX: usize = 1000;

/// The package database of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its file, relative to the root.
    pub path: String,
    /// The packages, by name, then architecture. One that may be installed in several versions at
    /// once, as kernels are, is there in each.
    pub packages: Vec<Package>,
    /// The keys that rpm trusts and keeps among its packages.
    pub public_keys: Vec<PublicKey>,
    /// Headers that could not be read.
    pub problems: Vec<ReadProblem>,
}

/// A key that rpm trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The last eight digits of its id (or its whole fingerprint, since rpm 6).
    pub id: String,
    /// Whose it says to be.
    pub owner: String,
}

/// Reads the host's database, or the list that stands for one in small images; `None` when it has
/// neither.
///
/// # Errors
/// When the database is there and cannot be read whole, see [`InventoryError`].
pub fn read(host: &dyn Host) -> Result<Option<Database>, InventoryError> {
    let read = match read_database(host) {
        // On a running system somebody may just be installing; that is over mostly when we look again.
        Err(InventoryError::Damaged { .. }) if host.is_live() => read_database(host)?,
        read => read?,
    };
    match read {
        Some(database) if !database.packages.is_empty() => Ok(Some(database)),
        empty => Ok(manifest::read(host)?.or(empty)),
    }
}

fn read_database(host: &dyn Host) -> Result<Option<Database>, InventoryError> {
    let (mut packages, mut public_keys, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    let path = read_headers(host, &mut |header| {
        match header {
            Ok(header) if header.is_public_key() => public_keys.push(public_key(header)),
            Ok(header) => match package::read(header, "") {
                Ok(package) => packages.push(package),
                Err(error) => broken.push((header.number(), error)),
            },
            Err(error) => broken.push(error),
        }
        Flow::Next
    })?;
    let Some(path) = path else {
        return Ok(None);
    };
    for package in &mut packages {
        package.record = SourceLine::file(path.as_str());
    }
    sort(&mut packages);
    let omitted = broken.len().saturating_sub(PROBLEMS_MAX);
    let mut problems: Vec<ReadProblem> = broken
        .iter()
        .take(PROBLEMS_MAX)
        .map(|(number, error)| ReadProblem {
            place: SourceLine::file(path.as_str()),
            message: LocalText::new(
                format!("{error} (header {number}); this package is not assessed"),
                format!("ヘッダー {number} を読み取れません ({error})。このパッケージは評価されません"),
            ),
        })
        .collect();
    if omitted > 0 {
        problems.push(ReadProblem {
            place: SourceLine::file(path.as_str()),
            message: LocalText::new(
                format!("{omitted} more problems in the package database are not listed"),
                format!("パッケージデータベースには、ほかにも {omitted} 件の問題があります (一覧からは省略)"),
            ),
        });
    }
    Ok(Some(Database { path, packages, public_keys, problems }))
}

fn public_key(header: &Header<'_>) -> PublicKey {
    let text = |tag| header.text(tag).as_deref().and_then(package::said).unwrap_or_default();
    PublicKey { id: text(Tag::VERSION), owner: text(Tag::PACKAGER) }
}

/// By name, architecture, version.
pub(super) fn sort(packages: &mut [Package]) {
    packages.sort_by(|a, b| (&a.name, &a.architecture, &a.version).cmp(&(&b.name, &b.architecture, &b.version)));
}

/// Reads the database for the snapshot: packages with their origins.
pub(crate) fn inventory(host: &dyn Host, told: Option<&Release>) -> Result<Option<PackageDatabase>, InventoryError> {
    let Some(mut database) = read(host)? else {
        return Ok(None);
    };
    let shown = if told.is_none() { release::shown_by(&database.packages, &database.path) } else { None };
    if let Some(release) = told.or(shown.as_ref()) {
        origin::classify(&release.distribution, &mut database.packages);
    }
    Ok(Some(PackageDatabase {
        architecture: architecture(&database.packages),
        path: database.path,
        packages: database.packages,
        release: shown,
        problems: database.problems,
    }))
}

/// The architecture of programs that are there once.
fn architecture(packages: &[Package]) -> Option<String> {
    ["rpm", "rpm-libs", "filesystem", "glibc", "bash"].into_iter().find_map(|name| {
        let own = packages.iter().find(|package| package.name == name && package.architecture != "noarch")?;
        Some(own.architecture.clone()).filter(|architecture| !architecture.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{HeaderWriter, ndb};
    use super::*;
    use crate::MemoryHost;

    #[test]
    fn packages_and_keys_stand_apart() {
        let kernel = |version: &str| HeaderWriter::package("kernel", version, "1", "x86_64").build();
        let key = HeaderWriter::package("gpg-pubkey", "fd431d51", "4ae0493b", "")
            .text(Tag::PACKAGER, "Red Hat, Inc. (release key 2) <security@redhat.com>")
            .build();
        let broken = HeaderWriter::new().text(Tag::NAME, "x").build();
        let bash = HeaderWriter::package("bash", "5", "1", "x86_64").build();
        let blobs = [kernel("5.2"), key, broken, bash, kernel("5.10")];
        let database = read(&MemoryHost::new().file("var/lib/rpm/Packages.db", ndb(&blobs))).unwrap().unwrap();
        let shown: Vec<String> = database.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
        assert_eq!(shown, ["bash 5-1", "kernel 5.10-1", "kernel 5.2-1"]);
        assert_eq!(database.public_keys[0].id, "fd431d51");
        assert!(database.public_keys[0].owner.starts_with("Red Hat"));
        insta::assert_snapshot!(database.problems[0].message.en, @"the header has no sound version (header 3); this package is not assessed");
        assert_eq!(database.packages[0].record.path, "var/lib/rpm/Packages.db");
        assert_eq!(architecture(&database.packages).as_deref(), Some("x86_64"));
    }

    #[test]
    fn problems_are_bounded() {
        let broken = vec![HeaderWriter::new().text(Tag::NAME, "x").build(); 200];
        let host = MemoryHost::new().file("var/lib/rpm/Packages.db", ndb(&broken));
        assert_eq!(read(&host).unwrap().unwrap().problems.len(), 200);
        let empty = read(&MemoryHost::new().file("var/lib/rpm/Packages.db", ndb(&[]))).unwrap().unwrap();
        assert!(empty.packages.is_empty() && empty.problems.is_empty());
        assert!(read(&MemoryHost::new()).unwrap().is_none());
    }
}
