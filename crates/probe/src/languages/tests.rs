use std::fmt::Write as _;

use super::*;
use crate::MemoryHost;
use crate::owners::Nobody;

/// Renders the packages of a host and then its problems, a line each.
pub(super) fn found_in(host: &MemoryHost) -> String {
    rendered(&read(host, &Nobody))
}

fn rendered(languages: &Languages) -> String {
    let mut out = String::new();
    for package in &languages.packages {
        let owner = package.provenance.owner.as_deref().map_or_else(String::new, |owner| format!(" of {owner}"));
        let (name, version, record) = (&package.name, &package.version, &package.record);
        assert_eq!((&package.source.name, &package.source.version), (name, version));
        writeln!(out, "{} {name} {version} {record}{owner}", package.kind.word()).unwrap();
    }
    for problem in &languages.problems {
        assert_ne!(problem.message.en, problem.message.ja);
        writeln!(out, "{}: {}", problem.place, problem.message.en).unwrap();
    }
    out
}

/// A reader that is written and not asked would be missed by nobody.
#[test]
fn every_reader_is_asked() {
    for (directory, name) in [
        ("a/node_modules/x", "package.json"),
        ("a/x.dist-info", "METADATA"),
        ("a", "x.jar"),
        ("a/specifications", "x.gemspec"),
        ("a/composer", "installed.json"),
        ("a", "x.deps.json"),
    ] {
        let first = READERS.iter().position(|reader| (reader.wants)(directory, name));
        let wanted = ["package.json", "METADATA", "x.jar", "x.gemspec", "installed.json", "x.deps.json"];
        assert_eq!(first, wanted.iter().position(|wanted| *wanted == name), "{name}");
    }
}

#[test]
fn owned_packages_name_their_owner() {
    let host = MemoryHost::new()
        .file("usr/lib/python3/dist-packages/six.egg-info", "Name: six\nVersion: 1.16.0\n")
        .file("usr/local/lib/python3.11/site-packages/six.egg-info", "Name: six\nVersion: 1.15.0\n")
        .file("var/lib/dpkg/info/python3-six.list", "/usr/lib/python3/dist-packages/six.egg-info\n");
    insta::assert_snapshot!(rendered(&read(&host, &crate::dpkg::Files)), @r"
    pypi six 1.15.0 /usr/local/lib/python3.11/site-packages/six.egg-info
    pypi six 1.16.0 /usr/lib/python3/dist-packages/six.egg-info of python3-six
    ");
}

#[test]
fn a_host_without_languages_asks_nobody() {
    struct Loud;
    impl Owners for Loud {
        fn claim(&self, _: &dyn Host, _: &mut Claims, _: &mut Vec<ReadProblem>) {
            panic!("nothing was found that could be owned");
        }
    }
    let languages = read(&MemoryHost::new().file("etc/hostname", "x"), &Loud);
    assert_eq!((languages.packages.len(), languages.problems.len()), (0, 0));
    assert_eq!((languages.seen.directories, languages.seen.entries), (2, 2));
}

#[test]
fn closed_directories_are_counted_where_there_are_many() {
    let host = (0..103).fold(MemoryHost::new(), |host, n| host.file(&format!("{n:03}/x"), ""));
    let languages = read_within(&host, &Nobody, Bounds { depth_max: 0, ..Bounds::default() });
    assert_eq!(languages.problems.len(), CLOSED_MAX + 1);
    insta::assert_snapshot!(languages.problems[CLOSED_MAX].message.en, @"3 more problems of this kind are not listed");
}

#[test]
fn names_that_are_no_text_are_said() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let dir = tempfile::tempdir().unwrap();
    let name = |bytes: &'static [u8]| dir.path().join(OsStr::from_bytes(bytes));
    std::fs::write(name(b"caf\xe9.jar"), "x").unwrap();
    std::fs::write(name(b"caf\xe9.txt"), "x").unwrap();
    std::fs::create_dir(name(b"gar\xe7on")).unwrap();
    let host = crate::RootedHost::open(dir.path()).unwrap();
    insta::assert_snapshot!(rendered(&read(&host, &Nobody)), @r"
    /gar�on: the directory's name is not UTF-8; language packages below it are not assessed
    /caf�.jar: the file's name is not UTF-8; its packages are not assessed
    ");
}
