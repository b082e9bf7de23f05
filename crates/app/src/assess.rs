//! Assesses one host: reads it, judges it, and says what was not judged.

use jiff::Timestamp;
use yagura_index::Index;
use yagura_model::{Assessment, Attribute, Exclusion, Finding, LocalText, RulesPackage, Snapshot};

use crate::coverage;

/// What to assess and with what.
#[derive(Debug, Clone)]
pub struct AssessOptions<'a> {
    /// The rules packages, each once.
    pub rules: &'a [RulesPackage],
    /// The feed index; `None` when there is none, which the coverage then says.
    pub index: Option<&'a Index<'a>>,
    /// Why there is no index, for the coverage line.
    pub no_index_reason: Option<LocalText>,
    /// When the assessment began.
    pub started_at: Timestamp,
}

/// Judges a snapshot. Same snapshot, index and rules: same findings in the same order.
///
/// `ended_at` is asked once, after the last judgement.
pub fn assess(snapshot: Snapshot, options: &AssessOptions<'_>, ended_at: impl FnOnce() -> Timestamp) -> Assessment {
    let mut findings: Vec<Finding> = Vec::new();
    let mut exclusions: Vec<Exclusion> = Vec::new();
    let mut lines = Vec::new();

    if options.rules.contains(&RulesPackage::Cve) {
        let matched = options.index.map(|index| yagura_matcher::match_packages(&snapshot, index));
        if let (Some(matched), Some(index)) = (&matched, options.index) {
            findings.extend(yagura_matcher::findings(matched, &snapshot, index));
            exclusions.extend(matched.exclusions.iter().cloned());
        }
        exclusions.extend(coverage::unreadable_packages(&snapshot));
        lines.extend(coverage::cve(&snapshot, options, matched.as_ref(), &exclusions));
    }
    if options.rules.contains(&RulesPackage::BestPractices) {
        let judged = yagura_rules::evaluate(&snapshot);
        lines.push(coverage::best_practices(&judged));
        findings.extend(judged.findings);
        exclusions.extend(judged.exclusions);
    }

    let instance = snapshot.host.key();
    findings.iter_mut().for_each(|finding| name_instance(finding, &instance));
    let upgrades = yagura_matcher::upgrades(&findings);
    // The matcher's order within a severity (known exploited, then likely exploited) is kept.
    findings.sort_by_key(|finding| finding.severity);
    exclusions.sort();
    Assessment {
        snapshot,
        started_at: options.started_at,
        ended_at: ended_at(),
        coverage: lines,
        exclusions,
        findings,
        upgrades,
    }
}

/// Every finding says which host it is about, under the key that the API's clients look for.
fn name_instance(finding: &mut Finding, instance: &str) {
    const KEY: &str = "INSTANCE_ID";
    if !finding.attributes.iter().any(|attribute| attribute.key == KEY) {
        finding.attributes.insert(0, Attribute { key: KEY.to_owned(), value: instance.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use yagura_index::IndexBuilder;
    use yagura_model::{
        FeedId, FeedRecord, Origin, Package, PackageStatus, Release, ReleaseKey, SourceLine, SourcePackage, Statement,
        StatementState, Urgency,
    };

    use super::*;

    fn snapshot(names: &[&str]) -> Snapshot {
        let package = |name: &&str| Package {
            name: (*name).to_owned(),
            version: "1.0-1".to_owned(),
            architecture: "amd64".to_owned(),
            source: SourcePackage { name: (*name).to_owned(), version: "1.0-1".to_owned() },
            status: PackageStatus::installed(),
            origin: Origin::Assumed,
            maintainer: None,
            multi_arch: None,
            record: SourceLine::at("var/lib/dpkg/status", 1),
            ..Package::default()
        };
        let release =
            Release { distribution: "debian".into(), codename: Some("bookworm".into()), ..Release::default() };
        Snapshot {
            release: Some(release),
            package_database: Some("var/lib/dpkg/status".into()),
            packages: names.iter().map(package).collect(),
            ..Snapshot::default()
        }
    }

    fn index(names: &[&str]) -> Vec<u8> {
        let mut builder = IndexBuilder::new();
        let release = ReleaseKey::new("debian", "bookworm");
        for name in names {
            builder.statement(Statement {
                feed: FeedId::new("debian-tracker"),
                release: release.clone(),
                package: (*name).to_owned(),
                vulnerability: format!("CVE-2099-{:04}", name.len()),
                state: StatementState::Fixed("1.0-2".into()),
                urgency: Urgency::Low,
                note: None,
                advisories: Vec::new(),
                ..Statement::default()
            });
        }
        builder.feed(FeedRecord {
            id: FeedId::new("debian-tracker"),
            data_date: Timestamp::UNIX_EPOCH,
            fetched_at: Timestamp::UNIX_EPOCH,
            records: 1,
            statements: 1,
            rejected: 0,
            releases: vec![release],
            fingerprint: String::new(),
            fresh_days: 3,
        });
        builder.build(Timestamp::UNIX_EPOCH).unwrap()
    }

    fn judged(installed: &[&str], known: &[&str]) -> Assessment {
        let bytes = index(known);
        let index = Index::open(&bytes).unwrap();
        let options = AssessOptions {
            rules: RulesPackage::ALL,
            index: Some(&index),
            no_index_reason: None,
            started_at: Timestamp::UNIX_EPOCH,
        };
        assess(snapshot(installed), &options, || Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn same_input_same_findings() {
        let names = ["bash", "coreutils", "zlib", "apt"];
        let mut reversed = names;
        reversed.reverse();
        let first = judged(&names, &names);
        assert_eq!(first.findings.len(), names.len());
        assert_eq!(first, judged(&names, &reversed), "the order in which feeds speak changes nothing");
        let findings = |assessment: Assessment| assessment.findings;
        assert_eq!(findings(first), findings(judged(&reversed, &names)), "nor does the order of the packages");
    }

    #[test]
    fn every_finding_names_its_instance() {
        for finding in judged(&["bash"], &["bash"]).findings {
            assert_eq!(finding.attributes.iter().filter(|attribute| attribute.key == "INSTANCE_ID").count(), 1);
        }
    }

    #[test]
    fn settings_that_were_not_read_are_exclusions_not_passes() {
        let assessment = judged(&[], &[]);
        assert!(assessment.exclusions.iter().any(|exclusion| exclusion.rules_package == RulesPackage::BestPractices));
        assert!(!assessment.is_complete());
    }
}
