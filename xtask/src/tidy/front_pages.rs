//! Every crate, and every module that has parts, opens with its front page.

use anyhow::Result;

use super::{Source, Tree};

/// `lib.rs`, `main.rs` and files with `mod` lines begin with `//!` and say something.
pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let pages = tree.texts.iter().filter(|source| source.is_rust() && needs_page(source));
    Ok(pages.filter_map(complaint).collect())
}

fn needs_page(source: &Source) -> bool {
    let name = source.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    matches!(name, "lib.rs" | "main.rs") || source.shipped().lines().any(declares_module)
}

/// `mod x;` in any visibility; an inline `mod tests {` has its page in the file around it.
fn declares_module(line: &str) -> bool {
    let line = line.strip_prefix("pub ").or_else(|| line.strip_prefix("pub(crate) ")).unwrap_or(line);
    line.starts_with("mod ") && line.trim_end().ends_with(';')
}

fn complaint(source: &Source) -> Option<String> {
    let page: Vec<&str> = source.text.lines().map_while(|line| line.strip_prefix("//!")).collect();
    let text = page.join(" ");
    match text.split_whitespace().count() {
        0 => Some(format!("{}: does not open with `//!`", source.shown())),
        // "placeholder" is not a page, and neither is a title.
        1..=4 => Some(format!("{}: its front page is only `{}`", source.shown(), text.trim())),
        _ => None,
    }
}

#[test]
fn pages_are_asked_of_crates_and_of_modules_with_parts() {
    let tree = Tree::of(&[
        ("crates/a/src/lib.rs", "//! What this crate is for, in one sentence.\npub mod x;\n"),
        ("crates/b/src/lib.rs", "//! placeholder\n"),
        ("crates/a/src/x.rs", "pub(crate) mod y;\n"),
        ("crates/a/src/x/y.rs", "fn leaf() {}\n#[cfg(test)]\nmod tests {\n}\n"),
    ]);
    assert_eq!(
        check(&tree).unwrap(),
        ["crates/b/src/lib.rs: its front page is only `placeholder`", "crates/a/src/x.rs: does not open with `//!`"]
    );
}
