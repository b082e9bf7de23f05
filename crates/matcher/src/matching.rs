//! Holds vendor statements against what is installed.

use std::sync::Arc;

use yagura_index::{Index, StatementRef};
use yagura_model::finding::KernelVerdict;
use yagura_model::{
    Ecosystem, Exclusion, ExclusionCode, LocalText, Package, PackageKind, ReleaseKey, RulesPackage, Snapshot,
};
use yagura_version::Scheme;

use crate::authority::Deciding;
use crate::family::{self, Family};
use crate::inventory::{self, Unit};
use crate::kernel::JudgedKernel;
use crate::languages;
use crate::scope::Scope;
use crate::verdict::{self, Decision, Memo, Outcome, VersionError};
use crate::weigh::{Court, Flaw, Rules, Weighed};

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
    /// How many packages of languages were held against a feed.
    pub languages: usize,
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
    /// The release that it was judged as: `debian:bookworm`, `ecosystem:npm`.
    pub release: String,
    /// How its versions are ordered.
    pub scheme: Scheme,
    /// The source package that statements name: `linux` for every kernel image.
    pub source: String,
    /// The version that was compared: the source's own, a binary's, or the kernel's.
    pub version: String,
    /// The installed binary packages that have the flaw, by name.
    pub packages: Vec<&'a Package>,
    /// For a kernel: what is judged of it.
    kernel: Option<JudgedKernel<'a>>,
}

/// One flaw of one installed source package.
#[derive(Debug, Clone)]
pub struct Match<'a> {
    /// What has it.
    pub installed: Arc<Installed<'a>>,
    /// The flaw's id: the CVE where there is one.
    pub vulnerability: &'a str,
    /// Who says so. Its own id is an advisory's where an advisory covers the flaw.
    pub statement: StatementRef<'a>,
    /// Whether there is a fix.
    pub outcome: Outcome<'a>,
    /// The vendor's advisories that carry the fix.
    pub advisories: Vec<&'a str>,
    /// The entitlement that the fix needs and the host lacks: `esm-infra`.
    pub entitlement: Option<&'a str>,
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

/// Tells whether the packages of a release have a version order and sources here.
pub fn supports(release: &yagura_model::Release) -> bool {
    release.key().is_some_and(|key| Family::of(&key).is_some())
}

/// Tells the same of a distribution by its os-release `ID` alone, where no more is known of a host yet.
pub fn supports_distribution(id: &str) -> bool {
    let (version, codename) = (Some("1.0".to_owned()), Some("any".to_owned()));
    supports(&yagura_model::Release { distribution: id.to_owned(), version, codename, ..Default::default() })
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
    if Family::of(&key).is_none() {
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
    let of_the_system = |package: &Package| package.kind.is_of_the_system();
    if snapshot.package_database.is_none() && !snapshot.packages.iter().any(of_the_system) {
        return Some(LocalText::new(
            "the host has no package database that yagura reads, so there is no package to judge",
            "読み取れるパッケージデータベースがホストにないため、評価するパッケージがありません",
        ));
    }
    None
}

/// Finds which published vulnerabilities the packages of a host have.
pub fn match_packages<'a>(snapshot: &'a Snapshot, index: &Index<'a>) -> MatchResult<'a> {
    let release = snapshot.release.as_ref().and_then(yagura_model::Release::key);
    let mut judge = Judge { index, matches: Vec::new(), exclusions: Vec::new() };
    let judged = match (obstacle(snapshot, index), &release) {
        (None, Some(release)) => {
            judge.system(snapshot, release);
            Judged::Yes
        }
        (reason, _) => Judged::NotAssessed { reason: reason.unwrap_or_default() },
    };
    let languages = judge.languages(snapshot);
    judge.no_feeds_at_all(snapshot);
    let Judge { matches, mut exclusions, .. } = judge;
    exclusions.sort();
    MatchResult { judged, release, matches, exclusions, languages }
}

struct Judge<'i, 'a> {
    index: &'i Index<'a>,
    matches: Vec<Match<'a>>,
    exclusions: Vec<Exclusion>,
}

impl<'a> Judge<'_, 'a> {
    /// Judges what the operating system's package manager installed.
    fn system(&mut self, snapshot: &'a Snapshot, release: &ReleaseKey) {
        let Some(family) = Family::of(release) else { return };
        let inventory = inventory::take(snapshot, family.scheme);
        let scope = Scope::of(snapshot, release);
        let court = Court {
            index: self.index,
            release: release.as_str(),
            scheme: family.scheme,
            scope: &scope,
            rules: Rules::Vendor,
        };
        self.exclusions.extend(inventory.exclusions());
        for unit in &inventory.units {
            self.unit(&court, unit, None, family.plain);
        }
        if let Some(kernel) = &inventory.kernel.judged {
            self.unit(&court, &kernel.unit, Some(kernel), family.plain);
        }
        for group in &inventory.kernel.not_counted {
            let flaws = count(&court, &group.unit);
            self.exclusions.push(group.exclusion(flaws));
        }
        self.exclusions.extend(inventory.kernel.exclusions);
    }

    /// Judges the packages of languages; returns how many were held against a feed.
    fn languages(&mut self, snapshot: &'a Snapshot) -> usize {
        let mut judged = 0;
        let scope = Scope::default();
        for (ecosystem, language) in languages::take(snapshot) {
            let release = ReleaseKey::ecosystem(ecosystem);
            if !self.index.speaks_of(release.as_str()) {
                self.exclusions.push(no_feed(ecosystem, language.units.len()));
                continue;
            }
            let scheme = family::scheme(ecosystem);
            let court =
                Court { index: self.index, release: release.as_str(), scheme, scope: &scope, rules: Rules::Ecosystem };
            for unit in &language.units {
                judged += 1;
                self.unit(&court, unit, None, false);
            }
        }
        judged
    }

    /// Says which packages nobody publishes advisories for.
    fn no_feeds_at_all(&mut self, snapshot: &Snapshot) {
        for package in snapshot.packages.iter().filter(|package| package.is_present()) {
            let (kind, kind_ja) = match package.kind {
                PackageKind::Snap => ("snap", "snap"),
                PackageKind::Flatpak => ("Flatpak", "Flatpak"),
                _ => continue,
            };
            self.exclusions.push(Exclusion {
                rules_package: RulesPackage::Cve,
                code: ExclusionCode::NoAuthority,
                subject: format!("{} {}", package.name, package.version),
                reason: LocalText::new(
                    format!("its publisher bundles what is inside a {kind} and no feed speaks of it; ask the publisher"),
                    format!("{kind_ja} の中身は発行者が同梱しており、対応する脆弱性情報がありません。発行者に確認してください"),
                ),
                place: Some(package.record.clone()),
            });
        }
    }

    /// Judges one installed source package.
    fn unit(&mut self, court: &Court<'_, 'a>, unit: &Unit<'a>, kernel: Option<&JudgedKernel<'a>>, plain: bool) {
        let weighed = if plain { weigh_plain(court, unit) } else { court.weigh(unit) };
        let weighed = match weighed {
            Ok(weighed) => weighed,
            // A distribution's packages were sorted out before; this is a kernel's own report, or a language's.
            Err(error) => return self.exclusions.push(inventory::unparsable(unit, error)),
        };
        let mut whole: Option<Arc<Installed<'a>>> = None;
        for flaw in weighed.flaws {
            let all = || unit.packages.clone();
            let installed = if flaw.compared.is_none() && flaw.packages.is_none() {
                let shared = || Arc::new(unit.to_installed(court, kernel, &unit.version, all()));
                Arc::clone(whole.get_or_insert_with(shared))
            } else {
                let version = flaw.compared.unwrap_or(&unit.version);
                Arc::new(unit.to_installed(court, kernel, version, flaw.packages.unwrap_or_else(all)))
            };
            self.matches.push(Match {
                installed,
                vulnerability: flaw.id,
                statement: flaw.statement,
                outcome: flaw.outcome,
                advisories: flaw.advisories,
                entitlement: flaw.entitlement,
            });
        }
        if !weighed.undecided.is_empty() {
            let reason = undecided_reason(&weighed.undecided);
            self.exclusions.push(inventory::exclusion(ExclusionCode::UnderInvestigation, unit, reason));
        }
        if !weighed.ignored.is_empty() {
            let reason = ignored_reason(&weighed.ignored);
            self.exclusions.push(inventory::exclusion(ExclusionCode::IgnoredByVendor, unit, reason));
        }
        if !weighed.bad.is_empty() {
            let reason = bad_reason(&weighed.bad, court.scheme);
            self.exclusions.push(inventory::exclusion(ExclusionCode::UnparsableVersion, unit, reason));
        }
    }
}

/// Weighs a unit of a distribution whose feeds say one thing of each flaw in each source package. Nothing is
/// allocated for a statement without a match.
fn weigh_plain<'a>(court: &Court<'_, 'a>, unit: &Unit<'a>) -> Result<Weighed<'a>, VersionError> {
    let mut weighed = Weighed::default();
    let statements = court.index.statements(court.release, &unit.source);
    if statements.len() == 0 {
        return Ok(weighed);
    }
    let version = verdict::Installed::parse(court.scheme, &unit.version)?;
    let mut memo = Memo::default();
    for statement in Deciding::among(statements) {
        let id = statement.vulnerability();
        match memo.decide(&statement, &version) {
            Decision::NotAffected | Decision::FixedAlready | Decision::Outside => {}
            Decision::UnderInvestigation => weighed.undecided.push(id),
            Decision::BadFixedVersion(_) => weighed.bad.push(id),
            Decision::Affected(outcome) => weighed.flaws.push(Flaw {
                id,
                statement,
                outcome,
                advisories: statement.advisories().collect(),
                packages: None,
                compared: None,
                entitlement: None,
            }),
        }
    }
    Ok(weighed)
}

/// Counts the flaws that a unit would have.
fn count(court: &Court<'_, '_>, unit: &Unit<'_>) -> usize {
    court.weigh(unit).map_or(0, |weighed| weighed.flaws.len())
}

fn no_feed(ecosystem: Ecosystem, packages: usize) -> Exclusion {
    let registry = family::registry(ecosystem);
    Exclusion {
        rules_package: RulesPackage::Cve,
        code: ExclusionCode::NoAuthority,
        subject: format!("{registry} packages"),
        reason: LocalText::new(
            format!(
                "{packages} of them are not assessed: no feed in the index speaks of {registry}; run `yagura feed sync`"
            ),
            format!(
                "{packages} 件を評価していません。インデックスに {registry} の脆弱性情報がありません。\
                 `yagura feed sync` を実行してください"
            ),
        ),
        place: None,
    }
}

impl<'a> Unit<'a> {
    fn to_installed(
        &self,
        court: &Court<'_, '_>,
        kernel: Option<&JudgedKernel<'a>>,
        version: &str,
        packages: Vec<&'a Package>,
    ) -> Installed<'a> {
        Installed {
            release: court.release.to_owned(),
            scheme: court.scheme,
            source: self.source.to_string(),
            version: version.to_owned(),
            packages,
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

fn ignored_reason(ids: &[&str]) -> LocalText {
    let (count, named) = (ids.len(), name_some(ids));
    LocalText::new(
        format!(
            "the distribution has decided to ignore {} of it and counts none as a vulnerability of this package: \
             {named}; `yagura explain` gives its reasons",
            flaws(count)
        ),
        format!(
            "ディストリビューションが対応対象外と判断し、このパッケージの脆弱性として数えていないものが {count} 件あります: \
             {named}。理由は `yagura explain` で確認できます"
        ),
    )
}

fn bad_reason(ids: &[&str], scheme: Scheme) -> LocalText {
    let (count, named) = (ids.len(), name_some(ids));
    LocalText::new(
        format!("the feed's fixed version is no version by the rules of {scheme} for {}: {named}", flaws(count)),
        format!("フィードの修正バージョンが {scheme} の形式ではない脆弱性が {count} 件あります: {named}"),
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
                "! unparsable-version: openssl 3.0.15-1: the feed's fixed version is no version by the rules of dpkg \
                 for 1 vulnerability: CVE-1\n",
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
    fn distributions_with_feeds_are_supported() {
        for id in
            ["debian", "ubuntu", "rhel", "centos", "amzn", "sles", "opensuse-leap", "alpine", "arch", "ol", "rocky"]
        {
            assert!(supports_distribution(id), "{id}");
        }
        for id in ["nixos", "freebsd", ""] {
            assert!(!supports_distribution(id), "{id}");
        }
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
