//! Programs: which files are looked at, and who looks.

use yagura_model::Text;

use super::elf::{Elf, Fault};
use super::found::Found;
use super::part::FILE_LIMIT;
use super::{go, rust};
use crate::host::{FileKind, Host};

/// Endings of files that are never programs, in order; they spare a look at the file's mode.
const DATA: [&str; 96] = [
    "a",
    "adoc",
    "bmp",
    "bz2",
    "c",
    "cc",
    "cert",
    "cfg",
    "class",
    "cmake",
    "conf",
    "cpp",
    "crate",
    "crt",
    "css",
    "csv",
    "d",
    "dat",
    "db",
    "deb",
    "dic",
    "dll",
    "dtd",
    "el",
    "elc",
    "eot",
    "gif",
    "go",
    "gz",
    "h",
    "hpp",
    "htm",
    "html",
    "ico",
    "inc",
    "ini",
    "java",
    "jpeg",
    "jpg",
    "js",
    "json",
    "key",
    "ko",
    "la",
    "list",
    "lock",
    "log",
    "m4",
    "map",
    "md",
    "md5sums",
    "mjs",
    "mo",
    "o",
    "otf",
    "pack",
    "pc",
    "pdf",
    "pem",
    "php",
    "pl",
    "pm",
    "png",
    "po",
    "pod",
    "properties",
    "ps1",
    "py",
    "pyc",
    "pyi",
    "rb",
    "rlib",
    "rmeta",
    "rpm",
    "rs",
    "rst",
    "service",
    "sh",
    "sql",
    "svg",
    "tar",
    "tcl",
    "tex",
    "tgz",
    "toml",
    "ts",
    "ttf",
    "txt",
    "woff",
    "woff2",
    "xml",
    "xsd",
    "xz",
    "yaml",
    "yml",
    "zip",
];
/// Whoever may run it.
const RUN: u32 = 0o111;

pub(super) fn wants(_: &str, name: &str) -> bool {
    match name.rsplit_once('.') {
        Some((_, ending)) => DATA.binary_search(&ending).is_err(),
        None => true,
    }
}

pub(super) fn read(host: &dyn Host, path: &str, found: &mut Found) {
    match host.metadata(path) {
        Ok(Some(metadata)) if metadata.kind == FileKind::File && metadata.mode & RUN != 0 => {}
        Ok(_) => return,
        Err(error) => return found.unreadable(path, &error),
    }
    if let Err(fault) = look(host, path, found) {
        match fault {
            Fault::Read(error) => found.unreadable(path, &error),
            Fault::Broken(why) => found.broken(path, why),
        }
    }
}

const BROKEN_LIST: Text = Text::new("the program's list of parts is broken", "プログラムの構成情報が破損しています");

fn look(host: &dyn Host, path: &str, found: &mut Found) -> Result<(), Fault> {
    let Some(file) = host.open_file(path, FILE_LIMIT)? else { return Ok(()) };
    let Some(elf) = Elf::read(&*file)? else { return Ok(()) };
    let (go, rust) = (go::read(&*file, path, &elf, found)?, rust::read(&*file, path, &elf, found)?);
    if go && rust { Ok(()) } else { Err(Fault::Broken(BROKEN_LIST)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_told_by_its_name() {
        assert!(DATA.is_sorted(), "the list is searched by halves");
        for name in
            ["kubectl", "terraform-provider_v3.0.0_x5", "lib.so", "libx.so.1.2", "app.linux-amd64", ".hidden", ""]
        {
            assert!(wants("usr/bin", name), "{name}");
        }
        for name in ["x.py", "x.tar.gz", "Makefile.toml"] {
            assert!(!wants("usr/bin", name), "{name}");
        }
    }
}
