//! States with their variables resolved, and whether a thing is as they say.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Session, World};
use crate::compare::{Operation, compare_value};
use crate::field::Field;
use crate::item::{Datatype, Facts, Flag, Status, Value};
use crate::object::Judge;
use crate::oval::{Place, Source, StateEntity, at};
use crate::pattern::{Pattern, PatternOptions};
use crate::truth::{Check, Operator, Tally, Truth};

/// From how many values on a hash set is worth its making.
const SET_FROM: usize = 8;

/// A state that can be compared with.
#[derive(Debug)]
pub(crate) struct ReadyState {
    operator: Operator,
    entities: Vec<ReadyEntity>,
    purpose: Purpose,
}

/// What a state is compared for. The reference compares in two places, and they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Values of variables compare in the variable's type; an entity that an item lacks is unknown.
    Test,
    /// Values of variables compare in the state's type; an entity that an item lacks is false, and
    /// one of another type than the state's cannot be compared.
    Filter,
}

#[derive(Debug)]
struct ReadyEntity {
    field: Option<Field>,
    operation: Operation,
    datatype: Datatype,
    entity_check: Check,
    var_check: Check,
    wanted: Wanted,
}

#[derive(Debug)]
enum Wanted {
    /// There but empty.
    Nil,
    /// A variable without values to compare with.
    Failed,
    /// The values, and the compiled pattern of each for a pattern match.
    Values { values: Arc<[Value]>, patterns: Vec<Option<Pattern>> },
    /// "Equals at least one of many": a look-up instead of a comparison each.
    OneOf { integers: HashSet<i64>, texts: HashSet<Arc<str>>, values: Arc<[Value]> },
}

impl ReadyState {
    /// Whether a thing is as the state says.
    pub(crate) fn judge_thing(&self, thing: &dyn Facts) -> Truth {
        let tally: Tally = self.entities.iter().map(|entity| entity.judge(thing, self.purpose)).collect();
        tally.by_operator(self.operator)
    }
}

impl Judge for ReadyState {
    fn judge(&self, thing: &dyn Facts) -> Truth {
        self.judge_thing(thing)
    }

    fn fields(&self, each: &mut dyn FnMut(Field)) {
        for field in self.entities.iter().filter_map(|entity| entity.field) {
            each(field);
        }
    }
}

impl ReadyEntity {
    fn judge(&self, thing: &dyn Facts, purpose: Purpose) -> Truth {
        let mut tally = Tally::default();
        if let Some(field) = self.field {
            thing.each(field, &mut |status, value| {
                tally.add(match status {
                    Status::Exists if purpose == Purpose::Filter && !is_of_type(value, self.datatype) => Truth::Error,
                    Status::Exists => self.compare(value),
                    Status::DoesNotExist => Truth::False,
                    Status::Error | Status::NotCollected => Truth::Error,
                });
            });
        }
        if purpose == Purpose::Filter && tally == Tally::default() {
            return Truth::False;
        }
        tally.by_check(self.entity_check)
    }

    fn compare(&self, value: &Value) -> Truth {
        match &self.wanted {
            Wanted::Nil => Truth::of(value.text().is_empty()),
            Wanted::Failed => Truth::Error,
            Wanted::Values { values, patterns } => self.fold(value, values, patterns),
            Wanted::OneOf { integers, texts, values } => match value {
                Value::Int(number) if integers.contains(number) => Truth::True,
                Value::Text(text) if texts.contains(text) => Truth::True,
                // No value of our own form is equal; one of another form still may be.
                Value::Int(_) if self.datatype == Datatype::Int && texts.is_empty() => Truth::False,
                Value::Text(_) if self.datatype == Datatype::String => Truth::False,
                _ => self.fold(value, values, &[]),
            },
        }
    }

    fn fold(&self, value: &Value, wanted: &[Value], patterns: &[Option<Pattern>]) -> Truth {
        let results = wanted.iter().enumerate().map(|(place, wanted)| {
            let pattern = patterns.get(place).and_then(Option::as_ref);
            if pattern.is_none() && self.operation == Operation::PatternMatch {
                return Truth::Error;
            }
            compare_value(value, self.operation, self.datatype, wanted, pattern)
        });
        results.collect::<Tally>().by_check(self.var_check)
    }
}

impl Session<'_> {
    /// A state with its variables resolved.
    pub(crate) fn state(&mut self, place: Place, purpose: Purpose, world: &mut World<'_>) -> Arc<ReadyState> {
        if let Some(state) = self.states.get(&(place, purpose)) {
            return Arc::clone(state);
        }
        let oval = self.oval;
        let ready = match at(&oval.states, place) {
            Some(state) => {
                let entities = state.entities.iter().map(|entity| self.ready(entity, purpose, world)).collect();
                ReadyState { operator: state.operator, entities, purpose }
            }
            // Without entities nothing is true of it, and nothing false.
            None => ReadyState { operator: Operator::And, entities: Vec::new(), purpose },
        };
        let ready = Arc::new(ready);
        self.states.insert((place, purpose), Arc::clone(&ready));
        ready
    }

    fn ready(&mut self, entity: &StateEntity, purpose: Purpose, world: &mut World<'_>) -> ReadyEntity {
        let (datatype, wanted) = match &entity.source {
            Source::Nil => (entity.datatype, Wanted::Nil),
            Source::Value(value) => (entity.datatype, wanted(entity, entity.datatype, Arc::from([value.clone()]))),
            Source::Variable(variable) => {
                let computed = self.variable(*variable, world);
                let datatype = if purpose == Purpose::Test { computed.datatype } else { entity.datatype };
                match computed.flag {
                    Flag::Complete | Flag::Incomplete => {
                        (datatype, wanted(entity, datatype, Arc::clone(&computed.values)))
                    }
                    _ => (entity.datatype, Wanted::Failed),
                }
            }
        };
        ReadyEntity {
            field: entity.field,
            operation: entity.operation,
            datatype,
            entity_check: entity.entity_check,
            var_check: entity.var_check,
            wanted,
        }
    }
}

/// Whether an item's value has a state's type. What is text may be a version or an address, but no plain number.
fn is_of_type(value: &Value, datatype: Datatype) -> bool {
    match value {
        Value::Int(_) => datatype == Datatype::Int,
        Value::Bool(_) => datatype == Datatype::Boolean,
        Value::Text(_) => !matches!(datatype, Datatype::Int | Datatype::Boolean | Datatype::Float | Datatype::Version),
    }
}

fn wanted(entity: &StateEntity, datatype: Datatype, values: Arc<[Value]>) -> Wanted {
    let looks_up = entity.operation == Operation::Equals
        && entity.var_check == Check::AtLeastOne
        && matches!(datatype, Datatype::String | Datatype::Int)
        && values.len() >= SET_FROM;
    if looks_up {
        let mut integers = HashSet::new();
        let mut texts = HashSet::new();
        for value in values.iter() {
            match value {
                Value::Int(number) if datatype == Datatype::Int => {
                    integers.insert(*number);
                }
                other => {
                    texts.insert(Arc::from(&*other.text()));
                }
            }
        }
        return Wanted::OneOf { integers, texts, values };
    }
    let compile = |value: &Value| Pattern::new(&value.text(), PatternOptions::PLAIN).ok();
    let patterns = match entity.operation {
        Operation::PatternMatch => values.iter().map(compile).collect(),
        _ => Vec::new(),
    };
    Wanted::Values { values, patterns }
}
