//! The language's own conformance documents, where they are present: those that depend on no host.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::collect::{Collect, Collected};
use crate::eval::{Session, Unwatched, World};
use crate::field::{Field, Kind};
use crate::item::{Item, Value};
use crate::object::Object;
use crate::oval::{Oval, Place, VariableContent, parse::oval};
use crate::xml::{self, Element as _};

/// The files that the documents about sets look for.
struct SupportFiles(PathBuf);

impl Collect for SupportFiles {
    fn collect(&mut self, object: &Object) -> Collected {
        assert_eq!(object.kind, Kind::File, "{object:?}");
        let filename = object.entity(Field::Filename).unwrap();
        let wanted = object.entity(Field::Path).unwrap();
        let mut items = Vec::new();
        for folder in folders(&self.0) {
            let shown = format!("/tmp/support{}", &folder.to_str().unwrap()[self.0.to_str().unwrap().len()..]);
            if !wanted.accepts(&shown) {
                continue;
            }
            let item = Item::new().with(Field::Path, shown.as_str());
            if filename.nil {
                items.push(item);
                continue;
            }
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                if entry.file_type().unwrap().is_file() && filename.accepts(&name) {
                    items.push(item.clone().with(Field::Filename, name));
                }
            }
        }
        Collected::complete(items)
    }
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut all = vec![root.to_owned()];
    for entry in fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            all.extend(folders(&entry.path()));
        }
    }
    all
}

fn bindings(folder: &Path) -> BTreeMap<String, Vec<Value>> {
    let bytes = fs::read(folder.join("support/var/linux-external-variables.xml")).unwrap();
    let document = xml::parse(xml::decode(&bytes).unwrap()).unwrap();
    let variables = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://oval.mitre.org/XMLSchema/oval-variables-5", "variable")));
    variables
        .map(|variable| {
            let values = variable.named("value").map(|value| value.content().as_ref().into()).collect();
            (variable.attr("id").unwrap().to_owned(), values)
        })
        .collect()
}

#[test]
fn documents_of_the_language_agree_with_the_reference() {
    let Some(data) = yagura_testkit::shared_data("scap/mitre-oval") else { return };
    let folder = tempfile::tempdir().unwrap();
    let archive = data.join("test-content-linux.tar.xz");
    if !Command::new("tar").arg("-xJf").arg(archive).arg("-C").arg(folder.path()).status().is_ok_and(|s| s.success()) {
        yagura_testkit::announce_skip("skipped: no tar that reads xz");
        return;
    }
    let mut expected: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for line in fs::read_to_string(data.join("expected.tsv")).unwrap().lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        expected.entry(fields[0].to_owned()).or_default().insert(fields[2].to_owned(), fields[3].to_owned());
    }
    let bindings = bindings(folder.path());
    let (mut documents, mut compared, mut differences) = (0, 0, Vec::new());
    for (name, results) in expected.iter().filter(|(name, _)| name.starts_with("oval")) {
        let bytes = fs::read(folder.path().join("linux").join(format!("{name}.xml"))).unwrap();
        let document = xml::parse(xml::decode(&bytes).unwrap()).unwrap();
        let oval = oval(document.root_element()).unwrap();
        documents += 1;
        for (id, truth) in judged(&oval, &bindings, &folder.path().join("support")) {
            compared += 1;
            if results.get(&id).is_none_or(|wanted| *wanted != truth) {
                differences.push(format!("{name} {id}: {truth}, the reference has {:?}", results.get(&id)));
            }
        }
    }
    assert_eq!(differences, Vec::<String>::new());
    assert_eq!((documents, compared), (32, 350));
}

fn judged(oval: &Oval, bindings: &BTreeMap<String, Vec<Value>>, support: &Path) -> Vec<(String, String)> {
    let all: Vec<Place> = (0..).take(oval.definitions.len()).collect();
    let mut session = Session::new(oval, all.clone(), 1_795_000_000, 0).unwrap();
    for (place, variable) in (0..).zip(&oval.variables) {
        if let (VariableContent::External { .. }, Some(values)) = (&variable.content, bindings.get(&variable.id)) {
            session.bind(place, values.clone());
        }
    }
    let mut files = SupportFiles(support.to_owned());
    let mut watch = Unwatched;
    let mut world = World::new(&mut files, &mut watch);
    for place in &all {
        session.definition(*place, &mut world);
    }
    let definitions = session
        .definition_results()
        .map(|(place, truth)| (oval.definitions[usize::try_from(place).unwrap()].id.clone(), truth.name().to_owned()));
    let tests = session.test_results().map(|(place, tested)| {
        (oval.tests[usize::try_from(place).unwrap()].id.clone(), tested.truth.name().to_owned())
    });
    definitions.chain(tests).collect()
}
