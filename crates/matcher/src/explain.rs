//! Why a host has a vulnerability, or has it not: every statement about it, with our reasoning.

use yagura_index::{Index, StatementRef};
use yagura_model::finding::{AffectedPackage, KernelVerdict};
use yagura_model::{
    ExclusionCode, FeedId, LocalText, Names, ReleaseKey, Snapshot, StatementState, Urgency, Vulnerability,
};

use crate::family::{self, Family};
use crate::finding::affected;
use crate::inventory::{self, Inventory, Unit};
use crate::kernel::names::{deb_source, part};
use crate::languages;
use crate::matching::obstacle;
use crate::scope::{Reach, Scope};
use crate::severity::{Grade, grade, score_all};
use crate::verdict::{Decision, Installed, Outcome};
use crate::weigh::{Court, Rules, fixed_of};

/// Why a host has a vulnerability, or has it not.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The vulnerability that was asked about, in capitals.
    pub cve: String,
    /// The host's release; `None` when the host does not say enough.
    pub release: Option<ReleaseKey>,
    /// What is known of the flaw itself.
    pub facts: Option<Vulnerability>,
    /// The answer in one sentence.
    pub summary: LocalText,
    /// One entry for each statement and each installed version that it was held against.
    pub reasoning: Vec<Reasoning>,
}

/// One statement held against what is installed.
#[derive(Debug, Clone, PartialEq)]
pub struct Reasoning {
    /// Who says it.
    pub feed: FeedId,
    /// Of which source package.
    pub package: String,
    /// What it says.
    pub state: StatementState,
    /// The vendor's grading.
    pub urgency: Urgency,
    /// The vendor's note.
    pub note: Option<String>,
    /// The vendor's advisories.
    pub advisories: Vec<String>,
    /// The installed version that it was held against.
    pub installed_version: Option<String>,
    /// The installed binary packages.
    pub packages: Vec<AffectedPackage>,
    /// The comparison: `3.0.15-1 < 3.0.16-1 (dpkg)`.
    pub comparison: Option<String>,
    /// For a kernel: which one the verdict is about.
    pub kernel: Option<KernelVerdict>,
    /// What came out.
    pub verdict: Verdict,
    /// Why, in a sentence.
    pub why: LocalText,
    /// The severity that a finding of it has, and the fact that decided it.
    pub grade: Grade,
}

/// What came out of holding a statement against what is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The host has the flaw: a finding.
    Affected,
    /// The installed version has the fix.
    FixedAlready,
    /// The vendor says that its build never had the flaw.
    NotAffected,
    /// The package is not installed.
    NotInstalled,
    /// The vendor does not know yet.
    UnderInvestigation,
    /// Somebody else built the package.
    NoAuthority,
    /// The kernel's rules leave it out.
    NotCounted,
    /// A version cannot be compared.
    Unparsable,
    /// A feed of higher authority says otherwise or the same.
    Outranked,
    /// It speaks of a channel or module from which this host takes no packages.
    OtherChannel,
}

impl Verdict {
    /// Returns a word for machines: `affected`, `fixed-already` …
    pub const fn word(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::FixedAlready => "fixed-already",
            Self::NotAffected => "not-affected",
            Self::NotInstalled => "not-installed",
            Self::UnderInvestigation => "under-investigation",
            Self::NoAuthority => "no-authority",
            Self::NotCounted => "not-counted",
            Self::Unparsable => "unparsable",
            Self::Outranked => "outranked",
            Self::OtherChannel => "other-channel",
        }
    }
}

/// Explains what is known of a vulnerability on a host.
pub fn explain(cve: &str, snapshot: &Snapshot, index: &Index<'_>) -> Explanation {
    let cve = cve.trim().to_ascii_uppercase();
    let release = snapshot.release.as_ref().and_then(yagura_model::Release::key);
    let facts = index.vulnerability(&cve).map(|facts| facts.to_owned());
    let unjudged = |summary| Explanation {
        cve: cve.clone(),
        release: release.clone(),
        facts: facts.clone(),
        summary,
        reasoning: Vec::new(),
    };
    if let Some(reason) = obstacle(snapshot, index) {
        return unjudged(reason);
    }
    let (Some(key), Some(family)) = (&release, release.as_ref().and_then(Family::of)) else {
        return unjudged(LocalText::default());
    };
    let scope = Scope::of(snapshot, key);
    let inventory = inventory::take(snapshot, family.scheme);
    let scored = index.vulnerability(&cve).map(|facts| score_all(facts.cvss())).unwrap_or_default();
    let court = Court { index, release: key.as_str(), scheme: family.scheme, scope: &scope, rules: Rules::Vendor };
    let mut reasoning = Vec::new();
    for statement in statements_about(&cve, index).filter(|statement| statement.release() == key.as_str()) {
        let blank = Reasoning::about(&statement, grade(statement.urgency(), &scored));
        reasoning.extend(reason(&statement, &inventory, &court, &cve, &blank));
    }
    let languages = languages::take(snapshot);
    let nowhere = Scope::default();
    for (ecosystem, language) in &languages {
        let release = ReleaseKey::ecosystem(*ecosystem);
        let (scheme, rules) = (family::scheme(*ecosystem), Rules::Ecosystem);
        let court = Court { index, release: release.as_str(), scheme, scope: &nowhere, rules };
        for statement in statements_about(&cve, index).filter(|statement| statement.release() == release.as_str()) {
            let blank = Reasoning::about(&statement, grade(statement.urgency(), &scored));
            for unit in language.units.iter().filter(|unit| unit.source == statement.package()) {
                reasoning.push(
                    blank.clone().with(unit).judged(&statement, &unit.version, &court).weighed(unit, &court, &cve),
                );
            }
        }
    }
    let summary = summary(&cve, key, &reasoning);
    Explanation { reasoning, ..unjudged(summary) }
}

/// Iterates over what is said of a flaw: under its own id, under that of each advisory that covers it, and under its
/// other names.
fn statements_about<'a>(cve: &str, index: &Index<'a>) -> impl Iterator<Item = StatementRef<'a>> + use<'a> {
    let aliases = index.vulnerability(cve).into_iter().flat_map(|facts| facts.aliases());
    let mut ids: Vec<&'a str> = index.advisories_covering(cve).chain(aliases).collect();
    ids.sort_unstable();
    ids.dedup();
    let own: Vec<StatementRef<'a>> = index.statements_about(cve).collect();
    let others: Vec<StatementRef<'a>> = ids.into_iter().flat_map(|id| index.statements_about(id)).collect();
    own.into_iter().chain(others)
}

/// Tells whether a statement names a unit: its source, or one of its binaries.
fn names(statement: &StatementRef<'_>, unit: &Unit<'_>) -> bool {
    match statement.names() {
        Names::Source => unit.source == statement.package(),
        Names::Binary => unit.packages.iter().any(|package| package.name == statement.package()),
    }
}

/// Returns the version of a unit that a statement is held against.
fn compared<'u>(statement: &StatementRef<'_>, unit: &'u Unit<'_>) -> &'u str {
    let binary = || unit.packages.iter().find(|package| package.name == statement.package());
    match statement.names() {
        Names::Source => &unit.version,
        Names::Binary => binary().map_or(&unit.version, |package| &package.version),
    }
}

/// Holds a statement against each installed version of what it names.
fn reason(
    statement: &StatementRef<'_>,
    inventory: &Inventory<'_>,
    court: &Court<'_, '_>,
    cve: &str,
    blank: &Reasoning,
) -> Vec<Reasoning> {
    let mut all = Vec::new();
    let held = |unit: &Unit<'_>| blank.clone().with(unit).judged(statement, compared(statement, unit), court);
    for unit in inventory.units.iter().filter(|unit| names(statement, unit)) {
        all.push(held(unit).weighed(unit, court, cve));
    }
    if let Some(kernel) = inventory.kernel.judged.as_ref().filter(|kernel| names(statement, &kernel.unit)) {
        let mut judged = held(&kernel.unit).weighed(&kernel.unit, court, cve);
        if judged.verdict == Verdict::Affected {
            judged.kernel = Some(kernel.verdict(fixed_of(statement.state())));
        }
        all.push(judged);
    }
    for group in inventory.kernel.not_counted.iter().filter(|group| names(statement, &group.unit)) {
        let judged = held(&group.unit);
        let why = group.reason(usize::from(judged.verdict == Verdict::Affected));
        all.push(Reasoning { verdict: Verdict::NotCounted, why, ..judged });
    }
    for (unit, error) in inventory.unparsable.iter().filter(|(unit, _)| names(statement, unit)) {
        let why = inventory::unparsable(unit, *error).reason;
        all.push(Reasoning { verdict: Verdict::Unparsable, why, ..blank.clone().with(unit) });
    }
    let is_foreign = |unit: &&Unit<'_>| {
        let source = unit.packages.first().and_then(|package| part(package)).map(|part| part.source);
        names(statement, unit) || source.is_some_and(|source| source == statement.package())
    };
    for unit in inventory.foreign.iter().filter(is_foreign) {
        let why = inventory::no_authority_reason(unit);
        all.push(Reasoning { verdict: Verdict::NoAuthority, why, ..blank.clone().with(unit) });
    }
    if all.is_empty() {
        all.push(blank.clone().not_installed(inventory));
    }
    all
}

impl Reasoning {
    fn about(statement: &StatementRef<'_>, grade: Grade) -> Self {
        Self {
            feed: FeedId::new(statement.feed()),
            package: statement.package().to_owned(),
            state: statement.state().to_owned(),
            urgency: statement.urgency(),
            note: statement.note().map(str::to_owned),
            advisories: statement.advisories().map(str::to_owned).collect(),
            installed_version: None,
            packages: Vec::new(),
            comparison: None,
            kernel: None,
            verdict: Verdict::NotInstalled,
            why: LocalText::default(),
            grade,
        }
    }

    fn with(mut self, unit: &Unit<'_>) -> Self {
        self.installed_version = Some(unit.version.to_string());
        self.packages = unit.packages.iter().map(|package| affected(package)).collect();
        self
    }

    fn judged(self, statement: &StatementRef<'_>, installed: &str, court: &Court<'_, '_>) -> Self {
        let scheme = court.scheme;
        if court.scope.reach(statement) == Reach::Elsewhere {
            let channel = statement.channel().unwrap_or_default();
            let why = LocalText::new(
                format!("it speaks of the channel `{channel}`, from which this host takes no packages"),
                format!("チャンネル `{channel}` に関する記述であり、このホストはそこからパッケージを取得していません"),
            );
            return Self { verdict: Verdict::OtherChannel, why, ..self };
        }
        let state = statement.state();
        let decision = Installed::parse(scheme, installed).map(|version| version.decide(state));
        let fixed = fixed_of(state).unwrap_or_default();
        let package = self.package.clone();
        let (verdict, comparison, why) = match decision {
            Err(error) => (Verdict::Unparsable, None, inventory::unparsable_reason(installed, error)),
            Ok(Decision::BadFixedVersion(fixed)) => (
                Verdict::Unparsable,
                None,
                LocalText::new(
                    format!("the feed's fixed version `{fixed}` is no version by the rules of {scheme}"),
                    format!("フィードの修正バージョン `{fixed}` は {scheme} のバージョン形式ではありません"),
                ),
            ),
            Ok(Decision::Outside) => (
                Verdict::NotAffected,
                None,
                LocalText::new(
                    format!("{package} {installed} lies outside of the affected ranges"),
                    format!("{package} {installed} は影響を受けるバージョンの範囲外です"),
                ),
            ),
            Ok(Decision::UnderInvestigation) => (
                Verdict::UnderInvestigation,
                None,
                LocalText::new(
                    format!("the distribution has not decided yet whether {package} is affected"),
                    format!("{package} への影響はディストリビューションが調査中です"),
                ),
            ),
            Ok(Decision::NotAffected) => (
                Verdict::NotAffected,
                None,
                LocalText::new(
                    format!("the distribution says that {package} of this release was never affected"),
                    format!("このリリースの {package} は影響を受けないとディストリビューションが判定しています"),
                ),
            ),
            Ok(Decision::FixedAlready) => (
                Verdict::FixedAlready,
                Some(format!("{installed} >= {fixed} ({scheme})")),
                LocalText::new(
                    format!("{package} {installed} is not older than {fixed}, which has the fix"),
                    format!("{package} {installed} は修正版 {fixed} 以降です"),
                ),
            ),
            Ok(Decision::Affected(Outcome::Fixable { fixed })) => (
                Verdict::Affected,
                Some(format!("{installed} < {fixed} ({scheme})")),
                LocalText::new(
                    format!("{package} {installed} is older than {fixed}, which has the fix"),
                    format!("{package} {installed} は修正版 {fixed} より古いバージョンです"),
                ),
            ),
            Ok(Decision::Affected(Outcome::Unfixed)) => {
                let said = self.state.text();
                (
                    Verdict::Affected,
                    None,
                    LocalText::new(
                        format!("{package} is affected in every version of this release: {}", said.en),
                        format!("このリリースの {package} はすべてのバージョンが影響を受けます: {}", said.ja),
                    ),
                )
            }
        };
        Self { verdict, comparison, why, ..self }
    }

    /// Brings the statement's own verdict into line with what all statements together come to.
    fn weighed(self, unit: &Unit<'_>, court: &Court<'_, '_>, cve: &str) -> Self {
        let Ok(weighed) = court.weigh(unit) else { return self };
        if self.verdict == Verdict::Affected && weighed.ignored.iter().any(|id| id.eq_ignore_ascii_case(cve)) {
            let why = LocalText::new(
                "the distribution has decided to ignore it, and counts it as no vulnerability of this package",
                "ディストリビューションが対応対象外と判断し、このパッケージの脆弱性として数えていません",
            );
            return Self { verdict: Verdict::NotCounted, why, ..self };
        }
        let flaw = weighed.flaws.iter().find(|flaw| flaw.id.eq_ignore_ascii_case(cve));
        let alone = match (self.verdict, flaw) {
            (Verdict::Affected, Some(flaw)) => {
                flaw.statement.feed() == self.feed.as_str() || flaw.outcome != Outcome::Unfixed
            }
            (Verdict::Affected, None) => false,
            (Verdict::FixedAlready | Verdict::NotAffected | Verdict::UnderInvestigation, Some(_)) => false,
            _ => true,
        };
        if alone { self } else { self.outranked() }
    }

    fn outranked(self) -> Self {
        let why = LocalText::new(
            "a feed of higher authority speaks of the same package, and its word counts",
            "より優先度の高いフィードが同じパッケージについて述べており、そちらを採用します",
        );
        Self { verdict: Verdict::Outranked, why, ..self }
    }

    fn not_installed(self, inventory: &Inventory<'_>) -> Self {
        let custom = inventory.kernel.exclusions.iter().find(|exclusion| exclusion.code == ExclusionCode::NoAuthority);
        match custom.filter(|_| deb_source(&self.package).is_some()) {
            Some(exclusion) => {
                let why = exclusion.reason.clone();
                Self { verdict: Verdict::NoAuthority, why, ..self }
            }
            None => {
                let package = &self.package;
                let why = LocalText::new(
                    format!("nothing built from {package} is installed"),
                    format!("{package} からビルドされたパッケージはインストールされていません"),
                );
                Self { verdict: Verdict::NotInstalled, why, ..self }
            }
        }
    }
}

fn summary(cve: &str, release: &ReleaseKey, reasoning: &[Reasoning]) -> LocalText {
    if reasoning.is_empty() {
        return LocalText::new(
            format!("no feed says anything about {cve} in {release}"),
            format!("{release} における {cve} について述べているフィードはありません"),
        );
    }
    let with = |verdict| reasoning.iter().filter(move |entry| entry.verdict == verdict);
    let mut affected: Vec<String> = with(Verdict::Affected)
        .map(|entry| format!("{} {}", entry.package, entry.installed_version.as_deref().unwrap_or_default()))
        .collect();
    affected.dedup();
    if !affected.is_empty() {
        let list = affected.join(", ");
        return LocalText::new(
            format!("this host is vulnerable to {cve}: {list}"),
            format!("このホストは {cve} の影響を受けます: {list}"),
        );
    }
    let undecided = [Verdict::UnderInvestigation, Verdict::NoAuthority, Verdict::NotCounted, Verdict::Unparsable];
    if undecided.into_iter().any(|verdict| with(verdict).next().is_some()) {
        return LocalText::new(
            format!("{cve} could not be judged on this host; the reasons stand below"),
            format!("このホストにおける {cve} の影響は判定できませんでした。理由は以下のとおりです"),
        );
    }
    LocalText::new(format!("this host is not vulnerable to {cve}"), format!("このホストは {cve} の影響を受けません"))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use insta::assert_snapshot;

    use super::*;
    use crate::sample::{contained, host, index, running};

    fn said(snapshot: &Snapshot, statements: &[&str]) -> String {
        let bytes = index(statements);
        let explanation = explain(" cve-1 ", snapshot, &Index::open(&bytes).unwrap());
        assert_eq!(explanation.cve, "CVE-1");
        assert!(!explanation.summary.ja.is_empty());
        let mut text = explanation.summary.en;
        for entry in &explanation.reasoning {
            assert!(!entry.why.ja.is_empty());
            write!(text, "\n{}: {}", entry.verdict.word(), entry.why.en).unwrap();
            if let Some(comparison) = &entry.comparison {
                write!(text, " [{comparison}]").unwrap();
            }
        }
        text
    }

    #[test]
    fn each_verdict_has_its_sentence() {
        let machine = host(&["a 2"]);
        for (statement, expected) in [
            (
                "a CVE-1 fixed 3",
                "this host is vulnerable to CVE-1: a 2\naffected: a 2 is older than 3, which has the fix [2 < 3 (dpkg)]",
            ),
            (
                "a CVE-1 fixed 2",
                "this host is not vulnerable to CVE-1\nfixed-already: a 2 is not older than 2, which has the fix [2 >= 2 (dpkg)]",
            ),
            (
                "a CVE-1 open",
                "this host is vulnerable to CVE-1: a 2\naffected: a is affected in every version of this release: no fix yet",
            ),
            (
                "a CVE-1 not-affected",
                "this host is not vulnerable to CVE-1\nnot-affected: the distribution says that a of this release was never affected",
            ),
            ("b CVE-1 open", "this host is not vulnerable to CVE-1\nnot-installed: nothing built from b is installed"),
            (
                "a CVE-1 under-investigation",
                "CVE-1 could not be judged on this host; the reasons stand below\nunder-investigation: the distribution has not decided yet whether a is affected",
            ),
            (
                "a CVE-1 fixed #",
                "CVE-1 could not be judged on this host; the reasons stand below\nunparsable: the feed's fixed version `#` is no version by the rules of dpkg",
            ),
            ("a CVE-2 open", "no feed says anything about CVE-1 in debian:bookworm"),
        ] {
            assert_eq!(said(&machine, &[statement]), expected, "{statement}");
        }
    }

    #[test]
    fn feeds_of_lower_authority_are_shown_and_do_not_count() {
        assert_snapshot!(said(&host(&["a 2"]), &["debian-osv:a CVE-1 open", "a CVE-1 fixed 1"]), @"
        this host is not vulnerable to CVE-1
        outranked: a feed of higher authority speaks of the same package, and its word counts
        fixed-already: a 2 is not older than 1, which has the fix [2 >= 1 (dpkg)]
        ");
    }

    #[test]
    fn foreign_and_odd_builds_are_not_judged() {
        assert_snapshot!(said(&host(&["a 2 @vendor"]), &["a CVE-1 open"]), @"
        CVE-1 could not be judged on this host; the reasons stand below
        no-authority: built by vendor, not by the distribution (shown by its package list): the distribution's statements do not speak of this build; ask vendor for its advisories
        ");
        assert_snapshot!(said(&host(&["a x"]), &["a CVE-1 open"]), @"
        CVE-1 could not be judged on this host; the reasons stand below
        unparsable: `x` is not a Debian version (version does not start with a digit), so it cannot be compared with fixed versions
        ");
    }

    #[test]
    fn the_kernel_is_explained_by_its_own_rules() {
        let image = "linux-image-6.1.0-28-amd64 6.1.119-1 linux-signed-amd64 6.1.119+1";
        let headers = "linux-libc-dev 6.1.119-1 linux";
        let flaw = ["linux CVE-1 fixed 6.1.123-1"];
        assert_snapshot!(said(&running(host(&[image, headers]), "6.1.0-28-amd64", None), &flaw), @"
        this host is vulnerable to CVE-1: linux 6.1.119-1
        affected: linux 6.1.119-1 is older than 6.1.123-1, which has the fix [6.1.119-1 < 6.1.123-1 (dpkg)]
        ");
        assert_snapshot!(said(&contained(host(&[headers])), &flaw), @"
        CVE-1 could not be judged on this host; the reasons stand below
        not-counted: a container runs its host's kernel: 1 vulnerability of `linux` not counted for linux-libc-dev; assess the host [6.1.119-1 < 6.1.123-1 (dpkg)]
        ");
        assert_snapshot!(said(&running(host(&[]), "6.18.0", None), &flaw), @"
        CVE-1 could not be judged on this host; the reasons stand below
        no-authority: the running kernel is not a package of this distribution, so the distribution's statements do not speak of it; ask whoever built it for its advisories
        ");
    }

    /// What `explain` says and what is found must never differ.
    #[test]
    fn explanations_agree_with_matches() {
        let packages = ["a 1", "b 2", "c 3 @vendor", "d x", "linux-image-6.1.0-28-amd64 6.1.119-1 linux"];
        let snapshot = running(host(&packages), "6.1.0-28-amd64", None);
        for package in ["a", "b", "c", "d", "linux", "absent"] {
            for state in ["open", "fixed 2", "fixed 7", "not-affected", "under-investigation", "fixed #"] {
                let bytes = index(&[&format!("{package} CVE-1 {state}")]);
                let index = Index::open(&bytes).unwrap();
                let matched = !crate::match_packages(&snapshot, &index).matches.is_empty();
                let explained = explain("CVE-1", &snapshot, &index);
                let affected = explained.reasoning.iter().any(|entry| entry.verdict == Verdict::Affected);
                assert_eq!(affected, matched, "{package} {state}");
            }
        }
    }

    #[test]
    fn a_host_without_a_release_gets_a_reason_and_the_facts() {
        let mut machine = host(&["a 1"]);
        machine.release = None;
        assert!(said(&machine, &["a CVE-1 open"]).starts_with("nothing on the host says which operating system"));
    }
}
