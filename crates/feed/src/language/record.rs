//! What one record says.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use yagura_model::{AffectedRange, FeedId, RangeEnd, Statement, Urgency, Vulnerability};
use yagura_version::Scheme;
use yagura_version::range::{End, Range};

use super::flaw::Flaw;
use super::state::state;
use super::{Source, names};
use crate::catalogue::Sink;
use crate::json::{List, Str};
use crate::osv::{self, Affected, Record};
use crate::reading::{self, ID_BYTES_MAX, NOTE_BYTES_MAX};

/// The most kinds of weakness that are read of one record.
const CWES_MAX: usize = 32;
/// The most ranges of one package; beyond them the record is a list of every release there is.
const RANGES_KEPT_MAX: usize = 4_096;
/// The most references that are kept of the record of a malicious package. There are a quarter of
/// a million such records, each with several addresses of its own.
const MALICIOUS_REFERENCES_MAX: usize = 1;
/// The most packages of one Go module that a note names.
const IMPORTS_MAX: usize = 16;
/// The most packages of one Go module that are read.
const IMPORTS_READ_MAX: usize = 4_096;

/// What GitHub adds to a record.
#[derive(Deserialize, Default)]
struct OfDatabase<'a> {
    #[serde(borrow, default)]
    severity: Option<Str<'a>>,
    #[serde(borrow, default)]
    cwe_ids: List<Str<'a>, CWES_MAX>,
}

/// What GitHub and RustSec add to an affected package.
#[derive(Deserialize, Default)]
struct OfAffected<'a> {
    /// `<= 1.2.3`, where no fixed version is known.
    #[serde(borrow, default)]
    last_known_affected_version_range: Option<Str<'a>>,
    /// `unmaintained`, `unsound`, `notice`.
    #[serde(borrow, default)]
    informational: Option<Str<'a>>,
}

/// What the Go database adds to an affected module.
#[derive(Deserialize, Default)]
struct OfEcosystem<'a> {
    #[serde(borrow, default)]
    imports: List<Import<'a>, IMPORTS_READ_MAX>,
}

#[derive(Deserialize)]
struct Import<'a> {
    #[serde(borrow, default)]
    path: Str<'a>,
}

/// Takes in a record.
pub(super) fn take(record: &Record<'_>, source: &Source, sink: &mut dyn Sink) {
    sink.record();
    let modified = record.modified.as_deref().and_then(reading::moment_of_record);
    if let Some(modified) = modified {
        sink.data_date(modified);
    }
    // A withdrawn record says that what it said was wrong.
    if record.withdrawn.is_some() {
        return;
    }
    let Some(own) = reading::id(&record.id) else {
        sink.rejected(&reading::text(&record.id, ID_BYTES_MAX), "not an id");
        return;
    };
    let flaw = Flaw::of(own, record.aliases.items.iter().map(|alias| &**alias));
    let malicious = own.starts_with("MAL-");
    let database: OfDatabase<'_> = extra(record.database_specific);
    let urgency = if malicious { Urgency::Critical } else { urgency(database.severity.as_deref()) };
    let mut packages: BTreeMap<String, Told> = BTreeMap::new();
    let mut spoken = false;
    for affected in &record.affected.items {
        let Some(package) = affected.package.as_ref().filter(|package| is_about(&package.ecosystem, source)) else {
            continue;
        };
        let Some(name) = names::normalised(source.ecosystem, &package.name) else {
            sink.rejected(own, "not the name of a package");
            continue;
        };
        spoken = true;
        let of_affected: OfAffected<'_> = extra(affected.database_specific);
        // Advice about a package is no flaw in it.
        if of_affected.informational.is_some() {
            continue;
        }
        match ranges(affected, &of_affected, source.scheme()) {
            Ok(ranges) => packages.entry(name).or_default().join(ranges, imports(affected)),
            Err(why) => sink.rejected(&format!("{own} {name}"), why),
        }
    }
    // Records of other ecosystems stand in some archives; their facts come with their own feeds.
    if !spoken {
        return;
    }
    for (package, told) in packages {
        if told.ranges.len() > RANGES_KEPT_MAX {
            sink.rejected(&format!("{own} {package}"), "more ranges than are kept");
            continue;
        }
        sink.statement(Statement {
            feed: FeedId::new(source.feed),
            release: source.release(),
            package,
            vulnerability: flaw.id.to_owned(),
            note: told.note(),
            state: state(told.ranges),
            urgency,
            advisories: flaw.advisory.into_iter().map(str::to_owned).collect(),
            ..Statement::default()
        });
    }
    let facts = osv::facts_of(record, flaw.id, source.feed);
    sink.vulnerability(finish(facts, &flaw, record, &database, malicious));
}

fn finish(
    mut facts: Vulnerability,
    flaw: &Flaw<'_>,
    record: &Record<'_>,
    database: &OfDatabase<'_>,
    malicious: bool,
) -> Vulnerability {
    let date = |text: &Option<Str<'_>>| text.as_deref().and_then(reading::moment_of_record);
    facts.published = date(&record.published);
    facts.modified = date(&record.modified);
    facts.aliases = flaw.aliases.iter().map(|&alias| alias.to_owned()).collect();
    facts.covers = flaw.covers.iter().map(|&cve| cve.to_owned()).collect();
    facts.cwes = database.cwe_ids.items.iter().filter_map(|cwe| reading::cwe_id(cwe)).collect();
    // Their details are the same three paragraphs in each.
    if malicious {
        if let Some(summary) = record.summary.as_deref().filter(|summary| !summary.trim().is_empty()) {
            facts.description = reading::text(summary, NOTE_BYTES_MAX);
        }
        facts.references.truncate(MALICIOUS_REFERENCES_MAX);
    }
    facts
}

/// Reads what a database adds; a shape that is not known adds nothing.
fn extra<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// An ecosystem may have a suffix that names a registry: `Maven:https://…`, whose packages are not ours to know.
fn is_about(ecosystem: &str, source: &Source) -> bool {
    ecosystem == source.osv_name
}

fn urgency(word: Option<&str>) -> Urgency {
    match word.unwrap_or_default() {
        "CRITICAL" => Urgency::Critical,
        "HIGH" => Urgency::High,
        "MODERATE" | "MEDIUM" => Urgency::Medium,
        "LOW" => Urgency::Low,
        _ => Urgency::NotAssigned,
    }
}

/// What a record says of one package.
#[derive(Default)]
struct Told {
    ranges: Vec<AffectedRange>,
    imports: Vec<String>,
}

impl Told {
    fn join(&mut self, ranges: Vec<AffectedRange>, imports: Vec<String>) {
        for range in ranges {
            if !self.ranges.contains(&range) {
                self.ranges.push(range);
            }
        }
        for import in imports {
            if !self.imports.contains(&import) {
                self.imports.push(import);
            }
        }
    }

    /// Names the packages of a Go module that hold the flaw: a program may not use them.
    fn note(&self) -> Option<String> {
        let (named, more) = self.imports.split_at_checked(IMPORTS_MAX).unwrap_or((&self.imports, &[]));
        if named.is_empty() {
            return None;
        }
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        Some(reading::text(&format!("in {}{more}", named.join(", ")), NOTE_BYTES_MAX))
    }
}

fn imports(affected: &Affected<'_>) -> Vec<String> {
    let extra: OfEcosystem<'_> = extra(affected.ecosystem_specific);
    extra.imports.items.iter().filter_map(|import| reading::package(&import.path)).map(str::to_owned).collect()
}

fn ranges(affected: &Affected<'_>, extra: &OfAffected<'_>, scheme: Scheme) -> Result<Vec<AffectedRange>, &'static str> {
    let mut ranges = affected.affected_ranges()?;
    // Nobody knows a fixed version, but somebody has looked which versions have the flaw.
    if let ([AffectedRange { end, .. }], Some(known)) =
        (ranges.as_mut_slice(), extra.last_known_affected_version_range.as_deref())
        && matches!(end, RangeEnd::Open)
        && let Some(last) = last_known(known)
    {
        *end = last;
    }
    // A version that is listed is affected, whether or not a range holds it.
    for version in affected.versions.items.iter().filter_map(|version| reading::version(version)) {
        if ranges.len() <= RANGES_KEPT_MAX && !scheme.contains(ranges.iter().map(borrowed), version) {
            let version = version.to_owned();
            let end = RangeEnd::LastAffected(version.clone());
            ranges.push(AffectedRange { introduced: Some(version), end });
        }
    }
    if ranges.is_empty() { Err("no range of versions") } else { Ok(ranges) }
}

fn borrowed(range: &AffectedRange) -> Range<'_> {
    let end = match &range.end {
        RangeEnd::Fixed(version) => End::Fixed(version),
        RangeEnd::LastAffected(version) => End::LastAffected(version),
        RangeEnd::Open => End::Open,
    };
    Range { introduced: range.introduced.as_deref(), end }
}

/// Reads GitHub's `<= 1.2.3` or `< 1.2.3`.
fn last_known(range: &str) -> Option<RangeEnd> {
    let version = |text: &str| reading::version(text.trim()).map(str::to_owned);
    match range.strip_prefix("<=") {
        Some(last) => version(last).map(RangeEnd::LastAffected),
        None => version(range.strip_prefix('<')?).map(RangeEnd::Fixed),
    }
}
