//! What would go now, kind by kind.

use yagura_store::{Doomed, DoomedReport, Tx};

use super::super::{App, AppError, Cx};
use super::policy::{Kind, Policy};

/// Reports whose size is asked for; of more the bytes are not told.
const SIZES_ASKED_MAX: usize = 2_000;
/// Reports that a preview counts.
const REPORTS_COUNTED_MAX: usize = 100_000;

/// What of one kind would go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doom {
    /// The kind.
    pub kind: Kind,
    /// For how many days it is kept; `None` for ever.
    pub days: Option<u32>,
    /// How much, and of which dates. Audit records move into files instead.
    pub doomed: Doomed,
    /// The bytes are told.
    pub bytes_known: bool,
}

/// Tells what a policy would let go now. Snapshots that only a run refers to which would go as
/// well are not counted: they go after it.
///
/// # Errors
/// When the store cannot be read.
pub fn preview(cx: &mut Cx<'_, '_>, policy: &Policy) -> Result<Vec<Doom>, AppError> {
    Kind::ALL.into_iter().map(|kind| doom(cx, policy, kind)).collect()
}

fn doom(cx: &mut Cx<'_, '_>, policy: &Policy, kind: Kind) -> Result<Doom, AppError> {
    let account = cx.scope().account.clone();
    let mut doom = Doom { kind, days: policy.days(kind), doomed: Doomed::default(), bytes_known: true };
    let Some(cutoff) = policy.cutoff(kind, cx.now) else { return Ok(doom) };
    let (app, tx): (&App, &mut Tx<'_>) = (cx.app, cx.tx);
    doom.doomed = match kind {
        Kind::Runs => tx.doomed_runs(&account, cutoff)?,
        Kind::TelemetryBodies => tx.doomed_chunk_bodies(&account, cutoff)?,
        Kind::ResolvedFindings => tx.doomed_posture(&account, cutoff)?,
        Kind::AuditRecords => tx.doomed_audit_records(&account, cutoff)?,
        Kind::Snapshots => tx.doomed_snapshots(&account, cutoff)?,
        Kind::Previews => tx.doomed_previews(&account, cutoff)?,
        Kind::FindingTexts => tx.doomed_texts(&account)?,
        Kind::Reports => {
            let reports = tx.doomed_reports(&account, cutoff, REPORTS_COUNTED_MAX)?;
            doom.bytes_known = reports.len() <= SIZES_ASKED_MAX;
            sum(app, &reports)?
        }
    };
    Ok(doom)
}

fn sum(app: &App, reports: &[DoomedReport]) -> Result<Doomed, AppError> {
    let mut bytes = 0_u64;
    for report in reports.iter().take(SIZES_ASKED_MAX) {
        match app.blobs.open(&report.blob) {
            Ok((size, _)) => bytes = bytes.saturating_add(size),
            Err(yagura_store::BlobError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Doomed {
        count: u64::try_from(reports.len()).unwrap_or(u64::MAX),
        bytes,
        oldest: reports.first().map(|report| report.changed_at),
        newest: reports.last().map(|report| report.changed_at),
    })
}
