//! `cargo xtask tidy`: the house rules that no compiler knows.
//!
//! Each check is a function from the [`Tree`] to sentences about what is wrong, one file a
//! topic. `ARCHITECTURE.md` names them where it states its invariants.

mod front_pages;
mod invariants;
mod languages;
mod layers;
mod rooms;
mod sizes;
mod words;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::repository;

/// What the checks look at: every text of the repository, read once.
pub(crate) struct Tree {
    root: PathBuf,
    /// Every file, text or not, relative to the root.
    files: Vec<PathBuf>,
    texts: Vec<Source>,
}

/// One text file.
pub(crate) struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn shown(&self) -> String {
        self.path.display().to_string()
    }

    fn is_rust(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "rs")
    }

    /// The part of a Rust file that ships: tests stand last in it.
    fn shipped(&self) -> &str {
        let end = ["#[cfg(test)]", "#[test]"].iter().filter_map(|start| self.text.find(start)).min();
        end.and_then(|end| self.text.get(..end)).unwrap_or(&self.text)
    }

    /// Whether the whole file is test, bench or example code.
    fn is_test(&self) -> bool {
        if self.path.ends_with("tests.rs") {
            return true;
        }
        let beside = ["tests", "benches", "examples"];
        self.path.components().any(|part| beside.iter().any(|folder| part.as_os_str() == *folder))
    }

    /// The crate in whose folder it lies: `crates/feed/src/x.rs` is of `feed`.
    fn room(&self) -> Option<&str> {
        let mut parts = self.path.components().map(|part| part.as_os_str().to_str());
        (parts.next()? == Some("crates")).then(|| parts.next()?)?
    }
}

impl Tree {
    fn read() -> Result<Self> {
        let root = repository::root();
        let files = repository::files(&root)?;
        let mut texts = Vec::new();
        for path in &files {
            let bytes = std::fs::read(root.join(path))?;
            if let Ok(text) = String::from_utf8(bytes) {
                texts.push(Source { path: path.clone(), text });
            }
        }
        Ok(Self { root, files, texts })
    }

    fn text(&self, path: &str) -> Option<&Source> {
        self.texts.iter().find(|source| source.path == Path::new(path))
    }

    /// Makes a tree of invented files.
    #[cfg(test)]
    fn of(sources: &[(&str, &str)]) -> Self {
        let texts: Vec<Source> =
            sources.iter().map(|(path, text)| Source { path: path.into(), text: (*text).to_owned() }).collect();
        Self { root: PathBuf::from("/nonexistent"), files: texts.iter().map(|s| s.path.clone()).collect(), texts }
    }
}

/// One rule of the house.
struct Check {
    /// As in `proved by tidy NAME`.
    name: &'static str,
    run: fn(&Tree) -> Result<Vec<String>>,
}

const CHECKS: &[Check] = &[
    Check { name: "layers", run: layers::layers },
    Check { name: "pure", run: layers::pure },
    Check { name: "owners", run: rooms::owners },
    Check { name: "printing", run: rooms::printing },
    Check { name: "sql", run: rooms::sql },
    Check { name: "manifests", run: rooms::manifests },
    Check { name: "front-pages", run: front_pages::check },
    Check { name: "languages", run: languages::check },
    Check { name: "sizes", run: sizes::check },
    Check { name: "copies", run: sizes::copies },
    Check { name: "leftovers", run: sizes::leftovers },
    Check { name: "words", run: words::check },
    Check { name: "invariants", run: invariants::check },
];

/// Runs every check and lists everything that is wrong, not just the first thing.
pub(crate) fn run() -> Result<()> {
    let tree = Tree::read()?;
    let mut wrong = 0_usize;
    for check in CHECKS {
        for complaint in (check.run)(&tree)? {
            println!("{}: {complaint}", check.name);
            wrong = wrong.saturating_add(1);
        }
    }
    if wrong > 0 {
        bail!("tidy: {wrong} things to put right");
    }
    println!("tidy: {} checks over {} files, nothing to put right", CHECKS.len(), tree.files.len());
    Ok(())
}

#[test]
fn a_source_knows_its_room_and_what_of_it_ships() {
    let tree = Tree::of(&[
        ("crates/feed/src/x.rs", "fn f() {}\n#[cfg(test)]\nmod tests { fn g() {} }\n"),
        ("crates/feed/src/y.rs", "fn f() {}\n#[test]\nfn g() {}\n"),
        ("crates/feed/tests/story.rs", "//! A story.\n"),
        ("crates/feed/src/y/tests.rs", "fn f() {}\n"),
        ("xtask/src/main.rs", "//! Ours.\n"),
    ]);
    let source = |path: &str| tree.text(path).unwrap();
    assert_eq!(source("crates/feed/src/x.rs").room(), Some("feed"));
    assert_eq!(source("crates/feed/src/x.rs").shipped(), "fn f() {}\n");
    assert_eq!(source("crates/feed/src/y.rs").shipped(), "fn f() {}\n");
    assert!(!source("crates/feed/src/x.rs").is_test());
    assert!(source("crates/feed/tests/story.rs").is_test());
    assert!(source("crates/feed/src/y/tests.rs").is_test());
    assert_eq!(source("xtask/src/main.rs").room(), None);
}
