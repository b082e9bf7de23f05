//! A root's package database, read apart from the product: the judge of a comparison must not
//! lean on one of the parties.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

/// One record of `var/lib/dpkg/status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) package: String,
    pub(crate) source: String,
    pub(crate) source_version: String,
    /// The third word of `Status:`.
    pub(crate) state: String,
}

/// Every record of a root.
pub(crate) struct Database {
    pub(crate) records: Vec<Record>,
}

impl Database {
    /// Reads a root's database.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let path = root.join("var/lib/dpkg/status");
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok(Self::parse(&String::from_utf8_lossy(&bytes)))
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
    let state = fields.get("Status").and_then(|status| status.split(' ').nth(2)).unwrap_or("installed");
    Some(Record { package, source, source_version: source_version.to_owned(), state: state.to_owned() })
}

#[test]
fn the_source_and_its_version_default_to_the_binary() {
    let text = "Package: libdemo1\nStatus: install ok installed\nSource: demo (1.0-1)\nVersion: 1.0-1+b2\n\
        Description: x\n Source: not a field\n\nPackage: plain\nStatus: deinstall ok config-files\nVersion: 2\n";
    let database = Database::parse(text);
    let rows: Vec<String> = database
        .records
        .iter()
        .map(|r| format!("{} {} {} {}", r.package, r.source, r.source_version, r.state))
        .collect();
    assert_eq!(rows, ["libdemo1 demo 1.0-1 installed", "plain plain 2 config-files"]);
    assert_eq!(database.source_of("libdemo1"), Some("demo"));
    assert_eq!(database.of_source("plain").count(), 1);
}
