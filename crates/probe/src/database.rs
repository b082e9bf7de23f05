//! What the readers of package databases share: their result, and how they report a broken record.

use yagura_model::{LocalText, Package, ReadProblem, SourceLine};

use crate::error::InventoryError;
use crate::host::{ByteLimit, DirEntry, FileKind, Host};
use crate::problem::Quoted;
use crate::snapshot::PackageDatabase;

/// A value that we keep is a name, a version or a short text.
pub(crate) const VALUE_BYTES_MAX: usize = 4096;
/// No host has so many packages: Debian's whole archive has some 70,000 in one architecture.
pub(crate) const RECORDS_MAX: usize = 200_000;
/// A database with more broken records than this is not worth a line for each.
const PROBLEMS_MAX: usize = 1000;

/// The package database of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its file or folder, relative to the root.
    pub path: String,
    /// The packages, by name, then architecture, then version.
    pub packages: Vec<Package>,
    /// Records that could not be read.
    pub problems: Vec<ReadProblem>,
}

impl Database {
    /// Sorts what was read of the database at `path`.
    pub(crate) fn sorted(path: &str, mut packages: Vec<Package>, faults: Faults) -> Self {
        packages.sort_by(|a, b| key(a).cmp(&key(b)));
        Self { path: path.to_owned(), packages, problems: faults.into_problems(path) }
    }

    /// Makes it the host's package database.
    pub(crate) fn into_inventory(self) -> PackageDatabase {
        // Packages of data only have a word of their own.
        let real = |package: &&Package| !matches!(package.architecture.as_str(), "" | "noarch" | "any" | "all");
        let architecture = self.packages.iter().find(real).map(|package| package.architecture.clone());
        PackageDatabase {
            path: self.path,
            packages: self.packages,
            architecture,
            release: None,
            problems: self.problems,
        }
    }
}

fn key(package: &Package) -> (&str, &str, &str, &SourceLine) {
    (&package.name, &package.architecture, &package.version, &package.record)
}

/// Collects problems, and only counts them where there are too many.
#[derive(Debug)]
pub(crate) struct Faults {
    listed: Vec<ReadProblem>,
    omitted: usize,
    listed_max: usize,
}

impl Default for Faults {
    fn default() -> Self {
        Self::at_most(PROBLEMS_MAX)
    }
}

impl Faults {
    /// Lists so many.
    pub(crate) fn at_most(listed_max: usize) -> Self {
        Self { listed: Vec::new(), omitted: 0, listed_max }
    }

    /// Reports one.
    pub(crate) fn report(&mut self, place: SourceLine, message: LocalText) {
        self.add(ReadProblem { place, message });
    }

    /// Reports one that was put together elsewhere.
    pub(crate) fn add(&mut self, problem: ReadProblem) {
        if self.listed.len() < self.listed_max {
            self.listed.push(problem);
        } else {
            self.omitted += 1;
        }
    }

    /// Gives them out in the order of their places; the last one counts those left out.
    pub(crate) fn into_problems(mut self, path: &str) -> Vec<ReadProblem> {
        self.listed.sort_by(|a, b| a.place.cmp(&b.place));
        if self.omitted > 0 {
            self.listed.push(ReadProblem { place: SourceLine::file(path), message: omitted_text(self.omitted) });
        }
        self.listed
    }
}

/// Reads a file of the database, without which there is no inventory.
pub(crate) fn read_file(host: &dyn Host, path: &str, limit: ByteLimit) -> Result<Option<Vec<u8>>, InventoryError> {
    host.read(path, limit).map_err(|source| InventoryError::Unreadable { path: path.to_owned(), source })
}

/// Lists a folder of the database, without which there is no inventory.
pub(crate) fn list(host: &dyn Host, path: &str, entries_max: usize) -> Result<Option<Vec<DirEntry>>, InventoryError> {
    host.list(path, entries_max).map_err(|source| InventoryError::Unreadable { path: path.to_owned(), source })
}

/// Names the folders among the entries.
pub(crate) fn folders(entries: Vec<DirEntry>) -> impl Iterator<Item = String> {
    entries.into_iter().filter(|entry| entry.kind == FileKind::Directory).map(|entry| entry.name)
}

/// Refuses a database that holds more than any host has packages.
pub(crate) fn check_count(count: usize, path: &str) -> Result<(), InventoryError> {
    if count > RECORDS_MAX {
        return Err(InventoryError::TooManyRecords { path: path.to_owned(), records_max: RECORDS_MAX });
    }
    Ok(())
}

/// Tells whether a text can be a name, version or architecture of any package: it is not empty,
/// short enough, and without spaces and characters that steer a terminal.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= VALUE_BYTES_MAX
        && !text.chars().any(|c| c.is_whitespace() || crate::problem::steers_a_terminal(c) || c == '\u{FFFD}')
}

pub(crate) fn missing_text(name: &str, field: &str) -> LocalText {
    let name = Quoted(name);
    LocalText::new(
        format!("the record of `{name}` has no field `{field}`; it is not assessed"),
        format!("`{name}` のレコードに `{field}` フィールドがありません。このレコードは評価されません"),
    )
}

pub(crate) fn bad_value_text(name: &str, field: &str, value: &str) -> LocalText {
    let (name, value) = (Quoted(name), Quoted(value));
    LocalText::new(
        format!("the record of `{name}` has an invalid `{field}`: `{value}`; it is not assessed"),
        format!(
            "`{name}` のレコードの `{field}` フィールドの値 `{value}` が正しくありません。このレコードは評価されません"
        ),
    )
}

pub(crate) fn repeated_text(field: &str) -> LocalText {
    LocalText::new(
        format!("a record has two fields `{field}`; it is not assessed"),
        format!("レコードに `{field}` フィールドが 2 つあります。このレコードは評価されません"),
    )
}

pub(crate) fn no_name_text(field: &str) -> LocalText {
    LocalText::new(
        format!("a record has no field `{field}`; it is not assessed"),
        format!("レコードに `{field}` フィールドがありません。このレコードは評価されません"),
    )
}

pub(crate) fn bad_name_text(name: &str) -> LocalText {
    let name = Quoted(name);
    LocalText::new(
        format!("`{name}` cannot be the name of a package; the record is not assessed"),
        format!("`{name}` はパッケージ名として正しくありません。このレコードは評価されません"),
    )
}

pub(crate) fn stray_line_text() -> LocalText {
    LocalText::new(
        "this line is no field and was passed over; the file may be damaged",
        "この行はフィールドではないため無視しました。ファイルが破損している可能性があります",
    )
}

fn omitted_text(count: usize) -> LocalText {
    LocalText::new(
        format!("{count} more problems of this kind are not listed"),
        format!("ほかにも {count} 件の同種の問題があります (一覧からは省略)"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_problems_are_counted() {
        let mut faults = Faults::default();
        for line in 0..1002 {
            faults.report(SourceLine::at("db", 1002 - line), missing_text("x", "V"));
        }
        let problems = faults.into_problems("db");
        assert_eq!(problems.len(), PROBLEMS_MAX + 1);
        assert_eq!(problems[0].place.line, Some(3));
        insta::assert_snapshot!(problems[PROBLEMS_MAX].message.en, @"2 more problems of this kind are not listed");
        assert!(check_count(RECORDS_MAX, "db").is_ok() && check_count(RECORDS_MAX + 1, "db").is_err());
    }

    #[test]
    fn words_have_no_spaces_and_steer_nothing() {
        assert!(is_word("1.2.3-r0") && is_word("@scope/name") && is_word("é"));
        for text in ["", "a b", "a\n", "a\u{1b}[31m", "\u{FFFD}", &"x".repeat(VALUE_BYTES_MAX + 1)] {
            assert!(!is_word(text), "{text:?}");
        }
    }
}
