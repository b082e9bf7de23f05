//! Findings: put in by the run engine, shown one by one, marked by users.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yagura_model::service::{Id, Scope};
use yagura_model::{Attribute, FindingKey, LocalText, Severity};

use crate::shapes::{Sentence, attributes, read_attributes, read_id, read_scope, read_severity};
use crate::tx::rows_of_marks;
use crate::value::json;
use crate::{Row, StoreError, Tx, Value};

/// A finding as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFinding {
    /// The store's own number; newer findings have greater ones. Not read when one is put in.
    pub seq: i64,
    /// Account and region.
    pub scope: Scope,
    /// The number of its run.
    pub run_seq: i64,
    /// `0-` and eight letters or digits, unique in its run.
    pub id: Id,
    /// The host's agent.
    pub agent: String,
    /// The Auto Scaling group of the host.
    pub scaling_group: Option<String>,
    /// ARN of the rules package.
    pub rules_package: String,
    /// The API's `id`: the CVE id, or the rule's name.
    pub rule: String,
    /// How urgent.
    pub severity: Severity,
    /// Recognises the same fault across runs.
    pub key: FindingKey,
    /// One line.
    pub title: LocalText,
    /// The long texts, which many findings share.
    pub text: FindingText,
    /// The API's attributes.
    pub attributes: Vec<Attribute>,
    /// What shows it, as JSON.
    pub evidence: String,
    /// What the template and users put on it.
    pub user_attributes: Vec<Attribute>,
    /// When it was found.
    pub created_at: Timestamp,
    /// When its user attributes changed last.
    pub updated_at: Timestamp,
}

/// The long texts of a finding, kept once for all findings that have the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindingText {
    /// What is wrong and why it matters.
    pub description: LocalText,
    /// What to do.
    pub recommendation: LocalText,
    /// Which fact decided the severity.
    pub severity_reason: LocalText,
}

/// The stored form of [`FindingText`].
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    d: Sentence,
    r: Sentence,
    s: Sentence,
}

impl FindingText {
    /// The JSON that is kept, and its SHA-256, by which it is found.
    fn kept(&self) -> Result<(String, String), StoreError> {
        let body =
            Body { d: (&self.description).into(), r: (&self.recommendation).into(), s: (&self.severity_reason).into() };
        let body = serde_json::to_string(&body).map_err(|error| StoreError::Form(error.to_string()))?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes());
        Ok((digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(), body))
    }
}

impl From<Body> for FindingText {
    fn from(body: Body) -> Self {
        Self { description: body.d.into(), recommendation: body.r.into(), severity_reason: body.s.into() }
    }
}

/// What a finding is read from; the order of [`read`].
pub(crate) const COLUMNS: &str = "f.seq, f.account, f.region, f.run_seq, f.id, f.agent, f.scaling_group, \
     f.rules_package, f.rule, f.severity, f.stable_key, f.title, t.body, f.attributes, f.evidence, f.user_attributes, \
     f.created_ms, f.updated_ms";
/// Where a finding is read from.
pub(crate) const TABLES: &str = "finding f JOIN finding_text t ON t.account = f.account AND t.digest = f.text_digest";

pub(crate) fn read(row: &mut Row) -> Result<StoredFinding, StoreError> {
    Ok(StoredFinding {
        seq: row.int()?,
        scope: read_scope(row)?,
        run_seq: row.int()?,
        id: read_id(row)?,
        agent: row.text()?,
        scaling_group: row.opt_text()?,
        rules_package: row.text()?,
        rule: row.text()?,
        severity: read_severity(row)?,
        key: FindingKey(row.text()?),
        title: row.json::<Sentence>()?.into(),
        text: row.json::<Body>()?.into(),
        attributes: read_attributes(row)?,
        evidence: row.text()?,
        user_attributes: read_attributes(row)?,
        created_at: row.time()?,
        updated_at: row.time()?,
    })
}

/// Rows a statement. PostgreSQL pays a round trip a statement, and both bound the values of one.
const ROWS_A_STATEMENT: usize = 200;
const FINDING_COLUMNS: usize = 18;
/// The attribute that names the package of a flaw.
pub(crate) const PACKAGE_NAME: &str = "package_name";

/// The attribute that has a column of its own, so that "which hosts have it" is a look-up.
fn package_name(finding: &StoredFinding) -> Option<&str> {
    let mut attributes = finding.attributes.iter();
    attributes.find(|attribute| attribute.key == PACKAGE_NAME).map(|attribute| attribute.value.as_str())
}

impl Tx<'_> {
    /// Puts findings in and returns how many of them are new. One whose id its run already has
    /// stays as it is, so the same batch may be put in twice.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_findings(&mut self, findings: &[StoredFinding]) -> Result<u64, StoreError> {
        let mut added = 0;
        for batch in findings.chunks(ROWS_A_STATEMENT) {
            let digests = self.insert_texts(batch)?;
            let new = self.insert_rows(batch, &digests)?;
            self.insert_user_attributes(batch, &new)?;
            self.widen_spans(batch, &new)?;
            added += u64::try_from(new.len()).unwrap_or_default();
        }
        Ok(added)
    }

    /// Keeps the long texts and returns the digest of each finding's, in order.
    fn insert_texts(&mut self, batch: &[StoredFinding]) -> Result<Vec<String>, StoreError> {
        let mut digests = Vec::with_capacity(batch.len());
        let mut texts = std::collections::BTreeMap::new();
        for account in batch.iter().map(|finding| &finding.scope.account).collect::<std::collections::BTreeSet<_>>() {
            // A text that is there must not go before the finding that needs it is seen.
            self.share(&crate::retention::texts_lock(account))?;
        }
        for finding in batch {
            let (digest, body) = finding.text.kept()?;
            texts.insert((finding.scope.account.as_str(), digest.clone()), body);
            digests.push(digest);
        }
        let rows = texts.len();
        let values: Vec<Value> = texts
            .into_iter()
            .flat_map(|((account, digest), body)| [account.into(), digest.into(), body.into()])
            .collect();
        // In the order of the key, so that two servers that keep the same texts wait for each
        // other instead of for ever.
        let sql = format!(
            "INSERT INTO finding_text (account, digest, body) VALUES {} ON CONFLICT (account, digest) DO NOTHING",
            rows_of_marks(rows, 3)
        );
        self.execute(&sql, &values)?;
        Ok(digests)
    }

    /// Puts rows in and returns number, run and id of those that are new.
    fn insert_rows(&mut self, batch: &[StoredFinding], digests: &[String]) -> Result<Vec<(i64, i64, Id)>, StoreError> {
        let mut values: Vec<Value> = Vec::with_capacity(batch.len() * FINDING_COLUMNS);
        for (finding, digest) in batch.iter().zip(digests) {
            values.extend([
                (&finding.scope.account).into(),
                (&finding.scope.region).into(),
                finding.run_seq.into(),
                finding.id.as_str().into(),
                (&finding.agent).into(),
                finding.scaling_group.clone().into(),
                (&finding.rules_package).into(),
                (&finding.rule).into(),
                finding.severity.word().into(),
                (&finding.key.0).into(),
                json(&Sentence::from(&finding.title))?,
                digest.into(),
                attributes(&finding.attributes)?,
                (&finding.evidence).into(),
                attributes(&finding.user_attributes)?,
                finding.created_at.into(),
                finding.updated_at.into(),
                package_name(finding).into(),
            ]);
        }
        let sql = format!(
            "INSERT INTO finding (account, region, run_seq, id, agent, scaling_group, rules_package, rule, severity, \
             stable_key, title, text_digest, attributes, evidence, user_attributes, created_ms, updated_ms, \
             package_name) VALUES {} \
             ON CONFLICT (run_seq, id) DO NOTHING RETURNING seq, run_seq, id",
            rows_of_marks(batch.len(), FINDING_COLUMNS)
        );
        self.query(&sql, &values, |row| Ok((row.int()?, row.int()?, read_id(row)?)))
    }

    fn insert_user_attributes(&mut self, batch: &[StoredFinding], new: &[(i64, i64, Id)]) -> Result<(), StoreError> {
        let mut rows: Vec<(&Scope, i64, &Attribute)> = Vec::new();
        for (seq, run_seq, id) in new {
            let Some(finding) = batch.iter().find(|finding| finding.run_seq == *run_seq && finding.id == *id) else {
                continue;
            };
            rows.extend(finding.user_attributes.iter().map(|attribute| (&finding.scope, *seq, attribute)));
        }
        for rows in rows.chunks(ROWS_A_STATEMENT) {
            let values: Vec<Value> = rows
                .iter()
                .flat_map(|(scope, seq, attribute)| {
                    [
                        (&scope.account).into(),
                        (&scope.region).into(),
                        (*seq).into(),
                        (&attribute.key).into(),
                        (&attribute.value).into(),
                    ]
                })
                .collect();
            let sql = format!(
                "INSERT INTO finding_attribute (account, region, finding_seq, key, value) VALUES {} \
                 ON CONFLICT (finding_seq, key) DO NOTHING",
                rows_of_marks(rows.len(), 5)
            );
            self.execute(&sql, &values)?;
        }
        Ok(())
    }

    /// Notes between which numbers and times the findings of their runs lie.
    fn widen_spans(&mut self, batch: &[StoredFinding], new: &[(i64, i64, Id)]) -> Result<(), StoreError> {
        let mut runs: Vec<(&Scope, i64)> = batch.iter().map(|finding| (&finding.scope, finding.run_seq)).collect();
        runs.sort_unstable();
        runs.dedup();
        for (scope, run_seq) in runs {
            let numbers = || new.iter().filter(|(_, run, _)| *run == run_seq).map(|(seq, _, _)| *seq);
            let times = || batch.iter().filter(|finding| finding.run_seq == run_seq).map(|finding| finding.created_at);
            let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else { continue };
            self.execute(
                "INSERT INTO finding_span (account, region, run_seq, first_seq, last_seq, first_ms, last_ms) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (run_seq) DO UPDATE SET \
                 first_seq = CASE WHEN excluded.first_seq < finding_span.first_seq THEN excluded.first_seq \
                 ELSE finding_span.first_seq END, \
                 last_seq = CASE WHEN excluded.last_seq > finding_span.last_seq THEN excluded.last_seq \
                 ELSE finding_span.last_seq END, \
                 first_ms = CASE WHEN excluded.first_ms < finding_span.first_ms THEN excluded.first_ms \
                 ELSE finding_span.first_ms END, \
                 last_ms = CASE WHEN excluded.last_ms > finding_span.last_ms THEN excluded.last_ms \
                 ELSE finding_span.last_ms END",
                &[
                    (&scope.account).into(),
                    (&scope.region).into(),
                    run_seq.into(),
                    first.into(),
                    last.into(),
                    times().min().into(),
                    times().max().into(),
                ],
            )?;
        }
        Ok(())
    }

    /// Finds a finding of a run, whether the run is published or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finding(&mut self, scope: &Scope, run_seq: i64, id: &Id) -> Result<Option<StoredFinding>, StoreError> {
        self.query_one(
            &format!(
                "SELECT {COLUMNS} FROM {TABLES} WHERE f.run_seq = ?1 AND f.id = ?2 AND f.account = ?3 AND f.region = ?4"
            ),
            &[run_seq.into(), id.as_str().into(), (&scope.account).into(), (&scope.region).into()],
            read,
        )
    }

    /// Tells when the same fault was found first, whatever the run.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn first_seen(&mut self, account: &str, key: &FindingKey) -> Result<Option<Timestamp>, StoreError> {
        self.query_one(
            "SELECT created_ms FROM finding WHERE account = ?1 AND stable_key = ?2 ORDER BY seq LIMIT 1",
            &[account.into(), (&key.0).into()],
            Row::time,
        )
    }

    /// Gives a finding attributes: one whose key it has gets the new value. Returns all that it
    /// has then.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_user_attributes(
        &mut self,
        finding: &StoredFinding,
        new: &[Attribute],
        at: Timestamp,
    ) -> Result<Vec<Attribute>, StoreError> {
        let mut all = self.take_user_attributes(finding.seq)?;
        for attribute in new {
            match all.iter_mut().find(|known| known.key == attribute.key) {
                Some(known) => known.value.clone_from(&attribute.value),
                None => all.push(attribute.clone()),
            }
        }
        self.set_user_attributes(finding, &all, at)?;
        Ok(all)
    }

    /// Takes attributes from a finding; keys that it does not have are passed over. Returns how
    /// many were taken.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove_user_attributes(
        &mut self,
        finding: &StoredFinding,
        keys: &[String],
        at: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut rest = self.take_user_attributes(finding.seq)?;
        let before = rest.len();
        rest.retain(|attribute| !keys.contains(&attribute.key));
        let taken = before - rest.len();
        if taken > 0 {
            self.set_user_attributes(finding, &rest, at)?;
        }
        Ok(taken)
    }

    /// What a finding has now, which may be more than when it was read; nobody else changes it
    /// until this transaction ends.
    fn take_user_attributes(&mut self, seq: i64) -> Result<Vec<Attribute>, StoreError> {
        let sql = format!("SELECT user_attributes FROM finding WHERE seq = ?1{}", self.for_change());
        Ok(self.query_one(&sql, &[seq.into()], read_attributes)?.unwrap_or_default())
    }

    fn set_user_attributes(
        &mut self,
        finding: &StoredFinding,
        all: &[Attribute],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(
            "UPDATE finding SET user_attributes = ?2, updated_ms = ?3 WHERE seq = ?1",
            &[finding.seq.into(), attributes(all)?, at.into()],
        )?;
        self.execute("DELETE FROM finding_attribute WHERE finding_seq = ?1", &[finding.seq.into()])?;
        let changed = StoredFinding { user_attributes: all.to_vec(), ..finding.clone() };
        let number = (changed.seq, changed.run_seq, changed.id.clone());
        self.insert_user_attributes(&[changed], &[number])
    }
}
