//! The part of a document that some definitions need, its places counted anew.

use std::collections::BTreeMap;

use super::reach::{Thing, closure};
use super::{Component, Criteria, FilterDef, ObjectContent, Operand, Oval, Place, SetDef, Source, VariableContent, at};
use crate::error::ContentError;

/// A part of a document, and where its definitions and variables stand in it.
#[derive(Debug, Default)]
pub(crate) struct Pruned {
    pub(crate) oval: Oval,
    pub(crate) definitions: BTreeMap<Place, Place>,
    pub(crate) variables: BTreeMap<Place, Place>,
}

/// Old places to new ones, a map for each kind.
#[derive(Default)]
struct Places {
    definitions: BTreeMap<Place, Place>,
    tests: BTreeMap<Place, Place>,
    objects: BTreeMap<Place, Place>,
    states: BTreeMap<Place, Place>,
    variables: BTreeMap<Place, Place>,
}

/// Cuts a document down to what some definitions need.
///
/// # Errors
/// When something that they need uses itself, or is nested too deeply.
pub(crate) fn prune(oval: &Oval, definitions: impl IntoIterator<Item = Place>) -> Result<Pruned, ContentError> {
    let order = closure(oval, definitions.into_iter().map(Thing::Definition))?;
    let of = |pick: fn(&Thing) -> Option<Place>, length: usize| {
        let mut places: Vec<Place> = order.iter().filter_map(pick).filter(|place| is_within(*place, length)).collect();
        // In the document's order, whatever was reached first.
        places.sort_unstable();
        places.into_iter().zip(0..).collect::<BTreeMap<Place, Place>>()
    };
    let places = Places {
        definitions: of(
            |thing| if let Thing::Definition(place) = thing { Some(*place) } else { None },
            oval.definitions.len(),
        ),
        tests: of(|thing| if let Thing::Test(place) = thing { Some(*place) } else { None }, oval.tests.len()),
        objects: of(|thing| if let Thing::Object(place) = thing { Some(*place) } else { None }, oval.objects.len()),
        states: of(|thing| if let Thing::State(place) = thing { Some(*place) } else { None }, oval.states.len()),
        variables: of(
            |thing| if let Thing::Variable(place) = thing { Some(*place) } else { None },
            oval.variables.len(),
        ),
    };
    let mut part = Oval {
        definitions: kept(&oval.definitions, &places.definitions),
        tests: kept(&oval.tests, &places.tests),
        objects: kept(&oval.objects, &places.objects),
        states: kept(&oval.states, &places.states),
        variables: kept(&oval.variables, &places.variables),
    };
    places.renumber(&mut part);
    Ok(Pruned { oval: part, definitions: places.definitions, variables: places.variables })
}

fn is_within(place: Place, length: usize) -> bool {
    usize::try_from(place).is_ok_and(|place| place < length)
}

fn kept<T: Clone>(list: &[T], places: &BTreeMap<Place, Place>) -> Vec<T> {
    places.keys().filter_map(|place| at(list, *place)).cloned().collect()
}

/// A place in the part; one that pointed nowhere still does.
fn moved(places: &BTreeMap<Place, Place>, place: &mut Place) {
    *place = places.get(place).copied().unwrap_or(Place::MAX);
}

impl Places {
    fn renumber(&self, oval: &mut Oval) {
        for criteria in oval.definitions.iter_mut().filter_map(|definition| definition.criteria.as_mut()) {
            self.criteria(criteria);
        }
        for test in &mut oval.tests {
            if let Some(object) = &mut test.object {
                moved(&self.objects, object);
            }
            for state in &mut test.states {
                moved(&self.states, state);
            }
        }
        for object in &mut oval.objects {
            self.filters(&mut object.filters);
            match &mut object.content {
                ObjectContent::Entities { entities, .. } => {
                    for entity in entities {
                        self.source(&mut entity.source);
                    }
                }
                ObjectContent::Variable(variable) => moved(&self.variables, variable),
                ObjectContent::Set(set) => self.set(set),
                ObjectContent::Unknown(_) => {}
            }
        }
        for entity in oval.states.iter_mut().flat_map(|state| &mut state.entities) {
            self.source(&mut entity.source);
        }
        for variable in &mut oval.variables {
            if let VariableContent::Local(component) = &mut variable.content {
                self.component(component);
            }
        }
    }

    fn criteria(&self, criteria: &mut Criteria) {
        match criteria {
            Criteria::Group { children, .. } => {
                for child in children {
                    self.criteria(child);
                }
            }
            Criteria::Test { test, .. } => moved(&self.tests, test),
            Criteria::Extend { definition, .. } => moved(&self.definitions, definition),
        }
    }

    fn filters(&self, filters: &mut [FilterDef]) {
        for filter in filters {
            moved(&self.states, &mut filter.state);
        }
    }

    fn source(&self, source: &mut Source) {
        if let Source::Variable(variable) = source {
            moved(&self.variables, variable);
        }
    }

    fn set(&self, set: &mut SetDef) {
        self.filters(&mut set.filters);
        for operand in &mut set.operands {
            match operand {
                Operand::Object(object) => moved(&self.objects, object),
                Operand::Set(inner) => self.set(inner),
            }
        }
    }

    fn component(&self, component: &mut Component) {
        match component {
            Component::Literal(_) => {}
            Component::Variable(variable) => moved(&self.variables, variable),
            Component::Object { object, .. } => moved(&self.objects, object),
            Component::Function(_, arguments) => {
                for argument in arguments {
                    self.component(argument);
                }
            }
        }
    }
}
