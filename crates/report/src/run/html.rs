//! The page of a run, written part by part from the blocks of one template.
//!
//! It looks like the page of one host and loads nothing either. Tables are opened by the first
//! row and closed by what follows them, so that nothing has to be known in advance.

use std::io::Write;

use askama::Template;
use yagura_model::run_report::{
    AgentOutcome, FindingGroup, FindingInstance, FindingItem, RuleItem, RuleResult, RunAgent, RunCoverage,
    RunExclusion, RunHeader, RunReportSource, Wanted,
};
use yagura_model::{Language, LocalText, Severity};

use super::tally::Tally;
use super::words::{self, Words, number};
use super::{DETAILS_SHOWN_MAX, EVIDENCE_LINES_MAX, GAPS_SHOWN_MAX, INSTANCES_SHOWN_MAX, Kept, Kind, RunRenderError};
use crate::{html, tool};

/// What the page of a run needs beyond the style sheet of all pages.
const STYLE: &str = include_str!("../../templates/run.css");

/// Ends a table of rows within a section.
const TABLE_END: &[u8] = b"\n</tbody></table>";

/// Ends the table of instances of one finding, with its finding.
const GROUP_END: &[u8] = b"</div></details></td></tr></tbody>\n";

/// Writes the page.
pub(super) fn render(
    source: &mut dyn RunReportSource,
    kind: Kind,
    language: Language,
    out: &mut dyn Write,
) -> Result<(), RunRenderError> {
    let words = Words(language);
    let header = source.header()?;
    let facts = words.facts(&header, kind);
    Head { words, header: &header, kind: words.kind(kind), facts }.write_into(out)?;
    coverage(source, words, &header, out)?;
    exclusions(source, words, &header, out)?;
    SummaryPart { words, header: &header }.write_into(out)?;
    agents(source, words, out)?;
    findings(source, words, &header, out)?;
    if kind == Kind::Full {
        rules(source, words, out)?;
    }
    Foot { header: &header }.write_into(out)?;
    Ok(())
}

fn coverage(
    source: &mut dyn RunReportSource,
    words: Words,
    header: &RunHeader,
    out: &mut dyn Write,
) -> Result<(), RunRenderError> {
    // The lines are few, and whether one is a gap has to be said before the first of them.
    let mut lines = Vec::new();
    source.coverage(&mut |line| {
        lines.push(line.clone());
        if lines.len() < GAPS_SHOWN_MAX { Wanted::More } else { Wanted::Nothing }
    })?;
    let verdict = words.verdict(header, lines.iter().any(words::is_gap));
    CoveragePart { words, lines, verdict }.write_into(out)?;
    Ok(())
}

fn exclusions(
    source: &mut dyn RunReportSource,
    words: Words,
    header: &RunHeader,
    out: &mut dyn Write,
) -> Result<(), RunRenderError> {
    let (mut kept, mut shown) = (Kept::default(), 0_usize);
    source.exclusions(&mut |exclusion| {
        let answer = write_exclusion(exclusion, words, &mut shown, out);
        kept.answer(answer)
    })?;
    kept.done()?;
    if shown > 0 {
        out.write_all(TABLE_END)?;
        write_cut(
            out,
            &words.further(header.exclusions.saturating_sub(number(shown))),
            header.exclusions > number(shown),
        )?;
        out.write_all(b"</section>\n")?;
    }
    Ok(())
}

fn write_exclusion(
    exclusion: &RunExclusion,
    words: Words,
    shown: &mut usize,
    out: &mut dyn Write,
) -> Result<Wanted, RunRenderError> {
    if *shown >= GAPS_SHOWN_MAX {
        return Ok(Wanted::Nothing);
    }
    if *shown == 0 {
        ExclusionsHead { words }.write_into(out)?;
    }
    *shown = shown.saturating_add(1);
    ExclusionRow { words, exclusion }.write_into(out)?;
    Ok(Wanted::More)
}

fn agents(source: &mut dyn RunReportSource, words: Words, out: &mut dyn Write) -> Result<(), RunRenderError> {
    AgentsHead { words }.write_into(out)?;
    let mut kept = Kept::default();
    source.agents(&mut |agent| {
        let answer = AgentRow { words, agent }.write_into(out).map(|()| Wanted::More).map_err(Into::into);
        kept.answer(answer)
    })?;
    kept.done()?;
    out.write_all(TABLE_END)?;
    out.write_all(b"</section>\n")?;
    Ok(())
}

fn findings(
    source: &mut dyn RunReportSource,
    words: Words,
    header: &RunHeader,
    out: &mut dyn Write,
) -> Result<(), RunRenderError> {
    FindingsHead { words, header }.write_into(out)?;
    let mut part = Findings { words, header, out, severity: None, open: None };
    let mut kept = Kept::default();
    source.findings(&mut |item| {
        if kept.failed() {
            return Wanted::Nothing;
        }
        kept.answer(part.item(item))
    })?;
    kept.done()?;
    part.end()
}

fn rules(source: &mut dyn RunReportSource, words: Words, out: &mut dyn Write) -> Result<(), RunRenderError> {
    let title = words.say("Rules checked", "確認したルール");
    writeln!(out, "\n<section aria-labelledby=\"rules\"><h2 id=\"rules\">{title}</h2>")?;
    let mut part = Rules { words, out, package: None, tally: None };
    let mut kept = Kept::default();
    source.rules(&mut |item| {
        if kept.failed() {
            return Wanted::Nothing;
        }
        kept.answer(part.item(item))
    })?;
    kept.done()?;
    part.end()
}

/// Says that a list was cut, where it was.
fn write_cut(out: &mut dyn Write, text: &str, cut: bool) -> Result<(), RunRenderError> {
    if cut {
        writeln!(out, "<p class=\"cut\">{}</p>", html::rich(text))?;
    }
    Ok(())
}

/// The findings on their way out.
struct Findings<'a> {
    words: Words,
    header: &'a RunHeader,
    out: &'a mut dyn Write,
    severity: Option<Severity>,
    open: Option<OpenGroup>,
}

/// The finding whose instances are being listed.
struct OpenGroup {
    shown: usize,
    heard: u64,
    total: u64,
}

impl Findings<'_> {
    fn item(&mut self, item: FindingItem<'_>) -> Result<Wanted, RunRenderError> {
        match item {
            FindingItem::Group(group) => {
                self.close()?;
                self.begin_severity(group.severity)?;
                GroupHead { words: self.words, group }.write_into(self.out)?;
                self.open = Some(OpenGroup { shown: 0, heard: 0, total: group.instances });
                Ok(Wanted::More)
            }
            FindingItem::Instance(instance) => {
                let Some(open) = &mut self.open else { return Ok(Wanted::NextGroup) };
                open.heard = open.heard.saturating_add(1);
                if open.shown >= INSTANCES_SHOWN_MAX {
                    return Ok(Wanted::NextGroup);
                }
                open.shown = open.shown.saturating_add(1);
                InstanceRow { words: self.words, instance }.write_into(self.out)?;
                Ok(Wanted::More)
            }
        }
    }

    fn begin_severity(&mut self, severity: Severity) -> Result<(), RunRenderError> {
        if self.severity == Some(severity) {
            return Ok(());
        }
        self.end_severity()?;
        self.severity = Some(severity);
        let count = self.header.counts.get(severity);
        SeverityHead { words: self.words, severity: &severity, count }.write_into(self.out)?;
        Ok(())
    }

    fn end_severity(&mut self) -> Result<(), RunRenderError> {
        if self.severity.take().is_some() {
            self.out.write_all(b"</table>\n")?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), RunRenderError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        self.out.write_all(TABLE_END)?;
        let left = open.total.max(open.heard).saturating_sub(number(open.shown));
        write_cut(self.out, &self.words.further_instances(left), left > 0)?;
        self.out.write_all(GROUP_END)?;
        Ok(())
    }

    fn end(mut self) -> Result<(), RunRenderError> {
        self.close()?;
        self.end_severity()?;
        self.out.write_all(b"</section>\n")?;
        Ok(())
    }
}

/// The rules on their way out.
struct Rules<'a> {
    words: Words,
    out: &'a mut dyn Write,
    package: Option<String>,
    tally: Option<Tally>,
}

impl Rules<'_> {
    fn item(&mut self, item: RuleItem<'_>) -> Result<Wanted, RunRenderError> {
        match item {
            RuleItem::Rule(rule) => {
                self.close()?;
                self.tally = Some(Tally::new(rule));
                Ok(Wanted::More)
            }
            RuleItem::Instance(instance) => {
                Ok(self.tally.as_mut().map_or(Wanted::NextGroup, |tally| tally.hear(instance)))
            }
        }
    }

    fn close(&mut self) -> Result<(), RunRenderError> {
        let Some(tally) = self.tally.take() else { return Ok(()) };
        let package = self.words.rules_package(&tally.rule.rules_package);
        if self.package.as_ref() != Some(&package) {
            if self.package.is_some() {
                self.out.write_all(TABLE_END)?;
            }
            RulesHead { words: self.words, package: &package }.write_into(self.out)?;
            self.package = Some(package);
        }
        let lines = tally.lines(self.words);
        RuleRow { words: self.words, tally: &tally, lines }.write_into(self.out)?;
        Ok(())
    }

    fn end(mut self) -> Result<(), RunRenderError> {
        self.close()?;
        if self.package.is_some() {
            self.out.write_all(TABLE_END)?;
        } else {
            let none = self.words.say("No results of rules were recorded.", "ルールの結果は記録されていません。");
            writeln!(self.out, "<p>{none}</p>")?;
        }
        self.out.write_all(b"</section>\n")?;
        Ok(())
    }
}

/// From the doctype to the facts.
#[derive(Template)]
#[template(path = "run.html", block = "head")]
struct Head<'a> {
    words: Words,
    header: &'a RunHeader,
    kind: &'static str,
    facts: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "run.html", block = "coverage")]
struct CoveragePart {
    words: Words,
    lines: Vec<RunCoverage>,
    verdict: (String, bool),
}

impl CoveragePart {
    fn panel(&self) -> &'static str {
        if self.verdict.1 { "good" } else { "warn" }
    }

    fn detail(&self, line: &RunCoverage) -> String {
        html::rich(&self.words.coverage_detail(line))
    }
}

#[derive(Template)]
#[template(path = "run.html", block = "exclusions_head")]
struct ExclusionsHead {
    words: Words,
}

#[derive(Template)]
#[template(path = "run.html", block = "exclusion")]
struct ExclusionRow<'a> {
    words: Words,
    exclusion: &'a RunExclusion,
}

#[derive(Template)]
#[template(path = "run.html", block = "summary")]
struct SummaryPart<'a> {
    words: Words,
    header: &'a RunHeader,
}

impl SummaryPart<'_> {
    fn donut(&self) -> String {
        let count = |count| usize::try_from(count).unwrap_or(usize::MAX);
        let parts = self.header.counts.pairs().map(|(severity, number)| (words::class(&severity), count(number)));
        html::chart::donut(&parts.collect::<Vec<_>>())
    }
}

#[derive(Template)]
#[template(path = "run.html", block = "agents_head")]
struct AgentsHead {
    words: Words,
}

#[derive(Template)]
#[template(path = "run.html", block = "agent")]
struct AgentRow<'a> {
    words: Words,
    agent: &'a RunAgent,
}

impl AgentRow<'_> {
    fn addresses(&self) -> String {
        self.words.some(self.agent.addresses.iter().cloned(), DETAILS_SHOWN_MAX).join(", ")
    }
}

#[derive(Template)]
#[template(path = "run.html", block = "findings_head")]
struct FindingsHead<'a> {
    words: Words,
    header: &'a RunHeader,
}

#[derive(Template)]
#[template(path = "run.html", block = "severity_head")]
struct SeverityHead<'a> {
    words: Words,
    severity: &'a Severity,
    count: u64,
}

#[derive(Template)]
#[template(path = "run.html", block = "group")]
struct GroupHead<'a> {
    words: Words,
    group: &'a FindingGroup,
}

impl GroupHead<'_> {
    /// The line that opens the details: what the finding is about.
    fn gist(&self) -> &str {
        let text = self.words.text(&self.group.description);
        text.lines().map(str::trim).find(|line| !line.is_empty()).map_or("–", crate::words::first_sentence)
    }

    fn evidence(&self, lines: &[LocalText]) -> Vec<String> {
        evidence(self.words, lines)
    }
}

#[derive(Template)]
#[template(path = "run.html", block = "instance")]
struct InstanceRow<'a> {
    words: Words,
    instance: &'a FindingInstance,
}

impl InstanceRow<'_> {
    fn seen(&self) -> String {
        self.words.day(self.instance.first_seen)
    }

    fn evidence(&self, lines: &[LocalText]) -> Vec<String> {
        evidence(self.words, lines)
    }
}

fn evidence(words: Words, lines: &[LocalText]) -> Vec<String> {
    words.some(lines.iter().map(|line| words.text(line).to_owned()), EVIDENCE_LINES_MAX)
}

#[derive(Template)]
#[template(path = "run.html", block = "rules_head")]
struct RulesHead<'a> {
    words: Words,
    package: &'a str,
}

#[derive(Template)]
#[template(path = "run.html", block = "rule")]
struct RuleRow<'a> {
    words: Words,
    tally: &'a Tally,
    lines: Vec<(RuleResult, String)>,
}

impl RuleRow<'_> {
    /// A further class name, where a result asks for attention.
    fn result_class(&self, result: &RuleResult) -> &'static str {
        match result {
            RuleResult::Fail => " r-fail",
            RuleResult::Unknown => " r-unknown",
            RuleResult::Pass | RuleResult::NotApplicable => "",
        }
    }
}

#[derive(Template)]
#[template(path = "run.html", block = "foot")]
struct Foot<'a> {
    header: &'a RunHeader,
}

impl Foot<'_> {
    fn made(&self) -> String {
        tool::minutes(self.header.made_at)
    }
}
