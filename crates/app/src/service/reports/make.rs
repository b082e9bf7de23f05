//! Makes the reports that wait.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::io::{self, Read, Seek as _, Write};

use jiff::{SignedDuration, Timestamp};
use yagura_model::run_report::RunReportSource;
use yagura_model::service::Run;
use yagura_store::StoredReport;

use super::{ReportChoice, StoreSource, blob_name};
use crate::service::{App, AppError};

/// How long a worker keeps a report to itself without saying so again.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// How often it says so again.
const RENEW_EVERY: SignedDuration = SignedDuration::from_secs(20);
/// How often a report is begun before it counts as one that cannot be made.
pub(super) const TRIES_MAX: u64 = 3;
/// Reports that one look takes on.
const TAKEN_AT_ONCE_MAX: usize = 16;

/// Why a report could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// It cannot be made here, however often it is tried: a font is missing.
    #[error("{0}")]
    Impossible(String),
    /// It failed, and may succeed another time.
    #[error("{0}")]
    Failed(String),
}

/// Turns a run into a document; a face of the house does it.
pub trait RenderReport: Send + Sync {
    /// Writes the document. What was written before an error is thrown away.
    ///
    /// # Errors
    /// See [`RenderError`].
    fn render(
        &self,
        choice: ReportChoice,
        source: &mut dyn RunReportSource,
        out: &mut dyn Write,
    ) -> Result<(), RenderError>;
}

/// How one try ended.
enum Tried {
    Made(u64),
    Impossible(String),
    Failed(String),
    /// Somebody else has it now, or the run is gone.
    Lost,
}

impl App {
    /// Makes the reports that wait, and those whose worker is gone; returns how many are over.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn make_reports(&self, renderer: &dyn RenderReport) -> Result<usize, AppError> {
        let now = self.now();
        let lost = now.checked_sub(LEASE).unwrap_or(Timestamp::MIN);
        let waiting = self.store.read(|tx| Ok::<_, AppError>(tx.reports_to_make(lost, TAKEN_AT_ONCE_MAX)?))?;
        let mut over = 0;
        for report in &waiting {
            over += usize::from(self.make_report(report, renderer)?);
        }
        Ok(over)
    }

    fn make_report(&self, report: &StoredReport, renderer: &dyn RenderReport) -> Result<bool, AppError> {
        let Some(run) = self.store.read(|tx| Ok::<_, AppError>(tx.run_by_seq(report.key.run_seq)?))? else {
            return Ok(false);
        };
        let choice = ReportChoice::of_key(&report.key);
        let last = report.message.as_deref();
        let given_up = match choice {
            None => Some("this version makes no such report".to_owned()),
            Some(_) if report.tries >= TRIES_MAX => Some(match last {
                Some(why) => format!("begun {TRIES_MAX} times; the last time: {why}"),
                None => format!("the server ended {TRIES_MAX} times while it made the report"),
            }),
            Some(_) => None,
        };
        let (Some(choice), None) = (choice, &given_up) else {
            return self.give_up_report(report, &run, &given_up.unwrap_or_default());
        };
        let blob = blob_name(report, &run, choice, &self.new_id()?);
        let now = self.now();
        let claimed = self.store.write(|tx| Ok::<_, AppError>(tx.claim_report(report, &blob, now)?))?;
        let Some(claimed) = claimed else { return Ok(false) };
        let claim = Claim { app: self, report: RefCell::new(claimed), lost: Cell::new(false) };
        let tried = self.try_to_make(&claim, &run, choice, &blob, renderer);
        let claimed = claim.report.into_inner();
        match tried {
            Tried::Made(bytes) => {
                let now = self.now();
                if self.store.write(|tx| Ok::<_, AppError>(tx.complete_report(&claimed, now)?))? {
                    tracing::info!(run.arn = %run.arn(), file = %choice.file_name(), bytes, "a report is made");
                    return Ok(true);
                }
                self.throw_away(&blob);
                Ok(false)
            }
            Tried::Lost => {
                tracing::info!(run.arn = %run.arn(), file = %choice.file_name(), "a report was left to another worker");
                self.throw_away(&blob);
                Ok(false)
            }
            Tried::Impossible(why) => self.give_up_report(&claimed, &run, &why),
            Tried::Failed(why) if claimed.tries >= TRIES_MAX => self.give_up_report(&claimed, &run, &why),
            Tried::Failed(why) => {
                tracing::warn!(run.arn = %run.arn(), file = %choice.file_name(), "a report failed and will be begun again: {why}");
                self.store.write(|tx| Ok::<_, AppError>(tx.note_report(&claimed, &why)?))?;
                Ok(false)
            }
        }
    }

    fn give_up_report(&self, report: &StoredReport, run: &Run, why: &str) -> Result<bool, AppError> {
        let now = self.now();
        let ended = self.store.write(|tx| Ok::<_, AppError>(tx.fail_report(report, why, now)?))?;
        if ended {
            let key = &report.key;
            tracing::error!(run.arn = %run.arn(), format = %key.format, kind = %key.kind, language = %key.language, "a report cannot be made: {why}");
        }
        Ok(ended)
    }

    fn try_to_make(
        &self,
        claim: &Claim<'_>,
        run: &Run,
        choice: ReportChoice,
        blob: &str,
        renderer: &dyn RenderReport,
    ) -> Tried {
        let made_by = claim.report.borrow().asked_by.clone();
        let outcome = self.rendered(claim, run, choice, made_by, renderer).and_then(|mut file| {
            file.rewind().map_err(|error| RenderError::Failed(format!("cannot read the report back: {error}")))?;
            self.blobs
                .put_from(blob, &mut Kept { inner: file, claim })
                .map_err(|error| RenderError::Failed(chain(&error)))
        });
        match outcome {
            _ if claim.lost.get() => Tried::Lost,
            Ok(bytes) => Tried::Made(bytes),
            Err(RenderError::Impossible(why)) => Tried::Impossible(why),
            Err(RenderError::Failed(why)) => Tried::Failed(why),
        }
    }

    /// Renders into a file without a name, which is gone when the process is.
    fn rendered(
        &self,
        claim: &Claim<'_>,
        run: &Run,
        choice: ReportChoice,
        made_by: String,
        renderer: &dyn RenderReport,
    ) -> Result<std::fs::File, RenderError> {
        let file = tempfile::tempfile()
            .map_err(|error| RenderError::Failed(format!("cannot make a temporary file: {error}")))?;
        let mut out = Kept { inner: file, claim };
        let mut source = StoreSource::new(self, run.clone(), made_by);
        renderer.render(choice, &mut source, &mut out)?;
        Ok(out.inner)
    }

    /// Deletes a blob that nothing names. Where that fails it is litter, and nobody waits for it.
    fn throw_away(&self, blob: &str) {
        if let Err(error) = self.blobs.delete(blob) {
            tracing::warn!("cannot delete the unused report `{blob}`: {}", chain(&error));
        }
    }
}

/// A report that this worker has, as long as it says so.
struct Claim<'a> {
    app: &'a App,
    report: RefCell<StoredReport>,
    lost: Cell<bool>,
}

impl Claim<'_> {
    /// Renews the claim where it is time.
    fn keep(&self) -> io::Result<()> {
        let now = self.app.now();
        if now.duration_since(self.report.borrow().changed_at) < RENEW_EVERY {
            return Ok(());
        }
        let mut report = self.report.borrow().clone();
        let kept = self.app.store.write(|tx| {
            // The work may run again after a conflict, each time on what was known before.
            let mut known = report.clone();
            let kept = tx.renew_report(&mut known, now)?;
            Ok::<_, AppError>((kept, known))
        });
        match kept {
            Ok((true, renewed)) => {
                report = renewed;
                self.report.replace(report);
                Ok(())
            }
            Ok((false, _)) => {
                self.lost.set(true);
                Err(io::Error::other("another worker has the report"))
            }
            // The end of the work will tell whether the claim still holds.
            Err(error) => {
                tracing::warn!("cannot renew the claim of a report: {}", chain(&error));
                Ok(())
            }
        }
    }
}

/// Passes bytes on, and keeps the claim meanwhile.
struct Kept<'c, T> {
    inner: T,
    claim: &'c Claim<'c>,
}

impl<T: Write> Write for Kept<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.claim.keep()?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Kept<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.claim.keep()?;
        self.inner.read(buffer)
    }
}

/// The text of an error and of everything that caused it, on one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
