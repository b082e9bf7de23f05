//! Lists the snaps: `var/lib/snapd/state.json`, and each snap's own `meta/snap.yaml`.
//!
//! A snap's version stands inside its squashfs only, which is mounted on a running host and closed
//! in a tree; there the revision stands in (`r1828`). No feed speaks of snaps: they are listed so
//! that nobody takes them for assessed.

use std::collections::BTreeMap;

use serde::Deserialize;
use yagura_model::package::Provenance;
use yagura_model::{Package, PackageKind, ReadProblem, SourceLine, SourcePackage, Text};

use crate::database::{Faults, is_word};
use crate::host::{ByteLimit, FileKind, Host};
use crate::problem::unreadable;

const STATE_PATH: &str = "var/lib/snapd/state.json";
/// Where snaps are mounted: Ubuntu's place, and that of Fedora and Arch.
const MOUNTS: [&str; 2] = ["snap", "var/lib/snapd/snap"];
/// It keeps a history of changes, a few MiB.
const STATE_LIMIT: ByteLimit = ByteLimit::mib(64);
const YAML_LIMIT: ByteLimit = ByteLimit::mib(1);
const SNAPS_MAX: usize = 2_000;

const MEANING: Text = Text::new("snaps are not listed whole", "snap の一覧は不完全です");

#[derive(Deserialize)]
struct State {
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    snaps: Option<BTreeMap<String, Snap>>,
}

#[derive(Deserialize)]
struct Snap {
    current: Option<String>,
    channel: Option<String>,
}

/// Reads which snaps are installed.
pub fn read(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Vec<Package> {
    let mut faults = Faults::default();
    let known = known(host, &mut faults);
    let mounted = mounted(host, &mut faults);
    let names = known.keys().chain(mounted.keys().filter(|name| !known.contains_key(*name)));
    let mut packages = Vec::new();
    for name in names.take(SNAPS_MAX).filter(|name| is_word(name)) {
        let snap = known.get(name);
        let yaml = mounted.get(name).and_then(|path| yaml(host, path, &mut faults));
        let revision = snap.and_then(|snap| snap.current.as_deref()).filter(|text| is_word(text));
        let version = yaml.as_ref().and_then(|yaml| yaml.version.clone());
        let Some(version) = version.or_else(|| revision.map(|revision| format!("r{revision}"))) else { continue };
        let record = match (snap, mounted.get(name)) {
            (None, Some(path)) => SourceLine::file(path),
            _ => SourceLine::file(STATE_PATH),
        };
        packages.push(Package {
            kind: PackageKind::Snap,
            name: name.clone(),
            source: SourcePackage { name: name.clone(), version: version.clone() },
            version,
            architecture: yaml.and_then(|yaml| yaml.architecture).unwrap_or_default(),
            record,
            provenance: Provenance { repository: snap.and_then(|snap| snap.channel.clone()), ..Provenance::default() },
            ..Package::default()
        });
    }
    problems.extend(faults.into_problems(STATE_PATH));
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    packages
}

/// What snapd knows.
fn known(host: &dyn Host, faults: &mut Faults) -> BTreeMap<String, Snap> {
    let bytes = match host.read(STATE_PATH, STATE_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) => {
            faults.add(unreadable(&error, STATE_PATH, MEANING));
            None
        }
    };
    let Some(bytes) = bytes else { return BTreeMap::new() };
    match serde_json::from_slice::<State>(&bytes) {
        Ok(state) => state.data.and_then(|data| data.snaps).unwrap_or_default(),
        Err(error) => {
            let line = u32::try_from(error.line()).ok().filter(|line| *line > 0);
            faults.report(SourceLine { path: STATE_PATH.into(), line }, broken_text());
            BTreeMap::new()
        }
    }
}

/// The snaps that have a folder, with the path of their `snap.yaml`.
fn mounted(host: &dyn Host, faults: &mut Faults) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for mount in MOUNTS {
        let entries = match host.list(mount, SNAPS_MAX) {
            Ok(entries) => entries.unwrap_or_default(),
            Err(error) => {
                faults.add(unreadable(&error, mount, MEANING));
                continue;
            }
        };
        for entry in entries.into_iter().filter(|entry| entry.kind == FileKind::Directory && entry.name != "bin") {
            let path = format!("{mount}/{}/current/meta/snap.yaml", entry.name);
            found.entry(entry.name).or_insert(path);
        }
    }
    found
}

/// What a snap says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Yaml {
    version: Option<String>,
    architecture: Option<String>,
}

fn yaml(host: &dyn Host, path: &str, faults: &mut Faults) -> Option<Yaml> {
    match host.read(path, YAML_LIMIT) {
        Ok(bytes) => bytes.map(|bytes| parse_yaml(&String::from_utf8_lossy(&bytes))),
        Err(error) => {
            faults.add(unreadable(&error, path, MEANING));
            None
        }
    }
}

/// Reads the two keys that we keep; `snapcraft` writes them plain, one a line, at the top level.
fn parse_yaml(text: &str) -> Yaml {
    let mut yaml = Yaml::default();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(version) = line.strip_prefix("version:") {
            yaml.version = scalar(version);
        } else if let Some(rest) = line.strip_prefix("architectures:") {
            // `[amd64]`, or a list below.
            let listed = match lines.peek().map(|next| next.trim_start()) {
                Some(next) if rest.trim().is_empty() => next.strip_prefix("- "),
                _ => Some(rest.trim_matches([' ', '[', ']'])),
            };
            yaml.architecture = listed.filter(|text| !text.contains(',')).and_then(scalar);
        }
    }
    yaml
}

fn scalar(text: &str) -> Option<String> {
    let text = text.trim();
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    let bare = || text.split(" #").next().unwrap_or(text).trim_end();
    let value = quoted('\'').or_else(|| quoted('"')).unwrap_or_else(bare);
    is_word(value).then(|| value.to_owned())
}

fn broken_text() -> yagura_model::LocalText {
    yagura_model::LocalText::new(
        "this is not the state of snapd as we know it; snaps are not listed whole",
        "snapd の状態ファイルとして解釈できません。snap の一覧は不完全です",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    const STATE: &str = r#"{"data":{"snaps":{
        "core20":{"type":"base","sequence":[{"name":"core20","revision":"1828"}],"current":"1828","channel":"latest/stable"},
        "lxd":{"current":"24322","channel":"5.0/stable"}}},"changes":{}}"#;

    #[test]
    fn reads_state_and_yaml() {
        let host = MemoryHost::new()
            .file(STATE_PATH, STATE)
            .link("snap/lxd/current", "24322")
            .file(
                "snap/lxd/24322/meta/snap.yaml",
                "name: lxd\nversion: '5.0.2-838e1b2'\narchitectures:\n- amd64\napps:\n  version: x\n",
            )
            .link("snap/own/current", "x1")
            .file("snap/own/x1/meta/snap.yaml", "name: own\nversion: 1.0 # mine\narchitectures: [arm64]\n")
            .file("snap/bin/lxd", "")
            .directory("snap/gone", 0o755, 0, 0);
        let mut problems = Vec::new();
        let shown: Vec<String> = read(&host, &mut problems)
            .iter()
            .map(|p| format!("{} {} {} {:?} {}", p.name, p.version, p.architecture, p.provenance.repository, p.record))
            .collect();
        assert_eq!(
            shown,
            [
                r#"core20 r1828  Some("latest/stable") /var/lib/snapd/state.json"#,
                r#"lxd 5.0.2-838e1b2 amd64 Some("5.0/stable") /var/lib/snapd/state.json"#,
                "own 1.0 arm64 None /snap/own/current/meta/snap.yaml",
            ]
        );
        assert_eq!(problems, []);
    }

    #[test]
    fn a_broken_state_is_said() {
        for host in [MemoryHost::new().file(STATE_PATH, "{\"data\": [}"), MemoryHost::new().denied(STATE_PATH)] {
            let mut problems = Vec::new();
            assert_eq!(read(&host, &mut problems), []);
            assert_eq!(problems.len(), 1);
        }
        let mut problems = Vec::new();
        assert_eq!(read(&MemoryHost::new(), &mut problems), []);
        assert_eq!(read(&MemoryHost::new().file(STATE_PATH, "{}"), &mut problems), []);
        assert_eq!(problems, []);
    }
}
