//! JSON read with borrowed strings and bounded lists.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::ParseError;

/// A string, borrowed from the document unless it holds escapes.
///
/// `Option<Cow<str>>` would always copy: serde borrows a `Cow` only where it stands bare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Str<'a>(Cow<'a, str>);

impl Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StrVisitor;
        impl<'de> Visitor<'de> for StrVisitor {
            type Value = Str<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E>(self, text: String) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(StrVisitor)
    }
}

/// The first `MAX` elements of a list, and whether there were more. A `null` is an empty list.
#[derive(Debug, Clone)]
pub(crate) struct List<T, const MAX: usize> {
    pub(crate) items: Vec<T>,
    pub(crate) over: bool,
}

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self { items: Vec::new(), over: false }
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T, const MAX: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for ListVisitor<T, MAX> {
            type Value = List<T, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(List::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = List::default();
                while list.items.len() < MAX {
                    match seq.next_element()? {
                        Some(item) => list.items.push(item),
                        None => return Ok(list),
                    }
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    list.over = true;
                }
                Ok(list)
            }
        }
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// The first `MAX` members of an object in the order of the document, and whether there were
/// more. A `null` is an empty object.
#[derive(Debug, Clone)]
pub(crate) struct Members<'a, T, const MAX: usize> {
    pub(crate) items: Vec<(Str<'a>, T)>,
    pub(crate) over: bool,
}

impl<T, const MAX: usize> Default for Members<'_, T, MAX> {
    fn default() -> Self {
        Self { items: Vec::new(), over: false }
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Members<'a, T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor<'a, T, const MAX: usize>(PhantomData<(&'a (), T)>);
        impl<'de: 'a, 'a, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for MembersVisitor<'a, T, MAX> {
            type Value = Members<'a, T, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Members::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Members::default();
                while members.items.len() < MAX {
                    match map.next_entry()? {
                        Some(member) => members.items.push(member),
                        None => return Ok(members),
                    }
                }
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    members.over = true;
                }
                Ok(members)
            }
        }
        deserializer.deserialize_any(MembersVisitor(PhantomData))
    }
}

/// Says why a whole entry is not the JSON that it should be.
pub(crate) fn malformed(entry: &str, format: &'static str, error: &serde_json::Error) -> ParseError {
    let at = match error.line() {
        0 => String::new(),
        line => format!(" at line {line} column {}", error.column()),
    };
    ParseError::Malformed { entry: entry.to_owned(), format, at, why: reason(error) }
}

/// Returns serde_json's message without the position, which is meaningless inside one record.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(cut) => text.get(..cut).unwrap_or(&text).to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_borrowed_unless_escaped() {
        let list: List<Str<'_>, 8> = serde_json::from_str(r#"["plain", "a\nb"]"#).unwrap();
        assert!(matches!(&list.items[0].0, Cow::Borrowed("plain")));
        assert!(matches!(&list.items[1].0, Cow::Owned(text) if text == "a\nb"));
    }

    #[test]
    fn lists_stop_at_their_bound_and_say_so() {
        let full: List<u32, 3> = serde_json::from_str("[1,2,3]").unwrap();
        assert_eq!((full.items.len(), full.over), (3, false));
        let over: List<u32, 3> = serde_json::from_str("[1,2,3,{\"a\":[]}]").unwrap();
        assert_eq!((over.items, over.over), (vec![1, 2, 3], true));
        let null: List<u32, 3> = serde_json::from_str("null").unwrap();
        assert!(null.items.is_empty());
        assert!(serde_json::from_str::<List<u32, 3>>("[1,2").is_err());
    }

    #[test]
    fn objects_keep_their_order_and_stop_at_their_bound() {
        let full: Members<'_, u32, 2> = serde_json::from_str(r#"{"b":1,"a":2}"#).unwrap();
        assert_eq!(full.items.iter().map(|(key, value)| (&**key, *value)).collect::<Vec<_>>(), [("b", 1), ("a", 2)]);
        let over: Members<'_, u32, 2> = serde_json::from_str(r#"{"b":1,"a":2,"c":{"d":[]}}"#).unwrap();
        assert_eq!((full.over, over.items.len(), over.over), (false, 2, true));
        let null: Members<'_, u32, 2> = serde_json::from_str("null").unwrap();
        assert!(null.items.is_empty());
        assert!(serde_json::from_str::<Members<'_, u32, 2>>(r#"{"a":1"#).is_err());
    }

    #[test]
    fn errors_name_the_place_once() {
        let error = serde_json::from_str::<u32>("{").unwrap_err();
        let text = malformed("a.json", "test JSON", &error).to_string();
        assert_eq!(text, "`a.json` is not a valid test JSON at line 1 column 0: invalid type: map, expected u32");
    }
}
