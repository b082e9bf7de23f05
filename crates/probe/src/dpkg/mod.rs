//! Reads dpkg's database: what is installed, in which version and state, built from which source.
//!
//! [`read`] takes `var/lib/dpkg/status`, the journal `updates/` that a running or interrupted dpkg
//! leaves beside it, and the folder `status.d` of distroless images. [`parse`] is the parser alone.
//!
//! # Invariants
//!
//! - A broken record becomes a problem that names its line; its neighbours are read.
//! - A database that cannot be read whole is an error, never a shorter inventory.

mod architecture;
mod files;
mod record;
mod release;
pub(crate) mod stanza;
mod version;

use std::borrow::Cow;

use yagura_model::{LocalText, ReadProblem, Release, SourceLine};

use crate::error::InventoryError;
use crate::host::{ByteLimit, FileKind, Host};
use crate::origin;
use crate::problem::Quoted;
use crate::snapshot::PackageDatabase;
pub use files::Files;
pub use record::Record;
use record::{Outcome, StatusField};
use stanza::{Stanza, Stanzas};

const STATUS_PATH: &str = "var/lib/dpkg/status";
const UPDATES_PATH: &str = "var/lib/dpkg/updates";
const STATUS_D_PATH: &str = "var/lib/dpkg/status.d";

/// A full desktop needs some 10 MiB; beyond this the file is not a package database.
const STATUS_LIMIT: ByteLimit = ByteLimit::mib(256);
/// One stanza each.
const SMALL_FILE_LIMIT: ByteLimit = ByteLimit::mib(1);
/// Debian's whole archive has some 70,000 binary packages in one architecture.
const RECORDS_MAX: usize = 200_000;
/// One file a package in `status.d`; dpkg empties its journal after 250 files.
const FILES_MAX: usize = 10_000;
/// A file with more broken records than this is not worth a line for each.
const PROBLEMS_MAX: usize = 1000;

/// The package database of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its file or folder, relative to the root.
    pub path: String,
    /// The packages, by name, then architecture. Packages that dpkg knows without having anything
    /// of them on the host (`not-installed`) are left out, as `dpkg-query --show` does.
    pub records: Vec<Record>,
    /// Records that could not be read.
    pub problems: Vec<ReadProblem>,
}

/// What stands in one file, in its order.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Every readable record.
    pub records: Vec<Record>,
    /// Name and architecture of the packages that are not installed at all.
    pub not_installed: Vec<(String, String)>,
    /// Records that could not be read.
    pub problems: Vec<ReadProblem>,
    problems_omitted: usize,
}

/// Reads the host's package database; `None` when it has none.
///
/// # Errors
/// When the database is there and cannot be read whole, see [`InventoryError`].
pub fn read(host: &dyn Host) -> Result<Option<Database>, InventoryError> {
    let status = read_file(host, STATUS_PATH, STATUS_LIMIT)?;
    let mut parsed = Parsed::default();
    let mut path = None;
    if let Some(bytes) = status {
        parsed.take(&bytes, STATUS_PATH, StatusField::Required, RECORDS_MAX)?;
        apply_updates(host, &mut parsed)?;
        path = Some(STATUS_PATH);
    }
    let names = files(host, STATUS_D_PATH)?.unwrap_or_default();
    // Lists of checksums stand beside the records.
    for name in names.iter().filter(|name| !name.ends_with(".md5sums")) {
        let file = format!("{STATUS_D_PATH}/{name}");
        if let Some(bytes) = read_file(host, &file, SMALL_FILE_LIMIT)? {
            parsed.take(&bytes, &file, StatusField::Optional, RECORDS_MAX)?;
            path = path.or(Some(STATUS_D_PATH));
        }
    }
    Ok(path.map(|path| parsed.into_database(path)))
}

/// Reads the database for the snapshot: packages with their origins.
pub(crate) fn inventory(host: &dyn Host, release: Option<&Release>) -> Result<Option<PackageDatabase>, InventoryError> {
    let Some(mut database) = read(host)? else {
        return Ok(None);
    };
    let mut problems = database.problems;
    let architecture = architecture::read(host, &database.records, &mut problems);
    let shown = if release.is_none() { release::shown_by(&database.records, &database.path) } else { None };
    origin::classify(host, release.or(shown.as_ref()), &mut database.records, &mut problems);
    Ok(Some(PackageDatabase {
        path: database.path,
        packages: database.records.into_iter().map(|record| record.package).collect(),
        architecture,
        release: shown,
        problems,
    }))
}

/// Tells whether a text can be a Debian version.
pub(crate) fn is_version(text: &str) -> bool {
    version::check(text).is_ok()
}

/// Parses the bytes of a status file.
///
/// # Errors
/// When it holds more records than any host has packages.
pub fn parse(bytes: &[u8], path: &str) -> Result<Parsed, InventoryError> {
    let mut parsed = Parsed::default();
    parsed.take(bytes, path, StatusField::Required, RECORDS_MAX)?;
    Ok(parsed)
}

/// Replaces records by those of the journal. dpkg writes each change of state to a file of its own
/// (`0000`, `0001` …) and merges them into the status file at the end; until then they are newer.
fn apply_updates(host: &dyn Host, parsed: &mut Parsed) -> Result<(), InventoryError> {
    let Some(names) = files(host, UPDATES_PATH)? else {
        return Ok(());
    };
    // `tmp.i` is one that is still being written.
    for name in names.iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) {
        let path = format!("{UPDATES_PATH}/{name}");
        // Merged and removed meanwhile.
        let Some(bytes) = read_file(host, &path, SMALL_FILE_LIMIT)? else { continue };
        let mut newer = Parsed::default();
        newer.take(&bytes, &path, StatusField::Required, RECORDS_MAX)?;
        parsed.records.retain(|old| {
            let replaced = newer.records.iter().any(|new| key(new) == key(old));
            let removed = newer.not_installed.iter().any(|(name, architecture)| (&**name, &**architecture) == key(old));
            !replaced && !removed
        });
        parsed.records.append(&mut newer.records);
        parsed.problems.append(&mut newer.problems);
    }
    Ok(())
}

fn read_file(host: &dyn Host, path: &str, limit: ByteLimit) -> Result<Option<Vec<u8>>, InventoryError> {
    host.read(path, limit).map_err(|source| InventoryError::Unreadable { path: path.to_owned(), source })
}

/// Names the files and links of a folder.
fn files(host: &dyn Host, path: &str) -> Result<Option<Vec<String>>, InventoryError> {
    let entries =
        host.list(path, FILES_MAX).map_err(|source| InventoryError::Unreadable { path: path.to_owned(), source })?;
    Ok(entries.map(|entries| {
        let is_file = |kind| matches!(kind, FileKind::File | FileKind::Symlink);
        entries.into_iter().filter(|entry| is_file(entry.kind)).map(|entry| entry.name).collect()
    }))
}

fn key(record: &Record) -> (&str, &str) {
    (&record.package.name, &record.package.architecture)
}

impl Parsed {
    /// Adds what stands in one file.
    fn take(
        &mut self,
        bytes: &[u8],
        path: &str,
        status_field: StatusField,
        records_max: usize,
    ) -> Result<(), InventoryError> {
        let document: Cow<'_, str> = String::from_utf8_lossy(bytes);
        let (mut stanzas, mut stanza) = (Stanzas::new(&document), Stanza::default());
        while stanzas.next_into(&mut stanza) {
            match record::read(&stanza, path, status_field) {
                Outcome::Package(record) => self.records.push(*record),
                Outcome::NotInstalled { name, architecture } => self.not_installed.push((name, architecture)),
                Outcome::Broken(line, message) => self.report(SourceLine::at(path, line), message),
            }
            if let Some(line) = stanza.stray_line {
                self.report(SourceLine::at(path, line), stray_line_text());
            }
            if self.records.len() + self.not_installed.len() > records_max {
                return Err(InventoryError::TooManyRecords { path: path.to_owned(), records_max });
            }
        }
        // dpkg ends every line; builders of distroless images need not.
        if status_field == StatusField::Required && bytes.last().is_some_and(|last| *last != b'\n') {
            self.report(SourceLine::at(path, stanzas.lines_read()), cut_off_text());
        }
        Ok(())
    }

    fn report(&mut self, place: SourceLine, message: LocalText) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(ReadProblem { place, message });
        } else {
            self.problems_omitted += 1;
        }
    }

    /// Sorts the records. Of two with one name and architecture the first one counts: dpkg writes
    /// no such file, and refuses to work with most of them.
    fn into_database(mut self, path: &str) -> Database {
        self.records.sort_by(|a, b| key(a).cmp(&key(b)));
        let mut repeated = Vec::new();
        self.records.dedup_by(|later, first| {
            let same = key(later) == key(first);
            if same {
                repeated.push((later.package.record.clone(), repeated_text(first)));
            }
            same
        });
        for (place, message) in repeated {
            self.report(place, message);
        }
        self.problems.sort_by(|a, b| a.place.cmp(&b.place));
        if self.problems_omitted > 0 {
            self.problems
                .push(ReadProblem { place: SourceLine::file(path), message: omitted_text(self.problems_omitted) });
        }
        Database { path: path.to_owned(), records: self.records, problems: self.problems }
    }
}

fn stray_line_text() -> LocalText {
    LocalText::new(
        "this line is no field and was passed over; the file may be damaged",
        "この行はフィールドではないため無視しました。ファイルが破損している可能性があります",
    )
}

fn cut_off_text() -> LocalText {
    LocalText::new(
        "the file ends in the middle of a line, so its last record may be cut off and others missing",
        "ファイルが行の途中で終わっています。最後のレコードが欠けているか、後続のレコードが失われている可能性があります",
    )
}

fn repeated_text(first: &Record) -> LocalText {
    let (name, architecture) = (Quoted(&first.package.name), Quoted(&first.package.architecture));
    let place = &first.package.record;
    LocalText::new(
        format!("the package `{name}` ({architecture}) has a record already, at {place}; only that one is assessed"),
        format!(
            "パッケージ `{name}` ({architecture}) のレコードはすでに {place} にあります。評価されるのはそちらだけです"
        ),
    )
}

fn omitted_text(count: usize) -> LocalText {
    LocalText::new(
        format!("{count} more problems in the package database are not listed"),
        format!("パッケージデータベースには、ほかにも {count} 件の問題があります (一覧からは省略)"),
    )
}

#[cfg(test)]
mod tests;
