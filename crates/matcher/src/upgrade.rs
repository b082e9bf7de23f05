//! Which upgrades repair most.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

use yagura_model::assessment::Upgrade;
use yagura_model::finding::{AffectedPackage, KernelVerdict};
use yagura_model::{Evidence, Finding, LocalText, Severity, StatementState, VulnerabilityEvidence};
use yagura_version::Scheme;

use crate::recommend::is_held;

/// Lists the upgrades that repair findings, one for each source package and installed version;
/// those that repair most of the worst come first.
pub fn upgrades(findings: &[Finding]) -> Vec<Upgrade> {
    let mut groups: BTreeMap<(&str, &str), Group<'_>> = BTreeMap::new();
    for finding in findings {
        let Evidence::Vulnerability(evidence) = &finding.evidence else { continue };
        let StatementState::Fixed(fixed) = &evidence.state else { continue };
        let key = (evidence.source.name.as_str(), evidence.source.version.as_str());
        groups.entry(key).or_default().add(finding.severity, evidence, fixed);
    }
    let mut upgrades: Vec<Upgrade> =
        groups.into_iter().map(|((source, installed), group)| group.upgrade(source, installed)).collect();
    // The map was sorted by name and the sort is stable, so equals stay in that order.
    upgrades.sort_by_key(|upgrade| {
        let [high, medium, undefined, low, informational] = upgrade.repairs;
        Reverse((high, upgrade.known_exploited, medium, undefined, low, informational))
    });
    upgrades
}

#[derive(Default)]
struct Group<'f> {
    fixed: &'f str,
    packages: BTreeSet<&'f str>,
    held: BTreeSet<&'f str>,
    repairs: [usize; 5],
    known_exploited: usize,
    kernel: bool,
    /// Every finding only waits for a reboot.
    reboot_is_enough: Option<bool>,
}

impl<'f> Group<'f> {
    fn add(&mut self, severity: Severity, evidence: &'f VulnerabilityEvidence, fixed: &'f str) {
        let scheme = Scheme::ALL.iter().find(|scheme| scheme.name() == evidence.scheme).copied();
        let scheme = scheme.unwrap_or(Scheme::Dpkg);
        if self.fixed.is_empty() || scheme.compare(self.fixed, fixed) == Ordering::Less {
            self.fixed = fixed;
        }
        let name = |package: &'f AffectedPackage| package.name.as_str();
        self.packages.extend(evidence.packages.iter().map(name));
        self.held.extend(evidence.packages.iter().filter(|package| is_held(package)).map(name));
        for (known, count) in Severity::ALL.iter().zip(&mut self.repairs) {
            *count += usize::from(*known == severity);
        }
        self.known_exploited += usize::from(evidence.kev.is_some());
        self.kernel |= evidence.kernel.is_some();
        let pending = matches!(evidence.kernel, Some(KernelVerdict::RebootPending { .. }));
        self.reboot_is_enough = Some(self.reboot_is_enough.unwrap_or(true) && pending);
    }

    fn upgrade(self, source: &str, installed: &str) -> Upgrade {
        Upgrade {
            source: source.to_owned(),
            installed_version: installed.to_owned(),
            fixed_version: self.fixed.to_owned(),
            packages: self.packages.iter().map(|&name| name.to_owned()).collect(),
            repairs: self.repairs,
            known_exploited: self.known_exploited,
            obstacle: self.obstacle(),
        }
    }

    fn obstacle(&self) -> Option<LocalText> {
        if self.reboot_is_enough == Some(true) {
            return Some(LocalText::new(
                "already installed; only a reboot is missing",
                "インストール済み。再起動のみ必要です",
            ));
        }
        if !self.held.is_empty() {
            let names = self.held.iter().copied().collect::<Vec<_>>().join(", ");
            return Some(LocalText::new(
                format!("held back by `apt-mark hold`: {names}"),
                format!("`apt-mark hold` で保留中: {names}"),
            ));
        }
        self.kernel.then(|| LocalText::new("takes effect after a reboot", "反映には再起動が必要です"))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use insta::assert_snapshot;
    use jiff::civil::date;
    use yagura_model::{Kev, Vulnerability};

    use super::*;
    use crate::sample::{found, host, running, scored};

    fn render(upgrades: &[Upgrade]) -> String {
        let mut text = String::new();
        for upgrade in upgrades {
            let Upgrade { source, installed_version, fixed_version, packages, repairs, known_exploited, obstacle } =
                upgrade;
            write!(text, "{source} {installed_version} -> {fixed_version} {packages:?} {repairs:?}").unwrap();
            write!(text, " exploited {known_exploited}").unwrap();
            if let Some(obstacle) = obstacle {
                assert!(!obstacle.ja.is_empty());
                write!(text, " ({})", obstacle.en).unwrap();
            }
            text.push('\n');
        }
        text
    }

    #[test]
    fn the_upgrade_that_repairs_most_of_the_worst_comes_first() {
        let machine = host(&["a 1", "libb1 1 b", "b 1", "c 1 =hold", "d 1", "e 1"]);
        let kev = Kev { added: date(2026, 1, 1), due: None, ransomware: false, action: String::new() };
        let facts = [Vulnerability { kev: Some(kev), ..scored("CVE-5", 0.1) }];
        let statements = [
            "a CVE-1 fixed 2 low",
            "a CVE-2 fixed 2 low",
            "b CVE-3 fixed 1.9 high",
            "b CVE-4 fixed 1.10 medium",
            "c CVE-5 fixed 3 high",
            "d CVE-6 open high", // No upgrade repairs it.
            "e CVE-7 fixed 2",
        ];
        assert_snapshot!(render(&upgrades(&found(&machine, &statements, &facts))), @r#"
        c 1 -> 3 ["c"] [1, 0, 0, 0, 0] exploited 1 (held back by `apt-mark hold`: c)
        b 1 -> 1.10 ["b", "libb1"] [1, 1, 0, 0, 0] exploited 0
        e 1 -> 2 ["e"] [0, 0, 1, 0, 0] exploited 0
        a 1 -> 2 ["a"] [0, 0, 0, 2, 0] exploited 0
        "#);
    }

    #[test]
    fn a_kernel_asks_for_a_reboot_and_sometimes_for_nothing_else() {
        let now = "linux-image-6.1.0-28-amd64 6.1.119-1 linux-signed-amd64 6.1.119+1";
        let new = "linux-image-6.1.0-31-amd64 6.1.128-1 linux-signed-amd64 6.1.128+1";
        let machine = running(host(&[now, new]), "6.1.0-28-amd64", None);
        let waiting = "linux CVE-1 fixed 6.1.123-1";
        assert_snapshot!(render(&upgrades(&found(&machine, &[waiting], &[]))), @r#"linux 6.1.119-1 -> 6.1.123-1 ["linux-image-6.1.0-28-amd64"] [0, 0, 1, 0, 0] exploited 0 (already installed; only a reboot is missing)"#);
        let missing = "linux CVE-2 fixed 6.1.133-1";
        assert_snapshot!(render(&upgrades(&found(&machine, &[waiting, missing], &[]))), @r#"linux 6.1.119-1 -> 6.1.133-1 ["linux-image-6.1.0-28-amd64"] [0, 0, 2, 0, 0] exploited 0 (takes effect after a reboot)"#);
    }

    #[test]
    fn without_findings_there_is_nothing_to_upgrade() {
        assert!(upgrades(&[]).is_empty());
    }
}
