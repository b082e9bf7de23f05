//! JSON forms of small lists that stand in one column. The model's types have none of their own.

use serde::{Deserialize, Serialize};
use yagura_model::service::Tag;
use yagura_model::{Attribute, LocalText, Severity};

use crate::value::json;
use crate::{Row, StoreError, Value};

/// A key and a value, as short as can be.
#[derive(Debug, Serialize, Deserialize)]
struct Pair {
    k: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    v: Option<String>,
}

pub(crate) fn tags(tags: &[Tag]) -> Result<Value, StoreError> {
    let pairs: Vec<Pair> = tags.iter().map(|tag| Pair { k: tag.key.clone(), v: tag.value.clone() }).collect();
    json(&pairs)
}

pub(crate) fn read_tags(row: &mut Row) -> Result<Vec<Tag>, StoreError> {
    let pairs: Vec<Pair> = row.json()?;
    Ok(pairs.into_iter().map(|pair| Tag { key: pair.k, value: pair.v }).collect())
}

pub(crate) fn attributes(attributes: &[Attribute]) -> Result<Value, StoreError> {
    let pairs: Vec<Pair> = attributes
        .iter()
        .map(|attribute| Pair {
            k: attribute.key.clone(),
            v: Some(attribute.value.clone()).filter(|value| !value.is_empty()),
        })
        .collect();
    json(&pairs)
}

pub(crate) fn read_attributes(row: &mut Row) -> Result<Vec<Attribute>, StoreError> {
    let pairs: Vec<Pair> = row.json()?;
    Ok(pairs.into_iter().map(|pair| Attribute { key: pair.k, value: pair.v.unwrap_or_default() }).collect())
}

/// The `LIKE … ESCAPE '!'` pattern that finds a pair in a stored list of attributes; without a
/// value, any pair with the key.
///
/// It is exact: the pattern begins with a bare quote behind a brace, which within a JSON text is
/// always escaped, and ends with one.
pub(crate) fn pair_pattern(key: &str, value: Option<&str>) -> Result<Value, StoreError> {
    let pair = Pair { k: key.to_owned(), v: value.map(str::to_owned) };
    let text = serde_json::to_string(&pair).map_err(|error| StoreError::Form(error.to_string()))?;
    let text = if value.is_some() { text.as_str() } else { text.trim_end_matches('}') };
    Ok(format!("%{}%", crate::question::escaped(text)).into())
}

/// A sentence in both languages.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sentence {
    en: String,
    ja: String,
}

impl From<&LocalText> for Sentence {
    fn from(text: &LocalText) -> Self {
        Self { en: text.en.clone(), ja: text.ja.clone() }
    }
}

impl From<Sentence> for LocalText {
    fn from(text: Sentence) -> Self {
        Self::new(text.en, text.ja)
    }
}

/// Reads a severity that we wrote.
pub(crate) fn read_severity(row: &mut Row) -> Result<Severity, StoreError> {
    let word = row.text()?;
    Severity::from_word(&word).ok_or_else(|| StoreError::Form(format!("`{word}` is no severity")))
}

/// Adds a count to the place of its severity.
pub(crate) fn add_count(counts: &mut [u64; 5], severity: Severity, more: u64) {
    for (known, count) in Severity::ALL.into_iter().zip(counts) {
        if known == severity {
            *count = count.saturating_add(more);
        }
    }
}

/// Reads an id that we wrote.
pub(crate) fn read_id(row: &mut Row) -> Result<yagura_model::service::Id, StoreError> {
    let text = row.text()?;
    yagura_model::service::Id::parse(&text).ok_or_else(|| StoreError::Form(format!("`{text}` is no id")))
}

/// Reads an id that we wrote, or nothing.
pub(crate) fn read_opt_id(row: &mut Row) -> Result<Option<yagura_model::service::Id>, StoreError> {
    let Some(text) = row.opt_text()? else { return Ok(None) };
    yagura_model::service::Id::parse(&text).map(Some).ok_or_else(|| StoreError::Form(format!("`{text}` is no id")))
}

/// Reads an account and a region that we wrote.
pub(crate) fn read_scope(row: &mut Row) -> Result<yagura_model::service::Scope, StoreError> {
    let (account, region) = (row.text()?, row.text()?);
    yagura_model::service::Scope::new(&account, &region)
        .ok_or_else(|| StoreError::Form(format!("`{account}` and `{region}` are no scope")))
}
