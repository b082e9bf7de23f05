//! Reads the definitions.

use std::collections::BTreeMap;

use yagura_model::{AffectedRange, FeedId, RangeEnd, ReleaseKey, Statement, StatementState, Urgency};

use super::{ID, MARINER_2};
use crate::catalogue::{Entry, ParseError, Sink};
use crate::language::state::state;
use crate::oval_xml::{Claim, Definition, Operation, Tables, for_each_claim, for_each_definition};
use crate::reading;

const FORMAT: &str = "Azure Linux OVAL";
const NOT_APPLICABLE: &str = "the flaw never was or no longer is in this package";

/// A source package and a flaw.
type About = (String, String);

/// What is known of them.
#[derive(Debug, Default)]
struct Told {
    ranges: Vec<AffectedRange>,
    urgency: Urgency,
}

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let tables = Tables::read(entry)?;
    if let Some(date) = tables.timestamp().and_then(reading::timestamp) {
        sink.data_date(date);
    }
    let release = match entry.document {
        MARINER_2 => ReleaseKey::new("mariner", "2.0"),
        _ => ReleaseKey::new("azurelinux", "3.0"),
    };
    sink.release(release.clone());
    let mut told: BTreeMap<About, Told> = BTreeMap::new();
    let mut definitions = 0_u64;
    for_each_definition(entry, &mut |definition| {
        definitions += 1;
        sink.record();
        match definition {
            Ok(definition) => {
                if let Err(why) = take(&definition, &tables, &mut told) {
                    sink.rejected(&reading::text(&definition.id, reading::NOTE_BYTES_MAX), why);
                }
            }
            Err(broken) => sink.rejected(&reading::text(&broken.record, reading::NOTE_BYTES_MAX), broken.why),
        }
    })?;
    if definitions == 0 {
        return Err(ParseError::Malformed {
            entry: entry.name.to_owned(),
            format: FORMAT,
            at: String::new(),
            why: "it has no definitions".to_owned(),
        });
    }
    for ((package, vulnerability), told) in told {
        let unaffected = told.ranges.is_empty();
        sink.statement(Statement {
            feed: FeedId::new(ID),
            release: release.clone(),
            package,
            vulnerability,
            state: if unaffected { StatementState::NotAffected } else { state(told.ranges) },
            urgency: told.urgency,
            note: unaffected.then(|| NOT_APPLICABLE.to_owned()),
            ..Statement::default()
        });
    }
    Ok(())
}

fn take(definition: &Definition, tables: &Tables, told: &mut BTreeMap<About, Told>) -> Result<(), &'static str> {
    let mut flaws = definition.references.iter().filter_map(|reference| reading::cve_id(&reference.id));
    let (Some(flaw), None) = (flaws.next(), flaws.next()) else { return Err("not about one CVE") };
    let criteria = definition.criteria.as_ref().ok_or("it has no criteria")?;
    let mut ranges: Vec<(String, AffectedRange)> = Vec::new();
    let mut wrong = None;
    for_each_claim(criteria, tables, &mut |claim, _| match (range(claim), reading::package(claim.package)) {
        (Ok(range), Some(package)) => ranges.push((package.to_owned(), range)),
        (Ok(_), None) => wrong = Some("not a package name"),
        (Err(why), _) => wrong = Some(why),
    });
    if let Some(why) = wrong {
        return Err(why);
    }
    if ranges.is_empty() {
        return Err("it names no package");
    }
    let applicable = definition.patchable != "Not Applicable";
    for (package, range) in ranges {
        // Two definitions of one flaw in one package are each right about their versions.
        let told = told.entry((package, flaw.to_owned())).or_default();
        told.urgency = told.urgency.max(urgency(&definition.severity));
        if applicable && !told.ranges.contains(&range) {
            told.ranges.push(range);
        }
    }
    Ok(())
}

fn range(claim: &Claim<'_>) -> Result<AffectedRange, &'static str> {
    let introduced = match claim.after {
        Some((_, version)) => Some(evr(version)?),
        None => None,
    };
    // `0.0.0.azl3` stands for the version before the first.
    let introduced = introduced.filter(|version| !version.starts_with("0.0.0."));
    let end = match (claim.before, claim.otherwise) {
        (Some(version), _) => RangeEnd::Fixed(evr(version)?),
        (None, Some((Operation::LessThanOrEqual, version))) => RangeEnd::LastAffected(evr(version)?),
        (None, None) => RangeEnd::Open,
        (None, Some(_)) => return Err("it compares versions in an unknown way"),
    };
    Ok(AffectedRange { introduced, end })
}

/// Returns a version without the epoch 0 that every one of them carries.
fn evr(text: &str) -> Result<String, &'static str> {
    // Some have a space behind the epoch.
    let version = text.strip_prefix("0:").unwrap_or(text).trim();
    let version = reading::version(version).ok_or("its version is not a version")?;
    // `null.cm2`: nobody knows; `1.17.13-2,1.18.8-2`: one for each line of upstream's.
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("its version is not a version");
    }
    if version.contains(',') {
        return Err("several fixed versions");
    }
    Ok(version.to_owned())
}

fn urgency(word: &str) -> Urgency {
    match word {
        "Critical" => Urgency::Critical,
        "High" => Urgency::High,
        "Medium" => Urgency::Medium,
        "Low" => Urgency::Low,
        _ => Urgency::NotAssigned,
    }
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::{Recorder, read};

    const FIXTURE: &str = include_str!("../../fixtures/azurelinux-oval/azurelinux-3.0-oval.xml");

    #[test]
    fn reads_every_shape_of_the_fixture() {
        let recorder = read(&FEED, "azurelinux-3.0-oval.xml", FIXTURE.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 9
        date 2099-01-31T13:05:27.341285907Z
        release azurelinux:3.0
        rejected oval:com.microsoft.azurelinux:def:6: several fixed versions
        rejected oval:com.microsoft.azurelinux:def:7: its version is not a version
        rejected oval:com.microsoft.azurelinux:def:8: not about one CVE
        rejected oval:com.microsoft.azurelinux:def:9: it names no package
        azurelinux:3.0 demo-lib CVE-2099-0001 fixed 1.2.3-4.azl3 (high)
        azurelinux:3.0 demo-tool CVE-2099-0003 affected [.., 2.0-1.azl3] (low)
        azurelinux:3.0 demo-tool CVE-2099-0004 not-affected (high) "the flaw never was or no longer is in this package"
        azurelinux:3.0 golang CVE-2099-0002 affected [.., 1.20.7-1.azl3) [1.21.0-1.azl3, 1.21.2-1.azl3) (critical)
        "#);
    }

    #[test]
    fn the_document_names_the_release() {
        let mut recorder = Recorder::default();
        parse(&Entry { document: MARINER_2, name: "t", bytes: FIXTURE.as_bytes() }, &mut recorder).unwrap();
        assert!(recorder.lines.contains(&"release mariner:2.0".to_owned()));
    }

    #[test]
    fn refuses_what_ends_early_or_is_empty() {
        for cut in (0..FIXTURE.trim_end().len()).step_by(7) {
            assert!(read(&FEED, "t", &FIXTURE.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        assert!(read(&FEED, "t", b"<oval_definitions><definitions/></oval_definitions>").is_err());
    }
}
