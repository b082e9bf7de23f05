//! `xmlfilecontent`: what an XPath expression finds in XML files.

use roxmltree::{Document, ParsingOptions};
use yagura_scap::{Collected, Field, Flag, ITEMS_MAX, Item, Object, Status, Value};

use super::find::find;
use super::listing::{Files, below_root};
use super::xpath::{Answer, XPathError, evaluate};
use super::{concluded, flow};
use crate::host::{ByteLimit, FileKind};

/// The largest document that is read.
const DOCUMENT_LIMIT: ByteLimit = ByteLimit::mib(16);
/// Nodes of one document; entities that are made of entities reach it first.
const NODES_MAX: u32 = 2_000_000;

/// Collects what is found, an item for each file with anything in it.
pub(super) fn collect(files: &Files<'_>, object: &Object) -> Collected {
    let Some(xpath) = object.entity(Field::XPath) else {
        return Collected::error("the object has no expression");
    };
    let Some(expressions) = xpath.literals() else {
        return Collected::not_collected("an expression is evaluated as it is written, and compared by \"equals\"");
    };
    let mut items = Vec::new();
    let mut trouble: Option<(Flag, Box<str>)> = None;
    let ending = find(files, object, &mut |found| {
        let Some(filename) = found.filename else { return flow(true) };
        let filepath = found.filepath();
        let document = match read(files, below_root(&filepath)) {
            Ok(Some(document)) => document,
            Ok(None) => return flow(true),
            Err(reason) => {
                trouble.get_or_insert((Flag::Error, reason));
                return flow(true);
            }
        };
        let options = ParsingOptions { allow_dtd: true, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
        let document = match Document::parse_with_options(&document, options) {
            Ok(document) => document,
            Err(error) => {
                trouble.get_or_insert((Flag::Error, format!("{filepath} is not XML: {error}").into()));
                return flow(true);
            }
        };
        for expression in &expressions {
            let base = Item::new()
                .with(Field::Filepath, filepath.as_str())
                .with(Field::Path, found.path)
                .with(Field::Filename, filename)
                .with(Field::XPath, expression.as_ref());
            match evaluate(expression, &document) {
                Ok(answer) => items.extend(item(base, answer).filter(|item| object.keeps(item))),
                Err(error) => {
                    let flag = match error {
                        XPathError::Unsupported { .. } => Flag::NotCollected,
                        XPathError::Syntax { .. } | XPathError::TooCostly { .. } => Flag::Error,
                    };
                    trouble.get_or_insert((flag, error.to_string().into()));
                }
            }
        }
        flow(items.len() < ITEMS_MAX)
    });
    let mut collected = concluded(items, &ending);
    if let Some((flag, reason)) = trouble {
        collected.flag = flag;
        collected.message = Some(reason);
        if flag == Flag::NotCollected {
            collected.items.clear();
        }
    }
    collected
}

fn read(files: &Files<'_>, path: &str) -> Result<Option<String>, Box<str>> {
    match files.host.metadata(path) {
        Ok(Some(metadata)) if metadata.kind == FileKind::File => {}
        Ok(_) | Err(crate::ReadError::BadLink { .. }) => return Ok(None),
        Err(error) => return Err(error.to_string().into()),
    }
    match files.host.read(path, DOCUMENT_LIMIT) {
        Ok(bytes) => bytes.map(String::from_utf8).transpose().map_err(|_| format!("/{path} is not UTF-8").into()),
        Err(error) => Err(error.to_string().into()),
    }
}

/// Elements are found but have no value; nothing found is no item.
fn item(mut item: Item, answer: Answer) -> Option<Item> {
    match answer {
        Answer::Nodes(nodes) if nodes.is_empty() => return None,
        Answer::Nodes(nodes) => {
            for value in nodes.into_iter().flatten() {
                item.push(Field::ValueOf, value);
            }
        }
        Answer::Number(number) => item.push(Field::ValueOf, super::xpath::shown(number)),
        Answer::Text(text) => item.push(Field::ValueOf, text),
        Answer::Bool(truth) => item.push(Field::ValueOf, Value::Bool(truth)),
    }
    debug_assert_eq!(item.status, Status::Exists);
    Some(item)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{collect, entity, flags, object, pattern_entity};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Entity, Kind};

    fn ask(host: &MemoryHost, file: Entity, expression: &str) -> Collected {
        collect(host, &object(Kind::XmlFileContent, vec![file, entity(Field::XPath, expression)]))
    }

    #[test]
    fn values_of_texts_and_attributes() {
        let host = MemoryHost::new()
            .file("etc/z/a.xml", "<zone><service name='ssh'/><service name='http'/></zone>")
            .file("etc/z/b.xml", "<zone/>")
            .file("etc/bad.xml", "<zone>")
            .file("etc/bomb.xml", "<!DOCTYPE z [<!ENTITY a 'xxxxxxxxxx'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'><!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;'><!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;'>]><z>&f;&f;&f;&f;</z>");
        let zone = || entity(Field::Filepath, "/etc/z/a.xml");
        let values = |collected: &Collected| -> Vec<String> {
            collected
                .items
                .iter()
                .flat_map(|item| &item.entries)
                .filter(|e| e.field == Field::ValueOf)
                .map(|e| e.value.to_string())
                .collect()
        };
        assert_eq!(values(&ask(&host, zone(), "//@name")), ["ssh", "http"]);
        let element = ask(&host, pattern_entity(Field::Filepath, r"^/etc/z/.*\.xml$"), "/zone/service[@name='ssh']");
        assert_eq!((element.items.len(), values(&element).len()), (1, 0));
        assert_eq!(values(&ask(&host, zone(), "count(//service)")), ["2"]);
        assert_eq!(ask(&host, zone(), "/zone/none").flag, Flag::DoesNotExist);
        assert_eq!(ask(&host, zone(), "following::a").flag, Flag::NotCollected);
        assert_eq!(ask(&host, zone(), "bad[[").flag, Flag::Error);
        assert_eq!(ask(&host, entity(Field::Filepath, "/etc/bad.xml"), "/zone").flag, Flag::Error);
        assert_eq!(ask(&host, entity(Field::Filepath, "/etc/bomb.xml"), "/z/text()").flag, Flag::Error);
        let none = object(Kind::XmlFileContent, vec![entity(Field::Filepath, "/none"), entity(Field::XPath, "/a")]);
        assert_eq!(flags(&host, &none), (Flag::DoesNotExist, 0));
    }
}
