//! Reads secdb documents, the format of Alpine's security database and of the systems that took
//! it over: for each source package, which version fixed which flaws.
//!
//! ```text
//! {"distroversion": "v3.21", "packages": [{"pkg": {"name": "xen", "secfixes": {
//!     "4.15.2-r2": ["CVE-2022-26356 XSA-397"], "0": ["CVE-2015-8554"]}}}]}
//! ```
//!
//! - A name is that of the *source* package (apk: origin), and a version is its version.
//! - The version `0` says that the package was never affected.
//! - One string may hold several ids of one fix: CVEs, GHSAs, and the number that upstream gave
//!   its advisory. Each CVE is a flaw of its own; where there is none, the others are.
//! - A flaw that stands under two versions was not whole the first time: the later one counts.

mod ids;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map;

use serde::Deserialize;
use serde_json::value::RawValue;
use yagura_model::{FeedId, ReleaseKey, Statement, StatementState, Vulnerability};
use yagura_version::Scheme;

use crate::catalogue::{Entry, ParseError, Sink};
use crate::json::{List, Members, Str, malformed, reason};
use crate::reading;
use ids::Told;

const FORMAT: &str = "secdb JSON";

/// The most source packages of one document. Alpine's largest repository has 1,800.
const PACKAGES_MAX: usize = 200_000;
/// The most versions with fixes of one package; `chromium` has 150.
const VERSIONS_MAX: usize = 10_000;
/// The most strings under one version; the kernel of one has 700.
const IDS_MAX: usize = 20_000;

/// Where a document belongs.
#[derive(Debug)]
pub(crate) struct Place {
    /// The feed.
    pub(crate) feed: &'static str,
    /// The release that it speaks of.
    pub(crate) release: ReleaseKey,
    /// What it must give as its `distroversion`, if it has to give one.
    pub(crate) distroversion: Option<String>,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    distroversion: Option<Str<'a>>,
    #[serde(borrow)]
    packages: List<&'a RawValue, PACKAGES_MAX>,
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    pkg: Package<'a>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow, default)]
    secfixes: Members<'a, List<Str<'a>, IDS_MAX>, VERSIONS_MAX>,
}

/// Reads a document.
pub(crate) fn parse(entry: &Entry<'_>, place: &Place, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let document: Document<'_> =
        serde_json::from_slice(entry.bytes).map_err(|error| malformed(entry.name, FORMAT, &error))?;
    let refused =
        |why: String| ParseError::Malformed { entry: entry.name.to_owned(), format: FORMAT, at: String::new(), why };
    if document.packages.over {
        let limit = PACKAGES_MAX.try_into().unwrap_or(u64::MAX);
        return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "packages", limit });
    }
    // A mirror that mixes up its folders would judge hosts by another release's fixes.
    if let Some(wanted) = &place.distroversion {
        let given = document.distroversion.as_deref().unwrap_or_default();
        if given != wanted {
            let given = reading::text(given, reading::ID_BYTES_MAX);
            return Err(refused(format!("it is about `{given}` instead of `{wanted}`")));
        }
    }
    if document.packages.items.is_empty() {
        return Err(refused("it has no packages".to_owned()));
    }
    sink.release(place.release.clone());
    for (number, raw) in document.packages.items.iter().enumerate() {
        sink.record();
        match serde_json::from_str::<Wrapped<'_>>(raw.get()) {
            Ok(wrapped) => read_package(&wrapped.pkg, place, sink),
            Err(error) => sink.rejected(&format!("package {}", number + 1), &reason(&error)),
        }
    }
    Ok(())
}

/// What is known of one flaw in one package.
struct Fix<'a> {
    version: &'a str,
    never_affected: bool,
    note: Option<&'a str>,
    advisories: Vec<&'a str>,
}

impl Fix<'_> {
    /// Says whether this fix counts rather than `other`: the later one.
    fn outranks(&self, other: &Self) -> bool {
        match (self.never_affected, other.never_affected) {
            (true, _) => false,
            (false, true) => true,
            (false, false) => Scheme::Apk.compare(self.version, other.version) == Ordering::Greater,
        }
    }
}

fn read_package(package: &Package<'_>, place: &Place, sink: &mut dyn Sink) {
    let Some(name) = reading::package(&package.name) else {
        sink.rejected(&reading::text(&package.name, reading::PACKAGE_BYTES_MAX), "not a package name");
        return;
    };
    if package.secfixes.over {
        sink.rejected(name, "more versions than are read");
    }
    let mut fixes: BTreeMap<&str, Fix<'_>> = BTreeMap::new();
    for (version, ids) in &package.secfixes.items {
        let Some(version) =
            reading::version(version).filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))
        else {
            let version = reading::text(version, reading::VERSION_BYTES_MAX);
            sink.rejected(&format!("{name} {version}"), "not a version");
            continue;
        };
        if ids.over {
            sink.rejected(&format!("{name} {version}"), "more ids than are read");
        }
        for text in &ids.items {
            match Told::read(text) {
                Ok(told) => take(&mut fixes, version, &told, sink),
                Err(why) => {
                    let record = format!("{name} {version} {}", reading::text(text, reading::ID_BYTES_MAX));
                    sink.rejected(&record, why);
                }
            }
        }
    }
    for (flaw, fix) in fixes {
        sink.statement(Statement {
            feed: FeedId::new(place.feed),
            release: place.release.clone(),
            package: name.to_owned(),
            vulnerability: flaw.to_owned(),
            state: match fix.never_affected {
                true => StatementState::NotAffected,
                false => StatementState::Fixed(fix.version.to_owned()),
            },
            note: fix.note.map(|note| reading::text(note, reading::NOTE_BYTES_MAX)).filter(|note| !note.is_empty()),
            advisories: fix.advisories.into_iter().map(str::to_owned).collect(),
            ..Statement::default()
        });
    }
}

/// Takes in what one string under one version says.
fn take<'a>(fixes: &mut BTreeMap<&'a str, Fix<'a>>, version: &'a str, told: &Told<'a>, sink: &mut dyn Sink) {
    if let ([flaw], false) = (told.flaws.as_slice(), told.aliases.is_empty()) {
        let aliases = told.aliases.iter().map(|&alias| alias.to_owned()).collect();
        sink.vulnerability(Vulnerability { id: (*flaw).to_owned(), aliases, ..Vulnerability::default() });
    }
    for &flaw in &told.flaws {
        let fix = Fix {
            version,
            never_affected: version == "0" || told.not_affected,
            note: told.remark,
            advisories: told.advisories.clone(),
        };
        match fixes.entry(flaw) {
            btree_map::Entry::Vacant(new) => {
                new.insert(fix);
            }
            btree_map::Entry::Occupied(mut known) => {
                if fix.outranks(known.get()) {
                    known.insert(fix);
                }
            }
        }
    }
}
