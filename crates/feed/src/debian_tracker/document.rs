//! Reads the export: `{source: {issue: {description, debianbug, releases: {…}}}}`.
//!
//! The document has 70 MB, so it is walked, not loaded: one issue at a time is cut out as raw
//! text, borrowed, and read for itself. That also keeps a broken issue from taking the rest with
//! it; broken syntax, such as a download that ends early, refuses the whole document.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use yagura_model::{FeedId, Reference, ReferenceKind, ReleaseKey, Statement, Vulnerability};

use super::{ID, verdict};
use crate::catalogue::{Entry, ParseError, Sink};
use crate::debian::release_by_codename;
use crate::json::{Str, malformed, reason};
use crate::reading::{self, DESCRIPTION_BYTES_MAX};

const FORMAT: &str = "Debian tracker JSON";

/// The most issues, counted once per source package. There are about 100,000 in 2026.
const ISSUES_MAX: u64 = 2_000_000;
/// The most releases in one issue, and in the whole document. The tracker looks after five or
/// six at a time.
const RELEASES_MAX: usize = 32;

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    parse_bounded(entry, sink, ISSUES_MAX)
}

fn parse_bounded(entry: &Entry<'_>, sink: &mut dyn Sink, issues_max: u64) -> Result<(), ParseError> {
    let mut walk = Walk { sink, releases: BTreeMap::new(), issues: 0, issues_max };
    let mut deserializer = serde_json::Deserializer::from_slice(entry.bytes);
    let outcome = Sources(&mut walk).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    if walk.issues > issues_max {
        return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "issues", limit: issues_max });
    }
    outcome.map_err(|error| malformed(entry.name, FORMAT, &error))?;
    // An empty object is valid JSON, and a sign that the tracker is being rebuilt.
    if walk.issues == 0 {
        return Err(ParseError::Malformed {
            entry: entry.name.to_owned(),
            format: FORMAT,
            at: String::new(),
            why: "it has no issues".to_owned(),
        });
    }
    if let Some(date) = reading::date_in_name(entry.name) {
        walk.sink.data_date(date);
    }
    Ok(())
}

/// What is remembered while the document goes by.
struct Walk<'s> {
    sink: &'s mut dyn Sink,
    /// Releases met so far, by code name.
    releases: BTreeMap<String, ReleaseKey>,
    issues: u64,
    issues_max: u64,
}

/// One issue of one source package.
#[derive(Deserialize)]
struct Issue<'a> {
    #[serde(borrow, default)]
    description: Option<Str<'a>>,
    #[serde(default)]
    debianbug: Option<u64>,
    #[serde(borrow)]
    releases: Releases<'a>,
}

#[derive(Deserialize)]
struct InRelease<'a> {
    #[serde(borrow)]
    status: Str<'a>,
    #[serde(borrow, default)]
    fixed_version: Option<Str<'a>>,
    #[serde(borrow, default)]
    urgency: Option<Str<'a>>,
    #[serde(borrow, default)]
    nodsa: Option<Str<'a>>,
    #[serde(borrow, default)]
    nodsa_reason: Option<Str<'a>>,
}

/// The releases of one issue in the order of the document.
struct Releases<'a>(Vec<(Str<'a>, InRelease<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Releases<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ReleasesVisitor;
        impl<'de> Visitor<'de> for ReleasesVisitor {
            type Value = Releases<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of releases")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Releases<'de>, A::Error> {
                let mut releases = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    if releases.len() == RELEASES_MAX {
                        return Err(A::Error::custom(format_args!("more than {RELEASES_MAX} releases")));
                    }
                    releases.push(pair);
                }
                Ok(Releases(releases))
            }
        }
        deserializer.deserialize_map(ReleasesVisitor)
    }
}

/// Visits the outer object: source packages.
struct Sources<'w, 's>(&'w mut Walk<'s>);

impl<'de> DeserializeSeed<'de> for Sources<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Sources<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of source packages")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(source) = map.next_key::<Str<'de>>()? {
            map.next_value_seed(Issues { walk: self.0, source: &source })?;
        }
        Ok(())
    }
}

/// Visits one source package: its issues. Anything but an object is one rejected record.
struct Issues<'w, 's, 'k> {
    walk: &'w mut Walk<'s>,
    source: &'k str,
}

impl<'de> DeserializeSeed<'de> for Issues<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Issues<'_, '_, '_> {
    fn reject<E>(self) -> Result<(), E> {
        self.walk.sink.rejected(&reading::text(self.source, reading::PACKAGE_BYTES_MAX), "not an object of issues");
        Ok(())
    }
}

impl<'de> Visitor<'de> for Issues<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of issues")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(issue) = map.next_key::<Str<'de>>()? {
            let raw: &'de RawValue = map.next_value()?;
            self.walk.issues += 1;
            if self.walk.issues > self.walk.issues_max {
                return Err(A::Error::custom("too many issues"));
            }
            self.walk.issue(self.source, &issue, raw);
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.reject()
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.reject()
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.reject()
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.reject()
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.reject()
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.reject()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        self.reject()
    }
}

impl Walk<'_> {
    fn issue(&mut self, source: &str, issue: &str, raw: &RawValue) {
        self.sink.record();
        if let Err(why) = self.read_issue(source, issue, raw) {
            let record = reading::text(&format!("{source} {issue}"), reading::PACKAGE_BYTES_MAX);
            self.sink.rejected(&record, &why);
        }
    }

    fn read_issue(&mut self, source: &str, issue: &str, raw: &RawValue) -> Result<(), String> {
        let source = reading::package(source).ok_or("not a package name")?;
        let id = reading::flaw_id(issue).ok_or("not the id of a flaw")?;
        let document: Issue<'_> = serde_json::from_str(raw.get()).map_err(|error| reason(&error))?;
        for (codename, told) in &document.releases.0 {
            let outcome = self.read_release(source, id, codename, told);
            if let Err(why) = outcome {
                let record = reading::text(&format!("{source} {id} {}", &**codename), reading::PACKAGE_BYTES_MAX);
                self.sink.rejected(&record, &why);
            }
        }
        self.facts(id, &document);
        Ok(())
    }

    fn read_release(&mut self, source: &str, id: &str, codename: &str, told: &InRelease<'_>) -> Result<(), String> {
        let release = self.release(codename).ok_or("not the code name of a release")?;
        let verdict = verdict(
            &told.status,
            told.fixed_version.as_deref(),
            told.urgency.as_deref().unwrap_or_default(),
            told.nodsa.as_deref(),
            told.nodsa_reason.as_deref(),
        )?;
        self.sink.statement(Statement {
            feed: FeedId::new(ID),
            release,
            package: source.to_owned(),
            vulnerability: id.to_owned(),
            state: verdict.state,
            urgency: verdict.urgency,
            note: verdict.note,
            ..Statement::default()
        });
        Ok(())
    }

    /// Returns the key of a release and tells the sink of each once.
    fn release(&mut self, codename: &str) -> Option<ReleaseKey> {
        if let Some(known) = self.releases.get(codename) {
            return Some(known.clone());
        }
        let key = release_by_codename(codename).filter(|_| self.releases.len() < RELEASES_MAX)?;
        self.sink.release(key.clone());
        self.releases.insert(codename.to_owned(), key.clone());
        Some(key)
    }

    fn facts(&mut self, id: &str, issue: &Issue<'_>) {
        let description = reading::text(issue.description.as_deref().unwrap_or_default(), DESCRIPTION_BYTES_MAX);
        let references: Vec<Reference> = issue
            .debianbug
            .into_iter()
            .map(|bug| Reference { kind: ReferenceKind::Report, url: format!("https://bugs.debian.org/{bug}") })
            .collect();
        if !description.is_empty() || !references.is_empty() {
            let id = id.to_owned();
            self.sink.vulnerability(Vulnerability { id, description, references, ..Vulnerability::default() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{Recorder, read};

    const FIXTURE: &str = include_str!("../../fixtures/debian-tracker/tracker-2099-01-31.json");

    #[test]
    fn reads_every_state_of_the_fixture() {
        let recorder = read(&super::super::FEED, "tracker-2099-01-31.json", FIXTURE.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 6
        release debian:bookworm
        debian:bookworm demo-lib CVE-2099-0001 fixed 1.2-3+deb12u1 (not yet assigned)
        release debian:trixie
        debian:trixie demo-lib CVE-2099-0001 not-affected (unimportant)
        release debian:sid
        debian:sid demo-lib CVE-2099-0001 open (low)
        flaw CVE-2099-0001 "A "quoted" overflow in demo-lib." Report https://bugs.debian.org/990001
        debian:bookworm demo-lib CVE-2099-0002 open (not yet assigned) "Minor issue"
        debian:trixie demo-lib CVE-2099-0002 will-not-fix (medium) "Too intrusive to backport"
        debian:sid demo-lib CVE-2099-0002 postponed (high) "Fix along with the next DSA"
        flaw CVE-2099-0002 "A second flaw."
        debian:bookworm demo-lib CVE-2099-0003 under-investigation (not yet assigned)
        debian:trixie demo-lib CVE-2099-0003 end-of-life (not yet assigned)
        rejected demo-lib CVE-2099-0003 sid: resolved, but without a fixed version
        rejected demo-lib CVE-2099-0003 Not A Release: not the code name of a release
        rejected demo-lib CVE-2099-0004: invalid type: string "broken", expected an object of releases
        rejected demo-lib DSA-1-1: not the id of a flaw
        debian:bookworm demo-tool TEMP-0990002-ABCDEF open (unimportant)
        rejected not-a-package: not an object of issues
        date 2099-01-31T00:00:00Z
        "#);
    }

    #[test]
    fn refuses_what_ends_early() {
        for cut in (0..FIXTURE.trim_end().len()).filter(|&cut| FIXTURE.is_char_boundary(cut)) {
            assert!(read(&super::super::FEED, "t", &FIXTURE.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
        assert!(read(&super::super::FEED, "t", b"{}").is_err());
        assert!(read(&super::super::FEED, "t", format!("{FIXTURE}{{}}").as_bytes()).is_err());
    }

    #[test]
    fn too_many_issues_are_refused() {
        let entry = Entry { document: "tracker.json", name: "t", bytes: FIXTURE.as_bytes() };
        let error = parse_bounded(&entry, &mut Recorder::default(), 2).unwrap_err();
        assert_eq!(error.to_string(), "`t` has more than 2 issues");
    }

    #[test]
    fn too_many_releases_reject_the_issue() {
        let releases: Vec<String> = (0..=RELEASES_MAX).map(|n| format!(r#""r{n}":{{"status":"open"}}"#)).collect();
        let document = format!(r#"{{"demo":{{"CVE-2099-0001":{{"releases":{{{}}}}}}}}}"#, releases.join(","));
        let recorder = read(&super::super::FEED, "t", document.as_bytes()).unwrap();
        assert_eq!(recorder.render(), "record 1\nrejected demo CVE-2099-0001: more than 32 releases\n");
    }

    #[test]
    fn too_many_releases_in_all_are_rejected() {
        let issues: Vec<String> = (0..=RELEASES_MAX)
            .map(|n| format!(r#""CVE-2099-{n:04}":{{"releases":{{"r{n}":{{"status":"open"}}}}}}"#))
            .collect();
        let document = format!(r#"{{"demo":{{{}}}}}"#, issues.join(","));
        let recorder = read(&super::super::FEED, "t", document.as_bytes()).unwrap();
        assert_eq!(recorder.lines.iter().filter(|line| line.starts_with("release ")).count(), RELEASES_MAX);
        assert!(recorder.lines.last().unwrap().starts_with("rejected demo CVE-2099-0032 r32: not the code name"));
    }
}
