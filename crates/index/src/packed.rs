//! Statements packed into numbers while they are collected.
//!
//! All vendors together make two million statements, and their texts repeat: a packed statement has 40 bytes, an
//! owned one ten times as many. Sorting compares the places of texts in alphabetical order, computed once.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use yagura_model::{Names, Statement, StatementState, Urgency};

use crate::builder::BuildError;
use crate::layout::NONE;

/// A statement in numbers of one [`Pool`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed {
    release: u32,
    package: u32,
    vulnerability: u32,
    feed: u32,
    channel: u32,
    module: u32,
    state: u32,
    note: u32,
    advisories: u32,
    pub(crate) names: Names,
    pub(crate) urgency: Urgency,
}

/// What the numbers stand for.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    texts: Vec<Arc<str>>,
    by_text: HashMap<Arc<str>, u32>,
    states: Vec<Arc<StatementState>>,
    by_state: HashMap<Arc<StatementState>, u32>,
    lists: Vec<Arc<[u32]>>,
    by_list: HashMap<Arc<[u32]>, u32>,
}

impl Pool {
    /// Packs a statement.
    pub(crate) fn pack(&mut self, statement: &Statement) -> Result<Packed, BuildError> {
        let advisories =
            statement.advisories.iter().map(|advisory| self.text(advisory)).collect::<Result<Vec<u32>, _>>()?;
        Ok(Packed {
            release: self.text(statement.release.as_str())?,
            package: self.text(&statement.package)?,
            vulnerability: self.text(&statement.vulnerability)?,
            feed: self.text(statement.feed.as_str())?,
            channel: self.optional(statement.channel.as_deref())?,
            module: self.optional(statement.module.as_deref())?,
            state: number(&mut self.states, &mut self.by_state, Arc::new(statement.state.clone()))?,
            note: self.optional(statement.note.as_deref())?,
            advisories: number(&mut self.lists, &mut self.by_list, advisories.into())?,
            names: statement.names,
            urgency: statement.urgency,
        })
    }

    fn text(&mut self, text: &str) -> Result<u32, BuildError> {
        if let Some(&known) = self.by_text.get(text) {
            return Ok(known);
        }
        number(&mut self.texts, &mut self.by_text, text.into())
    }

    fn optional(&mut self, text: Option<&str>) -> Result<u32, BuildError> {
        text.map_or(Ok(NONE), |text| self.text(text))
    }

    /// Sorts statements by what they are about, and of rivals keeps the one that claims most exposure.
    pub(crate) fn sort(&self, statements: &mut Vec<Packed>) {
        let mut order: Vec<u32> = (0..u32::try_from(self.texts.len()).unwrap_or(NONE)).collect();
        order.sort_unstable_by_key(|&text| self.at(text));
        let mut places = vec![0; self.texts.len()];
        for (place, text) in (1_u32..).zip(order) {
            if let Some(slot) = places.get_mut(position(text)) {
                *slot = place;
            }
        }
        // No text at all stands before every text.
        let place = |text: u32| places.get(position(text)).copied().unwrap_or_default();
        let key = |one: &Packed| {
            let Packed { release, package, vulnerability, feed, names, channel, module, .. } = one;
            let [release, package, vulnerability, feed] =
                [release, package, vulnerability, feed].map(|text| place(*text));
            (release, package, vulnerability, feed, *names, place(*channel), place(*module))
        };
        statements.sort_unstable_by(|a, b| key(a).cmp(&key(b)).then_with(|| self.claim(b, a)));
        statements.dedup_by(|later, kept| key(later) == key(kept));
    }

    /// Orders rival statements of one feed: first by how much exposure they claim, then by the rest,
    /// so that the choice never depends on the order in which they came.
    fn claim(&self, a: &Packed, b: &Packed) -> Ordering {
        let claim = |one: &Packed| (exposure(self.state(one)), self.state(one).clone(), one.urgency);
        claim(a)
            .cmp(&claim(b))
            .then_with(|| self.note(a).cmp(&self.note(b)))
            .then_with(|| self.advisories(a).cmp(self.advisories(b)))
    }

    fn at(&self, text: u32) -> &str {
        self.texts.get(position(text)).map_or("", |text| text)
    }

    fn known(&self, text: u32) -> Option<&str> {
        (text != NONE).then(|| self.at(text))
    }

    pub(crate) fn release(&self, statement: &Packed) -> &str {
        self.at(statement.release)
    }

    pub(crate) fn package(&self, statement: &Packed) -> &str {
        self.at(statement.package)
    }

    pub(crate) fn vulnerability(&self, statement: &Packed) -> &str {
        self.at(statement.vulnerability)
    }

    pub(crate) fn feed(&self, statement: &Packed) -> &str {
        self.at(statement.feed)
    }

    pub(crate) fn channel(&self, statement: &Packed) -> Option<&str> {
        self.known(statement.channel)
    }

    pub(crate) fn module(&self, statement: &Packed) -> Option<&str> {
        self.known(statement.module)
    }

    pub(crate) fn note(&self, statement: &Packed) -> Option<&str> {
        self.known(statement.note)
    }

    pub(crate) fn state(&self, statement: &Packed) -> &StatementState {
        self.states.get(position(statement.state)).map_or(&StatementState::UnderInvestigation, |state| state)
    }

    pub(crate) fn advisories(&self, statement: &Packed) -> impl Iterator<Item = &str> {
        let list = self.lists.get(position(statement.advisories));
        list.into_iter().flat_map(|list| list.iter()).map(|&text| self.at(text))
    }
}

/// Tells whether two statements are about the same package of the same release.
pub(crate) const fn same_package(a: &Packed, b: &Packed) -> bool {
    a.release == b.release && a.package == b.package
}

const fn exposure(state: &StatementState) -> u8 {
    match state {
        StatementState::NotAffected => 0,
        StatementState::UnderInvestigation => 1,
        StatementState::Fixed(_) => 2,
        StatementState::Affected(_) => 3,
        StatementState::EndOfLife => 4,
        StatementState::Postponed => 5,
        StatementState::WillNotFix => 6,
        StatementState::Open => 7,
    }
}

/// Returns the number of a value, a new one for a new value.
fn number<T: ?Sized + std::hash::Hash + Eq>(
    values: &mut Vec<Arc<T>>,
    numbers: &mut HashMap<Arc<T>, u32>,
    value: Arc<T>,
) -> Result<u32, BuildError> {
    if let Some(&known) = numbers.get(&value) {
        return Ok(known);
    }
    let number = match u32::try_from(values.len()) {
        Ok(number) if number < NONE => number,
        _ => return Err(BuildError::TooMany { what: "texts" }),
    };
    values.push(Arc::clone(&value));
    numbers.insert(value, number);
    Ok(number)
}

fn position(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_statement_is_small() {
        assert!(size_of::<Packed>() <= 40, "{}", size_of::<Packed>());
    }
}
