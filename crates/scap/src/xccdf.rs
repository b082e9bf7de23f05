//! XCCDF benchmarks as values: rules, groups, values, profiles; what evaluation and reports need, and no more.
//!
//! - [`parse`]: from the XML of a benchmark or a tailoring file.
//! - [`profile`]: which rules a profile selects, with which values.

pub(crate) mod parse;
pub(crate) mod profile;

use std::collections::HashMap;

use crate::cpe::Applicability;
use crate::field::words;

words! {
    /// How bad it is when a rule fails.
    Severity {
        Unknown = "unknown",
        Info = "info",
        Low = "low",
        Medium = "medium",
        High = "high",
    }
}

words! {
    /// What a rule's result counts for.
    Role {
        Full = "full",
        Unscored = "unscored",
        Unchecked = "unchecked",
    }
}

/// A benchmark as it was written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Benchmark {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) platforms: Vec<String>,
    pub(crate) models: Vec<String>,
    /// Groups and rules in document order, each after its parent.
    pub(crate) items: Vec<Item>,
    pub(crate) values: Vec<ValueDef>,
    pub(crate) profiles: Vec<Profile>,
    /// Platforms that the benchmark defines in the applicability language.
    pub(crate) language: HashMap<String, Applicability>,
}

/// A group or a rule.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) cluster: Option<String>,
    /// The place of the group that holds it.
    pub(crate) parent: Option<usize>,
    pub(crate) selected: bool,
    pub(crate) weight: f64,
    pub(crate) title: Text,
    pub(crate) platforms: Vec<String>,
    /// Each entry lists alternatives.
    pub(crate) requires: Vec<Vec<String>>,
    pub(crate) conflicts: Vec<String>,
    pub(crate) rule: Option<Box<Rule>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) role: Role,
    pub(crate) severity: Severity,
    pub(crate) description: Text,
    pub(crate) rationale: Text,
    pub(crate) warnings: Vec<Text>,
    pub(crate) idents: Vec<(String, String)>,
    /// Where it comes from: address of the source, and the place in it.
    pub(crate) references: Vec<(String, String)>,
    pub(crate) fixes: Vec<Fix>,
    pub(crate) checks: Vec<Check>,
    pub(crate) complex: Option<Complex>,
}

/// Text with places where a value is put in.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Text(pub(crate) Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Value(String),
}

/// A way to bring about what a rule asks for.
#[derive(Debug, Clone)]
pub(crate) struct Fix {
    pub(crate) system: String,
    pub(crate) id: String,
    pub(crate) strategy: String,
    pub(crate) complexity: String,
    pub(crate) disruption: String,
    pub(crate) reboot: bool,
    pub(crate) text: Text,
}

#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) system: String,
    pub(crate) selector: String,
    pub(crate) negate: bool,
    pub(crate) multi: bool,
    /// Address of a document, and the name of one thing in it.
    pub(crate) contents: Vec<(String, Option<String>)>,
    /// A value, and the name under which the check knows it.
    pub(crate) exports: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Complex {
    pub(crate) any: bool,
    pub(crate) negate: bool,
    pub(crate) children: Vec<ComplexChild>,
}

#[derive(Debug, Clone)]
pub(crate) enum ComplexChild {
    Check(Check),
    Complex(Complex),
}

#[derive(Debug, Clone)]
pub(crate) struct ValueDef {
    pub(crate) id: String,
    pub(crate) cluster: Option<String>,
    /// Selector and value in document order.
    pub(crate) values: Vec<(Option<String>, String)>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Profile {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) extends: Option<String>,
    pub(crate) selects: Vec<(String, bool)>,
    pub(crate) sets: Vec<(String, String)>,
    pub(crate) refines: Vec<(String, String)>,
    pub(crate) rules: Vec<RefineRule>,
}

#[derive(Debug, Clone)]
pub(crate) struct RefineRule {
    pub(crate) id: String,
    pub(crate) selector: Option<String>,
    pub(crate) severity: Option<Severity>,
    pub(crate) weight: Option<f64>,
    pub(crate) role: Option<Role>,
}

impl Text {
    /// The text with values put in.
    pub(crate) fn with<'a>(&'a self, value: impl Fn(&str) -> Option<&'a str>) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Value(id) => value(id).unwrap_or(id),
        });
        pieces.collect()
    }
}
