//! Advisories of distributors of rpm packages in the OSV format.

use yagura_model::{Names, ReferenceKind, Vulnerability};

use super::fixes::Stated;
use super::{Fix, Fixes, Place, words};
use crate::catalogue::{Entry, ParseError, Sink};
use crate::osv::{self, Affected, Package, Record};
use crate::reading;

/// How one distributor writes its records.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The feed.
    pub(crate) feed: &'static str,
    /// Whether its package names are those of source or of binary packages.
    pub(crate) names: Names,
    /// Finds the place of a package; the version helps where nothing else tells the release.
    /// `Err` says why there is none; `Ok(None)` is another distributor's.
    pub(crate) place: fn(&Package<'_>, &str) -> Result<Option<Place>, &'static str>,
    /// What stands before every title.
    pub(crate) prefixes: &'static [&'static str],
}

/// Reads one advisory: one flaw that covers CVEs, and one statement for each package that it
/// fixes. An advisory about bugs that names no CVE, or one that was withdrawn, states nothing.
pub(crate) fn read_advisory(entry: &Entry<'_>, sink: &mut dyn Sink, reader: &Reader) -> Result<(), ParseError> {
    let record = osv::read(entry)?;
    sink.record();
    if let Some(modified) = record.modified.as_deref().and_then(reading::timestamp) {
        sink.data_date(modified);
    }
    if record.withdrawn.is_some() {
        return Ok(());
    }
    let Some(id) = reading::id(&record.id) else {
        sink.rejected(&reading::text(&record.id, reading::ID_BYTES_MAX), "not the id of an advisory");
        return Ok(());
    };
    let flaws = record.flaws();
    // An advisory about security without a CVE is a flaw by itself; others are about bugs.
    if flaws.is_empty() && id.get(2..5) != Some("SA-") {
        return Ok(());
    }
    let title = record.summary.as_deref().unwrap_or_default().trim();
    let title = reader.prefixes.iter().find_map(|prefix| title.strip_prefix(prefix)).unwrap_or(title).trim();
    let mut gathering = Gathering { id, modules: words::modules_of_title(title), fixes: Fixes::default() };
    gathering.read(&record, reader, sink);
    if gathering.fixes.is_over() {
        sink.rejected(id, "more places than are read");
    }
    if gathering.fixes.is_empty() {
        return Ok(());
    }
    let stated = Stated { feed: reader.feed, id, names: reader.names, urgency: words::urgency_of_title(title) };
    sink.vulnerability(facts(&record, id, title, &flaws, reader.feed));
    gathering.fixes.state(stated, sink);
    Ok(())
}

/// What is gathered of one record.
struct Gathering<'a> {
    id: &'a str,
    modules: Vec<&'a str>,
    fixes: Fixes<'a>,
}

impl<'a> Gathering<'a> {
    fn read(&mut self, record: &'a Record<'_>, reader: &Reader, sink: &mut dyn Sink) {
        // An advisory about modules lists only builds of modules. Rocky's converter adds the
        // plain package of the same name.
        let modular = !self.modules.is_empty() && record.affected.items.iter().any(is_modular);
        let mut refused: Vec<&str> = Vec::new();
        for affected in &record.affected.items {
            if let Err(why) = self.read_package(affected, modular, reader) {
                // One slip of a converter repeats in all packages of a record.
                if !refused.contains(&why) {
                    refused.push(why);
                    sink.rejected(self.id, why);
                }
            }
        }
    }

    fn read_package(&mut self, affected: &'a Affected<'_>, modular: bool, reader: &Reader) -> Result<(), &'static str> {
        let Some(package) = &affected.package else { return Ok(()) };
        if words::is_debug_symbols(&package.name) {
            return Ok(());
        }
        let evr = affected.fix()?.ok_or("an advisory without a fix")?;
        let evr = words::evr(evr).ok_or("its fixed version is not a version")?;
        let Some(place) = (reader.place)(package, evr)? else { return Ok(()) };
        let name = reading::package(&package.name).ok_or("not a package name")?;
        let place = self.fixes.place(place);
        if !words::is_modular(evr) {
            if modular {
                return Err("a plain build in an advisory about modules");
            }
            self.fixes.add(Fix { place, package: name, module: None, evr });
        } else if self.modules.is_empty() {
            // See rule 2 of the front page.
            self.fixes.add(Fix { place, package: name, module: None, evr });
        } else {
            // Nothing says which of the title's modules a package belongs to; each statement is
            // compared with packages of its own module alone.
            for module in &self.modules {
                let module = self.fixes.module(module);
                self.fixes.add(Fix { place, package: name, module, evr });
            }
        }
        Ok(())
    }
}

fn is_modular(affected: &Affected<'_>) -> bool {
    affected.fix().is_ok_and(|fix| fix.is_some_and(words::is_modular))
}

fn facts(record: &Record<'_>, id: &str, title: &str, flaws: &[&str], feed: &str) -> Vulnerability {
    // Of up to 2,000 references those of its own page are kept; the flaws have their own.
    let own = [id.to_owned(), id.replace(':', "-")];
    let page = |url: &str| own.iter().any(|id| url.contains(id.as_str()));
    let mut references: Vec<_> = record
        .references
        .items
        .iter()
        .filter(|link| page(&link.url))
        .filter_map(|link| link.reference())
        .filter(|reference| reference.kind == ReferenceKind::Advisory)
        .collect();
    references.truncate(1);
    Vulnerability {
        description: reading::text(title, reading::NOTE_BYTES_MAX),
        covers: flaws.iter().map(|flaw| (*flaw).to_owned()).collect(),
        references,
        ..osv::facts_of(record, id, feed)
    }
}
