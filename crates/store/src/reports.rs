//! Reports of runs: asked for, made by one worker at a time, kept as blobs.
//!
//! A row waits with `tries` 0. A worker claims it by growing `tries` and renews the claim while it
//! works; `tries` and the moment of the last renewal are the claim, so a worker that was too slow
//! and lost it cannot write any more. Each claim has a blob name of its own: two workers never
//! write the same blob, and the one that loses throws away its own only.

use jiff::Timestamp;
use yagura_model::service::Scope;

use crate::shapes::read_scope;
use crate::{Row, StoreError, Tx};

/// How far a report has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportStatus {
    /// It waits or is being made.
    WorkInProgress,
    /// It is there.
    Completed,
    /// It could not be made.
    Failed,
}

impl ReportStatus {
    /// Returns the API's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::WorkInProgress => "WORK_IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }

    /// Reads the API's word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::WorkInProgress, Self::Completed, Self::Failed].into_iter().find(|status| status.word() == word)
    }
}

/// Which report of which run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportKey {
    /// The run's number.
    pub run_seq: i64,
    /// The word of its format: `PDF`.
    pub format: String,
    /// The word of how much it holds: `FULL`.
    pub kind: String,
    /// The tag of its language: `ja`.
    pub language: String,
}

/// A report as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReport {
    /// Account and region.
    pub scope: Scope,
    /// Which.
    pub key: ReportKey,
    /// How far it has come.
    pub status: ReportStatus,
    /// Why it could not be made, or why the last try failed.
    pub message: Option<String>,
    /// The name of its blob, from the first claim on.
    pub blob: Option<String>,
    /// Who asked for it first.
    pub asked_by: String,
    /// How often it was claimed.
    pub tries: u64,
    /// When it was asked for, claimed, renewed or ended.
    pub changed_at: Timestamp,
}

const COLUMNS: &str =
    "account, region, run_seq, format, kind, language, status, message, blob, asked_by, tries, changed_ms";

fn read(row: &mut Row) -> Result<StoredReport, StoreError> {
    Ok(StoredReport {
        scope: read_scope(row)?,
        key: ReportKey { run_seq: row.int()?, format: row.text()?, kind: row.text()?, language: row.text()? },
        status: {
            let word = row.text()?;
            ReportStatus::from_word(&word)
                .ok_or_else(|| StoreError::Form(format!("`{word}` is no status of a report")))?
        },
        message: row.opt_text()?,
        blob: row.opt_text()?,
        asked_by: row.text()?,
        tries: row.count()?,
        changed_at: row.time()?,
    })
}

/// The row of a key as it was when it was read: `?1` to `?6`, in the order of [`Tx::change_report`].
const AS_IT_WAS: &str =
    "run_seq = ?1 AND format = ?2 AND kind = ?3 AND language = ?4 AND tries = ?5 AND changed_ms = ?6";

impl Tx<'_> {
    /// Finds a report.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn report(&mut self, key: &ReportKey) -> Result<Option<StoredReport>, StoreError> {
        self.query_one(
            &format!("SELECT {COLUMNS} FROM report WHERE run_seq = ?1 AND format = ?2 AND kind = ?3 AND language = ?4"),
            &[key.run_seq.into(), (&key.format).into(), (&key.kind).into(), (&key.language).into()],
            read,
        )
    }

    /// Asks for a report; `false` when somebody has already.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn ask_for_report(
        &mut self,
        scope: &Scope,
        key: &ReportKey,
        asked_by: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let added = self.execute(
            "INSERT INTO report (account, region, run_seq, format, kind, language, status, asked_by, tries, changed_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'WORK_IN_PROGRESS', ?7, 0, ?8) \
             ON CONFLICT (run_seq, format, kind, language) DO NOTHING",
            &[
                (&scope.account).into(),
                (&scope.region).into(),
                key.run_seq.into(),
                (&key.format).into(),
                (&key.kind).into(),
                (&key.language).into(),
                asked_by.into(),
                now.into(),
            ],
        )?;
        Ok(added == 1)
    }

    /// Asks again for a report that is over, made or not; `false` when it is not what it was any
    /// more. Its blob goes to the trash.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn ask_again_for_report(&mut self, report: &StoredReport, now: Timestamp) -> Result<bool, StoreError> {
        let changed = self.change_report(
            report,
            "status = 'WORK_IN_PROGRESS', message = NULL, blob = NULL, tries = 0, changed_ms = ?7",
            report.status,
            &[now.into()],
        )?;
        if changed {
            self.trash_blob_of(report, now)?;
        }
        Ok(changed)
    }

    /// Lists reports, of any scope, that nobody makes: those that wait, and those that were last
    /// renewed at `lost` or before. Oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn reports_to_make(&mut self, lost: Timestamp, limit: usize) -> Result<Vec<StoredReport>, StoreError> {
        self.query(
            &format!(
                "SELECT {COLUMNS} FROM report WHERE status = 'WORK_IN_PROGRESS' AND (tries = 0 OR changed_ms <= ?1) \
                 ORDER BY changed_ms, run_seq, format, kind, language LIMIT ?2"
            ),
            &[lost.into(), limit.into()],
            read,
        )
    }

    /// Claims a report for a worker, which is to write the blob of that name; `None` when somebody
    /// else was faster. What an earlier claim may have written goes to the trash.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn claim_report(
        &mut self,
        report: &StoredReport,
        blob: &str,
        now: Timestamp,
    ) -> Result<Option<StoredReport>, StoreError> {
        let changed = self.change_report(
            report,
            "tries = tries + 1, blob = ?7, changed_ms = ?8",
            ReportStatus::WorkInProgress,
            &[blob.into(), now.into()],
        )?;
        if !changed {
            return Ok(None);
        }
        self.trash_blob_of(report, now)?;
        let mut claim = report.clone();
        claim.tries += 1;
        claim.blob = Some(blob.to_owned());
        claim.changed_at = to_the_millisecond(now);
        Ok(Some(claim))
    }

    /// Keeps a claim; `false` when it is lost.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn renew_report(&mut self, claim: &mut StoredReport, now: Timestamp) -> Result<bool, StoreError> {
        let kept = self.change_report(claim, "changed_ms = ?7", ReportStatus::WorkInProgress, &[now.into()])?;
        if kept {
            claim.changed_at = to_the_millisecond(now);
        }
        Ok(kept)
    }

    /// Ends a claim: the blob is there. `false` when the claim is lost, or the run is gone.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn complete_report(&mut self, claim: &StoredReport, now: Timestamp) -> Result<bool, StoreError> {
        self.change_report(
            claim,
            "status = 'COMPLETED', message = NULL, changed_ms = ?7",
            ReportStatus::WorkInProgress,
            &[now.into()],
        )
    }

    /// Ends a report that cannot be made; `false` when the claim is lost, or the run is gone.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn fail_report(&mut self, claim: &StoredReport, message: &str, now: Timestamp) -> Result<bool, StoreError> {
        let changed = self.change_report(
            claim,
            "status = 'FAILED', message = ?7, blob = NULL, changed_ms = ?8",
            ReportStatus::WorkInProgress,
            &[message.into(), now.into()],
        )?;
        if changed {
            self.trash_blob_of(claim, now)?;
        }
        Ok(changed)
    }

    /// Remembers why a try failed; the report is made again when the claim has run out.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn note_report(&mut self, claim: &StoredReport, message: &str) -> Result<bool, StoreError> {
        self.change_report(claim, "message = ?7", ReportStatus::WorkInProgress, &[message.into()])
    }

    /// Changes a report that still is what it was, and still in that status.
    fn change_report(
        &mut self,
        report: &StoredReport,
        change: &str,
        status: ReportStatus,
        more: &[crate::Value],
    ) -> Result<bool, StoreError> {
        let key = &report.key;
        let mut values = vec![
            key.run_seq.into(),
            (&key.format).into(),
            (&key.kind).into(),
            (&key.language).into(),
            report.tries.into(),
            report.changed_at.into(),
        ];
        values.extend_from_slice(more);
        let sql = format!("UPDATE report SET {change} WHERE {AS_IT_WAS} AND status = '{}'", status.word());
        Ok(self.execute(&sql, &values)? == 1)
    }

    fn trash_blob_of(&mut self, report: &StoredReport, now: Timestamp) -> Result<(), StoreError> {
        let Some(blob) = &report.blob else { return Ok(()) };
        self.execute(
            "INSERT INTO blob_trash (account, name, at_ms) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING",
            &[(&report.scope.account).into(), blob.into(), now.into()],
        )?;
        Ok(())
    }
}

/// The store keeps milliseconds; what is compared with it later must be the same.
fn to_the_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
