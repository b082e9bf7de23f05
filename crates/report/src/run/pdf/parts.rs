//! The parts of the document, from the title down to the rules.

use yagura_model::run_report::{
    AgentOutcome, FindingGroup, FindingInstance, FindingItem, RuleItem, RuleResult, RunAgent, RunCoverage,
    RunExclusion, RunHeader, SeverityCounts, Wanted,
};
use yagura_model::{Language, Severity};

use super::super::tally::Tally;
use super::super::words::{Words, host_name, is_gap, number};
use super::super::{
    DETAILS_SHOWN_MAX, EVIDENCE_LINES_MAX, GAPS_SHOWN_MAX, Kind, PDF_AGENTS_MAX, PDF_GROUPS_MAX,
    PDF_INSTANCES_SHOWN_MAX, PDF_RULES_MAX, RunRenderError,
};
use super::flow::{
    BODY, Color, Flow, MONO, PART, ROOM, SECTION, SMALL, SMALL_STRONG, STRONG, TITLE, baseline_drop, color,
};
use super::table::{Cell, Column, Table};
use super::text::width;
use crate::tool;

/// How many facts stand side by side on the first page.
const FACTS_A_ROW: usize = 3;

/// How far texts below a group's title are indented.
const INDENT: f32 = 11.0;

/// How long the longest bar of the summary is.
const BAR: f32 = 300.0;

/// Draws the title, the facts and the rules packages.
pub(super) fn cover(
    flow: &mut Flow<'_, '_>,
    words: Words,
    header: &RunHeader,
    kind: Kind,
) -> Result<(), RunRenderError> {
    let brand = format!("{} · {}", tool::NAME, words.say("assessment run report", "評価の実行レポート"));
    flow.bookmark(1, words.say("Assessment run", "評価の実行"));
    flow.paragraph(&brand, 0.0, SMALL)?;
    flow.paragraph(&header.run.name, 0.0, TITLE)?;
    flow.space(6.0);
    let facts = words.facts(header, kind);
    for row in facts.chunks(FACTS_A_ROW) {
        let wide = ROOM / 3.0;
        let (mut lowest, mut x) = (flow.y, 0.0);
        let top = flow.y;
        for (name, value) in row {
            flow.y = top;
            flow.paragraph_within(name, x, wide - 10.0, SMALL)?;
            flow.paragraph_within(value, x, wide - 10.0, BODY)?;
            lowest = lowest.min(flow.y);
            x += wide;
        }
        flow.y = lowest - 4.0;
    }
    for (name, arn) in words.arns(header) {
        flow.paragraph(name, 0.0, SMALL)?;
        flow.paragraph(&arn, 0.0, MONO)?;
    }
    flow.space(4.0);
    flow.paragraph(words.say("Rules packages", "ルールパッケージ"), 0.0, SMALL)?;
    for package in &header.rules_packages {
        flow.paragraph(&words.rules_package(package), 0.0, BODY)?;
        flow.paragraph(&package.arn, 0.0, MONO)?;
    }
    if !header.attributes.is_empty() {
        flow.space(4.0);
        flow.paragraph(words.say("Attributes for findings", "検出結果に付ける属性"), 0.0, SMALL)?;
        flow.paragraph(&words.attributes(&header.attributes).join(", "), 0.0, BODY)?;
    }
    Ok(())
}

/// Draws the title of a section, with room for the beginning of what follows.
fn section(flow: &mut Flow<'_, '_>, title: &str) -> Result<(), RunRenderError> {
    flow.space(20.0);
    flow.ensure(180.0)?;
    flow.bookmark(1, title);
    flow.paragraph(title, 0.0, SECTION)?;
    flow.space(5.0);
    Ok(())
}

/// Draws what was assessed and what was not.
pub(super) fn coverage(
    flow: &mut Flow<'_, '_>,
    words: Words,
    header: &RunHeader,
    lines: &[RunCoverage],
) -> Result<(), RunRenderError> {
    section(flow, words.say("Coverage and exclusions", "評価範囲と除外"))?;
    let (text, bar) = coverage_verdict(words, header, lines);
    flow.barred(&text, 0.0, BODY, bar)?;
    flow.space(8.0);
    if lines.is_empty() {
        return Ok(());
    }
    let columns = vec![
        Column::text(words.say("Rules package or feed", "ルールパッケージ・情報源"), 30.0),
        Column::text(words.say("State", "状態"), 16.0),
        Column::number(words.say("Instances", "インスタンス数"), 14.0),
        Column::text(words.say("Data and reason", "データと理由"), 40.0),
    ];
    let table = Table::begin(flow, columns, 0.0)?;
    for line in lines {
        let state = if is_gap(line) { SMALL_STRONG.colored(color::WARN) } else { SMALL };
        let cells = [
            Cell::new(words.coverage_subject(line), SMALL_STRONG),
            Cell::new(words.coverage_state(line), state),
            Cell::new(line.instances.to_string(), SMALL),
            Cell::default().with_prose(words.coverage_detail(line), SMALL),
        ];
        table.row(flow, &cells)?;
    }
    if lines.len() >= GAPS_SHOWN_MAX {
        table.note(flow, words.say("Further lines are left out.", "以降の行は省略しています。"))?;
    }
    Ok(())
}

fn coverage_verdict(words: Words, header: &RunHeader, lines: &[RunCoverage]) -> (String, Color) {
    let (text, whole) = words.verdict(header, lines.iter().any(is_gap));
    (text, if whole { color::GOOD } else { color::WARN_LINE })
}

/// The exclusions.
pub(super) struct Exclusions<'d, 'o, 'f> {
    flow: &'d mut Flow<'o, 'f>,
    words: Words,
    table: Option<Table>,
    total: u64,
    shown: usize,
}

impl<'d, 'o, 'f> Exclusions<'d, 'o, 'f> {
    pub(super) fn begin(flow: &'d mut Flow<'o, 'f>, words: Words, header: &RunHeader) -> Result<Self, RunRenderError> {
        flow.space(14.0);
        Ok(Self { flow, words, table: None, total: header.exclusions, shown: 0 })
    }

    pub(super) fn exclusion(&mut self, exclusion: &RunExclusion) -> Result<Wanted, RunRenderError> {
        if self.shown >= GAPS_SHOWN_MAX {
            return Ok(Wanted::Nothing);
        }
        let words = self.words;
        if self.table.is_none() {
            self.flow.ensure(80.0)?;
            self.flow.paragraph(words.say("Exclusions", "除外"), 0.0, PART)?;
            let columns = vec![
                Column::text(words.say("What could not be checked", "確認できなかった内容"), 40.0),
                Column::text(words.say("What to do", "対処"), 32.0),
                Column::text(words.say("Where", "範囲"), 28.0),
            ];
            self.table = Some(Table::begin(self.flow, columns, 0.0)?);
        }
        self.shown = self.shown.saturating_add(1);
        let Some(table) = &self.table else { return Ok(Wanted::More) };
        let what =
            Cell::new(words.text(&exclusion.title), SMALL_STRONG).with_prose(words.text(&exclusion.description), SMALL);
        let scopes = words.scopes(&exclusion.scopes).join("\n");
        let cells =
            [what, Cell::default().with_prose(words.text(&exclusion.recommendation), SMALL), Cell::new(scopes, SMALL)];
        table.row(self.flow, &cells)?;
        Ok(Wanted::More)
    }

    pub(super) fn end(self) -> Result<(), RunRenderError> {
        let left = self.total.saturating_sub(number(self.shown));
        match &self.table {
            Some(table) if left > 0 => table.note(self.flow, &self.words.further(left)),
            _ => Ok(()),
        }
    }
}

/// Draws the counts by severity.
pub(super) fn summary(flow: &mut Flow<'_, '_>, words: Words, header: &RunHeader) -> Result<(), RunRenderError> {
    section(flow, words.say("Summary", "概要"))?;
    let total = words.total(header);
    flow.paragraph(&total, 0.0, STRONG)?;
    flow.space(4.0);
    let most = header.counts.pairs().map(|(_, count)| count).max().unwrap_or_default();
    flow.ensure(80.0)?;
    for (severity, count) in header.counts.pairs() {
        let drop = baseline_drop(BODY);
        let baseline = flow.y - drop;
        flow.fill(0.0, baseline - 0.5, 7.0, 7.0, color::severity(severity));
        let name = flow.fonts.shape(words.severity(severity), BODY.latin);
        flow.line(&name, 13.0, baseline, BODY);
        let count_shapes = flow.fonts.shape(&count.to_string(), STRONG.latin);
        flow.line(&count_shapes, 145.0 - width(&count_shapes, STRONG.size), baseline, STRONG);
        let long = share(count, most) * BAR;
        if count > 0 {
            flow.fill(158.0, baseline - 0.5, long.max(1.0), 7.0, color::severity(severity));
        }
        flow.y -= 15.0;
    }
    Ok(())
}

fn share(count: u64, most: u64) -> f32 {
    // Thousandths are finer than any printer.
    let thousandths = count.saturating_mul(1000).checked_div(most).and_then(|share| u16::try_from(share).ok());
    f32::from(thousandths.unwrap_or_default()) / 1000.0
}

/// The table of hosts.
pub(super) struct Agents<'d, 'o, 'f> {
    flow: &'d mut Flow<'o, 'f>,
    words: Words,
    table: Table,
    heard: usize,
}

impl<'d, 'o, 'f> Agents<'d, 'o, 'f> {
    pub(super) fn begin(flow: &'d mut Flow<'o, 'f>, words: Words) -> Result<Self, RunRenderError> {
        section(flow, words.say("Instances", "インスタンス"))?;
        let columns = vec![
            Column::text(words.say("Host", "ホスト"), 27.0),
            Column::text(words.say("System", "システム"), 29.0),
            Column::text(words.say("In this run", "この実行での状態"), 24.0),
            Column::text(words.say("Findings", "検出結果"), 20.0),
        ];
        let table = Table::begin(flow, columns, 0.0)?;
        Ok(Self { flow, words, table, heard: 0 })
    }

    pub(super) fn agent(&mut self, agent: &RunAgent) -> Result<Wanted, RunRenderError> {
        self.heard = self.heard.saturating_add(1);
        if self.heard > PDF_AGENTS_MAX {
            return Ok(Wanted::More);
        }
        let words = self.words;
        let mut host = Cell::new(host_name(&agent.hostname, &agent.agent_id), SMALL_STRONG);
        if !agent.hostname.is_empty() {
            host = host.with(&agent.agent_id, MONO);
        }
        host = host.with(words.attributes(&agent.tags).join(", "), SMALL);
        let addresses = words.some(agent.addresses.iter().cloned(), DETAILS_SHOWN_MAX).join(", ");
        let system = Cell::new(agent.operating_system.clone().unwrap_or_default(), SMALL)
            .with(agent.kernel.clone().unwrap_or_default(), SMALL)
            .with(addresses, SMALL);
        let state = match agent.outcome {
            AgentOutcome::Evaluated => SMALL,
            _ => SMALL_STRONG.colored(color::WARN),
        };
        let state = Cell::new(words.outcome(&agent.outcome), state)
            .with(words.health(agent), SMALL)
            .with_prose(words.outcome_reason(&agent.outcome), SMALL);
        let counts = Cell::new(words.counts(&agent.counts), SMALL);
        self.table.row(self.flow, &[host, system, state, counts])?;
        Ok(Wanted::More)
    }

    pub(super) fn end(self) -> Result<(), RunRenderError> {
        let left = self.heard.saturating_sub(PDF_AGENTS_MAX);
        if left == 0 { Ok(()) } else { self.table.note(self.flow, &self.words.further(number(left))) }
    }
}

/// The findings.
pub(super) struct Findings<'d, 'o, 'f> {
    flow: &'d mut Flow<'o, 'f>,
    words: Words,
    severity: Option<Severity>,
    open: Option<OpenGroup>,
    groups: usize,
    /// Groups that are not shown in detail.
    beyond: SeverityCounts,
}

struct OpenGroup {
    table: Option<Table>,
    shown: usize,
    heard: u64,
    total: u64,
}

impl<'d, 'o, 'f> Findings<'d, 'o, 'f> {
    pub(super) fn begin(flow: &'d mut Flow<'o, 'f>, words: Words, header: &RunHeader) -> Result<Self, RunRenderError> {
        section(flow, words.say("Findings", "検出結果"))?;
        if header.counts.total() == 0 {
            flow.paragraph(words.say("Nothing was found.", "検出結果はありません。"), 0.0, BODY)?;
        }
        Ok(Self { flow, words, severity: None, open: None, groups: 0, beyond: SeverityCounts::default() })
    }

    pub(super) fn item(&mut self, item: FindingItem<'_>) -> Result<Wanted, RunRenderError> {
        match item {
            FindingItem::Group(group) => self.group(group),
            FindingItem::Instance(instance) => self.instance(instance),
        }
    }

    fn group(&mut self, group: &FindingGroup) -> Result<Wanted, RunRenderError> {
        self.close()?;
        if self.groups >= PDF_GROUPS_MAX {
            self.beyond.add(group.severity, 1);
            return Ok(Wanted::NextGroup);
        }
        self.groups = self.groups.saturating_add(1);
        let words = self.words;
        let flow = &mut *self.flow;
        flow.space(14.0);
        if self.severity != Some(group.severity) {
            self.severity = Some(group.severity);
            flow.ensure(120.0)?;
            flow.bookmark(2, words.severity(group.severity));
            let title = match words.0 {
                Language::English => format!("Severity {}", words.severity(group.severity)),
                Language::Japanese => format!("重大度: {}", words.severity(group.severity)),
            };
            flow.paragraph(&title, 0.0, PART.colored(color::severity(group.severity)))?;
            flow.space(4.0);
        }
        draw_group(flow, words, group)?;
        self.open = Some(OpenGroup { table: None, shown: 0, heard: 0, total: group.instances });
        Ok(Wanted::More)
    }

    fn instance(&mut self, instance: &FindingInstance) -> Result<Wanted, RunRenderError> {
        let Some(open) = &mut self.open else { return Ok(Wanted::NextGroup) };
        open.heard = open.heard.saturating_add(1);
        if open.shown >= PDF_INSTANCES_SHOWN_MAX {
            return Ok(Wanted::NextGroup);
        }
        open.shown = open.shown.saturating_add(1);
        let words = self.words;
        if open.table.is_none() {
            let columns = vec![
                Column::text(words.say("Instance", "インスタンス"), 27.0),
                Column::text(words.say("First seen", "初回検出"), 14.0),
                Column::text(words.say("Evidence and attributes", "根拠と属性"), 59.0),
            ];
            open.table = Some(Table::begin(self.flow, columns, INDENT)?);
        }
        let Some(table) = &open.table else { return Ok(Wanted::More) };
        let mut host = Cell::new(host_name(&instance.hostname, &instance.agent_id), SMALL_STRONG);
        if !instance.hostname.is_empty() {
            host = host.with(&instance.agent_id, MONO);
        }
        let mut evidence = Cell::default();
        let lines = instance.evidence.iter().map(|line| words.text(line).to_owned());
        for line in words.some(lines, EVIDENCE_LINES_MAX) {
            evidence = evidence.with_prose(line, SMALL);
        }
        evidence = evidence.with(words.attributes(&instance.attributes).join(", "), SMALL.colored(color::INK));
        evidence = evidence.with(&instance.finding_arn, MONO);
        let seen = Cell::new(words.day(instance.first_seen), SMALL);
        table.row(self.flow, &[host, seen, evidence])?;
        Ok(Wanted::More)
    }

    fn close(&mut self) -> Result<(), RunRenderError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let left = open.total.max(open.heard).saturating_sub(number(open.shown));
        match &open.table {
            Some(table) if left > 0 => table.note(self.flow, &self.words.further_instances(left)),
            _ => Ok(()),
        }
    }

    pub(super) fn end(mut self) -> Result<(), RunRenderError> {
        self.close()?;
        if self.beyond.total() == 0 {
            return Ok(());
        }
        let (flow, words) = (self.flow, self.words);
        flow.space(14.0);
        flow.ensure(60.0)?;
        let counts = words.counts(&self.beyond);
        let note = match words.0 {
            Language::English => format!(
                "This PDF shows the {PDF_GROUPS_MAX} most severe findings in detail. Further findings, by severity: \
                 {counts}. The HTML report has all of them."
            ),
            Language::Japanese => format!(
                "この PDF には重大度の高い順に {PDF_GROUPS_MAX} 件の検出結果を詳しく掲載しています。それ以外の検出結果 \
                 (重大度別): {counts}。すべての検出結果は HTML レポートにあります。"
            ),
        };
        flow.bookmark(2, words.say("Further findings", "その他の検出結果"));
        flow.barred(&note, 0.0, BODY, color::WARN_LINE)
    }
}

fn draw_group(flow: &mut Flow<'_, '_>, words: Words, group: &FindingGroup) -> Result<(), RunRenderError> {
    flow.ensure(100.0)?;
    flow.bookmark(3, &format!("{} – {}", group.rule, words.text(&group.title)));
    let baseline = flow.y - baseline_drop(PART);
    flow.fill(0.0, baseline - 0.8, 7.0, 7.0, color::severity(group.severity));
    flow.paragraph(&group.rule, INDENT, PART)?;
    let about = [
        words.severity(group.severity).to_owned(),
        words.rules_package(&group.rules_package),
        words.instances(group.instances),
    ];
    flow.paragraph(&about.join(" · "), INDENT, SMALL)?;
    flow.space(2.0);
    flow.paragraph(words.text(&group.title), INDENT, STRONG)?;
    flow.prose(words.text(&group.description), INDENT, BODY)?;
    if !words.text(&group.recommendation).is_empty() {
        flow.space(4.0);
        flow.ensure(30.0)?;
        flow.barred(words.text(&group.recommendation), INDENT, BODY, color::GOOD)?;
    }
    flow.space(4.0);
    let lines = group.evidence.iter().map(|line| words.text(line).to_owned());
    for line in words.some(lines, EVIDENCE_LINES_MAX) {
        flow.prose(&line, INDENT, SMALL)?;
    }
    flow.space(4.0);
    Ok(())
}

/// The rules that were checked.
pub(super) struct Rules<'d, 'o, 'f> {
    flow: &'d mut Flow<'o, 'f>,
    words: Words,
    package: Option<String>,
    table: Option<Table>,
    tally: Option<Tally>,
    heard: usize,
}

impl<'d, 'o, 'f> Rules<'d, 'o, 'f> {
    pub(super) fn begin(flow: &'d mut Flow<'o, 'f>, words: Words) -> Result<Self, RunRenderError> {
        section(flow, words.say("Rules checked", "確認したルール"))?;
        Ok(Self { flow, words, package: None, table: None, tally: None, heard: 0 })
    }

    pub(super) fn item(&mut self, item: RuleItem<'_>) -> Result<Wanted, RunRenderError> {
        match item {
            RuleItem::Rule(rule) => {
                self.close()?;
                self.heard = self.heard.saturating_add(1);
                if self.heard > PDF_RULES_MAX {
                    return Ok(Wanted::NextGroup);
                }
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
        let words = self.words;
        let package = words.rules_package(&tally.rule.rules_package);
        if self.package.as_ref() != Some(&package) {
            self.flow.space(10.0);
            self.flow.ensure(90.0)?;
            self.flow.bookmark(2, &package);
            self.flow.paragraph(&package, 0.0, PART)?;
            self.flow.space(3.0);
            let columns = vec![
                Column::text(words.say("Rule", "ルール"), 46.0),
                Column::text(words.say("Severity", "重大度"), 14.0),
                Column::text(words.say("Results", "結果"), 40.0),
            ];
            self.table = Some(Table::begin(self.flow, columns, 0.0)?);
            self.package = Some(package);
        }
        let Some(table) = &self.table else { return Ok(()) };
        let rule = Cell::new(&tally.rule.rule, SMALL_STRONG);
        let title = words.text(&tally.rule.title);
        let rule = if title == tally.rule.rule { rule } else { rule.with(title, SMALL) };
        let severity =
            Cell::new(words.severity(tally.rule.severity), SMALL).marked(color::severity(tally.rule.severity));
        let mut results = Cell::default();
        for (result, line) in tally.lines(words) {
            let style = match result {
                RuleResult::Fail => SMALL.colored(color::severity(Severity::High)),
                RuleResult::Unknown => SMALL.colored(color::WARN),
                RuleResult::Pass | RuleResult::NotApplicable => SMALL,
            };
            results = results.with(line, style);
        }
        table.row(self.flow, &[rule, severity, results])
    }

    pub(super) fn end(mut self) -> Result<(), RunRenderError> {
        self.close()?;
        let left = number(self.heard.saturating_sub(PDF_RULES_MAX));
        match &self.table {
            None => {
                let none = self.words.say("No results of rules were recorded.", "ルールの結果は記録されていません。");
                self.flow.paragraph(none, 0.0, BODY)
            }
            Some(table) if left > 0 => table.note(self.flow, &self.words.further(left)),
            Some(_) => Ok(()),
        }
    }
}
