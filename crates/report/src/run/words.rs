//! What a run's report says, in both languages, for the page and for the PDF.

use jiff::Timestamp;
use yagura_model::run_report::{
    AgentOutcome, ExclusionScope, RuleResult, RunAgent, RunCoverage, RunHeader, RunRulesPackage, SeverityCounts,
};
use yagura_model::{Attribute, CoverageState, Language, LocalText, Severity};

use super::{Kind, SCOPES_SHOWN_MAX};
use crate::tool;

/// Speaks one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words(pub(super) Language);

impl Words {
    /// Picks the words of the language.
    pub(super) const fn say<'t>(self, en: &'t str, ja: &'t str) -> &'t str {
        match self.0 {
            Language::English => en,
            Language::Japanese => ja,
        }
    }

    /// Picks the text of the language.
    pub(super) fn text(self, text: &LocalText) -> &str {
        text.get(self.0)
    }

    /// What kind of report it is.
    pub(super) const fn kind(self, kind: Kind) -> &'static str {
        match kind {
            Kind::Finding => self.say("Findings report", "検出結果レポート"),
            Kind::Full => self.say("Full report", "詳細レポート"),
        }
    }

    /// The API's word for a run's state, for people.
    pub(super) fn state(self, word: &str) -> &str {
        match word {
            "COMPLETED" => self.say("Completed", "完了"),
            "COMPLETED_WITH_ERRORS" => self.say("Completed with errors", "完了 (エラーあり)"),
            "CANCELED" => self.say("Canceled", "キャンセル済み"),
            "FAILED" => self.say("Failed", "失敗"),
            "ERROR" => self.say("Error", "エラー"),
            other => other,
        }
    }

    /// The API's words for an agent's health, for people.
    pub(super) fn health(self, agent: &RunAgent) -> String {
        let health = match agent.health.as_str() {
            "HEALTHY" => self.say("healthy", "正常"),
            "UNHEALTHY" => self.say("unhealthy", "異常"),
            "UNKNOWN" => self.say("unknown", "不明"),
            other => other,
        };
        let code = match agent.health_code.as_str() {
            "" | "UNHEALTHY" | "UNKNOWN" => return health.to_owned(),
            "IDLE" => self.say("idle", "待機中"),
            "RUNNING" => self.say("collecting", "収集中"),
            "SHUTDOWN" => self.say("shut down", "停止"),
            "THROTTLED" => self.say("throttled", "制限中"),
            other => other,
        };
        format!("{health} ({code})")
    }

    /// How far an instance was judged.
    pub(super) const fn outcome(self, outcome: &AgentOutcome) -> &'static str {
        match outcome {
            AgentOutcome::Evaluated => self.say("evaluated", "評価済み"),
            AgentOutcome::Partly { .. } => self.say("partly evaluated", "一部のみ評価"),
            AgentOutcome::NotEvaluated { .. } => self.say("not evaluated", "評価不可"),
        }
    }

    /// Why an instance was not judged; empty where it was.
    pub(super) fn outcome_reason(self, outcome: &AgentOutcome) -> &str {
        match outcome {
            AgentOutcome::Evaluated => "",
            AgentOutcome::Partly { reason } | AgentOutcome::NotEvaluated { reason } => self.text(reason),
        }
    }

    /// A severity.
    pub(super) const fn severity(self, severity: Severity) -> &'static str {
        severity.text().get(self.0)
    }

    /// A severity, for a template, which lends what it passes.
    pub(super) const fn severity_name(self, severity: &Severity) -> &'static str {
        self.severity(*severity)
    }

    /// How a rule came out.
    pub(super) const fn result(self, result: RuleResult) -> &'static str {
        result.text().get(self.0)
    }

    /// The counts that are not nothing: `High 2, Low 1`.
    pub(super) fn counts(self, counts: &SeverityCounts) -> String {
        let some = counts.pairs().filter(|(_, count)| *count > 0);
        let parts: Vec<_> = some.map(|(severity, count)| format!("{}\u{a0}{count}", self.severity(severity))).collect();
        if parts.is_empty() { "–".to_owned() } else { parts.join(", ") }
    }

    /// All counts: the text alternative of a drawing.
    pub(super) fn all_counts(self, counts: &SeverityCounts) -> String {
        let parts: Vec<_> =
            counts.pairs().map(|(severity, count)| format!("{} {count}", self.severity(severity))).collect();
        parts.join(", ")
    }

    /// A number of instances.
    pub(super) fn instances(self, count: u64) -> String {
        match (self.0, count) {
            (Language::English, 1) => "1 instance".to_owned(),
            (Language::English, count) => format!("{count} instances"),
            (Language::Japanese, count) => format!("{count} インスタンス"),
        }
    }

    /// The end of a list of instances that was cut.
    pub(super) fn further_instances(self, count: u64) -> String {
        match (self.0, count) {
            (Language::English, 1) => "… and 1 further instance (see the findings of the run)".to_owned(),
            (Language::English, count) => format!("… and {count} further instances (see the findings of the run)"),
            (Language::Japanese, count) => format!("… ほか {count} インスタンス (実行の検出結果を参照)"),
        }
    }

    /// The end of any other list that was cut.
    pub(super) fn further(self, count: u64) -> String {
        match self.0 {
            Language::English => format!("… and {count} more"),
            Language::Japanese => format!("… ほか {count} 件"),
        }
    }

    /// Whether the run judged everything it was asked for, in a sentence. The second value is true
    /// where it did.
    pub(super) fn verdict(self, header: &RunHeader, gaps: bool) -> (String, bool) {
        let left = header.agents.saturating_sub(header.agents_evaluated);
        if !gaps && left == 0 && header.exclusions == 0 && header.agents > 0 {
            let whole = self.say(
                "Everything asked for was assessed, with current data.",
                "対象はすべて最新のデータで評価されました。",
            );
            return (whole.to_owned(), true);
        }
        let (agents, exclusions) = (header.agents, header.exclusions);
        let text = match self.0 {
            Language::English => format!(
                "Not everything was assessed. Instances not fully evaluated: {left} of {agents}. Exclusions: \
                 {exclusions}. A finding that is missing below may be one that nobody looked for."
            ),
            Language::Japanese => format!(
                "評価できなかったものがあります。完全には評価できなかったインスタンス: {agents} 台中 {left} 台。除外: \
                 {exclusions} 件。以下にない問題は、確認されていないだけの可能性があります。"
            ),
        };
        (text, false)
    }

    /// The sum of findings over the instances.
    pub(super) fn total(self, header: &RunHeader) -> String {
        let (findings, done, agents) = (header.counts.total(), header.agents_evaluated, header.agents);
        match self.0 {
            Language::English => format!("{findings} findings; {done} of {agents} instances fully evaluated"),
            Language::Japanese => {
                format!("検出結果 {findings} 件、完全に評価したインスタンス {agents} 台中 {done} 台")
            }
        }
    }

    /// A duration.
    pub(super) fn duration(self, seconds: u32) -> String {
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let units = match self.0 {
            Language::English => [" h", " min", " s"],
            Language::Japanese => [" 時間", " 分", " 秒"],
        };
        let parts: Vec<_> = [hours, minutes, rest]
            .into_iter()
            .zip(units)
            .filter(|(count, _)| *count > 0)
            .map(|(count, unit)| format!("{count}{unit}"))
            .collect();
        if parts.is_empty() { format!("0{}", units.last().copied().unwrap_or_default()) } else { parts.join(" ") }
    }

    /// A time; a dash where there is none.
    fn time(self, time: Option<Timestamp>) -> String {
        time.map_or_else(|| "–".to_owned(), tool::minutes)
    }

    /// The day of a time; a dash where there is none.
    pub(super) fn day(self, time: Option<Timestamp>) -> String {
        time.map_or_else(|| "–".to_owned(), tool::day)
    }

    /// The facts of a run, each with its name.
    pub(super) fn facts(self, header: &RunHeader, kind: Kind) -> Vec<(&'static str, String)> {
        let mut facts = vec![
            (self.say("Report", "レポートの種類"), self.kind(kind).to_owned()),
            (self.say("State", "状態"), self.state(&header.state).to_owned()),
            (self.say("Assessment target", "評価ターゲット"), header.target.name.clone()),
            (self.say("Assessment template", "評価テンプレート"), header.template.name.clone()),
            (self.say("Account", "アカウント"), header.account.clone()),
            (self.say("Region", "リージョン"), header.region.clone()),
            (self.say("Created", "作成日時"), tool::minutes(header.created_at)),
            (self.say("Started", "開始日時"), self.time(header.started_at)),
            (self.say("Completed", "完了日時"), self.time(header.completed_at)),
            (self.say("Duration", "所要時間の設定"), self.duration(header.duration_seconds)),
            (self.say("Report made", "レポート作成"), tool::minutes(header.made_at)),
            (self.say("Made by", "作成者"), header.made_by.clone()),
        ];
        facts.retain(|(_, value)| !value.is_empty());
        facts
    }

    /// The ARNs of a run, each with its name.
    pub(super) fn arns(self, header: &RunHeader) -> [(&'static str, String); 3] {
        [
            (self.say("Run ARN", "実行の ARN"), header.run.arn.clone()),
            (self.say("Template ARN", "テンプレートの ARN"), header.template.arn.clone()),
            (self.say("Target ARN", "ターゲットの ARN"), header.target.arn.clone()),
        ]
    }

    /// A rules package with its version.
    pub(super) fn rules_package(self, package: &RunRulesPackage) -> String {
        let name = self.text(&package.name);
        if package.version.is_empty() { name.to_owned() } else { format!("{name} {}", package.version) }
    }

    /// Pairs of key and value, at most as many as a report shows of one thing.
    pub(super) fn attributes(self, attributes: &[Attribute]) -> Vec<String> {
        let pair = |attribute: &Attribute| match attribute.value.as_str() {
            "" => attribute.key.clone(),
            value => format!("{}={value}", attribute.key),
        };
        self.some(attributes.iter().map(pair), super::DETAILS_SHOWN_MAX)
    }

    /// Takes the first `most` of `all`, and says how many more there are.
    pub(super) fn some(self, all: impl Iterator<Item = String>, most: usize) -> Vec<String> {
        let mut all = all;
        let mut shown: Vec<String> = all.by_ref().take(most).collect();
        let left = all.count();
        if left > 0 {
            shown.push(self.further(number(left)));
        }
        shown
    }

    /// How far a line of coverage was assessed.
    pub(super) fn coverage_state(self, line: &RunCoverage) -> &'static str {
        match line.state {
            CoverageState::Assessed if is_stale(line) => self.say("data too old", "データが古い"),
            CoverageState::Assessed => self.say("assessed", "評価済み"),
            CoverageState::Partly => self.say("partly assessed", "一部のみ評価"),
            CoverageState::NotAssessed => self.say("not assessed", "評価不可"),
        }
    }

    /// What a line of coverage is about.
    pub(super) fn coverage_subject(self, line: &RunCoverage) -> String {
        match &line.feed {
            Some(feed) => format!("{} · {}", self.text(&line.rules_package), feed.as_str()),
            None => self.text(&line.rules_package).to_owned(),
        }
    }

    /// The data and the reason of a line of coverage.
    pub(super) fn coverage_detail(self, line: &RunCoverage) -> String {
        let age = line.age.as_ref().map(|age| {
            let day = tool::day(age.data_date);
            match (self.0, age.age_days) {
                (Language::English, 1) => format!("data of {day}, 1 day old"),
                (Language::English, days) => format!("data of {day}, {days} days old"),
                (Language::Japanese, days) => format!("{day} 時点のデータ ({days} 日前)"),
            }
        });
        let reason = line.reason.as_ref().map(|reason| self.text(reason).to_owned());
        let parts: Vec<_> = [age, reason].into_iter().flatten().collect();
        parts.join(" – ")
    }

    /// What an exclusion reaches over, at most as much as a report names.
    pub(super) fn scopes(self, scopes: &[ExclusionScope]) -> Vec<String> {
        let one = |scope: &ExclusionScope| match scope {
            ExclusionScope::Instance { agent_id, hostname } => host(hostname, agent_id),
            ExclusionScope::RulesPackage(package) => self.rules_package(package),
        };
        self.some(scopes.iter().map(one), SCOPES_SHOWN_MAX)
    }
}

/// Tells whether a line of coverage needs a person's eye.
pub(super) fn is_gap(line: &RunCoverage) -> bool {
    line.state != CoverageState::Assessed || is_stale(line)
}

fn is_stale(line: &RunCoverage) -> bool {
    line.age.as_ref().is_some_and(|age| age.stale)
}

/// A host by its name and id, or by its id alone.
pub(super) fn host(hostname: &str, agent_id: &str) -> String {
    if hostname.is_empty() { agent_id.to_owned() } else { format!("{hostname} ({agent_id})") }
}

/// A host by its name, or by its id where it has none.
pub(super) const fn host_name<'t>(hostname: &'t str, agent_id: &'t str) -> &'t str {
    if hostname.is_empty() { agent_id } else { hostname }
}

/// A class name for a severity: `high`.
pub(super) const fn class(severity: &Severity) -> &'static str {
    match severity {
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Undefined => "undefined",
        Severity::Low => "low",
        Severity::Informational => "informational",
    }
}

/// A length as a count.
pub(super) fn number(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: Words = Words(Language::English);
    const JA: Words = Words(Language::Japanese);

    #[test]
    fn durations_leave_out_what_is_nothing() {
        assert_eq!(EN.duration(3600), "1 h");
        assert_eq!(EN.duration(3725), "1 h 2 min 5 s");
        assert_eq!(JA.duration(900), "15 分");
        assert_eq!(EN.duration(0), "0 s");
    }

    #[test]
    fn a_list_that_is_cut_says_how_much_is_missing() {
        let all = || (1..=5).map(|n| n.to_string());
        assert_eq!(EN.some(all(), 5), ["1", "2", "3", "4", "5"]);
        assert_eq!(EN.some(all(), 2), ["1", "2", "… and 3 more"]);
        assert_eq!(JA.some(all(), 2), ["1", "2", "… ほか 3 件"]);
    }

    #[test]
    fn an_unknown_word_of_the_api_is_shown_as_it_is() {
        assert_eq!(JA.state("EVALUATING_RULES"), "EVALUATING_RULES");
        assert_eq!(JA.state("COMPLETED"), "完了");
    }
}
