//! Reads one OSV record.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use yagura_model::{FeedId, Names, ReferenceKind, ReleaseKey, Statement, StatementState, Vulnerability};
use yagura_version::Scheme;

use super::ID;
use crate::catalogue::{Entry, ParseError, Sink};
use crate::json::List;
use crate::osv::{self, Affected, Record};
use crate::reading::{self, NOTE_BYTES_MAX};
use crate::rpm_family::words;
use crate::suse;

/// The most binary packages of one source package. The kernel has 100.
const BINARIES_MAX: usize = 8_192;
/// The most statements of one record. SUSE's largest advisory has 20,000.
const STATEMENTS_MAX: usize = 262_144;
/// What the ids of security updates begin with.
const SECURITY: &[&str] = &["SUSE-SU-", "openSUSE-SU-"];

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let record = osv::read(entry)?;
    sink.record();
    if let Some(modified) = record.modified.as_deref().and_then(reading::timestamp) {
        sink.data_date(modified);
    }
    if record.withdrawn.is_some() {
        return Ok(());
    }
    let Some(id) = reading::id(&record.id) else {
        sink.rejected(&reading::text(&record.id, reading::ID_BYTES_MAX), "not the id of an advisory");
        return Ok(());
    };
    let flaws = record.flaws();
    if !SECURITY.iter().any(|series| id.starts_with(series)) {
        return Ok(());
    }
    let mut fixes = Fixes::default();
    let mut refused: Vec<String> = Vec::new();
    for affected in &record.affected.items {
        let Err(why) = fixes.read(affected) else { continue };
        // One reason is told once, however many packages it concerns.
        if !refused.contains(&why) && refused.len() < 64 {
            sink.rejected(id, &why);
            refused.push(why);
        }
    }
    if fixes.count > STATEMENTS_MAX {
        let limit = STATEMENTS_MAX.try_into().unwrap_or(u64::MAX);
        return Err(ParseError::TooMany { entry: entry.name.to_owned(), what: "fixed packages", limit });
    }
    if fixes.rows.is_empty() {
        return Ok(());
    }
    fixes.state(id, sink);
    sink.vulnerability(facts(&record, id, &flaws));
    Ok(())
}

/// A package of a release: in the channel that `None` comes before.
type About<'a> = (ReleaseKey, &'a str, Names, Option<String>);

/// What an advisory fixes, each with the least version.
#[derive(Default)]
struct Fixes<'a> {
    rows: BTreeMap<About<'a>, &'a str>,
    count: usize,
}

impl<'a> Fixes<'a> {
    /// Takes in one package of one product.
    fn read(&mut self, affected: &'a Affected<'_>) -> Result<(), String> {
        let Some(package) = &affected.package else { return Ok(()) };
        let places = suse::places(&package.ecosystem)
            .ok_or_else(|| format!("unknown product `{}`", reading::text(&package.ecosystem, 200)))?;
        if places.is_empty() {
            return Ok(());
        }
        let specific = affected.ecosystem_specific.map(|raw| serde_json::from_str::<Specific<'a>>(raw.get()));
        let specific =
            specific.transpose().map_err(|error| format!("its binary packages: {error}"))?.unwrap_or_default();
        if specific.binaries.items.iter().all(|binaries| binaries.0.is_empty()) {
            let fixed = affected.fix()?.ok_or("an advisory without a fix")?;
            let name = reading::package(&package.name).ok_or("not a package name")?;
            return self.add(&places, name, Names::Source, fixed);
        }
        for (name, version) in specific.binaries.items.iter().flat_map(|binaries| &binaries.0) {
            if !words::is_debug_symbols(name) {
                self.add(&places, name, Names::Binary, version)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, places: &[suse::SusePlace], name: &'a str, names: Names, version: &'a str) -> Result<(), String> {
        let name = reading::package(name).ok_or("not a package name")?;
        let version = words::evr(version).ok_or("its fixed version is not a version")?;
        for place in places {
            self.count += 1;
            if self.count > STATEMENTS_MAX {
                return Ok(());
            }
            let row = self.rows.entry((place.release.clone(), name, names, place.channel.clone())).or_insert(version);
            if Scheme::Rpm.compare(version, row).is_lt() {
                *row = version;
            }
        }
        Ok(())
    }

    /// States each fix once; a channel that repeats the release's ordinary products says nothing.
    fn state(&self, id: &str, sink: &mut dyn Sink) {
        // The ordinary products sort before the channels of the same package.
        let mut ordinary: Option<(&About<'a>, &str)> = None;
        for (about, version) in &self.rows {
            let (release, package, names, channel) = about;
            let same = ordinary.is_some_and(|((of, named, kind, _), told)| {
                (of, named, kind) == (release, package, names) && told == *version
            });
            if channel.is_none() {
                ordinary = Some((about, version));
            } else if same {
                continue;
            }
            sink.statement(Statement {
                feed: FeedId::new(ID),
                release: release.clone(),
                package: (*package).to_owned(),
                names: *names,
                channel: channel.clone(),
                vulnerability: id.to_owned(),
                state: StatementState::Fixed((*version).to_owned()),
                ..Statement::default()
            });
        }
    }
}

#[derive(Default, Deserialize)]
struct Specific<'a> {
    #[serde(borrow, default)]
    binaries: List<Binaries<'a>, 64>,
}

/// Binary packages and their versions.
struct Binaries<'a>(Vec<(&'a str, &'a str)>);

impl<'de: 'a, 'a> Deserialize<'de> for Binaries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BinariesVisitor;
        impl<'de> Visitor<'de> for BinariesVisitor {
            type Value = Binaries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of binary packages")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Binaries<'de>, A::Error> {
                let mut binaries = Vec::new();
                // Names and versions hold nothing that JSON would escape.
                while let Some(pair) = map.next_entry()? {
                    if binaries.len() == BINARIES_MAX {
                        return Err(A::Error::custom(format_args!("more than {BINARIES_MAX} binary packages")));
                    }
                    binaries.push(pair);
                }
                Ok(Binaries(binaries))
            }
        }
        deserializer.deserialize_map(BinariesVisitor)
    }
}

fn facts(record: &Record<'_>, id: &str, flaws: &[&str]) -> Vulnerability {
    let title = record.summary.as_deref().unwrap_or_default();
    // Of a hundred references the advisory's own page is kept; the flaws have their own.
    let pages = record.references.items.iter().filter_map(|link| link.reference());
    Vulnerability {
        id: id.to_owned(),
        covers: flaws.iter().map(|flaw| (*flaw).to_owned()).collect(),
        description: reading::text(title, NOTE_BYTES_MAX),
        references: pages.filter(|page| page.kind == ReferenceKind::Advisory).take(1).collect(),
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

    const FIXTURE: &str = include_str!("../../fixtures/suse-osv/SUSE-SU-2099_0001-1.json");

    fn record(affected: &str) -> String {
        format!(r#"{{"id":"SUSE-SU-2099:0001-1","related":["CVE-2099-0001"],"affected":[{affected}]}}"#)
    }

    fn render(text: &str) -> String {
        read(&FEED, "t", text.as_bytes()).unwrap().render()
    }

    #[test]
    fn an_advisory_fixes_binary_packages_of_releases_and_channels() {
        insta::assert_snapshot!(render(FIXTURE), @r#"
        record 1
        date 2099-01-31T00:00:00Z
        rejected SUSE-SU-2099:0001-1: unknown product `SUSE:Imagined Product 1`
        rejected SUSE-SU-2099:0001-1: no range of versions
        rejected SUSE-SU-2099:0001-1: not a package name
        opensuse:15.3 demo-tool SUSE-SU-2099:0001-1 fixed 1.1-150300.2.1 (not yet assigned) binary
        opensuse:tumbleweed demo SUSE-SU-2099:0001-1 fixed 1.3-1.1 (not yet assigned)
        suse:15.2 demo-tool SUSE-SU-2099:0001-1 fixed 1.2-150200.3.1 (not yet assigned) binary channel LTSS
        suse:15.3 demo-devel SUSE-SU-2099:0001-1 fixed 1.2-150300.3.1 (not yet assigned) binary
        suse:15.3 demo-rom SUSE-SU-2099:0001-1 fixed 0.9+-150300.3.1 (not yet assigned) binary
        suse:15.3 demo-tool SUSE-SU-2099:0001-1 fixed 1.2-150300.3.1 (not yet assigned) binary
        flaw SUSE-SU-2099:0001-1 "Security update for demo" covers CVE-2099-0001 covers CVE-2099-0002 Advisory https://www.suse.com/support/update/announcement/2099/suse-su-20990001-1/ published 2099-01-30T00:00:00Z modified 2099-01-31T00:00:00Z
        "#);
    }

    #[test]
    fn updates_count_if_they_are_for_security() {
        let affected = r#""affected":[{"package":{"ecosystem":"SUSE:Linux Enterprise Server 12 SP5","name":"demo"},
            "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1-1"}]}]}]"#;
        for (id, counts) in [("SUSE-SU-2099:1-1", true), ("openSUSE-SU-2099:1-1", true), ("SUSE-RU-2099:1-1", false)] {
            let text = render(&format!(r#"{{"id":"{id}",{affected}}}"#));
            assert_eq!(text.contains("suse:12.5 demo"), counts, "{text}");
        }
        let named = render(&format!(r#"{{"id":"SUSE-RU-2099:1-1","upstream":["CVE-2099-0001"],{affected}}}"#));
        assert_eq!(named, "record 1\n");
        let withdrawn =
            render(&format!(r#"{{"id":"SUSE-SU-2099:1-1","withdrawn":"2099-01-01T00:00:00Z",{affected}}}"#));
        assert_eq!(withdrawn, "record 1\n");
    }

    #[test]
    fn refuses_what_ends_early() {
        for cut in 0..FIXTURE.trim_end().len() {
            assert!(read(&FEED, "t", &FIXTURE.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn every_bound_is_reached() {
        let package = r#""package":{"ecosystem":"openSUSE:Tumbleweed","name":"demo"}"#;
        let pairs = |count: usize| (0..count).map(|n| format!(r#""b{n}":"1-1""#)).collect::<Vec<_>>().join(",");
        let many = |count| format!(r#"{{{package},"ecosystem_specific":{{"binaries":[{{{}}}]}}}}"#, pairs(count));
        assert!(!render(&record(&many(BINARIES_MAX))).contains("rejected"));
        let over = render(&record(&many(BINARIES_MAX + 1)));
        assert!(
            over.contains("rejected SUSE-SU-2099:0001-1: its binary packages: more than 8192 binary packages"),
            "{over}"
        );
        let full = vec![many(BINARIES_MAX); STATEMENTS_MAX / BINARIES_MAX + 1].join(",");
        let error = read(&FEED, "t", record(&full).as_bytes()).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "`t` has more than 262144 fixed packages");
    }
}
