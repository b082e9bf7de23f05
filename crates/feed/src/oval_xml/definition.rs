//! Definitions, one at a time.

use super::tables::{attribute, child, end, enter, word};
use super::{CRITERIA_MAX, DEFINITIONS_MAX, FORMAT, LIST_MAX, TEXT_BYTES_MAX};
use crate::catalogue::{Entry, ParseError};
use crate::reading;
use crate::xml::{Element, Xml};

/// One definition.
#[derive(Debug, Default)]
pub(crate) struct Definition {
    /// `oval:com.redhat.rhsa:def:20224765`.
    pub(crate) id: String,
    /// `patch`, `vulnerability`, `inventory`.
    pub(crate) class: String,
    pub(crate) title: String,
    pub(crate) description: String,
    /// The publisher's own word: `Moderate`, `IMPORTANT`.
    pub(crate) severity: String,
    /// Dates as written: `2022-05-27`.
    pub(crate) issued: String,
    pub(crate) updated: String,
    /// `Oracle Linux 8`.
    pub(crate) platforms: Vec<String>,
    pub(crate) references: Vec<Reference>,
    pub(crate) cves: Vec<Cve>,
    pub(crate) cpes: Vec<String>,
    /// Red Hat's plans for components without a fix.
    pub(crate) resolutions: Vec<Resolution>,
    /// Azure Linux: `true`, `false`, `Not Applicable`.
    pub(crate) patchable: String,
    pub(crate) criteria: Option<Criteria>,
}

/// Where a definition points at.
#[derive(Debug)]
pub(crate) struct Reference {
    /// `CVE`, `RHSA`, `elsa`.
    pub(crate) source: String,
    pub(crate) id: String,
    pub(crate) url: String,
}

/// A flaw that an advisory names, with what it says of it.
#[derive(Debug, Default)]
pub(crate) struct Cve {
    pub(crate) id: String,
    /// `7.0/CVSS:3.1/AV:L/…` or the vector alone.
    pub(crate) cvss3: String,
    pub(crate) cvss2: String,
    /// `CWE-416`, or several joined by Red Hat's own signs.
    pub(crate) cwe: String,
    /// `20050804`, with or without a time.
    pub(crate) public: String,
}

/// What will become of components without a fix.
#[derive(Debug, Default)]
pub(crate) struct Resolution {
    /// `Will not fix`, `Affected`, `Out of support scope`.
    pub(crate) state: String,
    pub(crate) components: Vec<String>,
}

/// What a definition asks of a host.
#[derive(Debug)]
pub(crate) enum Criteria {
    /// All of the members (or, if not `all`, one of them) hold.
    Group { all: bool, negate: bool, members: Vec<Criteria> },
    /// A test holds.
    Test { id: Box<str>, negate: bool },
    /// Another definition holds.
    Definition,
}

/// A definition that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Its id, or its number in the document.
    pub(crate) record: String,
    pub(crate) why: &'static str,
}

/// What takes the definitions.
type Visit<'v> = dyn FnMut(Result<Definition, Broken>) + 'v;

/// Shows each definition of a document in its order.
///
/// # Errors
/// The document is no OVAL, is cut, or has more than [`DEFINITIONS_MAX`] definitions; what was
/// shown before must not be used.
pub(crate) fn for_each_definition(entry: &Entry<'_>, visit: &mut Visit<'_>) -> Result<(), ParseError> {
    walk(entry, DEFINITIONS_MAX, visit)
}

fn walk(entry: &Entry<'_>, definitions_max: usize, visit: &mut Visit<'_>) -> Result<(), ParseError> {
    let mut xml = Xml::new(entry, FORMAT);
    enter(&mut xml)?;
    let mut count = 0;
    while let Some(section) = child(&mut xml)? {
        if section.name() != b"definitions" {
            xml.skip()?;
            continue;
        }
        while let Some(element) = child(&mut xml)? {
            if element.name() != b"definition" {
                xml.skip()?;
                continue;
            }
            count += 1;
            if count > definitions_max {
                return Err(xml.too_many("definitions", definitions_max));
            }
            let read = Draft::read(&mut xml, &element)?;
            visit(read.finish(count));
        }
    }
    end(&mut xml)
}

/// A definition as far as it is read, and what is wrong with it.
#[derive(Default)]
struct Draft {
    definition: Definition,
    criteria: usize,
    wrong: Option<&'static str>,
}

impl Draft {
    fn read(xml: &mut Xml<'_>, start: &Element<'_>) -> Result<Self, ParseError> {
        let mut draft = Self::default();
        draft.definition.id = attribute(start, "id").into();
        draft.definition.class = attribute(start, "class").into();
        while let Some(element) = child(xml)? {
            match element.name() {
                b"metadata" => draft.metadata(xml)?,
                b"criteria" => {
                    let criteria = draft.group(xml, &element)?;
                    draft.definition.criteria = Some(criteria);
                }
                _ => xml.skip()?,
            }
        }
        Ok(draft)
    }

    fn finish(self, number: usize) -> Result<Definition, Broken> {
        let named = reading::word(&self.definition.id, super::WORD_BYTES_MAX).is_some();
        match self.wrong.or_else(|| (!named).then_some("not the id of a definition")) {
            None => Ok(self.definition),
            Some(why) => {
                let id = reading::text(&self.definition.id, reading::PACKAGE_BYTES_MAX);
                Err(Broken { record: if id.is_empty() { format!("definition {number}") } else { id }, why })
            }
        }
    }

    fn metadata(&mut self, xml: &mut Xml<'_>) -> Result<(), ParseError> {
        while let Some(element) = child(xml)? {
            match element.name() {
                b"title" => self.definition.title = xml.text(TEXT_BYTES_MAX)?.trim().to_owned(),
                b"description" => self.definition.description = xml.text(TEXT_BYTES_MAX)?,
                b"reference" => {
                    let [source, id, url] =
                        ["source", "ref_id", "ref_url"].map(|name| attribute(&element, name).into_string());
                    let reference = Reference { source, id, url };
                    note(&mut self.wrong, push(&mut self.definition.references, reference));
                    xml.skip()?;
                }
                // Azure Linux writes some of these without an advisory around them.
                b"severity" => self.definition.severity = plain(xml)?,
                b"patchable" => self.definition.patchable = plain(xml)?,
                b"advisory_date" => self.definition.issued = plain(xml)?,
                b"affected" => {
                    while let Some(element) = child(xml)? {
                        if element.name() == b"platform" {
                            let platform = plain(xml)?;
                            note(&mut self.wrong, push(&mut self.definition.platforms, platform));
                        } else {
                            xml.skip()?;
                        }
                    }
                }
                b"advisory" => self.advisory(xml)?,
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    fn advisory(&mut self, xml: &mut Xml<'_>) -> Result<(), ParseError> {
        while let Some(element) = child(xml)? {
            match element.name() {
                b"severity" => self.definition.severity = plain(xml)?,
                b"issued" | b"updated" => {
                    let date = attribute(&element, "date").into_string();
                    let slot = match element.name() {
                        b"issued" => &mut self.definition.issued,
                        _ => &mut self.definition.updated,
                    };
                    *slot = date;
                    xml.skip()?;
                }
                b"cve" => {
                    let [cvss3, cvss2, cwe, public] =
                        ["cvss3", "cvss2", "cwe", "public"].map(|name| attribute(&element, name).into());
                    let cve = Cve { id: plain(xml)?, cvss3, cvss2, cwe, public };
                    note(&mut self.wrong, push(&mut self.definition.cves, cve));
                }
                b"affected" => {
                    while let Some(element) = child(xml)? {
                        let mut resolution =
                            Resolution { state: attribute(&element, "state").into(), components: Vec::new() };
                        while let Some(element) = child(xml)? {
                            let component = plain(xml)?;
                            if element.name() == b"component" {
                                note(&mut self.wrong, push(&mut resolution.components, component));
                            }
                        }
                        note(&mut self.wrong, push(&mut self.definition.resolutions, resolution));
                    }
                }
                b"affected_cpe_list" => {
                    while let Some(element) = child(xml)? {
                        let cpe = plain(xml)?;
                        if element.name() == b"cpe" {
                            note(&mut self.wrong, push(&mut self.definition.cpes, cpe));
                        }
                    }
                }
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    /// Reads a group; the depth of groups is bounded by that of elements.
    fn group(&mut self, xml: &mut Xml<'_>, start: &Element<'_>) -> Result<Criteria, ParseError> {
        let operator = start.attribute("operator");
        // `ONE` and `XOR` are not used about packages; read as OR they claim too much at worst.
        let all = matches!(operator.as_deref(), None | Some("AND"));
        let negate = is_negated(start);
        let mut members = Vec::new();
        while let Some(element) = child(xml)? {
            self.criteria += 1;
            let member = match element.name() {
                b"criteria" => self.group(xml, &element)?,
                b"criterion" => {
                    xml.skip()?;
                    Criteria::Test { id: attribute(&element, "test_ref"), negate: is_negated(&element) }
                }
                b"extend_definition" => {
                    xml.skip()?;
                    Criteria::Definition
                }
                _ => {
                    xml.skip()?;
                    continue;
                }
            };
            if self.criteria > CRITERIA_MAX {
                self.wrong = Some("it has too many criteria");
            } else {
                members.push(member);
            }
        }
        Ok(Criteria::Group { all, negate, members })
    }
}

fn is_negated(element: &Element<'_>) -> bool {
    matches!(element.attribute("negate").as_deref(), Some("true" | "1"))
}

fn note(wrong: &mut Option<&'static str>, outcome: Result<(), &'static str>) {
    *wrong = wrong.or(outcome.err());
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), &'static str> {
    if list.len() == LIST_MAX {
        return Err("one of its lists is too long");
    }
    list.push(item);
    Ok(())
}

fn plain(xml: &mut Xml<'_>) -> Result<String, ParseError> {
    word(xml).map(|word| word.map(Into::into).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = include_str!("../../fixtures/oval-xml/definitions.xml");

    fn read(text: &str, definitions_max: usize) -> Result<Vec<Result<Definition, Broken>>, String> {
        let mut all = Vec::new();
        let entry = Entry { document: "d", name: "t", bytes: text.as_bytes() };
        walk(&entry, definitions_max, &mut |definition| all.push(definition))
            .map(|()| all)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_definition_is_read_whole() {
        let all = read(DOCUMENT, 9).unwrap();
        assert_eq!(all.len(), 3);
        insta::assert_debug_snapshot!(all[1].as_ref().unwrap(), @r#"
        Definition {
            id: "oval:org.example:def:2",
            class: "vulnerability",
            title: "CVE-2099-0002 demo-lib: a flaw (low)",
            description: "A flaw & its story.",
            severity: "Low",
            issued: "2099-01-01",
            updated: "2099-01-02",
            platforms: [
                "Example 9",
            ],
            references: [
                Reference {
                    source: "CVE",
                    id: "CVE-2099-0002",
                    url: "https://example.org/CVE-2099-0002",
                },
            ],
            cves: [
                Cve {
                    id: "CVE-2099-0002",
                    cvss3: "7.0/CVSS:3.1/AV:L/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:H",
                    cvss2: "",
                    cwe: "CWE-416",
                    public: "20990101",
                },
            ],
            cpes: [
                "cpe:/o:example:example:9",
            ],
            resolutions: [
                Resolution {
                    state: "Will not fix",
                    components: [
                        "demo-lib",
                        "demo-tool",
                    ],
                },
            ],
            patchable: "Not Applicable",
            criteria: Some(
                Group {
                    all: false,
                    negate: false,
                    members: [
                        Test {
                            id: "oval:org.example:tst:7",
                            negate: false,
                        },
                        Group {
                            all: true,
                            negate: false,
                            members: [
                                Test {
                                    id: "oval:org.example:tst:3",
                                    negate: false,
                                },
                                Test {
                                    id: "oval:org.example:tst:9",
                                    negate: false,
                                },
                                Test {
                                    id: "oval:org.example:tst:99",
                                    negate: false,
                                },
                                Definition,
                            ],
                        },
                        Test {
                            id: "oval:org.example:tst:10",
                            negate: false,
                        },
                        Test {
                            id: "oval:org.example:tst:3",
                            negate: true,
                        },
                    ],
                },
            ),
        }
        "#);
        assert_eq!(all[2].as_ref().unwrap_err().why, "not the id of a definition");
    }

    #[test]
    fn bounds_are_reached() {
        assert_eq!(read(DOCUMENT, 2).unwrap_err(), "`t` has more than 2 definitions");
        let wrap = |inner: &str| {
            let text = format!(
                "<oval_definitions><definitions><definition id='d' class='patch'>{inner}</definition></definitions></oval_definitions>"
            );
            read(&text, 9).unwrap().remove(0).map(|_| ()).unwrap_err()
        };
        let list = |item: &str| item.repeat(LIST_MAX + 1);
        let long = Broken { record: "d".into(), why: "one of its lists is too long" };
        assert_eq!(wrap(&format!("<metadata>{}</metadata>", list("<reference ref_id='r'/>"))), long);
        assert_eq!(wrap(&format!("<metadata><advisory>{}</advisory></metadata>", list("<cve>c</cve>"))), long);
        let criteria = "<criterion test_ref='t'/>".repeat(CRITERIA_MAX + 1);
        assert_eq!(wrap(&format!("<criteria>{criteria}</criteria>")).why, "it has too many criteria");
        let deep = format!("<criteria>{}{}</criteria>", "<criteria>".repeat(200), "</criteria>".repeat(200));
        let text = format!(
            "<oval_definitions><definitions><definition id='d'>{deep}</definition></definitions></oval_definitions>"
        );
        assert_eq!(read(&text, 9).unwrap_err(), "`t` has more than 128 levels of elements");
    }
}
