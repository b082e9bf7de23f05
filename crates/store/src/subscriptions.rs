//! Who is told of what happens to a template's runs.

use jiff::Timestamp;
use yagura_model::service::{Arn, EventKind, Id, Scope};

use crate::question::Question;
use crate::shapes::read_id;
use crate::{Row, StoreError, Tx};

/// What one topic is told of one template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Grows with each new pair of template and topic.
    pub seq: i64,
    /// The template.
    pub template: Arn,
    /// ARN of the topic.
    pub topic: String,
    /// The kinds of events, each with the time of the subscription, oldest first.
    pub events: Vec<(EventKind, Timestamp)>,
}

fn read_event(row: &mut Row) -> Result<EventKind, StoreError> {
    let word = row.text()?;
    EventKind::from_word(&word).ok_or_else(|| StoreError::Form(format!("`{word}` is no event")))
}

impl Tx<'_> {
    /// Subscribes a topic to an event of a template; `false` when it is already.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn subscribe(
        &mut self,
        scope: &Scope,
        template: &Id,
        topic: &str,
        event: EventKind,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let added = self.execute(
            "INSERT INTO subscription (account, region, template, topic, event, subscribed_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (account, region, template, topic, event) DO NOTHING",
            &[
                (&scope.account).into(),
                (&scope.region).into(),
                template.as_str().into(),
                topic.into(),
                event.word().into(),
                at.into(),
            ],
        )?;
        Ok(added == 1)
    }

    /// Ends a subscription; `false` when there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn unsubscribe(
        &mut self,
        scope: &Scope,
        template: &Id,
        topic: &str,
        event: EventKind,
    ) -> Result<bool, StoreError> {
        let removed = self.execute(
            "DELETE FROM subscription \
             WHERE account = ?1 AND region = ?2 AND template = ?3 AND topic = ?4 AND event = ?5",
            &[
                (&scope.account).into(),
                (&scope.region).into(),
                template.as_str().into(),
                topic.into(),
                event.word().into(),
            ],
        )?;
        Ok(removed == 1)
    }

    /// Tells whether a topic is subscribed to an event of a template.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_subscribed(
        &mut self,
        scope: &Scope,
        template: &Id,
        topic: &str,
        event: EventKind,
    ) -> Result<bool, StoreError> {
        let found = self.query_one(
            "SELECT 1 FROM subscription \
             WHERE account = ?1 AND region = ?2 AND template = ?3 AND topic = ?4 AND event = ?5",
            &[
                (&scope.account).into(),
                (&scope.region).into(),
                template.as_str().into(),
                topic.into(),
                event.word().into(),
            ],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    /// Counts the subscriptions of a template: each event of each topic is one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_subscriptions(&mut self, scope: &Scope, template: &Id) -> Result<u64, StoreError> {
        let count = self.query_one(
            "SELECT COUNT(*) FROM subscription WHERE account = ?1 AND region = ?2 AND template = ?3",
            &[(&scope.account).into(), (&scope.region).into(), template.as_str().into()],
            Row::count,
        )?;
        Ok(count.unwrap_or_default())
    }

    /// Lists the topics that want an event of a template.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn topics_of(&mut self, scope: &Scope, template: &Id, event: EventKind) -> Result<Vec<String>, StoreError> {
        self.query(
            "SELECT topic FROM subscription WHERE account = ?1 AND region = ?2 AND template = ?3 AND event = ?4 \
             ORDER BY seq",
            &[(&scope.account).into(), (&scope.region).into(), template.as_str().into(), event.word().into()],
            Row::text,
        )
    }

    /// Lists subscriptions of a template, or of every one, in the order in which they were made;
    /// `after` is the last number of the page before.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn list_subscriptions(
        &mut self,
        scope: &Scope,
        template: Option<&Id>,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Subscription>, StoreError> {
        let mut question = Question::new(scope);
        question.any("template", template.into_iter().map(|id| id.as_str().into()));
        let after = question.value(after);
        let limit = question.value(limit);
        let pairs = self.query(
            &format!(
                "SELECT MIN(seq), template, topic FROM subscription WHERE {} GROUP BY template, topic \
                 HAVING MIN(seq) > {after} ORDER BY MIN(seq) LIMIT {limit}",
                question.text
            ),
            &question.values,
            |row| Ok((row.int()?, read_id(row)?, row.text()?)),
        )?;
        let mut subscriptions = Vec::with_capacity(pairs.len());
        for (seq, template, topic) in pairs {
            // A subscription goes with its template, in the same transaction.
            let Some(template) = self.template(scope, &template)? else { continue };
            let events = self.query(
                "SELECT event, subscribed_ms FROM subscription \
                 WHERE account = ?1 AND region = ?2 AND template = ?3 AND topic = ?4 ORDER BY seq",
                &[(&scope.account).into(), (&scope.region).into(), template.id.as_str().into(), topic.clone().into()],
                |row| Ok((read_event(row)?, row.time()?)),
            )?;
            let template = Arn::template(scope, &template.target, &template.id);
            subscriptions.push(Subscription { seq, template, topic, events });
        }
        Ok(subscriptions)
    }
}
