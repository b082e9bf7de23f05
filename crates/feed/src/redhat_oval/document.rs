//! Reads one document.

use std::collections::BTreeSet;

use yagura_model::{FeedId, Names, ReleaseKey, Statement, StatementState};

use super::ID;
use crate::catalogue::{Entry, ParseError, Sink};
use crate::oval_xml::{Definition, Tables, for_each_claim, for_each_definition};
use crate::reading;
use crate::rpm_family::{Place, made_at, module_of, place_of_cpe, read_patch, state_flaws, states, words};

pub(super) fn parse(entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ParseError> {
    let tables = Tables::read(entry)?;
    if let Some(date) = tables.timestamp().and_then(made_at) {
        sink.data_date(date);
    }
    for_each_definition(entry, &mut |definition| {
        sink.record();
        match definition {
            Ok(definition) => read_definition(&definition, &tables, sink),
            Err(broken) => sink.rejected(&broken.record, broken.why),
        }
    })
}

fn read_definition(definition: &Definition, tables: &Tables, sink: &mut dyn Sink) {
    let places = places_of(definition);
    if definition.class == "patch" {
        read_patch(definition, tables, ID, &places, |_| None, sink);
        state_flaws(definition, ID, sink);
        return;
    }
    let flaw = definition.references.iter().find_map(|reference| reading::cve_id(&reference.id));
    let Some(flaw) = flaw else {
        sink.rejected(&definition.id, "it names no flaw");
        return;
    };
    state_flaws(definition, ID, sink);
    let reader = Reader { definition, flaw, places: &places };
    if definition.id.contains("unaffected") {
        reader.unaffected(tables, sink);
    } else {
        reader.unfixed(sink);
    }
}

/// Lists where a definition holds, each place once.
fn places_of(definition: &Definition) -> Vec<Place> {
    let of_cpes = definition.cpes.iter().filter_map(|cpe| place_of_cpe(cpe, None));
    let places: BTreeSet<Place> = of_cpes.collect();
    if !places.is_empty() {
        return places.into_iter().collect();
    }
    let numbers = definition.platforms.iter().filter_map(|name| name.strip_prefix("Red Hat Enterprise Linux "));
    let plain = numbers.filter(|number| number.len() <= 2 && number.bytes().all(|byte| byte.is_ascii_digit()));
    let places: BTreeSet<Place> =
        plain.map(|number| Place { release: ReleaseKey::new("redhat", number), channel: None }).collect();
    places.into_iter().collect()
}

/// A definition about one flaw.
struct Reader<'d> {
    definition: &'d Definition,
    flaw: &'d str,
    places: &'d [Place],
}

impl Reader<'_> {
    /// States what Red Hat plans for each component without a fix.
    fn unfixed(&self, sink: &mut dyn Sink) {
        for resolution in &self.definition.resolutions {
            let Some(state) = states::fix_state(&resolution.state) else {
                sink.rejected(self.flaw, "an unknown state of a resolution");
                continue;
            };
            for component in resolution.components.iter().filter_map(|name| states::component(name)) {
                self.state(component.package, component.module, Names::Source, &state, sink);
            }
        }
    }

    fn unaffected(&self, tables: &Tables, sink: &mut dyn Sink) {
        let Some(criteria) = &self.definition.criteria else { return };
        let mut told: BTreeSet<(&str, Option<String>)> = BTreeSet::new();
        for_each_claim(criteria, tables, &mut |claim, conditions| {
            let plain = claim.before.is_none() && claim.otherwise.is_none() && claim.after.is_none();
            let name = reading::package(claim.package).filter(|name| plain && !words::is_debug_symbols(name));
            told.extend(name.map(|name| (name, module_of(conditions))));
        });
        for (package, module) in &told {
            self.state(package, module.as_deref(), Names::Binary, &StatementState::NotAffected, sink);
        }
    }

    fn state(&self, package: &str, module: Option<&str>, names: Names, state: &StatementState, sink: &mut dyn Sink) {
        for place in self.places {
            sink.statement(Statement {
                feed: FeedId::new(ID),
                release: place.release.clone(),
                channel: place.channel.clone(),
                package: package.to_owned(),
                module: module.map(str::to_owned),
                names,
                vulnerability: self.flaw.to_owned(),
                state: state.clone(),
                urgency: words::urgency(&self.definition.severity),
                ..Statement::default()
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::FEED;
    use crate::recorder::read;

    const DOCUMENT: &str = include_str!("../../fixtures/redhat-oval/rhel-9-including-unpatched.oval.xml");

    #[test]
    fn advisories_unfixed_and_unaffected() {
        let recorder = read(&FEED, "rhel-9-including-unpatched.oval.xml", DOCUMENT.as_bytes()).unwrap();
        insta::assert_snapshot!(recorder.render(), @r#"
        record 6
        date 2099-01-31T00:34:31Z
        flaw CVE-2099-0001 CWE-120 CWE-787 cvss 3.1 CVSS:3.1/AV:L/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:H published 2099-01-01T00:00:00Z
        redhat:9 demo-lib CVE-2099-0001 will-not-fix (medium)
        redhat:9 demo CVE-2099-0001 will-not-fix (medium) module demo:2.4
        redhat:9 demo-tool CVE-2099-0001 postponed (medium)
        rejected CVE-2099-0001: an unknown state of a resolution
        redhat:9 demo-lib CVE-2099-0002 not-affected (low) binary
        flaw RHSA-2099:0003 "demo:2.4 security update" covers CVE-2099-0003 Advisory https://access.redhat.com/errata/RHSA-2099:0003 published 2099-01-27T00:00:00Z modified 2099-01-28T00:00:00Z
        redhat:9 demo RHSA-2099:0003 fixed 2.4.9-1.module+el9.2.0+19753+58118bc0 (high) binary module demo:2.4
        redhat:9 demo-docs RHSA-2099:0003 fixed 2.4.9-1.module+el9.2.0+19753+58118bc0 (high) binary module demo:2.4
        redhat:9 demo RHSA-2099:0003 fixed 2.4.9-1.module+el9.2.0+19753+58118bc0 (high) binary channel eus:9.2 module demo:2.4
        redhat:9 demo-docs RHSA-2099:0003 fixed 2.4.9-1.module+el9.2.0+19753+58118bc0 (high) binary channel eus:9.2 module demo:2.4
        flaw CVE-2099-0003 CWE-843 cvss 3.0 CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H published 2099-01-20T00:00:00Z
        rejected RHSA-2099:0005: a product of no known release
        rejected oval:com.redhat.cve:def:6: it names no flaw
        "#);
    }

    #[test]
    fn refuses_what_ends_early() {
        let length = DOCUMENT.trim_end().len();
        assert!((0..length).step_by(11).all(|cut| read(&FEED, "t", &DOCUMENT.as_bytes()[..cut]).is_err()));
    }
}
