//! Reads the packages of languages inside the host: what pip, npm, gem, composer, NuGet and Maven
//! put there, and what Go and Rust built into programs.
//!
//! [`read`] walks the file system once (`walk`). A file's name decides whether anybody opens it;
//! each reader is a file of its own and looks at one kind of manifest. What an operating system's
//! package owns is annotated with that package ([`Package::provenance`]), so that it is counted once,
//! under the vendor's authority.
//!
//! # Invariants
//!
//! - Whole files are read within a named limit; of programs and archives only the parts that matter.
//! - What could not be read – too deep, too large, denied, broken – becomes a problem, never silence.
//! - Names are written as their ecosystem compares them.

mod archive;
mod composer;
mod coordinates;
mod dotnet;
mod elf;
mod found;
mod gem;
mod go;
mod java;
mod manifest;
mod mounts;
mod npm;
mod part;
mod places;
mod program;
mod python;
mod rust;
mod walk;

use std::collections::BTreeSet;

use yagura_model::{Package, ReadProblem, Text};

use crate::database::Faults;
use crate::host::{ByteLimit, Host};
use crate::owners::{Claims, Owners};
use found::Found;
pub use go::parse as parse_go_modules;
use mounts::Mounts;
pub use walk::{Bounds, Seen};

const NO_TEXT: Text = Text::new("the file's name is not UTF-8", "ファイル名が UTF-8 ではありません");

/// Directories that could not be entered and are listed: to others than root, many are closed.
const CLOSED_MAX: usize = 100;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Languages {
    /// The packages, by name, version and place.
    pub packages: Vec<Package>,
    /// What could not be read, by place.
    pub problems: Vec<ReadProblem>,
    /// How much was walked over.
    pub seen: Seen,
}

/// Looks at one kind of file.
struct Reader {
    /// Decides by the file's directory and name alone.
    wants: fn(&str, &str) -> bool,
    /// Reads the file at a path.
    read: fn(&dyn Host, &str, &mut Found),
}

/// In the order of asking. Programs, whose names say little, are [`program`]'s.
const READERS: [Reader; 6] = [
    Reader { wants: npm::wants, read: npm::read },
    Reader { wants: python::wants, read: python::read },
    Reader { wants: java::wants, read: java::read },
    Reader { wants: gem::wants, read: gem::read },
    Reader { wants: composer::wants, read: composer::read },
    Reader { wants: dotnet::wants, read: dotnet::read },
];

/// Reads the language packages of a host.
pub fn read(host: &dyn Host, owners: &dyn Owners) -> Languages {
    read_within(host, owners, Bounds::default())
}

/// Reads the language packages of a host, walking within `bounds`.
pub fn read_within(host: &dyn Host, owners: &dyn Owners, bounds: Bounds) -> Languages {
    let mut found = Found::default();
    let mut faults = Faults::at_most(CLOSED_MAX);
    let mounts = Mounts::read(host, bounds, &mut faults);
    let seen = walk::walk(host, bounds, &mounts, &mut faults, &mut |directory, names| {
        let mut programs = Vec::new();
        for name in names {
            let reader = READERS.iter().find(|reader| (reader.wants)(directory, name));
            if reader.is_none() && !program::wants(name) {
                continue;
            }
            let path = || walk::join(directory, name);
            match reader {
                // What was no text was made one for us, and cannot be asked for.
                _ if name.contains('\u{FFFD}') && matches!(host.link_metadata(&path()), Ok(None)) => {
                    found.broken(&path(), NO_TEXT);
                }
                Some(reader) => (reader.read)(host, &path(), &mut found),
                None => programs.push(*name),
            }
        }
        program::read_all(host, directory, &programs, &mut found);
    });
    let Found { mut packages, faults: of_files, .. } = found;
    let mut problems = faults.into_problems("");
    problems.extend(of_files.into_problems(""));
    annotate(host, owners, &mut packages, &mut problems);
    packages.sort_by(|a, b| key(a).cmp(&key(b)));
    Languages { packages, problems, seen }
}

fn key(package: &Package) -> (&str, &str, yagura_model::PackageKind, &str) {
    (&package.name, &package.version, package.kind, &package.record.path)
}

/// Names the owners. Nothing is asked where there is nothing to ask for.
fn annotate(host: &dyn Host, owners: &dyn Owners, packages: &mut [Package], problems: &mut Vec<ReadProblem>) {
    let files: BTreeSet<&str> = packages.iter().map(|package| on_disk(&package.record.path)).collect();
    let mut claims = Claims::new(host, files);
    if claims.is_empty() {
        return;
    }
    owners.claim(host, &mut claims, problems);
    for package in packages {
        package.provenance.owner = claims.owner(on_disk(&package.record.path)).map(str::to_owned);
    }
}

/// The file on the disk: of `app.jar!/lib/x.jar` the first part.
fn on_disk(place: &str) -> &str {
    place.split("!/").next().unwrap_or(place)
}

/// Reads a whole manifest; what cannot be read is a problem.
fn manifest_bytes(host: &dyn Host, path: &str, limit: ByteLimit, found: &mut Found) -> Option<Vec<u8>> {
    match host.read(path, limit) {
        Ok(bytes) => bytes,
        Err(error) => {
            found.unreadable(path, &error);
            None
        }
    }
}

#[cfg(test)]
mod tests;
