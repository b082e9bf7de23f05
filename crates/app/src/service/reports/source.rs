//! Gives a run's report its contents from the store, page by page.
//!
//! Each page is a transaction of its own, so that a long report holds no snapshot of the database
//! open. A finished run does not change; the attributes of its findings may, and are shown as they
//! are when the walk passes them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use yagura_model::run_report::{
    AgentOutcome, ExclusionScope as Scope, FindingGroup, FindingInstance, FindingItem, Named, RuleChecked,
    RuleInstance, RuleItem, RuleResult, RunAgent, RunCoverage, RunExclusion, RunHeader, RunReportError,
    RunReportSource, RunRulesPackage, SeverityCounts, Wanted,
};
use yagura_model::service::{Agent, Run};
use yagura_model::{Attribute, LocalText};
use yagura_store::{
    ExclusionScope, FindingPosition, JudgedHow, RuleOutcome, StoreError, StoredExclusion, StoredFinding, Tx,
    WalkedAgent,
};

use super::gaps::Gaps;
use crate::service::App;

/// Rows of one page.
const PAGE: usize = 500;
/// References that are shown of one finding.
const REFERENCES_MAX: usize = 10;

/// A run of the store, as a report reads it.
pub struct StoreSource<'a> {
    app: &'a App,
    run: Run,
    packages: Vec<RunRulesPackage>,
    made_by: String,
    /// Read when the first part needs it: exclusions, and the hosts that nothing judged.
    gaps: Option<(Gaps, BTreeSet<String>)>,
}

impl std::fmt::Debug for StoreSource<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreSource").field("run", &self.run.seq).finish_non_exhaustive()
    }
}

/// Of a finding's stored evidence, what a report shows.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Evidence {
    kind: String,
    source_package: Option<String>,
    vendor_url: Option<String>,
    references: Vec<String>,
    lines: Vec<Line>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    en: String,
    ja: String,
}

/// Of a host in the shape of the API's asset attributes, what a report shows.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asset {
    hostname: String,
    ipv4_addresses: Vec<String>,
    tags: Vec<AssetTag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AssetTag {
    key: String,
    value: String,
}

/// One page of findings with what stands elsewhere about them.
struct FindingPage {
    findings: Vec<StoredFinding>,
    names: BTreeMap<String, String>,
    since: BTreeMap<(String, String), Timestamp>,
}

fn failed(part: &'static str) -> impl Fn(StoreError) -> RunReportError {
    move |error| RunReportError { part, source: Box::new(error) }
}

impl<'a> StoreSource<'a> {
    /// Reads that run; `made_by` is who asked for the report.
    pub fn new(app: &'a App, run: Run, made_by: String) -> Self {
        let catalogue = yagura_model::service::catalogue(&run.scope.region);
        let package = |arn: &String| {
            let known = catalogue.iter().find(|entry| entry.arn == *arn);
            RunRulesPackage {
                arn: arn.clone(),
                name: known.map_or_else(|| LocalText::untranslated(arn.clone()), |entry| entry.name.into()),
                version: known.map_or_else(String::new, |entry| entry.version.to_owned()),
            }
        };
        let packages = run.rules.iter().map(package).collect();
        Self { app, run, packages, made_by, gaps: None }
    }

    fn read<T>(
        &self,
        part: &'static str,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, RunReportError> {
        self.app.store.read(work).map_err(failed(part))
    }

    fn package(&self, arn: &str) -> RunRulesPackage {
        self.packages.iter().find(|package| package.arn == arn).cloned().unwrap_or_else(|| RunRulesPackage {
            arn: arn.to_owned(),
            name: LocalText::untranslated(arn),
            version: String::new(),
        })
    }

    /// Shows each exclusion with the names of the hosts of its page, until `each` returns `false`.
    fn each_exclusion(
        &self,
        mut each: impl FnMut(&StoredExclusion, &BTreeMap<String, String>) -> bool,
    ) -> Result<(), RunReportError> {
        let mut after = String::new();
        loop {
            let (page, names) = self.read("exclusions", |tx| {
                let page = tx.exclusions(self.run.seq, &after, PAGE)?;
                let scopes = page.iter().flat_map(|exclusion| &exclusion.scopes);
                let agents: BTreeSet<&str> = scopes
                    .filter(|(kind, _)| *kind == ExclusionScope::InstanceId)
                    .map(|(_, agent)| agent.as_str())
                    .collect();
                let names = tx.hostnames_of_run(self.run.seq, &Vec::from_iter(agents))?;
                Ok((page, names))
            })?;
            for exclusion in &page {
                if !each(exclusion, &names) {
                    return Ok(());
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => last.id.as_str().clone_into(&mut after),
                _ => return Ok(()),
            }
        }
    }

    /// Shows each host that was judged so far, with what the store knows of its agent.
    fn each_agent(
        &self,
        how: JudgedHow,
        mut each: impl FnMut(&WalkedAgent, Option<&Agent>) -> bool,
    ) -> Result<bool, RunReportError> {
        let mut after = String::new();
        loop {
            let (page, agents) = self.read("instances", |tx| {
                let page = tx.agents_judged(self.run.seq, how, &after, PAGE)?;
                let ids: Vec<&str> = page.iter().map(|walked| walked.agent.as_str()).collect();
                let agents = tx.agents_by_ids(&self.run.scope, &ids)?;
                Ok((page, agents))
            })?;
            let known: BTreeMap<&str, &Agent> = agents.iter().map(|agent| (agent.id.as_str(), agent)).collect();
            for walked in &page {
                if !each(walked, known.get(walked.agent.as_str()).copied()) {
                    return Ok(false);
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => last.agent.clone_into(&mut after),
                _ => return Ok(true),
            }
        }
    }

    fn gaps(&mut self) -> Result<&(Gaps, BTreeSet<String>), RunReportError> {
        if self.gaps.is_none() {
            let mut gaps = Gaps::default();
            self.each_exclusion(|exclusion, _| {
                gaps.add(exclusion);
                true
            })?;
            let mut unjudged = BTreeSet::new();
            self.each_agent(JudgedHow::Not, |walked, _| unjudged.insert(walked.agent.clone()))?;
            self.gaps = Some((gaps, unjudged));
        }
        self.gaps.as_ref().ok_or_else(|| failed("exclusions")(StoreError::Form("no exclusions were read".into())))
    }

    fn finding_page(&self, after: Option<&FindingPosition>) -> Result<FindingPage, RunReportError> {
        self.read("findings", |tx| {
            let findings = tx.findings_of_run(self.run.seq, after, PAGE)?;
            let agents: BTreeSet<&str> = findings.iter().map(|finding| finding.agent.as_str()).collect();
            let names = tx.hostnames_of_run(self.run.seq, &Vec::from_iter(agents))?;
            let faults: Vec<_> = findings.iter().map(|finding| (finding.agent.as_str(), &finding.key)).collect();
            let since = tx.faults_since(&self.run.scope, &faults)?;
            Ok(FindingPage { findings, names, since })
        })
    }

    /// The group that a finding begins.
    fn group(&self, finding: &StoredFinding, evidence: &Evidence) -> Result<FindingGroup, RunReportError> {
        let instances = self.read("findings", |tx| {
            tx.count_findings_of_rule(self.run.seq, finding.severity, &finding.rule, &finding.rules_package)
        })?;
        Ok(FindingGroup {
            rules_package: self.package(&finding.rules_package),
            rule: finding.rule.clone(),
            severity: finding.severity,
            title: group_title(finding, evidence),
            description: finding.text.description.clone(),
            recommendation: finding.text.recommendation.clone(),
            evidence: shared_lines(finding, evidence),
            instances,
        })
    }

    fn instance(
        &self,
        finding: &StoredFinding,
        evidence: Evidence,
        group: &FindingGroup,
        page: &FindingPage,
    ) -> FindingInstance {
        let seen = page.since.get(&(finding.agent.clone(), finding.key.0.clone())).copied();
        let mut lines: Vec<LocalText> =
            evidence.lines.into_iter().map(|line| LocalText { en: line.en, ja: line.ja }).collect();
        // Where the remedy is another one here (another package, another file), it is told here.
        if finding.text.recommendation != group.recommendation {
            let remedy = &finding.text.recommendation;
            lines.insert(
                0,
                LocalText::new(format!("here: {}", remedy.en), format!("このインスタンスでは: {}", remedy.ja)),
            );
        }
        FindingInstance {
            agent_id: finding.agent.clone(),
            hostname: page.names.get(&finding.agent).cloned().unwrap_or_default(),
            finding_arn: self.run.arn().finding(&finding.id).to_string(),
            first_seen: Some(seen.map_or(finding.created_at, |seen| seen.min(finding.created_at))),
            evidence: lines,
            attributes: finding.user_attributes.clone(),
        }
    }
}

/// The title without a host: every finding's own names its host.
fn group_title(finding: &StoredFinding, evidence: &Evidence) -> LocalText {
    match evidence.kind.as_str() {
        "vulnerability" => {
            let package = evidence.source_package.as_ref().map(|name| format!(": {name}")).unwrap_or_default();
            LocalText::untranslated(format!("{}{package}", finding.rule))
        }
        "setting" => {
            let known = yagura_rules::best_practices::RULES.iter().find(|rule| rule.name == finding.rule);
            known.map_or_else(
                || LocalText::untranslated(finding.rule.clone()),
                |rule| LocalText::new(rule.name, rule.name_ja),
            )
        }
        _ => finding.title.clone(),
    }
}

/// What shows the fault on every instance alike.
fn shared_lines(finding: &StoredFinding, evidence: &Evidence) -> Vec<LocalText> {
    let mut lines = Vec::new();
    let reason = &finding.text.severity_reason;
    if !reason.en.is_empty() {
        lines.push(LocalText::new(format!("severity: {}", reason.en), format!("重大度の根拠: {}", reason.ja)));
    }
    let value = |key: &str| finding.attributes.iter().find(|attribute| attribute.key == key).map(|found| &found.value);
    for version in ["CVSS4", "CVSS3", "CVSS2"] {
        if let (Some(score), Some(vector)) = (value(&format!("{version}_SCORE")), value(&format!("{version}_VECTOR"))) {
            lines.push(LocalText::untranslated(format!("{version}: {score} ({vector})")));
        }
    }
    let addresses = evidence.vendor_url.iter().chain(evidence.references.iter().take(REFERENCES_MAX));
    lines.extend(addresses.map(|address| LocalText::untranslated(address.clone())));
    lines
}

fn tags(asset: &Asset) -> Vec<Attribute> {
    asset.tags.iter().map(|tag| Attribute { key: tag.key.clone(), value: tag.value.clone() }).collect()
}

const fn result(outcome: RuleOutcome) -> RuleResult {
    match outcome {
        RuleOutcome::Fail => RuleResult::Fail,
        RuleOutcome::Unknown => RuleResult::Unknown,
        RuleOutcome::Pass => RuleResult::Pass,
        RuleOutcome::NotApplicable => RuleResult::NotApplicable,
    }
}

impl RunReportSource for StoreSource<'_> {
    fn header(&mut self) -> Result<RunHeader, RunReportError> {
        let run = &self.run;
        let (template, target, judged, exclusions, counts) = self.read("head", |tx| {
            Ok((
                tx.template(&run.scope, &run.template)?,
                tx.target(&run.scope, &run.target)?,
                tx.count_judged(run.seq)?,
                tx.count_exclusions(run.seq)?,
                tx.count_findings(run.seq)?,
            ))
        })?;
        let template_arn = run.template_arn();
        let target_arn = yagura_model::service::Arn::target(&run.scope, &run.target);
        Ok(RunHeader {
            run: Named { name: run.name.clone(), arn: run.arn().to_string() },
            template: Named {
                name: template.map(|found| found.name).unwrap_or_default(),
                arn: template_arn.to_string(),
            },
            target: Named { name: target.map(|found| found.name).unwrap_or_default(), arn: target_arn.to_string() },
            account: run.scope.account.clone(),
            region: run.scope.region.clone(),
            created_at: run.created_at,
            started_at: run.started_at,
            completed_at: run.completed_at,
            duration_seconds: run.duration_s,
            state: run.state.word().to_owned(),
            rules_packages: self.packages.clone(),
            agents: judged.iter().sum(),
            agents_evaluated: judged.last().copied().unwrap_or_default(),
            exclusions,
            counts: SeverityCounts(counts),
            attributes: run.attributes.clone(),
            made_by: self.made_by.clone(),
            made_at: self.app.now(),
            product_version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    fn coverage(&mut self, each: &mut dyn FnMut(&RunCoverage) -> Wanted) -> Result<(), RunReportError> {
        let seq = self.run.seq;
        let judged = self.read("coverage", |tx| tx.count_judged(seq))?;
        let judged = judged.iter().skip(1).sum();
        let packages: Vec<(String, LocalText)> =
            self.packages.iter().map(|package| (package.arn.clone(), package.name.clone())).collect();
        let (gaps, unjudged) = self.gaps()?;
        for line in gaps.coverage(&packages, unjudged, judged) {
            if each(&line) == Wanted::Nothing {
                break;
            }
        }
        Ok(())
    }

    fn exclusions(&mut self, each: &mut dyn FnMut(&RunExclusion) -> Wanted) -> Result<(), RunReportError> {
        self.each_exclusion(|exclusion, names| {
            let scope = |(kind, value): &(ExclusionScope, String)| match kind {
                ExclusionScope::InstanceId => {
                    Scope::Instance { agent_id: value.clone(), hostname: names.get(value).cloned().unwrap_or_default() }
                }
                ExclusionScope::RulesPackageArn => Scope::RulesPackage(self.package(value)),
            };
            let shown = RunExclusion {
                title: exclusion.title.clone(),
                description: exclusion.description.clone(),
                recommendation: exclusion.recommendation.clone(),
                scopes: exclusion.scopes.iter().map(scope).collect(),
            };
            each(&shown) != Wanted::Nothing
        })
    }

    fn agents(&mut self, each: &mut dyn FnMut(&RunAgent) -> Wanted) -> Result<(), RunReportError> {
        let seq = self.run.seq;
        let counts: BTreeMap<String, [u64; 5]> =
            self.read("instances", |tx| tx.count_findings_by_agent(seq))?.into_iter().collect();
        self.gaps()?;
        for how in JudgedHow::ALL {
            let why = |agent: &str| self.gaps.as_ref().map(|(gaps, _)| gaps.why(agent)).unwrap_or_default();
            let go_on = self.each_agent(how, |walked, agent| {
                let asset: Asset = serde_json::from_str(&walked.asset).unwrap_or_default();
                let facts = agent.map(|agent| &agent.facts);
                let known = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
                let mut addresses = asset.ipv4_addresses.clone();
                addresses.extend(facts.into_iter().flat_map(|facts| facts.ipv6_addresses.iter().cloned()));
                let shown = RunAgent {
                    agent_id: walked.agent.clone(),
                    hostname: asset.hostname.clone(),
                    operating_system: facts.and_then(|facts| known(&facts.operating_system)),
                    kernel: facts.and_then(|facts| known(&facts.kernel_version)),
                    addresses,
                    tags: tags(&asset),
                    health: walked.health.health().word().to_owned(),
                    health_code: walked.health.word().to_owned(),
                    outcome: match how {
                        JudgedHow::Not => AgentOutcome::NotEvaluated { reason: why(&walked.agent) },
                        JudgedHow::Partly => AgentOutcome::Partly { reason: why(&walked.agent) },
                        JudgedHow::Wholly => AgentOutcome::Evaluated,
                    },
                    counts: SeverityCounts(counts.get(&walked.agent).copied().unwrap_or_default()),
                };
                each(&shown) != Wanted::Nothing
            })?;
            if !go_on {
                break;
            }
        }
        Ok(())
    }

    fn findings(&mut self, each: &mut dyn FnMut(FindingItem<'_>) -> Wanted) -> Result<(), RunReportError> {
        let mut after: Option<FindingPosition> = None;
        let mut group: Option<FindingGroup> = None;
        let mut skipping = false;
        loop {
            let page = self.finding_page(after.as_ref())?;
            for finding in &page.findings {
                let goes_on = group.as_ref().is_some_and(|group| {
                    group.severity == finding.severity
                        && group.rule == finding.rule
                        && group.rules_package.arn == finding.rules_package
                });
                if goes_on && skipping {
                    continue;
                }
                // What cannot be read shows no evidence; the finding itself is shown all the same.
                let evidence: Evidence = serde_json::from_str(&finding.evidence).unwrap_or_default();
                if !goes_on {
                    let next = self.group(finding, &evidence)?;
                    let wanted = each(FindingItem::Group(&next));
                    group = Some(next);
                    skipping = wanted == Wanted::NextGroup;
                    match wanted {
                        Wanted::More => {}
                        Wanted::NextGroup => continue,
                        Wanted::Nothing => return Ok(()),
                    }
                }
                let Some(group) = &group else { continue };
                // The finding that says that nothing was found is about no host.
                if finding.agent.is_empty() {
                    continue;
                }
                match each(FindingItem::Instance(&self.instance(finding, evidence, group, &page))) {
                    Wanted::More => {}
                    Wanted::NextGroup => skipping = true,
                    Wanted::Nothing => return Ok(()),
                }
            }
            if page.findings.len() < PAGE {
                return Ok(());
            }
            after = page.findings.last().map(FindingPosition::from);
            if let (true, Some(after)) = (skipping, &mut after) {
                // The rest of the rule need not be read. A rule's name belongs to one package but
                // for the finding that nothing was found, which is once a package.
                after.seq = i64::MAX;
            }
        }
    }

    fn rules(&mut self, each: &mut dyn FnMut(RuleItem<'_>) -> Wanted) -> Result<(), RunReportError> {
        const PART: &str = "results of rules";
        let seq = self.run.seq;
        let tallies = self.read(PART, |tx| tx.count_rule_results(seq))?;
        let mut after = (String::new(), String::new(), String::new());
        let mut skipping = false;
        loop {
            let (page, names) = self.read(PART, |tx| {
                let page = tx.rule_results(seq, (&after.0, &after.1, &after.2), PAGE)?;
                let agents: BTreeSet<&str> = page.iter().map(|(agent, _)| agent.as_str()).collect();
                let names = tx.hostnames_of_run(seq, &Vec::from_iter(agents))?;
                Ok((page, names))
            })?;
            for (agent, outcome) in &page {
                let is_new = (&after.0, &after.1) != (&outcome.rules_package, &outcome.rule);
                after = (outcome.rules_package.clone(), outcome.rule.clone(), agent.clone());
                if is_new {
                    let tally = tallies
                        .iter()
                        .find(|tally| tally.rules_package == outcome.rules_package && tally.rule == outcome.rule);
                    let rule = RuleChecked {
                        rules_package: self.package(&outcome.rules_package),
                        rule: outcome.rule.clone(),
                        title: outcome.title.clone(),
                        severity: outcome.severity,
                        counts: tally.map(|tally| tally.counts).unwrap_or_default(),
                    };
                    match each(RuleItem::Rule(&rule)) {
                        Wanted::More => skipping = false,
                        Wanted::NextGroup => skipping = true,
                        Wanted::Nothing => return Ok(()),
                    }
                }
                if skipping {
                    continue;
                }
                let instance = RuleInstance {
                    agent_id: agent.clone(),
                    hostname: names.get(agent).cloned().unwrap_or_default(),
                    result: result(outcome.result),
                };
                match each(RuleItem::Instance(&instance)) {
                    Wanted::More => {}
                    Wanted::NextGroup => skipping = true,
                    Wanted::Nothing => return Ok(()),
                }
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }
}
