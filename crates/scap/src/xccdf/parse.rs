//! From the XML of benchmarks and tailoring files.

use super::{
    Benchmark, Check, Complex, ComplexChild, Fix, Item, Piece, Profile, RefineRule, Role, Rule, Severity, Text,
    ValueDef,
};
use crate::cpe;
use crate::error::ContentError;
use crate::xml::{Element as _, Node};

/// Elements that begin a line of their own in readable text.
const BLOCKS: &[&str] = &["br", "p", "pre", "li", "ul", "ol", "div", "table", "tr", "dl", "dt", "dd"];

/// Reads the element `Benchmark`.
pub(crate) fn benchmark(root: Node<'_, '_>) -> Result<Benchmark, ContentError> {
    let mut benchmark = Benchmark {
        id: attribute(root, "id"),
        version: root.first("version").map(|version| version.content().trim().to_owned()).unwrap_or_default(),
        title: root.first("title").map(|title| title.prose()).unwrap_or_default(),
        platforms: platforms(root),
        models: root.named("model").map(|model| attribute(model, "system")).collect(),
        language: cpe::language(root),
        ..Benchmark::default()
    };
    for profile in root.named("Profile") {
        benchmark.profiles.push(read_profile(profile)?);
    }
    items(root, None, &mut benchmark)?;
    Ok(benchmark)
}

/// Reads the profiles of the element `Tailoring`.
pub(crate) fn tailoring(root: Node<'_, '_>) -> Result<Vec<Profile>, ContentError> {
    root.named("Profile").map(read_profile).collect()
}

/// The document's depth is bounded, and with it this recursion.
fn items(node: Node<'_, '_>, parent: Option<usize>, benchmark: &mut Benchmark) -> Result<(), ContentError> {
    for child in node.elements() {
        match child.local() {
            "Value" => benchmark.values.push(value(child)),
            "Group" => {
                let place = benchmark.items.len();
                benchmark.items.push(item(child, parent, None)?);
                items(child, Some(place), benchmark)?;
            }
            "Rule" => {
                let rule = rule(child)?;
                benchmark.items.push(item(child, parent, Some(Box::new(rule)))?);
            }
            _ => {}
        }
    }
    Ok(())
}

fn item(node: Node<'_, '_>, parent: Option<usize>, rule: Option<Box<Rule>>) -> Result<Item, ContentError> {
    let list = |text: String| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    Ok(Item {
        id: attribute(node, "id"),
        cluster: node.attr("cluster-id").map(str::to_owned),
        parent,
        selected: node.attr("selected").is_none_or(|selected| matches!(selected, "true" | "1")),
        weight: number(node, "weight")?.unwrap_or(1.0),
        title: node.first("title").map(text).unwrap_or_default(),
        platforms: platforms(node),
        requires: node.named("requires").map(|requires| list(attribute(requires, "idref"))).collect(),
        conflicts: node.named("conflicts").map(|conflicts| attribute(conflicts, "idref")).collect(),
        rule,
    })
}

fn rule(node: Node<'_, '_>) -> Result<Rule, ContentError> {
    let reference = |reference: Node<'_, '_>| (attribute(reference, "href"), reference.prose());
    Ok(Rule {
        role: word(node, "role", Role::parse)?.unwrap_or(Role::Full),
        severity: word(node, "severity", Severity::parse)?.unwrap_or(Severity::Unknown),
        description: node.first("description").map(text).unwrap_or_default(),
        rationale: node.first("rationale").map(text).unwrap_or_default(),
        warnings: node.named("warning").map(text).collect(),
        idents: node.named("ident").map(|ident| (attribute(ident, "system"), ident.prose())).collect(),
        references: node.named("reference").map(reference).collect(),
        fixes: node.named("fix").map(fix).collect(),
        checks: node.named("check").map(check).collect(),
        complex: node.first("complex-check").map(complex),
    })
}

fn fix(node: Node<'_, '_>) -> Fix {
    let mut pieces = Vec::new();
    raw(node, &mut pieces);
    Fix {
        system: attribute(node, "system"),
        id: attribute(node, "id"),
        strategy: attribute(node, "strategy"),
        complexity: attribute(node, "complexity"),
        disruption: attribute(node, "disruption"),
        reboot: node.flag("reboot"),
        text: Text(pieces),
    }
}

fn check(node: Node<'_, '_>) -> Check {
    let content = |content: Node<'_, '_>| (attribute(content, "href"), content.attr("name").map(str::to_owned));
    Check {
        system: attribute(node, "system"),
        selector: attribute(node, "selector"),
        negate: node.flag("negate"),
        multi: node.flag("multi-check"),
        contents: node.named("check-content-ref").map(content).collect(),
        exports: node
            .named("check-export")
            .map(|export| (attribute(export, "value-id"), attribute(export, "export-name")))
            .collect(),
    }
}

fn complex(node: Node<'_, '_>) -> Complex {
    let children = node.elements().filter_map(|child| match child.local() {
        "check" => Some(ComplexChild::Check(check(child))),
        "complex-check" => Some(ComplexChild::Complex(complex(child))),
        _ => None,
    });
    Complex {
        any: node.attr("operator").is_some_and(|operator| operator.eq_ignore_ascii_case("OR")),
        negate: node.flag("negate"),
        children: children.collect(),
    }
}

fn value(node: Node<'_, '_>) -> ValueDef {
    let one = |value: Node<'_, '_>| {
        let selector = value.attr("selector").filter(|selector| !selector.is_empty()).map(str::to_owned);
        (selector, value.content().into_owned())
    };
    ValueDef {
        id: attribute(node, "id"),
        cluster: node.attr("cluster-id").map(str::to_owned),
        values: node.named("value").map(one).collect(),
    }
}

fn read_profile(node: Node<'_, '_>) -> Result<Profile, ContentError> {
    let mut profile = Profile {
        id: attribute(node, "id"),
        title: node.first("title").map(|title| title.prose()).unwrap_or_default(),
        description: node.first("description").map(|description| description.prose()).unwrap_or_default(),
        extends: node.attr("extends").map(str::to_owned),
        ..Profile::default()
    };
    for child in node.elements() {
        let id = attribute(child, "idref");
        match child.local() {
            "select" => profile.selects.push((id, child.flag("selected"))),
            "set-value" => profile.sets.push((id, child.content().into_owned())),
            "refine-value" => {
                if let Some(selector) = child.attr("selector") {
                    profile.refines.push((id, selector.to_owned()));
                }
            }
            "refine-rule" => profile.rules.push(RefineRule {
                id,
                selector: child.attr("selector").map(str::to_owned),
                severity: word(child, "severity", Severity::parse)?,
                weight: number(child, "weight")?,
                role: word(child, "role", Role::parse)?,
            }),
            _ => {}
        }
    }
    Ok(profile)
}

fn platforms(node: Node<'_, '_>) -> Vec<String> {
    node.named("platform").map(|platform| attribute(platform, "idref")).collect()
}

fn attribute(node: Node<'_, '_>, name: &'static str) -> String {
    node.attr(name).unwrap_or_default().to_owned()
}

fn word<T>(
    node: Node<'_, '_>,
    name: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, ContentError> {
    let read = |text: &str| parse(text).ok_or_else(|| ContentError::Word { attribute: name, value: text.to_owned() });
    node.attr(name).map(read).transpose()
}

fn number(node: Node<'_, '_>, name: &'static str) -> Result<Option<f64>, ContentError> {
    word(node, name, |text| text.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0))
}

/// Readable text: markup gone, white space folded, blocks on lines of their own.
fn text(node: Node<'_, '_>) -> Text {
    let mut writer = Prose::default();
    writer.element(node, false);
    writer.finish()
}

#[derive(Default)]
struct Prose {
    pieces: Vec<Piece>,
    line: String,
}

impl Prose {
    /// The document's depth is bounded, and with it this recursion.
    fn element(&mut self, node: Node<'_, '_>, preformatted: bool) {
        for child in node.children() {
            if let Some(text) = child.text().filter(|_| child.is_text()) {
                if preformatted {
                    self.line.push_str(text);
                } else {
                    self.folded(text);
                }
            } else if child.local() == "sub" {
                self.pieces.push(Piece::Text(std::mem::take(&mut self.line)));
                self.pieces.push(Piece::Value(attribute(child, "idref")));
            } else if child.is_element() {
                let block = BLOCKS.contains(&child.local());
                if block {
                    self.end_line();
                }
                self.element(child, preformatted || child.local() == "pre");
                if block {
                    self.end_line();
                }
            }
        }
    }

    fn folded(&mut self, text: &str) {
        for character in text.chars() {
            if !character.is_whitespace() {
                self.line.push(character);
            } else if self.wants_space() {
                self.line.push(' ');
            }
        }
    }

    /// Whether white space here separates two words.
    fn wants_space(&self) -> bool {
        if self.line.is_empty() {
            matches!(self.pieces.last(), Some(Piece::Value(_)))
        } else {
            !self.line.ends_with(char::is_whitespace)
        }
    }

    fn end_line(&mut self) {
        if !self.line.is_empty() && !self.line.ends_with('\n') {
            self.line.truncate(self.line.trim_end_matches(' ').len());
            self.line.push('\n');
        }
    }

    fn finish(mut self) -> Text {
        self.line.truncate(self.line.trim_end().len());
        if !self.line.is_empty() {
            self.pieces.push(Piece::Text(self.line));
        }
        Text(self.pieces)
    }
}

/// Text as it stands: a script.
fn raw(node: Node<'_, '_>, pieces: &mut Vec<Piece>) {
    for child in node.children() {
        if let Some(text) = child.text().filter(|_| child.is_text()) {
            pieces.push(Piece::Text(text.to_owned()));
        } else if child.local() == "sub" {
            pieces.push(Piece::Value(attribute(child, "idref")));
        } else if child.is_element() {
            raw(child, pieces);
        }
    }
}
