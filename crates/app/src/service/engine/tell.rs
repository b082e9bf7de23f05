//! What is told of a run: rows of the outbox, and the run's own list of notifications, in the
//! transaction of the thing itself.

use jiff::Timestamp;
use serde_json::{Map, Value};
use yagura_model::service::{EventKind, Run, RunState};
use yagura_store::{Notification, Tx};

use super::super::{App, AppError};
use super::steps::SEVERITIES;

/// Notifications of single findings that a run's list keeps; the outbox has them all.
const FINDINGS_LISTED_MAX: usize = 50;

/// The API's word for a topic to which there is no way.
const NO_ROUTE: &str = "TOPIC_DOES_NOT_EXIST";

impl App {
    /// Tells that a run was accepted.
    pub(in super::super) fn tell_created(&self, tx: &mut Tx<'_>, run: &Run, now: Timestamp) -> Result<(), AppError> {
        self.tell_transition(tx, run, now)
    }

    /// Tells a transition, and the start or the end that it means.
    pub(super) fn tell_transition(&self, tx: &mut Tx<'_>, run: &Run, now: Timestamp) -> Result<(), AppError> {
        let mut changed = Map::new();
        changed.insert("newstate".into(), run.state.word().into());
        self.tell(tx, run, EventKind::RunStateChanged, changed, now)?;
        if run.state == RunState::CollectingData {
            self.tell(tx, run, EventKind::RunStarted, Map::new(), now)?;
        }
        if run.state.is_terminal() {
            if run.state.shows_findings() {
                self.tell_findings(tx, run, now)?;
            }
            let mut ended = Map::new();
            ended.insert("findingsCount".into(), counts_by_package(tx, run)?.into());
            self.tell(tx, run, EventKind::RunCompleted, ended, now)?;
        }
        Ok(())
    }

    /// One message for each finding, where somebody wants them.
    fn tell_findings(&self, tx: &mut Tx<'_>, run: &Run, now: Timestamp) -> Result<(), AppError> {
        let topics = tx.topics_of(&run.scope, &run.template, EventKind::FindingReported)?;
        if topics.is_empty() {
            return Ok(());
        }
        for (number, id) in tx.finding_ids(run.seq)?.into_iter().enumerate() {
            let finding = run.arn().finding(&id).to_string();
            let mut members = Map::new();
            members.insert("finding".into(), finding.clone().into());
            self.post(tx, run, EventKind::FindingReported, members, now)?;
            if number < FINDINGS_LISTED_MAX {
                for topic in &topics {
                    note(tx, run, EventKind::FindingReported, topic, &finding, now)?;
                }
            }
        }
        Ok(())
    }

    fn tell(
        &self,
        tx: &mut Tx<'_>,
        run: &Run,
        kind: EventKind,
        members: Map<String, Value>,
        now: Timestamp,
    ) -> Result<(), AppError> {
        for topic in tx.topics_of(&run.scope, &run.template, kind)? {
            note(tx, run, kind, &topic, run.state.word(), now)?;
        }
        self.post(tx, run, kind, members, now)
    }

    /// Puts a message into the outbox.
    fn post(
        &self,
        tx: &mut Tx<'_>,
        run: &Run,
        kind: EventKind,
        mut members: Map<String, Value>,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let template = run.template_arn();
        let target = template.up_to(yagura_model::service::ArnKind::Target).map(|target| target.to_string());
        members.insert("event".into(), kind.word().into());
        members.insert("target".into(), target.into());
        members.insert("template".into(), template.to_string().into());
        members.insert("run".into(), run.arn().to_string().into());
        members.insert("time".into(), now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into());
        let body = Value::Object(members).to_string();
        tx.put_event(&run.scope, kind.word(), &run.arn().to_string(), &body, now)?;
        Ok(())
    }
}

/// Adds to the run's own list. This version has no way to any topic, and says so: a consumer must
/// not take the silence for a delivery. The message itself waits in the outbox.
fn note(
    tx: &mut Tx<'_>,
    run: &Run,
    event: EventKind,
    topic: &str,
    message: &str,
    at: Timestamp,
) -> Result<(), AppError> {
    let notification = Notification {
        at,
        event,
        message: Some(format!("{message}; not delivered: no route to this topic is configured")),
        error: true,
        topic: Some(topic.to_owned()),
        status: Some(NO_ROUTE.to_owned()),
    };
    tx.insert_notification(run, &notification)?;
    Ok(())
}

/// `{arn:…=11, arn:…=0}`, the form that consumers of the original read.
fn counts_by_package(tx: &mut Tx<'_>, run: &Run) -> Result<String, AppError> {
    let found = tx.count_findings_by_package(run.seq)?;
    let parts: Vec<String> = run
        .rules
        .iter()
        .map(|arn| {
            let count = found.iter().find(|(package, _)| package == arn).map_or(0, |(_, count)| *count);
            format!("{arn}={count}")
        })
        .collect();
    debug_assert_eq!(run.counts.len(), SEVERITIES.len());
    Ok(format!("{{{}}}", parts.join(", ")))
}
