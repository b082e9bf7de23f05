//! Reads one document.

use std::cmp::Ordering;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{HashMap, HashSet};

use yagura_model::{
    CvssVector, CvssVersion, FeedId, Names, Reference, ReferenceKind, Statement, StatementState, Urgency, Vulnerability,
};
use yagura_version::Scheme;

use super::ID;
use crate::catalogue::{Entry, ParseError, Sink};
use crate::csaf::{self, Document, Products, Purl, Remediation, Resolved};
use crate::reading::{self, DESCRIPTION_BYTES_MAX, NOTE_BYTES_MAX};
use crate::rpm_family::{Place, place_of_cpe, states, words};

/// The most advisories of one package that are named.
const ADVISORIES_MAX: usize = 8;
/// The most references of one flaw that are read.
const REFERENCES_MAX: usize = 64;
/// The longest CVSS vector, in bytes.
const VECTOR_BYTES_MAX: usize = 256;

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let document = csaf::read(entry)?;
    sink.record();
    let tracking = document.document.tracking.as_ref();
    let modified = tracking.and_then(|tracking| tracking.current_release_date.as_deref()).and_then(reading::timestamp);
    if let Some(date) = modified {
        sink.data_date(date);
    }
    if &*document.document.category != "csaf_vex" {
        sink.rejected(entry.name, "not a VEX document");
        return Ok(());
    }
    let products = document.product_tree.as_ref().map(Products::of).unwrap_or_default();
    for flaw in &document.vulnerabilities.items {
        let Some(id) = flaw.cve.as_deref().and_then(reading::cve_id) else {
            sink.rejected(entry.name, "it names no flaw");
            continue;
        };
        sink.vulnerability(Vulnerability { modified, ..facts(id, &document, flaw) });
        let mut reader = Reader::new(&products, &document, flaw);
        reader.fixed();
        reader.unfixed();
        reader.state(id, sink);
    }
    Ok(())
}

fn facts(id: &str, document: &Document<'_>, flaw: &csaf::Vulnerability<'_>) -> Vulnerability {
    let note = |category: &str| flaw.notes.items.iter().find(|note| &*note.category == category);
    let title: &str = &document.document.title;
    let description = note("description").map_or(title, |note| &*note.text);
    let links = flaw.references.items.iter().take(REFERENCES_MAX);
    let reference = |link: &csaf::Link<'_>| -> Option<Reference> {
        let own = link.category.as_deref() == Some("self");
        reading::reference(if own { ReferenceKind::Advisory } else { ReferenceKind::Web }, &link.url)
    };
    let mut cvss: Vec<CvssVector> = Vec::new();
    for score in &flaw.scores.items {
        let vectors = [&score.cvss_v4, &score.cvss_v3, &score.cvss_v2];
        for vector in vectors.into_iter().flatten().filter_map(|vector| vector_of(&vector.vector)) {
            if cvss.len() < 16 && !cvss.contains(&vector) {
                cvss.push(vector);
            }
        }
    }
    Vulnerability {
        id: id.to_owned(),
        description: reading::text(description, DESCRIPTION_BYTES_MAX),
        cvss,
        cwes: words::cwes(flaw.cwe.as_ref().map(|cwe| &*cwe.id).unwrap_or_default()),
        references: links.filter_map(reference).collect(),
        published: flaw.release_date.as_deref().and_then(reading::timestamp),
        ..Vulnerability::default()
    }
}

fn vector_of(vector: &str) -> Option<CvssVector> {
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
}

/// A package in a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Subject {
    place: Place,
    module: Option<String>,
    package: String,
    names: Names,
}

/// What is said of it.
struct Told<'d> {
    subject: Subject,
    state: StatementState,
    urgency: Urgency,
    note: Option<String>,
    advisories: Vec<&'d str>,
}

/// One flaw while it is read.
struct Reader<'d> {
    products: &'d Products<'d>,
    flaw: &'d csaf::Vulnerability<'d>,
    /// The remediation of each product that is no mere workaround.
    remedies: HashMap<&'d str, &'d Remediation<'d>>,
    reasons: HashMap<&'d str, &'d str>,
    impacts: HashMap<&'d str, Urgency>,
    /// The urgency of products that no threat names.
    urgency: Urgency,
    /// Red Hat's statement about the flaw.
    statement: Option<String>,
    told: Vec<Told<'d>>,
    known: HashMap<Subject, usize>,
}

impl<'d> Reader<'d> {
    fn new(products: &'d Products<'d>, document: &'d Document<'d>, flaw: &'d csaf::Vulnerability<'d>) -> Self {
        let mut remedies = HashMap::new();
        for remedy in flaw.remediations.items.iter().filter(|remedy| &*remedy.category != "workaround") {
            for product in &remedy.product_ids.items {
                remedies.entry(&**product).or_insert(remedy);
            }
        }
        let mut reasons: HashMap<&str, &str> = HashMap::new();
        for flag in &flaw.flags.items {
            reasons.extend(flag.product_ids.items.iter().map(|product| (&**product, &*flag.label)));
        }
        let severity = document.document.aggregate_severity.as_ref();
        let mut urgency = words::urgency(severity.map(|severity| &*severity.text).unwrap_or_default());
        let mut impacts = HashMap::new();
        let threats: Vec<_> = flaw.threats.items.iter().filter(|threat| &*threat.category == "impact").collect();
        match threats.as_slice() {
            // Mostly one grading is for all products.
            [only] => urgency = words::urgency(&only.details),
            several => {
                for threat in several {
                    let graded = words::urgency(&threat.details);
                    impacts.extend(threat.product_ids.items.iter().map(|product| (&**product, graded)));
                }
            }
        }
        let statement = flaw.notes.items.iter().find(|note| note.title.as_deref() == Some("Statement"));
        let statement = statement.map(|note| reading::text(&note.text, NOTE_BYTES_MAX));
        Self {
            products,
            flaw,
            remedies,
            reasons,
            impacts,
            urgency,
            statement: statement.filter(|text| !text.is_empty()),
            told: Vec::new(),
            known: HashMap::new(),
        }
    }

    fn fixed(&mut self) {
        let Some(status) = &self.flaw.product_status else { return };
        let resolved: Vec<(&str, Component)> =
            status.fixed.items.iter().filter_map(|id| Some((&**id, self.component(id)?))).collect();
        // The source packages of a product say it all; binary ones count where they stand alone.
        let source: HashSet<Place> = resolved
            .iter()
            .filter(|(_, found)| found.names == Names::Source)
            .map(|(_, found)| found.place.clone())
            .collect();
        for (product, found) in resolved {
            let Some(evr) = found.evr.as_deref().and_then(words::evr) else { continue };
            if found.names == Names::Binary && source.contains(&found.place) {
                continue;
            }
            let advisory = self.remedies.get(product).and_then(|remedy| advisory_of(remedy));
            let evr = evr.to_owned();
            self.tell_fix(product, found, evr, advisory);
        }
    }

    fn tell_fix(&mut self, product: &str, found: Component, evr: String, advisory: Option<&'d str>) {
        let urgency = self.graded(product);
        let known = match self.known.entry(found.subject()) {
            Vacant(new) => {
                let subject = new.key().clone();
                new.insert(self.told.len());
                let advisories = advisory.into_iter().collect();
                self.told.push(Told { subject, state: StatementState::Fixed(evr), urgency, note: None, advisories });
                return;
            }
            Occupied(known) => *known.get(),
        };
        let Some(told) = self.told.get_mut(known) else { return };
        if let StatementState::Fixed(version) = &mut told.state
            && Scheme::Rpm.compare(version, &evr) == Ordering::Less
        {
            *version = evr;
        }
        let room = told.advisories.len() < ADVISORIES_MAX;
        let advisory = advisory.filter(|advisory| room && !told.advisories.contains(advisory));
        told.advisories.extend(advisory);
    }

    fn unfixed(&mut self) {
        let Some(status) = &self.flaw.product_status else { return };
        for product in &status.known_affected.items {
            let state = self.remedies.get(&**product).map_or(StatementState::Open, |remedy| state_of(remedy));
            self.tell(product, state, self.statement.clone());
        }
        for product in &status.known_not_affected.items {
            let reason =
                self.reasons.get(&**product).map(|label| reading::text(&label.replace('_', " "), NOTE_BYTES_MAX));
            self.tell(product, StatementState::NotAffected, reason.filter(|reason| !reason.is_empty()));
        }
        for product in &status.under_investigation.items {
            self.tell(product, StatementState::UnderInvestigation, None);
        }
    }

    /// Takes what is said of a component as a whole, unless something was said before.
    fn tell(&mut self, product: &str, state: StatementState, note: Option<String>) {
        let Some(found) = self.component(product) else { return };
        // A version, or a binary package, is one build that was checked.
        if found.evr.is_some() || found.names == Names::Binary {
            return;
        }
        let urgency = self.graded(product);
        if let Vacant(new) = self.known.entry(found.subject()) {
            let subject = new.key().clone();
            new.insert(self.told.len());
            self.told.push(Told { subject, state, urgency, note, advisories: Vec::new() });
        }
    }

    fn graded(&self, product: &str) -> Urgency {
        self.impacts.get(product).copied().unwrap_or(self.urgency)
    }

    /// Finds the rpm package that a product id stands for.
    fn component(&self, id: &str) -> Option<Component> {
        let resolved = self.products.resolve(id)?;
        Component::of(&resolved)
    }

    fn state(self, id: &str, sink: &mut dyn Sink) {
        for told in self.told {
            let Subject { place, module, package, names } = told.subject;
            sink.statement(Statement {
                feed: FeedId::new(ID),
                release: place.release,
                channel: place.channel,
                package,
                names,
                module,
                vulnerability: id.to_owned(),
                state: told.state,
                urgency: told.urgency,
                note: told.note,
                advisories: told.advisories.into_iter().map(str::to_owned).collect(),
            });
        }
    }
}

/// An rpm package of a product.
struct Component {
    place: Place,
    module: Option<String>,
    package: String,
    names: Names,
    evr: Option<String>,
}

impl Component {
    /// `None` for images, libraries, whole modules, Flatpaks, symbols for debuggers, and products of
    /// no one release.
    fn of(resolved: &Resolved<'_>) -> Option<Self> {
        let purl = Purl::parse(resolved.purl?)?;
        let within = resolved.within.iter().find_map(|purl| Purl::parse(purl)?.module());
        let module = purl.module().or(within);
        let whole_module = purl.kind == "rpmmod" && !purl.namespace.contains('/');
        if !matches!(purl.kind, "rpm" | "rpmmod") || whole_module {
            return None;
        }
        if module.as_deref().is_some_and(|module| module.ends_with(":flatpak")) {
            return None;
        }
        let name = purl.plain_name()?;
        let package = reading::package(&name).filter(|name| !words::is_debug_symbols(name))?.to_owned();
        let evr = purl.evr();
        // A version that is only the stream of a module is none: `php@7.2?rpmmod=php:7.2`.
        let evr = evr.filter(|evr| evr.contains('-'));
        let place = place_of_cpe(resolved.cpe?, evr.as_deref())?;
        // What has no version is a component by its source name; old documents leave `arch` out.
        let source = purl.qualifier("arch").map_or(evr.is_none(), |arch| arch == "src");
        let names = if source { Names::Source } else { Names::Binary };
        Some(Self { place, module, package, names, evr })
    }

    fn subject(self) -> Subject {
        Subject { place: self.place, module: self.module, package: self.package, names: self.names }
    }
}

fn state_of(remedy: &Remediation<'_>) -> StatementState {
    let planned = states::fix_state(&remedy.details);
    planned.unwrap_or(match &*remedy.category {
        "no_fix_planned" => StatementState::WillNotFix,
        _ => StatementState::Open,
    })
}

/// Finds the advisory in `https://access.redhat.com/errata/RHSA-2023:7511`.
fn advisory_of<'d>(remedy: &'d Remediation<'d>) -> Option<&'d str> {
    let last = remedy.url.as_deref()?.rsplit('/').next()?;
    reading::id(last).filter(|id| &*remedy.category == "vendor_fix" && id.starts_with("RH"))
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use super::*;
    use crate::recorder::read;

    const DOCUMENT: &str = include_str!("../../fixtures/redhat-vex/cve-2099-0001.json");

    #[test]
    fn every_state_of_the_fixture() {
        let recorder = read(&FEED, "2099/cve-2099-0001.json", DOCUMENT.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 1
        date 2099-01-31T12:22:40Z
        flaw CVE-2099-0001 "A flaw in demo." CWE-120 cvss 3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H Advisory https://access.redhat.com/security/cve/CVE-2099-0001 Web https://bugzilla.redhat.com/show_bug.cgi?id=1 published 2099-01-20T00:00:00Z modified 2099-01-31T12:22:40Z
        redhat:8 demo CVE-2099-0001 fixed 1:1.2-10.el8 (medium) RHSA-2099:0001 RHSA-2099:0002
        redhat:8 demo-lib CVE-2099-0001 fixed 1.0-9.el8_6 (medium) binary channel eus:8.6 RHSA-2099:0003
        redhat:8 gimp CVE-2099-0001 fixed 2:2.8.22-26.module+el8.8.0+23318+cec921ba.1 (medium) module gimp:2.8
        redhat:8 ruby CVE-2099-0001 fixed 3.1.4-1.module+el8.9.0+1+a (medium) module ruby:3.1
        redhat:6 demo CVE-2099-0001 end-of-life (low) "The flaw needs a local user."
        redhat:8 demo-tool CVE-2099-0001 postponed (medium) "The flaw needs a local user."
        redhat:8 php CVE-2099-0001 will-not-fix (medium) module php:7.2 "The flaw needs a local user."
        redhat:8 ruby CVE-2099-0001 open (medium) module ruby:2.6 "The flaw needs a local user."
        redhat:9 demo CVE-2099-0001 not-affected (medium) "vulnerable code not present"
        redhat:9 demo-tool CVE-2099-0001 not-affected (medium)
        redhat:9 demo-new CVE-2099-0001 under-investigation (medium)
        "#);
    }

    #[test]
    fn remedies_tell_the_state() {
        let state = |category: &str, details: &str| {
            let text = format!(r#"{{"category":"{category}","details":"{details}"}}"#);
            state_of(&serde_json::from_str(&text).unwrap())
        };
        assert_eq!(state("no_fix_planned", "Out of support scope"), StatementState::EndOfLife);
        assert_eq!(state("no_fix_planned", "Will not fix"), StatementState::WillNotFix);
        assert_eq!(state("no_fix_planned", "for a reason"), StatementState::WillNotFix);
        assert_eq!(state("none_available", "Affected"), StatementState::Open);
        assert_eq!(state("none_available", "Fix deferred"), StatementState::Postponed);
    }

    #[test]
    fn refuses_what_ends_early() {
        let length = DOCUMENT.trim_end().len();
        assert!((0..length).step_by(3).all(|cut| read(&FEED, "t", &DOCUMENT.as_bytes()[..cut]).is_err()));
    }

    #[test]
    fn other_documents_say_nothing() {
        let advisory = DOCUMENT.replace("csaf_vex", "csaf_security_advisory");
        let lines = read(&FEED, "a.json", advisory.as_bytes()).unwrap().lines;
        assert_eq!(lines.last().map(String::as_str), Some("rejected a.json: not a VEX document"));
        let nameless = DOCUMENT.replace("\"cve\": \"CVE-2099-0001\"", "\"cve\": \"CVE-X\"");
        let lines = read(&FEED, "a.json", nameless.as_bytes()).unwrap().lines;
        assert_eq!(lines.last().map(String::as_str), Some("rejected a.json: it names no flaw"));
    }
}
