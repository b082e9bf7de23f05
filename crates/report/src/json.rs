//! The whole assessment as one JSON object; the contract is `docs/report/json.md`.
//!
//! Each finding has the members of the API's `Finding`, so that a script written for the API
//! reads a file as well, and `evidence` beside them. Absent values are `null`, except for
//! members that the API leaves out.

use std::collections::BTreeMap;

use serde::Serialize;
use yagura_model::assessment::Upgrade;
use yagura_model::{
    Assessment, Coverage, Evidence, Exclusion, Finding, Language, RulesPackage, Severity, Snapshot, SourceLine,
};

use crate::{RenderError, tool, words};

mod evidence;

/// The version of the document's shape. Additions do not raise it.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// Partition, region and account of a finding that no server has stored.
const LOCAL_ARN: &str = "arn:aws:inspector:local:000000000000";

/// Renders the assessment.
pub(crate) fn render(assessment: &Assessment, language: Language) -> Result<String, RenderError> {
    let arns = Arns::of(assessment);
    let mut json = serde_json::to_string_pretty(&document(assessment, &arns, language))?;
    json.push('\n');
    Ok(json)
}

fn document<'a>(assessment: &'a Assessment, arns: &'a Arns, language: Language) -> Document<'a> {
    Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: tool::NAME, version: tool::VERSION },
        language: language.tag(),
        started_at: tool::rfc3339(assessment.started_at),
        ended_at: tool::rfc3339(assessment.ended_at),
        assessment_run_arn: arns.run.clone(),
        host: host(&assessment.snapshot, language),
        coverage: assessment.coverage.iter().map(|line| coverage(line, language)).collect(),
        exclusions: assessment.exclusions.iter().map(|exclusion| self::exclusion(exclusion, language)).collect(),
        summary: summary(assessment),
        upgrades: assessment.upgrades.iter().map(|upgrade| self::upgrade(upgrade, language)).collect(),
        findings: assessment
            .findings
            .iter()
            .map(|finding| self::finding(assessment, finding, arns, language))
            .collect(),
    }
}

/// Names for things that no server has named, in the API's grammar and the same for the same
/// host, time and finding.
struct Arns {
    run: String,
}

impl Arns {
    fn of(assessment: &Assessment) -> Self {
        let host = &assessment.snapshot.host;
        let who = [
            host.name.as_str(),
            host.machine_id.as_deref().unwrap_or_default(),
            host.root.as_deref().unwrap_or_default(),
        ];
        let target = words::short_id(&[&who[..], &["target"]].concat());
        let template = words::short_id(&[&who[..], &["template"]].concat());
        let run = words::short_id(&[&who[..], &[&assessment.started_at.to_string()]].concat());
        Self { run: format!("{LOCAL_ARN}:target/{target}/template/{template}/run/{run}") }
    }

    fn finding(&self, finding: &Finding) -> String {
        format!("{}/finding/{}", self.run, words::short_id(&[&finding.key.0]))
    }
}

/// The published ARN of a rules package: scripts compare with these.
const fn rules_package_arn(package: RulesPackage) -> &'static str {
    match package {
        RulesPackage::Cve => "arn:aws:inspector:us-east-1:316112463485:rulespackage/0-gEjTy7T7",
        RulesPackage::BestPractices => "arn:aws:inspector:us-east-1:316112463485:rulespackage/0-R01qwB5Q",
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    language: &'static str,
    started_at: String,
    ended_at: String,
    assessment_run_arn: String,
    host: Host<'a>,
    coverage: Vec<CoverageLine<'a>>,
    exclusions: Vec<ExclusionLine<'a>>,
    summary: Summary,
    upgrades: Vec<UpgradeLine<'a>>,
    findings: Vec<FindingMember<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Host<'a> {
    name: &'a str,
    machine_id: Option<&'a str>,
    architecture: Option<&'a str>,
    virtualization: String,
    root: Option<&'a str>,
    operating_system: Option<OperatingSystem<'a>>,
    kernel: KernelMember<'a>,
    package_database: Option<&'a str>,
    package_count: usize,
    problems: Vec<Problem<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OperatingSystem<'a> {
    name: &'a str,
    distribution: &'a str,
    like: &'a [String],
    version: Option<&'a str>,
    codename: Option<&'a str>,
    point_version: Option<&'a str>,
    release: Option<String>,
    told_by: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KernelMember<'a> {
    running: Option<&'a str>,
    running_package_version: Option<&'a str>,
    installed: &'a [String],
}

#[derive(Serialize)]
struct Problem<'a> {
    path: String,
    line: Option<u32>,
    message: &'a str,
}

fn host(snapshot: &Snapshot, language: Language) -> Host<'_> {
    Host {
        name: &snapshot.host.name,
        machine_id: snapshot.host.machine_id.as_deref(),
        architecture: snapshot.host.architecture.as_deref(),
        virtualization: words::virtualization(&snapshot.host.virtualization, language),
        root: snapshot.host.root.as_deref(),
        operating_system: snapshot.release.as_ref().map(|release| OperatingSystem {
            name: &release.pretty_name,
            distribution: &release.distribution,
            like: &release.like,
            version: release.version.as_deref(),
            codename: release.codename.as_deref(),
            point_version: release.point_version.as_deref(),
            release: release.key().map(|key| key.to_string()),
            told_by: &release.told_by,
        }),
        kernel: KernelMember {
            running: snapshot.kernel.running.as_deref(),
            running_package_version: snapshot.kernel.running_package_version.as_deref(),
            installed: &snapshot.kernel.installed,
        },
        package_database: snapshot.package_database.as_deref(),
        package_count: words::packages_present(snapshot),
        problems: snapshot
            .problems
            .iter()
            .map(|problem| Problem {
                path: absolute(&problem.place),
                line: problem.place.line,
                message: problem.message.get(language),
            })
            .collect(),
    }
}

/// The path as the host knows it, with its leading slash.
fn absolute(place: &SourceLine) -> String {
    format!("/{}", place.path)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CoverageLine<'a> {
    rules_package: &'static str,
    feed: Option<&'a str>,
    state: &'static str,
    reason: Option<&'a str>,
    data_date: Option<String>,
    age_days: Option<i64>,
    stale: Option<bool>,
}

fn coverage(line: &Coverage, language: Language) -> CoverageLine<'_> {
    CoverageLine {
        rules_package: line.rules_package.word(),
        feed: line.feed.as_ref().map(|feed| feed.as_str()),
        state: line.state.word(),
        reason: line.reason.as_ref().map(|reason| reason.get(language)),
        data_date: line.age.as_ref().map(|age| tool::rfc3339(age.data_date)),
        age_days: line.age.as_ref().map(|age| age.age_days),
        stale: line.age.as_ref().map(|age| age.stale),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExclusionLine<'a> {
    rules_package: &'static str,
    code: &'static str,
    subject: &'a str,
    reason: &'a str,
    path: Option<String>,
    line: Option<u32>,
}

fn exclusion(exclusion: &Exclusion, language: Language) -> ExclusionLine<'_> {
    ExclusionLine {
        rules_package: exclusion.rules_package.word(),
        code: exclusion.code.word(),
        subject: &exclusion.subject,
        reason: exclusion.reason.get(language),
        path: exclusion.place.as_ref().map(absolute),
        line: exclusion.place.as_ref().and_then(|place| place.line),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    findings: usize,
    by_severity: BTreeMap<&'static str, usize>,
    fixable: usize,
    known_exploited: usize,
    complete: bool,
}

fn summary(assessment: &Assessment) -> Summary {
    Summary {
        findings: assessment.findings.len(),
        by_severity: Severity::ALL.map(|severity| (severity.word(), assessment.count(severity))).into(),
        fixable: assessment.findings.iter().filter(|finding| words::is_fixable(finding)).count(),
        known_exploited: assessment.findings.iter().filter(|finding| words::is_known_exploited(finding)).count(),
        complete: assessment.is_complete(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UpgradeLine<'a> {
    source_package: &'a str,
    packages: &'a [String],
    installed_version: &'a str,
    fixed_version: &'a str,
    repairs: usize,
    repairs_by_severity: BTreeMap<&'static str, usize>,
    known_exploited: usize,
    obstacle: Option<&'a str>,
}

fn upgrade(upgrade: &Upgrade, language: Language) -> UpgradeLine<'_> {
    UpgradeLine {
        source_package: &upgrade.source,
        packages: &upgrade.packages,
        installed_version: &upgrade.installed_version,
        fixed_version: &upgrade.fixed_version,
        repairs: upgrade.total(),
        repairs_by_severity: Severity::ALL.iter().map(|severity| severity.word()).zip(upgrade.repairs).collect(),
        known_exploited: upgrade.known_exploited,
        obstacle: upgrade.obstacle.as_ref().map(|obstacle| obstacle.get(language)),
    }
}

/// The API's `Finding`, then what only a file has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingMember<'a> {
    arn: String,
    schema_version: u32,
    service: &'static str,
    service_attributes: ServiceAttributes<'a>,
    asset_type: &'static str,
    asset_attributes: AssetAttributes<'a>,
    id: &'a str,
    title: &'a str,
    description: &'a str,
    recommendation: &'a str,
    severity: &'static str,
    numeric_severity: f64,
    confidence: u8,
    indicator_of_compromise: bool,
    attributes: Vec<AttributeMember<'a>>,
    user_attributes: [AttributeMember<'a>; 0],
    created_at: String,
    updated_at: String,
    key: &'a str,
    rules_package: &'static str,
    severity_reason: &'a str,
    evidence: evidence::Member<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceAttributes<'a> {
    schema_version: u32,
    assessment_run_arn: &'a str,
    rules_package_arn: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AssetAttributes<'a> {
    schema_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<&'a str>,
    hostname: &'a str,
}

#[derive(Serialize)]
struct AttributeMember<'a> {
    key: &'a str,
    value: &'a str,
}

fn finding<'a>(
    assessment: &'a Assessment,
    finding: &'a Finding,
    arns: &'a Arns,
    language: Language,
) -> FindingMember<'a> {
    let instance = finding.attributes.iter().find(|attribute| attribute.key == "INSTANCE_ID");
    FindingMember {
        arn: arns.finding(finding),
        schema_version: 1,
        service: "Inspector",
        service_attributes: ServiceAttributes {
            schema_version: 1,
            assessment_run_arn: &arns.run,
            rules_package_arn: rules_package_arn(finding.rules_package),
        },
        asset_type: "ec2-instance",
        asset_attributes: AssetAttributes {
            schema_version: 1,
            agent_id: instance.map(|attribute| attribute.value.as_str()),
            hostname: &assessment.snapshot.host.name,
        },
        id: &finding.rule,
        title: finding.title.get(language),
        description: finding.description.get(language),
        recommendation: finding.recommendation.get(language),
        severity: finding.severity.word(),
        numeric_severity: finding.severity.number(),
        confidence: 10,
        indicator_of_compromise: false,
        attributes: finding
            .attributes
            .iter()
            .map(|attribute| AttributeMember { key: &attribute.key, value: &attribute.value })
            .collect(),
        user_attributes: [],
        created_at: tool::rfc3339(assessment.ended_at),
        updated_at: tool::rfc3339(assessment.ended_at),
        key: &finding.key.0,
        rules_package: finding.rules_package.word(),
        severity_reason: finding.severity_reason.get(language),
        evidence: match &finding.evidence {
            Evidence::Vulnerability(vulnerability) => evidence::vulnerability(vulnerability, language),
            Evidence::Setting(setting) => evidence::setting(setting, language),
        },
    }
}

#[cfg(test)]
mod tests;
