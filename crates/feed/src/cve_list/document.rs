//! Reads one record of the CVE JSON 5 format.

use serde::Deserialize;
use serde_json::value::RawValue;
use yagura_model::{ReferenceKind, Ssvc, Vulnerability};

use super::ID;
use crate::catalogue::{Entry, ParseError, Sink};
use crate::cvss;
use crate::json::{List, Members, Str, malformed};
use crate::reading::{self, DESCRIPTION_BYTES_MAX, ID_BYTES_MAX, NOTE_BYTES_MAX};

const FORMAT: &str = "CVE record";

/// The most bytes of one record. The longest of 2024 has 50 kB.
const RECORD_BYTES_MAX: usize = 16 << 20;
/// The most containers of other authorities; real records have two.
const CONTAINERS_MAX: usize = 32;
/// The most references that are read in one container; the longest list of 2024 has 140.
const REFERENCES_MAX: usize = 512;
/// The most descriptions, metrics or kinds of weakness that are read in one container.
const ENTRIES_MAX: usize = 128;
/// The most tags of one reference.
const TAGS_MAX: usize = 32;
/// The most kinds of weakness that are kept of one record.
const CWES_KEPT_MAX: usize = 32;
/// The most references that are kept of one record.
const REFERENCES_KEPT_MAX: usize = 64;

/// The container that CISA adds.
const CISA: &str = "CISA-ADP";
/// Marks references that were copied from the CNA's own list.
const COPIED: &str = "x_transferred";

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow, rename = "cveMetadata")]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    containers: Containers<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    cve_id: Str<'a>,
    #[serde(borrow)]
    state: Str<'a>,
    #[serde(borrow, default)]
    date_published: Option<Str<'a>>,
    #[serde(borrow, default)]
    date_rejected: Option<Str<'a>>,
    #[serde(borrow, default)]
    date_updated: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Containers<'a> {
    #[serde(borrow)]
    cna: Container<'a>,
    #[serde(borrow, default)]
    adp: List<Container<'a>, CONTAINERS_MAX>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container<'a> {
    #[serde(borrow, default)]
    provider_metadata: Provider<'a>,
    #[serde(borrow, default)]
    title: Option<Str<'a>>,
    #[serde(borrow, default)]
    descriptions: List<Description<'a>, ENTRIES_MAX>,
    #[serde(borrow, default)]
    rejected_reasons: List<Description<'a>, ENTRIES_MAX>,
    #[serde(borrow, default)]
    references: List<Link<'a>, REFERENCES_MAX>,
    #[serde(borrow, default)]
    problem_types: List<ProblemType<'a>, ENTRIES_MAX>,
    #[serde(borrow, default)]
    metrics: List<Metric<'a>, ENTRIES_MAX>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Provider<'a> {
    #[serde(borrow, default)]
    short_name: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Description<'a> {
    #[serde(borrow, default)]
    lang: Str<'a>,
    #[serde(borrow)]
    value: Str<'a>,
}

#[derive(Deserialize)]
struct Link<'a> {
    #[serde(borrow)]
    url: Str<'a>,
    #[serde(borrow, default)]
    tags: List<Str<'a>, TAGS_MAX>,
}

#[derive(Deserialize)]
struct ProblemType<'a> {
    #[serde(borrow, default)]
    descriptions: List<Weakness<'a>, ENTRIES_MAX>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Weakness<'a> {
    #[serde(borrow, default)]
    cwe_id: Option<Str<'a>>,
}

/// One metric; which members it has tells its kind.
#[derive(Deserialize)]
struct Metric<'a> {
    #[serde(borrow, default, rename = "cvssV4_0")]
    v4: Option<Score<'a>>,
    #[serde(borrow, default, rename = "cvssV3_1")]
    v3_1: Option<Score<'a>>,
    #[serde(borrow, default, rename = "cvssV3_0")]
    v3_0: Option<Score<'a>>,
    #[serde(borrow, default, rename = "cvssV2_0")]
    v2: Option<Score<'a>>,
    #[serde(borrow, default)]
    other: Option<Other<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Score<'a> {
    #[serde(borrow, default)]
    vector_string: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Other<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    /// Of any shape, except in CISA's SSVC.
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

/// The content of CISA's SSVC: a list of objects with one member each.
#[derive(Deserialize)]
struct Decision<'a> {
    #[serde(borrow, default)]
    options: List<Members<'a, Str<'a>, ENTRIES_MAX>, ENTRIES_MAX>,
}

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    if !reading::is_member(entry.name, "CVE-", ".json") {
        return Ok(());
    }
    if entry.bytes.len() > RECORD_BYTES_MAX {
        let limit = RECORD_BYTES_MAX.try_into().unwrap_or(u64::MAX);
        return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "bytes", limit });
    }
    let record: Record<'_> =
        serde_json::from_slice(entry.bytes).map_err(|error| malformed(entry.name, FORMAT, &error))?;
    sink.record();
    let metadata = &record.metadata;
    let Some(id) = reading::cve_id(&metadata.cve_id) else {
        sink.rejected(&reading::text(&metadata.cve_id, ID_BYTES_MAX), "not a CVE id");
        return Ok(());
    };
    let date = |text: &Option<Str<'_>>| text.as_deref().and_then(reading::moment_of_record);
    let modified = date(&metadata.date_updated);
    if let Some(modified) = modified {
        sink.data_date(modified);
    }
    match &*metadata.state {
        "PUBLISHED" => {}
        "REJECTED" => {
            let reason = english(&record.containers.cna.rejected_reasons.items);
            let description = reading::text(&format!("Rejected reason: {reason}"), DESCRIPTION_BYTES_MAX);
            let modified = date(&metadata.date_rejected).max(modified);
            sink.vulnerability(Vulnerability { id: id.to_owned(), description, modified, ..Vulnerability::default() });
            return Ok(());
        }
        // Reserved numbers say nothing yet.
        "RESERVED" => return Ok(()),
        other => {
            sink.rejected(id, &format!("unknown state `{}`", reading::text(other, ID_BYTES_MAX)));
            return Ok(());
        }
    }
    let mut flaw = Vulnerability {
        id: id.to_owned(),
        description: description(&record.containers.cna),
        published: date(&metadata.date_published),
        modified,
        ..Vulnerability::default()
    };
    for container in std::iter::once(&record.containers.cna).chain(&record.containers.adp.items) {
        take(&mut flaw, container, sink);
    }
    sink.vulnerability(flaw);
    Ok(())
}

fn description(cna: &Container<'_>) -> String {
    let text = reading::text(english(&cna.descriptions.items), DESCRIPTION_BYTES_MAX);
    if !text.is_empty() {
        return text;
    }
    reading::text(cna.title.as_deref().unwrap_or_default(), NOTE_BYTES_MAX)
}

/// Returns the English text, or else the first.
fn english<'a>(descriptions: &'a [Description<'_>]) -> &'a str {
    let english = descriptions.iter().find(|description| description.lang.starts_with("en"));
    english.or_else(|| descriptions.first()).map_or("", |description| &description.value)
}

/// Takes in what one authority says.
fn take(flaw: &mut Vulnerability, container: &Container<'_>, sink: &mut dyn Sink) {
    for metric in &container.metrics.items {
        for score in [&metric.v4, &metric.v3_1, &metric.v3_0, &metric.v2].into_iter().flatten() {
            let Some(text) = score.vector_string.as_deref() else { continue };
            match cvss::vector(text, ID) {
                Some(vector) => push_new(&mut flaw.cvss, vector, ENTRIES_MAX),
                None => sink.rejected(&flaw.id, "a score without a CVSS vector"),
            }
        }
    }
    let weaknesses = container.problem_types.items.iter().flat_map(|kind| &kind.descriptions.items);
    for cwe in weaknesses.filter_map(|weakness| reading::cwe_id(weakness.cwe_id.as_deref()?)) {
        push_new(&mut flaw.cwes, cwe, CWES_KEPT_MAX);
    }
    for link in &container.references.items {
        let copied = link.tags.items.iter().any(|tag| &**tag == COPIED);
        if let Some(reference) = reading::reference(kind(&link.tags.items), &link.url).filter(|_| !copied) {
            push_new(&mut flaw.references, reference, REFERENCES_KEPT_MAX);
        }
    }
    if container.provider_metadata.short_name.as_deref() == Some(CISA) {
        let others = container.metrics.items.iter().filter_map(|metric| metric.other.as_ref());
        flaw.ssvc = others.filter(|other| &*other.kind == "ssvc").find_map(|other| ssvc(other.content?));
    }
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T, kept_max: usize) {
    if list.len() < kept_max && !list.contains(&item) {
        list.push(item);
    }
}

fn ssvc(content: &RawValue) -> Option<Ssvc> {
    let decision: Decision<'_> = serde_json::from_str(content.get()).ok()?;
    let answer = |question: &str| {
        let options = decision.options.items.iter().flat_map(|option| &option.items);
        let (_, answer) = options.into_iter().find(|(asked, _)| asked.eq_ignore_ascii_case(question))?;
        Some(reading::text(answer, ID_BYTES_MAX)).filter(|answer| !answer.is_empty())
    };
    Some(Ssvc {
        exploitation: answer("Exploitation")?,
        automatable: answer("Automatable")?,
        technical_impact: answer("Technical Impact")?,
    })
}

/// Reads what a reference is about from its tags, the most telling first.
fn kind(tags: &[Str<'_>]) -> ReferenceKind {
    let tagged = |names: &[&str]| tags.iter().any(|tag| names.contains(&&**tag));
    if tagged(&["patch"]) {
        ReferenceKind::Fix
    } else if tagged(&["exploit"]) {
        ReferenceKind::Evidence
    } else if tagged(&["vendor-advisory", "third-party-advisory"]) {
        ReferenceKind::Advisory
    } else if tagged(&["issue-tracking"]) {
        ReferenceKind::Report
    } else if tagged(&["technical-description", "media-coverage", "mailing-list"]) {
        ReferenceKind::Article
    } else {
        ReferenceKind::Web
    }
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::read;

    const RECORD: &str = include_str!("../../fixtures/cve-list/CVE-2099-0001.json");

    #[test]
    fn every_authority_is_heard() {
        let recorder = read(&FEED, "2099/0xxx/CVE-2099-0001.json", RECORD.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        date 2099-01-30T10:00:00.123Z
        rejected CVE-2099-0001: a score without a CVSS vector
        flaw CVE-2099-0001 "A "heap" overflow in demo." CWE-787 CWE-122 ssvc active/no/total cvss 4.0 CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N cvss 3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H Fix https://example.org/commit/1 Advisory https://example.org/advisory/1 Report https://example.org/bug/1 Evidence https://example.org/late published 2099-01-01T00:00:00Z modified 2099-01-30T10:00:00.123Z
        "#);
    }

    #[test]
    fn a_rejected_number_says_why() {
        let record = include_str!("../../fixtures/cve-list/CVE-2099-0002.json");
        let recorder = read(&FEED, "CVE-2099-0002.json", record.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        date 2099-01-02T00:00:00Z
        flaw CVE-2099-0002 "Rejected reason: A duplicate of CVE-2099-0001." modified 2099-01-03T00:00:00Z
        "#);
    }

    #[test]
    fn other_members_of_the_archive_are_no_records() {
        for name in ["cvelistV5-main/README.md", "cvelistV5-main/cves/delta.json", "vulnrichment/assets/CVE-icon.png"] {
            assert_eq!(read(&FEED, name, b"text").unwrap().render(), "record 0\n");
        }
    }

    #[test]
    fn states_and_ids_are_checked() {
        let said = |record: &str| read(&FEED, "CVE-2099-0003.json", record.as_bytes()).unwrap().render();
        let record = |id: &str, state: &str| {
            format!(r#"{{"cveMetadata":{{"cveId":"{id}","state":"{state}"}},"containers":{{"cna":{{}}}}}}"#)
        };
        assert_eq!(said(&record("CVE-2099-0003", "RESERVED")), "record 1\n");
        assert_eq!(said(&record("CVE-2099-0003", "LOST")), "record 1\nrejected CVE-2099-0003: unknown state `LOST`\n");
        assert_eq!(said(&record("GHSA-1", "PUBLISHED")), "record 1\nrejected GHSA-1: not a CVE id\n");
        assert_eq!(said(&record("CVE-2099-0003", "PUBLISHED")), "record 1\nflaw CVE-2099-0003\n");
    }

    #[test]
    fn refuses_what_ends_early_and_what_is_too_large() {
        for cut in (0..RECORD.trim_end().len()).filter(|&cut| RECORD.is_char_boundary(cut)) {
            assert!(read(&FEED, "CVE-2099-0001.json", &RECORD.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        let large = vec![b' '; RECORD_BYTES_MAX + 1];
        let error = read(&FEED, "CVE-2099-0001.json", &large).unwrap_err();
        assert_eq!(error.to_string(), "`CVE-2099-0001.json` has more than 16777216 bytes");
    }

    #[test]
    fn lists_are_bounded() {
        let cwes: Vec<String> =
            (0..ENTRIES_MAX).map(|n| format!(r#"{{"descriptions":[{{"cweId":"CWE-{n}"}}]}}"#)).collect();
        let links: Vec<String> =
            (0..=REFERENCES_MAX).map(|n| format!(r#"{{"url":"https://example.org/{n}"}}"#)).collect();
        let record = format!(
            r#"{{"cveMetadata":{{"cveId":"CVE-2099-0003","state":"PUBLISHED"}},
                "containers":{{"cna":{{"problemTypes":[{}],"references":[{}]}}}}}}"#,
            cwes.join(","),
            links.join(",")
        );
        let text = read(&FEED, "CVE-2099-0003.json", record.as_bytes()).unwrap().render();
        assert_eq!(text.matches("CWE-").count(), CWES_KEPT_MAX);
        assert_eq!(text.matches("https://").count(), REFERENCES_KEPT_MAX);
    }
}
