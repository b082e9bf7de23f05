//! Reads a feed of version 2.0, or a page of the API of that version.

use serde::Deserialize;
use serde_json::value::RawValue;
use yagura_model::{Reference, ReferenceKind, Vulnerability};

use super::{ID, old};
use crate::catalogue::{Entry, ParseError, Sink};
use crate::cvss;
use crate::json::{List, Str, malformed, reason};
use crate::reading::{self, DESCRIPTION_BYTES_MAX, ID_BYTES_MAX};

const FORMAT: &str = "NVD JSON";

/// The most flaws of one document; a year has 45,000.
pub(super) const FLAWS_MAX: usize = 1_000_000;
/// The most entries that are read in one list of a flaw.
pub(super) const ENTRIES_MAX: usize = 1_024;
/// The most references that are kept of one flaw.
const REFERENCES_KEPT_MAX: usize = 64;

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    timestamp: Option<Str<'a>>,
    #[serde(borrow, default)]
    vulnerabilities: Option<List<&'a RawValue, FLAWS_MAX>>,
    #[serde(borrow, default, rename = "CVE_Items")]
    items: Option<List<&'a RawValue, FLAWS_MAX>>,
    #[serde(borrow, default, rename = "CVE_data_timestamp")]
    data_timestamp: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    cve: Cve<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cve<'a> {
    #[serde(borrow)]
    id: Str<'a>,
    #[serde(borrow, default)]
    published: Option<Str<'a>>,
    #[serde(borrow, default)]
    last_modified: Option<Str<'a>>,
    #[serde(borrow, default)]
    descriptions: List<InLanguage<'a>, ENTRIES_MAX>,
    #[serde(borrow, default)]
    metrics: Metrics<'a>,
    #[serde(borrow, default)]
    weaknesses: List<Weakness<'a>, ENTRIES_MAX>,
    #[serde(borrow, default)]
    references: List<Link<'a>, ENTRIES_MAX>,
}

/// A text in a language; kinds of weakness come in this shape as well.
#[derive(Deserialize)]
pub(super) struct InLanguage<'a> {
    #[serde(borrow, default)]
    pub(super) lang: Str<'a>,
    #[serde(borrow)]
    pub(super) value: Str<'a>,
}

#[derive(Deserialize, Default)]
struct Metrics<'a> {
    #[serde(borrow, default, rename = "cvssMetricV40")]
    v4: List<Metric<'a>, ENTRIES_MAX>,
    #[serde(borrow, default, rename = "cvssMetricV31")]
    v3_1: List<Metric<'a>, ENTRIES_MAX>,
    #[serde(borrow, default, rename = "cvssMetricV30")]
    v3_0: List<Metric<'a>, ENTRIES_MAX>,
    #[serde(borrow, default, rename = "cvssMetricV2")]
    v2: List<Metric<'a>, ENTRIES_MAX>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric<'a> {
    #[serde(borrow)]
    cvss_data: Score<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Score<'a> {
    #[serde(borrow)]
    pub(super) vector_string: Str<'a>,
}

#[derive(Deserialize)]
struct Weakness<'a> {
    #[serde(borrow, default)]
    description: List<InLanguage<'a>, ENTRIES_MAX>,
}

#[derive(Deserialize)]
pub(super) struct Link<'a> {
    #[serde(borrow)]
    pub(super) url: Str<'a>,
    #[serde(borrow, default)]
    pub(super) tags: List<Str<'a>, ENTRIES_MAX>,
}

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let document: Document<'_> =
        serde_json::from_slice(entry.bytes).map_err(|error| malformed(entry.name, FORMAT, &error))?;
    let date = document.timestamp.as_deref().or(document.data_timestamp.as_deref());
    if let Some(date) = date.and_then(reading::moment_of_record) {
        sink.data_date(date);
    }
    let (flaws, read) = match (document.vulnerabilities, document.items) {
        (Some(flaws), _) => (flaws, READ_NEW),
        (None, Some(flaws)) => (flaws, READ_OLD),
        (None, None) => {
            return Err(ParseError::Malformed {
                entry: entry.name.to_owned(),
                format: FORMAT,
                at: String::new(),
                why: "it has no list of vulnerabilities".to_owned(),
            });
        }
    };
    if flaws.over {
        let limit = FLAWS_MAX.try_into().unwrap_or(u64::MAX);
        return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "vulnerabilities", limit });
    }
    for (number, raw) in flaws.items.iter().enumerate() {
        sink.record();
        match read(raw) {
            Ok(told) => take(&told, sink),
            Err(why) => sink.rejected(&format!("vulnerability {}", number + 1), &why),
        }
    }
    Ok(())
}

/// Reads a flaw of one version.
type Reader = fn(&RawValue) -> Result<Told<'_>, String>;
const READ_NEW: Reader = read_new;
const READ_OLD: Reader = old::read;

/// What either version says of a flaw.
pub(super) struct Told<'a> {
    pub(super) id: Str<'a>,
    pub(super) published: Option<Str<'a>>,
    pub(super) modified: Option<Str<'a>>,
    pub(super) descriptions: List<InLanguage<'a>, ENTRIES_MAX>,
    pub(super) vectors: Vec<Str<'a>>,
    pub(super) weaknesses: Vec<Str<'a>>,
    pub(super) references: List<Link<'a>, ENTRIES_MAX>,
}

fn read_new(raw: &RawValue) -> Result<Told<'_>, String> {
    let Wrapped { cve } = serde_json::from_str(raw.get()).map_err(|error| reason(&error))?;
    let Metrics { v4, v3_1, v3_0, v2 } = cve.metrics;
    let metrics = [v4, v3_1, v3_0, v2].into_iter().flat_map(|list| list.items);
    let weaknesses = cve.weaknesses.items.into_iter().flat_map(|weakness| weakness.description.items);
    Ok(Told {
        id: cve.id,
        published: cve.published,
        modified: cve.last_modified,
        descriptions: cve.descriptions,
        vectors: metrics.map(|metric| metric.cvss_data.vector_string).collect(),
        weaknesses: weaknesses.map(|text| text.value).collect(),
        references: cve.references,
    })
}

fn take(told: &Told<'_>, sink: &mut dyn Sink) {
    let Some(id) = reading::cve_id(&told.id) else {
        sink.rejected(&reading::text(&told.id, ID_BYTES_MAX), "not a CVE id");
        return;
    };
    let english = told.descriptions.items.iter().find(|text| &*text.lang == "en").map_or("", |text| &text.value);
    let date = |text: &Option<Str<'_>>| text.as_deref().and_then(reading::moment_of_record);
    let mut flaw = Vulnerability {
        id: id.to_owned(),
        description: reading::text(english, DESCRIPTION_BYTES_MAX),
        published: date(&told.published),
        modified: date(&told.modified),
        ..Vulnerability::default()
    };
    for text in &told.vectors {
        match cvss::vector(text, ID) {
            Some(vector) if flaw.cvss.contains(&vector) => {}
            Some(vector) => flaw.cvss.push(vector),
            None => sink.rejected(id, "a score without a CVSS vector"),
        }
    }
    for cwe in told.weaknesses.iter().filter_map(|text| reading::cwe_id(text)) {
        if !flaw.cwes.contains(&cwe) {
            flaw.cwes.push(cwe);
        }
    }
    for reference in told.references.items.iter().filter_map(reference) {
        if flaw.references.len() < REFERENCES_KEPT_MAX && flaw.references.iter().all(|it| it.url != reference.url) {
            flaw.references.push(reference);
        }
    }
    sink.vulnerability(flaw);
}

fn reference(link: &Link<'_>) -> Option<Reference> {
    let tagged = |name: &str| link.tags.items.iter().any(|tag| &**tag == name);
    let kind = if tagged("Patch") {
        ReferenceKind::Fix
    } else if tagged("Exploit") {
        ReferenceKind::Evidence
    } else if tagged("Vendor Advisory") || tagged("Third Party Advisory") {
        ReferenceKind::Advisory
    } else if tagged("Issue Tracking") {
        ReferenceKind::Report
    } else if tagged("Technical Description") || tagged("Mailing List") || tagged("Press/Media Coverage") {
        ReferenceKind::Article
    } else {
        ReferenceKind::Web
    };
    reading::reference(kind, &link.url)
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::read;

    const PAGE: &str = include_str!("../../fixtures/nvd/nvdcve-2.0-2099.json");

    #[test]
    fn reads_text_scores_and_weaknesses() {
        let recorder = read(&FEED, "nvdcve-2.0-2099.json", PAGE.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 5
        date 2099-01-31T03:00:23.4065184Z
        flaw CVE-2099-0001 "An overflow." CWE-787 cvss 3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H cvss 2.0 AV:N/AC:L/Au:N/C:C/I:C/A:C Fix https://example.org/commit/1 Advisory https://example.org/advisory Evidence https://example.org/poc published 2099-01-01T04:00:00Z modified 2099-01-30T01:03:51.193Z
        flaw CVE-2099-0002 "Rejected reason: a duplicate."
        rejected VU#1: not a CVE id
        rejected CVE-2099-0003: a score without a CVSS vector
        flaw CVE-2099-0003
        rejected vulnerability 5: invalid type: string "broken", expected struct Cve
        "#);
    }

    #[test]
    fn the_feeds_of_before_are_read_too() {
        let feed = include_str!("../../fixtures/nvd/nvdcve-1.1-2099.json");
        let recorder = read(&FEED, "nvdcve-1.1-2099.json", feed.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 2
        date 2099-01-01T00:00:00Z
        flaw CVE-2099-0001 "A script." CWE-79 cvss 3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N cvss 2.0 AV:N/AC:M/Au:N/C:N/I:P/A:N Report https://example.org/1 published 2099-01-01T04:00:00Z modified 2099-01-02T03:19:00Z
        rejected vulnerability 2: missing field `ID`
        "#);
    }

    #[test]
    fn an_empty_page_is_a_page() {
        let page = br#"{"resultsPerPage":0,"vulnerabilities":[]}"#;
        assert_eq!(read(&FEED, "t", page).unwrap().render(), "record 0\n");
    }

    #[test]
    fn refuses_what_ends_early_or_is_something_else() {
        for cut in 0..PAGE.trim_end().len() {
            assert!(read(&FEED, "t", &PAGE.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        let error = read(&FEED, "t", b"{}").unwrap_err();
        assert_eq!(error.to_string(), "`t` is not a valid NVD JSON: it has no list of vulnerabilities");
    }

    #[test]
    fn too_many_flaws_are_refused() {
        let flaws = vec!["0"; FLAWS_MAX + 1].join(",");
        let error = read(&FEED, "t", format!(r#"{{"vulnerabilities":[{flaws}]}}"#).as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "`t` has more than 1000000 vulnerabilities");
    }
}
