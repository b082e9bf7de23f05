//! A page in two languages has the same shape in both.

use std::path::Path;

use anyhow::Result;

use super::Tree;

/// Pages that must exist in both languages.
const BILINGUAL: &[&str] = &["README"];

/// `X.md` and `X.ja.md` have the same headings, by level, and the same number of code blocks.
pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for page in BILINGUAL {
        for name in [format!("{page}.md"), format!("{page}.ja.md")] {
            if tree.text(&name).is_none() {
                complaints.push(format!("{name} is missing"));
            }
        }
    }
    for japanese in &tree.texts {
        let Some(stem) = japanese.path.to_str().and_then(|path| path.strip_suffix(".ja.md")) else { continue };
        let name = format!("{stem}.md");
        let Some(english) = tree.texts.iter().find(|source| source.path == Path::new(&name)) else {
            complaints.push(format!("{} has no English original", japanese.shown()));
            continue;
        };
        let (ours, theirs) = (outline(&english.text), outline(&japanese.text));
        if ours != theirs {
            complaints.push(format!(
                "{}: {} but {}: {}",
                english.shown(),
                render(&ours),
                japanese.shown(),
                render(&theirs)
            ));
        }
        if !japanese.text.contains(['の', 'を', 'は']) {
            complaints.push(format!("{} is not in Japanese", japanese.shown()));
        }
    }
    Ok(complaints)
}

/// The levels of a page's headings in order, and how many fenced blocks it has.
#[derive(Debug, PartialEq, Eq)]
struct Outline {
    levels: Vec<usize>,
    blocks: usize,
}

fn outline(page: &str) -> Outline {
    let mut fences = 0_usize;
    let mut levels = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            fences = fences.saturating_add(1);
        } else if fences.is_multiple_of(2) && line.starts_with('#') {
            levels.push(line.chars().take_while(|c| *c == '#').count());
        }
    }
    Outline { levels, blocks: fences / 2 }
}

fn render(outline: &Outline) -> String {
    let levels: Vec<String> = outline.levels.iter().map(ToString::to_string).collect();
    format!("headings {} and {} code blocks", levels.join(" "), outline.blocks)
}

#[test]
fn a_comment_in_a_code_block_is_no_heading() {
    let page = "# A\n```sh\n# install\n```\n## B\n";
    assert_eq!(outline(page), Outline { levels: vec![1, 2], blocks: 1 });
}

#[test]
fn both_languages_have_one_shape() {
    let same = Tree::of(&[("README.md", "# A\n## B\n"), ("README.ja.md", "# あの\n## い\n")]);
    assert!(check(&same).unwrap().is_empty());
    let lacking = Tree::of(&[("README.md", "# A\n## B\n"), ("README.ja.md", "# あの\n")]);
    assert_eq!(
        check(&lacking).unwrap(),
        ["README.md: headings 1 2 and 0 code blocks but README.ja.md: headings 1 and 0 code blocks"]
    );
    let alone = Tree::of(&[("README.md", "# A\n"), ("README.ja.md", "# A\n"), ("docs/x.ja.md", "# その\n")]);
    assert_eq!(check(&alone).unwrap(), ["README.ja.md is not in Japanese", "docs/x.ja.md has no English original"]);
    assert_eq!(check(&Tree::of(&[])).unwrap(), ["README.md is missing", "README.ja.md is missing"]);
}
