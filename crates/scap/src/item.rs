//! What a collector found: items, each a list of named values.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::field::{Field, words};

/// The most items that one object may hold; a collector stops there and says [`Flag::Incomplete`].
pub const ITEMS_MAX: usize = 1_000_000;

words! {
    /// The types of values.
    Datatype {
        String = "string",
        Int = "int",
        Boolean = "boolean",
        Float = "float",
        Version = "version",
        EvrString = "evr_string",
        DebianEvrString = "debian_evr_string",
        FilesetRevision = "fileset_revision",
        IosVersion = "ios_version",
        Ipv4Address = "ipv4_address",
        Ipv6Address = "ipv6_address",
        Binary = "binary",
        Record = "record",
    }
}

/// One value: of an item, of a variable, or written in content.
///
/// What is neither an integer nor a boolean is text; the type that drives a comparison is the
/// state's, see [`Datatype`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Value {
    /// An integer.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// Everything else, shared where many items hold the same.
    Text(#[serde(with = "shared_text")] Arc<str>),
}

mod shared_text {
    use std::sync::Arc;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(deserializer).map(Arc::from)
    }
}

impl Value {
    /// The value as text: integers in decimal, booleans as `true` and `false`.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Int(number) => Cow::Owned(number.to_string()),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }
}

impl Value {
    /// The same as text, shared where it is text already.
    pub(crate) fn to_text(&self) -> Self {
        match self {
            Self::Text(_) => self.clone(),
            other => Self::from(other.text().into_owned()),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

words! {
    /// Whether an item, or one value of it, is there.
    Status {
        Exists = "exists",
        DoesNotExist = "does not exist",
        Error = "error",
        NotCollected = "not collected",
    }
}

words! {
    /// How complete a collection is; the flag of an object, and of a variable.
    Flag {
        Complete = "complete",
        Incomplete = "incomplete",
        DoesNotExist = "does not exist",
        Error = "error",
        NotCollected = "not collected",
        NotApplicable = "not applicable",
    }
}

/// One value of an item under its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Which entity.
    pub field: Field,
    /// Whether it is there; a value of another status is not looked at.
    pub status: Status,
    /// What it is; several entries of one name are several values.
    pub value: Value,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    /// Whether it is there; nearly always it is, or there would be no item.
    pub status: Status,
    /// Its values in the order of the standard's schema; several of one name stand one after another.
    pub entries: Vec<Entry>,
    /// What went wrong with this item; for people.
    pub message: Option<Box<str>>,
}

impl Item {
    /// An item that exists, without values yet.
    #[must_use]
    pub fn new() -> Self {
        Self { status: Status::Exists, entries: Vec::new(), message: None }
    }

    /// An item that could not be read; it makes existence tests an error.
    #[must_use]
    pub fn error(message: impl Into<Box<str>>) -> Self {
        Self { status: Status::Error, entries: Vec::new(), message: Some(message.into()) }
    }

    /// Adds a value.
    #[must_use]
    pub fn with(mut self, field: Field, value: impl Into<Value>) -> Self {
        self.push(field, value);
        self
    }

    /// Adds a value.
    pub fn push(&mut self, field: Field, value: impl Into<Value>) {
        self.entries.push(Entry { field, status: Status::Exists, value: value.into() });
    }

    /// Adds an entity that is known not to be there: it compares as false, where a missing one compares as unknown.
    pub fn push_absent(&mut self, field: Field) {
        self.push_status(field, Status::DoesNotExist);
    }

    /// Adds an entity without a value.
    pub fn push_status(&mut self, field: Field, status: Status) {
        self.entries.push(Entry { field, status, value: Value::Bool(false) });
    }

    /// The first existing value of a name.
    #[must_use]
    pub fn value(&self, field: Field) -> Option<&Value> {
        let mut entries = self.entries.iter();
        entries.find(|entry| entry.field == field && entry.status == Status::Exists).map(|entry| &entry.value)
    }
}

impl Default for Item {
    fn default() -> Self {
        Self::new()
    }
}

/// What filters look at: an [`Item`], or whatever a collector knows before it builds one.
///
/// A collector that walks a million files implements this over its `lstat` result and asks
/// [`crate::Object::keeps`] first, so that only files that survive the filters become items.
pub trait Facts {
    /// Calls `each` for every value of a name; for one that the thing does not have, never.
    fn each(&self, field: Field, each: &mut dyn FnMut(Status, &Value));
}

impl Facts for Item {
    fn each(&self, field: Field, each: &mut dyn FnMut(Status, &Value)) {
        for entry in self.entries.iter().filter(|entry| entry.field == field) {
            each(entry.status, &entry.value);
        }
    }
}
