//! Flattens criteria into claims about packages.

use super::definition::Criteria;
use super::tables::{Operation, State, Tables, Test};

/// What a definition says of one package, within its conditions.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim<'t> {
    pub(crate) package: &'t str,
    /// The version that carries the fix: versions less than it are meant. Without it any
    /// installed version is.
    pub(crate) before: Option<&'t str>,
    /// Only versions greater than this one (or, if `true`, also it) are meant.
    pub(crate) after: Option<(bool, &'t str)>,
    /// Versions are compared in another way: equal to one, or at most one.
    pub(crate) otherwise: Option<(Operation, &'t str)>,
    /// A pattern of architectures: `aarch64|ppc64le|s390x|x86_64`.
    pub(crate) arch: Option<&'t str>,
}

/// What has to hold besides.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Condition<'t> {
    /// A module stream is enabled.
    Module { name: &'t str, stream: String },
    /// A package, mostly the one of the release, has this architecture.
    Arch { package: &'t str, arch: &'t str },
    /// A package is signed with a key.
    Key { package: &'t str, key: &'t str },
    /// A package, mostly the one of the release, has a version.
    Version { package: &'t str, operation: Operation, version: &'t str },
    /// Something that is not understood.
    Other,
}

/// What takes the claims, each with its conditions from the outermost inwards.
type Visit<'v, 't> = dyn FnMut(&Claim<'t>, &[Condition<'t>]) + 'v;

/// Shows each claim of a definition's criteria.
pub(crate) fn for_each_claim<'t>(criteria: &Criteria, tables: &'t Tables, visit: &mut Visit<'_, 't>) {
    let mut walk = Walk { tables, conditions: Vec::new() };
    walk.group(std::slice::from_ref(criteria), false, visit);
}

struct Walk<'t> {
    tables: &'t Tables,
    conditions: Vec<Condition<'t>>,
}

impl<'t> Walk<'t> {
    /// Visits members of a group; what holds for all of them becomes a condition of each.
    fn group(&mut self, members: &[Criteria], all: bool, visit: &mut Visit<'_, 't>) {
        let outer = self.conditions.len();
        let mut claims = Vec::new();
        for member in members {
            match member {
                Criteria::Test { id, negate: false } => self.test(id, all, &mut claims),
                Criteria::Definition if all => self.conditions.push(Condition::Other),
                _ => {}
            }
            if !all {
                self.show(&mut claims, visit);
                self.conditions.truncate(outer);
            }
        }
        self.show(&mut claims, visit);
        for member in members {
            // What a negated group asks is that something is not so.
            if let Criteria::Group { all, negate: false, members } = member {
                self.group(members, *all, visit);
            }
        }
        self.conditions.truncate(outer);
    }

    fn show(&self, claims: &mut Vec<Claim<'t>>, visit: &mut Visit<'_, 't>) {
        claims.drain(..).for_each(|claim| visit(&claim, &self.conditions));
    }

    fn test(&mut self, id: &str, all: bool, claims: &mut Vec<Claim<'t>>) {
        match self.tables.test(id) {
            Test::Module { name, stream } => self.conditions.push(Condition::Module { name, stream }),
            Test::Other => self.conditions.push(Condition::Other),
            Test::Forbids => {}
            Test::Package { names, states } => {
                for package in names {
                    self.package(package, &states, all, claims);
                }
            }
        }
    }

    /// A test about versions, or about none of the things of a state, claims; others are conditions.
    fn package(&mut self, package: &'t str, states: &[&'t State], all: bool, claims: &mut Vec<Claim<'t>>) {
        let mut claiming = states.iter().all(|state| **state == State::default());
        for state in states {
            if let Some(key) = state.key.as_deref() {
                self.conditions.push(Condition::Key { package, key });
            }
            if let Some((operation, version)) = &state.version {
                self.conditions.push(Condition::Version { package, operation: *operation, version });
            }
            claiming |= state.evr.is_some();
        }
        let arch = states.iter().find_map(|state| state.arch.as_deref());
        if !claiming {
            if let Some(arch) = arch {
                self.conditions.push(Condition::Arch { package, arch });
            }
            return;
        }
        // Within an AND two tests of one package are the ends of one range.
        let known = claims.iter().position(|claim| all && claim.package == package);
        let place = known.unwrap_or_else(|| {
            claims.push(Claim { package, before: None, after: None, otherwise: None, arch: None });
            claims.len() - 1
        });
        let Some(claim) = claims.get_mut(place) else { return };
        claim.arch = claim.arch.or(arch);
        for (operation, version) in states.iter().filter_map(|state| state.evr.as_ref()) {
            match operation {
                Operation::LessThan => claim.before = Some(version),
                Operation::GreaterThan => claim.after = Some((false, version)),
                Operation::GreaterThanOrEqual => claim.after = Some((true, version)),
                other => claim.otherwise = Some((*other, version)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::for_each_definition;
    use super::*;
    use crate::catalogue::Entry;

    const DOCUMENT: &str = include_str!("../../fixtures/oval-xml/definitions.xml");

    #[test]
    fn claims_carry_their_conditions() {
        let entry = Entry { document: "d", name: "t", bytes: DOCUMENT.as_bytes() };
        let tables = Tables::read(&entry).unwrap();
        let mut text = String::new();
        for_each_definition(&entry, &mut |definition| {
            let Ok(definition) = definition else { return };
            writeln!(text, "{}", definition.id).unwrap();
            for_each_claim(&definition.criteria.unwrap(), &tables, &mut |claim, conditions| {
                writeln!(text, "  {claim:?}").unwrap();
                conditions.iter().for_each(|condition| writeln!(text, "    {condition:?}").unwrap());
            });
        })
        .unwrap();
        insta::assert_snapshot!(text, @r#"
        oval:org.example:def:1
          Claim { package: "demo-lib", before: Some("1:2.4-3.module+el9.9.0+1+abcdef01"), after: None, otherwise: None, arch: Some("aarch64|x86_64") }
            Version { package: "example-release", operation: PatternMatch, version: "^9" }
            Module { name: "demo", stream: "2.4" }
            Key { package: "demo-lib", key: "199e2f91fd431d51" }
          Claim { package: "demo-tool", before: Some("1:2.4-3.module+el9.9.0+1+abcdef01"), after: None, otherwise: None, arch: Some("aarch64|x86_64") }
            Version { package: "example-release", operation: PatternMatch, version: "^9" }
            Module { name: "demo", stream: "2.4" }
            Arch { package: "example-release", arch: "x86_64" }
        oval:org.example:def:2
          Claim { package: "demo-lib", before: None, after: None, otherwise: None, arch: None }
          Claim { package: "libdemo-4", before: Some("0:0.9.6-2"), after: None, otherwise: None, arch: None }
          Claim { package: "libdemo-dev", before: Some("0:0.9.6-2"), after: None, otherwise: None, arch: None }
          Claim { package: "demo-lib", before: Some("1:2.4-3.module+el9.9.0+1+abcdef01"), after: Some((true, "1:2.0-1")), otherwise: None, arch: Some("aarch64|x86_64") }
            Other
            Other
        "#);
    }
}
