//! Reports of runs: asked for, made in the background, fetched by a link that expires.
//!
//! | part | does |
//! |---|---|
//! | this file | the verb: what is asked for, and how far it is |
//! | `make` | the worker: claims what waits, renders it into a blob in bounded memory |
//! | `source` | gives a renderer the run, page by page, from the store |
//! | `gaps` | tells from a run's exclusions what was not judged on which host |
//! | `download` | the other end of a link: checks it, opens the blob |
//!
//! # Invariants
//!
//! - There is one report for each run, format, kind and language; it is made once.
//! - One worker makes it at a time, on however many servers; one that is killed is followed by
//!   another when its lease is over, three times at most.
//! - Only runs with results have reports. A report goes with its run.

mod download;
mod gaps;
mod make;
mod source;

use jiff::SignedDuration;
use yagura_model::Language;
use yagura_model::service::{Arn, Id, Run, Scope};
pub use yagura_store::ReportStatus;
use yagura_store::{ReportKey, StoredReport};

pub use self::download::{DownloadError, ReportFile};
pub use self::make::{RenderError, RenderReport};
pub use self::source::StoreSource;
use super::{AppError, Cx, run as runs};

/// How long a link opens its report.
pub const LINK_LASTS: SignedDuration = SignedDuration::from_mins(15);
/// A report that could not be made is made again when somebody asks after this time.
pub const RETRY_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// The setting of an account that chooses the language of its reports: `en` or `ja`.
pub const LANGUAGE_SETTING: &str = "report.language";
/// Where links lead.
pub const LINK_PREFIX: &str = "/reports/";

/// A report's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportFormat {
    /// One self-contained page.
    Html,
    /// A PDF.
    Pdf,
}

impl ReportFormat {
    const ALL: [Self; 2] = [Self::Html, Self::Pdf];

    /// Returns the API's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Html => "HTML",
            Self::Pdf => "PDF",
        }
    }

    /// Reads the API's word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// Returns the media type to serve it with.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
        }
    }

    /// Returns the ending of its files, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Pdf => "pdf",
        }
    }
}

/// How much a report holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportKind {
    /// The findings and what they need to be understood.
    Finding,
    /// The same, and every rule that was checked.
    Full,
}

impl ReportKind {
    const ALL: [Self; 2] = [Self::Finding, Self::Full];

    /// Returns the API's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Finding => "FINDING",
            Self::Full => "FULL",
        }
    }

    /// Reads the API's word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    const fn file_word(self) -> &'static str {
        match self {
            Self::Finding => "finding",
            Self::Full => "full",
        }
    }
}

/// Which of a run's reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportChoice {
    /// Page or PDF.
    pub format: ReportFormat,
    /// How much it holds.
    pub kind: ReportKind,
    /// In which language.
    pub language: Language,
}

impl ReportChoice {
    fn key(self, run_seq: i64) -> ReportKey {
        ReportKey {
            run_seq,
            format: self.format.word().to_owned(),
            kind: self.kind.word().to_owned(),
            language: self.language.tag().to_owned(),
        }
    }

    fn of_key(key: &ReportKey) -> Option<Self> {
        Some(Self {
            format: ReportFormat::from_word(&key.format)?,
            kind: ReportKind::from_word(&key.kind)?,
            language: Language::from_tag(&key.language)?,
        })
    }

    /// `full-ja.pdf`.
    fn file_name(self) -> String {
        format!("{}-{}.{}", self.kind.file_word(), self.language.tag(), self.format.extension())
    }

    fn of_file_name(name: &str) -> Option<Self> {
        let choices = ReportFormat::ALL.into_iter().flat_map(|format| {
            ReportKind::ALL.into_iter().flat_map(move |kind| {
                [Language::English, Language::Japanese].map(|language| Self { format, kind, language })
            })
        });
        choices.into_iter().find(|choice| choice.file_name() == name)
    }
}

/// How far a report is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportState {
    /// The API's status.
    pub status: ReportStatus,
    /// A link that opens it without credentials, where it is made.
    pub url: Option<String>,
}

/// Tells how far a report of a run is; the first call asks for it. Without a language, that of the
/// account's setting.
///
/// # Errors
/// When there is no such run, it is in progress, or it ended without results.
pub fn get_report(
    cx: &mut Cx<'_, '_>,
    arn: &Arn,
    format: ReportFormat,
    kind: ReportKind,
    language: Option<Language>,
) -> Result<ReportState, AppError> {
    let run = reportable(cx, arn)?;
    let language = match language {
        Some(language) => language,
        None => account_language(cx)?,
    };
    let choice = ReportChoice { format, kind, language };
    let key = choice.key(run.seq);
    let in_progress = ReportState { status: ReportStatus::WorkInProgress, url: None };
    let Some(report) = cx.tx.report(&key)? else {
        let asked_by = cx.caller.arn();
        cx.tx.ask_for_report(&run.scope, &key, &asked_by, cx.now)?;
        cx.app.report_bell.ring();
        return Ok(in_progress);
    };
    match report.status {
        ReportStatus::WorkInProgress => Ok(in_progress),
        ReportStatus::Completed => {
            Ok(ReportState { status: ReportStatus::Completed, url: Some(link(cx, &run, choice)) })
        }
        ReportStatus::Failed if cx.now.duration_since(report.changed_at) >= RETRY_AFTER => {
            cx.tx.ask_again_for_report(&report, cx.now)?;
            cx.app.report_bell.ring();
            Ok(in_progress)
        }
        ReportStatus::Failed => Ok(ReportState { status: ReportStatus::Failed, url: None }),
    }
}

/// Finds a run that can have a report.
///
/// # Errors
/// When there is no such run, it is in progress, or it ended without results.
pub fn reportable(cx: &mut Cx<'_, '_>, arn: &Arn) -> Result<Run, AppError> {
    let run = runs::get(cx, arn)?;
    if !run.state.is_terminal() {
        return Err(AppError::RunInProgress { runs: vec![run.arn()], truncated: false });
    }
    if !run.state.shows_findings() {
        return Err(AppError::Unsupported(format!(
            "the assessment run ended as {} and has no results, so there is no report of it",
            run.state.word()
        )));
    }
    Ok(run)
}

/// The language that an account wants its reports in.
fn account_language(cx: &mut Cx<'_, '_>) -> Result<Language, AppError> {
    let account = cx.scope().account.clone();
    let kept = cx.tx.setting(&account, LANGUAGE_SETTING)?;
    Ok(kept.as_deref().and_then(Language::from_tag).unwrap_or_default())
}

/// The path of a link: account, region, run, file.
fn path(scope: &Scope, run: &Id, choice: ReportChoice) -> String {
    format!("{LINK_PREFIX}{}/{}/{run}/{}", scope.account, scope.region, choice.file_name())
}

/// What a link's path names; nothing for a path that we do not make.
fn read_path(path: &str) -> Option<(Scope, Id, ReportChoice)> {
    let mut parts = path.strip_prefix(LINK_PREFIX)?.split('/');
    let (account, region, run, file) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Some((Scope::new(account, region)?, Id::parse(run)?, ReportChoice::of_file_name(file)?))
}

fn link(cx: &Cx<'_, '_>, run: &Run, choice: ReportChoice) -> String {
    let path = path(&run.scope, &run.id, choice);
    let expires_at = cx.now.checked_add(LINK_LASTS).unwrap_or(cx.now);
    format!("{}{path}?{}", cx.app.settings.public_url(), cx.app.links.query(&path, expires_at))
}

/// The blob of one claim; no other claim ever has the name.
fn blob_name(report: &StoredReport, run: &Run, choice: ReportChoice, token: &Id) -> String {
    let scope = &report.scope;
    format!("reports/{}/{}/{}/{token}-{}", scope.account, scope.region, run.id, choice.file_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_back_and_others_do_not() {
        let scope = Scope::new("123456789012", "us-west-2").unwrap();
        let run = Id::from_number(7);
        for format in ReportFormat::ALL {
            for kind in ReportKind::ALL {
                for language in [Language::English, Language::Japanese] {
                    let choice = ReportChoice { format, kind, language };
                    assert_eq!(read_path(&path(&scope, &run, choice)), Some((scope.clone(), run.clone(), choice)));
                    assert_eq!(ReportChoice::of_key(&choice.key(1)), Some(choice));
                }
            }
        }
        for other in ["", "/reports/", "/reports/123456789012/us-west-2/0-HAAAAAAA/full-en.html/", "/reports/../x/y/z"]
        {
            assert_eq!(read_path(other), None, "{other}");
        }
    }
}
