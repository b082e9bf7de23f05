//! Objects: resolved, collected once, combined as sets and filtered.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Found, Purpose, Session, World};
use crate::collect::Collected;
use crate::field::{Field, Kind};
use crate::item::{Flag, ITEMS_MAX, Item, Value};
use crate::object::{Behaviors, Entity, Filter, Object};
use crate::oval::{FilterDef, ObjectContent, ObjectDef, ObjectEntity, Operand, Place, SetDef, SetOperator, Source, at};
use crate::pattern::PatternOptions;

impl Session<'_> {
    /// What an object found; asked of the collector when it is needed first.
    pub(crate) fn object(&mut self, place: Place, world: &mut World<'_>) -> Arc<Found> {
        if let Some(found) = self.found.get(&place) {
            return Arc::clone(found);
        }
        let oval = self.oval;
        let found = match at(&oval.objects, place) {
            None => Arc::new(Found::nothing(Flag::Error, "the content refers to an object that it does not have")),
            Some(object) => match &object.content {
                ObjectContent::Variable(variable) => {
                    let found = self.variable_item(*variable, world);
                    Arc::new(self.filtered(found, &object.filters, world))
                }
                ObjectContent::Set(set) => {
                    let found = self.set(set, world);
                    Arc::new(self.filtered(found, &object.filters, world))
                }
                ObjectContent::Entities { .. } | ObjectContent::Unknown(_) => match self.resolve(place, world) {
                    Some(Ok(object)) => Arc::new(ask(&object, world)),
                    Some(Err(found)) => found,
                    None => Arc::new(Found::nothing(Flag::Error, "the object cannot be resolved")),
                },
            },
        };
        self.found.insert(place, Arc::clone(&found));
        found
    }

    /// An object as a collector sees it, or what it comes to without one; nothing for sets and variables.
    pub(crate) fn resolve(&mut self, place: Place, world: &mut World<'_>) -> Option<Result<Arc<Object>, Arc<Found>>> {
        if let Some(resolved) = self.resolved.get(&place) {
            return Some(resolved.clone());
        }
        let oval = self.oval;
        let object = at(&oval.objects, place)?;
        let resolved = match &object.content {
            ObjectContent::Entities { entities, behaviors } => self
                .resolve_entities(place, object, entities, behaviors.as_deref(), world)
                .map(Arc::new)
                .map_err(Arc::new),
            ObjectContent::Unknown(entity) => {
                let message = format!("the entity `{entity}` is not supported");
                Err(Arc::new(Found::nothing(Flag::NotCollected, message)))
            }
            ObjectContent::Set(_) | ObjectContent::Variable(_) => return None,
        };
        self.resolved.insert(place, resolved.clone());
        Some(resolved)
    }

    fn resolve_entities(
        &mut self,
        place: Place,
        object: &ObjectDef,
        entities: &[ObjectEntity],
        behaviors: Option<&Behaviors>,
        world: &mut World<'_>,
    ) -> Result<Object, Found> {
        let Some(kind) = object.kind else {
            return Err(Found::nothing(Flag::NotCollected, "objects of this kind are not supported"));
        };
        let behaviors = behaviors.cloned().unwrap_or_default();
        let mut resolved = Vec::with_capacity(entities.len());
        for entity in entities {
            let options = pattern_options(kind, entity.field, &behaviors);
            let (values, datatype): (Vec<Value>, _) = match &entity.source {
                Source::Nil => {
                    resolved.push(Entity::nil(entity.field));
                    continue;
                }
                Source::Value(value) => (vec![value.clone()], entity.datatype),
                Source::Variable(variable) => {
                    let computed = self.variable(*variable, world);
                    let usable = matches!(computed.flag, Flag::Complete | Flag::Incomplete);
                    if !usable || computed.values.is_empty() {
                        let id = at(&self.oval.variables, *variable).map_or("", |variable| &variable.id);
                        let message = format!("the variable `{id}` has no values");
                        return Err(Found::nothing(Flag::DoesNotExist, message));
                    }
                    (computed.values.to_vec(), entity.datatype)
                }
            };
            let entity = Entity::new(entity.field, entity.operation, datatype, values, entity.check, options)
                .map_err(|error| Found::nothing(Flag::Error, error.to_string()))?;
            resolved.push(entity);
        }
        let filters = self.filters(&object.filters, world);
        let id = self.first_id.saturating_add(place);
        Ok(Object { id, kind, entities: resolved, behaviors, filters })
    }

    fn filters(&mut self, filters: &[FilterDef], world: &mut World<'_>) -> Vec<Filter> {
        let ready = |filter: &FilterDef| {
            let state: Arc<super::ReadyState> = self.state(filter.state, Purpose::Filter, world);
            Filter { include: filter.include, state }
        };
        filters.iter().map(ready).collect()
    }

    fn filtered(&mut self, mut found: Found, filters: &[FilterDef], world: &mut World<'_>) -> Found {
        let filters = self.filters(filters, world);
        if !filters.is_empty() {
            found.items.retain(|item| filters.iter().all(|filter| filter.passes(&**item)));
        }
        settled(found)
    }

    /// The one item of a `variable_object`.
    fn variable_item(&mut self, variable: Place, world: &mut World<'_>) -> Found {
        let computed = self.variable(variable, world);
        if computed.flag == Flag::DoesNotExist {
            return Found::nothing(Flag::DoesNotExist, "the variable does not exist");
        }
        let id = at(&self.oval.variables, variable).map_or("", |variable| &variable.id);
        let mut item = Item::new().with(Field::VarRef, id);
        // A count has a value whatever could be collected; without a good flag it says nothing.
        let usable = matches!(computed.flag, Flag::Complete | Flag::Incomplete);
        for value in computed.values.iter().filter(|_| usable) {
            // Whatever the variable's type is, the item holds text.
            item.push(Field::Value, value.to_text());
        }
        Found { flag: Flag::Complete, items: vec![Arc::new(item)], message: computed.message.clone() }
    }

    fn set(&mut self, set: &SetDef, world: &mut World<'_>) -> Found {
        let mut operands = Vec::with_capacity(set.operands.len());
        for operand in &set.operands {
            let found = match operand {
                Operand::Object(object) => Found::clone(&*self.object(*object, world)),
                Operand::Set(inner) => self.set(inner, world),
            };
            operands.push(self.filtered(found, &set.filters, world));
        }
        let mut operands = operands.into_iter();
        let Some(first) = operands.next() else {
            return Found::nothing(Flag::Error, "a set without operands");
        };
        settled(operands.fold(first, |left, right| combine(set.operator, left, right)))
    }
}

/// Patterns of texts follow the behaviours; all others are the pattern's own.
fn pattern_options(kind: Kind, field: Field, behaviors: &Behaviors) -> PatternOptions {
    if kind == Kind::TextFileContent54 && field == Field::Pattern {
        PatternOptions {
            multiline: behaviors.multiline,
            singleline: behaviors.singleline,
            ignore_case: behaviors.ignore_case,
        }
    } else {
        PatternOptions::PLAIN
    }
}

fn ask(object: &Object, world: &mut World<'_>) -> Found {
    if !world.step() {
        return Found::nothing(Flag::NotCollected, "the run was stopped");
    }
    let Collected { mut flag, mut items, mut message } = world.collector.collect(object);
    if items.len() > ITEMS_MAX {
        items.truncate(ITEMS_MAX);
        flag = Flag::Incomplete;
        message = Some(format!("more than {ITEMS_MAX} items").into());
    }
    items.retain(|item| object.keeps(item));
    let items: Vec<Arc<Item>> = items.into_iter().map(Arc::new).collect();
    settled(Found { flag, items: distinct(items), message })
}

/// The same item once, the first of each kept.
fn distinct(items: Vec<Arc<Item>>) -> Vec<Arc<Item>> {
    if items.len() < 2 {
        return items;
    }
    let mut seen = HashSet::with_capacity(items.len());
    items.into_iter().filter(|item| seen.insert(Arc::clone(item))).collect()
}

/// Complete without items is "does not exist".
fn settled(mut found: Found) -> Found {
    if found.flag == Flag::Complete && found.items.is_empty() {
        found.flag = Flag::DoesNotExist;
    }
    found
}

fn combine(operator: SetOperator, left: Found, right: Found) -> Found {
    let flag = match operator {
        SetOperator::Union => union_flag(left.flag, right.flag),
        SetOperator::Intersection => intersection_flag(left.flag, right.flag),
        SetOperator::Complement => complement_flag(left.flag, right.flag),
    };
    let items = match operator {
        SetOperator::Union => {
            let mut items = left.items;
            items.extend(right.items);
            distinct(items)
        }
        SetOperator::Intersection | SetOperator::Complement => {
            let theirs: HashSet<Arc<Item>> = right.items.into_iter().collect();
            let wanted = operator == SetOperator::Intersection;
            left.items.into_iter().filter(|item| theirs.contains(item) == wanted).collect()
        }
    };
    settled(Found { flag, items, message: left.message.or(right.message) })
}

fn union_flag(left: Flag, right: Flag) -> Flag {
    use Flag::{Complete, DoesNotExist, Error, Incomplete, NotApplicable, NotCollected};
    match (left, right) {
        (Error, _) | (_, Error) => Error,
        (Incomplete, _) | (_, Incomplete) => Incomplete,
        (NotCollected, Complete | DoesNotExist) | (Complete | DoesNotExist, NotCollected) => Incomplete,
        (Complete, _) | (_, Complete) => Complete,
        (DoesNotExist, _) | (_, DoesNotExist) => DoesNotExist,
        (NotCollected, _) | (_, NotCollected) => NotCollected,
        (NotApplicable, NotApplicable) => NotApplicable,
    }
}

fn intersection_flag(left: Flag, right: Flag) -> Flag {
    use Flag::{Complete, DoesNotExist, Error, Incomplete, NotApplicable, NotCollected};
    match (left, right) {
        (DoesNotExist, _) | (_, DoesNotExist) => DoesNotExist,
        (Error, _) | (_, Error) => Error,
        (NotCollected, _) | (_, NotCollected) => NotCollected,
        (Incomplete, _) | (_, Incomplete) => Incomplete,
        (Complete, _) | (_, Complete) => Complete,
        (NotApplicable, NotApplicable) => NotApplicable,
    }
}

fn complement_flag(left: Flag, right: Flag) -> Flag {
    use Flag::{Complete, DoesNotExist, Error, Incomplete, NotApplicable, NotCollected};
    match (left, right) {
        (DoesNotExist, _) => DoesNotExist,
        (Error, _) | (_, Error) => Error,
        (NotCollected, _) | (_, NotCollected) => NotCollected,
        (NotApplicable, _) | (_, NotApplicable) => NotApplicable,
        (Complete | Incomplete, Incomplete) => Error,
        (Incomplete, Complete | DoesNotExist) => Incomplete,
        (Complete, Complete | DoesNotExist) => Complete,
    }
}
