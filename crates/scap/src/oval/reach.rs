//! What depends on what: cycles, the levels of objects, and the part of a document that some definitions need.

use std::collections::{BTreeMap, BTreeSet};

use super::{Component, Criteria, FilterDef, ObjectContent, Operand, Oval, Place, SetDef, Source, VariableContent, at};
use crate::error::ContentError;
use crate::xml::DEPTH_MAX;

/// One thing of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Thing {
    Definition(Place),
    Test(Place),
    Object(Place),
    State(Place),
    Variable(Place),
}

impl Thing {
    fn id(self, oval: &Oval) -> String {
        match self {
            Self::Definition(place) => at(&oval.definitions, place).map(|thing| &thing.id),
            Self::Test(place) => at(&oval.tests, place).map(|thing| &thing.id),
            Self::Object(place) => at(&oval.objects, place).map(|thing| &thing.id),
            Self::State(place) => at(&oval.states, place).map(|thing| &thing.id),
            Self::Variable(place) => at(&oval.variables, place).map(|thing| &thing.id),
        }
        .cloned()
        .unwrap_or_default()
    }
}

/// What a thing uses directly.
pub(crate) fn uses(oval: &Oval, thing: Thing) -> Vec<Thing> {
    let mut used = Vec::new();
    match thing {
        Thing::Definition(place) => {
            if let Some(criteria) = at(&oval.definitions, place).and_then(|definition| definition.criteria.as_ref()) {
                of_criteria(criteria, &mut used);
            }
        }
        Thing::Test(place) => {
            if let Some(test) = at(&oval.tests, place) {
                used.extend(test.object.map(Thing::Object));
                used.extend(test.states.iter().copied().map(Thing::State));
            }
        }
        Thing::Object(place) => {
            if let Some(object) = at(&oval.objects, place) {
                of_filters(&object.filters, &mut used);
                match &object.content {
                    ObjectContent::Entities { entities, .. } => {
                        used.extend(entities.iter().filter_map(|entity| of_source(&entity.source)));
                    }
                    ObjectContent::Variable(variable) => used.push(Thing::Variable(*variable)),
                    ObjectContent::Set(set) => of_set(set, &mut used),
                    ObjectContent::Unknown(_) => {}
                }
            }
        }
        Thing::State(place) => {
            if let Some(state) = at(&oval.states, place) {
                used.extend(state.entities.iter().filter_map(|entity| of_source(&entity.source)));
            }
        }
        Thing::Variable(place) => {
            if let Some(VariableContent::Local(component)) =
                at(&oval.variables, place).map(|variable| &variable.content)
            {
                of_component(component, &mut used);
            }
        }
    }
    used
}

fn of_criteria(criteria: &Criteria, used: &mut Vec<Thing>) {
    match criteria {
        Criteria::Group { children, .. } => {
            for child in children {
                of_criteria(child, used);
            }
        }
        Criteria::Test { test, .. } => used.push(Thing::Test(*test)),
        Criteria::Extend { definition, .. } => used.push(Thing::Definition(*definition)),
    }
}

fn of_source(source: &Source) -> Option<Thing> {
    match source {
        Source::Variable(variable) => Some(Thing::Variable(*variable)),
        Source::Value(_) | Source::Nil => None,
    }
}

fn of_filters(filters: &[FilterDef], used: &mut Vec<Thing>) {
    used.extend(filters.iter().map(|filter| Thing::State(filter.state)));
}

fn of_set(set: &SetDef, used: &mut Vec<Thing>) {
    of_filters(&set.filters, used);
    for operand in &set.operands {
        match operand {
            Operand::Object(object) => used.push(Thing::Object(*object)),
            Operand::Set(inner) => of_set(inner, used),
        }
    }
}

fn of_component(component: &Component, used: &mut Vec<Thing>) {
    match component {
        Component::Literal(_) => {}
        Component::Variable(variable) => used.push(Thing::Variable(*variable)),
        Component::Object { object, .. } => used.push(Thing::Object(*object)),
        Component::Function(_, arguments) => {
            for argument in arguments {
                of_component(argument, used);
            }
        }
    }
}

/// Everything that some things use, they themselves included, each after what it uses.
///
/// # Errors
/// When something uses itself, or through too many others: evaluation recurses as deep as this.
pub(crate) fn closure(oval: &Oval, roots: impl IntoIterator<Item = Thing>) -> Result<Vec<Thing>, ContentError> {
    let mut order = Vec::new();
    let mut depths: BTreeMap<Thing, Option<usize>> = BTreeMap::new();
    for root in roots {
        // A stack of our own: content must not decide how deep ours goes.
        let mut stack = vec![(root, uses(oval, root), 0_usize)];
        if depths.contains_key(&root) {
            continue;
        }
        depths.insert(root, None);
        while let Some((thing, used, deepest)) = stack.last_mut() {
            match used.pop() {
                Some(next) => match depths.get(&next) {
                    Some(None) => return Err(ContentError::Cycle { id: next.id(oval) }),
                    Some(Some(depth)) => *deepest = (*deepest).max(depth + 1),
                    None => {
                        depths.insert(next, None);
                        stack.push((next, uses(oval, next), 0));
                    }
                },
                None => {
                    let (thing, depth) = (*thing, *deepest);
                    if depth > DEPTH_MAX {
                        return Err(ContentError::Chain { id: thing.id(oval) });
                    }
                    depths.insert(thing, Some(depth));
                    order.push(thing);
                    stack.pop();
                    if let Some((_, _, deepest)) = stack.last_mut() {
                        *deepest = (*deepest).max(depth + 1);
                    }
                }
            }
        }
    }
    Ok(order)
}

/// Which objects come in which round: those of a round need variables of earlier rounds only.
///
/// Objects that feed no variable come in the last round, so that what walks, walks together.
pub(crate) fn rounds(oval: &Oval, order: &[Thing]) -> Vec<Vec<Place>> {
    let mut levels: BTreeMap<Thing, usize> = BTreeMap::new();
    let mut feeding = BTreeSet::new();
    for thing in order {
        let used = uses(oval, *thing);
        if matches!(thing, Thing::Variable(_)) {
            feeding.extend(used.iter().copied().filter(|used| matches!(used, Thing::Object(_))));
        }
        let level = used.iter().map(|used| match used {
            // What an object found is known a round later.
            Thing::Object(_) if matches!(thing, Thing::Variable(_)) => levels.get(used).copied().unwrap_or(0) + 1,
            _ => levels.get(used).copied().unwrap_or(0),
        });
        levels.insert(*thing, level.max().unwrap_or(0));
    }
    // The operands of a set that feeds are feeding too; users come after what they use.
    for thing in order.iter().rev().filter(|thing| matches!(thing, Thing::Object(_))) {
        if feeding.contains(thing) {
            feeding.extend(uses(oval, *thing).into_iter().filter(|used| matches!(used, Thing::Object(_))));
        }
    }
    let last = levels.values().max().copied().unwrap_or(0);
    let mut rounds = vec![Vec::new(); last + 1];
    for thing in order {
        let Thing::Object(place) = thing else { continue };
        let level = if feeding.contains(thing) { levels.get(thing).copied().unwrap_or(0) } else { last };
        if let Some(round) = rounds.get_mut(level) {
            round.push(*place);
        }
    }
    rounds
}

/// The external variables on which a thing depends.
pub(crate) fn externals(oval: &Oval, order: &[Thing]) -> BTreeMap<Thing, BTreeSet<Place>> {
    let mut externals: BTreeMap<Thing, BTreeSet<Place>> = BTreeMap::new();
    for thing in order {
        let mut mine = BTreeSet::new();
        if let Thing::Variable(place) = thing
            && at(&oval.variables, *place)
                .is_some_and(|variable| matches!(variable.content, VariableContent::External { .. }))
        {
            mine.insert(*place);
        }
        for used in uses(oval, *thing) {
            if let Some(theirs) = externals.get(&used) {
                mine.extend(theirs);
            }
        }
        if !mine.is_empty() {
            externals.insert(*thing, mine);
        }
    }
    externals
}
