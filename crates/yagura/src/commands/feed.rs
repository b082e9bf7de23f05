//! `yagura feed`: keep the vulnerability feeds.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use yagura_feed::{
    DocumentOutcome, FEEDS, FeedState, FeedStatus, ImportOptions, IndexOutcome, LockError, Mirror, MirrorError, Retry,
    SyncError, SyncOptions, SyncReport, Timeouts, TransportError,
};
use yagura_model::Language;

use super::{Context, chain};
use crate::cli::{Feed, FeedSync, ListFormat};
use crate::exit::{self, Exit, Failure, Message};
use crate::output;
use crate::progress::Bars;

pub(crate) fn run(context: &Context, words: &Feed) -> Result<Exit, Failure> {
    let data_dir = context.data_dir()?;
    match words {
        Feed::Sync(words) => sync(context, &data_dir, words),
        Feed::Status(words) => status(context, &data_dir, words.format),
        Feed::Export { file } => export(&data_dir, file),
        Feed::Import { file, allow_older } => import(context, &data_dir, file, *allow_older),
    }
}

fn sync(context: &Context, data_dir: &Path, words: &FeedSync) -> Result<Exit, Failure> {
    let options = SyncOptions {
        mirror: words.mirror.as_deref().map(mirror).transpose()?,
        only: words.only.clone(),
        as_of: words.as_of,
        wait: words.wait,
        force: words.force,
        ..SyncOptions::new(data_dir.to_owned(), Timestamp::now())
    };
    let report = yagura_feed::sync(&options, FEEDS, &Bars::new(context.quiet), &AtomicBool::new(false))
        .map_err(|error| failure(&error))?;
    if words.only.is_empty() { conclude(&report) } else { conclude_named(&report) }
}

/// A feed that was asked for by name and that the mirror does not offer is no part that a mirror may leave out.
fn conclude_named(report: &SyncReport) -> Result<Exit, Failure> {
    let missing = report.documents.iter().filter(|one| matches!(one.outcome, DocumentOutcome::NotOffered)).count();
    let done = conclude(report)?;
    if missing == 0 {
        return Ok(done);
    }
    Err(Failure::Failed(
        Message::new(format!("the mirror has none of {missing} documents that were asked for"))
            .hint("name a mirror that has them, or leave out --only to take what this one has"),
    ))
}

/// How long an assessment waits for a server that says nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// Syncs before an assessment, the feeds that it needs: what fails is told, and the assessment goes on with what is there.
/// Only an operator's mistake, such as a mirror that does not exist, ends the command.
pub(crate) fn sync_before(
    context: &Context,
    data_dir: &Path,
    from: Option<&str>,
    as_of: Option<Date>,
    only: &[&str],
) -> Result<(), Failure> {
    let options = SyncOptions {
        mirror: from.map(mirror).transpose()?,
        as_of,
        only: only.iter().map(|&id| id.to_owned()).collect(),
        wait: true,
        // A person waits for this: one short attempt at a dead or stalling network is enough.
        retry: Retry { attempts: 1, ..Retry::default() },
        timeouts: Timeouts { connect: PATIENCE, idle: PATIENCE, ..Timeouts::default() },
        ..SyncOptions::new(data_dir.to_owned(), Timestamp::now())
    };
    match yagura_feed::sync(&options, FEEDS, &Bars::new(context.quiet), &AtomicBool::new(false)) {
        Ok(report) => tell_failures(&report),
        Err(error) => match failure(&error) {
            usage @ Failure::Usage(_) => return Err(usage),
            _ => exit::warn(&format!("the feeds were not synced: {}", chain(&error))),
        },
    }
    Ok(())
}

pub(super) fn mirror(text: &str) -> Result<Mirror, Failure> {
    let mirror: Mirror = text.parse().map_err(|error: MirrorError| Failure::Usage(Message::from_error(&error)))?;
    if let Mirror::Folder(path) = &mirror
        && !path.is_dir()
    {
        let message = Message::new(format!("the mirror `{}` is not a folder", path.display()))
            .hint("give a folder or an http(s) address with the layout that docs/feeds.md describes");
        return Err(Failure::Usage(message));
    }
    Ok(mirror)
}

fn failure(error: &SyncError) -> Failure {
    let message = Message::from_error(error);
    match error {
        SyncError::UnknownFeed { .. } | SyncError::AsOfNeedsMirror | SyncError::Mirror(MirrorError::Address { .. }) => {
            Failure::Usage(message)
        }
        SyncError::Lock(LockError::Busy { .. }) => {
            Failure::Failed(message.hint("run it again later, or wait with --wait"))
        }
        SyncError::Store(_) | SyncError::Lock(LockError::Store(_)) => Failure::Failed(
            message.hint("check that the data directory is writable and has room, or choose another with --data-dir"),
        ),
        _ => Failure::Failed(message),
    }
}

fn tell_failures(report: &SyncReport) {
    for document in &report.documents {
        let name = format!("{} ({})", document.document.feed.id, document.document.document.name);
        let kept = if document.available { "the copy from before stays in use" } else { "there is no older copy" };
        match &document.outcome {
            DocumentOutcome::Failed(error) => exit::warn(&format!("{name} did not come: {}; {kept}", chain(error))),
            DocumentOutcome::Refused(error) => exit::warn(&format!("{name} cannot be used: {}; {kept}", chain(error))),
            DocumentOutcome::Updated { .. }
            | DocumentOutcome::Unchanged
            | DocumentOutcome::NotAsked
            | DocumentOutcome::NotOffered => {}
        }
    }
    tell_not_offered(report);
    if !report.rejected.is_empty() {
        let shown: Vec<String> =
            report.rejected.iter().take(3).map(|one| format!("{} ({})", one.record, one.why)).collect();
        exit::line(&format!(
            "left out, because upstream's record makes no sense: {}{}; `yagura feed status --format json` counts them",
            shown.join(", "),
            if report.rejected.len() > shown.len() { " and others" } else { "" }
        ));
    }
}

/// Says in one line what a mirror of a part of the feeds does not have.
fn tell_not_offered(report: &SyncReport) {
    let missing = report.documents.iter().filter(|one| matches!(one.outcome, DocumentOutcome::NotOffered));
    let mut feeds: Vec<&str> = missing.map(|one| one.document.feed.id).collect();
    let documents = feeds.len();
    feeds.dedup();
    if documents > 0 {
        exit::line(&format!(
            "the mirror does not offer {documents} documents of {}; what they say is not known here",
            feeds.join(", ")
        ));
    }
}

fn conclude(report: &SyncReport) -> Result<Exit, Failure> {
    tell_failures(report);
    let count = |wanted: fn(&DocumentOutcome) -> bool| {
        report.documents.iter().filter(|document| wanted(&document.outcome)).count()
    };
    let updated = count(|outcome| matches!(outcome, DocumentOutcome::Updated { .. }));
    let unchanged = count(|outcome| matches!(outcome, DocumentOutcome::Unchanged));
    let failed = count(DocumentOutcome::is_failure);
    let index = match &report.index {
        IndexOutcome::Built { bytes, .. } => format!("new index of {}", size(*bytes)),
        IndexOutcome::Unchanged => "the index is unchanged".to_owned(),
        IndexOutcome::NoData => "there is no data to make an index of".to_owned(),
    };
    exit::line(&format!("{updated} documents updated, {unchanged} unchanged, {failed} failed; {index}"));
    if report.is_complete() && report.index == IndexOutcome::NoData {
        return Err(Failure::Failed(
            Message::new("there is no document of any feed, so nothing can be assessed")
                .hint("check that the mirror has the layout that docs/feeds.md describes"),
        ));
    }
    if report.is_complete() {
        return Ok(Exit::Done);
    }
    Err(Failure::Failed(
        Message::new(format!("{failed} of {} documents could not be synced", report.documents.len()))
            .hint("see the warnings above; what was there before is unharmed and stays in use"),
    ))
}

fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

fn export(data_dir: &Path, file: &Path) -> Result<Exit, Failure> {
    let count =
        yagura_feed::export(data_dir, file, FEEDS, Timestamp::now()).map_err(|error| transport_failure(&error))?;
    exit::line(&format!("{count} documents written to `{}`", file.display()));
    Ok(Exit::Done)
}

fn import(context: &Context, data_dir: &Path, file: &Path, allow_older: bool) -> Result<Exit, Failure> {
    let options = SyncOptions::new(data_dir.to_owned(), Timestamp::now());
    let how = ImportOptions { allow_older };
    let bars = Bars::new(context.quiet);
    let report = yagura_feed::import(file, how, &options, FEEDS, &bars, &AtomicBool::new(false))
        .map_err(|error| transport_failure(&error))?;
    conclude(&report)
}

fn transport_failure(error: &TransportError) -> Failure {
    let message = Message::from_error(error);
    Failure::Failed(match error {
        TransportError::Older { .. } => message.hint("take the newest archive, or repeat with --allow-older"),
        _ => message,
    })
}

fn status(context: &Context, data_dir: &Path, format: ListFormat) -> Result<Exit, Failure> {
    let status = yagura_feed::status(data_dir, FEEDS, Timestamp::now())
        .map_err(|error| Failure::Failed(Message::from_error(&error)))?;
    let text = match format {
        ListFormat::Table => status_table(&status, context.language),
        ListFormat::Json => format!("{:#}\n", status_json(&status)),
    };
    output::write(None, text.as_bytes())?;
    Ok(Exit::Done)
}

fn status_table(status: &FeedStatus, language: Language) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let head: [&str; 7] = match language {
        Language::English => ["FEED", "STATE", "DATA OF", "AGE", "LIMIT", "RECORDS", "SIZE"],
        Language::Japanese => ["フィード", "状態", "データの日付", "経過", "上限", "件数", "サイズ"],
    };
    table.set_header(head);
    for feed in &status.feeds {
        table.add_row(status_row(feed, language));
    }
    for column in 3..7 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    // Its cells have a blank on both sides; other tables of the program stand two blanks in.
    let mut text: String = table.trim_fmt().lines().map(|line| format!(" {line}\n")).collect();
    text.push('\n');
    text.push_str(&index_line(status, language));
    text.push('\n');
    text
}

fn status_row(feed: &FeedState, language: Language) -> [String; 7] {
    let days = |days: i64| match language {
        Language::English => format!("{days} d"),
        Language::Japanese => format!("{days} 日"),
    };
    let none = || "-".to_owned();
    [
        feed.feed.id.to_owned(),
        feed.freshness.text().get(language).to_owned(),
        feed.record.as_ref().map_or_else(none, |record| record.data_date.to_string().chars().take(10).collect()),
        feed.age_days.map_or_else(none, days),
        days(i64::from(feed.feed.fresh_days)),
        feed.record.as_ref().map_or_else(none, |record| record.records.to_string()),
        if feed.documents.is_empty() { none() } else { size(feed.bytes()) },
    ]
}

fn index_line(status: &FeedStatus, language: Language) -> String {
    match (&status.index, language) {
        (Ok(Some(index)), Language::English) => format!(
            "index of {}: {} statements about {} packages, {} vulnerabilities, {}",
            minute(index.built_at),
            index.counts.statements,
            index.counts.packages,
            index.counts.vulnerabilities,
            size(index.bytes)
        ),
        (Ok(Some(index)), Language::Japanese) => format!(
            "索引 ({}): 判定 {} 件、パッケージ {} 件、脆弱性 {} 件、{}",
            minute(index.built_at),
            index.counts.statements,
            index.counts.packages,
            index.counts.vulnerabilities,
            size(index.bytes)
        ),
        (Ok(None), Language::English) => "there is no index yet; run `yagura feed sync`".to_owned(),
        (Ok(None), Language::Japanese) => "索引はまだありません。`yagura feed sync` を実行してください".to_owned(),
        (Err(error), _) => chain(error),
    }
}

/// Nobody asks at which nanosecond an index was made.
fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn status_json(status: &FeedStatus) -> serde_json::Value {
    let feeds: Vec<serde_json::Value> = status
        .feeds
        .iter()
        .map(|feed| {
            json!({
                "id": feed.feed.id,
                "name": feed.feed.name,
                "freshness": feed.freshness.word(),
                "dataDate": feed.record.as_ref().map(|record| record.data_date.to_string()),
                "fetchedAt": feed.confirmed_at.map(|at| at.to_string()),
                "ageDays": feed.age_days,
                "freshDays": feed.feed.fresh_days,
                "records": feed.record.as_ref().map(|record| record.records),
                "statements": feed.record.as_ref().map(|record| record.statements),
                "rejected": feed.record.as_ref().map(|record| record.rejected),
                "bytes": feed.bytes(),
                "source": feed.source(),
            })
        })
        .collect();
    let index = match &status.index {
        Ok(Some(index)) => json!({
            "builtAt": index.built_at.to_string(),
            "bytes": index.bytes,
            "fingerprint": index.fingerprint,
            "statements": index.counts.statements,
            "packages": index.counts.packages,
            "vulnerabilities": index.counts.vulnerabilities,
        }),
        Ok(None) => serde_json::Value::Null,
        Err(error) => json!({ "error": chain(error) }),
    };
    json!({ "schemaVersion": 1, "feeds": feeds, "index": index })
}
