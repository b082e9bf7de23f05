//! What a run could not judge.

use serde::{Deserialize, Serialize};
use yagura_model::service::{Id, Scope};
use yagura_model::{Attribute, LocalText};

use crate::shapes::Sentence;
use crate::tx::rows_of_marks;
use crate::value::json;
use crate::{Row, StoreError, Tx, Value};

/// What an exclusion reaches over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExclusionScope {
    /// One host.
    InstanceId,
    /// One rules package.
    RulesPackageArn,
}

impl ExclusionScope {
    /// Returns the API's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::InstanceId => "INSTANCE_ID",
            Self::RulesPackageArn => "RULES_PACKAGE_ARN",
        }
    }

    /// Reads the API's word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::InstanceId, Self::RulesPackageArn].into_iter().find(|kind| kind.word() == word)
    }
}

/// An exclusion as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredExclusion {
    /// `0-` and eight letters or digits, unique in its run.
    pub id: Id,
    /// One line.
    pub title: LocalText,
    /// What could not be checked, and why.
    pub description: LocalText,
    /// What to do about it.
    pub recommendation: LocalText,
    /// Which hosts and rules packages it reaches over, at least one.
    pub scopes: Vec<(ExclusionScope, String)>,
    /// The API's attributes.
    pub attributes: Vec<Attribute>,
}

/// The stored form of [`StoredExclusion`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Body {
    id: String,
    title: Sentence,
    description: Sentence,
    recommendation: Sentence,
    scopes: Vec<(String, String)>,
    attributes: Vec<(String, String)>,
}

impl From<&StoredExclusion> for Body {
    fn from(exclusion: &StoredExclusion) -> Self {
        Self {
            id: exclusion.id.as_str().to_owned(),
            title: (&exclusion.title).into(),
            description: (&exclusion.description).into(),
            recommendation: (&exclusion.recommendation).into(),
            scopes: exclusion.scopes.iter().map(|(kind, value)| (kind.word().to_owned(), value.clone())).collect(),
            attributes: exclusion
                .attributes
                .iter()
                .map(|attribute| (attribute.key.clone(), attribute.value.clone()))
                .collect(),
        }
    }
}

impl TryFrom<Body> for StoredExclusion {
    type Error = StoreError;

    fn try_from(body: Body) -> Result<Self, StoreError> {
        let scope = |(word, value): (String, String)| {
            let kind = ExclusionScope::from_word(&word)
                .ok_or_else(|| StoreError::Form(format!("`{word}` is no scope of an exclusion")))?;
            Ok((kind, value))
        };
        Ok(Self {
            id: Id::parse(&body.id).ok_or_else(|| StoreError::Form(format!("`{}` is no id", body.id)))?,
            title: body.title.into(),
            description: body.description.into(),
            recommendation: body.recommendation.into(),
            scopes: body.scopes.into_iter().map(scope).collect::<Result<_, StoreError>>()?,
            attributes: body.attributes.into_iter().map(|(key, value)| Attribute { key, value }).collect(),
        })
    }
}

fn read(row: &mut Row) -> Result<StoredExclusion, StoreError> {
    row.json::<Body>()?.try_into()
}

const ROWS_A_STATEMENT: usize = 200;

impl Tx<'_> {
    /// Puts exclusions of a run in and returns how many are new; one whose id the run already has
    /// stays as it is.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_exclusions(
        &mut self,
        scope: &Scope,
        run_seq: i64,
        exclusions: &[StoredExclusion],
    ) -> Result<u64, StoreError> {
        let mut added = 0;
        for batch in exclusions.chunks(ROWS_A_STATEMENT) {
            let mut values: Vec<Value> = Vec::with_capacity(batch.len() * 5);
            for exclusion in batch {
                values.extend([
                    (&scope.account).into(),
                    (&scope.region).into(),
                    run_seq.into(),
                    exclusion.id.as_str().into(),
                    json(&Body::from(exclusion))?,
                ]);
            }
            let sql = format!(
                "INSERT INTO exclusion (account, region, run_seq, id, body) VALUES {} \
                 ON CONFLICT (run_seq, id) DO NOTHING",
                rows_of_marks(batch.len(), 5)
            );
            added += self.execute(&sql, &values)?;
        }
        Ok(added)
    }

    /// Lists exclusions of a run by their ids, beginning after `after`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn exclusions(&mut self, run_seq: i64, after: &str, limit: usize) -> Result<Vec<StoredExclusion>, StoreError> {
        self.query(
            "SELECT body FROM exclusion WHERE run_seq = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
            &[run_seq.into(), after.into(), limit.into()],
            read,
        )
    }

    /// Counts the exclusions of a run.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_exclusions(&mut self, run_seq: i64) -> Result<u64, StoreError> {
        let count =
            self.query_one("SELECT COUNT(*) FROM exclusion WHERE run_seq = ?1", &[run_seq.into()], Row::count)?;
        Ok(count.unwrap_or_default())
    }

    /// Finds an exclusion of a run.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn exclusion(&mut self, scope: &Scope, run_seq: i64, id: &Id) -> Result<Option<StoredExclusion>, StoreError> {
        self.query_one(
            "SELECT body FROM exclusion WHERE run_seq = ?1 AND id = ?2 AND account = ?3 AND region = ?4",
            &[run_seq.into(), id.as_str().into(), (&scope.account).into(), (&scope.region).into()],
            read,
        )
    }
}
