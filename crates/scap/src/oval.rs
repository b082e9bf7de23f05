//! OVAL definitions as values: references are places in lists, texts are parsed, XML is gone.
//!
//! - [`parse`]: from the XML of one document.
//! - [`reach`]: what depends on what; cycles.
//! - [`prune`]: the part of a document that some definitions need.
//!
//! A place that a damaged file makes point nowhere is an error of what points there, never a panic.

pub(crate) mod parse;
pub(crate) mod prune;
pub(crate) mod reach;

use serde::{Deserialize, Serialize};

use crate::compare::Operation;
use crate::field::{Field, Kind, words};
use crate::item::{Datatype, Value};
use crate::object::Behaviors;
use crate::truth::{Check, Existence, Operator};

/// The place of a thing in its list.
pub(crate) type Place = u32;

/// A place as an index.
pub(crate) fn at<T>(list: &[T], place: Place) -> Option<&T> {
    list.get(usize::try_from(place).ok()?)
}

/// The documents's things, each kind in a list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Oval {
    pub(crate) definitions: Vec<Definition>,
    pub(crate) tests: Vec<Test>,
    pub(crate) objects: Vec<ObjectDef>,
    pub(crate) states: Vec<State>,
    pub(crate) variables: Vec<Variable>,
}

words! {
    /// What a definition speaks of.
    crate Class {
        Compliance = "compliance",
        Inventory = "inventory",
        Miscellaneous = "miscellaneous",
        Patch = "patch",
        Vulnerability = "vulnerability",
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Definition {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) class: Class,
    pub(crate) criteria: Option<Criteria>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Criteria {
    Group { operator: Operator, negate: bool, children: Vec<Criteria> },
    Test { test: Place, negate: bool },
    Extend { definition: Place, negate: bool },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Test {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) comment: String,
    /// The element's name, for output: `unix:file_test` is `file` of `unix`.
    pub(crate) element: String,
    pub(crate) existence: Existence,
    pub(crate) check: Check,
    pub(crate) operator: Operator,
    /// `None` for the test that is unknown by design.
    pub(crate) object: Option<Place>,
    pub(crate) states: Vec<Place>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ObjectDef {
    pub(crate) id: String,
    pub(crate) version: String,
    /// `None` for a kind that we do not know.
    pub(crate) kind: Option<Kind>,
    pub(crate) content: ObjectContent,
    pub(crate) filters: Vec<FilterDef>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum ObjectContent {
    Entities {
        entities: Vec<ObjectEntity>,
        behaviors: Option<Box<Behaviors>>,
    },
    /// A `variable_object`.
    Variable(Place),
    Set(SetDef),
    /// An entity that we do not know: the object cannot be looked for as it is meant.
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ObjectEntity {
    pub(crate) field: Field,
    pub(crate) operation: Operation,
    pub(crate) datatype: Datatype,
    pub(crate) check: Check,
    pub(crate) source: Source,
}

/// Where the values of an entity come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Source {
    Value(Value),
    Variable(Place),
    Nil,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FilterDef {
    pub(crate) include: bool,
    pub(crate) state: Place,
}

words! {
    /// How the operands of a set combine.
    crate SetOperator {
        Union = "UNION",
        Intersection = "INTERSECTION",
        Complement = "COMPLEMENT",
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SetDef {
    pub(crate) operator: SetOperator,
    pub(crate) operands: Vec<Operand>,
    pub(crate) filters: Vec<FilterDef>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Operand {
    Object(Place),
    Set(Box<SetDef>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) operator: Operator,
    pub(crate) entities: Vec<StateEntity>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StateEntity {
    /// `None` for a name that we do not know: no item has it.
    pub(crate) field: Option<Field>,
    pub(crate) operation: Operation,
    pub(crate) datatype: Datatype,
    pub(crate) entity_check: Check,
    pub(crate) var_check: Check,
    pub(crate) source: Source,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Variable {
    pub(crate) id: String,
    pub(crate) datatype: Datatype,
    pub(crate) content: VariableContent,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum VariableContent {
    Constant(Vec<Value>),
    External { possible: Vec<Possible> },
    Local(Component),
}

/// What the values of an external variable may be: one of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Possible {
    Value(Value),
    /// Restrictions and how they combine.
    Restriction(Operator, Vec<(Operation, Value)>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Component {
    Literal(Value),
    Variable(Place),
    Object { object: Place, field: Option<Field> },
    Function(Function, Vec<Component>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Function {
    Arithmetic { multiply: bool },
    Begin(String),
    Concat,
    Count,
    End(String),
    EscapeRegex,
    GlobToRegex { noescape: bool },
    RegexCapture(String),
    Split(String),
    Substring { start: i64, length: i64 },
    TimeDifference(TimeFormat, TimeFormat),
    Unique,
}

words! {
    /// How a date is written.
    crate TimeFormat {
        YearMonthDay = "year_month_day",
        MonthDayYear = "month_day_year",
        DayMonthYear = "day_month_year",
        WinFiletime = "win_filetime",
        SecondsSinceEpoch = "seconds_since_epoch",
        CimDatetime = "cim_datetime",
    }
}
