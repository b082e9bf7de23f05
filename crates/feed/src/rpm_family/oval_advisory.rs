//! Advisories of distributors of rpm packages in the OVAL format.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use yagura_model::{CvssVector, CvssVersion, FeedId, Names, ReferenceKind, Vulnerability};

use super::fixes::Stated;
use super::{Fix, Fixes, Place, words};
use crate::catalogue::Sink;
use crate::oval_xml::{Condition, Cve, Definition, Tables, for_each_claim};
use crate::reading;

/// The most flaws of one advisory that count.
const FLAWS_MAX: usize = 8_192;

/// Reads a `patch` definition: one flaw that covers CVEs, and one statement for each package
/// that it fixes. The places are those of the whole advisory; `channel` finds a channel that only
/// a version tells.
pub(crate) fn read_patch(
    definition: &Definition,
    tables: &Tables,
    feed: &str,
    places: &[Place],
    channel: fn(&str) -> Option<&'static str>,
    sink: &mut dyn Sink,
) {
    let Some((id, url)) = advisory_of(definition) else {
        sink.rejected(&reading::text(&definition.id, reading::PACKAGE_BYTES_MAX), "it names no advisory");
        return;
    };
    if places.is_empty() {
        sink.rejected(id, "a product of no known release");
        return;
    }
    let flaws = flaws_of(definition);
    // An advisory about security without a CVE is a flaw by itself; others are about bugs.
    if flaws.is_empty() && id.get(2..5) != Some("SA-") {
        return;
    }
    let Some(criteria) = &definition.criteria else { return };
    let mut fixes = Fixes::default();
    let mut refused = false;
    for_each_claim(criteria, tables, &mut |claim, conditions| {
        let Some(before) = claim.before else { return };
        let (Some(package), Some(evr)) = (reading::package(claim.package), words::evr(before)) else {
            refused = true;
            return;
        };
        if words::is_debug_symbols(package) {
            return;
        }
        let module = module_of(conditions).and_then(|module| fixes.module(&module));
        for place in places {
            let mut place = place.clone();
            if let Some(channel) = channel(evr) {
                place.channel = Some(channel.to_owned());
            }
            let place = fixes.place(place);
            fixes.add(Fix { place, package, module, evr });
        }
    });
    if refused || fixes.is_over() {
        sink.rejected(id, "not a package name, not a version, or too many places");
    }
    if fixes.is_empty() {
        return;
    }
    sink.vulnerability(Vulnerability {
        id: id.to_owned(),
        covers: flaws.iter().map(|flaw| (*flaw).to_owned()).collect(),
        description: reading::text(title_of(definition, id), reading::NOTE_BYTES_MAX),
        references: reading::reference(ReferenceKind::Advisory, url).into_iter().collect(),
        published: day(&definition.issued),
        modified: day(&definition.updated),
        ..Vulnerability::default()
    });
    let urgency = words::urgency(&definition.severity);
    fixes.state(Stated { feed, id, names: Names::Binary, urgency }, sink);
}

/// Returns `name:stream` of the innermost module that has to be enabled.
pub(crate) fn module_of(conditions: &[Condition<'_>]) -> Option<String> {
    conditions.iter().rev().find_map(|condition| match condition {
        Condition::Module { name, stream } => {
            let module = format!("{name}:{stream}");
            words::is_module(&module).then_some(module)
        }
        _ => None,
    })
}

/// Tells what a definition says of each flaw that it names.
pub(crate) fn state_flaws(definition: &Definition, feed: &str, sink: &mut dyn Sink) {
    for cve in &definition.cves {
        let Some(id) = reading::cve_id(&cve.id) else { continue };
        let cvss: Vec<CvssVector> = vectors_of(cve, feed).collect();
        let cwes = words::cwes(&cve.cwe);
        let published = day(&cve.public);
        if cvss.is_empty() && cwes.is_empty() && published.is_none() {
            continue;
        }
        sink.vulnerability(Vulnerability { id: id.to_owned(), cvss, cwes, published, ..Vulnerability::default() });
    }
}

/// Reads the time at which a document was made; those without a zone mean UTC.
pub(crate) fn made_at(timestamp: &str) -> Option<Timestamp> {
    let local = || timestamp.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    reading::timestamp(timestamp).or_else(local)
}

/// Returns the advisory's id and page.
fn advisory_of(definition: &Definition) -> Option<(&str, &str)> {
    let other = |source: &str| !source.eq_ignore_ascii_case("CVE");
    let named = definition.references.iter().find(|reference| other(&reference.source));
    named.and_then(|reference| Some((reading::id(&reference.id)?, reference.url.as_str())))
}

fn flaws_of(definition: &Definition) -> Vec<&str> {
    let references = definition.references.iter().map(|reference| reference.id.as_str());
    let mut seen = HashSet::new();
    let named = references.chain(definition.cves.iter().map(|cve| cve.id.as_str())).filter_map(reading::cve_id);
    named.filter(|id| seen.insert(*id)).take(FLAWS_MAX).collect()
}

/// Takes `RHSA-2022:4765: ` from the front and ` (Critical)` from the end of a title.
fn title_of<'d>(definition: &'d Definition, id: &str) -> &'d str {
    let title = definition.title.as_str();
    let title = title.strip_prefix(id).and_then(|rest| rest.strip_prefix(':')).unwrap_or(title).trim();
    match title.rsplit_once('(') {
        Some((front, word)) if word.trim_end_matches(')').eq_ignore_ascii_case(&definition.severity) => front.trim(),
        _ => title,
    }
}

/// Reads `7.0/CVSS:3.1/AV:L/…`, and vectors without a score before them.
fn vectors_of<'c>(cve: &'c Cve, feed: &'c str) -> impl Iterator<Item = CvssVector> + 'c {
    let known = move |text: &'c str| {
        let v3 = text.find("CVSS:").and_then(|at| text.get(at..));
        let (version, vector) = match v3 {
            Some(vector) if vector.starts_with("CVSS:3.1/") => (CvssVersion::V3_1, vector),
            Some(vector) if vector.starts_with("CVSS:3.0/") => (CvssVersion::V3_0, vector),
            Some(vector) if vector.starts_with("CVSS:4.0/") => (CvssVersion::V4, vector),
            Some(_) => return None,
            None => (CvssVersion::V2, text.get(text.find("AV:")?..)?),
        };
        let plain =
            vector.len() <= 256 && vector.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.".contains(&byte));
        plain.then(|| CvssVector { version, vector: vector.to_owned(), source: FeedId::new(feed) })
    };
    [cve.cvss3.as_str(), cve.cvss2.as_str()].into_iter().filter_map(known)
}

/// Reads `2022-05-27`, `20050804` and `20050804:1405`.
fn day(text: &str) -> Option<Timestamp> {
    let text = text.get(..10).filter(|day| day.contains('-')).or_else(|| text.get(..8))?;
    text.parse::<Date>().ok().and_then(reading::start_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_and_days_are_found() {
        let cve = |cvss3: &str, cvss2: &str| Cve { cvss3: cvss3.into(), cvss2: cvss2.into(), ..Cve::default() };
        let vectors = |cve: Cve| vectors_of(&cve, "f").map(|cvss| cvss.vector).collect::<Vec<_>>();
        assert_eq!(vectors(cve("7.0/CVSS:3.1/AV:L/AC:H", "")), ["CVSS:3.1/AV:L/AC:H"]);
        assert_eq!(vectors(cve("CVSS:3.0/AV:N", "7.8/AV:N/AC:L")), ["CVSS:3.0/AV:N", "AV:N/AC:L"]);
        assert!(vectors(cve("7.0", "AV:\u{7}")).is_empty());
        for text in ["2022-05-27", "20220527", "20220527:1405"] {
            assert_eq!(day(text).unwrap().to_string(), "2022-05-27T00:00:00Z");
        }
        assert_eq!(day("2022"), None);
        assert_eq!(made_at("2022-08-17T00:34:31").unwrap().to_string(), "2022-08-17T00:34:31Z");
        assert_eq!(made_at("2025-02-24T13:05:27.5Z").unwrap().to_string(), "2025-02-24T13:05:27.5Z");
        assert_eq!(made_at("yesterday"), None);
    }

    #[test]
    fn titles_lose_id_and_grade() {
        let title = |title: &str, severity: &str| {
            let definition = Definition { title: title.into(), severity: severity.into(), ..Definition::default() };
            title_of(&definition, "RHSA-2099:1").to_owned()
        };
        assert_eq!(title("RHSA-2099:1: demo (v2) update (Critical)", "Critical"), "demo (v2) update");
        assert_eq!(title("RHSA-2099:1:  demo  (IMPORTANT)", "important"), "demo");
        assert_eq!(title("demo (v2)", "Low"), "demo (v2)");
    }
}
