//! What is wrong with each host now, whoever noticed it: a run or a changed feed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use yagura_model::service::Scope;
use yagura_model::{FindingKey, LocalText, Severity};

use crate::tx::marks;
use crate::value::json;
use crate::{Row, StoreError, Tx, Value};

/// A fault that a host has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostureEntry {
    /// Recognises the same fault over time.
    pub key: FindingKey,
    /// The word of the rules package: `cve`.
    pub rules_package: String,
    /// The API's `id` of its findings.
    pub rule: String,
    /// What it is about: the source package, the setting.
    pub subject: String,
    /// How urgent.
    pub severity: Severity,
    /// One line.
    pub title: LocalText,
}

/// A fault with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostureRecord {
    /// The fault.
    pub entry: PostureEntry,
    /// Whose.
    pub agent: String,
    /// When it was seen first.
    pub first_at: Timestamp,
    /// When it was seen last.
    pub last_at: Timestamp,
    /// Since when it is gone; `None` while it is there.
    pub resolved_at: Option<Timestamp>,
}

/// What a new judgement changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PostureChange {
    /// Faults that were not there before, or had gone.
    pub appeared: Vec<PostureEntry>,
    /// Faults that are gone.
    pub resolved: Vec<PostureEntry>,
    /// Faults whose severity is another one now.
    pub regraded: Vec<PostureEntry>,
}

const COLUMNS: &str =
    "stable_key, rules_package, rule, subject, severity, title, agent, first_ms, last_ms, resolved_ms";

fn read(row: &mut Row) -> Result<PostureRecord, StoreError> {
    let entry = PostureEntry {
        key: FindingKey(row.text()?),
        rules_package: row.text()?,
        rule: row.text()?,
        subject: row.text()?,
        severity: {
            let word = row.text()?;
            Severity::from_word(&word).ok_or_else(|| StoreError::Form(format!("`{word}` is no severity")))?
        },
        title: {
            let (en, ja): (String, String) = row.json()?;
            LocalText::new(en, ja)
        },
    };
    Ok(PostureRecord {
        entry,
        agent: row.text()?,
        first_at: row.time()?,
        last_at: row.time()?,
        resolved_at: row.opt_time()?,
    })
}

impl Tx<'_> {
    /// Writes what a judgement of one rules package found on a host: what is there goes on or
    /// begins, what is not there any more ends at `now`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_posture(
        &mut self,
        scope: &Scope,
        agent: &str,
        rules_package: &str,
        open: &[PostureEntry],
        now: Timestamp,
    ) -> Result<PostureChange, StoreError> {
        let known = self.known_posture(scope, agent, rules_package, &[])?;
        let change = self.write_changes(scope, agent, known, open, now)?;
        // Seen again today: that is all there is to write of the others.
        self.execute(
            "UPDATE posture SET last_ms = ?5 WHERE account = ?1 AND region = ?2 AND agent = ?3 AND rules_package = ?4 \
             AND resolved_ms IS NULL AND last_ms < ?5",
            &[(&scope.account).into(), (&scope.region).into(), agent.into(), rules_package.into(), now.into()],
        )?;
        Ok(change)
    }

    /// Writes what a judgement says of some subjects of a host, and nothing of the others: neither that they were
    /// seen again, nor that they are gone. `open` has entries of these subjects only.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_posture_of(
        &mut self,
        scope: &Scope,
        agent: &str,
        rules_package: &str,
        subjects: &[String],
        open: &[PostureEntry],
        now: Timestamp,
    ) -> Result<PostureChange, StoreError> {
        if subjects.is_empty() {
            return Ok(PostureChange::default());
        }
        let known = self.known_posture(scope, agent, rules_package, subjects)?;
        self.write_changes(scope, agent, known, open, now)
    }

    /// What is known of a host by key, of some subjects or, where none is given, of all.
    fn known_posture(
        &mut self,
        scope: &Scope,
        agent: &str,
        rules_package: &str,
        subjects: &[String],
    ) -> Result<BTreeMap<String, PostureRecord>, StoreError> {
        let mut values: Vec<Value> =
            vec![(&scope.account).into(), (&scope.region).into(), agent.into(), rules_package.into()];
        let narrowed = if subjects.is_empty() {
            "region = ?2".to_owned()
        } else {
            // Written so that the index of subjects fits and the one of hosts does not: a host has hundreds of faults.
            let marks = marks(values.len() + 1, subjects.len());
            values.extend(subjects.iter().map(Value::from));
            format!("region || '' = ?2 AND subject IN ({marks})")
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM posture WHERE account = ?1 AND agent = ?3 AND rules_package = ?4 AND {narrowed}"
        );
        let known = self.query(&sql, &values, read)?;
        Ok(known.into_iter().map(|record| (record.entry.key.0.clone(), record)).collect())
    }

    /// Writes where `open` differs from what is known.
    fn write_changes(
        &mut self,
        scope: &Scope,
        agent: &str,
        mut known: BTreeMap<String, PostureRecord>,
        open: &[PostureEntry],
        now: Timestamp,
    ) -> Result<PostureChange, StoreError> {
        let mut change = PostureChange::default();
        for entry in open {
            match known.remove(&entry.key.0) {
                Some(before) if before.resolved_at.is_none() => {
                    if before.entry.severity != entry.severity {
                        change.regraded.push(entry.clone());
                    }
                    if before.entry == *entry {
                        continue;
                    }
                }
                _ => change.appeared.push(entry.clone()),
            }
            self.put_posture(scope, agent, entry, now)?;
        }
        for record in known.into_values().filter(|record| record.resolved_at.is_none()) {
            self.execute(
                "UPDATE posture SET resolved_ms = ?5 \
                 WHERE account = ?1 AND region = ?2 AND agent = ?3 AND stable_key = ?4",
                &[
                    (&scope.account).into(),
                    (&scope.region).into(),
                    agent.into(),
                    (&record.entry.key.0).into(),
                    now.into(),
                ],
            )?;
            change.resolved.push(record.entry);
        }
        Ok(change)
    }

    /// A fault that comes back keeps the day on which it was seen first.
    fn put_posture(
        &mut self,
        scope: &Scope,
        agent: &str,
        entry: &PostureEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO posture (account, region, agent, stable_key, rules_package, rule, subject, severity, title, \
             first_ms, last_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10) \
             ON CONFLICT (account, region, agent, stable_key) DO UPDATE SET severity = excluded.severity, \
             title = excluded.title, subject = excluded.subject, last_ms = excluded.last_ms, resolved_ms = NULL",
            &[
                (&scope.account).into(),
                (&scope.region).into(),
                agent.into(),
                (&entry.key.0).into(),
                (&entry.rules_package).into(),
                (&entry.rule).into(),
                (&entry.subject).into(),
                entry.severity.word().into(),
                json(&(&entry.title.en, &entry.title.ja))?,
                now.into(),
            ],
        )?;
        Ok(())
    }

    /// Lists the faults of a host, open ones and, where wanted, those that are gone.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn posture(
        &mut self,
        scope: &Scope,
        agent: &str,
        with_resolved: bool,
    ) -> Result<Vec<PostureRecord>, StoreError> {
        self.query(
            &format!(
                "SELECT {COLUMNS} FROM posture WHERE account = ?1 AND region = ?2 AND agent = ?3 \
                 AND (?4 = 1 OR resolved_ms IS NULL) ORDER BY stable_key"
            ),
            &[(&scope.account).into(), (&scope.region).into(), agent.into(), with_resolved.into()],
            read,
        )
    }

    /// Finds since when a host has a fault.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn has_fault_since(
        &mut self,
        scope: &Scope,
        agent: &str,
        key: &FindingKey,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.query_one(
            "SELECT first_ms FROM posture WHERE account = ?1 AND region = ?2 AND agent = ?3 AND stable_key = ?4",
            &[(&scope.account).into(), (&scope.region).into(), agent.into(), (&key.0).into()],
            Row::time,
        )
    }
}
