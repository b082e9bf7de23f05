//! Small shapes that several answers have.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use yagura_app::service::exclusion::Exclusion;
use yagura_app::service::run_agent::Telemetry;
use yagura_model::Attribute;
use yagura_model::service::Tag;

/// A time on the wire: epoch seconds with up to three decimals.
pub(crate) fn time(at: Timestamp) -> Value {
    let milliseconds = at.as_millisecond();
    let (seconds, rest) = (milliseconds.div_euclid(1_000), milliseconds.rem_euclid(1_000));
    // Through text, so that no binary fraction shows.
    serde_json::from_str(&format!("{seconds}.{rest:03}")).unwrap_or(Value::Null)
}

/// Tags on the wire.
pub(crate) fn tags(tags: &[Tag]) -> Value {
    tags.iter().map(|tag| pair(&tag.key, tag.value.as_deref())).collect()
}

/// Attributes on the wire; one without a value has none there either.
pub(crate) fn attributes(attributes: &[Attribute]) -> Value {
    attributes
        .iter()
        .map(|attribute| pair(&attribute.key, Some(attribute.value.as_str()).filter(|value| !value.is_empty())))
        .collect()
}

/// Longest text of the API's model, in characters.
pub(crate) const LONG_CHARS_MAX: usize = 20_000;
/// Rows of telemetry that the model allows.
pub(crate) const TELEMETRY_MAX: usize = 5_000;

/// Attributes on the wire, as many and as long as the model allows; one without a key is none.
pub(crate) fn bounded_attributes(attributes: &[Attribute], number_max: usize) -> Value {
    const KEY_CHARS_MAX: usize = 128;
    const VALUE_CHARS_MAX: usize = 256;
    let bounded = |attribute: &Attribute| {
        let key = cut(&attribute.key, KEY_CHARS_MAX)?;
        Some(pair(&key, cut(&attribute.value, VALUE_CHARS_MAX).as_deref()))
    };
    attributes.iter().filter_map(bounded).take(number_max).collect()
}

/// An exclusion on the wire, without its name.
pub(crate) fn exclusion(exclusion: &Exclusion) -> Map<String, Value> {
    const ATTRIBUTES_MAX: usize = 50;
    let text = |text: &str| cut(text, LONG_CHARS_MAX).unwrap_or_default();
    let scopes: Vec<Value> =
        exclusion.scopes.iter().map(|(kind, value)| json!({"key": kind.word(), "value": value})).collect();
    object(json!({
        "title": text(&exclusion.title.en),
        "description": text(&exclusion.description.en),
        "recommendation": text(&exclusion.recommendation.en),
        "scopes": scopes,
        "attributes": bounded_attributes(&exclusion.attributes, ATTRIBUTES_MAX),
    }))
}

/// How much of one type of message was sent, on the wire; one without a name is none.
pub(crate) fn telemetry(row: &Telemetry) -> Option<Value> {
    const TYPE_CHARS_MAX: usize = 300;
    let message_type = cut(&row.message_type, TYPE_CHARS_MAX)?;
    Some(json!({"messageType": message_type, "count": row.messages, "dataSize": row.bytes}))
}

fn pair(key: &str, value: Option<&str>) -> Value {
    let mut pair = Map::new();
    pair.insert("key".into(), key.into());
    if let Some(value) = value {
        pair.insert("value".into(), value.into());
    }
    Value::Object(pair)
}

/// Why one item of a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemFailure {
    /// Not of the form of that kind of ARN.
    InvalidArn,
    /// Given twice.
    Duplicate,
    /// There is no such thing in this account and region.
    DoesNotExist,
    /// The caller has no right to it.
    AccessDenied,
    /// It would have more than it may.
    LimitExceeded,
}

impl ItemFailure {
    const fn word(self) -> &'static str {
        match self {
            Self::InvalidArn => "INVALID_ARN",
            Self::Duplicate => "DUPLICATE_ARN",
            Self::DoesNotExist => "ITEM_DOES_NOT_EXIST",
            Self::AccessDenied => "ACCESS_DENIED",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
        }
    }
}

/// The items of a request that failed, by their ARN as it was given.
#[derive(Debug, Default)]
pub(crate) struct FailedItems(Map<String, Value>);

impl FailedItems {
    /// Notes an item.
    pub(crate) fn add(&mut self, arn: &str, failure: ItemFailure) {
        // None of these passes by itself; an internal fault fails the whole request.
        self.0.insert(arn.to_owned(), json!({"failureCode": failure.word(), "retryable": false}));
    }

    /// The map on the wire; empty when nothing failed.
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// Puts a member in where there is a value: what is absent is left out, not null.
pub(crate) fn put(members: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value.into());
    }
}

/// Cuts a text at a number of characters; an empty one is none.
pub(crate) fn cut(text: &str, chars_max: usize) -> Option<String> {
    (!text.is_empty()).then(|| text.chars().take(chars_max).collect())
}

/// Makes an object of members.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_show_milliseconds_and_no_more() {
        let at = |ms| time(Timestamp::from_millisecond(ms).unwrap()).to_string();
        assert_eq!(at(1_458_680_170_035), "1458680170.035");
        assert_eq!(at(1_458_680_170_100), "1458680170.1");
        assert_eq!(at(0), "0.0");
    }
}
