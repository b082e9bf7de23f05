//! Tests, objects, states and variables: what criteria refer to.

use std::collections::HashMap;

use super::{FORMAT, TABLE_ROWS_MAX, VALUES_MAX, WORD_BYTES_MAX};
use crate::catalogue::{Entry, ParseError};
use crate::xml::{Element, Token, Xml};

/// How a state compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Equals,
    NotEqual,
    LessThan,
    LessThanOrEqual,
    GreaterThan,
    GreaterThanOrEqual,
    PatternMatch,
    /// Bit masks and sets.
    Other,
}

impl Operation {
    fn of(element: &Element<'_>) -> Self {
        match element.attribute("operation").as_deref() {
            None | Some("equals") => Self::Equals,
            Some("not equal") => Self::NotEqual,
            Some("less than") => Self::LessThan,
            Some("less than or equal") => Self::LessThanOrEqual,
            Some("greater than") => Self::GreaterThan,
            Some("greater than or equal") => Self::GreaterThanOrEqual,
            Some("pattern match") => Self::PatternMatch,
            Some(_) => Self::Other,
        }
    }
}

/// What a state asks of a package; several entities hold together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) evr: Option<(Operation, Box<str>)>,
    pub(crate) version: Option<(Operation, Box<str>)>,
    pub(crate) arch: Option<Box<str>>,
    /// Lower case, 16 hexadecimal digits, as written.
    pub(crate) key: Option<Box<str>>,
    /// The text of a file's state.
    text: Option<Box<str>>,
}

/// What a test looks at.
#[derive(Debug, Default)]
struct Object {
    /// A literal name.
    name: Option<Box<str>>,
    /// A variable whose values are names (dpkginfo) or patterns (a manifest of packages).
    variable: Option<Box<str>>,
    /// The whole path of a file.
    path: Option<Box<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Package,
    File,
    Other,
}

#[derive(Debug)]
struct RawTest {
    kind: Kind,
    forbids: bool,
    object: Option<Box<str>>,
    states: Vec<Box<str>>,
}

/// A test with what it refers to.
#[derive(Debug)]
pub(crate) enum Test<'t> {
    /// Packages of these names, of which all states hold.
    Package { names: Vec<&'t str>, states: Vec<&'t State> },
    /// A module stream is enabled.
    Module { name: &'t str, stream: String },
    /// It asks that something is not so.
    Forbids,
    /// Something else, or incomplete.
    Other,
}

/// All of a document.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    tests: HashMap<Box<str>, RawTest>,
    objects: HashMap<Box<str>, Object>,
    states: HashMap<Box<str>, State>,
    variables: HashMap<Box<str>, Vec<Box<str>>>,
    timestamp: Option<Box<str>>,
}

impl Tables {
    /// Reads the tables of a document.
    ///
    /// # Errors
    /// It is no OVAL document, is cut, or has more than [`TABLE_ROWS_MAX`] of something.
    pub(crate) fn read(entry: &Entry<'_>) -> Result<Self, ParseError> {
        Self::read_bounded(entry, TABLE_ROWS_MAX)
    }

    fn read_bounded(entry: &Entry<'_>, rows_max: usize) -> Result<Self, ParseError> {
        let mut xml = Xml::new(entry, FORMAT);
        enter(&mut xml)?;
        let mut tables = Self::default();
        while let Some(section) = child(&mut xml)? {
            match section.name() {
                b"generator" => {
                    while let Some(element) = child(&mut xml)? {
                        if element.name() == b"timestamp" {
                            tables.timestamp = word(&mut xml)?;
                        } else {
                            xml.skip()?;
                        }
                    }
                }
                b"tests" => tables.read_tests(&mut xml, rows_max)?,
                b"objects" => tables.read_objects(&mut xml, rows_max)?,
                b"states" => tables.read_states(&mut xml, rows_max)?,
                b"variables" => tables.read_variables(&mut xml, rows_max)?,
                _ => xml.skip()?,
            }
        }
        end(&mut xml)?;
        Ok(tables)
    }

    /// Returns when the document was made, as its generator wrote it.
    pub(crate) fn timestamp(&self) -> Option<&str> {
        self.timestamp.as_deref()
    }

    /// Returns a test by its id.
    pub(crate) fn test(&self, id: &str) -> Test<'_> {
        let Some(test) = self.tests.get(id) else { return Test::Other };
        if test.forbids {
            return Test::Forbids;
        }
        let Some(object) = test.object.as_ref().and_then(|id| self.objects.get(id)) else { return Test::Other };
        let states: Option<Vec<&State>> = test.states.iter().map(|id| self.states.get(id)).collect();
        let Some(states) = states else { return Test::Other };
        match test.kind {
            Kind::Package => {
                let names = self.names(object);
                if names.is_empty() { Test::Other } else { Test::Package { names, states } }
            }
            Kind::File => self.file(object, states),
            Kind::Other => Test::Other,
        }
    }

    fn names<'t>(&'t self, object: &'t Object) -> Vec<&'t str> {
        let values = object.variable.as_ref().and_then(|id| self.variables.get(id));
        object.name.iter().chain(values.into_iter().flatten()).map(AsRef::as_ref).collect()
    }

    /// dnf's files of modules and Ubuntu's manifests of packages are both texts.
    fn file<'t>(&'t self, object: &'t Object, states: Vec<&'t State>) -> Test<'t> {
        if let Some(path) = &object.path {
            let file = path.strip_prefix("/etc/dnf/modules.d/").and_then(|file| file.strip_suffix(".module"));
            let text = states.first().and_then(|state| state.text.as_deref());
            return match (file, text.and_then(stream_of_pattern)) {
                (Some(name), Some(stream)) => Test::Module { name, stream },
                _ => Test::Other,
            };
        }
        let values = object.variable.as_ref().and_then(|id| self.variables.get(id));
        let names: Option<Vec<&str>> = values.into_iter().flatten().map(|value| name_of_pattern(value)).collect();
        match names {
            Some(names) if !names.is_empty() => Test::Package { names, states },
            _ => Test::Other,
        }
    }

    fn read_tests(&mut self, xml: &mut Xml<'_>, rows_max: usize) -> Result<(), ParseError> {
        while let Some(element) = child(xml)? {
            let kind = match element.name() {
                b"rpminfo_test" | b"dpkginfo_test" => Kind::Package,
                b"textfilecontent54_test" => Kind::File,
                _ => Kind::Other,
            };
            let id = attribute(&element, "id");
            let check = element.attribute("check");
            let existence = element.attribute("check_existence");
            let forbids = check.as_deref() == Some("none satisfy") || existence.as_deref() == Some("none_exist");
            let mut test = RawTest { kind, forbids, object: None, states: Vec::new() };
            while let Some(part) = child(xml)? {
                match part.name() {
                    b"object" => test.object = Some(attribute(&part, "object_ref")),
                    b"state" if test.states.len() < VALUES_MAX => test.states.push(attribute(&part, "state_ref")),
                    _ => {}
                }
                xml.skip()?;
            }
            keep(&mut self.tests, id, test, "tests", rows_max, xml)?;
        }
        Ok(())
    }

    fn read_objects(&mut self, xml: &mut Xml<'_>, rows_max: usize) -> Result<(), ParseError> {
        while let Some(element) = child(xml)? {
            let id = attribute(&element, "id");
            let mut object = Object::default();
            while let Some(part) = child(xml)? {
                match part.name() {
                    b"name" | b"pattern" if part.attribute("var_ref").is_some() => {
                        object.variable = Some(attribute(&part, "var_ref"));
                        xml.skip()?;
                    }
                    // A pattern would be a family of packages; no distributor writes one here.
                    b"name" if Operation::of(&part) == Operation::Equals => object.name = word(xml)?,
                    b"filepath" => object.path = word(xml)?,
                    _ => xml.skip()?,
                }
            }
            keep(&mut self.objects, id, object, "objects", rows_max, xml)?;
        }
        Ok(())
    }

    fn read_states(&mut self, xml: &mut Xml<'_>, rows_max: usize) -> Result<(), ParseError> {
        while let Some(element) = child(xml)? {
            let id = attribute(&element, "id");
            let mut state = State::default();
            while let Some(part) = child(xml)? {
                let operation = Operation::of(&part);
                match part.name() {
                    b"evr" | b"subexpression" => state.evr = word(xml)?.map(|value| (operation, value)),
                    b"version" => state.version = word(xml)?.map(|value| (operation, value)),
                    b"arch" => state.arch = word(xml)?,
                    b"signature_keyid" => {
                        state.key = word(xml)?.map(|key| key.to_ascii_lowercase().into_boxed_str());
                    }
                    b"text" => state.text = word(xml)?,
                    _ => xml.skip()?,
                }
            }
            keep(&mut self.states, id, state, "states", rows_max, xml)?;
        }
        Ok(())
    }

    fn read_variables(&mut self, xml: &mut Xml<'_>, rows_max: usize) -> Result<(), ParseError> {
        while let Some(element) = child(xml)? {
            if element.name() != b"constant_variable" {
                xml.skip()?;
                continue;
            }
            let id = attribute(&element, "id");
            let mut values = Vec::new();
            while let Some(part) = child(xml)? {
                if part.name() != b"value" {
                    xml.skip()?;
                    continue;
                }
                if values.len() == VALUES_MAX {
                    return Err(xml.too_many("values of a variable", VALUES_MAX));
                }
                values.extend(word(xml)?);
            }
            keep(&mut self.variables, id, values, "variables", rows_max, xml)?;
        }
        Ok(())
    }
}

fn keep<T>(
    rows: &mut HashMap<Box<str>, T>,
    id: Box<str>,
    row: T,
    what: &'static str,
    rows_max: usize,
    xml: &Xml<'_>,
) -> Result<(), ParseError> {
    if rows.len() >= rows_max {
        return Err(xml.too_many(what, rows_max));
    }
    rows.insert(id, row);
    Ok(())
}

/// Passes the start of the root element.
pub(super) fn enter(xml: &mut Xml<'_>) -> Result<(), ParseError> {
    match xml.next()? {
        Token::Open(root) if root.name() == b"oval_definitions" => Ok(()),
        _ => Err(xml.here("its root element is not `oval_definitions`".to_owned())),
    }
}

/// Makes sure that nothing but white space follows.
pub(super) fn end(xml: &mut Xml<'_>) -> Result<(), ParseError> {
    match xml.next()? {
        Token::End => Ok(()),
        _ => Err(xml.here("something follows the root element".to_owned())),
    }
}

/// Returns the next element within the one that is open, or `None` at its end.
pub(super) fn child<'a>(xml: &mut Xml<'a>) -> Result<Option<Element<'a>>, ParseError> {
    loop {
        match xml.next()? {
            Token::Open(element) => return Ok(Some(element)),
            Token::Close | Token::End => return Ok(None),
            Token::Text(_) => {}
        }
    }
}

/// Returns the text of the element that was opened last, or `None` where it is empty.
pub(super) fn word(xml: &mut Xml<'_>) -> Result<Option<Box<str>>, ParseError> {
    let text = xml.text(WORD_BYTES_MAX)?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.into()))
}

/// Returns an attribute, or nothing where it is absent or too long to be what it should be.
pub(super) fn attribute(element: &Element<'_>, name: &str) -> Box<str> {
    element
        .attribute(name)
        .filter(|value| value.len() <= WORD_BYTES_MAX)
        .map_or_else(Box::default, |value| (*value).into())
}

/// Finds the stream in `\nstream\s*=\s*1\.14\b[\w\W]*\nstate\s*=…`.
fn stream_of_pattern(pattern: &str) -> Option<String> {
    let (_, rest) = pattern.split_once(r"stream\s*=\s*")?;
    let mut stream = String::new();
    let mut characters = rest.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next()? {
                escaped if escaped.is_ascii_punctuation() => stream.push(escaped),
                // A class or a boundary: the stream has ended.
                _ => break,
            },
            c if c.is_ascii_alphanumeric() || "._-+".contains(c) => stream.push(c),
            _ => break,
        }
    }
    (!stream.is_empty()).then_some(stream)
}

/// Finds the package in `^openssh-client(?::\w+|)\s+(.*)$`.
fn name_of_pattern(pattern: &str) -> Option<&str> {
    let (name, _) = pattern.strip_prefix('^')?.split_once("(?::")?;
    (!name.is_empty() && !name.contains(['\\', '*', '[', '('])).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = include_str!("../../fixtures/oval-xml/definitions.xml");

    fn tables(text: &str) -> Result<Tables, String> {
        Tables::read(&Entry { document: "d", name: "t", bytes: text.as_bytes() }).map_err(|error| error.to_string())
    }

    #[test]
    fn tests_are_resolved() {
        let tables = tables(DOCUMENT).unwrap();
        let shown = |id: &str| match tables.test(&format!("oval:org.example:tst:{id}")) {
            Test::Package { names, states } => format!("{names:?} {states:?}"),
            Test::Module { name, stream } => format!("module {name}:{stream}"),
            Test::Forbids => "forbids".to_owned(),
            Test::Other => "other".to_owned(),
        };
        insta::assert_snapshot!(
            ["1", "2", "3", "4", "5", "6", "7", "8", "9", "99"].map(shown).join("\n"),
            @r#"
        ["example-release"] [State { evr: None, version: Some((PatternMatch, "^9")), arch: None, key: None, text: None }]
        module demo:2.4
        ["demo-lib"] [State { evr: Some((LessThan, "1:2.4-3.module+el9.9.0+1+abcdef01")), version: None, arch: Some("aarch64|x86_64"), key: None, text: None }]
        ["demo-lib"] [State { evr: None, version: None, arch: None, key: Some("199e2f91fd431d51"), text: None }]
        ["demo-tool"] [State { evr: Some((LessThan, "1:2.4-3.module+el9.9.0+1+abcdef01")), version: None, arch: Some("aarch64|x86_64"), key: None, text: None }]
        ["example-release"] [State { evr: None, version: None, arch: Some("x86_64"), key: None, text: None }]
        ["demo-lib"] []
        forbids
        ["demo-lib"] [State { evr: Some((GreaterThanOrEqual, "1:2.0-1")), version: None, arch: None, key: None, text: None }]
        other
        "#
        );
        assert_eq!(tables.timestamp(), Some("2099-01-31T12:42:49"));
    }

    #[test]
    fn streams_and_names_are_found_in_patterns() {
        let tail = r"[\w\W]*\nstate\s*=\s*(enabled|1|true)";
        for (pattern, stream) in [
            (format!(r"\nstream\s*=\s*18\b{tail}"), Some("18")),
            (format!(r"\nstream\s*=\s*1\.14\b{tail}"), Some("1.14")),
            (format!(r"\nstream\s*=\s*rhel8\b{tail}"), Some("rhel8")),
            (format!(r"\nstream\s*=\s*kvm_utils\b{tail}"), Some("kvm_utils")),
            (r"\nstream\s*=\s*".to_owned(), None),
            (tail.to_owned(), None),
        ] {
            assert_eq!(stream_of_pattern(&pattern).as_deref(), stream, "{pattern}");
        }
        assert_eq!(name_of_pattern(r"^libssh2-1(?::\w+|)\s+(.*)$"), Some("libssh2-1"));
        assert_eq!(name_of_pattern(r"^lib.*(?::\w+|)\s+(.*)$"), None);
        assert_eq!(name_of_pattern("libssh"), None);
    }

    #[test]
    fn what_is_cut_or_too_much_is_refused() {
        for cut in (0..DOCUMENT.trim_end().len()).step_by(7) {
            assert!(tables(&DOCUMENT[..cut]).is_err(), "cut at {cut}");
        }
        assert!(tables("<oval_results/>").unwrap_err().contains("its root element is not"));
        let entry = Entry { document: "d", name: "t", bytes: DOCUMENT.as_bytes() };
        assert_eq!(Tables::read_bounded(&entry, 3).unwrap_err().to_string(), "`t` has more than 3 tests");
        let values = "<value>v</value>".repeat(VALUES_MAX + 1);
        let many = format!(
            "<oval_definitions><variables><constant_variable id='v'>{values}</constant_variable></variables></oval_definitions>"
        );
        assert_eq!(tables(&many).unwrap_err(), "`t` has more than 8192 values of a variable");
    }
}
