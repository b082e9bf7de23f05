//! What was told of a run, and to whom.

use jiff::Timestamp;
use yagura_model::service::{EventKind, Run};

use crate::{Row, StoreError, Tx};

/// One message about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// When.
    pub at: Timestamp,
    /// About what.
    pub event: EventKind,
    /// For people; at most 1,000 characters are shown.
    pub message: Option<String>,
    /// Something went wrong.
    pub error: bool,
    /// ARN of the topic; `None` when nobody was subscribed.
    pub topic: Option<String>,
    /// `SUCCESS`, `TOPIC_DOES_NOT_EXIST`, `ACCESS_DENIED`, `INTERNAL_ERROR`; `None` before the
    /// delivery.
    pub status: Option<String>,
}

fn read(row: &mut Row) -> Result<Notification, StoreError> {
    let at = row.time()?;
    let word = row.text()?;
    let event = EventKind::from_word(&word).ok_or_else(|| StoreError::Form(format!("`{word}` is no event")))?;
    Ok(Notification {
        at,
        event,
        message: row.opt_text()?,
        error: row.truth()?,
        topic: row.opt_text()?,
        status: row.opt_text()?,
    })
}

impl Tx<'_> {
    /// Adds a message to what was told of a run.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_notification(&mut self, run: &Run, notification: &Notification) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO run_notification (account, run_seq, event, topic, message, error, status, at_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            &[
                (&run.scope.account).into(),
                run.seq.into(),
                notification.event.word().into(),
                notification.topic.clone().into(),
                notification.message.clone().into(),
                notification.error.into(),
                notification.status.clone().into(),
                notification.at.into(),
            ],
        )?;
        Ok(())
    }

    /// Lists the newest messages about a run, oldest of them first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn notifications(&mut self, run_seq: i64, limit: usize) -> Result<Vec<Notification>, StoreError> {
        let mut newest = self.query(
            "SELECT at_ms, event, message, error, topic, status FROM run_notification WHERE run_seq = ?1 \
             ORDER BY seq DESC LIMIT ?2",
            &[run_seq.into(), limit.into()],
            read,
        )?;
        newest.reverse();
        Ok(newest)
    }
}
