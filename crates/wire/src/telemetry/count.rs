//! Counts messages and bytes by type.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::envelope::{Envelope, MessageType, SplitBegin, SplitPart};
use crate::bounds::TYPES_MAX;

/// Under which messages are counted whose type is no name, or one too many.
const OTHER: &str = "Other";
/// Characters of a type's name.
const NAME_CHARS_MAX: usize = 64;

/// How many messages of one type, and how many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TypeCount {
    /// Messages.
    pub count: u64,
    /// Bytes of their JSON.
    pub bytes: u64,
}

/// Messages and bytes by type.
///
/// A message that travels in parts counts once and with its own bytes; the frame around it counts with none. Chunks
/// can be counted each for itself and added up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts(BTreeMap<String, TypeCount>);

impl Counts {
    /// Goes through the types, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, TypeCount)> {
        self.0.iter().map(|(name, count)| (name.as_str(), *count))
    }

    /// Returns the count of one type.
    pub fn of(&self, kind: MessageType) -> TypeCount {
        self.0.get(kind.as_str()).copied().unwrap_or_default()
    }

    /// Returns the sum over all types.
    pub fn total(&self) -> TypeCount {
        self.0.values().fold(TypeCount::default(), |sum, one| TypeCount {
            count: sum.count.saturating_add(one.count),
            bytes: sum.bytes.saturating_add(one.bytes),
        })
    }

    /// Adds other counts.
    pub fn merge(&mut self, other: &Self) {
        for (name, count) in &other.0 {
            self.add(name, count.count, count.bytes);
        }
    }

    /// Counts one line; `length` is that of the line.
    pub(super) fn line(&mut self, envelope: &Envelope<'_>, length: usize) -> Result<(), serde_json::Error> {
        match envelope.known() {
            Some(MessageType::SplitBegin) => {
                let begin: SplitBegin = envelope.body()?;
                self.add(MessageType::SplitBegin.as_str(), 1, 0);
                self.add(&begin.of, 1, 0);
            }
            Some(MessageType::SplitPart) => {
                let part: SplitPart = envelope.body()?;
                self.add(&part.of, 0, bytes(part.text.len()));
            }
            Some(MessageType::SplitEnd) => self.add(MessageType::SplitEnd.as_str(), 1, 0),
            _ => self.add(&envelope.kind, 1, bytes(length)),
        }
        Ok(())
    }

    pub(super) fn add(&mut self, name: &str, count: u64, bytes: u64) {
        let is_name = name.len() <= NAME_CHARS_MAX && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let has_room = self.0.len() < TYPES_MAX || self.0.contains_key(name);
        let name = if is_name && has_room { name } else { OTHER };
        let entry = self.0.entry(name.to_owned()).or_default();
        entry.count = entry.count.saturating_add(count);
        entry.bytes = entry.bytes.saturating_add(bytes);
    }
}

pub(super) fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_types_do_not_fill_the_table() {
        let mut counts = Counts::default();
        for number in 0..1000 {
            counts.add(&format!("Made{number}"), 1, 10);
        }
        counts.add("no name at all", 1, 10);
        counts.add(&"x".repeat(NAME_CHARS_MAX + 1), 1, 10);
        assert_eq!(counts.0.len(), TYPES_MAX + 1);
        assert_eq!(counts.total(), TypeCount { count: 1002, bytes: 10_020 });
    }

    #[test]
    fn counts_of_chunks_add_up() {
        let mut one = Counts::default();
        one.add("InspectorUser", 2, 100);
        let mut two = Counts::default();
        two.add("InspectorUser", 1, 50);
        two.add("InspectorKernelModule", 1, 7);
        one.merge(&two);
        assert_eq!(one.of(MessageType::User), TypeCount { count: 3, bytes: 150 });
        assert_eq!(one.iter().count(), 2);
    }
}
