//! On a machine that has them: what we find must be what pip, npm, gem and Go themselves say, and owned
//! by whom dpkg says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use yagura_model::{Ecosystem, Package, PackageKind};
use yagura_probe::languages::Bounds;
use yagura_probe::owners::Nobody;
use yagura_probe::{RootedHost, dpkg, languages};
use yagura_testkit::announce_skip;

/// Runs a peer and gives what it prints; `None`, said aloud, where there is none.
#[expect(clippy::disallowed_methods, reason = "the peers are programs; only this test starts them")]
fn answer(program: &str, args: &[&str]) -> Option<String> {
    match Command::new(program).args(args).env("LC_ALL", "C").output() {
        Ok(output) if !output.stdout.is_empty() => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        _ => {
            announce_skip(&format!("skipped: `{program} {}` says nothing here", args.join(" ")));
            None
        }
    }
}

/// The packages of one language below a directory.
fn below(directory: &Path, ecosystem: Ecosystem) -> Vec<Package> {
    let Ok(host) = RootedHost::open(directory) else { return Vec::new() };
    let found = languages::read(&host, &Nobody);
    found.packages.into_iter().filter(|package| package.kind == PackageKind::Language(ecosystem)).collect()
}

fn pair(package: Package) -> (String, String) {
    (package.name, package.version)
}

#[test]
fn pip_lists_what_we_find() {
    let Some(list) = answer("python3", &["-m", "pip", "list", "--format=json", "--disable-pip-version-check"]) else {
        return;
    };
    let Some(paths) = answer("python3", &["-c", "import sys; print('\\n'.join(sys.path))"]) else { return };
    let list: Vec<Value> = serde_json::from_str(&list).unwrap();
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let normal = |name: String| name.to_lowercase().replace(['_', '.'], "-");
    let theirs: BTreeSet<(String, String)> =
        list.iter().map(|entry| (normal(text(entry, "name")), text(entry, "version"))).collect();
    let sites = paths.lines().filter(|path| path.ends_with("-packages"));
    let mut ours = BTreeSet::new();
    for site in sites.map(Path::new) {
        let name = site.file_name().unwrap().to_str().unwrap();
        // pip lists what lies in the folder itself; packages that others bring along lie deeper.
        let is_near = |package: &Package| {
            let inside = package.record.path.strip_prefix(name).and_then(|rest| rest.strip_prefix('/'));
            inside.is_some_and(|inside| inside.matches('/').count() <= 1)
        };
        ours.extend(below(site.parent().unwrap(), Ecosystem::PyPi).into_iter().filter(is_near).map(pair));
    }
    assert_eq!(ours, theirs);
}

#[test]
fn npm_lists_what_we_find() {
    let Some(tree) = answer("npm", &["ls", "-g", "--all", "--json"]) else { return };
    let Some(root) = answer("npm", &["root", "-g"]) else { return };
    fn collect(node: &Value, into: &mut BTreeSet<(String, String)>) {
        for (name, below) in node["dependencies"].as_object().into_iter().flatten() {
            if let Some(version) = below["version"].as_str() {
                into.insert((name.clone(), version.to_owned()));
            }
            collect(below, into);
        }
    }
    let mut theirs = BTreeSet::new();
    collect(&serde_json::from_str(&tree).unwrap(), &mut theirs);
    let above = Path::new(root.trim()).parent().unwrap();
    let ours: BTreeSet<(String, String)> = below(above, Ecosystem::Npm).into_iter().map(pair).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn gem_lists_what_we_find() {
    let Some(list) = answer("gem", &["list", "--local"]) else { return };
    let Some(path) = answer("gem", &["env", "path"]) else { return };
    let mut theirs = BTreeSet::new();
    for line in list.lines() {
        // `json (2.6.1, default: 2.6.0)`
        let Some((name, versions)) = line.trim_end_matches(')').split_once(" (") else { continue };
        for version in versions.split(", ") {
            // A platform may follow the version.
            let version = version.trim_start_matches("default: ").split(' ').next().unwrap();
            theirs.insert((name.to_owned(), version.to_owned()));
        }
    }
    let folders = path.trim().split(':').map(Path::new);
    let ours: BTreeSet<(String, String)> =
        folders.flat_map(|folder| below(folder, Ecosystem::RubyGems)).map(pair).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn go_names_the_modules_that_we_find() {
    let Some(go_root) = answer("go", &["env", "GOROOT"]) else { return };
    let folders = [Path::new(go_root.trim()), Path::new("/usr/local/bin")];
    let mut programs = 0;
    for folder in folders {
        let mut ours = below(folder, Ecosystem::Go);
        ours.sort_by(|a, b| a.record.cmp(&b.record));
        for packages in ours.chunk_by(|a, b| a.record == b.record) {
            programs += 1;
            let program = folder.join(&packages[0].record.path);
            let Some(text) = answer("go", &["version", "-m", program.to_str().unwrap()]) else { return };
            let mut theirs: Vec<(String, String)> = Vec::new();
            for line in text.lines().skip(1) {
                let words: Vec<&str> = line.split('\t').skip(1).collect();
                let module = || (words[1].to_owned(), words.get(2).map_or_else(String::new, |word| (*word).to_owned()));
                match words[0] {
                    "mod" | "dep" => theirs.push(module()),
                    "=>" => *theirs.last_mut().unwrap() = module(),
                    _ => {}
                }
            }
            theirs.retain(|(_, version)| !version.is_empty() && version != "(devel)");
            theirs.sort();
            let mut modules: Vec<(String, String)> =
                packages.iter().filter(|package| package.name != "stdlib").cloned().map(pair).collect();
            modules.sort();
            assert_eq!(modules, theirs, "{}", program.display());
        }
    }
    assert!(programs > 0, "Go's own tools are programs of Go");
}

#[test]
fn dpkg_names_the_owners_that_we_name() {
    // The likely places come first; the rest of a build machine's disk adds minutes and no package of dpkg's.
    let bounds = Bounds { entries_max: 200_000, ..Bounds::default() };
    let found = languages::read_within(&RootedHost::live().unwrap(), &dpkg::Files, bounds);
    let mut ours: BTreeMap<String, Option<String>> = BTreeMap::new();
    for Package { record, provenance, .. } in found.packages {
        let file = record.path.split("!/").next().unwrap();
        ours.insert(format!("/{file}"), provenance.owner);
    }
    let mut args = vec!["-S"];
    args.extend(ours.keys().take(2_000).map(String::as_str));
    let Some(text) = answer("dpkg", &args) else { return };
    let mut theirs: BTreeMap<&str, &str> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with("diversion by")) {
        // `libx:amd64, liby: /usr/lib/x`; the first one is the one that we name.
        let (packages, file) = line.split_once(": ").unwrap();
        theirs.insert(file, packages.split([',', ':']).next().unwrap());
    }
    for (file, owner) in ours.iter().take(2_000) {
        // Of a merged system dpkg knows some files as `/lib/x` only; we know both names.
        let theirs = theirs.get(file.as_str()).copied();
        assert!(owner.as_deref() == theirs || (theirs.is_none() && file.starts_with("/usr/")), "{file}: {owner:?}");
    }
}
