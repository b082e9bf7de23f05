//! Weighs everything that feeds say of one installed source package, flaw by flaw.
//!
//! Feeds speak of source packages and of binary ones, of single flaws and of advisories that cover many, of the main
//! channel and of others. Here all of it is gathered for one unit, spread over the flaws, and settled:
//!
//! 1. a channel that the host chose speaks before the main one, and that before one that it is not entitled to;
//! 2. within a channel, a vendor's word that its build is not affected ends the matter;
//! 3. a known fix decides by versions; of several advisories that fix one flaw the last one does;
//! 4. else the feed of highest authority says in which state the flaw is.
//!
//! For a language's packages the ecosystem's own database speaks before collections of others' data, and what it
//! says of a flaw is all that counts.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use yagura_index::{Index, StateRef, StatementRef};
use yagura_model::{Names, Package};
use yagura_version::Scheme;

use crate::authority::{self, rank};
use crate::inventory::Unit;
use crate::scope::{self, Reach, Scope};
use crate::verdict::{Decision, Installed, Memo, Outcome, VersionError};

/// Whose packages a unit's are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// A distribution's.
    Vendor,
    /// A language's.
    Ecosystem,
}

/// Where statements about a unit are looked up, and how they are weighed.
#[derive(Clone, Copy)]
pub(crate) struct Court<'c, 'a> {
    pub(crate) index: &'c Index<'a>,
    /// `redhat:9`, `ecosystem:npm`.
    pub(crate) release: &'c str,
    pub(crate) scheme: Scheme,
    pub(crate) scope: &'c Scope,
    pub(crate) rules: Rules,
}

/// What came out for one unit.
#[derive(Debug, Default)]
pub(crate) struct Weighed<'a> {
    /// The flaws that it has, by id.
    pub(crate) flaws: Vec<Flaw<'a>>,
    /// Flaws of which the vendor has not decided yet.
    pub(crate) undecided: Vec<&'a str>,
    /// Flaws whose fixed version is none.
    pub(crate) bad: Vec<&'a str>,
}

/// One flaw that a unit has.
#[derive(Debug)]
pub(crate) struct Flaw<'a> {
    /// The id under which it is reported: the CVE where there is one.
    pub(crate) id: &'a str,
    /// The statement that decides.
    pub(crate) statement: StatementRef<'a>,
    pub(crate) outcome: Outcome<'a>,
    /// Advisories that carry the fix.
    pub(crate) advisories: Vec<&'a str>,
    /// The binary packages that have it.
    pub(crate) packages: Vec<&'a Package>,
    /// The version that was compared, where it is not the unit's.
    pub(crate) compared: Option<&'a str>,
    /// The entitlement that the fix needs and the host lacks.
    pub(crate) entitlement: Option<&'a str>,
}

/// One statement held against what it names.
#[derive(Clone, Copy)]
struct Said<'a> {
    statement: StatementRef<'a>,
    decision: Decision<'a>,
    reach: Reach,
    /// The binary that the statement names; `None` for the source.
    binary: Option<&'a str>,
    /// The version that was compared.
    version: Option<&'a str>,
}

impl<'a> Court<'_, 'a> {
    /// Weighs what is said of a unit.
    ///
    /// # Errors
    /// The unit's version is none, and statements speak of it.
    pub(crate) fn weigh(&self, unit: &Unit<'a>) -> Result<Weighed<'a>, VersionError> {
        let said = self.gather(unit)?;
        let flaws = spread(&said, self.rules);
        let mut weighed = Weighed::default();
        for (id, places) in flaws {
            let about: Vec<&Said<'a>> = places.iter().filter_map(|&place| said.get(place)).collect();
            match self.settle(&about) {
                Settled::Has { decisive, outcome, reach } => {
                    weighed.flaws.push(flaw(id, unit, &about, decisive, outcome, reach));
                }
                Settled::HasNot => {}
                Settled::Undecided => weighed.undecided.push(id),
                Settled::Bad => weighed.bad.push(id),
            }
        }
        Ok(weighed)
    }

    /// Holds every statement about the source and its binaries against their versions.
    fn gather(&self, unit: &Unit<'a>) -> Result<Vec<Said<'a>>, VersionError> {
        let mut said = Vec::new();
        let statements = self.index.statements(self.release, &unit.source);
        if statements.len() > 0 {
            let version = Installed::parse(self.scheme, &unit.version)?;
            let mut memo = Memo::default();
            for statement in statements.filter(|statement| statement.names() == Names::Source) {
                let fits = unit.packages.first().is_none_or(|package| scope::module_fits(&statement, package));
                let reach = self.scope.reach(&statement);
                if fits && reach != Reach::Elsewhere {
                    let decision = memo.decide(&statement, &version);
                    said.push(Said { statement, decision, reach, binary: None, version: None });
                }
            }
        }
        let mut before: Option<(&str, &str)> = None;
        for package in &unit.packages {
            let (name, text) = (package.name.as_str(), package.version.as_str());
            // One package in several architectures is judged once.
            if before.replace((name, text)) == Some((name, text)) {
                continue;
            }
            let statements = self.index.statements(self.release, name);
            if statements.len() == 0 {
                continue;
            }
            let version = Installed::parse(self.scheme, text)?;
            let mut memo = Memo::default();
            for statement in statements.filter(|statement| statement.names() == Names::Binary) {
                let reach = self.scope.reach(&statement);
                if scope::module_fits(&statement, package) && reach != Reach::Elsewhere {
                    let decision = memo.decide(&statement, &version);
                    said.push(Said { statement, decision, reach, binary: Some(name), version: Some(text) });
                }
            }
        }
        Ok(said)
    }

    fn settle<'s>(&self, about: &[&'s Said<'a>]) -> Settled<'s, 'a> {
        match self.rules {
            Rules::Vendor => self.settle_vendor(about),
            Rules::Ecosystem => {
                let best = about.iter().map(|said| rank(said.statement.feed())).min();
                let own: Vec<&Said<'a>> =
                    about.iter().copied().filter(|said| Some(rank(said.statement.feed())) == best).collect();
                self.settle_vendor(&own)
            }
        }
    }

    fn settle_vendor<'s>(&self, about: &[&'s Said<'a>]) -> Settled<'s, 'a> {
        for reach in [Reach::Chosen, Reach::Main, Reach::NeedsEntitlement] {
            let here = || about.iter().copied().filter(move |said| said.reach == reach);
            let denied =
                |said: &&Said<'_>| said.decision == Decision::NotAffected && authority::is_state(said.statement.feed());
            if here().any(|said| denied(&said)) {
                return Settled::HasNot;
            }
            let fixable = here().filter_map(|said| match said.decision {
                Decision::Affected(Outcome::Fixable { fixed }) => Some((said, fixed)),
                _ => None,
            });
            // What one advisory fixed halfway a later one fixes again.
            let last = fixable.max_by(|(_, a), (_, b)| self.scheme.compare(a, b).then_with(|| b.cmp(a)));
            if let Some((decisive, fixed)) = last {
                return Settled::Has { decisive, outcome: Outcome::Fixable { fixed }, reach };
            }
            if here().any(|said| said.decision == Decision::FixedAlready) {
                return Settled::HasNot;
            }
        }
        let unfixed = about.iter().copied().filter(|said| said.decision == Decision::Affected(Outcome::Unfixed));
        let best = unfixed.min_by(|a, b| order(a, b));
        let denied = about.iter().any(|said| matches!(said.decision, Decision::NotAffected | Decision::Outside));
        match best {
            Some(decisive) => Settled::Has { decisive, outcome: Outcome::Unfixed, reach: decisive.reach },
            None if denied => Settled::HasNot,
            None if about.iter().any(|said| said.decision == Decision::UnderInvestigation) => Settled::Undecided,
            None if about.is_empty() => Settled::HasNot,
            None => Settled::Bad,
        }
    }
}

/// What the statements about one flaw come to.
enum Settled<'s, 'a> {
    Has { decisive: &'s Said<'a>, outcome: Outcome<'a>, reach: Reach },
    HasNot,
    Undecided,
    Bad,
}

/// Orders statements that know of no fix: the nearest channel, then the highest authority.
fn order(a: &Said<'_>, b: &Said<'_>) -> Ordering {
    let key = |said: &Said<'_>| (said.reach, rank(said.statement.feed()));
    key(a).cmp(&key(b)).then_with(|| a.statement.feed().cmp(b.statement.feed()))
}

/// Lists for each flaw which statements speak of it, by their places.
///
/// Only flaws that somebody calls open, fixable or undecided are listed: of the others there is nothing to tell. So
/// the thousands of flaws that a kernel's old advisories cover are not even looked at.
fn spread<'a>(said: &[Said<'a>], rules: Rules) -> BTreeMap<&'a str, Vec<usize>> {
    let tells = |decision: Decision<'_>| {
        matches!(decision, Decision::Affected(_) | Decision::UnderInvestigation | Decision::BadFixedVersion(_))
    };
    let mut flaws: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, one) in said.iter().enumerate().filter(|(_, one)| tells(one.decision)) {
        for_each_flaw(&one.statement, rules, |id| flaws.entry(id).or_default().push(place));
    }
    if flaws.is_empty() {
        return flaws;
    }
    for (place, one) in said.iter().enumerate().filter(|(_, one)| !tells(one.decision)) {
        for_each_flaw(&one.statement, rules, |id| {
            if let Some(places) = flaws.get_mut(id) {
                places.push(place);
            }
        });
    }
    flaws
}

/// Names each flaw that a statement speaks of: what an advisory covers, or the flaw itself under its CVE id.
pub(crate) fn for_each_flaw<'a>(statement: &StatementRef<'a>, rules: Rules, mut tell: impl FnMut(&'a str)) {
    let id = statement.vulnerability();
    if rules == Rules::Vendor && is_cve(id) {
        return tell(id);
    }
    let Some(facts) = statement.facts() else { return tell(id) };
    let mut covers = facts.covers().peekable();
    if covers.peek().is_some() {
        return covers.for_each(tell);
    }
    if is_cve(id) {
        return tell(id);
    }
    // One flaw of a language's package goes by several names; where there is a CVE, that is the one.
    tell(facts.aliases().find(|alias| is_cve(alias)).unwrap_or(id));
}

fn is_cve(id: &str) -> bool {
    id.starts_with("CVE-")
}

fn flaw<'a>(
    id: &'a str,
    unit: &Unit<'a>,
    about: &[&Said<'a>],
    decisive: &Said<'a>,
    outcome: Outcome<'a>,
    reach: Reach,
) -> Flaw<'a> {
    // Those that say the same from the same distance: the fix of one binary may be that of its siblings.
    let agrees = |said: &&&Said<'a>| {
        said.reach == reach
            && match outcome {
                Outcome::Fixable { .. } => matches!(said.decision, Decision::Affected(Outcome::Fixable { .. })),
                Outcome::Unfixed => said.decision == Decision::Affected(Outcome::Unfixed),
            }
    };
    let agreeing: Vec<&&Said<'a>> = about.iter().filter(agrees).collect();
    let whole = agreeing.iter().any(|said| said.binary.is_none());
    let named =
        |package: &&&'a Package| whole || agreeing.iter().any(|said| said.binary == Some(package.name.as_str()));
    let mut advisories = Vec::new();
    for said in agreeing.iter().filter(|_| outcome != Outcome::Unfixed) {
        let flaw = said.statement.vulnerability();
        if flaw != id && said.statement.facts().is_some_and(|facts| facts.covers().next().is_some()) {
            advisories.push(flaw);
        }
        advisories.extend(said.statement.advisories());
    }
    advisories.extend(decisive.statement.advisories());
    advisories.sort_unstable();
    advisories.dedup();
    let needs = reach == Reach::NeedsEntitlement && matches!(outcome, Outcome::Fixable { .. });
    Flaw {
        id,
        statement: decisive.statement,
        outcome,
        advisories,
        packages: unit.packages.iter().filter(named).copied().collect(),
        compared: decisive.version.filter(|version| *version != unit.version),
        entitlement: decisive.statement.channel().filter(|_| needs),
    }
}

/// Returns the fixed version that a state names.
pub(crate) fn fixed_of<'a>(state: StateRef<'a>) -> Option<&'a str> {
    match state {
        StateRef::Fixed(fixed) => Some(fixed),
        _ => None,
    }
}
