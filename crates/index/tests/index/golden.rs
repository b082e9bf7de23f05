//! The file format stays what it is: the file kept from the present version opens and answers, and
//! the same facts still give its very bytes; one of an older version is refused by its name.
//!
//! A change that breaks this test needs a new `FORMAT_VERSION` and a new kept file. Run with
//! `YAGURA_BLESS=1` to write one.

use std::path::{Path, PathBuf};

use yagura_index::{FORMAT_VERSION, Index, OpenError};

use crate::facts::sample;

fn kept(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/format-{version}.idx"))
}

#[test]
fn the_kept_file_opens_and_answers() {
    let path = kept(FORMAT_VERSION);
    if std::env::var_os("YAGURA_BLESS").is_some() {
        std::fs::write(&path, sample().build().unwrap()).unwrap();
    }
    let bytes = std::fs::read(&path).unwrap();
    let index = Index::open(&bytes).unwrap();
    index.verify().unwrap();
    let facts = sample();
    assert_eq!(index.feeds(), facts.feeds);
    assert_eq!(index.counts().statements, facts.statements.len());
    for statement in &facts.statements {
        let mut said = index.statements(statement.release.as_str(), &statement.package);
        assert!(said.any(|found| found.to_owned() == *statement), "{statement:?}");
    }
    for vulnerability in &facts.vulnerabilities {
        assert_eq!(index.vulnerability(&vulnerability.id).map(|v| v.to_owned()).as_ref(), Some(vulnerability));
    }
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let same = sample().build().unwrap() == std::fs::read(kept(FORMAT_VERSION)).unwrap();
    assert!(same, "the builder lays out other bytes than those that are kept");
}

/// There is no conversion: the feeds are compiled again.
#[test]
fn a_file_of_an_older_version_is_refused_by_its_name() {
    for version in 1..FORMAT_VERSION {
        let bytes = std::fs::read(kept(version)).unwrap();
        let refused = Index::open(&bytes).unwrap_err();
        assert!(matches!(refused, OpenError::OtherFormat { found } if found == version), "{refused}");
    }
}
