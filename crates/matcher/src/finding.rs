//! Turns matches into findings: severity, evidence, advice, order.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::family::{Family, is_plain};
use crate::recommend;
use crate::severity;
use crate::{Match, MatchResult, Outcome};
use yagura_index::{Index, VulnerabilityRef};
use yagura_model::finding::AffectedPackage;
use yagura_model::{
    Attribute, CvssVector, CvssVersion, Evidence, FeedId, Finding, FindingKey, LocalText, Package, Pin, RulesPackage,
    Snapshot, SourceLine, SourcePackage, StatementState, VulnerabilityEvidence,
};

/// The most characters that the API allows in an attribute's value.
const ATTRIBUTE_CHARACTERS_MAX: usize = 256;

/// Builds the findings of a host: most severe first, known exploited before others, then by
/// EPSS, then by id and package.
pub fn findings(result: &MatchResult<'_>, snapshot: &Snapshot, index: &Index<'_>) -> Vec<Finding> {
    let host = HostTexts::of(snapshot);
    let mut keys = HashSet::new();
    let mut findings: Vec<Finding> =
        result.matches.iter().map(|found| finding(found, &host, index, &mut keys)).collect();
    findings.sort_by(order);
    findings
}

/// What every finding says of its host.
pub(crate) struct HostTexts {
    key: String,
    /// What people call it.
    name: String,
    /// Its architecture, to tell foreign binaries apart in commands.
    pub(crate) architecture: Option<String>,
    /// Metapackages of kernels that are installed: `linux-image-amd64`.
    pub(crate) kernel_metapackages: Vec<String>,
    /// What keeps packages back.
    pins: Vec<Pin>,
}

impl HostTexts {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let identity = &snapshot.host;
        let key = identity.key();
        let name = [Some(&identity.name), identity.root.as_ref()].into_iter().flatten().find(|name| !name.is_empty());
        let is_metapackage = |package: &&Package| package.is_present() && crate::kernel::names::is_metapackage(package);
        Self {
            name: name.cloned().unwrap_or_else(|| key.clone()),
            key,
            architecture: identity.architecture.clone(),
            kernel_metapackages: snapshot.packages.iter().filter(is_metapackage).map(|p| p.name.clone()).collect(),
            pins: snapshot.channels.pins.clone(),
        }
    }

    /// Returns the rule that keeps a package back, and where it is written.
    pub(crate) fn pin(&self, package: &str) -> Option<(&str, &SourceLine)> {
        let speaks = |pin: &&Pin| match pin.package.strip_suffix('*') {
            Some(beginning) => package.starts_with(beginning),
            None => pin.package == package,
        };
        self.pins.iter().find(speaks).map(|pin| (pin.rule.as_str(), &pin.place))
    }
}

fn finding(found: &Match<'_>, host: &HostTexts, index: &Index<'_>, keys: &mut HashSet<FindingKey>) -> Finding {
    let (statement, installed) = (found.statement, &found.installed);
    let (id, source, version) = (found.vulnerability, &installed.source, &installed.version);
    let vulnerability = index.vulnerability(id);
    let cvss = vulnerability.map(|facts| severity::score_all(facts.cvss())).unwrap_or_default();
    let grade = severity::grade(statement.urgency(), &cvss);
    let mut key = FindingKey::of(&host.key, RulesPackage::Cve, id, source);
    if !keys.insert(key.clone()) {
        // Two versions of one source side by side: the further ones are told apart by version.
        key = FindingKey::of(&host.key, RulesPackage::Cve, id, &format!("{source} {version}"));
        keys.insert(key.clone());
    }
    let name = &host.name;
    let title = LocalText::new(
        format!("Instance {name} is vulnerable to {id} ({source} {version})"),
        format!("インスタンス {name} は {id} の影響を受けます ({source} {version})"),
    );
    let attributes = attributes(host, id, source, &cvss);
    let evidence = evidence(found, vulnerability, cvss);
    Finding {
        key,
        rules_package: RulesPackage::Cve,
        rule: id.to_owned(),
        title,
        description: description(id, vulnerability.or_else(|| statement.facts())),
        recommendation: recommend::advice(&evidence, host),
        severity: grade.severity,
        severity_reason: grade.reason,
        attributes,
        evidence: Evidence::Vulnerability(Box::new(evidence)),
    }
}

fn description(id: &str, vulnerability: Option<VulnerabilityRef<'_>>) -> LocalText {
    match vulnerability.map(|facts| facts.description()).unwrap_or_default() {
        "" => VulnerabilityEvidence::no_description(id),
        text => LocalText::untranslated(text),
    }
}

fn evidence(
    found: &Match<'_>,
    vulnerability: Option<VulnerabilityRef<'_>>,
    cvss: Vec<(CvssVector, f64)>,
) -> VulnerabilityEvidence {
    let (statement, installed) = (found.statement, &found.installed);
    let (id, release, scheme) = (found.vulnerability, installed.release.as_str(), installed.scheme);
    let comparison = match found.outcome {
        Outcome::Fixable { fixed } => format!("{} < {fixed} ({scheme})", installed.version),
        Outcome::Unfixed => format!("{}; no fixed version in {release}", installed.version),
    };
    let state = match (found.outcome, statement.state().to_owned()) {
        // What ranges say of this version, in the words of every other vendor.
        (Outcome::Fixable { fixed }, StatementState::Affected(_)) => StatementState::Fixed(fixed.to_owned()),
        (Outcome::Unfixed, StatementState::Affected(_)) => StatementState::Open,
        (_, state) => state,
    };
    let mut advisories: Vec<String> = found.advisories.iter().copied().map(str::to_owned).collect();
    advisories.sort_by(|a, b| advisory_number(b).cmp(&advisory_number(a)));
    let vendor_url = vendor_url(release, id, advisories.first().map(String::as_str));
    VulnerabilityEvidence {
        cve: id.to_owned(),
        aliases: aliases(found, vulnerability),
        advisories,
        vendor_url,
        feed: FeedId::new(statement.feed()),
        release: release.to_owned(),
        source: SourcePackage { name: installed.source.clone(), version: installed.version.clone() },
        packages: installed.packages.iter().map(|package| affected(package)).collect(),
        state,
        urgency: statement.urgency(),
        note: statement.note().map(str::to_owned),
        scheme: scheme.name(),
        comparison,
        entitlement: found.entitlement.map(str::to_owned),
        kernel: found.kernel(),
        cvss,
        kev: vulnerability.and_then(|facts| facts.kev()),
        epss: vulnerability.and_then(|facts| facts.epss()),
        references: vulnerability
            .map(|facts| facts.references().map(|reference| reference.to_owned()).collect())
            .unwrap_or_default(),
    }
}

/// Copies what a finding shows of a package.
pub(crate) fn affected(package: &Package) -> AffectedPackage {
    let status = package.status.to_string();
    AffectedPackage {
        name: package.name.clone(),
        version: package.version.clone(),
        architecture: package.architecture.clone(),
        status: (status != "install ok installed").then_some(status),
        place: package.kind.ecosystem().map(|_| package.record.to_string()),
    }
}

/// Lists other ids of the flaw, among them the one under which the deciding feed knows it.
fn aliases(found: &Match<'_>, vulnerability: Option<VulnerabilityRef<'_>>) -> Vec<String> {
    let mut aliases: Vec<String> =
        vulnerability.into_iter().flat_map(|facts| facts.aliases()).map(str::to_owned).collect();
    let own = found.statement.vulnerability();
    let covers = found.statement.facts().is_some_and(|facts| facts.covers().next().is_some());
    if own != found.vulnerability && !covers && !aliases.iter().any(|alias| alias == own) {
        aliases.push(own.to_owned());
    }
    aliases
}

/// Returns the page where the vendor's verdict or advisory stands; none for an id that would not be a plain part of
/// an address.
pub(crate) fn vendor_url(release: &str, id: &str, advisory: Option<&str>) -> Option<String> {
    let (distribution, version) = release.split_once(':').unwrap_or((release, ""));
    if distribution == "ecosystem" {
        return is_plain(id).then(|| format!("https://osv.dev/vulnerability/{id}"));
    }
    let advisory = advisory.filter(|advisory| is_plain(advisory));
    match (distribution, advisory) {
        ("almalinux", Some(advisory)) => {
            Some(format!("https://errata.almalinux.org/{version}/{}.html", advisory.replace(':', "-")))
        }
        ("rocky", Some(advisory)) => Some(format!("https://errata.rockylinux.org/{advisory}")),
        ("fedora", Some(advisory)) => Some(format!("https://bodhi.fedoraproject.org/updates/{advisory}")),
        ("gentoo", Some(advisory)) => {
            Some(format!("https://security.gentoo.org/glsa/{}", advisory.trim_start_matches("GLSA-")))
        }
        _ => Family::named(distribution)?.page(id),
    }
}

/// Orders advisories by their numbers: `DSA-5865-1` is the 5865th, its first revision; `RHSA-2024:1234` the 1234th of 2024.
fn advisory_number(advisory: &str) -> (u32, u32, &str) {
    let mut parts = advisory.split(['-', ':']).skip(1).filter_map(|part| part.parse().ok());
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0), advisory)
}

fn attributes(host: &HostTexts, id: &str, source: &str, cvss: &[(CvssVector, f64)]) -> Vec<Attribute> {
    let mut pairs = vec![
        ("INSTANCE_ID".to_owned(), host.key.clone()),
        ("CVE_ID".to_owned(), id.to_owned()),
        ("package_name".to_owned(), source.to_owned()),
    ];
    for (name, versions) in [
        ("CVSS4", &[CvssVersion::V4][..]),
        ("CVSS3", &[CvssVersion::V3_1, CvssVersion::V3_0]),
        ("CVSS2", &[CvssVersion::V2]),
    ] {
        // The vectors are sorted, so the first of a version is the one that counts.
        if let Some((vector, score)) = cvss.iter().find(|(vector, _)| versions.contains(&vector.version)) {
            pairs.push((format!("{name}_SCORE"), format!("{score:.1}")));
            pairs.push((format!("{name}_VECTOR"), vector.vector.clone()));
        }
    }
    let cut = |value: String| value.chars().take(ATTRIBUTE_CHARACTERS_MAX).collect();
    pairs.into_iter().map(|(key, value)| Attribute { key, value: cut(value) }).collect()
}

/// Orders findings: severity, known exploitation, EPSS, id, package, version.
fn order(a: &Finding, b: &Finding) -> Ordering {
    let severity = a.severity.cmp(&b.severity);
    let (Evidence::Vulnerability(left), Evidence::Vulnerability(right)) = (&a.evidence, &b.evidence) else {
        return severity.then_with(|| a.rule.cmp(&b.rule));
    };
    let epss = |evidence: &VulnerabilityEvidence| evidence.epss.map_or(-1.0, |epss| epss.probability);
    severity
        .then_with(|| right.kev.is_some().cmp(&left.kev.is_some()))
        .then_with(|| epss(right).total_cmp(&epss(left)))
        .then_with(|| id_order(&left.cve).cmp(&id_order(&right.cve)))
        .then_with(|| (&left.source.name, &left.source.version).cmp(&(&right.source.name, &right.source.version)))
}

/// Orders ids as people do: `CVE-2024-9999` before `CVE-2024-10000`.
fn id_order(id: &str) -> (&str, u64, u64, &str) {
    let mut parts = id.splitn(3, '-');
    let kind = parts.next().unwrap_or_default();
    let mut number = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(u64::MAX);
    (kind, number(), number(), id)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use jiff::civil::date;
    use yagura_model::{Kev, Severity, Vulnerability};

    use super::*;
    use crate::sample::{found, host, running, scored, table};

    const V3_HIGH: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H";

    fn described() -> Vulnerability {
        Vulnerability {
            description: "A flaw in the handshake.".into(),
            aliases: vec!["GHSA-1".into()],
            cvss: vec![
                CvssVector { version: CvssVersion::V3_1, vector: V3_HIGH.into(), source: FeedId::new("debian-osv") },
                CvssVector {
                    version: CvssVersion::V2,
                    vector: "AV:N/AC:L/Au:N/C:N/I:N/A:P".into(),
                    source: FeedId::new("debian-osv"),
                },
            ],
            ..scored("CVE-1", 0.25)
        }
    }

    fn evidence_of(finding: &Finding) -> &VulnerabilityEvidence {
        let Evidence::Vulnerability(evidence) = &finding.evidence else { panic!("not about a vulnerability") };
        evidence
    }

    #[test]
    fn a_finding_says_what_why_and_what_to_do() {
        let machine = host(&["openssl 3.0.15-1", "libssl3 3.0.15-1 openssl"]);
        let all = found(&machine, &["openssl CVE-1 fixed 3.0.16-1"], &[described()]);
        let [finding] = all.as_slice() else { panic!("{all:?}") };
        assert_snapshot!(finding.title.en, @"Instance web-1 is vulnerable to CVE-1 (openssl 3.0.15-1)");
        assert_snapshot!(finding.title.ja, @"インスタンス web-1 は CVE-1 の影響を受けます (openssl 3.0.15-1)");
        assert_snapshot!(finding.description.en, @"A flaw in the handshake.");
        assert_snapshot!(finding.description.ja, @"A flaw in the handshake.");
        assert_snapshot!(finding.recommendation.en, @"Upgrade openssl to 3.0.16-1 or later: `apt-get update && apt-get install --only-upgrade libssl3 openssl`. Then restart the programs that still use the old files (`needrestart` lists them).");
        assert_snapshot!(finding.severity_reason.en, @"CVSS 3.1 base score 7.5 (vector from debian-osv)");
        assert_eq!(finding.severity, Severity::High);
        assert_eq!(finding.rule, "CVE-1");
        let attributes: Vec<String> = finding.attributes.iter().map(|a| format!("{}={}", a.key, a.value)).collect();
        assert_snapshot!(attributes.join("\n"), @"
        INSTANCE_ID=web-1
        CVE_ID=CVE-1
        package_name=openssl
        CVSS3_SCORE=7.5
        CVSS3_VECTOR=CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H
        CVSS2_SCORE=5.0
        CVSS2_VECTOR=AV:N/AC:L/Au:N/C:N/I:N/A:P
        ");
        let evidence = evidence_of(finding);
        assert_eq!(evidence.comparison, "3.0.15-1 < 3.0.16-1 (dpkg)");
        assert_eq!(evidence.vendor_url.as_deref(), Some("https://security-tracker.debian.org/tracker/CVE-1"));
        assert_eq!(evidence.release, "debian:bookworm");
        assert_eq!(evidence.aliases, ["GHSA-1"]);
        let packages: Vec<&str> = evidence.packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(packages, ["libssl3", "openssl"]);
    }

    #[test]
    fn a_flaw_that_nobody_describes_says_so() {
        let all = found(&host(&["openssl 1"]), &["openssl CVE-1 open"], &[]);
        assert_snapshot!(all[0].description.en, @"No feed carries a description of CVE-1.");
        assert_snapshot!(all[0].severity_reason.en, @"neither the distribution nor any feed has graded it");
        assert_eq!(all[0].severity, Severity::Undefined);
        assert_eq!(evidence_of(&all[0]).comparison, "1; no fixed version in debian:bookworm");
    }

    /// Every state and every obstacle has advice of its own, in both languages.
    #[test]
    fn advice_follows_the_state() {
        for (package, statement, expected) in [
            ("a 1", "a CVE-1 open", "Debian has not published a fix of a for bookworm yet. Until then,"),
            ("a 1", "a CVE-1 will-not-fix", "Debian will not fix a in bookworm. Until then,"),
            (
                "a 1",
                "a CVE-1 postponed",
                "Debian has postponed the fix of a in bookworm; it may come with a later update. The security team \
                 notes: \"Minor issue\".",
            ),
            ("a 1", "a CVE-1 end-of-life", "Debian has ended security support of a in bookworm. Move to"),
            (
                "a 1 =hold",
                "a CVE-1 fixed 2",
                "Upgrade a to 2 or later: first release the hold, after finding out why it is there: `apt-mark unhold \
                 a`; then `apt-get update && apt-get install --only-upgrade a`.",
            ),
            (
                "a 1 +i386",
                "a CVE-1 fixed 2",
                "Upgrade a to 2 or later: `apt-get update && apt-get install --only-upgrade a:i386`.",
            ),
        ] {
            let all = found(&host(&[package]), &[statement], &[]);
            let advice = &all[0].recommendation;
            assert!(advice.en.starts_with(expected), "{}", advice.en);
            assert!(!advice.ja.is_empty() && advice.ja != advice.en);
        }
    }

    #[test]
    fn advice_for_a_kernel_names_its_metapackage_or_the_reboot() {
        let now = "linux-image-6.1.0-28-cloud-amd64 6.1.119-1 linux-signed-amd64 6.1.119+1";
        let new = "linux-image-6.1.0-31-cloud-amd64 6.1.128-1 linux-signed-amd64 6.1.128+1";
        let flaw = ["linux CVE-1 fixed 6.1.123-1"];
        let machine = running(host(&[now]), "6.1.0-28-cloud-amd64", None);
        assert_snapshot!(found(&machine, &flaw, &[])[0].recommendation.en, @"Install a kernel of version 6.1.123-1 or later and reboot: `apt-get update && apt-get install linux-image-cloud-amd64`, then `systemctl reboot`.");
        let machine = running(host(&[now, new]), "6.1.0-28-cloud-amd64", None);
        assert_snapshot!(found(&machine, &flaw, &[])[0].recommendation.en, @"The repaired kernel 6.1.0-31-cloud-amd64 is installed but does not run yet. Reboot: `systemctl reboot`.");
        let open = found(&machine, &["linux CVE-1 open"], &[]);
        assert!(open[0].recommendation.en.contains("limit who can log in"), "{}", open[0].recommendation.en);
    }

    #[test]
    fn the_worst_comes_first() {
        let kev = Kev { added: date(2026, 1, 1), due: None, ransomware: false, action: String::new() };
        let facts = [
            scored("CVE-2026-1", 0.1),
            scored("CVE-2026-2", 0.9),
            Vulnerability { kev: Some(kev), ..scored("CVE-2026-3", 0.01) },
            scored("CVE-2026-4", 0.99),
        ];
        let statements = [
            "a CVE-2026-1 open high",
            "a CVE-2026-2 open high",
            "a CVE-2026-3 open high",
            "a CVE-2026-4 open low",
            "a CVE-2026-5 open",
            "a CVE-2026-10 open unimportant",
            "a CVE-2026-9 fixed 2 unimportant",
            "b CVE-2026-9 open unimportant",
            "a CVE-2026-8 open medium",
        ];
        assert_snapshot!(table(&found(&host(&["b 1", "a 1"]), &statements, &facts)), @"
        High CVE-2026-3 a 1; no fixed version in debian:bookworm
        High CVE-2026-2 a 1; no fixed version in debian:bookworm
        High CVE-2026-1 a 1; no fixed version in debian:bookworm
        Medium CVE-2026-8 a 1; no fixed version in debian:bookworm
        Undefined CVE-2026-5 a 1; no fixed version in debian:bookworm
        Low CVE-2026-4 a 1; no fixed version in debian:bookworm
        Informational CVE-2026-9 a 1 < 2 (dpkg)
        Informational CVE-2026-9 b 1; no fixed version in debian:bookworm
        Informational CVE-2026-10 a 1; no fixed version in debian:bookworm
        ");
    }

    #[test]
    fn keys_outlive_versions_and_differ_side_by_side() {
        let flaw = ["a CVE-1 open"];
        let before = found(&host(&["a 1"]), &flaw, &[]);
        let after = found(&host(&["a 2"]), &flaw, &[]);
        assert_eq!(before[0].key, after[0].key);
        let both = found(&host(&["a 1", "a-doc 2 a"]), &flaw, &[]);
        assert_eq!(both.len(), 2);
        assert_ne!(both[0].key, both[1].key);
    }

    #[test]
    fn advisories_are_newest_first() {
        let mut advisories = ["DSA-999-1", "DLA-4051-1", "DSA-5865-1", "DSA-5865-2"];
        advisories.sort_by(|a, b| advisory_number(b).cmp(&advisory_number(a)));
        assert_eq!(advisories, ["DSA-5865-2", "DSA-5865-1", "DLA-4051-1", "DSA-999-1"]);
    }

    #[test]
    fn order_does_not_depend_on_the_order_of_packages() {
        let flaws = ["a CVE-1 open", "b CVE-1 open", "c CVE-2 fixed 9 low"];
        assert_eq!(
            found(&host(&["a 1", "b 1", "c 1"]), &flaws, &[]),
            found(&host(&["c 1", "a 1", "b 1"]), &flaws, &[])
        );
    }

    #[test]
    fn ids_sort_by_year_and_number() {
        let mut ids = ["TEMP-0-1", "CVE-2024-10000", "CVE-2024-9999", "CVE-2023-1", "CVE-x"];
        ids.sort_by(|a, b| id_order(a).cmp(&id_order(b)));
        assert_eq!(ids, ["CVE-2023-1", "CVE-2024-9999", "CVE-2024-10000", "CVE-x", "TEMP-0-1"]);
    }

    #[test]
    fn an_odd_id_has_no_address() {
        assert_eq!(
            vendor_url("debian:bookworm", "TEMP-0841856-B18BAF", None).as_deref(),
            Some("https://security-tracker.debian.org/tracker/TEMP-0841856-B18BAF")
        );
        assert_eq!(vendor_url("debian:bookworm", "CVE-1/../x", None), None);
        assert_eq!(vendor_url("debian:bookworm", "", None), None);
    }

    #[test]
    fn attribute_values_end_at_the_bound() {
        let host = HostTexts {
            key: "k".repeat(ATTRIBUTE_CHARACTERS_MAX + 1),
            name: String::new(),
            architecture: None,
            kernel_metapackages: Vec::new(),
            pins: Vec::new(),
        };
        let attributes = attributes(&host, "CVE-2026-1", "zlib", &[]);
        assert_eq!(attributes[0].value.chars().count(), ATTRIBUTE_CHARACTERS_MAX);
    }
}
