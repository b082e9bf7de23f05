//! Evaluates an expression on a document.

use roxmltree::{Document, Node, NodeType};

use super::parse::parse;
use super::{Answer, Arithmetic, Axis, Comparison, Expr, Function, NodeTest, Place, Step, XPathError};

/// Nodes that one expression may look at.
const STEPS_MAX: u64 = 20_000_000;

/// Evaluates an expression at the root of a document.
pub(in crate::oval) fn evaluate(expression: &str, document: &Document<'_>) -> Result<Answer, XPathError> {
    let parsed = parse(expression)?;
    let mut evaluation = Evaluation { steps_left: STEPS_MAX };
    let here = Here { place: Place::Node(document.root()), position: 1, size: 1 };
    Ok(match evaluation.value(&parsed, here)? {
        Value::Nodes(places) => Answer::Nodes(places.into_iter().map(held).collect()),
        Value::Number(number) => Answer::Number(number),
        Value::Text(text) => Answer::Text(text),
        Value::Bool(truth) => Answer::Bool(truth),
    })
}

/// Only attributes and texts hold a value of their own.
fn held(place: Place<'_, '_>) -> Option<String> {
    match place {
        Place::Node(node) if node.is_element() || node.is_root() => None,
        other => Some(text_of(other)),
    }
}

enum Value<'a, 'd> {
    Nodes(Vec<Place<'a, 'd>>),
    Number(f64),
    Text(String),
    Bool(bool),
}

#[derive(Clone, Copy)]
struct Here<'a, 'd> {
    place: Place<'a, 'd>,
    position: usize,
    size: usize,
}

struct Evaluation {
    steps_left: u64,
}

impl Evaluation {
    fn step(&mut self) -> Result<(), XPathError> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(XPathError::TooCostly { steps: STEPS_MAX })?;
        Ok(())
    }

    fn value<'a, 'd>(&mut self, expr: &Expr, here: Here<'a, 'd>) -> Result<Value<'a, 'd>, XPathError> {
        self.step()?;
        Ok(match expr {
            Expr::Or(left, right) => Value::Bool(truth(&self.value(left, here)?) || truth(&self.value(right, here)?)),
            Expr::And(left, right) => Value::Bool(truth(&self.value(left, here)?) && truth(&self.value(right, here)?)),
            Expr::Compare(comparison, left, right) => {
                let (left, right) = (self.value(left, here)?, self.value(right, here)?);
                Value::Bool(self.compare(*comparison, &left, &right)?)
            }
            Expr::Arithmetic(operator, left, right) => {
                let (left, right) = (number(&self.value(left, here)?), number(&self.value(right, here)?));
                Value::Number(match operator {
                    Arithmetic::Add => left + right,
                    Arithmetic::Subtract => left - right,
                    Arithmetic::Multiply => left * right,
                    Arithmetic::Divide => left / right,
                    Arithmetic::Modulo => left % right,
                })
            }
            Expr::Negative(inside) => Value::Number(-number(&self.value(inside, here)?)),
            Expr::Union(left, right) => {
                let (mut left, right) = (self.nodes(left, here)?, self.nodes(right, here)?);
                left.extend(right);
                Value::Nodes(in_order(left))
            }
            Expr::Number(number) => Value::Number(*number),
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Call(function, arguments) => self.call(*function, arguments, here)?,
            Expr::Path { from, absolute, steps } => {
                let mut places = match from {
                    Some(from) => self.nodes(from, here)?,
                    None if *absolute => vec![Place::Node(owner(here.place).document().root())],
                    None => vec![here.place],
                };
                for step in steps {
                    places = self.go(step, &places)?;
                }
                Value::Nodes(places)
            }
        })
    }

    fn nodes<'a, 'd>(&mut self, expr: &Expr, here: Here<'a, 'd>) -> Result<Vec<Place<'a, 'd>>, XPathError> {
        match self.value(expr, here)? {
            Value::Nodes(places) => Ok(places),
            _ => Err(XPathError::Unsupported { what: "a path from what is no node".to_owned() }),
        }
    }

    fn go<'a, 'd>(&mut self, step: &Step, from: &[Place<'a, 'd>]) -> Result<Vec<Place<'a, 'd>>, XPathError> {
        let mut reached = Vec::new();
        for place in from {
            let mut kept = Vec::new();
            self.along(step, *place, &mut kept)?;
            for predicate in &step.predicates {
                let size = kept.len();
                let mut next = Vec::new();
                for (position, place) in (1_usize..).zip(kept) {
                    let keeps = match self.value(predicate, Here { place, position, size })? {
                        Value::Number(number) => (number - as_number(position)).abs() < f64::EPSILON,
                        other => truth(&other),
                    };
                    if keeps {
                        next.push(place);
                    }
                }
                kept = next;
            }
            reached.extend(kept);
        }
        Ok(if from.len() > 1 { in_order(reached) } else { reached })
    }

    fn along<'a, 'd>(
        &mut self,
        step: &Step,
        place: Place<'a, 'd>,
        kept: &mut Vec<Place<'a, 'd>>,
    ) -> Result<(), XPathError> {
        let mut offer = |evaluation: &mut Self, candidate: Place<'a, 'd>| -> Result<(), XPathError> {
            evaluation.step()?;
            if passes(&step.test, step.axis, candidate) {
                kept.push(candidate);
            }
            Ok(())
        };
        match (step.axis, place) {
            (Axis::Itself, place) => offer(self, place),
            (Axis::DescendantOrSelf, Place::Attribute(..)) => offer(self, place),
            (Axis::Parent, Place::Attribute(element, _)) => offer(self, Place::Node(element)),
            (Axis::Parent, Place::Node(node)) => {
                node.parent().map_or(Ok(()), |parent| offer(self, Place::Node(parent)))
            }
            (Axis::Child, Place::Node(node)) => node.children().try_for_each(|child| offer(self, Place::Node(child))),
            (Axis::Descendant, Place::Node(node)) => {
                node.descendants().skip(1).try_for_each(|below| offer(self, Place::Node(below)))
            }
            (Axis::DescendantOrSelf, Place::Node(node)) => {
                node.descendants().try_for_each(|below| offer(self, Place::Node(below)))
            }
            (Axis::Attribute, Place::Node(node)) => {
                (0..node.attributes().len()).try_for_each(|index| offer(self, Place::Attribute(node, index)))
            }
            (Axis::Child | Axis::Descendant | Axis::Attribute, Place::Attribute(..)) => Ok(()),
        }
    }

    fn compare(
        &mut self,
        comparison: Comparison,
        left: &Value<'_, '_>,
        right: &Value<'_, '_>,
    ) -> Result<bool, XPathError> {
        // Nodes compare as any of them does; a truth compares with whether there are any.
        match (left, right) {
            (Value::Nodes(_), Value::Bool(_)) | (Value::Bool(_), Value::Nodes(_)) => {
                Ok(compare_atoms(comparison, &Value::Bool(truth(left)), &Value::Bool(truth(right))))
            }
            (Value::Nodes(places), other) => {
                for place in places {
                    self.step()?;
                    if self.compare(comparison, &Value::Text(text_of(*place)), other)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (other, Value::Nodes(places)) => {
                for place in places {
                    self.step()?;
                    if compare_atoms(comparison, other, &Value::Text(text_of(*place))) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (left, right) => Ok(compare_atoms(comparison, left, right)),
        }
    }

    fn call<'a, 'd>(
        &mut self,
        function: Function,
        arguments: &[Expr],
        here: Here<'a, 'd>,
    ) -> Result<Value<'a, 'd>, XPathError> {
        let wrong = || XPathError::Unsupported { what: format!("{function:?} with {} arguments", arguments.len()) };
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.value(argument, here)?);
        }
        let text_at = |index: usize| values.get(index).map(text).ok_or_else(wrong);
        // Without an argument these speak of the node at hand.
        let own = || values.first().map_or_else(|| text_of(here.place), text);
        Ok(match function {
            Function::True => Value::Bool(true),
            Function::False => Value::Bool(false),
            Function::Last => Value::Number(as_number(here.size)),
            Function::Position => Value::Number(as_number(here.position)),
            Function::Not => Value::Bool(!truth(values.first().ok_or_else(wrong)?)),
            Function::Boolean => Value::Bool(truth(values.first().ok_or_else(wrong)?)),
            Function::Number => Value::Number(values.first().map_or_else(|| number_of(&text_of(here.place)), number)),
            Function::String => Value::Text(own()),
            Function::StringLength => Value::Number(as_number(own().chars().count())),
            Function::NormalizeSpace => Value::Text(own().split_whitespace().collect::<Vec<_>>().join(" ")),
            Function::Contains => Value::Bool(text_at(0)?.contains(&text_at(1)?)),
            Function::StartsWith => Value::Bool(text_at(0)?.starts_with(&text_at(1)?)),
            Function::Concat => Value::Text(values.iter().map(text).collect()),
            Function::Count => match values.first() {
                Some(Value::Nodes(places)) => Value::Number(as_number(places.len())),
                _ => return Err(wrong()),
            },
            Function::Name | Function::LocalName => {
                let place = match values.first() {
                    None => Some(here.place),
                    Some(Value::Nodes(places)) => places.first().copied(),
                    Some(_) => return Err(wrong()),
                };
                Value::Text(place.map(name_of).unwrap_or_default())
            }
        })
    }
}

const fn owner<'a, 'd>(place: Place<'a, 'd>) -> Node<'a, 'd> {
    match place {
        Place::Node(node) | Place::Attribute(node, _) => node,
    }
}

fn passes(test: &NodeTest, axis: Axis, place: Place<'_, '_>) -> bool {
    match (test, place) {
        (NodeTest::AnyNode, _) => true,
        (NodeTest::Text, Place::Node(node)) => node.is_text(),
        (NodeTest::Comment, Place::Node(node)) => node.is_comment(),
        (NodeTest::AnyName, Place::Node(node)) => node.is_element() && axis != Axis::Attribute,
        (NodeTest::AnyName, Place::Attribute(..)) => axis == Axis::Attribute,
        (NodeTest::Name(name), Place::Node(node)) => {
            node.is_element() && node.tag_name().namespace().is_none() && node.tag_name().name() == name
        }
        (NodeTest::Name(name), Place::Attribute(element, index)) => {
            let attribute = element.attributes().nth(index);
            axis == Axis::Attribute
                && attribute.is_some_and(|found| found.namespace().is_none() && found.name() == name)
        }
        (NodeTest::Text | NodeTest::Comment, Place::Attribute(..)) => false,
    }
}

/// Puts nodes in the document's order, each once.
fn in_order<'a, 'd>(mut places: Vec<Place<'a, 'd>>) -> Vec<Place<'a, 'd>> {
    let key = |place: &Place<'_, '_>| match place {
        Place::Node(node) => (node.id().get(), 0),
        Place::Attribute(node, index) => (node.id().get(), index + 1),
    };
    places.sort_by_key(key);
    places.dedup_by_key(|place| key(place));
    places
}

fn text_of(place: Place<'_, '_>) -> String {
    match place {
        Place::Attribute(element, index) => {
            element.attributes().nth(index).map(|attribute| attribute.value().to_owned()).unwrap_or_default()
        }
        Place::Node(node) => match node.node_type() {
            NodeType::Text | NodeType::Comment => node.text().unwrap_or_default().to_owned(),
            _ => node.descendants().filter(Node::is_text).filter_map(|text| text.text()).collect(),
        },
    }
}

fn name_of(place: Place<'_, '_>) -> String {
    match place {
        Place::Attribute(element, index) => {
            element.attributes().nth(index).map(|attribute| attribute.name().to_owned()).unwrap_or_default()
        }
        Place::Node(node) => node.tag_name().name().to_owned(),
    }
}

fn truth(value: &Value<'_, '_>) -> bool {
    match value {
        Value::Nodes(places) => !places.is_empty(),
        Value::Number(number) => *number != 0.0 && !number.is_nan(),
        Value::Text(text) => !text.is_empty(),
        Value::Bool(truth) => *truth,
    }
}

fn text(value: &Value<'_, '_>) -> String {
    match value {
        Value::Nodes(places) => places.first().map(|place| text_of(*place)).unwrap_or_default(),
        Value::Number(number) => shown(*number),
        Value::Text(text) => text.clone(),
        Value::Bool(truth) => truth.to_string(),
    }
}

/// A number as XPath writes it: whole ones without a point.
pub(in crate::oval) fn shown(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number == 0.0 { "0".to_owned() } else { number.to_string() }
}

fn number(value: &Value<'_, '_>) -> f64 {
    match value {
        Value::Number(number) => *number,
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        other => number_of(&text(other)),
    }
}

fn number_of(text: &str) -> f64 {
    let text = text.trim();
    let is_number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
    if is_number { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

fn as_number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

fn compare_atoms(comparison: Comparison, left: &Value<'_, '_>, right: &Value<'_, '_>) -> bool {
    let equal = || match (left, right) {
        (Value::Bool(_), _) | (_, Value::Bool(_)) => truth(left) == truth(right),
        (Value::Number(_), _) | (_, Value::Number(_)) => {
            let (left, right) = (number(left), number(right));
            left.partial_cmp(&right) == Some(std::cmp::Ordering::Equal)
        }
        _ => text(left) == text(right),
    };
    match comparison {
        Comparison::Equal => equal(),
        Comparison::NotEqual => !equal(),
        Comparison::Less => number(left) < number(right),
        Comparison::LessOrEqual => number(left) <= number(right),
        Comparison::Greater => number(left) > number(right),
        Comparison::GreaterOrEqual => number(left) >= number(right),
    }
}
