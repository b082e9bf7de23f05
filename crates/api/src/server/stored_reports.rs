//! The reports of the service's own runs, behind their signed links.

use std::sync::Arc;

use yagura_app::service::App;
use yagura_app::service::reports::DownloadError;

use super::{ReportFile, ReportRefusal, Reports};

/// Opens the reports that `GetAssessmentReport` gave links to.
#[derive(Debug)]
pub(super) struct StoredReports(pub(super) Arc<App>);

impl Reports for StoredReports {
    fn open(&self, path: &str, query: &str) -> Result<ReportFile, ReportRefusal> {
        match self.0.open_report(path, query) {
            Ok(report) => Ok(ReportFile {
                content_type: report.media_type.to_owned(),
                file_name: Some(report.file_name),
                bytes: Some(report.bytes),
                reader: report.reader,
            }),
            // Whoever tries links learns nothing from the difference.
            Err(DownloadError::Invalid | DownloadError::Gone) => Err(ReportRefusal::NotFound),
            Err(DownloadError::Expired(_)) => Err(ReportRefusal::Expired),
            Err(DownloadError::Unreadable(error)) => {
                tracing::error!(path, error = ?error, "a report cannot be read");
                Err(ReportRefusal::Unavailable)
            }
        }
    }
}
