//! The outbox: what happened and is still to be told to others, written in the transaction of the
//! thing itself.

use jiff::Timestamp;
use yagura_model::service::Scope;

use crate::shapes::read_scope;
use crate::{StoreError, Tx};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Newer events have greater numbers.
    pub seq: i64,
    /// Account and region.
    pub scope: Scope,
    /// One of the API's events, or `ENABLE_ASSESSMENT_NOTIFICATIONS`.
    pub kind: String,
    /// What it is about: an ARN.
    pub subject: String,
    /// The message as a topic gets it, in JSON.
    pub body: String,
    /// When it happened.
    pub at: Timestamp,
}

impl Tx<'_> {
    /// Adds an event and returns its number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_event(
        &mut self,
        scope: &Scope,
        kind: &str,
        subject: &str,
        body: &str,
        at: Timestamp,
    ) -> Result<i64, StoreError> {
        // Numbers are given before transactions end. Without this, a reader could pass over an event
        // whose transaction ends later than that of a greater number, and never come back to it.
        self.lock("event")?;
        let seq = self.query_one(
            "INSERT INTO event (account, region, kind, subject, body, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             RETURNING seq",
            &[(&scope.account).into(), (&scope.region).into(), kind.into(), subject.into(), body.into(), at.into()],
            crate::Row::int,
        )?;
        seq.ok_or_else(|| StoreError::Form("a new event has no number".into()))
    }

    /// Lists events of all scopes after the number `after`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn events_after(&mut self, after: i64, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.query(
            "SELECT seq, account, region, kind, subject, body, at_ms FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            &[after.into(), limit.into()],
            |row| {
                Ok(Event {
                    seq: row.int()?,
                    scope: read_scope(row)?,
                    kind: row.text()?,
                    subject: row.text()?,
                    body: row.text()?,
                    at: row.time()?,
                })
            },
        )
    }
}
