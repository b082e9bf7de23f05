//! The language's own conformance documents, where they are present: those that depend on no host.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use yagura_scap::{Collect, Collected, Definitions, Field, Item, Kind, Object, Unwatched, Verdict};

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
    let bindings = fs::read(folder.path().join("support/var/linux-external-variables.xml")).unwrap();
    let bindings = Definitions::parse_bindings(&bindings).unwrap();
    let mut files = SupportFiles(folder.path().join("support"));
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let (mut documents, mut compared, mut differences) = (0, 0, Vec::new());
    for (name, results) in expected.iter().filter(|(name, _)| name.starts_with("oval")) {
        let bytes = fs::read(folder.path().join("linux").join(format!("{name}.xml"))).unwrap();
        let definitions = Definitions::parse(&bytes).unwrap();
        let judged = definitions.judge(&bindings, &mut files, &mut Unwatched, now).unwrap();
        documents += 1;
        for Verdict { id, truth, .. } in judged.definitions.into_iter().chain(judged.tests) {
            compared += 1;
            if results.get(&id).is_none_or(|wanted| *wanted != truth.name()) {
                differences.push(format!("{name} {id}: {truth}, the reference has {:?}", results.get(&id)));
            }
        }
    }
    assert_eq!(differences, Vec::<String>::new());
    assert_eq!((documents, compared), (32, 350));
}
