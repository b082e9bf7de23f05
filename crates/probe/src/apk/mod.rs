//! Reads apk's database, as Alpine, Wolfi and Chainguard have it: what is installed, in which
//! version, built from which source.
//!
//! One text file: a line a field, `P:musl`, an empty line between two records. [`read`] finds it,
//! [`parse`] is the parser alone, and [`Files`] tells which package owns a file.
//!
//! # Invariants
//!
//! - A broken record becomes a problem that names its line; its neighbours are read.
//! - A database that cannot be read whole is an error, never a shorter inventory.

mod files;

use yagura_model::package::Provenance;
use yagura_model::{LocalText, Package, PackageKind, ReadProblem, Release, SourceLine, SourcePackage};

use crate::database::{
    Database, Faults, VALUE_BYTES_MAX, bad_name_text, bad_value_text, check_count, is_word, missing_text, no_name_text,
    read_file, repeated_text, stray_line_text,
};
use crate::error::InventoryError;
use crate::host::{ByteLimit, Host};
use crate::snapshot::PackageDatabase;
pub use files::Files;

/// Where it is; apk 3 on a merged system has moved it below `usr`.
pub(crate) const PATHS: [&str; 2] = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];
/// Each file of each package has a line or three: a desktop has some 30 MiB.
pub(crate) const INSTALLED_LIMIT: ByteLimit = ByteLimit::mib(256);
/// The longest honest line is a list of dependencies.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// Reads the host's package database; `None` when it has none.
///
/// # Errors
/// When the database is there and cannot be read whole, see [`InventoryError`].
pub fn read(host: &dyn Host) -> Result<Option<Database>, InventoryError> {
    for path in PATHS {
        if let Some(bytes) = read_file(host, path, INSTALLED_LIMIT)? {
            return parse(&bytes, path).map(Some);
        }
    }
    Ok(None)
}

/// Reads the database for the snapshot.
pub(crate) fn inventory(host: &dyn Host, _: Option<&Release>) -> Result<Option<PackageDatabase>, InventoryError> {
    Ok(read(host)?.map(Database::into_inventory))
}

/// Parses the bytes of the database.
///
/// # Errors
/// When it holds more records than any host has packages.
pub fn parse(bytes: &[u8], path: &str) -> Result<Database, InventoryError> {
    let (mut packages, mut faults) = (Vec::new(), Faults::default());
    let mut record = Record::default();
    let mut line_number = 0_u32;
    for line in bytes.split(|byte| *byte == b'\n') {
        line_number = line_number.saturating_add(1);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            std::mem::take(&mut record).finish(path, &mut packages, &mut faults);
            check_count(packages.len(), path)?;
        } else {
            record.take_line(line_number, line, path, &mut faults);
        }
    }
    // apk ends every record by an empty line; the last one of a database that was cut off has none.
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        faults.report(SourceLine::at(path, line_number), cut_off_text());
    }
    record.finish(path, &mut packages, &mut faults);
    check_count(packages.len(), path)?;
    Ok(Database::sorted(path, packages, faults))
}

/// The fields that we keep of one record, as they stand.
#[derive(Default)]
struct Record<'a> {
    /// The line on which it begins; zero before its first one.
    begin: u32,
    name: Option<(u32, &'a [u8])>,
    version: Option<(u32, &'a [u8])>,
    architecture: Option<(u32, &'a [u8])>,
    origin: Option<(u32, &'a [u8])>,
    maintainer: Option<(u32, &'a [u8])>,
    /// The repository's tag, where the administrator pinned the package to one: `P@edge`.
    tag: Option<(u32, &'a [u8])>,
    /// What apk itself says is broken of it.
    flags: Option<(u32, &'a [u8])>,
    broken: Option<ReadProblem>,
}

impl<'a> Record<'a> {
    fn take_line(&mut self, number: u32, line: &'a [u8], path: &str, faults: &mut Faults) {
        if self.begin == 0 {
            self.begin = number;
        }
        let [letter, b':', value @ ..] = line else {
            faults.report(SourceLine::at(path, number), stray_line_text());
            return;
        };
        let (slot, field) = match letter {
            b'P' => (&mut self.name, "P"),
            b'V' => (&mut self.version, "V"),
            b'A' => (&mut self.architecture, "A"),
            b'o' => (&mut self.origin, "o"),
            b'm' => (&mut self.maintainer, "m"),
            b's' => (&mut self.tag, "s"),
            b'f' => (&mut self.flags, "f"),
            _ if line.len() <= LINE_BYTES_MAX => return,
            _ => {
                self.fail(path, number, overlong_text(LINE_BYTES_MAX));
                return;
            }
        };
        let repeated = slot.replace((number, value)).is_some();
        if repeated {
            self.fail(path, number, repeated_text(field));
        } else if value.len() > VALUE_BYTES_MAX {
            self.fail(path, number, overlong_text(VALUE_BYTES_MAX));
        }
    }

    /// The first fault of a record counts.
    fn fail(&mut self, path: &str, line: u32, message: LocalText) {
        self.broken.get_or_insert(ReadProblem { place: SourceLine::at(path, line), message });
    }

    fn finish(self, path: &str, packages: &mut Vec<Package>, faults: &mut Faults) {
        if self.begin == 0 {
            return;
        }
        match self.package(path) {
            Ok((package, problem)) => {
                packages.push(package);
                problem.into_iter().for_each(|problem| faults.add(problem));
            }
            Err(problem) => faults.add(problem),
        }
    }

    /// Makes a package of the record, with what is worth saying of it all the same.
    fn package(self, path: &str) -> Result<(Package, Option<ReadProblem>), ReadProblem> {
        let fault = |line, message| ReadProblem { place: SourceLine::at(path, line), message };
        if let Some(problem) = self.broken {
            return Err(problem);
        }
        let Some((line, name)) = self.name.map(lossy).filter(|(_, name)| !name.is_empty()) else {
            return Err(fault(self.begin, no_name_text("P")));
        };
        if !is_word(&name) {
            return Err(fault(line, bad_name_text(&name)));
        }
        let Some((line, version)) = self.version.map(lossy).filter(|(_, version)| !version.is_empty()) else {
            return Err(fault(self.begin, missing_text(&name, "V")));
        };
        if !is_version(&version) {
            return Err(fault(line, bad_value_text(&name, "V", &version)));
        }
        let architecture = self.architecture.map(lossy);
        if let Some((line, text)) = architecture.as_ref().filter(|(_, text)| !text.is_empty() && !is_word(text)) {
            return Err(fault(*line, bad_value_text(&name, "A", text)));
        }
        let origin = self.origin.map(lossy).filter(|(_, text)| !text.is_empty());
        if let Some((line, text)) = origin.as_ref().filter(|(_, text)| !is_word(text)) {
            return Err(fault(*line, bad_value_text(&name, "o", text)));
        }
        let flagged = self.flags.map(lossy).filter(|(_, flags)| !flags.is_empty());
        let problem = flagged.map(|(line, flags)| fault(line, flagged_text(&name, &flags)));
        let text = |field: Option<(u32, &[u8])>| field.map(lossy).map(|(_, text)| text).filter(|text| !text.is_empty());
        let package = Package {
            kind: PackageKind::Apk,
            source: SourcePackage {
                name: origin.map_or_else(|| name.clone(), |(_, origin)| origin),
                version: version.clone(),
            },
            name,
            version,
            architecture: architecture.map_or_else(String::new, |(_, text)| text),
            maintainer: text(self.maintainer),
            record: SourceLine::at(path, self.begin),
            provenance: Provenance { repository: text(self.tag), ..Provenance::default() },
            ..Package::default()
        };
        Ok((package, problem))
    }
}

fn lossy((line, value): (u32, &[u8])) -> (u32, String) {
    (line, String::from_utf8_lossy(value).into_owned())
}

/// Tells whether a text can be one of apk's versions. How its parts must follow each other is the
/// version scheme's business; what is no version at all is caught here.
fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'~' | b'+'))
}

fn overlong_text(bytes_max: usize) -> LocalText {
    LocalText::new(
        format!("a line is longer than {bytes_max} bytes; this record is not assessed"),
        format!("{bytes_max} バイトを超える行があります。このレコードは評価されません"),
    )
}

fn cut_off_text() -> LocalText {
    LocalText::new(
        "the file ends in the middle of a line, so its last record may be cut off and others missing",
        "ファイルが行の途中で終わっています。最後のレコードが欠けているか、後続のレコードが失われている可能性があります",
    )
}

fn flagged_text(name: &str, flags: &str) -> LocalText {
    let (name, flags) = (crate::problem::Quoted(name), crate::problem::Quoted(flags));
    LocalText::new(
        format!("apk says that `{name}` is not installed whole (flags `{flags}`); it is assessed as it is recorded"),
        format!(
            "apk は `{name}` のインストールが不完全だと記録しています (フラグ `{flags}`)。記録どおりの内容で評価します"
        ),
    )
}

#[cfg(test)]
mod tests;
