//! Shell patterns, and the files of a host that match one.

use yagura_model::{LocalText, ReadProblem};

use crate::host::Host;
use crate::settings::list_names;

/// Entries of one folder that a pattern may choose from.
const ENTRIES_MAX: usize = 10_000;
/// Folders that one pattern may open.
const FOLDERS_MAX: usize = 256;

/// Tells whether `text` has a wildcard.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Matches one path component as glob(7) does: `*`, `?`, `[a-z]`, `[!x]`, and no wildcard for a
/// leading dot. Linear in time but for the product of pattern and text, whatever the stars.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    if text.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on when the star before `p` swallows one more character.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            retry = Some((p + 1, t));
            p += 1;
        } else if let Some(next) = text.get(t).and_then(|c| one(&pattern, p, *c)) {
            p = next;
            t += 1;
        } else if let Some((star, from)) = retry {
            retry = Some((star, from + 1));
            (p, t) = (star, from + 1);
        } else {
            return false;
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|c| *c == '*'))
}

/// Matches one character; returns where the pattern goes on.
fn one(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => {
            let (hit, after) = class(pattern, at + 1, c)?;
            hit.then_some(after)
        }
        '\\' => (pattern.get(at + 1) == Some(&c)).then_some(at + 2),
        literal => (*literal == c).then_some(at + 1),
    }
}

/// Reads a bracket expression; `None` where it does not end, which makes no match.
fn class(pattern: &[char], mut at: usize, c: char) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(at)?, '!' | '^');
    if negated {
        at += 1;
    }
    let first = at;
    let mut hit = false;
    loop {
        let low = *pattern.get(at)?;
        if low == ']' && at > first {
            return Some((hit != negated, at + 1));
        }
        match (pattern.get(at + 1), pattern.get(at + 2)) {
            (Some('-'), Some(high)) if *high != ']' => {
                hit |= (low..=*high).contains(&c);
                at += 3;
            }
            _ => {
                hit |= low == c;
                at += 1;
            }
        }
    }
}

/// Returns the paths that match, in glob(3)'s order: sorted by name, component by component.
///
/// # Errors
/// A folder on the way that cannot be listed, or more folders than one pattern may open.
pub(super) fn expand(
    host: &dyn Host,
    pattern: &str,
    problems: &mut Vec<ReadProblem>,
) -> Result<Vec<String>, LocalText> {
    let mut found = vec![String::new()];
    for part in pattern.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if !is_pattern(part) {
            for path in &mut found {
                *path = join(path, part);
            }
            continue;
        }
        if found.len() > FOLDERS_MAX {
            return Err(LocalText::new(
                format!("the pattern `{pattern}` leads into more than {FOLDERS_MAX} folders"),
                format!("パターン `{pattern}` に該当するフォルダーが {FOLDERS_MAX} 個を超えています"),
            ));
        }
        let mut next = Vec::new();
        for folder in &found {
            match host.metadata(folder) {
                Ok(Some(metadata)) if metadata.kind == crate::FileKind::Directory => {}
                // A root without a node of its own (a map in a test) still lists its names.
                Ok(None) if folder.is_empty() => {}
                _ => continue,
            }
            let names = list_names(host, folder, ENTRIES_MAX, problems)?;
            next.extend(names.iter().filter(|name| matches(part, name)).map(|name| join(folder, name)));
        }
        found = next;
    }
    found.retain(|path| matches!(host.link_metadata(path), Ok(Some(_)) | Err(_)));
    Ok(found)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MemoryHost;

    #[test]
    fn matches_like_glob_7() {
        for (pattern, text, expected) in [
            ("*.conf", "a.conf", true),
            ("*.conf", ".hidden.conf", false),
            (".*", ".hidden", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]", "]", true),
            ("[a", "a", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("\\*", "*", true),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn expands_in_order_and_only_what_is_there() {
        let host = MemoryHost::new().file("etc/d/b.conf", "").file("etc/d/a.conf", "").file("etc/d/c.txt", "");
        let mut problems = Vec::new();
        assert_eq!(expand(&host, "/etc/d/*.conf", &mut problems).unwrap(), ["etc/d/a.conf", "etc/d/b.conf"]);
        assert_eq!(expand(&host, "/etc/*/c.txt", &mut problems).unwrap(), ["etc/d/c.txt"]);
        assert_eq!(expand(&host, "/etc/none", &mut problems).unwrap(), Vec::<String>::new());
        assert_eq!(expand(&host, "/none/*.conf", &mut problems).unwrap(), Vec::<String>::new());
        assert_eq!(problems, []);
    }

    #[test]
    fn a_pattern_opens_a_bounded_number_of_folders() {
        let host = (0..=FOLDERS_MAX).fold(MemoryHost::new(), |host, n| host.file(&format!("d/{n:04}/x.conf"), ""));
        assert!(expand(&host, "/d/*/*.conf", &mut Vec::new()).is_err());
    }

    proptest! {
        #[test]
        fn any_pattern_ends(pattern in "[a*?\\[\\]!\\\\-]{0,24}", text in "[a-c.]{0,40}") {
            let _ = matches(&pattern, &text);
        }

        #[test]
        fn a_text_matches_itself_and_a_star(text in "[a-z0-9_-]{1,20}") {
            prop_assert!(matches(&text, &text));
            prop_assert!(matches("*", &text));
        }
    }
}
