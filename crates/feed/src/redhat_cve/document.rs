//! Reads one record, or the list of summaries.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};

use serde::Deserialize;
use yagura_model::{
    CvssVector, CvssVersion, FeedId, Names, ReferenceKind, Statement, StatementState, Urgency, Vulnerability,
};
use yagura_version::Scheme;

use super::ID;
use crate::catalogue::{Entry, ParseError, Sink};
use crate::json::{List, Str, malformed};
use crate::reading::{self, DESCRIPTION_BYTES_MAX, NOTE_BYTES_MAX};
use crate::rpm_family::{Place, place_of_cpe, states, words};

const FORMAT: &str = "record of Red Hat's Security Data API";

/// The most releases with a fix, and states of packages, of one flaw. A flaw of the Go language
/// has 1,500 images.
const PACKAGES_MAX: usize = 16_384;
/// The most texts of one flaw.
const DETAILS_MAX: usize = 16;
/// The most references of one flaw; one string holds several.
const REFERENCES_MAX: usize = 64;
/// The most summaries of the list.
const SUMMARIES_MAX: usize = 100_000;
/// The most advisories of one package that are named.
const ADVISORIES_MAX: usize = 8;
/// The longest CVSS vector, in bytes.
const VECTOR_BYTES_MAX: usize = 256;

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow, default)]
    threat_severity: Option<Str<'a>>,
    #[serde(borrow, default)]
    public_date: Option<Str<'a>>,
    #[serde(borrow, default)]
    bugzilla: Option<Bugzilla<'a>>,
    #[serde(borrow, default)]
    cvss3: Option<Cvss3<'a>>,
    #[serde(borrow, default)]
    cvss: Option<Cvss2<'a>>,
    #[serde(borrow, default)]
    cwe: Option<Str<'a>>,
    #[serde(borrow, default)]
    details: List<Str<'a>, DETAILS_MAX>,
    #[serde(borrow, default)]
    statement: Option<Str<'a>>,
    #[serde(borrow, default)]
    references: List<Str<'a>, REFERENCES_MAX>,
    #[serde(borrow, default)]
    affected_release: List<Release<'a>, PACKAGES_MAX>,
    #[serde(borrow, default)]
    package_state: List<State<'a>, PACKAGES_MAX>,
}

#[derive(Deserialize)]
struct Bugzilla<'a> {
    #[serde(borrow, default)]
    description: Str<'a>,
}

#[derive(Deserialize)]
struct Cvss3<'a> {
    #[serde(borrow, default)]
    cvss3_scoring_vector: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Cvss2<'a> {
    #[serde(borrow, default)]
    cvss_scoring_vector: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Release<'a> {
    #[serde(borrow, default)]
    cpe: Str<'a>,
    #[serde(borrow, default)]
    advisory: Str<'a>,
    #[serde(borrow, default)]
    package: Option<Str<'a>>,
    #[serde(borrow, default)]
    impact: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct State<'a> {
    #[serde(borrow, default)]
    cpe: Str<'a>,
    #[serde(borrow, default)]
    package_name: Str<'a>,
    #[serde(borrow, default)]
    fix_state: Str<'a>,
    #[serde(borrow, default)]
    impact: Option<Str<'a>>,
}

/// One line of the list.
#[derive(Deserialize)]
struct Summary<'a> {
    #[serde(borrow, rename = "CVE")]
    id: Str<'a>,
    #[serde(borrow, default)]
    public_date: Option<Str<'a>>,
    #[serde(borrow, default)]
    bugzilla_description: Option<Str<'a>>,
    #[serde(borrow, default, rename = "CWE")]
    cwe: Option<Str<'a>>,
    #[serde(borrow, default)]
    cvss3_scoring_vector: Option<Str<'a>>,
    #[serde(borrow, default)]
    cvss_scoring_vector: Option<Str<'a>>,
}

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let first = entry.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'[') {
        return parse_list(entry, sink);
    }
    let record: Record<'_> =
        serde_json::from_slice(entry.bytes).map_err(|error| malformed(entry.name, FORMAT, &error))?;
    if record.affected_release.over || record.package_state.over {
        return Err(too_many(entry, "packages", PACKAGES_MAX));
    }
    sink.record();
    let Some(id) = reading::cve_id(&record.name) else {
        sink.rejected(&reading::text(&record.name, reading::ID_BYTES_MAX), "not the id of a flaw");
        return Ok(());
    };
    sink.vulnerability(record.facts(id));
    let mut gathering = Gathering::default();
    gathering.fixes(&record);
    gathering.states(id, &record, sink);
    gathering.state(id, &record, sink);
    Ok(())
}

fn parse_list(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let list: List<Summary<'_>, SUMMARIES_MAX> =
        serde_json::from_slice(entry.bytes).map_err(|error| malformed(entry.name, FORMAT, &error))?;
    if list.over {
        return Err(too_many(entry, "summaries", SUMMARIES_MAX));
    }
    for summary in &list.items {
        sink.record();
        let Some(id) = reading::cve_id(&summary.id) else {
            sink.rejected(&reading::text(&summary.id, reading::ID_BYTES_MAX), "not the id of a flaw");
            continue;
        };
        sink.vulnerability(Vulnerability {
            id: id.to_owned(),
            description: reading::text(summary.bugzilla_description.as_deref().unwrap_or_default(), NOTE_BYTES_MAX),
            cvss: vectors(summary.cvss3_scoring_vector.as_deref(), summary.cvss_scoring_vector.as_deref()),
            cwes: words::cwes(summary.cwe.as_deref().unwrap_or_default()),
            published: summary.public_date.as_deref().and_then(reading::timestamp),
            ..Vulnerability::default()
        });
    }
    Ok(())
}

fn too_many(entry: &Entry<'_>, what: &'static str, limit: usize) -> ParseError {
    ParseError::TooMany { entry: entry.name.to_owned(), what, limit: limit.try_into().unwrap_or(u64::MAX) }
}

impl Record<'_> {
    fn facts(&self, id: &str) -> Vulnerability {
        // The first text is the public one, the second Red Hat's own; the ticket has a title.
        let details = self.details.items.iter().map(|text| text.trim()).find(|text| !text.is_empty());
        let title = self.bugzilla.as_ref().map(|bugzilla| &*bugzilla.description);
        let links = self.references.items.iter().flat_map(|lines| lines.lines()).take(REFERENCES_MAX);
        let vector3 = self.cvss3.as_ref().and_then(|cvss| cvss.cvss3_scoring_vector.as_deref());
        let vector2 = self.cvss.as_ref().and_then(|cvss| cvss.cvss_scoring_vector.as_deref());
        Vulnerability {
            id: id.to_owned(),
            description: reading::text(details.or(title).unwrap_or_default(), DESCRIPTION_BYTES_MAX),
            cvss: vectors(vector3, vector2),
            cwes: words::cwes(self.cwe.as_deref().unwrap_or_default()),
            references: links.filter_map(|url| reading::reference(ReferenceKind::Web, url)).collect(),
            published: self.public_date.as_deref().and_then(reading::timestamp),
            ..Vulnerability::default()
        }
    }

    /// The grading of a package where it differs, or that of the flaw.
    fn urgency(&self, impact: Option<&str>) -> Urgency {
        words::urgency(impact.or(self.threat_severity.as_deref()).unwrap_or_default())
    }
}

fn vectors(version3: Option<&str>, version2: Option<&str>) -> Vec<CvssVector> {
    let read = |vector: &str| {
        let vector = reading::word(vector.trim(), VECTOR_BYTES_MAX)?;
        let version = match vector.split_once('/')?.0 {
            "CVSS:4.0" => CvssVersion::V4,
            "CVSS:3.1" => CvssVersion::V3_1,
            "CVSS:3.0" => CvssVersion::V3_0,
            metric if metric.starts_with("AV:") => CvssVersion::V2,
            _ => return None,
        };
        let plain = vector.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.".contains(&byte));
        plain.then(|| CvssVector { version, vector: vector.to_owned(), source: FeedId::new(ID) })
    };
    version3.into_iter().chain(version2).filter_map(read).collect()
}

/// What is said of one package in one place.
struct Told<'a> {
    place: Place,
    package: &'a str,
    module: Option<&'a str>,
    state: StatementState,
    advisories: Vec<&'a str>,
    urgency: Urgency,
}

/// The place of each package in the list: place, package, module.
type Known<'a> = HashMap<(Place, &'a str, Option<&'a str>), usize>;

#[derive(Default)]
struct Gathering<'a> {
    told: Vec<Told<'a>>,
    known: Known<'a>,
}

impl<'a> Gathering<'a> {
    /// Returns what was told before of the same, or takes this.
    fn tell(&mut self, told: Told<'a>) -> Option<&mut Told<'a>> {
        match self.known.entry((told.place.clone(), told.package, told.module)) {
            Occupied(known) => self.told.get_mut(*known.get()),
            Vacant(new) => {
                new.insert(self.told.len());
                self.told.push(told);
                None
            }
        }
    }

    fn fixes(&mut self, record: &'a Record<'_>) {
        for release in &record.affected_release.items {
            let Some((package, evr)) = release.package.as_deref().and_then(split) else { continue };
            let Some(place) = place_of_cpe(&release.cpe, Some(evr)) else { continue };
            let advisory = reading::id(&release.advisory);
            let state = StatementState::Fixed(evr.to_owned());
            let urgency = record.urgency(release.impact.as_deref());
            let advisories = advisory.into_iter().collect();
            let told = Told { place, package, module: None, state, advisories, urgency };
            let Some(known) = self.tell(told) else { continue };
            if let StatementState::Fixed(version) = &mut known.state
                && Scheme::Rpm.compare(version, evr) == Ordering::Less
            {
                evr.clone_into(version);
            }
            let new = |advisory: &&str| !known.advisories.contains(advisory);
            let room = known.advisories.len() < ADVISORIES_MAX;
            let advisory = advisory.filter(new).filter(|_| room);
            known.advisories.extend(advisory);
        }
    }

    fn states(&mut self, id: &str, record: &'a Record<'_>, sink: &mut dyn Sink) {
        for told in &record.package_state.items {
            let Some(state) = states::fix_state(&told.fix_state) else {
                sink.rejected(id, "an unknown state of a package");
                continue;
            };
            // Products that are not of one release, and components that are no packages.
            let Some(place) = place_of_cpe(&told.cpe, None) else { continue };
            let Some(component) = states::component(&told.package_name) else { continue };
            // A fix outlives the state that was there before it.
            let urgency = record.urgency(told.impact.as_deref());
            let states::Component { package, module } = component;
            self.tell(Told { place, package, module, state, advisories: Vec::new(), urgency });
        }
    }

    fn state(self, id: &str, record: &Record<'_>, sink: &mut dyn Sink) {
        let note = reading::text(record.statement.as_deref().unwrap_or_default(), NOTE_BYTES_MAX);
        let note = Some(note).filter(|note| !note.is_empty());
        for told in self.told {
            let fixed = matches!(told.state, StatementState::Fixed(_));
            sink.statement(Statement {
                feed: FeedId::new(ID),
                release: told.place.release,
                channel: told.place.channel,
                package: told.package.to_owned(),
                names: Names::Source,
                module: told.module.map(str::to_owned),
                vulnerability: id.to_owned(),
                state: told.state,
                urgency: told.urgency,
                note: note.clone().filter(|_| !fixed),
                advisories: told.advisories.into_iter().map(str::to_owned).collect(),
            });
        }
    }
}

/// Splits `java-17-openjdk-1:17.0.10.0.7-2.el8` into the package and its version. `None` for a
/// module (`php:7.3-8020020200715124551.ceb1cf90`), an image (`rhacm2/console:v2.1`) or a name alone.
fn split(nevr: &str) -> Option<(&str, &str)> {
    let nevr = reading::package(nevr).filter(|nevr| !nevr.contains('/'))?;
    let (front, release) = nevr.rsplit_once('-')?;
    let (name, version) = front.rsplit_once('-')?;
    let begins = version.starts_with(|c: char| c.is_ascii_digit());
    let plain = !name.is_empty() && !name.contains(':') && !release.contains(':') && !release.is_empty();
    let evr = nevr.get(name.len() + 1..)?;
    (begins && plain).then(|| words::evr(evr).map(|evr| (name, evr)))?
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::read;

    const RECORD: &str = include_str!("../../fixtures/redhat-cve/CVE-2099-0001.json");

    #[test]
    fn fixes_and_states_of_one_flaw() {
        let recorder = read(&FEED, "CVE-2099-0001.json", RECORD.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        flaw CVE-2099-0001 "A flaw in demo." CWE-120 CWE-787 cvss 3.1 CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:H/A:N Web https://www.cve.org/CVERecord?id=CVE-2099-0001 Web https://nvd.nist.gov/vuln/detail/CVE-2099-0001 published 2099-01-16T20:00:00Z
        rejected CVE-2099-0001: an unknown state of a package
        redhat:8 demo CVE-2099-0001 fixed 1:1.2-10.el8 (medium) RHSA-2099:0001 RHSA-2099:0002
        redhat:8 demo CVE-2099-0001 fixed 1:1.2-1.el8_8 (low) channel eus:8.8 RHSA-2099:0001
        redhat:7 eap7-demo CVE-2099-0001 fixed 1-1.el7eap (medium) channel jboss:7 RHSA-2099:0003
        redhat:9 demo CVE-2099-0001 not-affected (medium) "The flaw needs a local user."
        redhat:7 demo CVE-2099-0001 end-of-life (medium) "The flaw needs a local user."
        redhat:8 demo CVE-2099-0001 will-not-fix (high) module demo:2.4 "The flaw needs a local user."
        redhat:8 demo-tool CVE-2099-0001 postponed (medium) "The flaw needs a local user."
        redhat:9 demo-tool CVE-2099-0001 open (medium) "The flaw needs a local user."
        redhat:9 demo-new CVE-2099-0001 under-investigation (medium) "The flaw needs a local user."
        "#);
    }

    #[test]
    fn the_list_brings_facts() {
        let list = r#"[{"CVE":"CVE-2099-0002","public_date":"2099-01-22T00:00:00Z","advisories":[],
            "bugzilla_description":"demo: a flaw","cvss_scoring_vector":null,"CWE":"CWE-119",
            "cvss3_scoring_vector":"CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:N/A:N"},{"CVE":"x"}]"#;
        let recorder = read(&FEED, "cve.json", list.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 2
        flaw CVE-2099-0002 "demo: a flaw" CWE-119 cvss 3.1 CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:N/A:N published 2099-01-22T00:00:00Z
        rejected x: not the id of a flaw
        "#);
    }

    #[test]
    fn packages_are_split_from_their_versions() {
        assert_eq!(split("java-17-openjdk-1:17.0.10.0.7-2.el8"), Some(("java-17-openjdk", "1:17.0.10.0.7-2.el8")));
        assert_eq!(split("kernel-0:4.18.0-553.el8"), Some(("kernel", "4.18.0-553.el8")));
        assert_eq!(split("bash-4.2-1.el7"), Some(("bash", "4.2-1.el7")));
        for other in [
            "php:7.3-8020020200715124551.ceb1cf90",
            "openshift-logging/elasticsearch6-rhel8:v5.0.3-1",
            "ansible-tower-34/ansible-tower-memcached:1.4.15-28",
            "multicluster-engine-cluster-api-provider-aws-container",
            "jackson-databind",
            "Linux",
            "-1-1",
            "",
        ] {
            assert_eq!(split(other), None, "{other}");
        }
    }

    #[test]
    fn refuses_what_ends_early_or_is_too_much() {
        assert!((0..RECORD.trim_end().len()).all(|cut| read(&FEED, "t", &RECORD.as_bytes()[..cut]).is_err()));
        let refusal = |text: &str| read(&FEED, "t", text.as_bytes()).unwrap_err().to_string();
        let many = |item: &str, count: usize| vec![item; count].join(",");
        let states = format!(r#"{{"name":"CVE-2099-0001","package_state":[{}]}}"#, many("{}", PACKAGES_MAX + 1));
        assert_eq!(refusal(&states), "`t` has more than 16384 packages");
        let list = format!("[{}]", many(r#"{"CVE":"x"}"#, SUMMARIES_MAX + 1));
        assert_eq!(refusal(&list), "`t` has more than 100000 summaries");
    }
}
