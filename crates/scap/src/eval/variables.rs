//! What variables come to.

use std::sync::Arc;

use super::functions::{self, Argument};
use super::{Session, World};
use crate::compare::compare_value;
use crate::item::{Datatype, Flag, Status, Value};
use crate::oval::{Component, Place, Possible, Variable, VariableContent, at};
use crate::truth::{Tally, Truth};

/// The values of a variable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Computed {
    pub(crate) flag: Flag,
    pub(crate) datatype: Datatype,
    pub(crate) values: Arc<[Value]>,
    pub(crate) message: Option<Box<str>>,
}

impl Computed {
    fn failed(flag: Flag, datatype: Datatype, message: impl Into<Box<str>>) -> Self {
        Self { flag, datatype, values: Arc::from([]), message: Some(message.into()) }
    }
}

impl Session<'_> {
    /// What a variable comes to; computed when it is needed first.
    pub(crate) fn variable(&mut self, place: Place, world: &mut World<'_>) -> Arc<Computed> {
        if let Some(computed) = self.variables.get(&place) {
            return Arc::clone(computed);
        }
        let oval = self.oval;
        let computed = match at(&oval.variables, place) {
            Some(variable) => self.compute(place, variable, world),
            None => {
                let message = "the content refers to a variable that it does not have";
                Computed::failed(Flag::Error, Datatype::String, message)
            }
        };
        let computed = Arc::new(computed);
        self.variables.insert(place, Arc::clone(&computed));
        computed
    }

    fn compute(&mut self, place: Place, variable: &Variable, world: &mut World<'_>) -> Computed {
        let datatype = variable.datatype;
        match &variable.content {
            VariableContent::Constant(values) => {
                Computed { flag: Flag::Complete, datatype, values: values.as_slice().into(), message: None }
            }
            VariableContent::External { possible } => match self.bound.get(&place) {
                None => Computed::failed(Flag::NotCollected, datatype, "the external variable has no values"),
                Some(values) => external(datatype, possible, values),
            },
            VariableContent::Local(component) => {
                let Argument { flag, values, message } = self.component(component, world);
                local(datatype, flag, &values, message)
            }
        }
    }

    fn component(&mut self, component: &Component, world: &mut World<'_>) -> Argument {
        match component {
            Component::Literal(value) => Argument::complete(vec![value.clone()]),
            Component::Variable(variable) => {
                let computed = self.variable(*variable, world);
                Argument { flag: computed.flag, values: computed.values.to_vec(), message: computed.message.clone() }
            }
            Component::Object { object, field } => {
                let found = self.object(*object, world);
                let Some(field) = *field else {
                    return Argument::error("the content asks for a field that items do not have");
                };
                let mut values = Vec::new();
                for item in found.items.iter().filter(|item| item.status == Status::Exists) {
                    let before = values.len();
                    let entries = item.entries.iter().filter(|entry| entry.field == field);
                    values.extend(
                        entries.filter(|entry| entry.status == Status::Exists).map(|entry| entry.value.clone()),
                    );
                    // The reference calls it an error, so that a pattern without a group gives no empty list.
                    if values.len() == before {
                        return Argument::error(format!("an item has no `{field}`"));
                    }
                }
                Argument { flag: found.flag, values, message: found.message.clone() }
            }
            Component::Function(function, arguments) => {
                let arguments: Vec<Argument> = arguments.iter().map(|part| self.component(part, world)).collect();
                functions::apply(function, &arguments, self.now)
            }
        }
    }
}

/// The bound values in the variable's type, if they are among those that it may have.
fn external(datatype: Datatype, possible: &[Possible], values: &[Value]) -> Computed {
    for value in values {
        if !possible.is_empty() && !possible.iter().any(|possible| allows(possible, datatype, value)) {
            return Computed::failed(Flag::Error, datatype, format!("the external variable may not be `{value}`"));
        }
    }
    Computed { flag: Flag::Complete, datatype, values: convert(values, datatype), message: None }
}

fn allows(possible: &Possible, datatype: Datatype, value: &Value) -> bool {
    match possible {
        Possible::Value(wanted) => {
            compare_value(value, crate::compare::Operation::Equals, datatype, wanted, None) == Truth::True
        }
        Possible::Restriction(operator, restrictions) => {
            let results =
                restrictions.iter().map(|(operation, wanted)| compare_value(value, *operation, datatype, wanted, None));
            results.collect::<Tally>().by_operator(*operator) == Truth::True
        }
    }
}

fn local(datatype: Datatype, flag: Flag, values: &[Value], message: Option<Box<str>>) -> Computed {
    let usable = matches!(flag, Flag::Complete | Flag::Incomplete);
    if usable && values.is_empty() {
        return Computed::failed(Flag::Error, datatype, "the variable has no values");
    }
    Computed { flag, datatype, values: convert(values, datatype), message }
}

/// Values in a variable's type; one that cannot be read as such stays text, and comparing it is an error.
fn convert(values: &[Value], datatype: Datatype) -> Arc<[Value]> {
    let one = |value: &Value| match (datatype, value) {
        (Datatype::Int, Value::Int(_)) | (Datatype::Boolean, Value::Bool(_)) => value.clone(),
        (Datatype::Int | Datatype::Boolean, other) => crate::oval::parse::value(&other.text(), datatype),
        (_, Value::Text(_)) => value.clone(),
        (_, other) => Value::from(other.text().into_owned()),
    };
    values.iter().map(one).collect()
}
