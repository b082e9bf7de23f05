//! Shell globs as patterns.

/// Turns a glob into an anchored pattern.
pub(super) fn to_regex(glob: &str, noescape: bool) -> Result<String, String> {
    let mut pattern = String::from("^");
    let mut characters = glob.chars();
    // At the start of a segment no wildcard matches a leading dot.
    let mut segment_start = true;
    while let Some(character) = characters.next() {
        let starts = std::mem::replace(&mut segment_start, character == '/');
        match character {
            '*' => pattern.push_str(if starts { "(?=[^.])[^/]*" } else { "[^/]*" }),
            '?' => pattern.push_str(if starts { "[^./]" } else { "[^/]" }),
            '[' => {
                let length = class_length(characters.as_str());
                let Some(class) = length.and_then(|length| characters.as_str().get(..length)) else {
                    return Err(format!("`{glob}` has a class that does not end"));
                };
                pattern.push('[');
                match class.strip_prefix('!') {
                    Some(rest) => {
                        pattern.push('^');
                        pattern.push_str(rest);
                    }
                    None => pattern.push_str(class),
                }
                pattern.push(']');
                let rest = characters.as_str().get(class.len() + 1..).unwrap_or_default();
                characters = rest.chars();
            }
            '\\' if !noescape => match characters.next() {
                Some(escaped) => push_literal(&mut pattern, escaped),
                None => pattern.push_str("\\\\"),
            },
            literal => push_literal(&mut pattern, literal),
        }
    }
    pattern.push('$');
    Ok(pattern)
}

/// How many bytes a class has up to the bracket that ends it; a bracket that comes first is a member.
fn class_length(text: &str) -> Option<usize> {
    let negated = usize::from(text.starts_with(['!', '^']));
    let mut places = text.char_indices().skip(negated).peekable();
    if let Some((_, ']')) = places.peek() {
        places.next();
    }
    while let Some((place, character)) = places.next() {
        match character {
            ']' => return Some(place),
            '\\' => drop(places.next()),
            // A named class has a bracket of its own.
            '[' if text.get(place..).is_some_and(|rest| rest.starts_with("[:")) => {
                let end = text.get(place..).and_then(|rest| rest.find(":]"))?;
                while places.next_if(|(at, _)| *at <= place + end + 1).is_some() {}
            }
            _ => {}
        }
    }
    None
}

fn push_literal(pattern: &mut String, literal: char) {
    if matches!(literal, '^' | '$' | '\\' | '.' | '[' | ']' | '(' | ')' | '{' | '}' | '*' | '+' | '?' | '|') {
        pattern.push('\\');
    }
    pattern.push(literal);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::{Pattern, PatternOptions};

    fn matches(glob: &str, path: &str) -> bool {
        Pattern::new(&to_regex(glob, false).unwrap(), PatternOptions::PLAIN).unwrap().is_match(path.as_bytes()).unwrap()
    }

    #[test]
    fn stars_stay_in_their_segment() {
        assert!(matches("/etc/*.conf", "/etc/a.conf"));
        assert!(!matches("/etc/*.conf", "/etc/a/b.conf"));
        assert!(!matches("/etc/*.conf", "/etc/.a.conf"));
        assert!(!matches("/etc/?a", "/etc/.a"));
        assert!(matches("/etc/a*", "/etc/a.b"));
        assert!(matches("/etc/[!b]x", "/etc/ax"));
        assert!(matches(r"/etc/\*", "/etc/*"));
        assert!(to_regex("[ab", false).is_err());
    }

    #[test]
    fn the_references_patterns() {
        let glob = |glob| to_regex(glob, false).unwrap();
        assert_eq!(glob("/etc/*.d/?x/.[ab]*"), r"^/etc/(?=[^.])[^/]*\.d/[^./]x/\.[ab][^/]*$");
        assert_eq!(glob("/a/**/b"), "^/a/(?=[^.])[^/]*[^/]*/b$");
        assert_eq!(glob("[!a]*"), "^[^a][^/]*$");
        assert_eq!(glob("[]a]b"), "^[]a]b$");
        assert_eq!(glob("[[:alpha:]]x"), "^[[:alpha:]]x$");
        assert_eq!(glob(r"[a\]b]"), r"^[a\]b]$");
        assert_eq!(glob(r"a\"), r"^a\\$");
        assert_eq!(glob("a(b)|c^$"), r"^a\(b\)\|c\^\$$");
        assert_eq!(to_regex(r"a\*b", true).unwrap(), r"^a\\[^/]*b$");
    }
}
