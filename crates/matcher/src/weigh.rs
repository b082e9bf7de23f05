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
    /// Flaws that the vendor tracks and has decided to ignore.
    pub(crate) ignored: Vec<&'a str>,
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
    /// The binary packages that have it; `None` for all of the unit's.
    pub(crate) packages: Option<Vec<&'a Package>>,
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
                Settled::Ignored => weighed.ignored.push(id),
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
        // Where one channel's line is ignored (its support has ended) and another's is open, the open one speaks.
        let best = unfixed.min_by(|a, b| is_ignored(&a.statement).cmp(&is_ignored(&b.statement)).then(order(a, b)));
        let denied = about.iter().any(|said| matches!(said.decision, Decision::NotAffected | Decision::Outside));
        match best {
            Some(decisive) if is_ignored(&decisive.statement) => Settled::Ignored,
            Some(decisive) => Settled::Has { decisive, outcome: Outcome::Unfixed, reach: decisive.reach },
            None if denied => Settled::HasNot,
            None if about.iter().any(|said| said.decision == Decision::UnderInvestigation) => Settled::Undecided,
            None if about.is_empty() => Settled::HasNot,
            None => Settled::Bad,
        }
    }
}

/// Ubuntu ignores what does not concern its build, cannot be exploited or is not worth its repair, and counts none of
/// these as a vulnerability of the package. Elsewhere a vendor that will not fix a flaw says that it is there.
fn is_ignored(statement: &StatementRef<'_>) -> bool {
    statement.feed().starts_with("ubuntu-") && matches!(statement.state(), StateRef::WillNotFix | StateRef::EndOfLife)
}

/// What the statements about one flaw come to.
enum Settled<'s, 'a> {
    Has { decisive: &'s Said<'a>, outcome: Outcome<'a>, reach: Reach },
    HasNot,
    Undecided,
    Ignored,
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
        // An advisory that covers no known CVE is the flaw's own name.
        if flaw == id && !is_cve(id) && is_an_advisory(&said.statement) {
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
        packages: (!unit.packages.iter().all(|package| named(&package)))
            .then(|| unit.packages.iter().filter(named).copied().collect()),
        compared: decisive.version.filter(|version| *version != unit.version),
        entitlement: decisive.statement.channel().filter(|_| needs),
    }
}

fn is_an_advisory(statement: &StatementRef<'_>) -> bool {
    !authority::is_state(statement.feed()) && !statement.release().starts_with("ecosystem:")
}

/// Returns the fixed version that a state names.
pub(crate) fn fixed_of<'a>(state: StateRef<'a>) -> Option<&'a str> {
    match state {
        StateRef::Fixed(fixed) => Some(fixed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use yagura_model::{Repository, Snapshot, Vulnerability};

    use crate::sample::{advisory, host_of, judge_with, language_host};

    fn on(snapshot: &Snapshot, release: &str, statements: &[&str], facts: &[Vulnerability]) -> String {
        judge_with(snapshot, release, statements, facts)
    }

    fn rhel(packages: &[&str]) -> Snapshot {
        host_of("rhel", "9.4", packages)
    }

    #[test]
    fn an_advisory_about_binaries_is_spread_over_what_it_covers() {
        let host = rhel(&["openssl 1:3.0.7-24.el9 openssl", "openssl-libs 1:3.0.7-27.el9 openssl 1:3.0.7-24.el9"]);
        let facts = [advisory("RHSA-2024:1", &["CVE-1", "CVE-2"]), advisory("RHSA-2024:2", &["CVE-2"])];
        let statements = [
            "redhat-osv:openssl RHSA-2024:1 fixed 1:3.0.7-25.el9 binary",
            "redhat-osv:openssl-libs RHSA-2024:1 fixed 1:3.0.7-25.el9 binary",
            "redhat-osv:openssl-libs RHSA-2024:2 fixed 1:3.0.7-28.el9 binary",
        ];
        // Only one binary lags behind the first advisory; the second asks more of the other.
        assert_snapshot!(on(&host, "redhat:9", &statements, &facts), @r#"
        CVE-1 openssl 1:3.0.7-24.el9 [openssl] Fixable { fixed: "1:3.0.7-25.el9" } RHSA-2024:1
        CVE-2 openssl 1:3.0.7-27.el9 [openssl openssl-libs] Fixable { fixed: "1:3.0.7-28.el9" } RHSA-2024:1 RHSA-2024:2
        "#);
    }

    /// A missing epoch is 0 on both sides; an advisory that lacks the installed one's would never be reached.
    #[test]
    fn epochs_count() {
        let host = rhel(&["bind 32:9.16.23-14.el9 bind"]);
        let facts = [advisory("RHSA-2024:1", &["CVE-1"])];
        assert_eq!(on(&host, "redhat:9", &["redhat-osv:bind RHSA-2024:1 fixed 9.16.23-18.el9 binary"], &facts), "");
        let stated = ["redhat-osv:bind RHSA-2024:1 fixed 32:9.16.23-18.el9 binary"];
        assert!(on(&host, "redhat:9", &stated, &facts).starts_with("CVE-1 bind 32:9.16.23-14.el9"));
    }

    #[test]
    fn a_module_and_the_base_system_are_strangers() {
        let facts = [advisory("RHSA-2024:1", &["CVE-1"])];
        let statements = ["redhat-osv:nodejs RHSA-2024:1 fixed 1:18.20.0-1.module+el9 binary %nodejs:18"];
        for (package, found) in [
            ("nodejs 1:18.12.0-1.module+el9 nodejs %nodejs:18:9020020230101:abcd", true),
            ("nodejs 1:16.12.0-1.module+el9 nodejs %nodejs:16:9020020230101:abcd", false),
            ("nodejs 1:16.12.0-1.el9 nodejs", false),
        ] {
            assert_eq!(!on(&rhel(&[package]), "redhat:9", &statements, &facts).is_empty(), found, "{package}");
        }
        // Without a stream the first number of the version has to do.
        let unnamed = ["redhat-osv:nodejs RHSA-2024:1 fixed 1:18.20.0-1.module+el9 binary"];
        for (package, found) in [
            ("nodejs 1:18.12.0-1.module+el9 nodejs %nodejs:18:9020020230101:abcd", true),
            ("nodejs 1:18.12.0-1.module+el9 nodejs", true),
            ("nodejs 1:16.12.0-1.module+el9 nodejs %nodejs:16:9020020230101:abcd", false),
            ("nodejs 1:16.12.0-1.el9 nodejs", false),
        ] {
            assert_eq!(!on(&rhel(&[package]), "redhat:9", &unnamed, &facts).is_empty(), found, "{package}");
        }
        let base = ["redhat-osv:nodejs RHSA-2024:1 fixed 1:18.20.0-1.el9 binary"];
        let modular = rhel(&["nodejs 1:18.12.0-1.module+el9 nodejs %nodejs:18:9020020230101:abcd"]);
        assert_eq!(on(&modular, "redhat:9", &base, &facts), "");
    }

    #[test]
    fn the_vendors_verdict_stands_above_its_advisories_but_a_fix_is_a_fact() {
        let host = rhel(&["curl 7.76.1-29.el9 curl"]);
        let facts = [advisory("RHSA-2024:1", &["CVE-1"])];
        let fixed_already = "redhat-osv:curl RHSA-2024:1 fixed 7.76.1-29.el9 binary";
        let fixable = "redhat-osv:curl RHSA-2024:1 fixed 7.76.1-30.el9 binary";
        for (verdict, advisory, expected) in [
            ("not-affected", fixable, ""),
            ("will-not-fix", fixed_already, ""),
            (
                "will-not-fix",
                fixable,
                "CVE-1 curl 7.76.1-29.el9 [curl] Fixable { fixed: \"7.76.1-30.el9\" } RHSA-2024:1\n",
            ),
            (
                "will-not-fix",
                "redhat-osv:wget RHSA-2024:1 fixed 9 binary",
                "CVE-1 curl 7.76.1-29.el9 [curl] Unfixed will-not-fix\n",
            ),
            ("under-investigation", fixed_already, ""),
        ] {
            let verdict = format!("redhat-vex:curl CVE-1 {verdict}");
            assert_eq!(on(&host, "redhat:9", &[&verdict, advisory], &facts), expected, "{verdict} {advisory}");
        }
    }

    #[test]
    fn a_channel_that_the_host_chose_speaks_first_and_others_not_at_all() {
        let facts = [advisory("RHSA-2024:1", &["CVE-1"]), advisory("RHSA-2024:2", &["CVE-1"])];
        let statements = [
            "redhat-osv:curl RHSA-2024:1 fixed 7.76.1-30.el9_4 binary",
            "redhat-osv:curl RHSA-2024:2 fixed 7.76.1-29.el9_4.3 binary #eus:9.4",
        ];
        let mut host = rhel(&["curl 7.76.1-29.el9_4.3 curl"]);
        assert!(on(&host, "redhat:9", &statements, &facts).contains("7.76.1-30.el9_4"));
        host.channels.repositories.push(Repository {
            id: "rhel-9-for-x86_64-baseos-eus-rpms".into(),
            enabled: true,
            ..Repository::default()
        });
        assert_eq!(on(&host, "redhat:9", &statements, &facts), "");
    }

    #[test]
    fn a_fix_that_must_be_paid_for_is_said_to_be() {
        let mut host = host_of("ubuntu", "18.04", &["openssl 1.1.1-1ubuntu2.1~18.04.23 openssl"]);
        host.release.as_mut().unwrap().codename = Some("bionic".into());
        let statements = [
            "ubuntu-cve-tracker:openssl CVE-1 end-of-life",
            "ubuntu-cve-tracker:openssl CVE-1 fixed 1.1.1-1ubuntu2.1~18.04.23+esm3 #esm-infra",
            "ubuntu-cve-tracker:openssl CVE-2 fixed 1.1.1-1ubuntu2.1~18.04.9",
            "ubuntu-cve-tracker:openssl CVE-2 fixed 1.1.1-1ubuntu2.1~18.04.23+esm9 #esm-infra",
            "ubuntu-cve-tracker:openssl CVE-3 open",
            "ubuntu-cve-tracker:openssl CVE-3 not-affected #esm-infra",
            "ubuntu-cve-tracker:openssl CVE-4 end-of-life",
            "ubuntu-cve-tracker:openssl CVE-4 postponed #esm-infra",
        ];
        let ignored = ["ubuntu-cve-tracker:openssl CVE-9 will-not-fix"];
        assert!(
            on(&host, "ubuntu:bionic", &ignored, &[])
                .starts_with("! ignored-by-vendor: openssl 1.1.1-1ubuntu2.1~18.04.23")
        );
        assert_snapshot!(on(&host, "ubuntu:bionic", &statements, &[]), @r#"
        CVE-1 openssl 1.1.1-1ubuntu2.1~18.04.23 [openssl] Fixable { fixed: "1.1.1-1ubuntu2.1~18.04.23+esm3" } needs esm-infra
        CVE-4 openssl 1.1.1-1ubuntu2.1~18.04.23 [openssl] Unfixed postponed
        "#);
        host.channels.entitlements.push("esm-infra".into());
        assert!(!on(&host, "ubuntu:bionic", &statements, &[]).contains("needs"));
        host.packages[0].source.version = "1.1.1-1ubuntu2.1~18.04.23+esm3".into();
        assert_eq!(on(&host, "ubuntu:bionic", &statements[..2], &[]), "");
    }

    #[test]
    fn a_languages_package_is_judged_under_its_cve_and_by_its_own_database_first() {
        let host = language_host("pypi", &["jinja2 3.1.2", "jinja2 2.0 owned", "requests 2.31.0"]);
        let facts = [
            Vulnerability { id: "GHSA-1".into(), aliases: vec!["CVE-1".into()], ..Vulnerability::default() },
            Vulnerability {
                id: "PYSEC-1".into(),
                aliases: vec!["CVE-1".into(), "GHSA-1".into()],
                ..Vulnerability::default()
            },
        ];
        let statements = [
            "osv-pypi:jinja2 GHSA-1 ranges ..3.1.3",
            "pypa:jinja2 PYSEC-1 ranges 3.0..3.1.4",
            "pypa:requests PYSEC-2 ranges 2.32.0..2.32.4",
        ];
        assert_snapshot!(on(&host, "ecosystem:pypi", &statements, &facts), @r#"CVE-1 jinja2 3.1.2 [jinja2] Fixable { fixed: "3.1.4" }"#);
        // Whose owner is no package of the distribution has nobody else to speak for it.
        let mut foreign = language_host("pypi", &["jinja2 3.1.2 owned"]);
        foreign.packages.extend(host_of("debian", "12", &["python3-something 1 @vendor"]).packages);
        assert!(on(&foreign, "ecosystem:pypi", &statements, &facts).contains("CVE-1 jinja2 3.1.2"));
        let narrow = ["osv-pypi:jinja2 GHSA-1 ranges ..3.1.3", "pypa:jinja2 PYSEC-1 ranges 2.0..3.1.1"];
        assert_eq!(on(&host, "ecosystem:pypi", &narrow, &facts), "");
    }

    #[test]
    fn a_language_without_a_feed_is_said_aloud() {
        let host = language_host("npm", &["left-pad 1.0.0", "lodash 4.0.0"]);
        assert_snapshot!(on(&host, "ecosystem:pypi", &[], &[]), @"! no-authority: npm packages: 2 of them are not assessed: no feed in the index speaks of npm; run `yagura feed sync`");
    }
}
