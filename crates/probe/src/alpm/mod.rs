//! Reads pacman's local database, as Arch and its kin have it: `var/lib/pacman/local/NAME-VERSION/desc`.
//!
//! # Invariants
//!
//! - A broken record becomes a problem that names its file; its neighbours are read.
//! - A package that no key or checksum of a repository vouches for was built on the spot: the
//!   distribution's advisories do not speak of it.

mod files;

use jiff::Timestamp;
use yagura_model::package::Provenance;
use yagura_model::{Origin, Package, PackageKind, ReadProblem, Release, SourceLine, SourcePackage};

use crate::database::{
    Database, Faults, RECORDS_MAX, bad_name_text, bad_value_text, folders, is_word, list, missing_text, no_name_text,
    read_file, repeated_text,
};
use crate::error::InventoryError;
use crate::host::{ByteLimit, Host};
use crate::snapshot::PackageDatabase;
pub use files::Files;

pub(crate) const LOCAL_PATH: &str = "var/lib/pacman/local";
/// A record has a few KiB.
const DESC_LIMIT: ByteLimit = ByteLimit::mib(1);

/// Reads the host's package database; `None` when it has none.
///
/// # Errors
/// When the database is there and cannot be read whole, see [`InventoryError`].
pub fn read(host: &dyn Host) -> Result<Option<Database>, InventoryError> {
    let Some(entries) = list(host, LOCAL_PATH, RECORDS_MAX)? else { return Ok(None) };
    let (mut packages, mut faults) = (Vec::new(), Faults::default());
    for folder in folders(entries) {
        let path = format!("{LOCAL_PATH}/{folder}/desc");
        match read_file(host, &path, DESC_LIMIT)? {
            Some(bytes) => match parse(&bytes, &path) {
                Ok(package) => packages.push(package),
                Err(problem) => faults.add(problem),
            },
            None => faults.report(SourceLine::file(path), missing_text(&folder, "desc")),
        }
    }
    Ok(Some(Database::sorted(LOCAL_PATH, packages, faults)))
}

/// Reads the database for the snapshot.
pub(crate) fn inventory(host: &dyn Host, _: Option<&Release>) -> Result<Option<PackageDatabase>, InventoryError> {
    Ok(read(host)?.map(Database::into_inventory))
}

/// Parses one record.
///
/// # Errors
/// When it cannot be a package: where and why.
pub fn parse(bytes: &[u8], path: &str) -> Result<Package, ReadProblem> {
    let text = String::from_utf8_lossy(bytes);
    let mut kept = Kept::default();
    let mut lines = (1_u32..).zip(text.lines().map(str::trim_end));
    while let Some((number, line)) = lines.next() {
        let slot = match line {
            "%NAME%" => &mut kept.name,
            "%VERSION%" => &mut kept.version,
            "%BASE%" => &mut kept.base,
            "%ARCH%" => &mut kept.architecture,
            "%PACKAGER%" => &mut kept.packager,
            "%INSTALLDATE%" => &mut kept.installed_at,
            "%VALIDATION%" => &mut kept.validation,
            _ => continue,
        };
        // Only the first line of a value: those that we keep have no second one that matters.
        let Some((at, value)) = lines.next().filter(|(_, value)| !value.is_empty()) else { continue };
        if slot.replace((at, value)).is_some() {
            let message = repeated_text(line.trim_matches('%'));
            return Err(ReadProblem { place: SourceLine::at(path, number), message });
        }
    }
    kept.package(path)
}

/// The fields that we keep, with their lines.
#[derive(Default)]
struct Kept<'a> {
    name: Option<(u32, &'a str)>,
    version: Option<(u32, &'a str)>,
    base: Option<(u32, &'a str)>,
    architecture: Option<(u32, &'a str)>,
    packager: Option<(u32, &'a str)>,
    installed_at: Option<(u32, &'a str)>,
    validation: Option<(u32, &'a str)>,
}

impl Kept<'_> {
    fn package(self, path: &str) -> Result<Package, ReadProblem> {
        let fault = |line, message| ReadProblem { place: SourceLine { path: path.to_owned(), line }, message };
        let (line, name) = self.name.ok_or_else(|| fault(None, no_name_text("%NAME%")))?;
        if !is_word(name) {
            return Err(fault(Some(line), bad_name_text(name)));
        }
        let (_, version) = self.version.ok_or_else(|| fault(None, missing_text(name, "%VERSION%")))?;
        let words = [(self.version, "%VERSION%"), (self.base, "%BASE%"), (self.architecture, "%ARCH%")].into_iter();
        for (value, field) in words {
            if let Some((line, text)) = value.filter(|(_, text)| !is_word(text)) {
                return Err(fault(Some(line), bad_value_text(name, field, text)));
            }
        }
        let packager = self.packager.map(|(_, text)| text.to_owned());
        let origin = match self.validation {
            Some((line, "none")) => Origin::Foreign {
                who: packager.clone().unwrap_or_else(|| "unknown".into()),
                shown_by: format!("%VALIDATION% none at {}", SourceLine::at(path, line)),
            },
            _ => Origin::Assumed,
        };
        let seconds = self.installed_at.and_then(|(_, text)| text.parse().ok());
        Ok(Package {
            kind: PackageKind::Alpm,
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: self.architecture.map_or_else(String::new, |(_, text)| text.to_owned()),
            source: SourcePackage {
                name: self.base.map_or(name, |(_, base)| base).to_owned(),
                version: version.to_owned(),
            },
            origin,
            maintainer: packager,
            record: SourceLine::file(path),
            provenance: Provenance {
                installed_at: seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()),
                ..Provenance::default()
            },
            ..Package::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MemoryHost;

    const OPENSSL: &str = "%NAME%\nopenssl\n\n%VERSION%\n1:3.2.1-1\n\n%BASE%\nopenssl\n\n%DESC%\n%NAME% is no field here\n\n\
        %ARCH%\nx86_64\n\n%BUILDDATE%\n1706617536\n\n%INSTALLDATE%\n1707000000\n\n%PACKAGER%\nPierre <p@archlinux.org>\n\n\
        %VALIDATION%\npgp\n\n%DEPENDS%\nglibc\n\n";

    fn host(desc: &str) -> MemoryHost {
        MemoryHost::new()
            .file("var/lib/pacman/local/ALPM_DB_VERSION", "9\n")
            .file("var/lib/pacman/local/x-1/desc", desc)
    }

    #[test]
    fn reads_records() {
        assert_eq!(read(&MemoryHost::new()).unwrap(), None);
        let database = read(&host(OPENSSL)).unwrap().unwrap();
        assert_eq!(database.problems, []);
        let package = &database.packages[0];
        assert_eq!((package.name.as_str(), package.version.as_str()), ("openssl", "1:3.2.1-1"));
        assert_eq!((package.source.name.as_str(), package.architecture.as_str()), ("openssl", "x86_64"));
        assert_eq!(package.provenance.installed_at.unwrap().to_string(), "2024-02-03T22:40:00Z");
        assert_eq!((package.origin.clone(), package.kind), (Origin::Assumed, PackageKind::Alpm));
        assert_eq!(package.record.to_string(), "/var/lib/pacman/local/x-1/desc");
    }

    #[test]
    fn what_was_built_on_the_spot_is_foreign() {
        let own = OPENSSL.replace("\npgp\n", "\nnone\n").replace("Pierre <p@archlinux.org>", "Unknown Packager");
        let Origin::Foreign { who, shown_by } = parse(own.as_bytes(), "d").unwrap().origin else { panic!() };
        assert_eq!((who.as_str(), shown_by.as_str()), ("Unknown Packager", "%VALIDATION% none at /d:26"));
    }

    #[test]
    fn says_what_is_broken() {
        let said = |desc: &str| {
            let database = read(&host(desc)).unwrap().unwrap();
            assert_eq!(database.packages, []);
            format!("{}: {}", database.problems[0].place, database.problems[0].message.en)
        };
        insta::assert_snapshot!(said("%NAME%\n\n"), @"/var/lib/pacman/local/x-1/desc: a record has no field `%NAME%`; it is not assessed");
        insta::assert_snapshot!(said("%NAME%\na b\n"), @"/var/lib/pacman/local/x-1/desc:2: `a b` cannot be the name of a package; the record is not assessed");
        insta::assert_snapshot!(said("%NAME%\na\n"), @"/var/lib/pacman/local/x-1/desc: the record of `a` has no field `%VERSION%`; it is not assessed");
        insta::assert_snapshot!(said("%NAME%\na\n\n%VERSION%\n1 2\n"), @"/var/lib/pacman/local/x-1/desc:5: the record of `a` has an invalid `%VERSION%`: `1 2`; it is not assessed");
        insta::assert_snapshot!(said("%NAME%\na\n\n%NAME%\nb\n"), @"/var/lib/pacman/local/x-1/desc:4: a record has two fields `NAME`; it is not assessed");
        let without = MemoryHost::new().file("var/lib/pacman/local/x-1/files", "");
        insta::assert_snapshot!(read(&without).unwrap().unwrap().problems[0].message.en, @"the record of `x-1` has no field `desc`; it is not assessed");
        assert!(read(&MemoryHost::new().denied("var/lib/pacman/local/x-1/desc")).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes, "desc");
        }
    }
}
