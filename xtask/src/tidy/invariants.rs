//! An invariant that nothing proves is a wish.
//!
//! Every item under the heading `Invariants` of `ARCHITECTURE.md` ends in `proved by`, followed
//! by one or more names in backticks: `tidy NAME` (a check of this command), `lint NAME` (of the
//! workspace's manifest or of `clippy.toml`), or the name of a test function.

use anyhow::Result;

use super::{CHECKS, Tree};

const PAGE: &str = "ARCHITECTURE.md";
const PROVED: &str = "proved by";

/// Every invariant names a proof, and every proof exists.
pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let Some(page) = tree.text(PAGE) else { return Ok(vec![format!("{PAGE} is missing")]) };
    let items = items(&page.text);
    if items.is_empty() {
        return Ok(vec![format!("{PAGE} has no items under a heading `Invariants`")]);
    }
    let mut complaints = Vec::new();
    for item in items {
        let start: String = item.chars().take(60).collect();
        let proofs = item.rsplit_once(PROVED).map(|(_, names)| backticked(names)).unwrap_or_default();
        if proofs.is_empty() {
            complaints.push(format!("`{start}…` names no proof (`{PROVED} …`)"));
        }
        let lost = proofs.iter().filter(|proof| !exists(tree, proof));
        complaints.extend(lost.map(|proof| format!("`{start}…`: there is no `{proof}`")));
    }
    Ok(complaints)
}

/// The list items below the heading, continuation lines joined.
fn items(page: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with('#') {
            inside = line.trim_start_matches('#').trim() == "Invariants";
        } else if let Some(text) = line.strip_prefix("- ").filter(|_| inside) {
            items.push(text.to_owned());
        } else if let Some(text) = line.strip_prefix("  ").filter(|_| inside)
            && let Some(item) = items.last_mut()
        {
            item.push(' ');
            item.push_str(text.trim());
        }
    }
    items
}

/// The texts between pairs of backticks.
fn backticked(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn exists(tree: &Tree, proof: &str) -> bool {
    if let Some(name) = proof.strip_prefix("tidy ") {
        return CHECKS.iter().any(|check| check.name == name);
    }
    if let Some(name) = proof.strip_prefix("lint ") {
        let texts = ["Cargo.toml", "clippy.toml"].into_iter().filter_map(|file| tree.text(file));
        return texts.flat_map(|source| source.text.lines()).any(|line| {
            let stated = line.split_once(" = ").is_some_and(|(key, _)| key == name);
            stated || line.contains(&format!("\"{name}\""))
        });
    }
    let function = format!("fn {proof}(");
    tree.texts.iter().filter(|source| source.is_rust()).any(|source| {
        let before = source.text.split(&function).next().filter(|before| before.len() < source.text.len());
        // The attribute may stand a few lines above: `#[test]`, or `proptest!`'s inner one.
        before.is_some_and(|before| before.lines().rev().take(4).any(|line| line.contains("test]")))
    })
}

#[test]
fn an_invariant_needs_a_proof_that_exists() {
    let page = "## Invariants\n\n- Layers hold;\n  proved by `tidy layers`, `order_is_total` and `lint panic`.\n\
        - Nothing panics; proved by `no_such_test`.\n- We are kind.\n\n## Next\n\n- not one\n";
    let tree = Tree::of(&[
        (PAGE, page),
        ("a.rs", "#[test]\nfn order_is_total() {}\n\n\n\n\nfn no_such_test() {}\n"),
        ("Cargo.toml", "[workspace.lints.clippy]\npanic = \"deny\"\n"),
    ]);
    assert_eq!(
        check(&tree).unwrap(),
        [
            "`Nothing panics; proved by `no_such_test`.…`: there is no `no_such_test`",
            "`We are kind.…` names no proof (`proved by …`)"
        ]
    );
}

#[test]
fn a_page_without_invariants_is_no_proof() {
    assert_eq!(check(&Tree::of(&[])).unwrap(), ["ARCHITECTURE.md is missing"]);
    let empty = Tree::of(&[(PAGE, "# Map\n- a\n")]);
    assert_eq!(check(&empty).unwrap(), ["ARCHITECTURE.md has no items under a heading `Invariants`"]);
}
