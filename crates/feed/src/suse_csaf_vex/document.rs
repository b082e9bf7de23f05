//! Reads one VEX document.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use yagura_model::{CvssVector, CvssVersion, FeedId, Names, ReleaseKey, Statement, StatementState, Vulnerability};

use super::ID;
use crate::catalogue::{Entry, ParseError, Sink};
use crate::json::{List, Str, malformed};
use crate::reading;
use crate::rpm_family::words;
use crate::suse;

const FORMAT: &str = "CSAF VEX document";

/// The most bytes of one document. Those of the kernel have some megabytes.
const DOCUMENT_BYTES_MAX: usize = 16 << 20;
/// The most products in one list.
const PRODUCTS_MAX: usize = 262_144;
/// The most flaws of one document; there is one.
const FLAWS_MAX: usize = 64;
/// The most scores, threats and remediations of one flaw.
const LIST_MAX: usize = 1_024;
/// The longest CVSS vector, in bytes.
const VECTOR_BYTES_MAX: usize = 256;
/// The most reasons that one document is told to be rejected for.
const REASONS_MAX: usize = 64;

#[derive(Deserialize)]
struct Vex<'a> {
    #[serde(borrow)]
    document: Document<'a>,
    #[serde(borrow, default)]
    vulnerabilities: List<Flaw<'a>, FLAWS_MAX>,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    aggregate_severity: Option<Text<'a>>,
    #[serde(borrow, default)]
    tracking: Option<Tracking<'a>>,
}

#[derive(Deserialize)]
struct Text<'a> {
    #[serde(borrow)]
    text: Str<'a>,
}

#[derive(Deserialize)]
struct Tracking<'a> {
    #[serde(borrow, default)]
    current_release_date: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Flaw<'a> {
    #[serde(borrow, default)]
    cve: Str<'a>,
    #[serde(borrow, default)]
    product_status: Option<Status<'a>>,
    #[serde(borrow, default)]
    scores: List<Score<'a>, LIST_MAX>,
    #[serde(borrow, default)]
    threats: List<Threat<'a>, LIST_MAX>,
    #[serde(borrow, default)]
    remediations: List<Remediation<'a>, LIST_MAX>,
}

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(borrow, default)]
    known_affected: List<Str<'a>, PRODUCTS_MAX>,
    #[serde(borrow, default)]
    under_investigation: List<Str<'a>, PRODUCTS_MAX>,
}

#[derive(Deserialize)]
struct Score<'a> {
    #[serde(borrow, default)]
    cvss_v3: Option<Vector<'a>>,
}

#[derive(Deserialize)]
struct Vector<'a> {
    #[serde(borrow, rename = "vectorString")]
    vector: Str<'a>,
}

#[derive(Deserialize)]
struct Threat<'a> {
    #[serde(borrow)]
    category: Str<'a>,
    #[serde(borrow, default)]
    details: Str<'a>,
}

#[derive(Deserialize)]
struct Remediation<'a> {
    #[serde(borrow)]
    category: Str<'a>,
    #[serde(borrow, default)]
    product_ids: List<Str<'a>, PRODUCTS_MAX>,
}

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    // Signatures, digests and lists lie beside the documents.
    if !entry.name.ends_with(".json") {
        return Ok(());
    }
    if entry.bytes.len() > DOCUMENT_BYTES_MAX {
        let limit = DOCUMENT_BYTES_MAX.try_into().unwrap_or(u64::MAX);
        return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "bytes", limit });
    }
    let vex: Vex<'_> = serde_json::from_slice(entry.bytes).map_err(|error| malformed(entry.name, FORMAT, &error))?;
    sink.record();
    let modified = vex.document.tracking.as_ref().and_then(|tracking| tracking.current_release_date.as_deref());
    let modified = modified.and_then(reading::timestamp);
    if let Some(modified) = modified {
        sink.data_date(modified);
    }
    for flaw in &vex.vulnerabilities.items {
        let Some(id) = reading::cve_id(&flaw.cve) else {
            sink.rejected(&reading::text(&flaw.cve, reading::ID_BYTES_MAX), "not the id of a flaw");
            continue;
        };
        read_flaw(id, flaw, &vex.document, sink);
        let mut cvss: Vec<CvssVector> = Vec::new();
        for vector in flaw.scores.items.iter().filter_map(|score| vector(&score.cvss_v3.as_ref()?.vector)) {
            if !cvss.contains(&vector) {
                cvss.push(vector);
            }
        }
        // The text is NVD's, and there are better sources of it.
        sink.vulnerability(Vulnerability { id: id.to_owned(), cvss, modified, ..Vulnerability::default() });
    }
    Ok(())
}

/// A package of a release: in the channel that `None` comes before.
type About<'a> = (ReleaseKey, &'a str, Option<String>);

fn read_flaw(id: &str, flaw: &Flaw<'_>, document: &Document<'_>, sink: &mut dyn Sink) {
    let Some(status) = &flaw.product_status else { return };
    let no_fix: BTreeSet<&str> = flaw
        .remediations
        .items
        .iter()
        .filter(|remediation| &*remediation.category == "no_fix_planned")
        .flat_map(|remediation| remediation.product_ids.items.iter().map(|product| &**product))
        .collect();
    let mut rows: BTreeMap<About<'_>, StatementState> = BTreeMap::new();
    let mut refused: BTreeSet<String> = BTreeSet::new();
    if status.known_affected.over || status.under_investigation.over {
        refused.insert("it has more products than are read".to_owned());
    }
    let affected = status.known_affected.items.iter().map(|product| (product, StatementState::Open));
    let unknown = status.under_investigation.items.iter().map(|product| (product, StatementState::UnderInvestigation));
    for (product, state) in unknown.chain(affected) {
        let state = if no_fix.contains(&**product) { StatementState::WillNotFix } else { state };
        match read_product(product) {
            Ok((places, package)) => {
                rows.extend(places.into_iter().map(|place| ((place.release, package, place.channel), state.clone())));
            }
            Err(why) if refused.len() < REASONS_MAX => {
                refused.insert(why);
            }
            Err(_) => {}
        }
    }
    refused.iter().for_each(|why| sink.rejected(id, why));
    let impact = flaw.threats.items.iter().find(|threat| &*threat.category == "impact").map(|threat| &*threat.details);
    let severity = impact.or_else(|| document.aggregate_severity.as_ref().map(|severity| &*severity.text));
    let urgency = words::urgency(severity.unwrap_or_default());
    // What a channel repeats of the release's ordinary products is left out; those sort before it.
    let mut ordinary: Option<(&ReleaseKey, &str, &StatementState)> = None;
    for ((release, package, channel), state) in &rows {
        if channel.is_none() {
            ordinary = Some((release, package, state));
        } else if ordinary == Some((release, package, state)) {
            continue;
        }
        sink.statement(Statement {
            feed: FeedId::new(ID),
            release: release.clone(),
            package: (*package).to_owned(),
            names: Names::Binary,
            channel: channel.clone(),
            vulnerability: id.to_owned(),
            state: state.clone(),
            urgency,
            ..Statement::default()
        });
    }
}

/// Reads `SUSE Linux Enterprise Server 15 SP3:kernel-default`. Beside packages a list may name the
/// product itself; that says nothing of a package.
fn read_product(product: &str) -> Result<(Vec<suse::SusePlace>, &str), String> {
    let (product, package) = product.rsplit_once(':').unwrap_or((product, ""));
    let places = suse::places(product).ok_or_else(|| format!("unknown product `{}`", reading::text(product, 200)))?;
    if package.is_empty() || words::is_debug_symbols(package) {
        return Ok((Vec::new(), ""));
    }
    Ok((places, reading::package(package).ok_or("not a package name")?))
}

fn vector(text: &str) -> Option<CvssVector> {
    let text = reading::word(text.trim(), VECTOR_BYTES_MAX)?;
    let version = match text.split_once('/')?.0 {
        "CVSS:3.1" => CvssVersion::V3_1,
        "CVSS:3.0" => CvssVersion::V3_0,
        _ => return None,
    };
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.".contains(&byte));
    plain.then(|| CvssVector { version, vector: text.to_owned(), source: FeedId::new(ID) })
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::read;

    const FIXTURE: &str = include_str!("../../fixtures/suse-csaf-vex/cve-2099-0001.json");
    const NAME: &str = "csaf-vex/cve-2099-0001.json";

    #[test]
    fn what_is_not_fixed_is_told() {
        insta::assert_snapshot!(read(&FEED, NAME, FIXTURE.as_bytes()).unwrap().render(), @r"
        record 1
        date 2099-01-31T03:43:57Z
        rejected CVE-2099-0001: not a package name
        rejected CVE-2099-0001: unknown product `SUSE Imagined Product 1`
        opensuse:15.6 demo-lib CVE-2099-0001 under-investigation (medium) binary
        suse:12.5 demo-lib CVE-2099-0001 open (medium) binary channel LTSS
        suse:12.5 demo-old CVE-2099-0001 will-not-fix (medium) binary
        suse:15.5 demo-lib CVE-2099-0001 open (medium) binary
        flaw CVE-2099-0001 cvss 3.1 CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H modified 2099-01-31T03:43:57Z
        ");
    }

    #[test]
    fn only_documents_are_read() {
        for name in ["csaf-vex/cve-2099-0001.json.asc", "csaf-vex/index.txt", "csaf-vex/changes.csv"] {
            assert_eq!(read(&FEED, name, b"\xff").unwrap().render(), "record 0\n");
        }
        let odd = read(&FEED, NAME, br#"{"document":{},"vulnerabilities":[{"cve":"unknown"}]}"#).unwrap();
        assert_eq!(odd.render(), "record 1\nrejected unknown: not the id of a flaw\n");
    }

    #[test]
    fn refuses_what_ends_early() {
        for cut in 0..FIXTURE.trim_end().len() {
            assert!(read(&FEED, NAME, &FIXTURE.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn every_bound_is_reached() {
        let error = read(&FEED, NAME, &vec![b' '; DOCUMENT_BYTES_MAX + 1]).map(|_| ()).unwrap_err().to_string();
        assert_eq!(error, "`csaf-vex/cve-2099-0001.json` has more than 16777216 bytes");
        let flaw = |products: &str| {
            let text = format!(
                r#"{{"document":{{}},"vulnerabilities":[{{"cve":"CVE-2099-0001","product_status":{{"known_affected":[{products}]}}}}]}}"#
            );
            read(&FEED, NAME, text.as_bytes()).unwrap().render()
        };
        let many = vec![r#""openSUSE Tumbleweed:demo""#; PRODUCTS_MAX + 1].join(",");
        let lines = flaw(&many);
        assert!(lines.contains("rejected CVE-2099-0001: it has more products than are read"), "{lines}");
        assert_eq!(lines.matches("opensuse:tumbleweed demo").count(), 1);
        let unknown: Vec<String> = (0..=REASONS_MAX).map(|n| format!(r#""Product {n}:demo""#)).collect();
        assert_eq!(flaw(&unknown.join(",")).matches("unknown product").count(), REASONS_MAX);
    }
}
