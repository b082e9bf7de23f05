//! Reads the list of groups.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map;

use serde::Deserialize;
use serde_json::value::RawValue;
use yagura_model::{FeedId, Names, ReleaseKey, Statement, StatementState, Urgency};
use yagura_version::Scheme;

use super::ID;
use crate::catalogue::{Entry, ParseError, Sink};
use crate::json::{List, Str, malformed, reason};
use crate::reading;

const FORMAT: &str = "Arch tracker JSON";

/// The most groups; there are 2,500 in 2025.
const GROUPS_MAX: usize = 200_000;
/// The most packages of one group; real ones have under 20.
const PACKAGES_MAX: usize = 1_000;
/// The most flaws of one group; kernels have 80.
const ISSUES_MAX: usize = 10_000;
/// The most advisories of one group.
const ADVISORIES_MAX: usize = 256;

const TESTING: &str = "the fixed package is in the testing repositories";
const NOT_BUILT: &str = "the fixed package is not built yet";
const UNDECIDED: &str = "nobody has found out yet whether versions before the fixed one are affected";

#[derive(Deserialize)]
struct Group<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    packages: List<Str<'a>, PACKAGES_MAX>,
    #[serde(borrow)]
    status: Str<'a>,
    #[serde(borrow, default)]
    severity: Option<Str<'a>>,
    #[serde(borrow, default)]
    fixed: Option<Str<'a>>,
    #[serde(borrow)]
    issues: List<Str<'a>, ISSUES_MAX>,
    #[serde(borrow, default)]
    advisories: List<Str<'a>, ADVISORIES_MAX>,
}

/// What a group says of each of its flaws in each of its packages.
#[derive(Debug, Clone)]
struct Verdict {
    state: StatementState,
    urgency: Urgency,
    note: Option<&'static str>,
    advisories: Vec<String>,
}

/// A package and a flaw.
type About = (String, String);

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let groups: List<&RawValue, GROUPS_MAX> =
        serde_json::from_slice(entry.bytes).map_err(|error| malformed(entry.name, FORMAT, &error))?;
    if groups.over {
        let limit = GROUPS_MAX.try_into().unwrap_or(u64::MAX);
        return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "groups", limit });
    }
    if groups.items.is_empty() {
        return Err(ParseError::Malformed {
            entry: entry.name.to_owned(),
            format: FORMAT,
            at: String::new(),
            why: "it has no groups".to_owned(),
        });
    }
    let release = ReleaseKey::new("arch", "rolling");
    sink.release(release.clone());
    let mut verdicts: BTreeMap<About, Verdict> = BTreeMap::new();
    for (number, raw) in groups.items.iter().enumerate() {
        sink.record();
        match serde_json::from_str::<Group<'_>>(raw.get()) {
            Ok(group) => read_group(&group, &mut verdicts, sink),
            Err(error) => sink.rejected(&format!("group {}", number + 1), &reason(&error)),
        }
    }
    for ((package, vulnerability), verdict) in verdicts {
        sink.statement(Statement {
            feed: FeedId::new(ID),
            release: release.clone(),
            package,
            names: Names::Binary,
            vulnerability,
            state: verdict.state,
            urgency: verdict.urgency,
            note: verdict.note.map(str::to_owned),
            advisories: verdict.advisories,
            ..Statement::default()
        });
    }
    Ok(())
}

fn read_group(group: &Group<'_>, verdicts: &mut BTreeMap<About, Verdict>, sink: &mut dyn Sink) {
    let name = reading::text(&group.name, reading::ID_BYTES_MAX);
    if group.packages.over || group.issues.over || group.advisories.over {
        sink.rejected(&name, "more packages, issues or advisories than are read");
    }
    let verdict = match read_verdict(group) {
        Ok(verdict) => verdict,
        Err(why) => {
            sink.rejected(&name, &why);
            return;
        }
    };
    for package in &group.packages.items {
        let Some(package) = reading::package(package) else {
            sink.rejected(&name, "not a package name");
            continue;
        };
        for issue in &group.issues.items {
            let Some(flaw) = reading::cve_id(issue) else {
                sink.rejected(&format!("{name} {}", reading::text(issue, reading::ID_BYTES_MAX)), "not a CVE id");
                continue;
            };
            match verdicts.entry((package.to_owned(), flaw.to_owned())) {
                btree_map::Entry::Vacant(new) => {
                    new.insert(verdict.clone());
                }
                btree_map::Entry::Occupied(mut known) => known.get_mut().join(verdict.clone()),
            }
        }
    }
}

fn read_verdict(group: &Group<'_>) -> Result<Verdict, String> {
    let fixed = match group.fixed.as_deref() {
        Some(version) => Some(reading::version(version).ok_or("its fixed version is not a version")?),
        None => None,
    };
    let before = |version: &str| StatementState::Fixed(version.to_owned());
    let (state, note) = match (&*group.status, fixed) {
        ("Not affected", _) => (StatementState::NotAffected, None),
        ("Fixed", Some(version)) => (before(version), None),
        ("Testing", Some(version)) => (before(version), Some(TESTING)),
        ("Vulnerable", Some(version)) => (before(version), Some(NOT_BUILT)),
        ("Unknown", Some(version)) => (before(version), Some(UNDECIDED)),
        ("Vulnerable", None) => (StatementState::Open, None),
        ("Unknown", None) => (StatementState::UnderInvestigation, None),
        ("Fixed" | "Testing", None) => return Err("fixed, but without a fixed version".to_owned()),
        (other, _) => return Err(format!("unknown status `{}`", reading::text(other, reading::ID_BYTES_MAX))),
    };
    let urgency = match group.severity.as_deref() {
        Some("Critical") => Urgency::Critical,
        Some("High") => Urgency::High,
        Some("Medium") => Urgency::Medium,
        Some("Low") => Urgency::Low,
        _ => Urgency::NotAssigned,
    };
    let advisories = group.advisories.items.iter().map(|advisory| &**advisory).chain([&*group.name]);
    let advisories = advisories.filter_map(reading::id).map(str::to_owned).collect();
    Ok(Verdict { state, urgency, note, advisories })
}

impl Verdict {
    /// Joins what another group says of the same flaw: the first repair was not whole, so the
    /// graver verdict counts.
    fn join(&mut self, other: Self) {
        let graver = match (&other.state, &self.state) {
            (StatementState::Fixed(other), StatementState::Fixed(known)) => {
                Scheme::Alpm.compare(other, known) == Ordering::Greater
            }
            (other, known) => gravity(other) > gravity(known),
        };
        let advisories = other.advisories.clone();
        let known = std::mem::take(&mut self.advisories);
        if graver {
            *self = other;
        }
        self.advisories = known;
        for advisory in advisories {
            if !self.advisories.contains(&advisory) {
                self.advisories.push(advisory);
            }
        }
    }
}

const fn gravity(state: &StatementState) -> u8 {
    match state {
        StatementState::Open => 3,
        StatementState::Fixed(_) => 2,
        StatementState::UnderInvestigation => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::read;

    const FIXTURE: &str = include_str!("../../fixtures/arch/all.json");

    #[test]
    fn reads_every_status_of_the_fixture() {
        let recorder = read(&FEED, "all.json", FIXTURE.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 12
        release arch:rolling
        rejected AVG-9: fixed, but without a fixed version
        rejected AVG-10: not a package name
        rejected AVG-10 CVE-99: not a CVE id
        rejected AVG-11: unknown status `Mended`
        rejected group 12: missing field `packages`
        arch:rolling broken CVE-2099-0004 open (medium) binary AVG-4
        arch:rolling demo CVE-2099-0001 fixed 1:1.10-1 (low) binary ASA-209901-1 AVG-1 ASA-209902-1 AVG-2
        arch:rolling demo CVE-2099-0002 fixed 1:1.9-1 (critical) binary ASA-209901-1 AVG-1
        arch:rolling lib32-demo CVE-2099-0001 fixed 1:1.9-1 (critical) binary ASA-209901-1 AVG-1
        arch:rolling lib32-demo CVE-2099-0002 fixed 1:1.9-1 (critical) binary ASA-209901-1 AVG-1
        arch:rolling puzzling CVE-2099-0006 fixed 2.1-1 (not yet assigned) binary "nobody has found out yet whether versions before the fixed one are affected" AVG-6 AVG-7
        arch:rolling puzzling CVE-2099-0007 fixed 2.1-1 (not yet assigned) binary "nobody has found out yet whether versions before the fixed one are affected" AVG-7
        arch:rolling sound CVE-2099-0008 not-affected (high) binary AVG-8
        arch:rolling tested CVE-2099-0003 fixed 2.1-1 (high) binary "the fixed package is in the testing repositories" AVG-3
        arch:rolling unbuilt CVE-2099-0005 fixed 2.1-1 (medium) binary "the fixed package is not built yet" AVG-5
        "#);
    }

    #[test]
    fn refuses_what_ends_early_or_is_empty() {
        for cut in 0..FIXTURE.trim_end().len() {
            assert!(read(&FEED, "t", &FIXTURE.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        assert!(read(&FEED, "t", b"[]").is_err());
        assert!(read(&FEED, "t", b"{}").is_err());
    }

    #[test]
    fn too_many_groups_are_refused() {
        let groups = vec!["0"; GROUPS_MAX + 1].join(",");
        let error = read(&FEED, "t", format!("[{groups}]").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "`t` has more than 200000 groups");
    }

    #[test]
    fn too_many_packages_are_said() {
        let packages = vec![r#""demo""#; PACKAGES_MAX + 1].join(",");
        let group = format!(r#"[{{"name":"AVG-1","packages":[{packages}],"status":"Vulnerable","issues":[]}}]"#);
        let lines = read(&FEED, "t", group.as_bytes()).unwrap().lines;
        assert_eq!(lines.last().unwrap(), "rejected AVG-1: more packages, issues or advisories than are read");
    }
}
