//! Lets go what is old enough, a bounded step a transaction, so that a server under load is not
//! held up and a kill costs one step.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use yagura_identity::secrets::random_uuid;
use yagura_model::service::Scope;

use super::super::agents::snapshot_blob;
use super::super::app::{Answer, Call};
use super::super::audit::{Rotation, rotate};
use super::super::run::lock_name;
use super::super::{App, AppError, Caller};
use super::policy::{Kind, Policy, of_account};

/// Rows that one step deletes.
const ROWS_A_STEP: usize = 500;
/// Steps of one kind in one call; the next call goes on.
const STEPS_MAX: usize = 2_000;
/// How long a blob stays after its row: whoever is just reading it, or just about to refer to the
/// same content again, has time to end.
const TRASH_GRACE: SignedDuration = SignedDuration::from_mins(10);

/// What went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gone {
    /// Things of each kind; kinds of which nothing went are not named.
    pub things: Vec<(Kind, u64)>,
    /// Blobs that were deleted.
    pub blobs: u64,
}

/// Lets go what a policy says, and then deletes blobs whose row went a while ago.
///
/// # Errors
/// When the store or the place of the blobs refuses; what went before stays gone.
pub fn apply(app: &App, account: &str, policy: &Policy) -> Result<Gone, AppError> {
    let now = app.now();
    let mut gone = Gone::default();
    for kind in Kind::ALL {
        let Some(cutoff) = policy.cutoff(kind, now) else { continue };
        let mut things = 0_u64;
        for _ in 0..STEPS_MAX {
            let step = step(app, account, kind, cutoff, now)?;
            things = things.saturating_add(step);
            if step == 0 {
                break;
            }
        }
        if things > 0 {
            gone.things.push((kind, things));
        }
    }
    gone.blobs = sweep_blobs(app)?;
    Ok(gone)
}

/// One step of a kind; returns how many things went, 0 when there are no more.
fn step(app: &App, account: &str, kind: Kind, cutoff: Timestamp, now: Timestamp) -> Result<u64, AppError> {
    let store = &app.store;
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    match kind {
        Kind::Runs => one_run(app, account, cutoff, now),
        Kind::TelemetryBodies => store.write(|tx| Ok(tx.drop_old_chunk_bodies(account, cutoff, ROWS_A_STEP)?)),
        Kind::ResolvedFindings => store.write(|tx| Ok(tx.delete_old_posture(account, cutoff, ROWS_A_STEP)?)),
        Kind::Previews => store.write(|tx| Ok(tx.delete_old_previews(account, cutoff, ROWS_A_STEP)?)),
        Kind::AuditRecords => {
            let age = now.duration_since(cutoff);
            Ok(rotate(app, account, Rotation { older_than: Some(age), keep_records: None })?.records)
        }
        Kind::Snapshots => store.write(|tx| {
            let digests = tx.delete_old_snapshots(account, cutoff, ROWS_A_STEP)?;
            for digest in &digests {
                tx.trash_blob(account, &snapshot_blob(account, digest), now)?;
            }
            Ok(count(digests.len()))
        }),
        Kind::Reports => store.write(|tx| {
            let reports = tx.doomed_reports(account, cutoff, ROWS_A_STEP)?;
            for report in &reports {
                tx.delete_report(account, report, now)?;
            }
            Ok(count(reports.len()))
        }),
        Kind::FindingTexts => {
            // Each look reads every finding, so it is not part of a transaction that writes.
            let settled = store.write(|tx| Ok::<_, AppError>(tx.settled_findings(account)?))?;
            let unused = store.read(|tx| Ok::<_, AppError>(tx.unused_texts(account, ROWS_A_STEP * 20)?))?;
            let mut things = 0;
            for digests in unused.chunks(ROWS_A_STEP) {
                things += store.write(|tx| Ok::<_, AppError>(tx.delete_texts(account, digests, settled)?))?;
            }
            Ok(things)
        }
    }
}

/// The oldest run, chosen and deleted in one transaction.
fn one_run(app: &App, account: &str, cutoff: Timestamp, now: Timestamp) -> Result<u64, AppError> {
    app.store.write(|tx| {
        let Some(run) = tx.runs_over_before(account, cutoff, 1)?.pop() else { return Ok(0) };
        tx.lock(&lock_name(&run.scope))?;
        tx.delete_run(&run, now)?;
        Ok(1)
    })
}

/// Deletes blobs whose row went a while ago, and returns how many. One that something names again
/// is kept.
///
/// # Errors
/// When the store or the place of the blobs refuses.
pub fn sweep_blobs(app: &App) -> Result<u64, AppError> {
    let before = app.now().checked_sub(TRASH_GRACE).map_err(AppError::internal)?;
    let mut swept = 0;
    for _ in 0..STEPS_MAX {
        let trashed = app.store.read(|tx| Ok::<_, AppError>(tx.trashed_blobs_before(before, ROWS_A_STEP)?))?;
        if trashed.is_empty() {
            break;
        }
        for (account, name) in trashed {
            swept += u64::from(sweep(app, &account, &name)?);
        }
    }
    Ok(swept)
}

fn sweep(app: &App, account: &str, name: &str) -> Result<bool, AppError> {
    app.store.write(|tx| {
        // Until the transaction ends, nobody can begin to refer to it.
        tx.lock_snapshots(account)?;
        let digest = name.rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or_default();
        let is_wanted = tx.blob_is_named(name)?
            || (snapshot_blob(account, digest) == name && tx.snapshot(account, digest)?.is_some());
        if !is_wanted {
            app.blobs.delete(name)?;
        }
        tx.forget_trashed_blob(name)?;
        Ok(!is_wanted)
    })
}

/// Applies each account's policy: for a server's background loop, once an hour or so. What went
/// leaves an audit record; trouble of one account does not keep the others from their turn.
///
/// # Errors
/// The last trouble, after all accounts had their turn.
pub fn tidy_up(app: &App) -> Result<(), AppError> {
    let accounts = app.store.read(|tx| Ok::<_, AppError>(tx.accounts()?))?;
    let mut outcome = Ok(());
    for (account, _) in accounts {
        if let Err(error) = tidy_account(app, &account) {
            tracing::warn!(account, "retention did not end: {error}");
            outcome = Err(error);
        }
    }
    outcome
}

fn tidy_account(app: &App, account: &str) -> Result<(), AppError> {
    let policy = app.store.read(|tx| of_account(tx, account))?;
    let gone = apply(app, account, &policy)?;
    if gone.things.is_empty() {
        return Ok(());
    }
    let things: serde_json::Map<String, serde_json::Value> =
        gone.things.iter().map(|(kind, count)| (kind.word().to_owned(), json!(count))).collect();
    tracing::info!(account, blobs = gone.blobs, "retention let go: {}", json!(things));
    let scope = Scope { account: account.to_owned(), region: app.settings.home.region.clone() };
    let caller = Caller::service(scope, random_uuid().map_err(AppError::internal)?);
    let call = Call {
        caller: &caller,
        operation: "ApplyRetention",
        action: "yagura:ManageRetention",
        resources: &[],
        parameters: &serde_json::Value::Null,
    };
    app.change(&call, |_| Ok(Answer { value: (), recorded: json!({ "gone": things, "blobs": gone.blobs }) }))
}
