//! SARIF 2.1.0 for code scanning services.
//!
//! A rule is a CVE or a best-practice rule, a result is a finding. Locations are files of the
//! host relative to its root: the record in the package database, or the line of the setting.
//! `security-severity` carries our severity, not the bare CVSS score: the score is moved into
//! the band of our severity, because the service names the severity after the number.
//! What was not assessed becomes a notification of the invocation. See `docs/report/sarif.md`.

use std::collections::BTreeMap;

use yagura_model::{Assessment, Evidence, Finding, Language, Severity, Snapshot, SourceLine};

use self::shape::{
    ArtifactLocation, Automation, BaseUri, Configuration, Driver, Help, Invocation, Location, Log, LogicalLocation,
    Message, Notification, PhysicalLocation, Region, ResultProperties, Rule, RuleProperties, Run, SarifResult, Tool,
};
use crate::{RenderError, tool, words};

mod shape;

/// The schema that the document names.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The name under which locations are relative to the host's root.
const ROOT: &str = "HOSTROOT";

/// The most characters that code scanning services take of a rule's texts.
const RULE_TEXT_CHARS_MAX: usize = 1024;

/// The most locations that code scanning services show of one result.
const LOCATIONS_MAX: usize = 10;

/// Renders the assessment.
pub(crate) fn render(assessment: &Assessment, language: Language) -> Result<String, RenderError> {
    let (rules, positions) = rules(assessment, language);
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: tool::NAME,
                version: tool::VERSION,
                semantic_version: tool::VERSION,
                language: language.tag(),
                rules,
            },
        },
        language: language.tag(),
        automation_details: Automation {
            id: format!("yagura/{}/", words::host_name(&assessment.snapshot, language).replace('/', "_")),
        },
        original_uri_base_ids: BTreeMap::from([(ROOT, BaseUri { uri: "file:///" })]),
        invocations: [Invocation {
            execution_successful: true,
            start_time_utc: tool::rfc3339(assessment.started_at),
            end_time_utc: tool::rfc3339(assessment.ended_at),
            machine: &assessment.snapshot.host.name,
            tool_execution_notifications: notifications(assessment, language),
        }],
        column_kind: "unicodeCodePoints",
        results: assessment.findings.iter().map(|finding| result(assessment, finding, &positions, language)).collect(),
    };
    let mut json = serde_json::to_string_pretty(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] })?;
    json.push('\n');
    Ok(json)
}

/// Collects the rules of all findings, in the order of the findings; a CVE in several packages
/// is one rule, with the worst severity.
fn rules<'a>(assessment: &'a Assessment, language: Language) -> (Vec<Rule<'a>>, BTreeMap<&'a str, usize>) {
    let mut rules: Vec<Rule<'a>> = Vec::new();
    let mut positions = BTreeMap::new();
    for finding in &assessment.findings {
        // Findings come most severe first, so the first one gives the rule its severity.
        if positions.contains_key(finding.rule.as_str()) {
            continue;
        }
        positions.insert(finding.rule.as_str(), rules.len());
        rules.push(rule(finding, language));
    }
    (rules, positions)
}

fn rule(finding: &Finding, language: Language) -> Rule<'_> {
    let description = short(finding.description.get(language));
    let gist = words::gist(finding, language);
    let recommendation = finding.recommendation.get(language);
    let evidence = words::vulnerability(finding);
    let mut tags = vec!["security", finding.rules_package.word()];
    if words::is_known_exploited(finding) {
        tags.push("known-exploited");
    }
    Rule {
        id: &finding.rule,
        short_description: Message { text: short(gist) },
        full_description: Message { text: if description.is_empty() { short(gist) } else { description.clone() } },
        help_uri: evidence.and_then(|evidence| evidence.vendor_url.as_deref()).and_then(words::web_address).map(uri),
        help: Help {
            text: format!("{description}\n\n{recommendation}"),
            markdown: help(finding, &description, language),
        },
        default_configuration: Configuration { level: level(finding.severity) },
        properties: RuleProperties { security_severity: security_severity(finding), precision: "very-high", tags },
    }
}

fn help(finding: &Finding, description: &str, language: Language) -> String {
    let say = |en, ja| match language {
        Language::English => en,
        Language::Japanese => ja,
    };
    let mut markdown = format!(
        "{}\n\n**{}** {}\n\n**{}** {} – {}\n",
        markdown_of(description),
        say("What to do.", "対処:"),
        markdown_of(finding.recommendation.get(language)),
        say("Severity.", "重大度:"),
        finding.severity.text().get(language),
        markdown_of(finding.severity_reason.get(language)),
    );
    let references = words::vulnerability(finding).map(|evidence| &evidence.references[..]).unwrap_or_default();
    for reference in references {
        if let Some(url) = words::web_address(&reference.url) {
            markdown.push_str(&format!("\n- <{}>", uri(url)));
        }
    }
    markdown
}

/// Escapes what Markdown or the HTML inside it would act on. Our own recommendations set code in
/// backticks, which are kept.
fn markdown_of(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '[' | ']' | '!' | '|' | '\\' => {
                escaped.push('\\');
                escaped.push(c);
            }
            other => escaped.push(other),
        }
    }
    escaped
}

fn short(text: &str) -> String {
    let mut characters = text.chars();
    let mut cut: String = characters.by_ref().take(RULE_TEXT_CHARS_MAX).collect();
    if characters.next().is_some() {
        cut.pop();
        cut.push('…');
    }
    cut
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "error",
        Severity::Medium | Severity::Undefined => "warning",
        Severity::Low | Severity::Informational => "note",
    }
}

/// The number after which code scanning services name the severity: the CVSS score moved into
/// the band of our severity (7.0–10 high and critical, 4.0–6.9 medium, 0.1–3.9 low). What nobody
/// has graded gets none.
fn security_severity(finding: &Finding) -> Option<String> {
    let (least, most) = match finding.severity {
        Severity::High => (7.0, 10.0),
        Severity::Medium => (4.0, 6.9),
        Severity::Low => (0.1, 3.9),
        Severity::Informational => (0.0, 0.0),
        Severity::Undefined => return None,
    };
    let score = words::vulnerability(finding).and_then(words::score).unwrap_or_else(|| finding.severity.number());
    Some(format!("{:.1}", score.clamp(least, most)))
}

fn result<'a>(
    assessment: &'a Assessment,
    finding: &'a Finding,
    positions: &BTreeMap<&str, usize>,
    language: Language,
) -> SarifResult<'a> {
    SarifResult {
        rule_id: &finding.rule,
        rule_index: positions.get(finding.rule.as_str()).copied(),
        level: level(finding.severity),
        message: Message { text: message(finding, language) },
        locations: locations(assessment, finding),
        partial_fingerprints: BTreeMap::from([("yaguraFindingKey/v1", finding.key.0.as_str())]),
        rank: finding.severity.number() * 10.0,
        properties: ResultProperties {
            severity: finding.severity.word(),
            installed_version: words::vulnerability(finding).map(|evidence| evidence.source.version.as_str()),
            fixed_version: words::vulnerability(finding).and_then(words::fixed_version),
            state: words::vulnerability(finding).map(|evidence| evidence.state.word()),
            known_exploited: words::is_known_exploited(finding),
            epss: words::vulnerability(finding).and_then(|evidence| evidence.epss).map(|epss| epss.probability),
        },
    }
}

/// One paragraph that reads alone: what, in which package, and what repairs it.
fn message(finding: &Finding, language: Language) -> String {
    let title = finding.title.get(language);
    let recommendation = finding.recommendation.get(language);
    let text = match &finding.evidence {
        Evidence::Vulnerability(evidence) => format!(
            "{title}: {} {} ({}). {recommendation}",
            evidence.source.name,
            evidence.source.version,
            evidence.state.text().get(language),
        ),
        Evidence::Setting(evidence) => {
            let found = evidence.observations.first().map_or("", |observation| observation.found.as_str());
            format!("{title}: {found}. {recommendation}")
        }
    };
    // In a SARIF message `[text](1)` is a link and `{0}` a placeholder.
    text.replace('[', "\\[").replace(']', "\\]").replace('{', "{{").replace('}', "}}")
}

fn locations(assessment: &Assessment, finding: &Finding) -> Vec<Location> {
    match &finding.evidence {
        Evidence::Vulnerability(evidence) => evidence
            .packages
            .iter()
            .take(LOCATIONS_MAX)
            .filter_map(|package| {
                let place = record(&assessment.snapshot, &package.name, &package.architecture)?;
                Some(location(Some(place), &package.name, "module"))
            })
            .collect(),
        Evidence::Setting(evidence) => evidence
            .observations
            .iter()
            .take(LOCATIONS_MAX)
            .map(|observation| location(observation.place.clone(), &observation.found, "member"))
            .collect(),
    }
}

/// Where the record of a package stands; the whole database where the record is not at hand.
fn record(snapshot: &Snapshot, name: &str, architecture: &str) -> Option<SourceLine> {
    let named = |package: &&yagura_model::Package| package.name == name;
    snapshot
        .packages
        .iter()
        .find(|package| named(package) && package.architecture == architecture)
        .or_else(|| snapshot.packages.iter().find(named))
        .map(|package| package.record.clone())
        .or_else(|| snapshot.package_database.as_deref().map(SourceLine::file))
}

fn location(place: Option<SourceLine>, name: &str, kind: &'static str) -> Location {
    Location {
        physical_location: place.map(|place| PhysicalLocation {
            artifact_location: ArtifactLocation { uri: path(&place.path), uri_base_id: ROOT },
            region: place.line.filter(|line| *line > 0).map(|start_line| Region { start_line }),
        }),
        logical_locations: [LogicalLocation { fully_qualified_name: name.to_owned(), kind }],
    }
}

/// Writes a path as a relative URI reference.
fn path(path: &str) -> String {
    escape(path.trim_start_matches('/'), |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/' | b'+' | b'@' | b',')
    })
}

/// Escapes what may not stand in an address, and leaves an escaped one as it is.
pub(crate) fn uri(url: &str) -> String {
    escape(url, |byte| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte))
}

fn escape(text: &str, keep: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if keep(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// What was not assessed, so that a clean result is not mistaken for a whole one.
fn notifications(assessment: &Assessment, language: Language) -> Vec<Notification> {
    let coverage = assessment.coverage.iter().filter(|line| !words::is_clean(line)).map(|line| {
        let reason = line.reason.as_ref().map(|reason| reason.get(language)).unwrap_or_default();
        let parts = [
            words::coverage_subject(line, language),
            words::coverage_state(line, language).to_owned(),
            words::data_age(line, language),
            reason.to_owned(),
        ];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Notification { level: "warning", message: Message { text: parts.join(" – ") } }
    });
    let exclusions = words::exclusion_groups(assessment).into_iter().map(|group| {
        let subjects: Vec<_> = group.members.iter().map(|exclusion| exclusion.subject.as_str()).collect();
        let text = format!("{} ({}): {}", group.code.text().get(language), subjects.len(), subjects.join(", "));
        Notification { level: "note", message: Message { text } }
    });
    let problems = assessment.snapshot.problems.iter().map(|problem| Notification {
        level: "warning",
        message: Message { text: format!("{}: {}", problem.place, problem.message.get(language)) },
    });
    coverage.chain(exclusions).chain(problems).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::fixture;

    fn run(assessment: &Assessment) -> Value {
        let mut log: Value = serde_json::from_str(&render(assessment, Language::English).unwrap()).unwrap();
        // Whether members keep their order is decided by what else is in the build; a comparison must not.
        log.sort_all_objects();
        log["runs"][0].clone()
    }

    #[test]
    fn a_result_points_at_the_package_record_and_carries_the_key() {
        let result = run(&fixture::assessment())["results"][0].clone();
        insta::assert_snapshot!(serde_json::to_string_pretty(&result).unwrap(), @r#"
        {
          "level": "error",
          "locations": [
            {
              "logicalLocations": [
                {
                  "fullyQualifiedName": "libssl3",
                  "kind": "module"
                }
              ],
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "var/lib/dpkg/status",
                  "uriBaseId": "HOSTROOT"
                },
                "region": {
                  "startLine": 401
                }
              }
            },
            {
              "logicalLocations": [
                {
                  "fullyQualifiedName": "openssl",
                  "kind": "module"
                }
              ],
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "var/lib/dpkg/status",
                  "uriBaseId": "HOSTROOT"
                },
                "region": {
                  "startLine": 812
                }
              }
            }
          ],
          "message": {
            "text": "Instance web-1 is vulnerable to CVE-2026-10001: openssl 3.0.15-1~deb12u1 (fix available). Upgrade openssl to 3.0.17-1~deb12u2 or later: apt-get install --only-upgrade libssl3 openssl"
          },
          "partialFingerprints": {
            "yaguraFindingKey/v1": "k1openssl001"
          },
          "properties": {
            "epss": 0.9421,
            "fixedVersion": "3.0.17-1~deb12u2",
            "installedVersion": "3.0.15-1~deb12u1",
            "knownExploited": true,
            "severity": "High",
            "state": "fixed"
          },
          "rank": 90.0,
          "ruleId": "CVE-2026-10001",
          "ruleIndex": 0
        }
        "#);
    }

    #[test]
    fn a_setting_points_at_its_line_and_a_default_has_a_name_only() {
        let locations = run(&fixture::assessment())["results"][2]["locations"].clone();
        insta::assert_snapshot!(locations, @r#"[{"logicalLocations":[{"fullyQualifiedName":"PermitRootLogin yes","kind":"member"}],"physicalLocation":{"artifactLocation":{"uri":"etc/ssh/sshd_config.d/50-cloud.conf","uriBaseId":"HOSTROOT"},"region":{"startLine":3}}},{"logicalLocations":[{"fullyQualifiedName":"PasswordAuthentication yes","kind":"member"}]}]"#);
    }

    #[test]
    fn what_was_not_assessed_is_a_notification() {
        let run = run(&fixture::assessment());
        let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
        let texts: Vec<_> = notes.iter().map(|note| note["message"]["text"].as_str().unwrap()).collect();
        insta::assert_snapshot!(texts.join("\n"), @r"
        cve · debian-tracker – data too old – data of 2026-08-21, 94 days old – older than 7 days; run `yagura feed sync`
        cve · epss – not assessed – never fetched; run `yagura feed sync --only epss`
        Security Best Practices – partly assessed – 1 of 9 rules could not be judged
        no authority for the package (1): google-chrome-stable
        unreadable (1): etc/shadow
        /var/lib/dpkg/status:955: record without `Package`; the record was left out
        ");
    }

    #[test]
    fn a_cve_in_two_packages_is_one_rule_with_two_results() {
        let mut assessment = fixture::assessment();
        let mut again = assessment.findings[0].clone();
        again.key.0 = "another".into();
        again.severity = Severity::Low;
        assessment.findings.push(again);
        let run = run(&assessment);
        assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 6);
        assert_eq!(run["results"][6]["ruleIndex"], 0);
        assert_eq!(run["results"][6]["level"], "note");
    }

    #[test]
    fn the_security_severity_stays_in_the_band_of_our_severity() {
        let rules = run(&fixture::assessment())["tool"]["driver"]["rules"].clone();
        let of = |rule: usize| rules[rule]["properties"]["security-severity"].clone();
        assert_eq!(of(0), "9.8");
        // Debian calls it low; CVSS says 9.8.
        assert_eq!(of(3), "3.9");
        assert_eq!(of(5), "0.0");
    }

    #[test]
    fn rule_texts_are_cut_at_the_limit_of_the_services() {
        assert_eq!(short(&"x".repeat(RULE_TEXT_CHARS_MAX)).chars().count(), RULE_TEXT_CHARS_MAX);
        let cut = short(&"x".repeat(RULE_TEXT_CHARS_MAX + 1));
        assert_eq!(cut.chars().count(), RULE_TEXT_CHARS_MAX);
        assert!(cut.ends_with('…'));
    }

    #[test]
    fn a_result_has_at_most_ten_locations() {
        let mut assessment = fixture::assessment();
        if let Evidence::Vulnerability(evidence) = &mut assessment.findings[0].evidence {
            let package = evidence.packages[0].clone();
            evidence.packages = vec![package; LOCATIONS_MAX + 1];
        }
        let run = run(&assessment);
        assert_eq!(run["results"][0]["locations"].as_array().unwrap().len(), LOCATIONS_MAX);
    }

    #[test]
    fn paths_become_uri_references() {
        assert_eq!(path("etc/ssh/sshd_config.d/50 cloud#1.conf"), "etc/ssh/sshd_config.d/50%20cloud%231.conf");
        assert_eq!(path("//evil.example/x"), "evil.example/x");
        assert_eq!(path("a:b"), "a%3Ab");
    }
}
