//! Words that do not belong in the project.

use anyhow::Result;

use super::{Source, Tree};

/// One forbidden text. Each is written in two halves, so that this file does not contain it.
struct Word {
    halves: (&'static str, &'static str),
    /// Where it is forbidden.
    within: fn(&Source) -> bool,
    why: &'static str,
}

const REGISTRY: &str = "a package registry";

const WORDS: &[Word] = &[
    Word { halves: ("/wo", "rk/"), within: everywhere, why: "a path of somebody's machine" },
    Word { halves: ("/ho", "me/"), within: pages, why: "a path of somebody's machine" },
    Word { halves: ("/fa", "rm/"), within: everywhere, why: "a path of somebody's machine" },
    Word { halves: ("/tm", "p/"), within: pages, why: "a path of somebody's machine" },
    Word { halves: (".libr", "ary/"), within: everywhere, why: "a path of somebody's machine" },
    Word { halves: ("crates", ".io/"), within: everywhere, why: REGISTRY },
    Word { halves: ("pypi", ".org"), within: everywhere, why: REGISTRY },
    Word { halves: ("registry.npm", "js"), within: everywhere, why: REGISTRY },
    Word { halves: ("deb.deb", "ian.org"), within: everywhere, why: REGISTRY },
    // Code may speak of the marker of that name in the tracker's lists, in backticks.
    Word { halves: ("// TO", "DO"), within: everywhere, why: "do it, or open an issue" },
    Word { halves: ("# TO", "DO"), within: everywhere, why: "do it, or open an issue" },
    Word { halves: ("TO", "DO"), within: pages, why: "do it, or open an issue" },
    Word { halves: ("FIX", "ME"), within: everywhere, why: "mend it, or open an issue" },
    Word { halves: ("todo", "!("), within: everywhere, why: "a placeholder" },
    Word { halves: ("unimplemented", "!("), within: everywhere, why: "a placeholder" },
    Word { halves: ("#[ign", "ore"), within: everywhere, why: "a test that nothing runs" },
];

fn everywhere(source: &Source) -> bool {
    // Names of registries are the lock file's business.
    !source.path.ends_with("Cargo.lock")
}

fn pages(source: &Source) -> bool {
    source.path.extension().is_some_and(|extension| extension == "md")
}

/// Lists every line with a forbidden word.
pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for Word { halves, within, why } in WORDS {
        let word = [halves.0, halves.1].concat();
        for source in tree.texts.iter().filter(|source| within(source)) {
            for (number, line) in (1_usize..).zip(source.text.lines()) {
                // OSV.dev names its exports after the ecosystems, and an ecosystem after its registry.
                let names_an_export = *why == REGISTRY && line.contains("osv-vulnerabilities/");
                if line.contains(&word) && !names_an_export {
                    complaints.push(format!("{}:{number}: `{word}`: {why}", source.shown()));
                }
            }
        }
    }
    Ok(complaints)
}

#[test]
fn this_file_does_not_accuse_itself() {
    let tree = Tree::of(&[("words.rs", include_str!("words.rs"))]);
    assert!(check(&tree).unwrap().is_empty());
}

#[test]
fn a_word_is_found_with_its_line_where_it_is_forbidden() {
    let later = ["let x = 1; // TO", "DO later\n"].concat();
    let scratch = ["see `/tm", "p/x`\n"].concat();
    let tree = Tree::of(&[("a.rs", &later), ("b.rs", &scratch), ("c.md", &scratch), ("Cargo.lock", &later)]);
    let places: Vec<String> =
        check(&tree).unwrap().iter().filter_map(|line| line.split(": ").next().map(str::to_owned)).collect();
    assert_eq!(places, ["c.md:1", "a.rs:1"]);
}
