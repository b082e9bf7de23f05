//! Makes a package of a header.

use jiff::Timestamp;
use yagura_model::package::Provenance;
use yagura_model::{Package, PackageKind, SourceLine, SourcePackage};

use super::header::{BrokenHeader, Header};
use super::tag::Tag;
use crate::problem::steers_a_terminal;

/// No name, version or vendor is longer.
const TEXT_BYTES_MAX: usize = 4096;
/// What follows the name of a source package's file.
const SOURCE_SUFFIXES: [&str; 2] = [".src.rpm", ".nosrc.rpm"];

/// Reads the package that a header of the database at `path` describes.
pub(super) fn read(header: &Header<'_>, path: &str) -> Result<Package, BrokenHeader> {
    let needed = |tag, what| header.text(tag).filter(|text| is_word(text)).ok_or(BrokenHeader::Missing(what));
    let name = needed(Tag::NAME, "name")?.into_owned();
    let (version, release) = (needed(Tag::VERSION, "version")?, needed(Tag::RELEASE, "release")?);
    let epoch = header.integer(Tag::EPOCH).filter(|epoch| *epoch != 0);
    let said = |tag| header.text(tag).as_deref().and_then(said);
    let evr = Evr { epoch, rest: format!("{version}-{release}") };
    Ok(Package {
        kind: PackageKind::Rpm,
        source: source(header.text(Tag::SOURCERPM).as_deref(), &name, &evr),
        version: evr.to_string(),
        architecture: header.text(Tag::ARCH).filter(|text| is_word(text)).unwrap_or_default().into_owned(),
        name,
        maintainer: said(Tag::PACKAGER),
        record: SourceLine::file(path),
        provenance: Provenance {
            vendor: said(Tag::VENDOR),
            signing_key: header.signing_key(),
            module: said(Tag::MODULARITYLABEL),
            installed_at: header.integer(Tag::INSTALLTIME).and_then(time),
            ..Provenance::default()
        },
        ..Package::default()
    })
}

/// Epoch, and version and release as one.
pub(super) struct Evr {
    pub(super) epoch: Option<u64>,
    pub(super) rest: String,
}

impl std::fmt::Display for Evr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.epoch {
            Some(epoch) => write!(f, "{epoch}:{}", self.rest),
            None => f.write_str(&self.rest),
        }
    }
}

/// Reads `openssl-1.1.1k-5.el8_5.src.rpm`. A source has no epoch in its file's name; where version
/// and release are the binary's, so is the epoch. Without a source the package is its own.
pub(super) fn source(file: Option<&str>, name: &str, evr: &Evr) -> SourcePackage {
    let parts = file.filter(|file| is_word(file)).and_then(|file| {
        let stem = SOURCE_SUFFIXES.iter().find_map(|suffix| file.strip_suffix(suffix))?;
        let (rest, release) = stem.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        (![name, version, release].contains(&"")).then(|| (name, format!("{version}-{release}")))
    });
    match parts {
        None => SourcePackage { name: name.to_owned(), version: evr.to_string() },
        Some((name, rest)) => {
            let epoch = evr.epoch.filter(|_| rest == evr.rest);
            SourcePackage { name: name.to_owned(), version: Evr { epoch, rest }.to_string() }
        }
    }
}

pub(super) fn time(seconds: u64) -> Option<Timestamp> {
    i64::try_from(seconds).ok().filter(|seconds| *seconds > 0).and_then(|seconds| Timestamp::from_second(seconds).ok())
}

/// Tells whether a text can be a name or a version: in one piece, and not longer than any.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= TEXT_BYTES_MAX
        && !text.chars().any(|c| c.is_whitespace() || steers_a_terminal(c) || c == char::REPLACEMENT_CHARACTER)
}

/// Takes a text for people, without what steers a terminal; `None` where it says nothing. `(none)`
/// is how rpm prints what is not there, and some builders have copied it.
pub(super) fn said(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !steers_a_terminal(*c)).take(TEXT_BYTES_MAX / 4).collect();
    let text = text.trim();
    (!text.is_empty() && text != "(none)").then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::sample::HeaderWriter;
    use super::*;

    fn package(writer: &HeaderWriter) -> Result<Package, BrokenHeader> {
        let blob = writer.build();
        read(&Header::parse(1, &blob).unwrap(), "var/lib/rpm/Packages")
    }

    #[test]
    fn a_header_becomes_a_package() {
        let writer = HeaderWriter::package("nodejs", "18.14.2", "2.module+el8", "x86_64")
            .number(Tag::EPOCH, 1)
            .text(Tag::SOURCERPM, "nodejs-18.14.2-2.module+el8.src.rpm")
            .text(Tag::VENDOR, "Red Hat, Inc.")
            .text(Tag::PACKAGER, "Red Hat, Inc. <http://bugzilla.redhat.com/bugzilla>")
            .text(Tag::MODULARITYLABEL, "nodejs:18:8060020220523160029:ad008a3a")
            .number(Tag::INSTALLTIME, 1_556_209_353)
            .signed("199e2f91fd431d51");
        let package = package(&writer).unwrap();
        assert_eq!((package.kind, package.name.as_str()), (PackageKind::Rpm, "nodejs"));
        assert_eq!((package.version.as_str(), package.architecture.as_str()), ("1:18.14.2-2.module+el8", "x86_64"));
        assert_eq!(
            (package.source.name.as_str(), package.source.version.as_str()),
            ("nodejs", "1:18.14.2-2.module+el8")
        );
        let provenance = &package.provenance;
        assert_eq!(provenance.vendor.as_deref(), Some("Red Hat, Inc."));
        assert_eq!(provenance.signing_key.as_deref(), Some("199e2f91fd431d51"));
        assert_eq!(provenance.module_stream(), Some("nodejs:18"));
        assert_eq!(provenance.installed_at.unwrap().to_string(), "2019-04-25T16:22:33Z");
        assert!(package.is_present() && package.record.line.is_none());
    }

    #[test]
    fn sources_are_read_from_their_file() {
        let evr = |epoch, rest: &str| Evr { epoch, rest: rest.to_owned() };
        for (file, epoch, expected) in [
            (Some("openssl-1.1.1k-5.el8_5.src.rpm"), None, "openssl 1.1.1k-5.el8_5"),
            (Some("openssl-1.1.1k-5.el8_5.src.rpm"), Some(1), "openssl 1:1.1.1k-5.el8_5"),
            (Some("java-1.8-9.nosrc.rpm"), Some(1), "java 1.8-9"),
            (Some("no-version.src.rpm"), Some(1), "self 1:1.1.1k-5.el8_5"),
            (Some("-1-2.src.rpm"), None, "self 1.1.1k-5.el8_5"),
            (Some("a-1-2.rpm"), None, "self 1.1.1k-5.el8_5"),
            (Some("a b-1-2.src.rpm"), None, "self 1.1.1k-5.el8_5"),
            (None, None, "self 1.1.1k-5.el8_5"),
        ] {
            let source = source(file, "self", &evr(epoch, "1.1.1k-5.el8_5"));
            assert_eq!(format!("{} {}", source.name, source.version), expected, "{file:?}");
        }
    }

    #[test]
    fn a_package_has_name_version_and_release() {
        let bare = |writer: HeaderWriter| package(&writer).unwrap_err().to_string();
        insta::assert_snapshot!(bare(HeaderWriter::new().text(Tag::NAME, "a")), @"the header has no sound version");
        insta::assert_snapshot!(bare(HeaderWriter::package("a b", "1", "1", "")), @"the header has no sound name");
        insta::assert_snapshot!(bare(HeaderWriter::package("a", "1\u{1b}[0m", "1", "")), @"the header has no sound version");
        insta::assert_snapshot!(bare(HeaderWriter::package("a", "1", &"1".repeat(TEXT_BYTES_MAX + 1), "")), @"the header has no sound release");
        let package =
            package(&HeaderWriter::package("a", "1", "1", "").number(Tag::EPOCH, 0).text(Tag::VENDOR, "(none)"))
                .unwrap();
        assert_eq!((package.version.as_str(), package.provenance.is_empty()), ("1-1", true));
        assert_eq!(said("a\u{1b}b ").as_deref(), Some("ab"));
    }
}
