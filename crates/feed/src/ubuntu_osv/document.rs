//! Reads one OSV record.
//!
//! Records of kernel flaws list every version and every binary package that there ever was. They are
//! passed over unread, so this reader has a shape of its own, leaner than [`crate::osv`]'s.

use serde::Deserialize;
use yagura_model::{FeedId, Reference, ReferenceKind, Statement, StatementState, Urgency, Vulnerability};

use super::ID;
use crate::catalogue::{Entry, ParseError, Sink};
use crate::json::{List, Str, malformed};
use crate::osv::{self, AFFECTED_MAX, FLAWS_MAX, RECORD_BYTES_MAX};
use crate::reading::{self, DESCRIPTION_BYTES_MAX};
use crate::ubuntu::{Line, line_of_ecosystem, priority};

const FORMAT: &str = "OSV record";

/// The most ranges of one package, and events of one range.
const RANGES_MAX: usize = 64;
/// The most CVSS vectors and gradings in one list.
const SEVERITIES_MAX: usize = 16;
/// The most references that are read.
const REFERENCES_MAX: usize = 512;

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
    upstream: List<Str<'a>, FLAWS_MAX>,
    #[serde(borrow, default)]
    related: List<Str<'a>, FLAWS_MAX>,
    #[serde(borrow, default)]
    details: Option<Str<'a>>,
    #[serde(borrow, default)]
    severity: List<osv::Severity<'a>, SEVERITIES_MAX>,
    #[serde(borrow, default)]
    affected: List<Affected<'a>, AFFECTED_MAX>,
    #[serde(borrow, default)]
    references: List<osv::Link<'a>, REFERENCES_MAX>,
}

#[derive(Deserialize)]
struct Affected<'a> {
    #[serde(borrow, default)]
    package: Option<osv::Package<'a>>,
    #[serde(borrow, default)]
    severity: List<osv::Severity<'a>, SEVERITIES_MAX>,
    #[serde(borrow, default)]
    ranges: List<osv::Range<'a>, RANGES_MAX>,
    #[serde(borrow, default)]
    ecosystem_specific: Option<Specific<'a>>,
}

#[derive(Deserialize)]
struct Specific<'a> {
    /// `No subscription required`, `Available with Ubuntu Pro (Infra-only): …`.
    #[serde(borrow, default)]
    availability: Option<Str<'a>>,
    #[serde(borrow, default)]
    ubuntu_priority: Option<Str<'a>>,
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
    let file = entry.name.rsplit('/').next().unwrap_or(entry.name);
    if file.starts_with("LSN-") {
        return Ok(());
    }
    let record: Record<'_> =
        serde_json::from_slice(entry.bytes).map_err(|error| malformed(entry.name, FORMAT, &error))?;
    if record.affected.over {
        return Err(too_many("affected packages", AFFECTED_MAX));
    }
    if record.upstream.over || record.related.over {
        return Err(too_many("related flaws", FLAWS_MAX));
    }
    if record.id.starts_with("LSN-") {
        return Ok(());
    }
    sink.record();
    if let Some(modified) = record.modified.as_deref().and_then(reading::timestamp) {
        sink.data_date(modified);
    }
    if record.withdrawn.is_some() {
        return Ok(());
    }
    if let Some(flaw) = record.id.strip_prefix("UBUNTU-").and_then(reading::cve_id) {
        state(&record, flaw, &[flaw], None, sink);
        sink.vulnerability(facts(&record, flaw));
    } else if let Some(notice) = reading::id(&record.id).filter(|id| id.starts_with("USN-")) {
        let mut flaws: Vec<&str> =
            record.upstream.items.iter().chain(&record.related.items).filter_map(|id| reading::cve_id(id)).collect();
        flaws.sort_unstable();
        flaws.dedup();
        state(&record, notice, &flaws, Some(notice), sink);
    } else {
        sink.rejected(&reading::text(&record.id, reading::ID_BYTES_MAX), "neither a flaw nor a notice of Ubuntu");
    }
    Ok(())
}

/// States each flaw of a record for each of its packages.
fn state(record: &Record<'_>, id: &str, flaws: &[&str], notice: Option<&str>, sink: &mut dyn Sink) {
    let graded = grading(&record.severity.items);
    for affected in &record.affected.items {
        let Some(package) = &affected.package else { continue };
        if !package.ecosystem.starts_with("Ubuntu") {
            continue;
        }
        let specific = affected.ecosystem_specific.as_ref();
        let availability = specific.and_then(|specific| specific.availability.as_deref()).unwrap_or_default();
        let told = line_of_ecosystem(&package.ecosystem, availability)
            .ok_or_else(|| format!("unknown release `{}`", reading::text(&package.ecosystem, 64)))
            .and_then(|line| {
                Ok((line, reading::package(&package.name).ok_or("not a package name")?, read_state(affected)?))
            });
        let (line, package, state) = match told {
            Ok(told) => told,
            Err(why) => {
                sink.rejected(id, &why);
                continue;
            }
        };
        // A notice that fixes nothing in a package says nothing of it.
        if notice.is_some() && !matches!(state, StatementState::Fixed(_)) {
            continue;
        }
        let worded = specific.and_then(|specific| priority(specific.ubuntu_priority.as_deref()?));
        let urgency = worded.or_else(|| grading(&affected.severity.items)).or(graded).unwrap_or_default();
        for flaw in flaws {
            sink.statement(statement(&line, package, flaw, &state, urgency, notice));
        }
    }
}

fn statement(
    line: &Line<'_>,
    package: &str,
    flaw: &str,
    state: &StatementState,
    urgency: Urgency,
    notice: Option<&str>,
) -> Statement {
    Statement {
        feed: FeedId::new(ID),
        release: line.key(),
        package: package.to_owned(),
        channel: line.channel.as_deref().map(str::to_owned),
        vulnerability: flaw.to_owned(),
        state: state.clone(),
        urgency,
        advisories: notice.map(str::to_owned).into_iter().collect(),
        ..Statement::default()
    }
}

/// Reads the one range of a package.
fn read_state(affected: &Affected<'_>) -> Result<StatementState, String> {
    if affected.ranges.over || affected.ranges.items.iter().any(|range| range.events.over) {
        return Err("more ranges or events than are read".to_owned());
    }
    let mut ranges = affected.ranges.items.iter().filter(|range| &*range.kind == "ECOSYSTEM");
    let Some(range) = ranges.next() else { return Err("no range of versions".to_owned()) };
    let mut fixed = range.events.items.iter().filter_map(|event| event.fixed.as_deref());
    match (fixed.next(), fixed.next().is_some() || ranges.next().is_some()) {
        (_, true) => Err("several ranges or fixed versions".to_owned()),
        (None, false) => Ok(StatementState::Open),
        (Some("0"), false) => Ok(StatementState::NotAffected),
        (Some(version), false) => {
            let version = reading::version(version).ok_or("its fixed version is not a version")?;
            Ok(StatementState::Fixed(version.to_owned()))
        }
    }
}

/// Finds Ubuntu's own grading among severities.
fn grading(severities: &[osv::Severity<'_>]) -> Option<Urgency> {
    severities.iter().find(|severity| &*severity.kind == "Ubuntu").and_then(|severity| priority(&severity.score))
}

fn facts(record: &Record<'_>, flaw: &str) -> Vulnerability {
    let own_page = |reference: &Reference| reference.url.starts_with("https://ubuntu.com/security/CVE-");
    let references = record.references.items.iter().filter_map(osv::Link::reference);
    Vulnerability {
        id: flaw.to_owned(),
        description: reading::text(record.details.as_deref().unwrap_or_default(), DESCRIPTION_BYTES_MAX),
        cvss: record.severity.items.iter().filter_map(|severity| osv::cvss_vector(severity, ID)).collect(),
        references: references
            .map(
                |reference| {
                    if own_page(&reference) { Reference { kind: ReferenceKind::Web, ..reference } } else { reference }
                },
            )
            .collect(),
        published: record.published.as_deref().and_then(reading::timestamp),
        modified: record.modified.as_deref().and_then(reading::timestamp),
        ..Vulnerability::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::read;

    const NOTICE: &str = include_str!("../../fixtures/ubuntu-osv/USN-9001-1.json");
    const FLAW: &str = include_str!("../../fixtures/ubuntu-osv/UBUNTU-CVE-2099-0001.json");

    #[test]
    fn a_notice_fixes_flaws_in_releases_and_channels() {
        insta::assert_snapshot!(read(&FEED, "osv/usn/USN-9001-1.json", NOTICE.as_bytes()).unwrap().render(), @r"
        record 1
        date 2099-01-21T10:00:00.5Z
        ubuntu:jammy demo-lib CVE-2099-0001 fixed 1.2-3ubuntu0.1 (not yet assigned) USN-9001-1
        ubuntu:jammy demo-lib CVE-2099-0002 fixed 1.2-3ubuntu0.1 (not yet assigned) USN-9001-1
        ubuntu:bionic demo-lib CVE-2099-0001 fixed 1.0-1ubuntu1+esm1 (not yet assigned) channel esm-infra USN-9001-1
        ubuntu:bionic demo-lib CVE-2099-0002 fixed 1.0-1ubuntu1+esm1 (not yet assigned) channel esm-infra USN-9001-1
        ubuntu:focal demo-lib CVE-2099-0001 fixed 1.1-1ubuntu1+esm1 (not yet assigned) channel esm-apps USN-9001-1
        ubuntu:focal demo-lib CVE-2099-0002 fixed 1.1-1ubuntu1+esm1 (not yet assigned) channel esm-apps USN-9001-1
        ubuntu:jammy demo-lib CVE-2099-0001 fixed 1.2-3+fips1 (not yet assigned) channel fips-updates USN-9001-1
        ubuntu:jammy demo-lib CVE-2099-0002 fixed 1.2-3+fips1 (not yet assigned) channel fips-updates USN-9001-1
        rejected USN-9001-1: unknown release `Ubuntu:99.04`
        rejected USN-9001-1: no range of versions
        ");
    }

    #[test]
    fn a_flaw_has_states_and_facts() {
        insta::assert_snapshot!(read(&FEED, "UBUNTU-CVE-2099-0001.json", FLAW.as_bytes()).unwrap().render(), @r#"
        record 1
        date 2099-01-22T17:30:48Z
        ubuntu:jammy demo-lib CVE-2099-0001 fixed 1.2-3ubuntu0.1 (medium)
        ubuntu:trusty demo-lib CVE-2099-0001 open (medium) channel esm-infra
        ubuntu:noble demo-lib CVE-2099-0001 open (high)
        rejected CVE-2099-0001: not a package name
        flaw CVE-2099-0001 "A demo library overflows." cvss 3.1 CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:N/I:H/A:N Web https://ubuntu.com/security/CVE-2099-0001 Advisory https://ubuntu.com/security/notices/USN-9001-1 published 2099-01-06T20:15:00Z modified 2099-01-22T17:30:48Z
        "#);
    }

    #[test]
    fn other_records_say_nothing() {
        let render = |name: &str, text: &str| read(&FEED, name, text.as_bytes()).unwrap().render();
        assert_eq!(render("osv/lsn/LSN-0108-1.json", "not even JSON"), "record 0\n");
        assert_eq!(render("x.json", r#"{"id":"LSN-0108-1"}"#), "record 0\n");
        assert_eq!(render("x.json", r#"{"id":"USN-1-1","withdrawn":"2099-01-01T00:00:00Z"}"#), "record 1\n");
        assert_eq!(
            render("x.json", r#"{"id":"GHSA-a"}"#),
            "record 1\nrejected GHSA-a: neither a flaw nor a notice of Ubuntu\n"
        );
    }

    #[test]
    fn refuses_what_ends_early() {
        for text in [NOTICE, FLAW] {
            for cut in 0..text.trim_end().len() {
                assert!(read(&FEED, "t", &text.as_bytes()[..cut]).is_err(), "cut at {cut}");
            }
        }
    }

    #[test]
    fn every_bound_is_reached() {
        let refusal = |text: String| read(&FEED, "t", text.as_bytes()).map(|_| ()).unwrap_err().to_string();
        let list = |item: &str, count: usize| vec![item; count].join(",");
        assert_eq!(refusal(" ".repeat(RECORD_BYTES_MAX + 1)), "`t` has more than 16777216 bytes");
        let affected = list("{}", AFFECTED_MAX + 1);
        assert_eq!(
            refusal(format!(r#"{{"id":"USN-1-1","affected":[{affected}]}}"#)),
            "`t` has more than 65536 affected packages"
        );
        let related = list(r#""CVE-2099-0001""#, FLAWS_MAX + 1);
        assert_eq!(
            refusal(format!(r#"{{"id":"USN-1-1","related":[{related}]}}"#)),
            "`t` has more than 8192 related flaws"
        );
        let ranges = list(r#"{"type":"ECOSYSTEM"}"#, RANGES_MAX + 1);
        let text = format!(
            r#"{{"id":"UBUNTU-CVE-2099-0001","references":[{}],
            "affected":[{{"package":{{"ecosystem":"Ubuntu:22.04:LTS","name":"a"}},"ranges":[{ranges}]}}]}}"#,
            list(r#"{"type":"WEB","url":"https://example.org/"}"#, REFERENCES_MAX + 1)
        );
        let lines = read(&FEED, "t", text.as_bytes()).unwrap().render();
        assert!(lines.contains("rejected CVE-2099-0001: more ranges or events than are read"));
        assert_eq!(lines.matches(" Web ").count(), REFERENCES_MAX);
    }
}
