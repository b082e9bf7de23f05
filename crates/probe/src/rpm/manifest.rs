//! Reads the list of packages that images without a database carry: Azure Linux's distroless ones
//! keep what `rpm -qa` said when they were built.

use yagura_model::package::Provenance;
use yagura_model::{LocalText, Package, PackageKind, ReadProblem, SourceLine};

use super::database::{self, Database};
use super::package::{Evr, is_word, said, source, time};
use super::{RECORDS_MAX, inventory_error};
use crate::error::InventoryError;
use crate::host::{ByteLimit, Host};
use crate::paged::Fault;
use crate::problem::Quoted;

/// `NAME  VERSION-RELEASE  INSTALLTIME  BUILDTIME  VENDOR  EPOCH  SIZE  ARCH  EPOCHNUM  SOURCERPM`,
/// with tabs between.
const PATH: &str = "var/lib/rpmmanifest/container-manifest-2";
/// The first list of the two, `NAME-VERSION-RELEASE.ARCH`, says less.
const NAMES_PATH: &str = "var/lib/rpmmanifest/container-manifest-1";
const COLUMNS: usize = 10;
/// A distroless image has some thirty packages, a line of 150 bytes each.
const FILE_LIMIT: ByteLimit = ByteLimit::mib(64);
/// A file with more broken lines than this is not such a list.
const PROBLEMS_MAX: usize = 100;

/// Reads the list; `None` when there is none.
pub(super) fn read(host: &dyn Host) -> Result<Option<Database>, InventoryError> {
    match read_list(host, PATH, read_line)? {
        None => read_list(host, NAMES_PATH, read_name),
        found => Ok(found),
    }
}

fn read_list(
    host: &dyn Host,
    path: &str,
    read_line: impl Fn(&str, SourceLine) -> Option<Package>,
) -> Result<Option<Database>, InventoryError> {
    let failed = |fault| inventory_error(path, fault);
    let Some(bytes) = host.read(path, FILE_LIMIT).map_err(|error| failed(Fault::Read(error)))? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    let (mut packages, mut problems) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let place = SourceLine::at(path, number);
        match read_line(line, place.clone()) {
            Some(package) if packages.len() < RECORDS_MAX => packages.push(package),
            Some(_) => return Err(failed(Fault::TooManyRecords(RECORDS_MAX))),
            None if problems.len() < PROBLEMS_MAX => problems.push(broken(place, line)),
            None => return Err(failed(Fault::Damaged(format!("more than {PROBLEMS_MAX} of its lines are broken")))),
        }
    }
    database::sort(&mut packages);
    Ok(Some(Database { path: path.to_owned(), packages, public_keys: Vec::new(), problems }))
}

fn read_line(line: &str, record: SourceLine) -> Option<Package> {
    let mut columns = line.split('\t').map(str::trim);
    let mut next = || columns.next();
    let (name, version, installed, _built, vendor) = (next()?, next()?, next()?, next()?, next()?);
    let (_epoch, _size, architecture, epoch, source_file) = (next()?, next()?, next()?, next()?, next()?);
    let is_sound = [name, version, architecture].iter().all(|text| is_word(text)) && version.contains('-');
    if !is_sound || line.split('\t').count() != COLUMNS {
        return None;
    }
    let evr = Evr { epoch: epoch.parse().ok().filter(|epoch| *epoch != 0), rest: version.to_owned() };
    Some(Package {
        kind: PackageKind::Rpm,
        name: name.to_owned(),
        version: evr.to_string(),
        architecture: architecture.to_owned(),
        source: source(Some(source_file), name, &evr),
        record,
        provenance: Provenance {
            vendor: said(vendor),
            installed_at: installed.parse().ok().and_then(time),
            ..Provenance::default()
        },
        ..Package::default()
    })
}

fn read_name(line: &str, record: SourceLine) -> Option<Package> {
    let (rest, architecture) = line.trim().rsplit_once('.')?;
    let (rest, release) = rest.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let is_sound = [name, version, release, architecture].iter().all(|text| is_word(text));
    let evr = Evr { epoch: None, rest: format!("{version}-{release}") };
    is_sound.then(|| Package {
        kind: PackageKind::Rpm,
        name: name.to_owned(),
        version: evr.to_string(),
        architecture: architecture.to_owned(),
        source: source(None, name, &evr),
        record,
        ..Package::default()
    })
}

fn broken(place: SourceLine, line: &str) -> ReadProblem {
    let shown = Quoted(line);
    ReadProblem {
        place,
        message: LocalText::new(
            format!("`{shown}` describes no package; this line is not assessed"),
            format!("`{shown}` はパッケージの記述ではありません。この行は評価されません"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    const OPENSSL: &str = "openssl\t1.1.1k-21.cm2\t1653816591\t1653753130\tMicrosoft Corporation\t(none)\t1000\tx86_64\t0\topenssl-1.1.1k-21.cm2.src.rpm\n";

    #[test]
    fn each_line_is_a_package() {
        let text = format!("{OPENSSL}\nvim\t9-1.cm2\t0\t0\t(none)\t2\t0\tnoarch\t2\t(none)\nnot a line\na\tb\n");
        let database = read(&MemoryHost::new().file(PATH, text)).unwrap().unwrap();
        let [openssl, vim] = &database.packages[..] else { panic!("{database:?}") };
        assert_eq!((openssl.version.as_str(), openssl.source.name.as_str()), ("1.1.1k-21.cm2", "openssl"));
        assert_eq!(openssl.provenance.vendor.as_deref(), Some("Microsoft Corporation"));
        assert_eq!(openssl.record.to_string(), format!("/{PATH}:1"));
        assert_eq!((vim.version.as_str(), vim.source.version.as_str()), ("2:9-1.cm2", "2:9-1.cm2"));
        assert!(vim.provenance.is_empty());
        assert_eq!(database.problems.len(), 2);
        insta::assert_snapshot!(database.problems[0].message.en, @"`not a line` describes no package; this line is not assessed");
    }

    #[test]
    fn the_list_of_names_will_do() {
        let text = "glibc-2.35-2.cm2.x86_64\nca-certificates-base-2.0.0-9.cm2.noarch\nodd\n";
        let host = MemoryHost::new().file(NAMES_PATH, text);
        let database = read(&host).unwrap().unwrap();
        let shown: Vec<String> =
            database.packages.iter().map(|p| format!("{} {} {}", p.name, p.version, p.architecture)).collect();
        assert_eq!(shown, ["ca-certificates-base 2.0.0-9.cm2 noarch", "glibc 2.35-2.cm2 x86_64"]);
        assert_eq!((database.path.as_str(), database.problems.len()), (NAMES_PATH, 1));
        // The other list says more.
        assert_eq!(read(&host.file(PATH, OPENSSL)).unwrap().unwrap().packages[0].name, "openssl");
    }

    #[test]
    fn bounds_hold() {
        let error = |text: String| read(&MemoryHost::new().file(PATH, text)).unwrap_err().to_string();
        insta::assert_snapshot!(error("x\n".repeat(PROBLEMS_MAX + 1)), @"the package database `/var/lib/rpmmanifest/container-manifest-2` is damaged: more than 100 of its lines are broken");
        insta::assert_snapshot!(error(OPENSSL.repeat(RECORDS_MAX + 1)), @"the package database `/var/lib/rpmmanifest/container-manifest-2` has more than 200000 records, which is more than we read");
        assert!(read(&MemoryHost::new().denied(PATH)).is_err());
    }
}
