//! The other end of a link: who has it may read the report until it expires.

use std::io::Read;

use jiff::Timestamp;
use yagura_identity::link::LinkError;
use yagura_store::{BlobError, ReportStatus, StoredReport};

use super::read_path;
use crate::service::{App, AppError};

/// A report that is open for reading.
pub struct ReportFile {
    /// `application/pdf`.
    pub media_type: &'static str,
    /// Under which name to save it: `yagura-0-MKkpXXPE-full-ja.pdf`.
    pub file_name: String,
    /// How large it is.
    pub bytes: u64,
    /// Its bytes, in bounded memory.
    pub reader: Box<dyn Read + Send>,
}

impl std::fmt::Debug for ReportFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReportFile")
            .field("file_name", &self.file_name)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// Why a link opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// Not a link that this server gave away.
    #[error("this link is not valid; call GetAssessmentReport for a new one")]
    Invalid,
    /// It was, once.
    #[error("this link expired at {}; call GetAssessmentReport for a new one", .0.strftime("%Y-%m-%dT%H:%M:%SZ"))]
    Expired(Timestamp),
    /// The report was deleted with its run.
    #[error("this report is not there any more; its assessment run may have been deleted")]
    Gone,
    /// Store or blobs cannot be read.
    #[error("the report cannot be read now")]
    Unreadable(#[source] AppError),
}

impl From<AppError> for DownloadError {
    fn from(error: AppError) -> Self {
        Self::Unreadable(error)
    }
}

impl App {
    /// Opens the report of a link: `path` and `query` as they came, without decoding.
    ///
    /// # Errors
    /// See [`DownloadError`].
    pub fn open_report(&self, path: &str, query: &str) -> Result<ReportFile, DownloadError> {
        let now = self.now();
        self.links.check(path, query, now).map_err(|error| match error {
            LinkError::Invalid => DownloadError::Invalid,
            LinkError::Expired { expired_at } => DownloadError::Expired(expired_at),
        })?;
        let Some((scope, id, choice)) = read_path(path) else { return Err(DownloadError::Invalid) };
        let report = self.store.read(|tx| {
            let Some(run) = tx.run(&scope, &id)? else { return Ok::<_, AppError>(None) };
            Ok(tx.report(&choice.key(run.seq))?)
        })?;
        let Some(report) = report.filter(|report| report.status == ReportStatus::Completed) else {
            return Err(DownloadError::Gone);
        };
        let name = report.blob.clone().unwrap_or_default();
        match self.blobs.open(&name) {
            Ok((bytes, reader)) => {
                tracing::info!(path, bytes, "a report is downloaded");
                Ok(ReportFile {
                    media_type: choice.format.media_type(),
                    file_name: format!("yagura-{id}-{}", choice.file_name()),
                    bytes,
                    reader,
                })
            }
            Err(BlobError::NotFound { .. }) => {
                self.make_again(&report, now)?;
                Err(DownloadError::Gone)
            }
            Err(error) => Err(DownloadError::Unreadable(error.into())),
        }
    }

    /// A report whose blob was lost is no report: it is made again.
    fn make_again(&self, report: &StoredReport, now: Timestamp) -> Result<(), AppError> {
        tracing::error!(blob = ?report.blob, "the blob of a report is gone; the report is made again");
        self.store.write(|tx| Ok::<_, AppError>(tx.ask_again_for_report(report, now)?))?;
        self.report_bell.ring();
        Ok(())
    }
}
