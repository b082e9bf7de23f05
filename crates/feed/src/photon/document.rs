//! Reads the list of one release.

use serde::Deserialize;
use serde_json::value::RawValue;
use yagura_model::{FeedId, Names, ReleaseKey, Statement, StatementState, Urgency};

use super::ID;
use crate::catalogue::{Entry, ParseError, Sink};
use crate::json::{List, Str, malformed, reason};
use crate::reading::{self, ID_BYTES_MAX};

const FORMAT: &str = "Photon CVE metadata";

/// The most rows; there are 40,000 for a release.
const ROWS_MAX: usize = 2_000_000;

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    cve_id: Str<'a>,
    #[serde(borrow)]
    pkg: Str<'a>,
    #[serde(default)]
    cve_score: Option<f64>,
    #[serde(borrow, default)]
    res_ver: Option<Str<'a>>,
    #[serde(borrow)]
    status: Str<'a>,
}

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let rows: List<&RawValue, ROWS_MAX> =
        serde_json::from_slice(entry.bytes).map_err(|error| malformed(entry.name, FORMAT, &error))?;
    let malformed = |why: &str| ParseError::Malformed {
        entry: entry.name.to_owned(),
        format: FORMAT,
        at: String::new(),
        why: why.to_owned(),
    };
    if rows.over {
        let limit = ROWS_MAX.try_into().unwrap_or(u64::MAX);
        return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "rows", limit });
    }
    if rows.items.is_empty() {
        return Err(malformed("it has no rows"));
    }
    let number = entry.document.strip_prefix("cve_data_photon").and_then(|rest| rest.strip_suffix(".json"));
    let number = number.ok_or_else(|| malformed("it is not the list of a release"))?;
    let release = ReleaseKey::new("photon", number);
    sink.release(release.clone());
    for (number, raw) in rows.items.iter().enumerate() {
        sink.record();
        match serde_json::from_str::<Row<'_>>(raw.get()) {
            Ok(row) => match statement(&row, &release) {
                Ok(statement) => sink.statement(statement),
                Err(why) => {
                    let record = format!("{} {}", &*row.pkg, &*row.cve_id);
                    sink.rejected(&reading::text(&record, reading::PACKAGE_BYTES_MAX), &why);
                }
            },
            Err(error) => sink.rejected(&format!("row {}", number + 1), &reason(&error)),
        }
    }
    Ok(())
}

fn statement(row: &Row<'_>, release: &ReleaseKey) -> Result<Statement, String> {
    let package = reading::package(&row.pkg).ok_or("not a package name")?;
    let flaw = flaw(&row.cve_id).ok_or("not the id of a flaw")?;
    let state = match &*row.status {
        "Fixed" => {
            let version = row.res_ver.as_deref().and_then(reading::version);
            let version = version.filter(|version| version.starts_with(|c: char| c.is_ascii_digit()));
            StatementState::Fixed(version.ok_or("fixed, but without a fixed version")?.to_owned())
        }
        "Not Affected" => StatementState::NotAffected,
        other => return Err(format!("unknown status `{}`", reading::text(other, ID_BYTES_MAX))),
    };
    Ok(Statement {
        feed: FeedId::new(ID),
        release: release.clone(),
        package: package.to_owned(),
        names: Names::Binary,
        vulnerability: flaw.to_owned(),
        state,
        urgency: urgency(row.cve_score.unwrap_or_default()),
        ..Statement::default()
    })
}

/// Returns a CVE or the id of another database (`BDSA-2025-13833`). `UNK-1` and `Re` are places
/// where an id should have been.
fn flaw(text: &str) -> Option<&str> {
    let other = |id: &&str| ["BDSA-", "GHSA-"].iter().any(|prefix| id.starts_with(prefix));
    reading::cve_id(text).or_else(|| reading::id(text).filter(other))
}

/// The bounds are those of CVSS 3.
fn urgency(score: f64) -> Urgency {
    match score {
        9.0.. => Urgency::Critical,
        7.0.. => Urgency::High,
        4.0.. => Urgency::Medium,
        0.1.. => Urgency::Low,
        _ => Urgency::NotAssigned,
    }
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::{Recorder, read};

    const FIXTURE: &str = include_str!("../../fixtures/photon/cve_data_photon1.0.json");

    #[test]
    fn reads_every_status_of_the_fixture() {
        let recorder = read(&FEED, "cve_data_photon1.0.json", FIXTURE.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r"
        record 8
        release photon:1.0
        photon:1.0 demo CVE-2099-0001 fixed 1.2-3.ph1 (critical) binary
        photon:1.0 demo-libs CVE-2099-0001 fixed 1.2-3.ph1 (critical) binary
        photon:1.0 demo BDSA-2099-13833 not-affected (medium) binary
        rejected demo UNK-1: not the id of a flaw
        rejected demo CVE-2099-0002: fixed, but without a fixed version
        rejected demo CVE-2099-0003: unknown status `Mended`
        rejected two words CVE-2099-0004: not a package name
        rejected row 8: missing field `cve_id`
        ");
    }

    #[test]
    fn the_document_names_the_release() {
        let mut recorder = Recorder::default();
        let entry = Entry { document: "cve_data_photon5.0.json", name: "t", bytes: FIXTURE.as_bytes() };
        parse(&entry, &mut recorder).unwrap();
        assert_eq!(recorder.lines.first().map(String::as_str), Some("release photon:5.0"));
    }

    #[test]
    fn refuses_what_ends_early_or_is_empty() {
        for cut in 0..FIXTURE.trim_end().len() {
            assert!(read(&FEED, "t", &FIXTURE.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        assert!(read(&FEED, "t", b"[]").is_err());
    }

    #[test]
    fn too_many_rows_are_refused() {
        let rows = vec!["0"; ROWS_MAX + 1].join(",");
        let error = read(&FEED, "t", format!("[{rows}]").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "`t` has more than 2000000 rows");
    }

    #[test]
    fn scores_are_gradings() {
        let graded = [9.8, 7.0, 4.0, 0.1, 0.0, f64::NAN].map(urgency);
        let expected = [
            Urgency::Critical,
            Urgency::High,
            Urgency::Medium,
            Urgency::Low,
            Urgency::NotAssigned,
            Urgency::NotAssigned,
        ];
        assert_eq!(graded, expected);
    }
}
