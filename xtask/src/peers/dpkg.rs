//! A root's package database, read apart from the product: the judge of a comparison must not
//! lean on one of the parties.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::process;

/// One record of `var/lib/dpkg/status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) source: String,
    pub(crate) source_version: String,
    pub(crate) maintainer: String,
    /// The first word of `Status:`.
    pub(crate) want: String,
    /// The third word of `Status:`.
    pub(crate) state: String,
}

impl Record {
    /// Tells whether files of the package are on the disk.
    pub(crate) fn is_present(&self) -> bool {
        !matches!(self.state.as_str(), "config-files" | "not-installed")
    }
}

/// Every record of a root.
pub(crate) struct Database {
    pub(crate) records: Vec<Record>,
}

impl Database {
    /// Reads a root's database: the file, and the folder that distroless images have instead.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let file = root.join("var/lib/dpkg/status");
        let folder = root.join("var/lib/dpkg/status.d");
        let has_folder = folder.is_dir();
        let mut records = Vec::new();
        if file.exists() || !has_folder {
            records = Self::parse(&text(&file)?).records;
        }
        if has_folder {
            for entry in std::fs::read_dir(&folder)? {
                let path = entry?.path();
                // Lists of checksums stand beside the records.
                if path.extension().is_none_or(|extension| extension != "md5sums") {
                    records.append(&mut Self::parse(&text(&path)?).records);
                }
            }
        }
        Ok(Self { records })
    }

    pub(crate) fn parse(text: &str) -> Self {
        Self { records: text.split("\n\n").filter_map(record).collect() }
    }

    /// The source package of a binary package.
    pub(crate) fn source_of(&self, package: &str) -> Option<&str> {
        self.records.iter().find(|record| record.package == package).map(|record| record.source.as_str())
    }

    /// The records built from one source package.
    pub(crate) fn of_source<'a>(&'a self, source: &'a str) -> impl Iterator<Item = &'a Record> {
        self.records.iter().filter(move |record| record.source == source)
    }
}

fn text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// dpkg's own version order, with a memory: one host has few versions and many flaws.
#[derive(Default)]
pub(crate) struct Order {
    known: RefCell<BTreeMap<(String, String), bool>>,
}

impl Order {
    /// Asks `dpkg --compare-versions` whether one version is older than another.
    pub(crate) fn is_older(&self, version: &str, than: &str) -> Result<bool> {
        let pair = (version.to_owned(), than.to_owned());
        if let Some(known) = self.known.borrow().get(&pair) {
            return Ok(*known);
        }
        let mut dpkg = process::command(process::need("dpkg", "dpkg")?);
        let status = dpkg.args(["--compare-versions", version, "lt", than]).status()?;
        let older = match status.code() {
            Some(0) => true,
            Some(1) => false,
            _ => bail!("`dpkg --compare-versions {version} lt {than}` ended with {status}"),
        };
        self.known.borrow_mut().insert(pair, older);
        Ok(older)
    }
}

fn record(paragraph: &str) -> Option<Record> {
    let fields: BTreeMap<&str, &str> = paragraph
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key, value.trim()))
        .collect();
    let package = (*fields.get("Package")?).to_owned();
    let version = *fields.get("Version").unwrap_or(&"");
    // `Source: glibc (2.36-9)` names the version only where it differs from the binary's.
    let (source, source_version) = match fields.get("Source") {
        None => (package.clone(), version),
        Some(field) => match field.split_once(" (") {
            None => ((*field).to_owned(), version),
            Some((name, version)) => (name.to_owned(), version.trim_end_matches(')')),
        },
    };
    // Records of distroless images have no `Status:`.
    let status = *fields.get("Status").unwrap_or(&"install ok installed");
    let word = |place: usize| status.split_ascii_whitespace().nth(place).unwrap_or_default().to_owned();
    Some(Record {
        package,
        version: version.to_owned(),
        source,
        source_version: source_version.to_owned(),
        maintainer: (*fields.get("Maintainer").unwrap_or(&"")).to_owned(),
        want: word(0),
        state: word(2),
    })
}

#[test]
fn the_source_and_its_version_default_to_the_binary() {
    let text = "Package: libdemo1\nStatus: install ok installed\nSource: demo (1.0-1)\nVersion: 1.0-1+b2\n\
        Description: x\n Source: not a field\n\nPackage: plain\nStatus: deinstall ok config-files\nVersion: 2\n";
    let database = Database::parse(text);
    let rows: Vec<String> = database
        .records
        .iter()
        .map(|r| format!("{} {} {} {} {} {}", r.package, r.version, r.source, r.source_version, r.want, r.state))
        .collect();
    assert_eq!(rows, ["libdemo1 1.0-1+b2 demo 1.0-1 install installed", "plain 2 plain 2 deinstall config-files"]);
    assert!(database.records[0].is_present() && !database.records[1].is_present());
    assert_eq!(database.source_of("libdemo1"), Some("demo"));
    assert_eq!(database.of_source("plain").count(), 1);
}

#[test]
fn an_image_without_a_status_file_has_a_folder() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("var/lib/dpkg/status.d");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("tzdata"), "Package: tzdata\nVersion: 1\n").unwrap();
    std::fs::write(folder.join("tzdata.md5sums"), "0  usr/share/x\n").unwrap();
    let database = Database::read(root.path()).unwrap();
    assert_eq!(database.records.iter().map(|r| r.package.as_str()).collect::<Vec<_>>(), ["tzdata"]);
    assert!(database.records[0].is_present());
    assert!(Database::read(&folder).is_err(), "neither file nor folder");
}
