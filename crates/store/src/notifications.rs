//! Who wants to hear of a run, and what a run's own list says was told.

use jiff::Timestamp;
use yagura_model::service::{EventKind, Id, Run, Scope};

use crate::{Row, StoreError, Tx};

impl Tx<'_> {
    /// Lists the topics that want an event of a template.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn topics(&mut self, scope: &Scope, template: &Id, kind: EventKind) -> Result<Vec<String>, StoreError> {
        self.query(
            "SELECT topic FROM subscription WHERE account = ?1 AND region = ?2 AND template = ?3 AND event = ?4 \
             ORDER BY topic",
            &[(&scope.account).into(), (&scope.region).into(), template.as_str().into(), kind.word().into()],
            Row::text,
        )
    }

    /// Adds to a run's list of what was told to whom. Whether it arrived is written by whoever
    /// delivers it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_notification(
        &mut self,
        run: &Run,
        kind: EventKind,
        topic: &str,
        message: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO run_notification (account, run_seq, event, topic, message, error, at_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)",
            &[(&run.scope.account).into(), run.seq.into(), kind.word().into(), topic.into(), message.into(), at.into()],
        )?;
        Ok(())
    }
}
