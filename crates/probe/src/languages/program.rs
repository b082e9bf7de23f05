//! Programs: which files are looked at, and who looks.

use yagura_model::Text;

use super::elf::{Elf, Fault};
use super::found::Found;
use super::part::FILE_LIMIT;
use super::walk::join;
use super::{go, rust};
use crate::host::{FileKind, Host};

/// Endings of files that are never programs, in order; they spare a look at the file's mode.
#[rustfmt::skip] // A line each would be a page.
const DATA: [&str; 146] = [
    "a", "ac", "adoc", "am", "asc", "awk", "bc", "bmp", "bz2", "c", "cc", "cert", "cfg", "class", "cmake",
    "cnf", "conf", "cpp", "crate", "crt", "css", "csv", "d", "dat", "db", "deb", "decTest", "desc", "desktop",
    "dic", "diff", "dll", "dtd", "dwo", "ejs", "el", "elc", "eot", "gif", "go", "gpg", "gz", "h", "hpp", "htm",
    "html", "ico", "img", "in", "inc", "ini", "iso", "java", "jpeg", "jpg", "js", "json", "jsx", "key", "ko",
    "kt", "la", "less", "list", "lock", "log", "lst", "lua", "m4", "man", "map", "md", "md5sums", "mjs", "mo",
    "mp3", "mp4", "o", "ogg", "otf", "pack", "patch", "pb", "pc", "pdf", "pem", "php", "pl", "pm", "png", "po",
    "pod", "properties", "proto", "ps1", "py", "pyc", "pyi", "pyo", "rb", "rlib", "rmeta", "rpm", "rs", "rst",
    "scala", "scss", "service", "sgml", "sh", "sig", "snap", "sql", "sqlite", "sqlite3", "sum", "svg", "swift",
    "tar", "tcl", "tex", "textproto", "tfstate", "tgz", "theme", "tif", "tiff", "timestamp", "toml", "ts",
    "tsx", "ttf", "txt", "vim", "vue", "wasm", "wav", "webp", "woff", "woff2", "xml", "xsd", "xz", "yaml",
    "yml", "zip",
];
/// Whoever may run it.
const RUN: u32 = 0o111;
/// A header and a table of segments and sections take more; most scripts take less.
const SIZE_MIN: u64 = 128;

/// Tells whether a file's name leaves it open that it is a program.
pub(super) fn wants(name: &str) -> bool {
    match name.rsplit_once('.') {
        Some((_, ending)) => DATA.binary_search(&ending).is_err(),
        None => true,
    }
}

/// Looks at those of a directory's files that somebody may run.
pub(super) fn read_all(host: &dyn Host, directory: &str, names: &[&str], found: &mut Found) {
    if names.is_empty() {
        return;
    }
    let metadata = match host.metadata_in(directory, names) {
        Ok(metadata) => metadata,
        Err(error) => return found.unreadable(directory, &error),
    };
    for (name, metadata) in names.iter().zip(metadata) {
        if metadata.is_none_or(|file| file.kind != FileKind::File || file.mode & RUN == 0 || file.size_bytes < SIZE_MIN)
        {
            continue;
        }
        let path = join(directory, name);
        match look(host, &path, found) {
            Ok(()) => {}
            Err(Fault::Read(error)) => found.unreadable(&path, &error),
            Err(Fault::Broken(why)) => found.broken(&path, why),
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
            assert!(wants(name), "{name}");
        }
        for name in ["x.py", "x.tar.gz", "Makefile.toml"] {
            assert!(!wants(name), "{name}");
        }
    }
}
