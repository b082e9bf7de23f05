//! `yagura assess`: one host, judged now.

use std::path::Path;

use jiff::Timestamp;
use yagura_app::AssessOptions;
use yagura_feed::CurrentIndex;
use yagura_model::{Assessment, CoverageState, LocalText, RulesPackage, Severity};
use yagura_report::{Options, Report};

use super::{Context, chain, memory};
use crate::cli::{Assess, Format};
use crate::exit::{self, Exit, Failure, Message};
use crate::host::{self, Facts};
use crate::output;

pub(crate) fn run(context: &Context, words: &Assess) -> Result<Exit, Failure> {
    let started_at = Timestamp::now();
    let wants_cve = words.rules.0.contains(&RulesPackage::Cve);
    let needs_settings = words.rules.0.contains(&RulesPackage::BestPractices);
    // The host first: a wrong --root should not wait for a download.
    let snapshot = host::read(words.root.as_deref(), if needs_settings { Facts::All } else { Facts::Inventory })?;
    let data_dir = context.data_dir()?;
    let needed = yagura_app::feeds_for(&snapshot);
    let current = if wants_cve { current_index(context, words, &data_dir, &needed)? } else { Found::NotWanted };

    let report = Report::new(judge(snapshot, &words.rules.0, &current, started_at)?);
    let options = Options {
        language: context.language,
        color: words.output.is_none() && output::takes_color(),
        width: output::terminal_width(),
        verbose: words.verbose,
    };
    output::write(words.output.as_deref(), render(&report, words.format, &options)?.as_bytes())?;
    if words.output.is_some() || words.format != Format::Table {
        tell_gaps(report.assessment());
    }
    memory::keep(&data_dir, &report);
    Ok(verdict(report.assessment(), words.fail_on, words.strict))
}

/// The index, or why there is none.
pub(crate) enum Found {
    /// It is here.
    Index(CurrentIndex),
    /// It is not, for this reason.
    Missing(LocalText),
    /// No rules package needs it.
    NotWanted,
}

/// Judges the snapshot with the index that was found.
pub(crate) fn judge(
    snapshot: yagura_model::Snapshot,
    rules: &[RulesPackage],
    found: &Found,
    started_at: Timestamp,
) -> Result<Assessment, Failure> {
    let (index, no_index_reason) = match found {
        Found::Index(current) => {
            (Some(current.index().map_err(|error| Failure::Failed(Message::from_error(&error)))?), None)
        }
        Found::Missing(reason) => (None, Some(reason.clone())),
        Found::NotWanted => (None, None),
    };
    let options = AssessOptions { rules, index: index.as_ref(), no_index_reason, started_at };
    Ok(yagura_app::assess(snapshot, &options, Timestamp::now))
}

/// Opens the index, syncing first if a mirror was named or if there is none yet.
fn current_index(context: &Context, words: &Assess, data_dir: &Path, needed: &[&str]) -> Result<Found, Failure> {
    if words.feed_mirror.is_some() {
        super::feed::sync_before(context, data_dir, words.feed_mirror.as_deref(), words.as_of, needed)?;
        return Ok(open(data_dir));
    }
    let found = open(data_dir);
    if words.offline || matches!(found, Found::Index(_)) {
        return Ok(found);
    }
    exit::line("there is no usable feed index yet: syncing the public feeds first (--offline skips this)");
    super::feed::sync_before(context, data_dir, None, None, needed)?;
    Ok(open(data_dir))
}

/// Opens the index; what is wrong with it becomes a reason that the coverage shows.
pub(crate) fn open(data_dir: &Path) -> Found {
    match CurrentIndex::open(data_dir) {
        Ok(Some(current)) => Found::Index(current),
        Ok(None) => Found::Missing(LocalText::new(
            format!("there is no feed index in {}; run `yagura feed sync`", data_dir.display()),
            format!("{} にフィード索引がありません。`yagura feed sync` を実行してください", data_dir.display()),
        )),
        Err(error) => Found::Missing(unusable(&chain(&error))),
    }
}

/// Most of what can be wrong with an index names its own remedy; it is not named twice.
fn unusable(why: &str) -> LocalText {
    let told = why.contains("yagura feed sync");
    LocalText::new(
        format!("the feed index cannot be used: {why}{}", if told { "" } else { "; run `yagura feed sync`" }),
        format!(
            "フィード索引を使用できません: {why}{}",
            if told { "" } else { "。`yagura feed sync` を実行してください" }
        ),
    )
}

/// Where the result is not on the screen, the screen still says what was not assessed.
fn tell_gaps(assessment: &Assessment) {
    for line in assessment.coverage.iter().filter(|line| line.state != CoverageState::Assessed) {
        let subject = line.feed.as_ref().map_or(line.rules_package.word(), |feed| feed.as_str());
        let reason = line.reason.as_ref().map(|reason| reason.en.as_str()).unwrap_or_default();
        let age = line.age.as_ref().map(|age| format!("{} days old, ", age.age_days)).unwrap_or_default();
        let state = match line.state {
            CoverageState::Partly => "partly assessed",
            CoverageState::Assessed | CoverageState::NotAssessed => "not assessed",
        };
        exit::warn(&format!("{subject}: {state}: {age}{reason}"));
    }
    host::tell_problems(&assessment.snapshot.problems);
}

/// Turns the result into an exit code: the gate first, because a finding that is there counts
/// even if others may be missing.
pub(crate) fn verdict(assessment: &Assessment, fail_on: Option<Severity>, strict: bool) -> Exit {
    let reaches = |threshold| assessment.findings.iter().any(|finding| finding.severity.reaches(threshold));
    if fail_on.is_some_and(reaches) {
        return Exit::GateFailed;
    }
    if strict && !assessment.is_complete() { Exit::Incomplete } else { Exit::Done }
}

/// Renders an assessment in the form that was asked for.
pub(crate) fn render(report: &Report, format: Format, options: &Options) -> Result<String, Failure> {
    let format = match format {
        Format::Table => yagura_report::Format::Table,
        Format::Json => yagura_report::Format::Json,
        Format::Csv => yagura_report::Format::Csv,
        Format::Html => yagura_report::Format::Html,
        Format::Sarif => yagura_report::Format::Sarif,
        Format::Cyclonedx => yagura_report::Format::Cyclonedx,
    };
    report.render(format, options).map_err(|error| Failure::Failed(Message::from_error(&error)))
}
