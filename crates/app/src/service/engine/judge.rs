//! Judges one host of a run: its stored snapshot in, findings, exclusions and results out, in one
//! transaction with the host's phase.

use jiff::Timestamp;
use yagura_model::service::{Id, Run};
use yagura_model::{
    Assessment, Attribute, CoverageState, Exclusion, Finding, FindingKey, LocalText, RulesPackage, Severity, Snapshot,
};
use yagura_store::{
    FindingText, Phase, PostureEntry, RuleOutcome, RuleResult, RunAgent, StoredExclusion, StoredFinding, Tx,
};

use super::super::exclusions;
use super::super::{App, AppError};
use super::evidence;
use crate::AssessOptions;

/// The key under which findings name their host.
const INSTANCE_ID: &str = "INSTANCE_ID";
/// Unlike faults of one package and host that one exclusion may list.
const SUBJECTS_SHOWN_MAX: usize = 20;

/// Everything that judging a host gave.
struct Judgement {
    findings: Vec<StoredFinding>,
    exclusions: Vec<StoredExclusion>,
    results: Vec<RuleResult>,
    posture: Vec<PostureEntry>,
    /// ARNs and words of the packages that were judged, whole or in part.
    judged: Vec<(String, RulesPackage)>,
    /// Packages that were not judged whole.
    gaps: u64,
    /// Those of them where something failed.
    failures: u64,
}

impl App {
    /// Judges a host of a run and writes what came of it.
    ///
    /// # Errors
    /// When the store or the blobs are away; what is wrong with the host's data is an exclusion.
    pub fn judge_member(&self, run: &Run, member: &RunAgent, now: Timestamp) -> Result<(), AppError> {
        let digest = member.snapshot.clone().unwrap_or_default();
        let judgement = match self.stored_snapshot(&run.scope.account, &digest) {
            Ok(snapshot) => self.judgement(run, member, snapshot, now)?,
            Err(AppError::Temporary(why)) => return Err(AppError::Temporary(why)),
            Err(error) => {
                tracing::error!(run.arn = %run.arn(), agent = %member.agent, error = ?error, "a stored snapshot cannot be read");
                // What the agent sent may have made no snapshot at all; then the reason stands beside it.
                let why = member.details.as_deref().unwrap_or("its stored snapshot cannot be read");
                return self.give_up(run, member, why);
            }
        };
        self.store.write(|tx| {
            tx.insert_findings(&judgement.findings)?;
            tx.insert_exclusions(&run.scope, run.seq, &judgement.exclusions)?;
            tx.insert_rule_results(&run.scope.account, run.seq, &member.agent, &judgement.results)?;
            for (_, package) in &judgement.judged {
                let open: Vec<PostureEntry> =
                    judgement.posture.iter().filter(|entry| entry.rules_package == package.word()).cloned().collect();
                tx.set_posture(&run.scope, &member.agent, package.word(), &open, now)?;
            }
            if !judgement.judged.is_empty() {
                tx.add_usage(&run.scope, "host", &run.arn().to_string(), &member.agent, now)?;
            }
            let mut after = member.clone();
            after.phase = Phase::Evaluated;
            after.evaluated_at = Some(now);
            tx.update_run_agent(&after)?;
            tx.set_gaps(run.seq, &member.agent, judgement.gaps, judgement.failures)?;
            Ok(())
        })
    }

    fn give_up(&self, run: &Run, member: &RunAgent, why: &str) -> Result<(), AppError> {
        let packages = self.packages(run);
        let excluded: Vec<StoredExclusion> =
            packages.iter().map(|(arn, _)| exclusions::evaluation_error_instance(&member.agent, arn, why)).collect();
        self.store.write(|tx| {
            tx.insert_exclusions(&run.scope, run.seq, &excluded)?;
            let mut after = member.clone();
            after.phase = Phase::Excluded;
            after.details = Some(why.to_owned());
            tx.update_run_agent(&after)?;
            Ok(())
        })
    }

    /// Reads a stored snapshot.
    ///
    /// # Errors
    /// When it is not there, cannot be had now, or is damaged.
    pub fn stored_snapshot(&self, account: &str, digest: &str) -> Result<Snapshot, AppError> {
        let name = super::super::agents::snapshot_blob(account, digest);
        let bytes = self.blobs.get(&name)?;
        yagura_wire::decode_snapshot(&bytes).map_err(AppError::internal)
    }

    fn judgement(
        &self,
        run: &Run,
        member: &RunAgent,
        snapshot: Snapshot,
        now: Timestamp,
    ) -> Result<Judgement, AppError> {
        let packages = self.packages(run);
        let rules: Vec<RulesPackage> = packages.iter().map(|(_, package)| *package).collect();
        let results = results(&packages, &snapshot);
        let release = snapshot.release.clone();
        let assessment = self.assess_stored(snapshot, &rules, now)?;
        let mut judgement = Judgement {
            findings: Vec::new(),
            exclusions: Vec::new(),
            results,
            posture: Vec::new(),
            judged: Vec::new(),
            gaps: 0,
            failures: 0,
        };
        for (arn, package) in &packages {
            let state = state_of(&assessment, *package);
            if state != CoverageState::NotAssessed {
                judgement.judged.push((arn.clone(), *package));
            }
            judgement.gaps += u64::from(state != CoverageState::Assessed);
            judgement.failures += u64::from(failed(&assessment, *package, state));
            judgement.exclusions.extend(exclusions_of(member, arn, *package, &assessment, release.as_ref()));
        }
        for finding in &assessment.findings {
            let Some((arn, _)) = packages.iter().find(|(_, package)| *package == finding.rules_package) else {
                continue;
            };
            judgement.posture.push(posture(finding));
            judgement.findings.push(stored(run, member, arn, finding, now));
        }
        Ok(judgement)
    }

    /// Judges a stored snapshot with the index that is in use.
    pub(in super::super) fn assess_stored(
        &self,
        snapshot: Snapshot,
        rules: &[RulesPackage],
        now: Timestamp,
    ) -> Result<Assessment, AppError> {
        let current = self.index.current();
        let (index, no_index_reason) = match &current {
            Ok(current) => (Some(current.index().map_err(AppError::internal)?), None),
            Err(why) => (None, Some(LocalText::untranslated(why.clone()))),
        };
        let options = AssessOptions { rules, index: index.as_ref(), no_index_reason, started_at: now };
        Ok(crate::assess(snapshot, &options, || now))
    }

    /// A package that found nothing on any host says so, as in 2016. Only whole runs get here.
    pub(super) fn tell_nothing_found(&self, tx: &mut Tx<'_>, run: &Run, now: Timestamp) -> Result<(), AppError> {
        let found = tx.count_findings_by_package(run.seq)?;
        let quiet: Vec<StoredFinding> = self
            .packages(run)
            .into_iter()
            .filter(|(arn, _)| !found.iter().any(|(package, count)| package == arn && *count > 0))
            .map(|(arn, package)| nothing_found(run, arn, package, now))
            .collect();
        tx.insert_findings(&quiet)?;
        Ok(())
    }
}

fn state_of(assessment: &Assessment, package: RulesPackage) -> CoverageState {
    let line = assessment.coverage.iter().find(|line| line.rules_package == package && line.feed.is_none());
    line.map_or(CoverageState::NotAssessed, |line| line.state)
}

/// Tells whether something failed, in contrast to a thing that is judged as far as anybody speaks
/// of it: a package from another vendor is an exclusion, and no error of the run.
fn failed(assessment: &Assessment, package: RulesPackage, state: CoverageState) -> bool {
    let unread = |exclusion: &Exclusion| {
        exclusion.rules_package == package
            && exclusion.code.is_gap()
            && exclusion.code != yagura_model::ExclusionCode::NoAuthority
    };
    state == CoverageState::NotAssessed || assessment.exclusions.iter().any(unread)
}

/// What of a package could not be judged on a host: one exclusion for the package as a whole, one
/// for what is missing in part.
fn exclusions_of(
    member: &RunAgent,
    arn: &str,
    package: RulesPackage,
    assessment: &Assessment,
    release: Option<&yagura_model::Release>,
) -> Vec<StoredExclusion> {
    let line = assessment.coverage.iter().find(|line| line.rules_package == package && line.feed.is_none());
    let reason = line.and_then(|line| line.reason.clone()).unwrap_or_default();
    let supported = release.is_some_and(yagura_matcher::supports);
    let mut found = Vec::new();
    match line.map_or(CoverageState::NotAssessed, |line| line.state) {
        CoverageState::Assessed => {}
        CoverageState::NotAssessed if package == RulesPackage::Cve && !supported => {
            let name = release.map_or("an unknown operating system", |release| release.pretty_name.as_str());
            found.push(exclusions::unsupported_os(&member.agent, name, arn));
        }
        CoverageState::NotAssessed => found.push(exclusions::evaluation_error_instance(&member.agent, arn, &reason.en)),
        CoverageState::Partly => {
            found.push(exclusions::partial(&member.agent, arn, &partly(package, &reason, &assessment.exclusions)));
        }
    }
    // Old data judges, and what it cannot know is said.
    for line in assessment.coverage.iter().filter(|line| line.rules_package == package && line.feed.is_some()) {
        if let (Some(feed), Some(reason)) = (&line.feed, &line.reason)
            && line.state != CoverageState::Assessed
        {
            found.push(exclusions::feed_gap(arn, feed.as_str(), reason));
        }
    }
    found
}

fn partly(package: RulesPackage, reason: &LocalText, exclusions: &[Exclusion]) -> LocalText {
    let gaps: Vec<&Exclusion> =
        exclusions.iter().filter(|exclusion| exclusion.rules_package == package && exclusion.code.is_gap()).collect();
    if gaps.is_empty() {
        return reason.clone();
    }
    // Forty packages of one vendor have one reason.
    let mut by_reason: Vec<(&LocalText, Vec<&str>)> = Vec::new();
    for gap in &gaps {
        match by_reason.iter_mut().find(|(reason, _)| **reason == gap.reason) {
            Some((_, subjects)) => subjects.push(&gap.subject),
            None => by_reason.push((&gap.reason, vec![&gap.subject])),
        }
    }
    let shown = |reason: fn(&LocalText) -> &str| {
        let parts: Vec<String> = by_reason
            .iter()
            .take(SUBJECTS_SHOWN_MAX)
            .map(|(why, subjects)| {
                let cut = if subjects.len() > SUBJECTS_SHOWN_MAX { " …" } else { "" };
                let subjects: Vec<&str> = subjects.iter().copied().take(SUBJECTS_SHOWN_MAX).collect();
                format!("{}{cut} ({})", subjects.join(", "), reason(why))
            })
            .collect();
        let cut = if by_reason.len() > SUBJECTS_SHOWN_MAX { "; …" } else { "" };
        format!("{}{cut}", parts.join("; "))
    };
    LocalText::new(
        format!("{} in all: {}", gaps.len(), shown(|reason| &reason.en)),
        format!("全 {} 件: {}", gaps.len(), shown(|reason| &reason.ja)),
    )
}

/// The verdict of each best-practice rule. Vulnerabilities have no list of what was kept: the
/// whole index was.
fn results(packages: &[(String, RulesPackage)], snapshot: &Snapshot) -> Vec<RuleResult> {
    let Some((arn, _)) = packages.iter().find(|(_, package)| *package == RulesPackage::BestPractices) else {
        return Vec::new();
    };
    let evaluation = yagura_rules::evaluate(snapshot);
    let verdict = |name: &str| {
        if evaluation.findings.iter().any(|finding| finding.rule == name) {
            RuleOutcome::Fail
        } else if evaluation.passed.iter().any(|passed| passed.rule == name) {
            RuleOutcome::Pass
        } else if evaluation.not_applicable.iter().any(|rule| rule.rule == name) {
            RuleOutcome::NotApplicable
        } else {
            RuleOutcome::Unknown
        }
    };
    yagura_rules::best_practices::RULES
        .iter()
        .map(|rule| RuleResult {
            rules_package: arn.clone(),
            rule: rule.name.to_owned(),
            title: LocalText::new(rule.name, rule.name_ja),
            severity: rule.severity,
            result: verdict(rule.name),
        })
        .collect()
}

/// What a finding is about, beside its rule: the source package, or the rule itself.
fn subject(finding: &Finding) -> String {
    match &finding.evidence {
        yagura_model::Evidence::Vulnerability(evidence) => evidence.source.name.clone(),
        yagura_model::Evidence::Setting(_) => finding.rule.clone(),
    }
}

/// A finding as the host's present state keeps it.
pub(in super::super) fn posture(finding: &Finding) -> PostureEntry {
    PostureEntry {
        key: finding.key.clone(),
        rules_package: finding.rules_package.word().to_owned(),
        rule: finding.rule.clone(),
        subject: subject(finding),
        severity: finding.severity,
        title: finding.title.clone(),
    }
}

/// The same run, host and fault give the same id, so that judging again adds nothing.
fn finding_id(run: &Run, agent: &str, key: &FindingKey) -> Id {
    let text = format!("{}\0{agent}\0{key}", run.arn());
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let bytes = digest.as_ref().first_chunk::<8>().copied().unwrap_or_default();
    Id::from_number(u64::from_le_bytes(bytes))
}

fn stored(run: &Run, member: &RunAgent, arn: &str, finding: &Finding, now: Timestamp) -> StoredFinding {
    let asset: serde_json::Value = serde_json::from_str(&member.asset).unwrap_or_default();
    StoredFinding {
        seq: 0,
        scope: run.scope.clone(),
        run_seq: run.seq,
        id: finding_id(run, &member.agent, &finding.key),
        agent: member.agent.clone(),
        scaling_group: asset.get("autoScalingGroup").and_then(serde_json::Value::as_str).map(str::to_owned),
        rules_package: arn.to_owned(),
        rule: finding.rule.clone(),
        severity: finding.severity,
        key: finding.key.clone(),
        title: finding.title.clone(),
        text: FindingText {
            description: finding.description.clone(),
            recommendation: finding.recommendation.clone(),
            severity_reason: finding.severity_reason.clone(),
        },
        attributes: named(&finding.attributes, &member.agent),
        evidence: evidence::stored(&finding.evidence),
        user_attributes: run.attributes.clone(),
        created_at: now,
        updated_at: now,
    }
}

/// On a server a host's name in findings is its agent's id.
fn named(attributes: &[Attribute], agent: &str) -> Vec<Attribute> {
    let instance = Attribute { key: INSTANCE_ID.to_owned(), value: agent.to_owned() };
    let others = attributes.iter().filter(|attribute| attribute.key != INSTANCE_ID).cloned();
    std::iter::once(instance).chain(others).collect()
}

fn nothing_found(run: &Run, arn: String, package: RulesPackage, now: Timestamp) -> StoredFinding {
    const TITLE: &str = "No potential security issues found";
    let key = FindingKey::of("", package, TITLE, "");
    StoredFinding {
        seq: 0,
        scope: run.scope.clone(),
        run_seq: run.seq,
        id: finding_id(run, "", &key),
        agent: String::new(),
        scaling_group: None,
        rules_package: arn,
        rule: TITLE.to_owned(),
        severity: Severity::Informational,
        key,
        title: LocalText::new(TITLE, "セキュリティ上の問題は見つかりませんでした"),
        text: FindingText {
            description: LocalText::new(
                "No potential security issues were found during this assessment.",
                "この評価では、セキュリティ上の問題は見つかりませんでした。",
            ),
            recommendation: LocalText::new("No remediation needed.", "対応は不要です。"),
            severity_reason: LocalText::new("a fact only", "事実の通知のみ"),
        },
        attributes: Vec::new(),
        evidence: "{}".to_owned(),
        user_attributes: run.attributes.clone(),
        created_at: now,
        updated_at: now,
    }
}
