//! Turns one stanza of a status file into a package, or says why it cannot be one.

use yagura_model::{LocalText, Origin, Package, PackageState, PackageStatus, SourceLine, SourcePackage};

use super::stanza::{FIELDS_MAX, LINE_BYTES_MAX, Overlong, Stanza};
use super::version;
use crate::problem::Quoted;

/// A value that we keep is a name, a version or a short text.
const VALUE_BYTES_MAX: usize = 4096;

/// One package, with the fields that only tell of its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The package.
    pub package: Package,
    /// The record's `Origin`.
    pub origin: Option<String>,
    /// The record's `Vendor`.
    pub vendor: Option<String>,
}

/// What a stanza is.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A package that dpkg knows and of which nothing is on the host.
    NotInstalled { name: String, architecture: String },
    /// Anything else.
    Package(Box<Record>),
    /// It cannot be read; the line and why.
    Broken(u32, LocalText),
}

/// Whether a record must say what state its package is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatusField {
    /// In dpkg's own files.
    Required,
    /// In `status.d`, where builders of distroless images put the control file of each package.
    Optional,
}

/// The fields that we keep, as they stand.
#[derive(Default)]
struct Kept<'a> {
    package: Option<(u32, &'a str)>,
    status: Option<(u32, &'a str)>,
    version: Option<(u32, &'a str)>,
    architecture: Option<(u32, &'a str)>,
    source: Option<(u32, &'a str)>,
    multi_arch: Option<(u32, &'a str)>,
    maintainer: Option<(u32, &'a str)>,
    origin: Option<(u32, &'a str)>,
    vendor: Option<(u32, &'a str)>,
}

impl<'a> Kept<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<(u32, &'a str)>> {
        // Most fields are none of ours, and lengths tell most of them apart.
        match name.len() {
            6 if name.eq_ignore_ascii_case("Status") => Some(&mut self.status),
            6 if name.eq_ignore_ascii_case("Source") => Some(&mut self.source),
            6 if name.eq_ignore_ascii_case("Origin") => Some(&mut self.origin),
            6 if name.eq_ignore_ascii_case("Vendor") => Some(&mut self.vendor),
            7 if name.eq_ignore_ascii_case("Package") => Some(&mut self.package),
            7 if name.eq_ignore_ascii_case("Version") => Some(&mut self.version),
            10 if name.eq_ignore_ascii_case("Maintainer") => Some(&mut self.maintainer),
            10 if name.eq_ignore_ascii_case("Multi-Arch") => Some(&mut self.multi_arch),
            12 if name.eq_ignore_ascii_case("Architecture") => Some(&mut self.architecture),
            _ => None,
        }
    }
}

/// Reads one stanza of the file `path`.
pub(super) fn read(stanza: &Stanza<'_>, path: &str, status_field: StatusField) -> Outcome {
    match try_read(stanza, path, status_field) {
        Ok(outcome) => outcome,
        Err((line, message)) => Outcome::Broken(line, message),
    }
}

fn try_read(stanza: &Stanza<'_>, path: &str, status_field: StatusField) -> Result<Outcome, (u32, LocalText)> {
    let begin = stanza.line;
    if let Some((line, bound)) = stanza.overlong {
        return Err((line, overlong_text(bound)));
    }
    let mut kept = Kept::default();
    for field in &stanza.fields {
        let Some(slot) = kept.slot(field.name) else { continue };
        if slot.replace((field.line, field.value)).is_some() {
            return Err((field.line, repeated_text(field.name)));
        }
        if field.value.len() > VALUE_BYTES_MAX {
            return Err((field.line, overlong_value_text(field.name)));
        }
    }

    let Some((name_line, shown)) = kept.package.filter(|(_, name)| !name.is_empty()) else {
        return Err((begin, no_name_text()));
    };
    if !is_package_name(shown) {
        return Err((name_line, bad_name_text(shown)));
    }
    // dpkg folds names to lower case and so must we, to find them in feeds.
    let name = shown.to_ascii_lowercase();
    let architecture = kept.architecture.map_or("", |(_, text)| text).to_owned();
    if let Some((line, text)) = kept.architecture.filter(|(_, text)| !is_architecture(text)) {
        return Err((line, bad_value_text(shown, "Architecture", text)));
    }

    let status = match kept.status {
        Some((line, text)) => match parse_status(text) {
            Some(status) => Some(status),
            None => return Err((line, bad_value_text(shown, "Status", text))),
        },
        None if status_field == StatusField::Optional => Some(PackageStatus::installed()),
        None => None,
    };
    if status.as_ref().is_some_and(|status| status.state == PackageState::NotInstalled) {
        return Ok(Outcome::NotInstalled { name, architecture });
    }
    let Some((version_line, version)) = kept.version.filter(|(_, version)| !version.is_empty()) else {
        return Err((begin, missing_text(shown, "Version")));
    };
    if let Err(why) = version::check(version) {
        return Err((version_line, bad_version_text(shown, version, why)));
    }
    let Some(status) = status else {
        return Err((begin, missing_text(shown, "Status")));
    };
    let source = match kept.source {
        None => SourcePackage { name: name.clone(), version: version.to_owned() },
        Some((line, text)) => match parse_source(text, version) {
            Some(source) => source,
            None => return Err((line, bad_value_text(shown, "Source", text))),
        },
    };
    let owned = |field: Option<(u32, &str)>| field.map(|(_, text)| text.to_owned()).filter(|text| !text.is_empty());
    Ok(Outcome::Package(Box::new(Record {
        package: Package {
            name,
            version: version.to_owned(),
            architecture,
            source,
            status,
            origin: Origin::Assumed,
            maintainer: owned(kept.maintainer),
            multi_arch: owned(kept.multi_arch),
            record: SourceLine::at(path, begin),
            ..Package::default()
        },
        origin: owned(kept.origin),
        vendor: owned(kept.vendor),
    })))
}

/// As dpkg's `pkg_name_is_illegal`.
fn is_package_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_'))
}

fn is_architecture(text: &str) -> bool {
    !text.starts_with('-') && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Reads the three words; dpkg compares them without regard to case.
fn parse_status(text: &str) -> Option<PackageStatus> {
    let mut words = text.split_ascii_whitespace().map(str::to_ascii_lowercase);
    let (want, flag, state) = (words.next()?, words.next()?, words.next()?);
    let known = matches!(want.as_str(), "unknown" | "install" | "hold" | "deinstall" | "purge")
        && matches!(flag.as_str(), "ok" | "reinstreq")
        && words.next().is_none();
    known.then_some(())?;
    Some(PackageStatus { state: PackageState::from_word(&state)?, want, flag })
}

/// Reads `openssl` or `gcc-5 (5.1.1-12)`. Without a version of its own the source has the binary's.
fn parse_source(text: &str, binary_version: &str) -> Option<SourcePackage> {
    let (name, version) = match text.split_once('(') {
        None => (text, binary_version),
        Some((name, rest)) => (name.trim_end(), rest.strip_suffix(')')?.trim()),
    };
    (is_package_name(name) && version::check(version).is_ok())
        .then(|| SourcePackage { name: name.to_ascii_lowercase(), version: version.to_owned() })
}

fn overlong_text(bound: Overlong) -> LocalText {
    match bound {
        Overlong::Line => LocalText::new(
            format!("a line is longer than {LINE_BYTES_MAX} bytes; this record is not assessed"),
            format!("{LINE_BYTES_MAX} バイトを超える行があります。このレコードは評価されません"),
        ),
        Overlong::Fields => LocalText::new(
            format!("a record has more than {FIELDS_MAX} fields; it is not assessed"),
            format!("レコードのフィールドが {FIELDS_MAX} 個を超えています。このレコードは評価されません"),
        ),
    }
}

fn overlong_value_text(field: &str) -> LocalText {
    LocalText::new(
        format!("the field `{field}` is longer than {VALUE_BYTES_MAX} bytes; this record is not assessed"),
        format!("フィールド `{field}` が {VALUE_BYTES_MAX} バイトを超えています。このレコードは評価されません"),
    )
}

fn repeated_text(field: &str) -> LocalText {
    LocalText::new(
        format!("a record has two fields `{field}`; it is not assessed"),
        format!("レコードに `{field}` フィールドが 2 つあります。このレコードは評価されません"),
    )
}

fn no_name_text() -> LocalText {
    LocalText::new(
        "a record has no field `Package`; it is not assessed",
        "レコードに `Package` フィールドがありません。このレコードは評価されません",
    )
}

fn bad_name_text(name: &str) -> LocalText {
    let name = Quoted(name);
    LocalText::new(
        format!("`{name}` cannot be the name of a package; the record is not assessed"),
        format!("`{name}` はパッケージ名として正しくありません。このレコードは評価されません"),
    )
}

fn missing_text(name: &str, field: &str) -> LocalText {
    let name = Quoted(name);
    LocalText::new(
        format!("the record of `{name}` has no field `{field}`; it is not assessed"),
        format!("`{name}` のレコードに `{field}` フィールドがありません。このレコードは評価されません"),
    )
}

fn bad_value_text(name: &str, field: &str, value: &str) -> LocalText {
    let (name, value) = (Quoted(name), Quoted(value));
    LocalText::new(
        format!("the record of `{name}` has an invalid `{field}`: `{value}`; it is not assessed"),
        format!(
            "`{name}` のレコードの `{field}` フィールドの値 `{value}` が正しくありません。このレコードは評価されません"
        ),
    )
}

fn bad_version_text(name: &str, version: &str, why: yagura_model::Text) -> LocalText {
    let (name, version) = (Quoted(name), Quoted(version));
    LocalText::new(
        format!("the version `{version}` of `{name}` is invalid: {}; it is not assessed", why.en),
        format!("`{name}` のバージョン `{version}` が正しくありません ({})。このレコードは評価されません", why.ja),
    )
}

#[cfg(test)]
mod tests {
    use super::super::stanza::Stanzas;
    use super::*;

    fn outcome(record: &str, status_field: StatusField) -> String {
        let (mut stanzas, mut stanza) = (Stanzas::new(record), Stanza::default());
        assert!(stanzas.next_into(&mut stanza));
        match read(&stanza, "s", status_field) {
            Outcome::Package(record) => {
                let p = record.package;
                format!(
                    "{} {} {} {}={} {}",
                    p.name, p.version, p.architecture, p.source.name, p.source.version, p.status
                )
            }
            Outcome::NotInstalled { name, .. } => format!("not installed: {name}"),
            Outcome::Broken(line, message) => {
                assert_ne!(message.en, message.ja);
                format!("{line}: {}", message.en)
            }
        }
    }

    fn required(record: &str) -> String {
        outcome(record, StatusField::Required)
    }

    #[test]
    fn reads_a_record() {
        insta::assert_snapshot!(
            required("package: LibSSL3\nSTATUS: hold  ok installed\nArchitecture: amd64\nSource: openssl (3.0-1)\nVersion: 3.0-1+b1\n"),
            @"libssl3 3.0-1+b1 amd64 openssl=3.0-1 hold ok installed"
        );
        insta::assert_snapshot!(
            required("Package: a\nStatus: deinstall ok config-files\nVersion: 1\nSource: b\n"),
            @"a 1  b=1 deinstall ok config-files"
        );
        insta::assert_snapshot!(
            required("Package: a\nStatus: install reinstreq half-installed\nVersion: 1\n"),
            @"a 1  a=1 install reinstreq half-installed"
        );
        insta::assert_snapshot!(required("Package: a\nStatus: unknown ok not-installed\n"), @"not installed: a");
    }

    #[test]
    fn only_distroless_records_go_without_status() {
        let record = "Package: a\nVersion: 1\n";
        insta::assert_snapshot!(required(record), @"1: the record of `a` has no field `Status`; it is not assessed");
        insta::assert_snapshot!(outcome(record, StatusField::Optional), @"a 1  a=1 install ok installed");
    }

    #[test]
    fn says_what_is_broken_and_where() {
        let ok = "Status: install ok installed\nVersion: 1\n";
        insta::assert_snapshot!(required(ok), @"1: a record has no field `Package`; it is not assessed");
        insta::assert_snapshot!(required("Package: a\nStatus: install ok installed\n"), @"1: the record of `a` has no field `Version`; it is not assessed");
        insta::assert_snapshot!(required(&format!("{ok}Package: ../x\n")), @"3: `../x` cannot be the name of a package; the record is not assessed");
        insta::assert_snapshot!(required("Package: a\nVersion: 1:5.#\n"), @"2: the version `1:5.#` of `a` is invalid: it holds a character that no version has; it is not assessed");
        insta::assert_snapshot!(required("Package: a\nVersion: 1\nStatus: install ok\n"), @"3: the record of `a` has an invalid `Status`: `install ok`; it is not assessed");
        insta::assert_snapshot!(required("Package: a\nVersion: 1\nStatus: install ok installed please\n"), @"3: the record of `a` has an invalid `Status`: `install ok installed please`; it is not assessed");
        insta::assert_snapshot!(required(&format!("Package: a\n{ok}Source: b (1\n")), @"4: the record of `a` has an invalid `Source`: `b (1`; it is not assessed");
        insta::assert_snapshot!(required(&format!("Package: a\n{ok}Source: b (5.#)\n")), @"4: the record of `a` has an invalid `Source`: `b (5.#)`; it is not assessed");
        insta::assert_snapshot!(required(&format!("Package: a\n{ok}Architecture: x y\n")), @"4: the record of `a` has an invalid `Architecture`: `x y`; it is not assessed");
        insta::assert_snapshot!(required(&format!("Package: a\n{ok}version: 2\n")), @"4: a record has two fields `version`; it is not assessed");
        let fits = format!("Package: a\n{ok}Maintainer: {}\n", "x".repeat(VALUE_BYTES_MAX));
        assert!(required(&fits).starts_with("a 1"));
        let long = format!("Package: a\n{ok}Maintainer: {}\n", "x".repeat(VALUE_BYTES_MAX + 1));
        insta::assert_snapshot!(required(&long), @"4: the field `Maintainer` is longer than 4096 bytes; this record is not assessed");
    }
}
