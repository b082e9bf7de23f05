//! From the XML of OVAL definitions to [`Oval`].

use std::collections::HashMap;

use super::{
    Class, Component, Criteria, Definition, FilterDef, Function, ObjectContent, ObjectDef, ObjectEntity, Operand, Oval,
    Place, Possible, SetDef, SetOperator, Source, State, StateEntity, Test, TimeFormat, Variable, VariableContent,
};
use crate::compare::{Operation, boolean};
use crate::error::ContentError;
use crate::field::{Field, Kind};
use crate::item::{Datatype, Value};
use crate::object::{Behaviors, Recurse, RecurseDirection, RecurseFileSystem};
use crate::truth::{Check, Existence, Operator};
use crate::xml::{Element as _, Node};

/// Which namespaces hold things of hosts that we know; the same names elsewhere mean other systems.
const NAMESPACES: &[&str] = &["independent", "unix", "linux"];

/// Reads the element `oval_definitions`.
pub(crate) fn oval(root: Node<'_, '_>) -> Result<Oval, ContentError> {
    let sections = Sections::of(root);
    let reader = Reader {
        definitions: places(&sections.definitions),
        tests: places(&sections.tests),
        objects: places(&sections.objects),
        states: places(&sections.states),
        variables: places(&sections.variables),
    };
    Ok(Oval {
        definitions: read(&sections.definitions, |node| reader.definition(node))?,
        tests: read(&sections.tests, |node| reader.test(node))?,
        objects: read(&sections.objects, |node| reader.object(node))?,
        states: read(&sections.states, |node| reader.state(node))?,
        variables: read(&sections.variables, |node| reader.variable(node))?,
    })
}

fn read<'a, T>(
    nodes: &[Node<'a, 'a>],
    one: impl Fn(Node<'a, 'a>) -> Result<T, ContentError>,
) -> Result<Vec<T>, ContentError> {
    nodes.iter().map(|node| one(*node)).collect()
}

/// The elements of each section in document order.
struct Sections<'a> {
    definitions: Vec<Node<'a, 'a>>,
    tests: Vec<Node<'a, 'a>>,
    objects: Vec<Node<'a, 'a>>,
    states: Vec<Node<'a, 'a>>,
    variables: Vec<Node<'a, 'a>>,
}

impl<'a> Sections<'a> {
    fn of(root: Node<'a, 'a>) -> Self {
        let section = |name| root.named(name).flat_map(|section| section.elements().collect::<Vec<_>>()).collect();
        Self {
            definitions: section("definitions"),
            tests: section("tests"),
            objects: section("objects"),
            states: section("states"),
            variables: section("variables"),
        }
    }
}

type Places<'a> = HashMap<&'a str, Place>;

fn places<'a>(nodes: &[Node<'a, 'a>]) -> Places<'a> {
    let mut places = Places::new();
    for (place, node) in (0..).zip(nodes) {
        // Of two with one id the first is meant; the schema forbids the second.
        places.entry(node.attr("id").unwrap_or_default()).or_insert(place);
    }
    places
}

struct Reader<'a> {
    definitions: Places<'a>,
    tests: Places<'a>,
    objects: Places<'a>,
    states: Places<'a>,
    variables: Places<'a>,
}

/// Where references to nowhere point: no list is that long.
const NOWHERE: Place = Place::MAX;

fn find(places: &Places<'_>, id: Option<&str>) -> Place {
    id.and_then(|id| places.get(id.trim()).copied()).unwrap_or(NOWHERE)
}

fn id(node: Node<'_, '_>) -> String {
    node.attr("id").unwrap_or_default().to_owned()
}

fn version(node: Node<'_, '_>) -> String {
    node.attr("version").unwrap_or_default().to_owned()
}

/// Reads an attribute that is a word; one that is missing has the standard's default.
fn word<T>(
    node: Node<'_, '_>,
    name: &'static str,
    default: T,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, ContentError> {
    match node.attr(name) {
        None => Ok(default),
        Some(text) => parse(text).ok_or_else(|| ContentError::Word { attribute: name, value: text.to_owned() }),
    }
}

/// The kind in the name of a test or an object: `file` of `unix:file_object`.
fn kind(node: Node<'_, '_>, suffix: &str) -> Option<Kind> {
    let family = node.space().rsplit('#').next()?;
    let name = node.local().strip_suffix(suffix)?;
    NAMESPACES.contains(&family).then(|| Kind::parse(name)).flatten()
}

impl Reader<'_> {
    fn definition(&self, node: Node<'_, '_>) -> Result<Definition, ContentError> {
        let criteria = node.first("criteria").map(|criteria| self.criteria(criteria)).transpose()?;
        let class = word(node, "class", Class::Miscellaneous, Class::parse)?;
        Ok(Definition { id: id(node), version: version(node), class, criteria })
    }

    /// The document's depth is bounded, and with it this recursion.
    fn criteria(&self, node: Node<'_, '_>) -> Result<Criteria, ContentError> {
        let negate = node.flag("negate");
        match node.local() {
            "criterion" => Ok(Criteria::Test { test: find(&self.tests, node.attr("test_ref")), negate }),
            "extend_definition" => {
                Ok(Criteria::Extend { definition: find(&self.definitions, node.attr("definition_ref")), negate })
            }
            _ => {
                let parts = node
                    .elements()
                    .filter(|child| matches!(child.local(), "criteria" | "criterion" | "extend_definition"));
                let children = parts.map(|child| self.criteria(child)).collect::<Result<_, _>>()?;
                let operator = word(node, "operator", Operator::And, Operator::parse)?;
                Ok(Criteria::Group { operator, negate, children })
            }
        }
    }

    fn test(&self, node: Node<'_, '_>) -> Result<Test, ContentError> {
        let states = node.named("state").map(|state| find(&self.states, state.attr("state_ref"))).collect();
        let object = node.first("object").map(|object| find(&self.objects, object.attr("object_ref")));
        let family = node.space().rsplit('#').next().unwrap_or_default();
        let check = word(node, "check", Check::All, Check::parse)?;
        // The deprecated word speaks of existence; the reference reads it so too.
        let existence = match check {
            Check::NoneExist => Existence::NoneExist,
            _ => word(node, "check_existence", Existence::AtLeastOneExists, Existence::parse)?,
        };
        Ok(Test {
            id: id(node),
            version: version(node),
            comment: node.attr("comment").unwrap_or_default().to_owned(),
            element: format!("{family}:{}", node.local()),
            existence,
            check,
            operator: word(node, "state_operator", Operator::And, Operator::parse)?,
            object,
            states,
        })
    }

    fn object(&self, node: Node<'_, '_>) -> Result<ObjectDef, ContentError> {
        let kind = kind(node, "_object");
        let filters = self.filters(node)?;
        let content = if let Some(set) = node.first("set") {
            ObjectContent::Set(self.set(set)?)
        } else if kind == Some(Kind::Variable) {
            let name = node.first("var_ref").map(|name| name.content().into_owned());
            ObjectContent::Variable(find(&self.variables, name.as_deref()))
        } else {
            self.entities(node)?
        };
        Ok(ObjectDef { id: id(node), version: version(node), kind, content, filters })
    }

    fn entities(&self, node: Node<'_, '_>) -> Result<ObjectContent, ContentError> {
        let mut entities = Vec::new();
        let mut behaviors = None;
        for child in node.elements() {
            match child.local() {
                "behaviors" => behaviors = Some(Box::new(read_behaviors(child)?)),
                "filter" | "notes" | "Signature" => {}
                name => {
                    let Some(field) = Field::parse(name) else { return Ok(ObjectContent::Unknown(name.to_owned())) };
                    let datatype = word(child, "datatype", Datatype::String, Datatype::parse)?;
                    entities.push(ObjectEntity {
                        field,
                        operation: word(child, "operation", Operation::Equals, Operation::parse)?,
                        datatype,
                        check: word(child, "var_check", Check::All, Check::parse)?,
                        source: self.source(child, datatype),
                    });
                }
            }
        }
        Ok(ObjectContent::Entities { entities, behaviors })
    }

    fn source(&self, node: Node<'_, '_>, datatype: Datatype) -> Source {
        match node.attr("var_ref") {
            Some(_) => Source::Variable(find(&self.variables, node.attr("var_ref"))),
            None if node.is_nil() => Source::Nil,
            None => Source::Value(value(&node.content(), datatype)),
        }
    }

    fn filters(&self, node: Node<'_, '_>) -> Result<Vec<FilterDef>, ContentError> {
        let filter = |filter: Node<'_, '_>| {
            let include = word(filter, "action", false, |action| match action {
                "include" => Some(true),
                "exclude" => Some(false),
                _ => None,
            })?;
            Ok(FilterDef { include, state: find(&self.states, Some(&filter.content())) })
        };
        node.elements().filter(|child| child.local() == "filter").map(filter).collect()
    }

    fn set(&self, node: Node<'_, '_>) -> Result<SetDef, ContentError> {
        let mut operands = Vec::new();
        for child in node.elements() {
            match child.local() {
                "object_reference" => operands.push(Operand::Object(find(&self.objects, Some(&child.content())))),
                "set" => operands.push(Operand::Set(Box::new(self.set(child)?))),
                _ => {}
            }
        }
        let operator = word(node, "set_operator", SetOperator::Union, SetOperator::parse)?;
        Ok(SetDef { operator, operands, filters: self.filters(node)? })
    }

    fn state(&self, node: Node<'_, '_>) -> Result<State, ContentError> {
        let mut entities = Vec::new();
        for child in node.elements().filter(|child| !matches!(child.local(), "notes" | "Signature")) {
            let datatype = word(child, "datatype", Datatype::String, Datatype::parse)?;
            entities.push(StateEntity {
                field: Field::parse(child.local()),
                operation: word(child, "operation", Operation::Equals, Operation::parse)?,
                datatype,
                entity_check: word(child, "entity_check", Check::All, Check::parse)?,
                var_check: word(child, "var_check", Check::All, Check::parse)?,
                source: self.source(child, datatype),
            });
        }
        let operator = word(node, "operator", Operator::And, Operator::parse)?;
        Ok(State { id: id(node), version: version(node), operator, entities })
    }

    fn variable(&self, node: Node<'_, '_>) -> Result<Variable, ContentError> {
        let datatype = word(node, "datatype", Datatype::String, Datatype::parse)?;
        let content = match node.local() {
            "constant_variable" => {
                VariableContent::Constant(node.named("value").map(|node| value(&node.content(), datatype)).collect())
            }
            "external_variable" => VariableContent::External { possible: possible(node, datatype)? },
            "local_variable" => match node.elements().find(|child| child.local() != "notes") {
                Some(component) => VariableContent::Local(self.component(component)?),
                None => VariableContent::Constant(Vec::new()),
            },
            other => return Err(ContentError::Element { element: other.to_owned(), within: "variables" }),
        };
        Ok(Variable { id: id(node), datatype, content })
    }

    fn component(&self, node: Node<'_, '_>) -> Result<Component, ContentError> {
        let text = |name: &'static str| node.attr(name).unwrap_or_default().to_owned();
        let function = match node.local() {
            "literal_component" => {
                let datatype = word(node, "datatype", Datatype::String, Datatype::parse)?;
                return Ok(Component::Literal(value(&node.content(), datatype)));
            }
            "variable_component" => return Ok(Component::Variable(find(&self.variables, node.attr("var_ref")))),
            "object_component" => {
                let object = find(&self.objects, node.attr("object_ref"));
                return Ok(Component::Object { object, field: node.attr("item_field").and_then(Field::parse) });
            }
            "arithmetic" => {
                let multiply = word(node, "arithmetic_operation", false, |operation| match operation {
                    "add" => Some(false),
                    "multiply" => Some(true),
                    _ => None,
                })?;
                Function::Arithmetic { multiply }
            }
            "begin" => Function::Begin(text("character")),
            "concat" => Function::Concat,
            "count" => Function::Count,
            "end" => Function::End(text("character")),
            "escape_regex" => Function::EscapeRegex,
            "glob_to_regex" => Function::GlobToRegex { noescape: node.flag("glob_noescape") },
            "regex_capture" => Function::RegexCapture(text("pattern")),
            "split" => Function::Split(text("delimiter")),
            "substring" => Function::Substring {
                start: word(node, "substring_start", 1, |text| text.trim().parse().ok())?,
                length: word(node, "substring_length", -1, |text| text.trim().parse().ok())?,
            },
            "time_difference" => {
                let format = |name| word(node, name, TimeFormat::YearMonthDay, TimeFormat::parse);
                Function::TimeDifference(format("format_1")?, format("format_2")?)
            }
            "unique" => Function::Unique,
            other => return Err(ContentError::Element { element: other.to_owned(), within: "local_variable" }),
        };
        let arguments = node.elements().map(|argument| self.component(argument)).collect::<Result<_, _>>()?;
        Ok(Component::Function(function, arguments))
    }
}

/// Reads a literal. A number or a truth that is written in any other way than ours stays text, so
/// that comparing it as text sees what was written.
pub(crate) fn value(text: &str, datatype: Datatype) -> Value {
    let typed = match datatype {
        Datatype::Int => text.parse().ok().map(Value::Int),
        Datatype::Boolean => text.parse().ok().map(Value::Bool),
        _ => None,
    };
    typed.filter(|value| value.text() == text).unwrap_or_else(|| text.into())
}

fn possible(node: Node<'_, '_>, datatype: Datatype) -> Result<Vec<Possible>, ContentError> {
    let mut possible = Vec::new();
    for child in node.elements() {
        match child.local() {
            "possible_value" => possible.push(Possible::Value(value(&child.content(), datatype))),
            "possible_restriction" => {
                let mut restrictions = Vec::new();
                for restriction in child.named("restriction") {
                    let operation = word(restriction, "operation", Operation::Equals, Operation::parse)?;
                    restrictions.push((operation, value(&restriction.content(), datatype)));
                }
                let operator = word(child, "operator", Operator::And, Operator::parse)?;
                possible.push(Possible::Restriction(operator, restrictions));
            }
            _ => {}
        }
    }
    Ok(possible)
}

fn read_behaviors(node: Node<'_, '_>) -> Result<Behaviors, ContentError> {
    let default = Behaviors::default();
    let switch = |name, default: bool| word(node, name, default, boolean);
    let without = node
        .attributes()
        .filter(|attribute| attribute.name().starts_with("no") && matches!(attribute.value(), "true" | "1"));
    Ok(Behaviors {
        max_depth: word(node, "max_depth", default.max_depth, |text| text.trim().parse().ok())?,
        recurse: word(node, "recurse", default.recurse, Recurse::parse)?,
        recurse_direction: word(node, "recurse_direction", default.recurse_direction, RecurseDirection::parse)?,
        recurse_file_system: word(node, "recurse_file_system", default.recurse_file_system, RecurseFileSystem::parse)?,
        ignore_case: switch("ignore_case", default.ignore_case)?,
        multiline: switch("multiline", default.multiline)?,
        singleline: switch("singleline", default.singleline)?,
        without: without.map(|attribute| attribute.name().into()).collect(),
    })
}
