//! Reads portage's database, as Gentoo has it: a folder `var/db/pkg/CATEGORY/NAME-VERSION` for each
//! package, with a file for each fact.
//!
//! The slot is not kept: where advisories limit a range to a slot, they do it by versions too, and a
//! package of a [`module`](yagura_model::package::Provenance::module) is a stranger to statements about none.
//!
//! # Invariants
//!
//! - A broken record becomes a problem that names its folder; its neighbours are read.
//! - A package from another repository than Gentoo's own is foreign.

mod files;

use yagura_model::package::Provenance;
use yagura_model::{Origin, Package, PackageKind, Release, SourceLine, SourcePackage};

use crate::database::{Database, Faults, RECORDS_MAX, bad_name_text, check_count, folders, is_word, list, read_file};
use crate::error::InventoryError;
use crate::host::{ByteLimit, Host};
use crate::snapshot::PackageDatabase;
pub use files::Files;

pub(crate) const PKG_PATH: &str = "var/db/pkg";
/// Gentoo has some 170 categories.
pub(crate) const CATEGORIES_MAX: usize = 5_000;
/// A fact is one line.
const FACT_LIMIT: ByteLimit = ByteLimit::kib(64);
/// The repository of which Gentoo's advisories speak.
const OWN_REPOSITORY: &str = "gentoo";

/// Reads the host's package database; `None` when it has none.
///
/// # Errors
/// When the database is there and cannot be read whole, see [`InventoryError`].
pub fn read(host: &dyn Host) -> Result<Option<Database>, InventoryError> {
    let Some(entries) = list(host, PKG_PATH, CATEGORIES_MAX)? else { return Ok(None) };
    let (mut packages, mut faults) = (Vec::new(), Faults::default());
    for category in folders(entries) {
        let path = format!("{PKG_PATH}/{category}");
        for folder in folders(list(host, &path, RECORDS_MAX)?.unwrap_or_default()) {
            let record = format!("{path}/{folder}");
            // `-MERGING-` stands before a package that is being installed or was left half so.
            match split(&folder).filter(|(name, _)| is_word(name) && is_word(&category)) {
                Some((name, version)) => packages.push(package(host, &category, name, version, &record)?),
                None => faults.report(SourceLine::file(record), bad_name_text(&folder)),
            }
            check_count(packages.len(), PKG_PATH)?;
        }
    }
    Ok(Some(Database::sorted(PKG_PATH, packages, faults)))
}

/// Reads the database for the snapshot.
pub(crate) fn inventory(host: &dyn Host, _: Option<&Release>) -> Result<Option<PackageDatabase>, InventoryError> {
    Ok(read(host)?.map(Database::into_inventory))
}

fn package(
    host: &dyn Host,
    category: &str,
    name: &str,
    version: &str,
    record: &str,
) -> Result<Package, InventoryError> {
    let fact = |file: &str| -> Result<Option<String>, InventoryError> {
        let bytes = read_file(host, &format!("{record}/{file}"), FACT_LIMIT)?;
        let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        Ok(text.filter(|text| is_word(text)))
    };
    let repository = fact("repository")?;
    let origin = match repository.as_deref() {
        Some(other) if other != OWN_REPOSITORY => {
            Origin::Foreign { who: other.to_owned(), shown_by: format!("/{record}/repository") }
        }
        _ => Origin::Assumed,
    };
    let name = format!("{category}/{name}");
    Ok(Package {
        kind: PackageKind::Portage,
        source: SourcePackage { name: name.clone(), version: version.to_owned() },
        name,
        version: version.to_owned(),
        architecture: fact("ARCH")?.unwrap_or_default(),
        origin,
        record: SourceLine::file(record),
        provenance: Provenance { module: fact("SLOT")?, repository, ..Provenance::default() },
        ..Package::default()
    })
}

/// Splits `gtk+-2.24.33-r3` into `gtk+` and `2.24.33-r3`: the version begins after the last hyphen
/// before a digit, revision apart.
pub(crate) fn split(folder: &str) -> Option<(&str, &str)> {
    let is_revision = |text: &str| {
        text.strip_prefix('r')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let body = match folder.rsplit_once('-') {
        Some((body, last)) if is_revision(last) => body,
        _ => folder,
    };
    let (name, version) = body.rsplit_once('-')?;
    let sound = version.starts_with(|c: char| c.is_ascii_digit())
        && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
        && !name.is_empty()
        && !name.starts_with('-');
    sound.then_some(())?;
    Some((name, folder.get(name.len() + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    #[test]
    fn versions_are_told_from_names() {
        for (folder, name, version) in [
            ("openssl-3.0.13-r2", "openssl", "3.0.13-r2"),
            ("gtk+-2.24.33", "gtk+", "2.24.33"),
            ("font-adobe-100dpi-1.0.3", "font-adobe-100dpi", "1.0.3"),
            ("x-y-9999", "x-y", "9999"),
            ("vim-9.0.1503_p20230101-r1", "vim", "9.0.1503_p20230101-r1"),
        ] {
            assert_eq!(split(folder), Some((name, version)), "{folder}");
        }
        for folder in ["", "-MERGING-openssl-3.0.13", "openssl", "a-b", "-1", "é-x", "a-1 2", "r1", "a-r1"] {
            assert_eq!(split(folder), None, "{folder}");
        }
    }

    #[test]
    fn reads_records() {
        assert_eq!(read(&MemoryHost::new()).unwrap(), None);
        let host = MemoryHost::new()
            .file("var/db/pkg/dev-lang/python-3.11.8/SLOT", "3.11\n")
            .file("var/db/pkg/dev-lang/python-3.11.8/repository", "gentoo\n")
            .file("var/db/pkg/app-misc/own-1.0-r1/repository", "local\n")
            .directory("var/db/pkg/app-misc/-MERGING-x-1", 0o755, 0, 0);
        let database = read(&host).unwrap().unwrap();
        let shown: Vec<String> = database
            .packages
            .iter()
            .map(|p| {
                format!("{} {} {:?} foreign={}", p.name, p.version, p.provenance.repository, p.origin.is_foreign())
            })
            .collect();
        assert_eq!(
            shown,
            [
                r#"app-misc/own 1.0-r1 Some("local") foreign=true"#,
                r#"dev-lang/python 3.11.8 Some("gentoo") foreign=false"#,
            ]
        );
        assert_eq!(database.problems.len(), 1);
        assert_eq!(database.problems[0].place.to_string(), "/var/db/pkg/app-misc/-MERGING-x-1");
        assert!(read(&MemoryHost::new().denied("var/db/pkg/a/b-1/repository")).is_err());
    }
}
