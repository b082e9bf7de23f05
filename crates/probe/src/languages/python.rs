//! Python: `*.dist-info/METADATA` (wheels), `*.egg-info` (setuptools and distutils), `*.egg`.

use yagura_model::{Ecosystem, Text};

use super::archive::{Budget, Fault, HostFile, members};
use super::found::Found;
use super::part::head;
use crate::host::{ByteLimit, Host};

/// The fields stand before the description, which may be a whole manual.
const HEADER_BYTES_MAX: usize = 256 * 1024;
const EGG_METADATA_LIMIT: ByteLimit = ByteLimit::mib(4);

const NO_METADATA: Text =
    Text::new("the file names no package and version", "パッケージ名とバージョンが記載されていません");

pub(super) fn wants(directory: &str, name: &str) -> bool {
    let (parent, folder) = directory.rsplit_once('/').unwrap_or(("", directory));
    match name {
        "METADATA" => folder.ends_with(".dist-info"),
        "PKG-INFO" => directory.ends_with(".egg/EGG-INFO") || is_egg_info(parent, folder),
        _ => is_egg_info(directory, name) || (name.ends_with(".egg") && is_site(directory)),
    }
}

/// Beside sources that somebody develops there is an `.egg-info` too, which is not installed; one that
/// was installed to a folder of its own has versions in its name: `six-1.16.0-py3.9.egg-info`.
fn is_egg_info(directory: &str, name: &str) -> bool {
    let has_version = |stem: &str| stem.rsplit_once("-py").is_some_and(|(_, rest)| rest.starts_with(['2', '3']));
    name.strip_suffix(".egg-info").is_some_and(|stem| is_site(directory) || has_version(stem))
}

/// Where Python looks for installed packages.
fn is_site(directory: &str) -> bool {
    let folder = directory.rsplit_once('/').map_or(directory, |(_, folder)| folder);
    matches!(folder, "site-packages" | "dist-packages")
}

pub(super) fn read(host: &dyn Host, path: &str, found: &mut Found) {
    if path.ends_with(".egg") {
        return read_egg(host, path, found);
    }
    match head(host, path, HEADER_BYTES_MAX) {
        Ok(None) => {}
        Ok(Some(bytes)) => take(&bytes, path, found),
        Err(error) => found.unreadable(path, &error),
    }
}

/// An egg is a zip.
fn read_egg(host: &dyn Host, path: &str, found: &mut Found) {
    match egg_metadata(host, path) {
        Ok(Some(bytes)) => take(&bytes, path, found),
        Ok(None) => {}
        Err(fault) => fault.report(path, found),
    }
}

fn egg_metadata(host: &dyn Host, path: &str) -> Result<Option<Vec<u8>>, Fault> {
    let Some(file) = HostFile::open(host, path)? else { return Ok(None) };
    let mut budget = Budget::default();
    let members = members(&file, &mut budget, &|name| name == "EGG-INFO/PKG-INFO")?;
    members.first().map(|member| member.bytes(&file, EGG_METADATA_LIMIT, &mut budget)).transpose()
}

fn take(bytes: &[u8], path: &str, found: &mut Found) {
    let text = String::from_utf8_lossy(bytes);
    let (mut name, mut version) = (None, None);
    // Fields as in a mail, up to the first empty line.
    for line in text.lines().take_while(|line| !line.trim().is_empty()) {
        let Some((field, value)) = line.split_once(':') else { continue };
        if field.eq_ignore_ascii_case("Name") {
            name = name.or(Some(value.trim()));
        } else if field.eq_ignore_ascii_case("Version") {
            version = version.or(Some(value.trim()));
        }
    }
    match (name, version) {
        (Some(name), Some(version)) => found.add(Ecosystem::PyPi, &normalized(name), version, path),
        _ => found.broken(path, NO_METADATA),
    }
}

/// As PEP 503: lower case, and a hyphen for each run of hyphens, underscores and dots.
pub(super) fn normalized(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut separated = false;
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            separated = true;
            continue;
        }
        if std::mem::take(&mut separated) {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryHost;
    use crate::languages::archive::tests::{Kept, zip};
    use crate::languages::tests::found_in;

    #[test]
    fn every_kind_of_installation_is_read() {
        let metadata = |name: &str, version: &str| {
            format!("Metadata-Version: 2.1\nName: {name}\nVERSION: {version}\r\nSummary: x\n\nName: no\n")
        };
        let egg = zip(&[("EGG-INFO/PKG-INFO", metadata("Old_Egg", "0.1").as_bytes(), Kept::Deflated)]);
        let host = MemoryHost::new()
            .file("usr/lib/python3/dist-packages/requests-2.31.0.dist-info/METADATA", metadata("requests", "2.31.0"))
            .file("usr/lib/python3/dist-packages/six.egg-info", metadata("six", "1.16.0"))
            .file("usr/lib/python3/dist-packages/x.egg-info/PKG-INFO", metadata("Zope.Interface_x", "5"))
            .file("home/u/venv/lib/python3.11/site-packages/a.dist-info/METADATA", metadata("A", "1"))
            .file("srv/target/b.dist-info/METADATA", metadata("b", "2"))
            .file("opt/lib/python2.7/site-packages/c-1-py2.7.egg/EGG-INFO/PKG-INFO", metadata("c", "1"))
            .file("opt/lib/python2.7/site-packages/d-1-py2.7.egg", egg)
            .file("opt/own/e-1-py3.9.egg-info/PKG-INFO", metadata("e", "1"))
            .file("home/u/project/project.egg-info/PKG-INFO", metadata("project", "0"))
            .file("usr/lib/python2.7/wsgiref.egg-info", metadata("wsgiref", "0.1.2"));
        insta::assert_snapshot!(found_in(&host), @r"
        pypi a 1 /home/u/venv/lib/python3.11/site-packages/a.dist-info/METADATA
        pypi b 2 /srv/target/b.dist-info/METADATA
        pypi c 1 /opt/lib/python2.7/site-packages/c-1-py2.7.egg/EGG-INFO/PKG-INFO
        pypi e 1 /opt/own/e-1-py3.9.egg-info/PKG-INFO
        pypi old-egg 0.1 /opt/lib/python2.7/site-packages/d-1-py2.7.egg
        pypi requests 2.31.0 /usr/lib/python3/dist-packages/requests-2.31.0.dist-info/METADATA
        pypi six 1.16.0 /usr/lib/python3/dist-packages/six.egg-info
        pypi zope-interface-x 5 /usr/lib/python3/dist-packages/x.egg-info/PKG-INFO
        ");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let host = MemoryHost::new()
            .file("a/x.dist-info/METADATA", "Name: x\n\nVersion: 1\n")
            .denied("a/y.dist-info/METADATA")
            .file("a/site-packages/z.egg", "no zip")
            .file("a/w.dist-info/METADATA", "Name: w\nVersion: UNKNOWN VERSION\n");
        insta::assert_snapshot!(found_in(&host), @r"
        /a/site-packages/z.egg: this is no zip archive, or a broken one; its packages are not assessed
        /a/w.dist-info/METADATA: `w` in version `UNKNOWN VERSION` cannot be a package; it is not assessed
        /a/x.dist-info/METADATA: the file names no package and version; its packages are not assessed
        /a/y.dist-info/METADATA: cannot read `/a/y.dist-info/METADATA`: permission denied; its packages are not assessed
        ");
    }

    #[test]
    fn names_are_those_of_the_index() {
        for (name, normal) in
            [("Friendly-Bard", "friendly-bard"), ("FRIENDLY._.bard", "friendly-bard"), ("x", "x"), ("", "")]
        {
            assert_eq!(normalized(name), normal);
        }
    }
}
