//! One self-contained page for a browser, a mail attachment or a printer.
//!
//! The page loads nothing: style, script and pictures are inside, and its content security
//! policy forbids everything else. The script only adds a text filter; without it every finding
//! is there, opens with the keyboard, and can be narrowed with the check boxes (CSS). Colours
//! follow the reader's light or dark setting; printing has its own style.

use askama::Template;
use yagura_model::assessment::Upgrade;
use yagura_model::{
    Assessment, Coverage, Evidence, Finding, Language, LocalText, RulesPackage, Severity, VulnerabilityEvidence,
};

use crate::words::ExclusionGroup;
use crate::{RenderError, tool, words};

pub(crate) mod chart;

/// The text filter.
pub(crate) const SCRIPT: &str = include_str!("../templates/filter.js");

/// SHA-256 of [`SCRIPT`] in base64: the only script that the page's policy allows.
pub(crate) const SCRIPT_HASH: &str = "+KmLd42VXUubcM8ijgj/4AGLkea2datA+8tE+8EwHu0=";

/// The style sheet.
pub(crate) const STYLE: &str = include_str!("../templates/report.css");

/// The watchtower beside the program's name.
pub(crate) const BRAND: &str = concat!(
    "<svg viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.6\" stroke-linecap=\"round\"",
    " stroke-linejoin=\"round\" aria-hidden=\"true\"><path d=\"M3 8.5 12 3l9 5.5M5.5 8.5h13M7.5 8.5v4h9v-4M8 1",
    "2.5 6 21M16 12.5 18 21M7.2 16.5h9.6M8 12.5l8.8 4M16 12.5l-8.8 4\"/></svg>",
);

/// How many upgrades the page names.
const UPGRADES_MAX: usize = 50;

/// How many references of one finding are linked.
const REFERENCES_MAX: usize = 12;

/// Renders the assessment.
pub(crate) fn render(assessment: &Assessment, language: Language) -> Result<String, RenderError> {
    Ok(Page { assessment, language }.render()?)
}

/// The page. The template asks it for everything, so that words stay beside each other.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    assessment: &'a Assessment,
    language: Language,
}

/// Findings of one severity.
struct Group<'a> {
    severity: Severity,
    findings: Vec<Row<'a>>,
}

/// One finding as the page shows it.
struct Row<'a> {
    finding: &'a Finding,
    gist: &'a str,
    subject: String,
    flaw: Option<&'a VulnerabilityEvidence>,
    fixed: bool,
    exploited: bool,
}

/// A severity's name, count and address on the page.
struct Count {
    severity: Severity,
    count: usize,
}

impl<'a> Page<'a> {
    fn say<'t>(&self, en: &'t str, ja: &'t str) -> &'t str {
        match self.language {
            Language::English => en,
            Language::Japanese => ja,
        }
    }

    fn host(&self) -> &str {
        words::host_name(&self.assessment.snapshot, self.language)
    }

    fn day(&self) -> String {
        tool::day(self.assessment.ended_at)
    }

    fn minutes(&self) -> String {
        tool::minutes(self.assessment.ended_at)
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let snapshot = &self.assessment.snapshot;
        let pick = |en, ja| if self.language == Language::English { en } else { ja };
        let mut facts =
            vec![(pick("Operating system", "OS"), words::operating_system(snapshot, self.language).to_owned())];
        if let Some(kernel) = &snapshot.kernel.running {
            facts.push((pick("Running kernel", "稼働中のカーネル"), kernel.clone()));
        }
        if let Some(architecture) = &snapshot.host.architecture {
            facts.push((pick("Architecture", "アーキテクチャ"), architecture.clone()));
        }
        let virtualization = words::virtualization(&snapshot.host.virtualization, self.language);
        if !virtualization.is_empty() {
            facts.push((pick("Runs in", "実行環境"), virtualization));
        }
        facts.push((pick("Packages", "パッケージ数"), words::packages_present(snapshot).to_string()));
        facts.push((pick("Assessed", "評価日時"), tool::minutes(self.assessment.ended_at)));
        facts
    }

    fn gaps(&self) -> Vec<&'a Coverage> {
        self.assessment.coverage.iter().filter(|line| !words::is_clean(line)).collect()
    }

    fn coverage_subject(&self, line: &Coverage) -> String {
        words::coverage_subject(line, self.language)
    }

    fn coverage_state(&self, line: &Coverage) -> &'static str {
        words::coverage_state(line, self.language)
    }

    fn data_age(&self, line: &Coverage) -> String {
        words::data_age(line, self.language)
    }

    fn coverage_reason(&self, line: &Coverage) -> String {
        line.reason.as_ref().map(|reason| self.rich(reason)).unwrap_or_default()
    }

    fn is_whole(&self) -> bool {
        self.gaps().is_empty() && self.assessment.exclusions.is_empty() && self.assessment.snapshot.problems.is_empty()
    }

    fn exclusion_groups(&self) -> Vec<ExclusionGroup<'a>> {
        words::exclusion_groups(self.assessment)
    }

    fn exclusion_code(&self, group: &ExclusionGroup<'_>) -> &'static str {
        group.code.text().get(self.language)
    }

    fn counts(&self) -> Vec<Count> {
        Severity::ALL.into_iter().map(|severity| Count { severity, count: self.assessment.count(severity) }).collect()
    }

    fn severity(&self, severity: &Severity) -> &'static str {
        severity.text().get(self.language)
    }

    /// A class name for a severity: `high`.
    fn class(&self, severity: &Severity) -> &'static str {
        match severity {
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Undefined => "undefined",
            Severity::Low => "low",
            Severity::Informational => "informational",
        }
    }

    fn donut(&self) -> String {
        chart::donut(&self.counts().iter().map(|count| (self.class(&count.severity), count.count)).collect::<Vec<_>>())
    }

    fn donut_text(&self) -> String {
        let parts: Vec<_> =
            self.counts().iter().map(|count| format!("{} {}", self.severity(&count.severity), count.count)).collect();
        parts.join(", ")
    }

    fn total(&self) -> usize {
        self.assessment.findings.len()
    }

    fn fixable(&self) -> usize {
        self.assessment.findings.iter().filter(|finding| words::is_fixable(finding)).count()
    }

    fn exploited(&self) -> usize {
        self.assessment.findings.iter().filter(|finding| words::is_known_exploited(finding)).count()
    }

    fn settings(&self) -> usize {
        let settings = |finding: &&Finding| finding.rules_package == RulesPackage::BestPractices;
        self.assessment.findings.iter().filter(settings).count()
    }

    fn upgrades(&self) -> &'a [Upgrade] {
        let all = &self.assessment.upgrades;
        all.get(..UPGRADES_MAX).unwrap_or(all)
    }

    fn upgrades_left(&self) -> usize {
        self.assessment.upgrades.len().saturating_sub(UPGRADES_MAX)
    }

    /// The bar of an upgrade, in parts of the largest one.
    fn bar(&self, upgrade: &Upgrade) -> String {
        let most = self.assessment.upgrades.iter().map(Upgrade::total).max().unwrap_or_default();
        let parts = Severity::ALL.map(|severity| self.class(&severity)).into_iter().zip(upgrade.repairs);
        chart::bar(&parts.collect::<Vec<_>>(), most)
    }

    fn repairs(&self, upgrade: &Upgrade) -> String {
        let parts = Severity::ALL.into_iter().zip(upgrade.repairs).filter(|(_, count)| *count > 0);
        let parts: Vec<_> = parts.map(|(severity, count)| format!("{} {count}", self.severity(&severity))).collect();
        parts.join(", ")
    }

    fn obstacle(&self, upgrade: &Upgrade) -> String {
        upgrade.obstacle.as_ref().map(|obstacle| self.rich(obstacle)).unwrap_or_default()
    }

    fn groups(&self) -> Vec<Group<'a>> {
        let groups = Severity::ALL.into_iter().map(|severity| Group {
            severity,
            findings: self
                .assessment
                .findings
                .iter()
                .filter(|finding| finding.severity == severity)
                .map(|finding| self.row(finding))
                .collect(),
        });
        groups.filter(|group| !group.findings.is_empty()).collect()
    }

    fn row(&self, finding: &'a Finding) -> Row<'a> {
        let title = finding.title.get(self.language);
        Row {
            finding,
            gist: match &finding.evidence {
                Evidence::Vulnerability(_) => words::described_gist(finding, self.language),
                Evidence::Setting(_) => title,
            },
            subject: words::subject(finding),
            flaw: words::vulnerability(finding),
            fixed: words::is_fixable(finding),
            exploited: words::is_known_exploited(finding),
        }
    }

    /// A text with its commands set as code.
    fn rich(&self, text: &LocalText) -> String {
        rich(text.get(self.language))
    }

    fn state(&self, flaw: &VulnerabilityEvidence) -> String {
        words::fix_or_state(flaw, self.language)
    }

    fn is_held(&self, flaw: &VulnerabilityEvidence) -> bool {
        words::is_held(flaw)
    }

    fn urgency(&self, flaw: &VulnerabilityEvidence) -> &'static str {
        words::urgency(flaw.urgency).get(self.language)
    }

    fn kernel(&self, flaw: &VulnerabilityEvidence) -> String {
        flaw.kernel.as_ref().map(|kernel| words::kernel(kernel, self.language)).unwrap_or_default()
    }

    fn epss(&self, flaw: &VulnerabilityEvidence) -> String {
        flaw.epss.map(|epss| words::percent(epss.probability)).unwrap_or_default()
    }

    fn epss_long(&self, flaw: &VulnerabilityEvidence) -> String {
        let Some(epss) = flaw.epss else { return String::new() };
        let (probability, percentile) = (words::percent(epss.probability), words::percent(epss.percentile));
        match self.language {
            Language::English => format!("{probability} within 30 days, percentile {percentile}"),
            Language::Japanese => format!("30 日以内の悪用確率 {probability} (パーセンタイル {percentile})"),
        }
    }

    fn score(&self, flaw: &VulnerabilityEvidence) -> String {
        words::score(flaw).map(|score| format!("{score:.1}")).unwrap_or_default()
    }

    fn links<'t>(&self, flaw: &'t VulnerabilityEvidence) -> Vec<&'t str> {
        let vendor = flaw.vendor_url.iter().map(String::as_str);
        let all = vendor.chain(flaw.references.iter().map(|reference| reference.url.as_str()));
        all.filter_map(words::web_address).take(REFERENCES_MAX).collect()
    }
}

/// Escapes a text and sets what stands between backticks as code.
pub(crate) fn rich(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    let mut code = false;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        push_escaped(&mut html, before);
        // A backtick without a partner stays what it is.
        if !code && !after.contains('`') {
            html.push('`');
        } else {
            html.push_str(if code { "</code>" } else { "<code>" });
            code = !code;
        }
        rest = after;
    }
    push_escaped(&mut html, rest);
    html
}

fn push_escaped(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&#38;"),
            '<' => html.push_str("&#60;"),
            '>' => html.push_str("&#62;"),
            '"' => html.push_str("&#34;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests;
