//! Which tests decided against a rule, and what they saw.

use std::collections::BTreeSet;

use crate::eval::{Found, Session};
use crate::item::{Flag, Item, Status, Value};
use crate::oval::{Criteria, ObjectContent, ObjectEntity, Place, Source, StateEntity, Test, at};
use crate::truth::{Existence, Operator, Truth};
use crate::xml::DEPTH_MAX;

/// The most tests that a rule's evidence names.
const TESTS_MAX: usize = 24;

/// The most items that a test's evidence shows.
const ITEMS_SHOWN_MAX: usize = 12;

/// The most characters of a value that evidence shows.
const VALUE_CHARACTERS_MAX: usize = 200;

/// One test that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The test's id.
    pub test: String,
    /// What the content says of the test.
    pub comment: String,
    /// What it came to.
    pub truth: Truth,
    /// Whether the rule wanted it to be true.
    pub wanted: bool,
    /// What was looked for: entities and their values.
    pub object: Vec<String>,
    /// What the items should have been.
    pub expected: Vec<String>,
    /// How many items there must be.
    pub existence: Existence,
    /// How complete the collection is.
    pub flag: Flag,
    /// Why it is not complete.
    pub message: Option<String>,
    /// How many items were found.
    pub found: usize,
    /// The items that decided, the first of them.
    pub items: Vec<ItemEvidence>,
}

/// One item that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemEvidence {
    /// What it came to; nothing where its being there decided.
    pub truth: Option<Truth>,
    /// Names and values, long ones shortened.
    pub values: Vec<(&'static str, String)>,
    /// What went wrong with it.
    pub message: Option<String>,
}

/// The tests that kept definitions from what was wanted.
pub(super) fn gather(session: &Session<'_>, definitions: &[Place], wanted: bool) -> Vec<Evidence> {
    let mut gatherer = Gatherer { session, evidence: Vec::new(), seen: BTreeSet::new() };
    for definition in definitions {
        gatherer.definition(*definition, wanted, 0);
    }
    gatherer.evidence
}

struct Gatherer<'s, 'o> {
    session: &'s Session<'o>,
    evidence: Vec<Evidence>,
    /// Definitions that were gone through already, and what was wanted of them.
    seen: BTreeSet<(Place, bool)>,
}

impl Gatherer<'_, '_> {
    fn definition(&mut self, place: Place, wanted: bool, depth: usize) {
        let criteria = at(&self.session.oval.definitions, place).and_then(|definition| definition.criteria.as_ref());
        if let Some(criteria) = criteria
            && depth < DEPTH_MAX
            && self.seen.insert((place, wanted))
        {
            self.criteria(criteria, wanted, depth);
        }
    }

    fn criteria(&mut self, criteria: &Criteria, wanted: bool, depth: usize) {
        if self.evidence.len() >= TESTS_MAX || self.truth(criteria) == Some(Truth::of(wanted)) {
            return;
        }
        match criteria {
            Criteria::Group { negate, children, .. } => {
                let wanted = wanted != *negate;
                for child in children {
                    self.criteria(child, wanted, depth + 1);
                }
            }
            Criteria::Test { test, negate } => self.test(*test, wanted != *negate),
            Criteria::Extend { definition, negate } => self.definition(*definition, wanted != *negate, depth + 1),
        }
    }

    /// What criteria came to; groups are folded again, because only tests and definitions are kept.
    fn truth(&self, criteria: &Criteria) -> Option<Truth> {
        match criteria {
            Criteria::Group { operator, negate, children } => {
                let results = children.iter().filter_map(|child| self.truth(child));
                Some(results.collect::<crate::truth::Tally>().by_operator(*operator).negated_if(*negate))
            }
            Criteria::Test { test, negate } => Some(self.session.tested(*test)?.truth.negated_if(*negate)),
            Criteria::Extend { definition, negate } => {
                Some(self.session.definition_truth(*definition)?.negated_if(*negate))
            }
        }
    }

    fn test(&mut self, place: Place, wanted: bool) {
        let session = self.session;
        let (Some(test), Some(tested)) = (at(&session.oval.tests, place), session.tested(place)) else { return };
        if self.evidence.iter().any(|known| known.test == test.id) {
            return;
        }
        let found = test.object.and_then(|object| session.found(object));
        self.evidence.push(Evidence {
            test: test.id.clone(),
            comment: test.comment.clone(),
            truth: tested.truth,
            wanted,
            object: test.object.map(|object| describe_object(session, object)).unwrap_or_default(),
            expected: describe_states(session, test),
            existence: test.existence,
            flag: found.map_or(Flag::NotCollected, |found| found.flag),
            message: found.and_then(|found| found.message.as_deref()).map(str::to_owned),
            found: found.map_or(0, |found| found.items.len()),
            items: found.map(|found| items(found, &tested.items, wanted)).unwrap_or_default(),
        });
    }
}

/// The items that are not as they should be; where no state was looked at, those that are there.
fn items(found: &Found, truths: &[Truth], wanted: bool) -> Vec<ItemEvidence> {
    let judged = found.items.iter().enumerate().map(|(place, item)| (item, truths.get(place).copied()));
    let decided = judged.filter(|(_, truth)| truth.is_none_or(|truth| truth != Truth::of(wanted)));
    decided.take(ITEMS_SHOWN_MAX).map(|(item, truth)| describe_item(item, truth)).collect()
}

fn describe_item(item: &Item, truth: Option<Truth>) -> ItemEvidence {
    let existing = item.entries.iter().filter(|entry| entry.status == Status::Exists);
    ItemEvidence {
        truth,
        values: existing.map(|entry| (entry.field.name(), shortened(&entry.value))).collect(),
        message: item.message.as_deref().map(str::to_owned),
    }
}

fn shortened(value: &Value) -> String {
    let text = value.text();
    if text.chars().nth(VALUE_CHARACTERS_MAX).is_none() {
        return text.into_owned();
    }
    let mut short: String = text.chars().take(VALUE_CHARACTERS_MAX).collect();
    short.push('…');
    short
}

fn describe_object(session: &Session<'_>, place: Place) -> Vec<String> {
    let Some(object) = at(&session.oval.objects, place) else { return Vec::new() };
    match &object.content {
        ObjectContent::Entities { entities, .. } => {
            let describe = |entity: &ObjectEntity| {
                describe_entity(session, entity.field.name(), entity.operation.name(), &entity.source)
            };
            entities.iter().map(describe).collect()
        }
        ObjectContent::Variable(variable) => at(&session.oval.variables, *variable)
            .map(|variable| format!("variable {}", variable.id))
            .into_iter()
            .collect(),
        ObjectContent::Set(_) => vec![format!("set {}", object.id)],
        ObjectContent::Unknown(entity) => vec![entity.clone()],
    }
}

fn describe_states(session: &Session<'_>, test: &Test) -> Vec<String> {
    let states = test.states.iter().filter_map(|state| at(&session.oval.states, *state));
    let mut lines = Vec::new();
    for (place, state) in states.enumerate() {
        if place > 0 {
            lines.push(if test.operator == Operator::Or { "or" } else { "and" }.to_owned());
        }
        let describe = |entity: &StateEntity| {
            let name = entity.field.map_or("?", crate::field::Field::name);
            describe_entity(session, name, entity.operation.name(), &entity.source)
        };
        lines.extend(state.entities.iter().map(describe));
    }
    lines
}

fn describe_entity(session: &Session<'_>, name: &str, operation: &str, source: &Source) -> String {
    match source {
        Source::Value(value) => format!("{name} {operation} `{}`", shortened(value)),
        Source::Nil => format!("{name} is empty"),
        Source::Variable(place) => {
            let Some(computed) = session.computed(*place) else { return format!("{name} {operation} a variable") };
            let shown: Vec<String> =
                computed.values.iter().take(8).map(|value| format!("`{}`", shortened(value))).collect();
            let more = if computed.values.len() > shown.len() { ", …" } else { "" };
            format!("{name} {operation} {}{more}", shown.join(", "))
        }
    }
}
