//! Holds vendor statements against what is installed.

use std::cmp::Ordering;
use std::sync::Arc;

use yagura_index::{Index, StateRef, StatementRef};
use yagura_model::finding::KernelVerdict;
use yagura_model::{Exclusion, ExclusionCode, LocalText, Package, ReleaseKey, Snapshot};
use yagura_version::{DebVersion, Scheme};

use crate::authority::Deciding;
use crate::inventory::{self, Unit};
use crate::kernel::JudgedKernel;

/// How many ids an exclusion names before it only counts.
const NAMED_MAX: usize = 5;

/// Which published vulnerabilities a host's packages have.
#[derive(Debug, Clone)]
pub struct MatchResult<'a> {
    /// Whether the packages could be judged at all.
    pub judged: Judged,
    /// The release that they were judged as.
    pub release: Option<ReleaseKey>,
    /// The flaws, by source package, installed version and vulnerability; the kernel's last.
    pub matches: Vec<Match<'a>>,
    /// What could not be judged.
    pub exclusions: Vec<Exclusion>,
}

/// Whether the packages of a host could be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// They were; single ones may still be among the exclusions.
    Yes,
    /// None was.
    NotAssessed {
        /// Why, and what to do about it.
        reason: LocalText,
    },
}

/// A source package as installed.
#[derive(Debug, Clone)]
pub struct Installed<'a> {
    /// The source package that statements name: `linux` for every kernel image.
    pub source: String,
    /// The version that was compared: the source's own, or the kernel's.
    pub version: String,
    /// The installed binary packages built from it, by name.
    pub packages: Vec<&'a Package>,
    /// For a kernel: what is judged of it.
    kernel: Option<JudgedKernel<'a>>,
}

/// One flaw of one installed source package.
#[derive(Debug, Clone)]
pub struct Match<'a> {
    /// What has it.
    pub installed: Arc<Installed<'a>>,
    /// Who says so.
    pub statement: StatementRef<'a>,
    /// Whether there is a fix.
    pub outcome: Outcome<'a>,
}

impl Match<'_> {
    /// Returns, for a kernel, which one the verdict is about.
    pub fn kernel(&self) -> Option<KernelVerdict> {
        let fixed = match self.outcome {
            Outcome::Fixable { fixed } => Some(fixed),
            Outcome::Unfixed => None,
        };
        self.installed.kernel.as_ref().map(|kernel| kernel.verdict(fixed))
    }
}

/// Whether there is a fix for a flaw that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The installed version is older than the fixed one.
    Fixable {
        /// The first version without the flaw.
        fixed: &'a str,
    },
    /// There is no fix; the statement's state says why.
    Unfixed,
}

/// What a statement means for an installed version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision<'a> {
    /// It has the flaw.
    Affected(Outcome<'a>),
    /// It is the fixed version or a later one.
    FixedAlready,
    /// This build never had it.
    NotAffected,
    /// The vendor does not know yet.
    UnderInvestigation,
    /// The statement's fixed version is none.
    BadFixedVersion(&'a str),
}

/// Decides what a statement means for an installed version.
pub(crate) fn decide<'a>(state: StateRef<'a>, installed: &DebVersion<'_>) -> Decision<'a> {
    match state {
        StateRef::NotAffected => Decision::NotAffected,
        // No feed of this scheme gives ranges.
        StateRef::UnderInvestigation | StateRef::Affected(_) => Decision::UnderInvestigation,
        StateRef::Open | StateRef::WillNotFix | StateRef::Postponed | StateRef::EndOfLife => {
            Decision::Affected(Outcome::Unfixed)
        }
        StateRef::Fixed(fixed) => match DebVersion::parse(fixed) {
            Err(_) => Decision::BadFixedVersion(fixed),
            Ok(version) if installed.cmp(&version) == Ordering::Less => Decision::Affected(Outcome::Fixable { fixed }),
            Ok(_) => Decision::FixedAlready,
        },
    }
}

/// Says why no package of a host can be judged; `None` when they can.
pub(crate) fn obstacle(snapshot: &Snapshot, index: &Index<'_>) -> Option<LocalText> {
    let Some(release) = &snapshot.release else {
        return Some(LocalText::new(
            "nothing on the host says which operating system it runs (no etc/os-release or a file like it), so no feed can be asked about its packages",
            "OS の種類を示す情報 (etc/os-release など) がホストにないため、パッケージに関する脆弱性情報を照合できません",
        ));
    };
    let Some(key) = release.key() else {
        let name = &release.pretty_name;
        return Some(LocalText::new(
            format!("`{name}` does not say which release it is, so no feed can be asked about its packages"),
            format!("`{name}` のリリースを特定できないため、パッケージに関する脆弱性情報を照合できません"),
        ));
    };
    if scheme(&key).is_none() {
        return Some(LocalText::new(
            format!("packages of `{key}` cannot be judged: yagura has no feed and no version order for it"),
            format!("`{key}` に対応するフィードとバージョン比較規則がないため、パッケージを評価できません"),
        ));
    }
    if !index.speaks_of(key.as_str()) {
        return Some(LocalText::new(
            format!("no feed in the index speaks of `{key}`; run `yagura feed sync`"),
            format!("インデックスに `{key}` の脆弱性情報がありません。`yagura feed sync` を実行してください"),
        ));
    }
    if snapshot.package_database.is_none() && snapshot.packages.is_empty() {
        return Some(LocalText::new(
            "the host has no package database that yagura reads, so there is no package to judge",
            "読み取れるパッケージデータベースがホストにないため、評価するパッケージがありません",
        ));
    }
    None
}

/// Returns how versions of a release's packages are compared; `None` where we must not guess.
pub(crate) fn scheme(release: &ReleaseKey) -> Option<Scheme> {
    (release.distribution() == "debian").then_some(Scheme::Dpkg)
}

/// Finds which published vulnerabilities the packages of a host have.
pub fn match_packages<'a>(snapshot: &'a Snapshot, index: &Index<'a>) -> MatchResult<'a> {
    let release = snapshot.release.as_ref().and_then(yagura_model::Release::key);
    let key = match (obstacle(snapshot, index), &release) {
        (None, Some(key)) => key.as_str(),
        (reason, _) => {
            let judged = Judged::NotAssessed { reason: reason.unwrap_or_default() };
            return MatchResult { judged, release, matches: Vec::new(), exclusions: Vec::new() };
        }
    };
    let inventory = inventory::take(snapshot);
    let mut judge = Judge { index, release: key, matches: Vec::new(), exclusions: inventory.exclusions() };
    for unit in &inventory.units {
        judge.unit(unit, None);
    }
    if let Some(kernel) = &inventory.kernel.judged {
        judge.unit(&kernel.unit, Some(kernel));
    }
    for group in &inventory.kernel.not_counted {
        let flaws = judge.count(&group.unit);
        judge.exclusions.push(group.exclusion(flaws));
    }
    judge.exclusions.extend(inventory.kernel.exclusions);
    let Judge { matches, mut exclusions, .. } = judge;
    exclusions.sort();
    MatchResult { judged: Judged::Yes, release, matches, exclusions }
}

struct Judge<'i, 'a> {
    index: &'i Index<'a>,
    release: &'i str,
    matches: Vec<Match<'a>>,
    exclusions: Vec<Exclusion>,
}

impl<'a> Judge<'_, 'a> {
    /// Judges one installed source package. Nothing is allocated for a statement without a match.
    fn unit(&mut self, unit: &Unit<'a>, kernel: Option<&JudgedKernel<'a>>) {
        let statements = self.index.statements(self.release, &unit.source);
        if statements.len() == 0 {
            return;
        }
        let version = match DebVersion::parse(&unit.version) {
            Ok(version) => version,
            // Other packages were sorted out before; this is a kernel's own report.
            Err(error) => return self.exclusions.push(inventory::unparsable(unit, error)),
        };
        let mut installed = None;
        let (mut undecided, mut bad) = (Vec::new(), Vec::new());
        let mut memo = Memo::default();
        for statement in Deciding::among(statements) {
            match memo.decide(&statement, &version) {
                Decision::NotAffected | Decision::FixedAlready => {}
                Decision::UnderInvestigation => undecided.push(statement.vulnerability()),
                Decision::BadFixedVersion(_) => bad.push(statement.vulnerability()),
                Decision::Affected(outcome) => {
                    let installed = installed.get_or_insert_with(|| Arc::new(unit.to_installed(kernel)));
                    self.matches.push(Match { installed: Arc::clone(installed), statement, outcome });
                }
            }
        }
        if !undecided.is_empty() {
            self.exclusions.push(inventory::exclusion(
                ExclusionCode::UnderInvestigation,
                unit,
                undecided_reason(&undecided),
            ));
        }
        if !bad.is_empty() {
            self.exclusions.push(inventory::exclusion(ExclusionCode::UnparsableVersion, unit, bad_reason(&bad)));
        }
    }

    /// Counts the flaws that a unit would have.
    fn count(&self, unit: &Unit<'_>) -> usize {
        let Ok(version) = DebVersion::parse(&unit.version) else { return 0 };
        let mut memo = Memo::default();
        Deciding::among(self.index.statements(self.release, &unit.source))
            .filter(|statement| matches!(memo.decide(statement, &version), Decision::Affected(_)))
            .count()
    }
}

/// Remembers, for one installed version, fixed versions that it has reached.
///
/// A kernel or a browser has thousands of statements and a few dozen fixed versions among them,
/// nearly all long installed; remembering those spares reading and comparing the texts.
struct Memo([Option<u32>; Memo::SLOTS]);

impl Default for Memo {
    fn default() -> Self {
        Self([None; Self::SLOTS])
    }
}

impl Memo {
    /// Enough that a kernel's few hundred fixed versions seldom share one.
    const SLOTS: usize = 256;

    fn decide<'a>(&mut self, statement: &StatementRef<'a>, installed: &DebVersion<'_>) -> Decision<'a> {
        let Some(fixed) = statement.fixed_id() else { return decide(statement.state(), installed) };
        // Fibonacci hashing: the numbers are offsets that lie close together; the top eight bits
        // of the product spread them over the 256 slots.
        let slot = usize::try_from(fixed.wrapping_mul(0x9e37_79b1) >> 24).ok().and_then(|slot| self.0.get_mut(slot));
        let Some(slot) = slot else { return decide(statement.state(), installed) };
        if *slot == Some(fixed) {
            return Decision::FixedAlready;
        }
        let decision = decide(statement.state(), installed);
        if decision == Decision::FixedAlready {
            *slot = Some(fixed);
        }
        decision
    }
}

impl<'a> Unit<'a> {
    fn to_installed(&self, kernel: Option<&JudgedKernel<'a>>) -> Installed<'a> {
        Installed {
            source: self.source.to_string(),
            version: self.version.to_string(),
            packages: self.packages.clone(),
            kernel: kernel.cloned(),
        }
    }
}

fn undecided_reason(ids: &[&str]) -> LocalText {
    let (count, named) = (ids.len(), name_some(ids));
    LocalText::new(
        format!("the distribution has not decided yet whether it is affected by {}: {named}", flaws(count)),
        format!("ディストリビューションが影響を調査中の脆弱性が {count} 件あります: {named}"),
    )
}

fn bad_reason(ids: &[&str]) -> LocalText {
    let (count, named) = (ids.len(), name_some(ids));
    LocalText::new(
        format!("the feed's fixed version is not a Debian version for {}: {named}", flaws(count)),
        format!("フィードの修正バージョンが Debian の形式ではない脆弱性が {count} 件あります: {named}"),
    )
}

/// Counts flaws in English: `1 vulnerability`, `2 vulnerabilities`.
pub(crate) fn flaws(count: usize) -> String {
    if count == 1 { "1 vulnerability".into() } else { format!("{count} vulnerabilities") }
}

fn name_some(ids: &[&str]) -> String {
    let named = ids.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    if ids.len() > NAMED_MAX { format!("{named} …") } else { named }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::sample::{host, index, judge};

    /// One row for each state that a vendor can give, against one installed version.
    #[test]
    fn each_state_has_its_outcome() {
        let installed = host(&["libssl3 3.0.15-1 openssl"]);
        for (statement, expected) in [
            ("fixed 3.0.16-1", "CVE-1 openssl 3.0.15-1 [libssl3] Fixable { fixed: \"3.0.16-1\" }\n"),
            ("fixed 3.0.15-1+deb12u1", "CVE-1 openssl 3.0.15-1 [libssl3] Fixable { fixed: \"3.0.15-1+deb12u1\" }\n"),
            ("fixed 3.0.15-1", ""),         // The fixed version itself.
            ("fixed 3.0.15-1~deb12u1", ""), // A tilde is older.
            ("fixed 0", ""),                // Debian's way to say "never affected".
            ("fixed 1:0.1-1", "CVE-1 openssl 3.0.15-1 [libssl3] Fixable { fixed: \"1:0.1-1\" }\n"),
            ("open", "CVE-1 openssl 3.0.15-1 [libssl3] Unfixed open\n"),
            ("open unimportant", "CVE-1 openssl 3.0.15-1 [libssl3] Unfixed open\n"), // Included.
            ("postponed", "CVE-1 openssl 3.0.15-1 [libssl3] Unfixed postponed\n"),
            ("will-not-fix", "CVE-1 openssl 3.0.15-1 [libssl3] Unfixed will-not-fix\n"),
            ("end-of-life", "CVE-1 openssl 3.0.15-1 [libssl3] Unfixed end-of-life\n"),
            ("not-affected", ""),
            (
                "under-investigation",
                "! under-investigation: openssl 3.0.15-1: the distribution has not decided yet whether it is affected \
                 by 1 vulnerability: CVE-1\n",
            ),
            (
                "fixed 5.#",
                "! unparsable-version: openssl 3.0.15-1: the feed's fixed version is not a Debian version for 1 \
                 vulnerability: CVE-1\n",
            ),
        ] {
            assert_eq!(judge(&installed, &[&format!("openssl CVE-1 {statement}")]), expected, "{statement}");
        }
    }

    #[test]
    fn a_flaw_is_reported_once_for_each_source_and_version() {
        let installed = host(&[
            "openssl 3.0.15-1",
            "libssl3 3.0.15-1 openssl",
            "libssl3 3.0.15-1 openssl +i386",
            "libssl-dev 3.0.14-1+b1 openssl 3.0.14-1", // Left behind; compared by its source's version.
            "zlib1g 1:1.2.13.dfsg-1 zlib",
        ]);
        assert_snapshot!(judge(&installed, &["openssl CVE-1 fixed 3.0.16-1", "openssl CVE-2 fixed 3.0.15-1"]), @r#"
        CVE-1 openssl 3.0.14-1 [libssl-dev] Fixable { fixed: "3.0.16-1" }
        CVE-2 openssl 3.0.14-1 [libssl-dev] Fixable { fixed: "3.0.15-1" }
        CVE-1 openssl 3.0.15-1 [libssl3 libssl3 openssl] Fixable { fixed: "3.0.16-1" }
        "#);
    }

    #[test]
    fn what_is_not_on_the_disk_has_no_flaws() {
        let installed = host(&["openssl 3.0.15-1 =config-files", "zlib1g 1.2 zlib =half-installed"]);
        assert_snapshot!(judge(&installed, &["openssl CVE-1 open", "zlib CVE-2 open"]), @"CVE-2 zlib 1.2 [zlib1g] Unfixed open");
    }

    /// Whatever dpkg has still to do, the files are there.
    #[test]
    fn a_package_on_the_disk_is_judged_in_every_state() {
        for state in
            ["half-installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending", "installed"]
        {
            let mut installed = host(&[&format!("zlib1g 1.2 zlib ={state}")]);
            for want in ["install", "hold", "deinstall", "purge"] {
                installed.packages[0].status.want = want.into();
                let said = judge(&installed, &["zlib CVE-2 open"]);
                assert_eq!(said, "CVE-2 zlib 1.2 [zlib1g] Unfixed open\n", "{want} {state}");
            }
        }
    }

    /// dpkg keeps both in step, but not in the middle of an upgrade, nor by force.
    #[test]
    fn one_package_in_two_architectures_and_versions_is_two_findings() {
        let installed = host(&["libc6 2.36-9+deb12u1 glibc", "libc6 2.36-9+deb12u13 glibc +i386"]);
        let statements = &["glibc CVE-1 fixed 2.36-9+deb12u7", "glibc CVE-2 open"];
        assert_snapshot!(judge(&installed, statements), @r#"
        CVE-1 glibc 2.36-9+deb12u1 [libc6] Fixable { fixed: "2.36-9+deb12u7" }
        CVE-2 glibc 2.36-9+deb12u1 [libc6] Unfixed open
        CVE-2 glibc 2.36-9+deb12u13 [libc6] Unfixed open
        "#);
    }

    #[test]
    fn the_feed_of_highest_authority_decides() {
        let installed = host(&["openssl 3.0.15-1"]);
        for (statements, expected) in [
            // The tracker says that it was fixed earlier; the export and the advisory are older.
            (["debian-advisories:openssl CVE-1 fixed 9", "debian-osv:openssl CVE-1 open", "openssl CVE-1 fixed 1"], ""),
            (
                ["debian-advisories:openssl CVE-1 fixed 9", "debian-osv:openssl CVE-1 open", "zlib CVE-1 open"],
                "CVE-1 openssl 3.0.15-1 [openssl] Unfixed open\n",
            ),
            (
                [
                    "aaa:openssl CVE-1 open",
                    "debian-advisories:openssl CVE-1 fixed 9",
                    "debian-osv:openssl CVE-1 fixed 1",
                ],
                "",
            ),
        ] {
            assert_eq!(judge(&installed, &statements), expected, "{statements:?}");
        }
    }

    #[test]
    fn somebody_elses_build_is_not_judged() {
        let installed = host(&[
            "nginx 1.26.0-1~bookworm @nginx.org",
            "libssl3 3.0.15-1 openssl",
            "openssl 3.0.15-1 @corp", // Another build of the same version.
        ]);
        assert_snapshot!(judge(&installed, &["nginx CVE-1 open", "openssl CVE-2 open"]), @"
        CVE-2 openssl 3.0.15-1 [libssl3] Unfixed open
        ! no-authority: nginx 1.26.0-1~bookworm: built by nginx.org, not by the distribution (shown by its package list): the distribution's statements do not speak of this build; ask nginx.org for its advisories
        ! no-authority: openssl 3.0.15-1: built by corp, not by the distribution (shown by its package list): the distribution's statements do not speak of this build; ask corp for its advisories
        ");
    }

    #[test]
    fn a_version_that_is_none_is_not_judged() {
        let installed = host(&["openssl 1:5.#"]);
        assert_snapshot!(judge(&installed, &["openssl CVE-1 open"]), @"! unparsable-version: openssl 1:5.#: `1:5.#` is not a Debian version (character `#` in version is not allowed), so it cannot be compared with fixed versions");
    }

    #[test]
    fn many_undecided_flaws_are_one_exclusion() {
        let statements: Vec<String> = (1..=7).map(|n| format!("openssl CVE-{n} under-investigation")).collect();
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        assert_snapshot!(judge(&host(&["openssl 1"]), &statements), @"! under-investigation: openssl 1: the distribution has not decided yet whether it is affected by 7 vulnerabilities: CVE-1, CVE-2, CVE-3, CVE-4, CVE-5 …");
    }

    #[test]
    fn without_a_release_that_feeds_know_nothing_is_guessed() {
        let whole = host(&["openssl 3.0.15-1"]);
        let mut nameless = whole.clone();
        nameless.release = None;
        let mut vague = whole.clone();
        vague.release.as_mut().unwrap().codename = None;
        let mut other = whole.clone();
        other.release.as_mut().unwrap().distribution = "nixos".into();
        let mut newer = whole;
        newer.release.as_mut().unwrap().codename = Some("duke".into());
        let mut bare = host(&[]);
        bare.package_database = None;
        let mut text = String::new();
        for snapshot in [nameless, vague, other, newer, bare] {
            text.push_str(&judge(&snapshot, &["openssl CVE-1 open"]));
        }
        assert_snapshot!(text, @"
        not assessed: nothing on the host says which operating system it runs (no etc/os-release or a file like it), so no feed can be asked about its packages
        not assessed: `Debian GNU/Linux 12 (bookworm)` does not say which release it is, so no feed can be asked about its packages
        not assessed: packages of `nixos:12` cannot be judged: yagura has no feed and no version order for it
        not assessed: no feed in the index speaks of `debian:duke`; run `yagura feed sync`
        not assessed: the host has no package database that yagura reads, so there is no package to judge
        ");
    }

    #[test]
    fn a_host_without_flaws_is_judged_too() {
        let bytes = index(&["openssl CVE-1 fixed 1"]);
        let snapshot = host(&["openssl 3.0.15-1"]);
        let result = match_packages(&snapshot, &Index::open(&bytes).unwrap());
        assert_eq!(result.judged, Judged::Yes);
        assert!(result.matches.is_empty() && result.exclusions.is_empty());
    }
}
