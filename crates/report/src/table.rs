//! Text for a terminal: what a person needs first stands first.
//!
//! The order is fixed: the host, what was *not* assessed, the sums, the upgrades that repair
//! most, then the findings. Informational findings are counted, and listed only when asked for.
//!
//! Rows are laid out by hand ([`grid`]): a cell is one line, cut at the terminal's width in
//! columns (an East Asian character takes two), and coloured after it is measured; only a reason
//! or a remedy wraps. Table crates wrap every cell, or measure the colours' bytes.

mod grid;
mod paint;

use yagura_model::{Assessment, Evidence, Finding, Language, RulesPackage, Severity};

use self::grid::{Cell, Column, Grid};
use self::paint::{Paint, Style};
use crate::{Options, tool, words};

/// How many upgrades the first screen names.
const UPGRADES_MAX: usize = 10;

/// How many subjects of an exclusion group are named unless `verbose`.
const EXCLUDED_NAMES_MAX: usize = 3;

/// How many problems of reading are named unless `verbose`.
const PROBLEMS_MAX: usize = 3;

/// Renders the assessment.
pub(crate) fn render(assessment: &Assessment, options: &Options) -> String {
    let mut screen = Screen {
        assessment,
        language: options.language,
        paint: Paint::new(options.color),
        width: options.width.map(usize::from),
        verbose: options.verbose,
        text: String::new(),
    };
    screen.host();
    screen.gaps();
    screen.summary();
    screen.upgrades();
    screen.vulnerabilities();
    screen.settings();
    screen.unlisted();
    screen.text
}

/// The text so far, and how to go on.
struct Screen<'a> {
    assessment: &'a Assessment,
    language: Language,
    paint: Paint,
    width: Option<usize>,
    verbose: bool,
    text: String,
}

impl<'a> Screen<'a> {
    fn say<'t>(&self, en: &'t str, ja: &'t str) -> &'t str {
        match self.language {
            Language::English => en,
            Language::Japanese => ja,
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn heading(&mut self, style: Style, heading: &str) {
        let heading = self.paint.apply(style, heading);
        self.text.push('\n');
        self.line(&heading);
    }

    fn grid(&mut self, grid: &Grid) {
        let text = grid.render(self.width, self.paint);
        self.text.push_str(&text);
    }

    /// The host in two lines.
    fn host(&mut self) {
        let snapshot = &self.assessment.snapshot;
        let mut facts = vec![words::operating_system(snapshot, self.language).to_owned()];
        if let Some(kernel) = &snapshot.kernel.running {
            facts.push(format!("{} {kernel}", self.say("kernel", "カーネル")));
        }
        let virtualization = words::virtualization(&snapshot.host.virtualization, self.language);
        if !virtualization.is_empty() {
            facts.push(virtualization);
        }
        let count = words::packages_present(snapshot);
        facts.push(match self.language {
            Language::English => format!("{count} {}", plural(count, "package", "packages")),
            Language::Japanese => format!("パッケージ {count} 個"),
        });
        let name = words::host_name(snapshot, self.language);
        let mut grid = Grid::new([Column::shrinking(), Column::wrapping()]).flush();
        grid.row([Cell::styled(name, Style::Strong), Cell::plain(&facts.join(" · "))]);
        self.grid(&grid);
        let when = tool::minutes(self.assessment.ended_at);
        let said = format!("{} {when} · {} {}", self.say("assessed", "評価日時"), tool::NAME, tool::VERSION);
        let said = self.paint.apply(Style::Faint, &said);
        self.line(&said);
    }

    /// What was not assessed. A clean result without this would be taken for a whole one.
    fn gaps(&mut self) {
        let assessment = self.assessment;
        let mut grid = Grid::new([Column::fixed(), Column::shrinking(), Column::wrapping()]);
        for line in assessment.coverage.iter().filter(|line| !words::is_clean(line)) {
            let age = words::data_age(line, self.language);
            let reason = line.reason.as_ref().map(|reason| reason.get(self.language)).unwrap_or_default();
            let why: Vec<_> = [age.as_str(), reason].into_iter().filter(|part| !part.is_empty()).collect();
            grid.row([
                Cell::styled(words::coverage_state(line, self.language), Style::Warning),
                Cell::plain(&words::coverage_subject(line, self.language)),
                Cell::plain(&why.join("; ")),
            ]);
        }
        self.exclusions(&mut grid);
        self.problems(&mut grid);
        if grid.is_empty() {
            let said = self.say(
                "Everything asked for was assessed, with current data.",
                "対象はすべて最新のデータで評価されました。",
            );
            let said = self.paint.apply(Style::Good, said);
            self.text.push('\n');
            self.line(&said);
            return;
        }
        let heading = self.say("Not everything was assessed", "評価できなかったものがあります");
        self.heading(Style::WarningStrong, heading);
        self.grid(&grid);
    }

    fn exclusions(&self, grid: &mut Grid) {
        for group in words::exclusion_groups(self.assessment) {
            let excluded = self.say("excluded", "対象外");
            let what = format!("{} · {}", group.rules_package.word(), group.code.text().get(self.language));
            if self.verbose {
                for exclusion in &group.members {
                    let why = format!("{}: {}", exclusion.subject, exclusion.reason.get(self.language));
                    grid.row([Cell::styled(excluded, Style::Warning), Cell::plain(&what), Cell::plain(&why)]);
                }
                continue;
            }
            let names: Vec<_> =
                group.members.iter().take(EXCLUDED_NAMES_MAX).map(|exclusion| exclusion.subject.as_str()).collect();
            let more = if group.members.len() > names.len() { ", …" } else { "" };
            let reason = match group.common_reason(self.language) {
                Some(reason) => reason,
                None => self.say("--verbose tells why each", "理由は --verbose で表示"),
            };
            let why = format!("{}: {}{more} – {reason}", group.members.len(), names.join(", "));
            grid.row([Cell::styled(excluded, Style::Warning), Cell::plain(&what), Cell::plain(&why)]);
        }
    }

    fn problems(&self, grid: &mut Grid) {
        let problems = &self.assessment.snapshot.problems;
        let shown = if self.verbose { problems.len() } else { PROBLEMS_MAX };
        let unread = self.say("not read", "読み取り不可");
        for problem in problems.iter().take(shown) {
            grid.row([
                Cell::styled(unread, Style::Warning),
                Cell::plain(&problem.place.to_string()),
                Cell::plain(problem.message.get(self.language)),
            ]);
        }
        let rest = problems.len().saturating_sub(shown);
        if rest > 0 {
            let more = match self.language {
                Language::English => format!("{rest} more; --verbose lists them"),
                Language::Japanese => format!("ほか {rest} 件 (--verbose で表示)"),
            };
            grid.row([Cell::styled(unread, Style::Warning), Cell::plain("…"), Cell::plain(&more)]);
        }
    }

    /// One line of sums.
    fn summary(&mut self) {
        let assessment = self.assessment;
        let counts: Vec<_> = Severity::ALL
            .into_iter()
            .map(|severity| {
                let count = assessment.count(severity);
                let text = format!("{} {count}", severity.text().get(self.language));
                self.paint.apply(if count == 0 { Style::Faint } else { paint::severity(severity) }, &text)
            })
            .collect();
        let fixable = assessment.findings.iter().filter(|finding| words::is_fixable(finding)).count();
        let exploited = assessment.findings.iter().filter(|finding| words::is_known_exploited(finding)).count();
        let heading = match self.language {
            Language::English => {
                format!("{} {}", assessment.findings.len(), plural(assessment.findings.len(), "finding", "findings"))
            }
            Language::Japanese => format!("検出結果 {} 件", assessment.findings.len()),
        };
        self.heading(Style::Strong, &heading);
        self.line(&format!("  {}", counts.join("  ·  ")));
        let exploited_text = match self.language {
            Language::English => format!("{exploited} known to be exploited"),
            Language::Japanese => format!("悪用が確認されたもの {exploited} 件"),
        };
        let exploited_text =
            self.paint.apply(if exploited == 0 { Style::Faint } else { Style::Alarm }, &exploited_text);
        let fixable = match self.language {
            Language::English => format!("{fixable} with a fix available"),
            Language::Japanese => format!("修正版があるもの {fixable} 件"),
        };
        self.line(&format!("  {fixable}  ·  {exploited_text}"));
    }

    fn upgrades(&mut self) {
        let assessment = self.assessment;
        if assessment.upgrades.is_empty() {
            return;
        }
        let heading = self.say("Which upgrades fix most", "効果の大きい更新");
        self.heading(Style::Strong, heading);
        let mut grid =
            Grid::new([Column::right(), Column::fixed(), Column::shrinking(), Column::shrinking(), Column::wrapping()]);
        grid.heads([
            self.say("fixes", "解消数"),
            self.say("source package", "ソースパッケージ"),
            self.say("installed", "導入済み"),
            self.say("upgrade to", "更新先"),
            self.say("severities, packages", "内訳とパッケージ"),
        ]);
        for upgrade in assessment.upgrades.iter().take(UPGRADES_MAX) {
            let mut what: Vec<String> = Severity::ALL
                .into_iter()
                .zip(upgrade.repairs)
                .filter(|(_, count)| *count > 0)
                .map(|(severity, count)| format!("{} {count}", severity.text().get(self.language)))
                .collect();
            if upgrade.known_exploited > 0 {
                what.push(format!("KEV {}", upgrade.known_exploited));
            }
            let mut rest = what.join(", ");
            if let Some(obstacle) = &upgrade.obstacle {
                rest.push_str(&format!(" – {}", obstacle.get(self.language)));
            }
            rest.push_str(&format!(" – {}", upgrade.packages.join(" ")));
            let style = if upgrade.known_exploited > 0 { Style::Alarm } else { Style::Plain };
            grid.row([
                Cell::styled(&upgrade.total().to_string(), style),
                Cell::plain(&upgrade.source),
                Cell::plain(&upgrade.installed_version),
                Cell::styled(&upgrade.fixed_version, Style::Good),
                Cell::styled(&rest, style),
            ]);
        }
        self.grid(&grid);
        let rest = assessment.upgrades.len().saturating_sub(UPGRADES_MAX);
        if rest > 0 {
            let more = match self.language {
                Language::English => format!("  {rest} more in --format html and json"),
                Language::Japanese => format!("  ほか {rest} 件は --format html または json に含まれます"),
            };
            let more = self.paint.apply(Style::Faint, &more);
            self.line(&more);
        }
    }

    fn listed(&self, package: RulesPackage) -> Vec<&'a Finding> {
        let mut findings: Vec<_> = self
            .assessment
            .findings
            .iter()
            .filter(|finding| finding.rules_package == package)
            .filter(|finding| self.verbose || finding.severity != Severity::Informational)
            .collect();
        findings.sort_by_key(|finding| finding.severity);
        findings
    }

    fn vulnerabilities(&mut self) {
        let findings = self.listed(RulesPackage::Cve);
        if findings.is_empty() {
            return;
        }
        self.heading(Style::Strong, RulesPackage::Cve.name().get(self.language));
        let mut grid = Grid::new([
            Column::fixed(),
            Column::fixed(),
            Column::shrinking(),
            Column::spare(),
            Column::shrinking(),
            Column::right(),
            Column::fixed(),
            Column::rest(),
        ]);
        grid.heads([
            self.say("severity", "重大度"),
            "id",
            self.say("package", "パッケージ"),
            self.say("installed", "導入済み"),
            self.say("fixed in / state", "修正版 / 状態"),
            "EPSS",
            "KEV",
            self.say("what", "概要"),
        ]);
        for finding in findings {
            let Some(evidence) = words::vulnerability(finding) else { continue };
            let fixed = words::fixed_version(evidence).is_some();
            let mut state = words::fix_or_state(evidence, self.language);
            if words::is_held(evidence) {
                state.push_str(self.say(" (held)", " (保留)"));
            }
            grid.row([
                Cell::styled(finding.severity.text().get(self.language), paint::severity(finding.severity)),
                Cell::plain(&finding.rule),
                Cell::plain(&evidence.source.name),
                Cell::plain(&evidence.source.version),
                Cell::styled(&state, if fixed { Style::Good } else { Style::Faint }),
                Cell::plain(&evidence.epss.map(|epss| words::percent(epss.probability)).unwrap_or_default()),
                Cell::styled(if evidence.kev.is_some() { "KEV" } else { "" }, Style::Alarm),
                Cell::plain(words::described_gist(finding, self.language)),
            ]);
        }
        self.grid(&grid);
    }

    fn settings(&mut self) {
        let findings = self.listed(RulesPackage::BestPractices);
        if findings.is_empty() {
            return;
        }
        self.heading(Style::Strong, RulesPackage::BestPractices.name().get(self.language));
        for finding in findings {
            let mut head = Grid::new([Column::fixed(), Column::wrapping()]);
            head.row([
                Cell::styled(finding.severity.text().get(self.language), paint::severity(finding.severity)),
                Cell::styled(finding.title.get(self.language), Style::Strong),
            ]);
            self.grid(&head);
            let mut grid = Grid::new([Column::wrapping()]).indented();
            if let Evidence::Setting(evidence) = &finding.evidence {
                for observation in &evidence.observations {
                    let place = observation.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
                    let note = observation.note.as_ref().map(|note| note.get(self.language));
                    let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
                    grid.row([Cell::plain(&format!("{place}{}{note}", observation.found))]);
                }
            }
            for line in finding.recommendation.get(self.language).lines() {
                grid.row([Cell::styled(&format!("→ {line}"), Style::Good)]);
            }
            // A vulnerability is asked for by its id, a setting by its key.
            grid.row([Cell::styled(&format!("yagura explain {}", finding.key.0), Style::Faint)]);
            self.grid(&grid);
        }
    }

    /// Says how to see what is not listed.
    fn unlisted(&mut self) {
        let count = self.assessment.count(Severity::Informational);
        if self.verbose || count == 0 {
            return;
        }
        let said = match self.language {
            Language::English => format!(
                "{count} informational {} not listed; --verbose lists them.",
                plural(count, "finding is", "findings are")
            ),
            Language::Japanese => format!("「情報」の検出結果 {count} 件は省略しました。--verbose で表示します。"),
        };
        let said = self.paint.apply(Style::Faint, &said);
        self.text.push('\n');
        self.line(&said);
    }
}

const fn plural<'t>(count: usize, one: &'t str, many: &'t str) -> &'t str {
    if count == 1 { one } else { many }
}

#[cfg(test)]
mod tests;
