//! Reads the members of a request, and says what is wrong with one in the API's codes.
//!
//! Unknown members are passed over. A member of another type is a `SerializationException`; a
//! value beyond its bounds is an `InvalidInputException` with the code of that member, or a
//! `ValidationException` where the API has no code.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use jiff::Timestamp;
use serde_json::{Map, Value};
use yagura_app::service::{AppError, codes};
use yagura_model::Attribute;
use yagura_model::service::{Arn, ArnKind, Tag};

/// The members of a request.
#[derive(Debug, Clone, Default)]
pub struct Input {
    members: Map<String, Value>,
}

/// Keys of tags and attributes, in characters.
pub(crate) const KEY_CHARS: RangeInclusive<usize> = 1..=128;
/// Values of tags and attributes, in characters.
pub(crate) const VALUE_CHARS: RangeInclusive<usize> = 1..=256;
/// Names, in characters.
pub(crate) const NAME_CHARS: RangeInclusive<usize> = 1..=140;

/// The codes of a list of keys and values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PairCodes {
    /// Too many or too few.
    pub(crate) number: &'static str,
    /// A key beyond its bounds.
    pub(crate) key: &'static str,
    /// A value beyond its bounds.
    pub(crate) value: &'static str,
    /// The same key twice; `None` where that is allowed.
    pub(crate) twice: Option<&'static str>,
}

/// For attributes that users and templates give to findings.
pub(crate) const USER_ATTRIBUTES: PairCodes = PairCodes {
    number: codes::INVALID_NUMBER_OF_USER_ATTRIBUTES,
    key: codes::INVALID_USER_ATTRIBUTE_KEY,
    value: codes::INVALID_USER_ATTRIBUTE_VALUE,
    twice: Some(codes::INVALID_USER_ATTRIBUTE),
};

/// For tags of templates.
pub(crate) const TAGS: PairCodes = PairCodes {
    number: codes::INVALID_NUMBER_OF_TAGS,
    key: codes::INVALID_TAG_KEY,
    value: codes::INVALID_TAG_VALUE,
    twice: Some(codes::INVALID_TAG),
};

/// For tags of resource groups: the same key again is another alternative.
pub(crate) const RESOURCE_GROUP_TAGS: PairCodes = PairCodes {
    number: codes::INVALID_NUMBER_OF_RESOURCE_GROUP_TAGS,
    key: codes::INVALID_RESOURCE_GROUP_TAG_KEY,
    value: codes::INVALID_RESOURCE_GROUP_TAG_VALUE,
    twice: None,
};

/// The code for an ARN of the wrong form or kind.
pub(crate) const fn arn_code(kind: ArnKind) -> &'static str {
    match kind {
        ArnKind::ResourceGroup => codes::INVALID_RESOURCE_GROUP_ARN,
        ArnKind::Target => codes::INVALID_ASSESSMENT_TARGET_ARN,
        ArnKind::Template => codes::INVALID_ASSESSMENT_TEMPLATE_ARN,
        ArnKind::Run => codes::INVALID_ASSESSMENT_RUN_ARN,
        ArnKind::Finding => codes::INVALID_FINDING_ARN,
        ArnKind::Exclusion => codes::INVALID_RESOURCE_ARN,
        ArnKind::RulesPackage => codes::INVALID_RULES_PACKAGE_ARN,
    }
}

impl Input {
    /// Reads a body; an empty one has no members.
    ///
    /// # Errors
    /// `SerializationException` when it is no JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, AppError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self { members: Map::new() });
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self { members }),
            Ok(_) => Err(AppError::Serialization("the request body must be a JSON object".into())),
            Err(error) => Err(AppError::Serialization(format!("the request body is not valid JSON: {error}"))),
        }
    }

    /// Returns the request as it was sent, for the record.
    pub fn sent(&self) -> Value {
        Value::Object(self.members.clone())
    }

    /// A member that is there; null counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// The members of a structure; absent is empty.
    pub(crate) fn structure(&self, name: &str) -> Result<Option<Self>, AppError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Self { members: members.clone() })),
            Some(_) => Err(wrong_type(name, "a structure")),
        }
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, AppError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => plain(name, text).map(Some),
            Some(_) => Err(wrong_type(name, "a string")),
        }
    }

    /// A text that must be there and within its bounds, in characters.
    pub(crate) fn name(
        &self,
        name: &str,
        chars: RangeInclusive<usize>,
        code: &'static str,
    ) -> Result<String, AppError> {
        let text = self.text(name)?.ok_or_else(|| AppError::invalid(code, format!("`{name}` is missing")))?;
        bounded(name, text, &chars, code)?;
        Ok(text.to_owned())
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, AppError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => number.as_i64().map(Some).ok_or_else(|| wrong_type(name, "a whole number")),
            Some(_) => Err(wrong_type(name, "a number")),
        }
    }

    /// A time: epoch seconds as a number or as text, or RFC 3339.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, AppError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let seconds = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => match text.parse::<f64>() {
                Ok(seconds) => Some(seconds),
                Err(_) => return text.parse().map(Some).map_err(|_| wrong_type(name, "a timestamp")),
            },
            _ => None,
        };
        let seconds = seconds.filter(|seconds| seconds.is_finite()).ok_or_else(|| wrong_type(name, "a timestamp"))?;
        jiff::SignedDuration::try_from_secs_f64(seconds)
            .ok()
            .and_then(|since| Timestamp::from_duration(since).ok())
            // A binary fraction may lie just below the millisecond that was meant.
            .and_then(|at| at.round(jiff::Unit::Millisecond).ok())
            .map(Some)
            .ok_or_else(|| wrong_type(name, "a timestamp"))
    }

    /// A list of texts; absent is `None`.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, AppError> {
        let Some(values) = self.list(name)? else { return Ok(None) };
        let text = |value: &Value| match value {
            Value::String(text) => plain(name, text).map(str::to_owned),
            _ => Err(wrong_type(name, "a list of strings")),
        };
        values.iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// A list of texts whose number is bounded; absent is empty.
    pub(crate) fn texts_within(
        &self,
        name: &str,
        number: RangeInclusive<usize>,
        code: &'static str,
    ) -> Result<Vec<String>, AppError> {
        let texts = self.texts(name)?.unwrap_or_default();
        counted(name, texts.len(), &number, code)?;
        Ok(texts)
    }

    fn list(&self, name: &str) -> Result<Option<&Vec<Value>>, AppError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(values)) => Ok(Some(values)),
            Some(_) => Err(wrong_type(name, "a list")),
        }
    }

    /// An ARN of one kind that must be there.
    pub(crate) fn arn(&self, name: &str, kind: ArnKind) -> Result<Arn, AppError> {
        self.opt_arn(name, kind)?.ok_or_else(|| AppError::invalid(arn_code(kind), format!("`{name}` is missing")))
    }

    /// An ARN of one kind.
    pub(crate) fn opt_arn(&self, name: &str, kind: ArnKind) -> Result<Option<Arn>, AppError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        read_arn(text, kind).map(Some)
    }

    /// A list of ARNs of one kind, each of which must have its form; absent is empty.
    pub(crate) fn arns(
        &self,
        name: &str,
        kind: ArnKind,
        number: RangeInclusive<usize>,
        code: &'static str,
    ) -> Result<Vec<Arn>, AppError> {
        let texts = self.texts_within(name, number, code)?;
        texts.iter().map(|text| read_arn(text, kind)).collect()
    }

    /// A list of keys and values; absent is empty.
    pub(crate) fn pairs(
        &self,
        name: &str,
        number: RangeInclusive<usize>,
        codes: PairCodes,
    ) -> Result<Vec<(String, Option<String>)>, AppError> {
        let values = self.list(name)?.map_or(&[][..], Vec::as_slice);
        counted(name, values.len(), &number, codes.number)?;
        let mut pairs = Vec::with_capacity(values.len());
        let mut keys = BTreeSet::new();
        for value in values {
            let Value::Object(members) = value else { return Err(wrong_type(name, "a list of structures")) };
            let pair = Self { members: members.clone() };
            let key = pair.name("key", KEY_CHARS, codes.key)?;
            let value = pair.text("value")?.map(str::to_owned);
            if let Some(value) = &value {
                bounded("value", value, &VALUE_CHARS, codes.value)?;
            }
            if !keys.insert(key.clone())
                && let Some(twice) = codes.twice
            {
                return Err(AppError::invalid(twice, format!("the key `{key}` is given twice in `{name}`")));
            }
            pairs.push((key, value));
        }
        Ok(pairs)
    }

    /// A list of tags; absent is empty.
    pub(crate) fn tags(
        &self,
        name: &str,
        number: RangeInclusive<usize>,
        codes: PairCodes,
    ) -> Result<Vec<Tag>, AppError> {
        let pairs = self.pairs(name, number, codes)?;
        Ok(pairs.into_iter().map(|(key, value)| Tag { key, value }).collect())
    }

    /// A list of attributes; absent is empty.
    pub(crate) fn attributes(
        &self,
        name: &str,
        number: RangeInclusive<usize>,
        codes: PairCodes,
    ) -> Result<Vec<Attribute>, AppError> {
        let pairs = self.pairs(name, number, codes)?;
        Ok(pairs.into_iter().map(|(key, value)| Attribute { key, value: value.unwrap_or_default() }).collect())
    }

    /// A word of an enumeration; absent is `None`. The code is `None` where the API has none.
    pub(crate) fn word<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
        code: Option<&'static str>,
    ) -> Result<Option<T>, AppError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| unknown_word(name, text, code))
    }

    /// Refuses a `locale` other than the one that the API has.
    pub(crate) fn locale(&self) -> Result<(), AppError> {
        self.word("locale", |word| (word == "EN_US").then_some(()), Some(codes::INVALID_LOCALE)).map(drop)
    }
}

/// Reads an ARN of one kind.
pub(crate) fn read_arn(text: &str, kind: ArnKind) -> Result<Arn, AppError> {
    Arn::parse(text).filter(|arn| arn.kind() == kind).ok_or_else(|| {
        AppError::invalid(arn_code(kind), format!("`{}` is not an ARN of a {}", shown(text), kind.word()))
    })
}

/// A word that an enumeration does not have.
pub(crate) fn unknown_word(name: &str, word: &str, code: Option<&'static str>) -> AppError {
    match code {
        Some(code) => AppError::invalid(code, format!("`{}` is not a value of `{name}`", shown(word))),
        None => AppError::Validation(format!(
            "1 validation error detected: Value '{}' at '{name}' failed to satisfy constraint: Member must satisfy enum value set",
            shown(word)
        )),
    }
}

/// A text whose length is out of bounds, in characters.
pub(crate) fn bounded(
    name: &str,
    text: &str,
    chars: &RangeInclusive<usize>,
    code: &'static str,
) -> Result<(), AppError> {
    let length = text.chars().count();
    if chars.contains(&length) {
        return Ok(());
    }
    let (least, most) = (chars.start(), chars.end());
    Err(AppError::invalid(code, format!("`{name}` has {length} characters; it must have {least} to {most}")))
}

fn counted(name: &str, number: usize, allowed: &RangeInclusive<usize>, code: &'static str) -> Result<(), AppError> {
    if allowed.contains(&number) {
        return Ok(());
    }
    let (least, most) = (allowed.start(), allowed.end());
    Err(AppError::invalid(code, format!("`{name}` has {number} items; it must have {least} to {most}")))
}

fn wrong_type(name: &str, wanted: &str) -> AppError {
    AppError::Serialization(format!("`{name}` must be {wanted}"))
}

/// No database keeps a NUL, and no name needs one.
fn plain<'t>(name: &str, text: &'t str) -> Result<&'t str, AppError> {
    if text.contains('\0') {
        return Err(AppError::Serialization(format!("`{name}` must not contain a NUL character")));
    }
    Ok(text)
}

/// What a caller wrote, short enough to repeat.
fn shown(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 120;
    text.chars().take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(json: &str) -> Input {
        Input::parse(json.as_bytes()).unwrap()
    }

    fn code(result: Result<impl std::fmt::Debug, AppError>) -> &'static str {
        match result.unwrap_err() {
            AppError::Invalid { code, .. } => code,
            AppError::Serialization(_) => "SerializationException",
            AppError::Validation(_) => "ValidationException",
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_body_is_an_object_or_nothing() {
        assert!(Input::parse(b" \n").is_ok());
        assert_eq!(code(Input::parse(b"[1]")), "SerializationException");
        assert_eq!(code(Input::parse(b"{\"a\":")), "SerializationException");
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        let name = |text: &str| input(&format!("{{\"n\":\"{text}\"}}")).name("n", NAME_CHARS, "CODE");
        assert!(name(&"櫓".repeat(140)).is_ok());
        assert_eq!(code(name(&"櫓".repeat(141))), "CODE");
        assert_eq!(code(name("")), "CODE");
        assert_eq!(code(input("{\"n\":null}").name("n", NAME_CHARS, "CODE")), "CODE");
        assert_eq!(code(input("{\"n\":7}").name("n", NAME_CHARS, "CODE")), "SerializationException");
        assert_eq!(code(input("{\"n\":\"a\\u0000\"}").name("n", NAME_CHARS, "CODE")), "SerializationException");
    }

    #[test]
    fn times_come_in_three_forms() {
        let time = |json: &str| input(json).time("t").unwrap().unwrap().as_millisecond();
        assert_eq!(time("{\"t\":1458680170.035}"), 1_458_680_170_035);
        assert_eq!(time("{\"t\":\"1458680170.035\"}"), 1_458_680_170_035);
        assert_eq!(time("{\"t\":\"2016-03-22T20:56:10.035Z\"}"), 1_458_680_170_035);
        for bad in ["1e300", "\"soon\"", "true", "\"NaN\""] {
            assert_eq!(code(input(&format!("{{\"t\":{bad}}}")).time("t")), "SerializationException");
        }
    }

    #[test]
    fn pairs_have_a_code_for_each_fault() {
        let pairs = |json: &str| input(json).pairs("p", 1..=2, TAGS);
        assert_eq!(code(pairs("{}")), codes::INVALID_NUMBER_OF_TAGS);
        assert_eq!(code(pairs(r#"{"p":[{"key":""}]}"#)), codes::INVALID_TAG_KEY);
        assert_eq!(code(pairs(r#"{"p":[{"key":"a","value":""}]}"#)), codes::INVALID_TAG_VALUE);
        assert_eq!(code(pairs(r#"{"p":[{"key":"a"},{"key":"a","value":"b"}]}"#)), codes::INVALID_TAG);
        assert_eq!(code(pairs(r#"{"p":["a"]}"#)), "SerializationException");
        assert_eq!(pairs(r#"{"p":[{"key":"状況","value":"対応済み"}]}"#).unwrap()[0].0, "状況");
    }

    #[test]
    fn arns_are_of_the_kind_that_is_wanted() {
        let target = r#"{"a":"arn:aws:inspector:us-west-2:123456789012:target/0-0kFIPusq"}"#;
        assert!(input(target).arn("a", ArnKind::Target).is_ok());
        assert_eq!(code(input(target).arn("a", ArnKind::Run)), codes::INVALID_ASSESSMENT_RUN_ARN);
        assert_eq!(code(input("{}").arn("a", ArnKind::Finding)), codes::INVALID_FINDING_ARN);
    }
}
