//! The bookmarks of a document: three levels, written once all of them are known.

use pdf_writer::{Ref, TextStr};

use super::super::RunRenderError;
use super::file::PdfFile;

/// The longest bookmark.
const TITLE_CHARS_MAX: usize = 120;

/// The bookmarks so far.
#[derive(Debug, Default)]
pub(super) struct Outline {
    marks: Vec<Mark>,
}

#[derive(Debug)]
struct Mark {
    /// 1 for a section.
    level: u8,
    title: String,
    page: Ref,
    top: f32,
}

/// How a bookmark hangs together with the others, as places in the list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Links {
    parent: Option<usize>,
    previous: Option<usize>,
    next: Option<usize>,
    first: Option<usize>,
    last: Option<usize>,
    children: i32,
}

impl Outline {
    /// Adds a bookmark behind the others.
    pub(super) fn add(&mut self, level: u8, title: &str, page: Ref, top: f32) {
        let title = title.chars().take(TITLE_CHARS_MAX).collect();
        self.marks.push(Mark { level, title, page, top });
    }

    /// Writes all bookmarks, with `root` as the number of the whole.
    pub(super) fn write(&self, file: &mut PdfFile<'_>, root: Ref) -> Result<(), RunRenderError> {
        let levels: Vec<u8> = self.marks.iter().map(|mark| mark.level).collect();
        let (links, whole) = link(&levels);
        let ids = self.marks.iter().map(|_| file.reserve()).collect::<Result<Vec<_>, _>>()?;
        let id = |place: Option<usize>| place.and_then(|place| ids.get(place)).copied();
        for ((mark, links), item_id) in self.marks.iter().zip(&links).zip(&ids) {
            file.object(*item_id, |chunk| {
                let mut item = chunk.outline_item(*item_id);
                item.title(TextStr(&mark.title)).parent(id(links.parent).unwrap_or(root));
                if let Some(previous) = id(links.previous) {
                    item.prev(previous);
                }
                if let Some(next) = id(links.next) {
                    item.next(next);
                }
                if let (Some(first), Some(last)) = (id(links.first), id(links.last)) {
                    // Negative: closed until the reader opens it.
                    item.first(first).last(last).count(links.children.saturating_neg());
                }
                item.dest().page(mark.page).xyz(0.0, mark.top, None);
            })?;
        }
        file.object(root, |chunk| {
            let mut outline = chunk.outline(root);
            if let (Some(first), Some(last)) = (id(whole.first), id(whole.last)) {
                outline.first(first).last(last).count(whole.children);
            }
        })
    }
}

/// Finds parents, neighbours and children from the levels alone. The second value is the root's.
fn link(levels: &[u8]) -> (Vec<Links>, Links) {
    let mut links = vec![Links::default(); levels.len()];
    let mut root = Links::default();
    let mut open: Vec<usize> = Vec::new();
    for (place, level) in levels.iter().enumerate() {
        while open.last().and_then(|last| levels.get(*last)).is_some_and(|last| last >= level) {
            open.pop();
        }
        let parent = open.last().copied();
        let above = parent.and_then(|parent| links.get_mut(parent)).unwrap_or(&mut root);
        let previous = above.last;
        above.first.get_or_insert(place);
        above.last = Some(place);
        above.children = above.children.saturating_add(1);
        if let Some(previous) = previous.and_then(|previous| links.get_mut(previous)) {
            previous.next = Some(place);
        }
        if let Some(this) = links.get_mut(place) {
            *this = Links { parent, previous, ..Links::default() };
        }
        open.push(place);
    }
    (links, root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_become_a_tree() {
        let (links, root) = link(&[1, 2, 3, 3, 2, 1]);
        assert_eq!((root.first, root.last, root.children), (Some(0), Some(5), 2));
        assert_eq!((links[0].first, links[0].last, links[0].children), (Some(1), Some(4), 2));
        assert_eq!((links[0].next, links[5].previous), (Some(5), Some(0)));
        assert_eq!((links[1].first, links[1].last, links[1].next), (Some(2), Some(3), Some(4)));
        assert_eq!((links[3].parent, links[3].previous), (Some(1), Some(2)));
    }

    #[test]
    fn no_bookmarks_are_an_empty_tree() {
        assert_eq!(link(&[]).1, Links::default());
    }
}
