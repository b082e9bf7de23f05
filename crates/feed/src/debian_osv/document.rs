//! Reads one OSV record.

use serde::Deserialize;
use yagura_model::{
    CvssVector, CvssVersion, FeedId, Reference, ReferenceKind, ReleaseKey, Statement, StatementState, Vulnerability,
};

use super::{ID, RECORD_BYTES_MAX};
use crate::catalogue::{Entry, ParseError, Sink};
use crate::debian::{Grading, grading, release_by_number};
use crate::json::{List, Str, malformed};
use crate::reading::{self, DESCRIPTION_BYTES_MAX};

const FORMAT: &str = "OSV record";

/// The most packages of one record. A `CVE-…` record of 2025 had 71, other ecosystems included.
const AFFECTED_MAX: usize = 4_096;
/// The most ranges of one package, and events of one range. Debian has one of each kind.
const RANGES_MAX: usize = 256;
/// The most references that are read; the largest record has 304.
const REFERENCES_MAX: usize = 512;
/// The most other ids that are read; the largest record has 25.
const ALIASES_MAX: usize = 256;
/// The most flaws of one advisory. Kernel advisories name several hundred.
const FLAWS_MAX: usize = 8_192;
/// The most CVSS vectors that are read in one list.
const SEVERITIES_MAX: usize = 16;
/// The longest CVSS vector, in bytes. A version 4 vector with every metric has under 200.
const VECTOR_BYTES_MAX: usize = 256;

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    id: Str<'a>,
    #[serde(borrow, default)]
    modified: Option<Str<'a>>,
    #[serde(borrow, default)]
    published: Option<Str<'a>>,
    #[serde(borrow, default)]
    withdrawn: Option<Str<'a>>,
    #[serde(borrow, default)]
    aliases: List<Str<'a>, ALIASES_MAX>,
    #[serde(borrow, default)]
    upstream: List<Str<'a>, FLAWS_MAX>,
    #[serde(borrow, default)]
    related: List<Str<'a>, FLAWS_MAX>,
    #[serde(borrow, default)]
    summary: Option<Str<'a>>,
    #[serde(borrow, default)]
    details: Option<Str<'a>>,
    #[serde(borrow, default)]
    severity: List<Severity<'a>, SEVERITIES_MAX>,
    #[serde(borrow, default)]
    affected: List<Affected<'a>, AFFECTED_MAX>,
    #[serde(borrow, default)]
    references: List<Link<'a>, REFERENCES_MAX>,
}

#[derive(Deserialize)]
struct Severity<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    score: Str<'a>,
}

#[derive(Deserialize)]
struct Link<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    url: Str<'a>,
}

#[derive(Deserialize)]
struct Affected<'a> {
    /// Absent where only a Git repository is named.
    #[serde(borrow, default)]
    package: Option<Package<'a>>,
    #[serde(borrow, default)]
    severity: List<Severity<'a>, SEVERITIES_MAX>,
    #[serde(borrow, default)]
    ranges: List<Range<'a>, RANGES_MAX>,
    #[serde(borrow, default)]
    ecosystem_specific: Option<Specific<'a>>,
}

/// Both parts are absent where a flaw is described by a package URL alone.
#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow, default)]
    ecosystem: Str<'a>,
    #[serde(borrow, default)]
    name: Str<'a>,
}

#[derive(Deserialize)]
struct Range<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow, default)]
    events: List<Event<'a>, RANGES_MAX>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    fixed: Option<Str<'a>>,
    #[serde(borrow, default)]
    last_affected: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Specific<'a> {
    #[serde(borrow, default)]
    urgency: Option<Str<'a>>,
}

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let too_many = |what, limit: usize| ParseError::TooMany {
        entry: entry.name.to_owned(),
        what,
        limit: limit.try_into().unwrap_or(u64::MAX),
    };
    if entry.bytes.len() > RECORD_BYTES_MAX {
        return Err(too_many("bytes", RECORD_BYTES_MAX));
    }
    let record: Record<'_> =
        serde_json::from_slice(entry.bytes).map_err(|error| malformed(entry.name, FORMAT, &error))?;
    if record.affected.over {
        return Err(too_many("affected packages", AFFECTED_MAX));
    }
    if record.upstream.over || record.related.over {
        return Err(too_many("related flaws", FLAWS_MAX));
    }
    sink.record();
    if let Some(modified) = record.modified.as_deref().and_then(reading::timestamp) {
        sink.data_date(modified);
    }
    // A withdrawn record says that what it said was wrong.
    if record.withdrawn.is_some() {
        return Ok(());
    }
    let id = record.id.strip_prefix("DEBIAN-").unwrap_or(&record.id);
    if let Some(flaw) = reading::flaw_id(id) {
        read_flaw(flaw, &record, sink);
    } else if let Some(advisory) = reading::id(id).filter(|id| is_advisory(id)) {
        read_advisory(advisory, &record, sink);
    } else {
        sink.rejected(&reading::text(id, reading::ID_BYTES_MAX), "neither a flaw nor a Debian advisory");
    }
    Ok(())
}

fn is_advisory(id: &str) -> bool {
    ["DSA-", "DLA-", "DTSA-"].iter().any(|prefix| id.starts_with(prefix))
}

fn read_flaw(id: &str, record: &Record<'_>, sink: &mut dyn Sink) {
    let details = record.details.as_deref().or(record.summary.as_deref()).unwrap_or_default();
    let mut cvss = Vec::new();
    read_severities(id, &record.severity.items, &mut cvss, sink);
    for affected in &record.affected.items {
        let Some(place) = place(id, affected, sink) else { continue };
        read_severities(id, &affected.severity.items, &mut cvss, sink);
        let urgency = affected.ecosystem_specific.as_ref().and_then(|specific| specific.urgency.as_deref());
        let grading = grading(urgency.unwrap_or_default());
        match state(affected, grading) {
            Ok(state) => sink.statement(statement(&place, id, state, grading, Vec::new())),
            Err(why) => sink.rejected(&format!("{id} {} {}", place.package, place.release), why),
        }
    }
    sink.vulnerability(Vulnerability {
        id: id.to_owned(),
        aliases: record.aliases.items.iter().filter_map(|alias| alias_of_flaw(alias, id)).collect(),
        description: reading::text(details, DESCRIPTION_BYTES_MAX),
        cvss,
        references: record.references.items.iter().filter_map(read_link).collect(),
        published: record.published.as_deref().and_then(reading::timestamp),
        modified: record.modified.as_deref().and_then(reading::timestamp),
        ..Vulnerability::default()
    });
}

/// An advisory fixes each flaw that it names in each package that it names.
fn read_advisory(id: &str, record: &Record<'_>, sink: &mut dyn Sink) {
    let flaws: Vec<&str> =
        record.upstream.items.iter().chain(&record.related.items).filter_map(|flaw| reading::flaw_id(flaw)).collect();
    let grading = grading("");
    for affected in &record.affected.items {
        let Some(place) = place(id, affected, sink) else { continue };
        match state(affected, grading) {
            // Only a fix makes an advisory; a range without one is a slip of the conversion.
            Ok(StatementState::Fixed(version)) => {
                for flaw in &flaws {
                    let state = StatementState::Fixed(version.clone());
                    sink.statement(statement(&place, flaw, state, grading, vec![id.to_owned()]));
                }
            }
            Ok(_) => sink.rejected(&format!("{id} {} {}", place.package, place.release), "an advisory without a fix"),
            Err(why) => sink.rejected(&format!("{id} {} {}", place.package, place.release), why),
        }
    }
}

/// Where an affected entry belongs: a Debian release and a source package.
struct Place<'a> {
    release: ReleaseKey,
    package: &'a str,
}

/// Returns `None` for other ecosystems, and for entries that it rejects.
fn place<'a>(id: &str, affected: &'a Affected<'_>, sink: &mut dyn Sink) -> Option<Place<'a>> {
    let package = affected.package.as_ref()?;
    let number = package.ecosystem.strip_prefix("Debian")?;
    // `Debian` alone stands for no release in particular.
    let number = number.strip_prefix(':')?;
    let Some(release) = release_by_number(number) else {
        sink.rejected(id, &format!("unknown release `{}`", reading::text(number, reading::ID_BYTES_MAX)));
        return None;
    };
    let Some(name) = reading::package(&package.name) else {
        sink.rejected(id, "not a package name");
        return None;
    };
    Some(Place { release, package: name })
}

fn statement(
    place: &Place<'_>,
    flaw: &str,
    state: StatementState,
    grading: Grading,
    advisories: Vec<String>,
) -> Statement {
    Statement {
        feed: FeedId::new(ID),
        release: place.release.clone(),
        package: place.package.to_owned(),
        vulnerability: flaw.to_owned(),
        state,
        urgency: grading.urgency,
        advisories,
        ..Statement::default()
    }
}

/// Turns Debian's ranges into a state: `introduced` 0, then `fixed` or nothing.
///
/// A later `introduced` is taken as 0: that may name an unaffected old version, but never misses
/// an affected one. Two fixed versions cannot be told apart by one statement and are refused.
fn state(affected: &Affected<'_>, grading: Grading) -> Result<StatementState, &'static str> {
    if affected.ranges.over || affected.ranges.items.iter().any(|range| range.events.over) {
        return Err("more ranges or events than are read");
    }
    let mut ecosystem = affected.ranges.items.iter().filter(|range| &*range.kind == "ECOSYSTEM");
    let range = ecosystem.next().ok_or("no range of Debian versions")?;
    if ecosystem.next().is_some() {
        return Err("several ranges");
    }
    let mut fixed = range.events.items.iter().filter_map(|event| event.fixed.as_deref());
    if let Some(version) = fixed.next() {
        if fixed.next().is_some() {
            return Err("several fixed versions");
        }
        let version = reading::version(version).ok_or("its fixed version is not a version")?;
        return Ok(match version {
            "0" => StatementState::NotAffected,
            version => StatementState::Fixed(version.to_owned()),
        });
    }
    if range.events.items.iter().any(|event| event.last_affected.is_some()) {
        return Err("a last affected version does not tell the fixed one");
    }
    Ok(if grading.end_of_life { StatementState::EndOfLife } else { StatementState::Open })
}

fn read_severities(id: &str, severities: &[Severity<'_>], cvss: &mut Vec<CvssVector>, sink: &mut dyn Sink) {
    for severity in severities {
        match vector(severity) {
            Some(vector) if cvss.contains(&vector) => {}
            Some(_) if cvss.len() == SEVERITIES_MAX => {}
            Some(vector) => cvss.push(vector),
            // `Ubuntu` and other kinds are gradings, not vectors.
            None if !severity.kind.starts_with("CVSS_") => {}
            None => sink.rejected(id, "a severity that is no CVSS vector"),
        }
    }
}

/// Reads a vector; its prefix tells the version of the standard, OSV's type only tells version 2.
fn vector(severity: &Severity<'_>) -> Option<CvssVector> {
    let vector = reading::word(&severity.score, VECTOR_BYTES_MAX)?;
    let version = match vector.split_once('/')?.0 {
        "CVSS:4.0" => CvssVersion::V4,
        "CVSS:3.1" => CvssVersion::V3_1,
        "CVSS:3.0" => CvssVersion::V3_0,
        _ if &*severity.kind == "CVSS_V2" => CvssVersion::V2,
        _ => return None,
    };
    let plain = vector.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.()".contains(&byte));
    // NVD used to put version 2 vectors in brackets.
    let vector = vector.trim_start_matches('(').trim_end_matches(')');
    plain.then(|| CvssVector { version, vector: vector.to_owned(), source: FeedId::new(ID) })
}

/// Returns another id of the flaw itself. Distributors' records about the flaw are no names of it.
fn alias_of_flaw(alias: &str, id: &str) -> Option<String> {
    const RECORDS_OF_DISTRIBUTORS: &[&str] = &["DEBIAN-", "UBUNTU-", "ALPINE-", "BIT-", "CGA-"];
    let named = alias.starts_with(|c: char| c.is_ascii_uppercase()) && alias.contains('-');
    let own = RECORDS_OF_DISTRIBUTORS.iter().any(|prefix| alias.starts_with(prefix)) || alias == id;
    reading::id(alias).filter(|_| named && !own).map(str::to_owned)
}

fn read_link(link: &Link<'_>) -> Option<Reference> {
    let kind = match &*link.kind {
        "ADVISORY" => ReferenceKind::Advisory,
        "FIX" => ReferenceKind::Fix,
        "REPORT" => ReferenceKind::Report,
        "EVIDENCE" => ReferenceKind::Evidence,
        "ARTICLE" => ReferenceKind::Article,
        _ => ReferenceKind::Web,
    };
    reading::reference(kind, &link.url)
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::read;

    const FLAW: &str = include_str!("../../fixtures/debian-osv/CVE-2099-0001.json");

    #[test]
    fn a_flaw_brings_facts_and_states() {
        let recorder = read(&FEED, "CVE-2099-0001.json", FLAW.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        date 2099-01-30T10:00:00.123456Z
        rejected CVE-2099-0001: a severity that is no CVSS vector
        debian:bookworm demo-lib CVE-2099-0001 fixed 1.2-3+deb12u1 (not yet assigned)
        debian:bullseye demo-lib CVE-2099-0001 open (unimportant)
        debian:buster demo-lib CVE-2099-0001 end-of-life (not yet assigned)
        rejected CVE-2099-0001 demo-lib debian:trixie: a last affected version does not tell the fixed one
        rejected CVE-2099-0001 demo-lib-compat debian:trixie: several fixed versions
        rejected CVE-2099-0001: unknown release `99`
        flaw CVE-2099-0001 "A heap overflow in demo-lib.
        It is bad. [2J" alias GHSA-aaaa-bbbb-cccc cvss 3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H cvss 4.0 CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N cvss 2.0 AV:N/AC:M/Au:N/C:P/I:P/A:P cvss 3.0 CVSS:3.0/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H Advisory https://example.org/advisory/1 Fix https://example.org/commit/1 Web https://example.org/ published 2099-01-01T00:00:00Z modified 2099-01-30T10:00:00.123456Z
        "#);
    }

    #[test]
    fn the_ids_of_2025_are_the_plain_ones() {
        let record = include_str!("../../fixtures/debian-osv/DEBIAN-CVE-2099-0002.json");
        let recorder = read(&FEED, "DEBIAN-CVE-2099-0002.json", record.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        date 2099-01-31T00:00:00Z
        debian:forky demo-lib CVE-2099-0002 fixed 2.0-1 (low)
        flaw CVE-2099-0002 "A second flaw." modified 2099-01-31T00:00:00Z
        "#);
    }

    #[test]
    fn an_advisory_fixes_each_flaw_in_each_package() {
        let record = include_str!("../../fixtures/debian-osv/DSA-9001-1.json");
        let recorder = read(&FEED, "DSA-9001-1.json", record.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        date 2099-01-20T00:00:00Z
        debian:sarge demo-lib CVE-2099-0001 fixed 0.9-1sarge1 (not yet assigned) DSA-9001-1
        debian:sarge demo-lib CVE-2099-0003 fixed 0.9-1sarge1 (not yet assigned) DSA-9001-1
        debian:bookworm demo-lib CVE-2099-0001 fixed 1.2-3+deb12u1 (not yet assigned) DSA-9001-1
        debian:bookworm demo-lib CVE-2099-0003 fixed 1.2-3+deb12u1 (not yet assigned) DSA-9001-1
        rejected DSA-9001-1 demo-lib debian:bullseye: an advisory without a fix
        "#);
    }

    #[test]
    fn withdrawn_records_say_nothing() {
        let record = include_str!("../../fixtures/debian-osv/withdrawn.json");
        let recorder = read(&FEED, "CVE-2099-0009.json", record.as_bytes()).unwrap();
        assert_eq!(recorder.render(), "record 1\ndate 2099-01-15T00:00:00Z\n");
    }

    #[test]
    fn other_series_are_rejected() {
        let recorder = read(&FEED, "a", br#"{"id":"GHSA-aaaa-bbbb-cccc"}"#).unwrap();
        assert_eq!(recorder.render(), "record 1\nrejected GHSA-aaaa-bbbb-cccc: neither a flaw nor a Debian advisory\n");
    }

    #[test]
    fn refuses_what_ends_early() {
        for cut in 0..FLAW.trim_end().len() {
            assert!(read(&FEED, "t", &FLAW.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn every_bound_is_reached() {
        let refusal = |bytes: &[u8]| read(&FEED, "t", bytes).unwrap_err().to_string();
        assert_eq!(refusal(&vec![b' '; RECORD_BYTES_MAX + 1]), "`t` has more than 16777216 bytes");
        let list = |item: &str, count: usize| vec![item; count].join(",");
        let affected = format!(r#"{{"id":"CVE-2099-0001","affected":[{}]}}"#, list("{}", AFFECTED_MAX + 1));
        assert_eq!(refusal(affected.as_bytes()), "`t` has more than 4096 affected packages");
        let related = format!(r#"{{"id":"DSA-1-1","related":[{}]}}"#, list(r#""CVE-2099-0001""#, FLAWS_MAX + 1));
        assert_eq!(refusal(related.as_bytes()), "`t` has more than 8192 related flaws");

        let events = list(r#"{"introduced":"0"}"#, RANGES_MAX + 1);
        let crowded = format!(
            r#"{{"id":"CVE-2099-0001",
                "aliases":[{}],
                "references":[{}],
                "severity":[{}],
                "affected":[{{"package":{{"ecosystem":"Debian:12","name":"demo"}},"ranges":[{{"type":"ECOSYSTEM","events":[{events}]}}]}}]}}"#,
            list(r#""GHSA-a""#, ALIASES_MAX + 1),
            list(r#"{"type":"WEB","url":"https://example.org/"}"#, REFERENCES_MAX + 1),
            (0..=SEVERITIES_MAX)
                .map(|n| format!(r#"{{"type":"CVSS_V3","score":"CVSS:3.1/X:{n}"}}"#))
                .collect::<Vec<_>>()
                .join(","),
        );
        let lines = read(&FEED, "t", crowded.as_bytes()).unwrap().lines;
        assert_eq!(lines[0], "rejected CVE-2099-0001 demo debian:bookworm: more ranges or events than are read");
        assert_eq!(lines[1].matches(" alias ").count(), ALIASES_MAX);
        assert_eq!(lines[1].matches(" Web ").count(), REFERENCES_MAX);
        assert_eq!(lines[1].matches(" cvss ").count(), SEVERITIES_MAX);

        let long = format!(
            r#"{{"id":"CVE-2099-0001","severity":[{{"type":"CVSS_V3","score":"CVSS:3.1/{}"}}]}}"#,
            "A".repeat(VECTOR_BYTES_MAX)
        );
        assert_eq!(
            read(&FEED, "t", long.as_bytes()).unwrap().lines[0],
            "rejected CVE-2099-0001: a severity that is no CVSS vector"
        );
    }
}
