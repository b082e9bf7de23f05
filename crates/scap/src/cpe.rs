//! Platforms: names, dictionaries, and the applicability language.

use std::collections::HashMap;

use crate::xml::{Element as _, Node};

/// A condition on the system, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Applicability {
    Test {
        any: bool,
        negate: bool,
        children: Vec<Applicability>,
    },
    /// A definition in the document of an address.
    Check {
        href: String,
        definition: String,
    },
    /// A platform of a name.
    Name(String),
}

/// One entry of a dictionary.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DictionaryItem {
    pub(crate) name: String,
    /// Address and definition of the check that finds the platform.
    pub(crate) check: Option<(String, String)>,
}

/// Reads the items of the element `cpe-list`.
pub(crate) fn dictionary(root: Node<'_, '_>) -> Vec<DictionaryItem> {
    let item = |item: Node<'_, '_>| {
        let check = item
            .first("check")
            .map(|check| (check.attr("href").unwrap_or_default().to_owned(), check.content().trim().to_owned()));
        DictionaryItem { name: item.attr("name").unwrap_or_default().to_owned(), check }
    };
    root.elements().filter(|child| child.local() == "cpe-item").map(item).collect()
}

/// Reads the platforms that an element defines in the applicability language.
pub(crate) fn language(root: Node<'_, '_>) -> HashMap<String, Applicability> {
    let mut platforms = HashMap::new();
    let specifications = root.named("platform-specification").chain(root.named("Platforms"));
    for platform in specifications.flat_map(|specification| specification.elements().collect::<Vec<_>>()) {
        let id = platform.attr("id").unwrap_or_default().to_owned();
        let test = platform.elements().find(|child| matches!(child.local(), "logical-test"));
        if let Some(test) = test {
            platforms.entry(id).or_insert_with(|| applicability(test));
        }
    }
    platforms
}

/// The document's depth is bounded, and with it this recursion.
fn applicability(node: Node<'_, '_>) -> Applicability {
    let children = node.elements().filter_map(|child| match child.local() {
        "logical-test" => Some(applicability(child)),
        "check-fact-ref" => Some(Applicability::Check {
            href: child.attr("href").unwrap_or_default().to_owned(),
            definition: child.attr("id-ref").unwrap_or_default().to_owned(),
        }),
        "fact-ref" => Some(Applicability::Name(child.attr("name").unwrap_or_default().to_owned())),
        _ => None,
    });
    Applicability::Test {
        any: node.attr("operator").is_some_and(|operator| operator.eq_ignore_ascii_case("OR")),
        negate: node.flag("negate"),
        children: children.collect(),
    }
}

/// Whether a dictionary's name is what a platform name asks for; parts that it leaves open match everything.
pub(crate) fn matches(item: &str, wanted: &str) -> bool {
    let (item, wanted) = (parts(item), parts(wanted));
    let any = |part: &str| part.is_empty() || part == "*";
    let part = |parts: &[String], place: usize| parts.get(place).cloned().unwrap_or_default();
    (0..item.len().max(wanted.len())).all(|place| {
        let (item, wanted) = (part(&item, place), part(&wanted, place));
        any(&wanted) || item == wanted
    })
}

/// The parts of a name in either form, lower-cased: `cpe:/o:debian:debian_linux:12`, `cpe:2.3:o:debian:…`.
fn parts(name: &str) -> Vec<String> {
    let name = name.to_ascii_lowercase();
    let rest = name.strip_prefix("cpe:2.3:").or_else(|| name.strip_prefix("cpe:/")).unwrap_or(&name);
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            ':' => parts.push(std::mem::take(&mut part)),
            // The two forms quote differently: `\.` and `%2e`.
            '\\' => part.extend(characters.next()),
            '%' => {
                let digits: String = characters.by_ref().take(2).collect();
                match u8::from_str_radix(&digits, 16) {
                    Ok(code) => part.push(char::from(code)),
                    Err(_) => part.push_str(&digits),
                }
            }
            other => part.push(other),
        }
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_parts_match_everything_and_forms_are_alike() {
        assert!(matches("cpe:/o:debian:debian_linux:12", "cpe:/o:debian:debian_linux:12"));
        assert!(matches("cpe:/o:debian:debian_linux:12", "cpe:/o:debian:debian_linux"));
        assert!(!matches("cpe:/o:debian:debian_linux", "cpe:/o:debian:debian_linux:12"));
        assert!(matches("cpe:/o:suse:sles:12%2e1", r"cpe:2.3:o:suse:sles:12\.1:*:*:*:*:*:*:*"));
        assert!(!matches("cpe:/o:debian:debian_linux:12", "cpe:/o:debian:debian_linux:13"));
    }
}
