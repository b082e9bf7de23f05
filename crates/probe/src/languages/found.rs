//! What the readers of languages hand in.

use std::collections::BTreeSet;

use yagura_model::{Ecosystem, LocalText, Package, PackageKind, SourceLine, SourcePackage, Text};

use crate::database::{Faults, is_word};
use crate::host::ReadError;
use crate::problem::{Quoted, unreadable};

/// Packages in all. A workstation with a hundred `node_modules` has some 50,000, and a snapshot of more
/// would not travel.
const PACKAGES_MAX: usize = 200_000;

const MEANING: Text = Text::new("its packages are not assessed", "そこに含まれるパッケージは評価されません");

/// Packages and problems of all languages.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) packages: Vec<Package>,
    pub(super) faults: Faults,
    /// The path of the last package on the disk, and what was handed in there: a shaded archive or
    /// a program names some packages twice.
    current: (String, BTreeSet<(Ecosystem, String, String)>),
    packages_max: usize,
    is_full: bool,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            packages: Vec::new(),
            faults: Faults::default(),
            current: Default::default(),
            packages_max: PACKAGES_MAX,
            is_full: false,
        }
    }
}

impl Found {
    /// Takes one package; `place` is the manifest, in an archive `outer.jar!/inner.jar`. What cannot
    /// be a name or a version is a problem.
    pub(super) fn add(&mut self, ecosystem: Ecosystem, name: &str, version: &str, place: &str) {
        if !is_word(name) || !is_word(version) {
            let (name, version) = (Quoted(name), Quoted(version));
            self.say(
                place,
                LocalText::new(
                    format!("`{name}` in version `{version}` cannot be a package; it is not assessed"),
                    format!("`{name}` (バージョン `{version}`) はパッケージとして正しくありません。評価されません"),
                ),
            );
            return;
        }
        if self.packages.len() == self.packages_max {
            if !std::mem::replace(&mut self.is_full, true) {
                self.say(place, too_many_text(self.packages_max));
            }
            return;
        }
        if self.current.0 != place {
            self.current = (place.to_owned(), BTreeSet::new());
        }
        if !self.current.1.insert((ecosystem, name.to_owned(), version.to_owned())) {
            return;
        }
        self.packages.push(Package {
            kind: PackageKind::Language(ecosystem),
            name: name.to_owned(),
            version: version.to_owned(),
            source: SourcePackage { name: name.to_owned(), version: version.to_owned() },
            record: SourceLine::file(place),
            ..Package::default()
        });
    }

    /// Reports that a file could not be read.
    pub(super) fn unreadable(&mut self, path: &str, error: &ReadError) {
        self.faults.add(unreadable(error, path, MEANING));
    }

    /// Reports a file that is not what its name says.
    pub(super) fn broken(&mut self, path: &str, why: Text) {
        self.say(path, LocalText::new(format!("{}; {}", why.en, MEANING.en), format!("{}。{}", why.ja, MEANING.ja)));
    }

    fn say(&mut self, path: &str, message: LocalText) {
        self.faults.report(SourceLine::file(path), message);
    }
}

fn too_many_text(packages_max: usize) -> LocalText {
    LocalText::new(
        format!("there are more than {packages_max} language packages; this one and all after it are not assessed"),
        format!("言語パッケージが {packages_max} 件を超えています。これ以降のものは評価されません"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_bounded() {
        let mut found = Found { packages_max: 2, ..Found::default() };
        for place in ["a", "b", "c", "d"] {
            found.add(Ecosystem::Npm, "x", "1", place);
        }
        let problems = found.faults.into_problems("");
        assert_eq!((found.packages.len(), problems.len()), (2, 1));
        insta::assert_snapshot!(problems[0].message.en, @"there are more than 2 language packages; this one and all after it are not assessed");
        assert_eq!(problems[0].place.path, "c");
    }

    #[test]
    fn a_place_names_a_package_once() {
        let mut found = Found::default();
        for (name, place) in [("a", "x"), ("a", "x"), ("b", "x"), ("a", "y"), ("two words", "y"), ("", "y")] {
            found.add(Ecosystem::Npm, name, "1", place);
        }
        let shown: Vec<String> = found.packages.iter().map(|p| format!("{} {}", p.name, p.record)).collect();
        assert_eq!(shown, ["a /x", "b /x", "a /y"]);
        let problems = found.faults.into_problems("");
        insta::assert_snapshot!(problems[0].message.en, @"`two words` in version `1` cannot be a package; it is not assessed");
        assert_eq!(problems.len(), 2);
    }
}
