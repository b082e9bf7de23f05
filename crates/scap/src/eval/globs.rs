//! Shell globs as patterns.

/// Turns a glob into an anchored pattern.
pub(super) fn to_regex(glob: &str, noescape: bool) -> Result<String, String> {
    let mut pattern = String::from("^");
    let mut characters = glob.chars().peekable();
    // At the start of a segment no wildcard matches a leading dot.
    let mut segment_start = true;
    while let Some(character) = characters.next() {
        let starts = std::mem::replace(&mut segment_start, character == '/');
        match character {
            '*' => pattern.push_str(if starts { "(?=[^.])[^/]*" } else { "[^/]*" }),
            '?' => pattern.push_str(if starts { "[^./]" } else { "[^/]" }),
            '[' => {
                let class: String = characters.clone().take_while(|c| *c != ']').collect();
                if characters.clone().nth(class.chars().count()).is_none() {
                    return Err(format!("`{glob}` has a class that does not end"));
                }
                let class_length = class.chars().count();
                pattern.push('[');
                match class.strip_prefix('!') {
                    Some(rest) => {
                        pattern.push('^');
                        pattern.push_str(rest);
                    }
                    None => pattern.push_str(&class),
                }
                pattern.push(']');
                characters.nth(class_length);
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
}
