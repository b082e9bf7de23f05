//! Lists the Flatpaks: `var/lib/flatpak/{app,runtime}/ID/ARCHITECTURE/BRANCH/active`.
//!
//! The version is what the app's own metadata says of its newest release; a runtime has its branch
//! (`23.08`) only. No feed speaks of Flatpaks: they are listed so that nobody takes them for assessed.

use yagura_model::package::Provenance;
use yagura_model::{Package, PackageKind, ReadProblem, SourceLine, SourcePackage, Text};

use crate::database::{Faults, is_word};
use crate::host::{ByteLimit, FileKind, Host, ReadError};
use crate::problem::unreadable;

/// The installation of the whole system, and below each home that of its user.
const SYSTEM_PATH: &str = "var/lib/flatpak";
const USER_PATH: &str = ".local/share/flatpak";
const HOMES_MAX: usize = 10_000;
/// Names, architectures, branches: entries of one folder.
const ENTRIES_MAX: usize = 5_000;
/// All of them together.
const FLATPAKS_MAX: usize = 20_000;
const DEPLOY_LIMIT: ByteLimit = ByteLimit::mib(1);
/// Some apps tell the history of all their releases.
const METAINFO_LIMIT: ByteLimit = ByteLimit::mib(4);

const MEANING: Text = Text::new("Flatpaks are not listed whole", "Flatpak の一覧は不完全です");

/// Reads which Flatpaks are installed.
pub fn read(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Vec<Package> {
    let mut reader = Reader { host, packages: Vec::new(), faults: Faults::default() };
    reader.installation(SYSTEM_PATH);
    reader.installation(&format!("root/{USER_PATH}"));
    for home in reader.folders("home", HOMES_MAX) {
        reader.installation(&format!("home/{home}/{USER_PATH}"));
    }
    problems.extend(reader.faults.into_problems(SYSTEM_PATH));
    reader.packages.sort_by(|a, b| (&a.name, &a.architecture, &a.record).cmp(&(&b.name, &b.architecture, &b.record)));
    reader.packages
}

struct Reader<'a> {
    host: &'a dyn Host,
    packages: Vec<Package>,
    faults: Faults,
}

impl Reader<'_> {
    fn installation(&mut self, root: &str) {
        for kind in ["app", "runtime"] {
            let base = format!("{root}/{kind}");
            for id in self.folders(&base, ENTRIES_MAX) {
                for architecture in self.folders(&format!("{base}/{id}"), ENTRIES_MAX) {
                    for branch in self.folders(&format!("{base}/{id}/{architecture}"), ENTRIES_MAX) {
                        self.deployed(&format!("{base}/{id}/{architecture}/{branch}"), &id, &architecture, &branch);
                    }
                }
            }
        }
    }

    fn deployed(&mut self, path: &str, id: &str, architecture: &str, branch: &str) {
        let active = format!("{path}/active");
        let record = format!("{active}/deploy");
        let deploy = match self.host.read(&record, DEPLOY_LIMIT) {
            Ok(Some(bytes)) => bytes,
            // Removed, or never deployed.
            Ok(None) => return,
            Err(error) => return self.faults.add(unreadable(&error, &record, MEANING)),
        };
        if self.packages.len() == FLATPAKS_MAX || ![id, architecture, branch].into_iter().all(is_word) {
            return;
        }
        let version = self.released(&active, id).unwrap_or_else(|| branch.to_owned());
        self.packages.push(Package {
            kind: PackageKind::Flatpak,
            name: id.to_owned(),
            source: SourcePackage { name: id.to_owned(), version: version.clone() },
            version,
            architecture: architecture.to_owned(),
            record: SourceLine::file(record),
            provenance: Provenance { repository: remote(&deploy), ..Provenance::default() },
            ..Package::default()
        });
    }

    /// The version of the newest release that the app's metadata names.
    fn released(&mut self, active: &str, id: &str) -> Option<String> {
        for name in [format!("metainfo/{id}.metainfo.xml"), format!("appdata/{id}.appdata.xml")] {
            let path = format!("{active}/files/share/{name}");
            match self.host.read(&path, METAINFO_LIMIT) {
                Ok(None) => {}
                Ok(Some(bytes)) => return newest_release(&String::from_utf8_lossy(&bytes)),
                Err(error) => {
                    self.faults.add(unreadable(&error, &path, MEANING));
                    return None;
                }
            }
        }
        None
    }

    fn folders(&mut self, path: &str, entries_max: usize) -> Vec<String> {
        match self.host.list(path, entries_max) {
            Ok(entries) => {
                let folders = entries.unwrap_or_default().into_iter().filter(|entry| entry.kind == FileKind::Directory);
                folders.map(|entry| entry.name).collect()
            }
            // Another user's home is no place for everybody.
            Err(ReadError::Denied { .. }) if path.starts_with("home/") => Vec::new(),
            Err(error) => {
                self.faults.add(unreadable(&error, path, MEANING));
                Vec::new()
            }
        }
    }
}

/// The remote's name is the first string of the deploy file, a serialised `GVariant`.
fn remote(deploy: &[u8]) -> Option<String> {
    let name = deploy.split(|byte| *byte == 0).next()?;
    let name = std::str::from_utf8(name).ok()?;
    is_word(name).then(|| name.to_owned())
}

/// Releases stand newest first: `<release version="1.2" date="…">`.
fn newest_release(xml: &str) -> Option<String> {
    let (_, releases) = xml.split_once("<releases")?;
    let (_, release) = releases.split_once("<release ")?;
    let (attributes, _) = release.split_once('>')?;
    let at = attributes.find("version=")?;
    let value = attributes.get(at + "version=".len()..)?;
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let version = value.get(1..)?.split(quote).next()?;
    is_word(version).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;

    #[test]
    fn reads_apps_and_runtimes() {
        let xml = "<component><releases>\n <release date=\"2024-02-01\" version='1.2.3'/><release version=\"1.0\"/></releases>";
        let host = MemoryHost::new()
            .link("var/lib/flatpak/app/org.x.App/x86_64/stable/active", "0123")
            .file("var/lib/flatpak/app/org.x.App/x86_64/stable/0123/deploy", b"flathub\0abcd\0\xff\xfe")
            .file("var/lib/flatpak/app/org.x.App/x86_64/stable/0123/files/share/metainfo/org.x.App.metainfo.xml", xml)
            .link("var/lib/flatpak/app/org.x.App/current", "x86_64/stable")
            .directory("var/lib/flatpak/app/org.x.Gone/x86_64/stable", 0o755, 0, 0)
            .file("var/lib/flatpak/runtime/org.x.Platform/x86_64/23.08/active/deploy", b"\xff\0")
            .file("home/u/.local/share/flatpak/app/org.y.App/x86_64/beta/active/deploy", b"own\0");
        let mut problems = Vec::new();
        let shown: Vec<String> = read(&host, &mut problems)
            .iter()
            .map(|p| format!("{} {} {} {:?}", p.name, p.version, p.architecture, p.provenance.repository))
            .collect();
        assert_eq!(
            shown,
            [
                r#"org.x.App 1.2.3 x86_64 Some("flathub")"#,
                "org.x.Platform 23.08 x86_64 None",
                r#"org.y.App beta x86_64 Some("own")"#,
            ]
        );
        assert_eq!(problems, []);
        let denied = MemoryHost::new().denied("var/lib/flatpak/app/a/b/c/active/deploy");
        assert_eq!(read(&denied, &mut problems), []);
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn broken_metadata_names_no_version() {
        for xml in [
            "",
            "<releases>",
            "<releases><release date=\"1\">",
            "<releases><release version=",
            "<releases><release version=x>",
            "<releases><release version=\"a b\">",
        ] {
            assert_eq!(newest_release(xml), None, "{xml}");
        }
    }
}
