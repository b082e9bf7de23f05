//! A text that every match of a pattern contains, so that most files need no pattern at all.
//!
//! Only what is certain counts: the pattern is read from the left, and everything that is not
//! understood ends the literal at hand. A pattern with an alternative outside all groups has none,
//! nor has one that changes its options in its middle.

/// Shorter ones are in every file.
const LITERAL_BYTES_MIN: usize = 2;

/// The longest literal that every match of a case-sensitive pattern contains.
pub(super) fn required(pattern: &str) -> Option<Vec<u8>> {
    // Quoting, comments, options, verbs: all rare, and all of them change what follows.
    if pattern.contains("(?") && has_unknown_group(pattern) || pattern.contains("\\Q") || pattern.contains("(*") {
        return None;
    }
    let mut best: Vec<u8> = Vec::new();
    let mut run: Vec<u8> = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(character) = rest.next() {
        let literal = match character {
            '|' => return None,
            '(' => {
                skip_group(&mut rest)?;
                None
            }
            ')' => return None,
            '[' => {
                skip_class(&mut rest)?;
                None
            }
            '\\' => match rest.next()? {
                escaped if escaped.is_ascii_alphanumeric() => {
                    // A code such as `\x41` has digits of its own.
                    if matches!(escaped, 'x' | 'o' | 'c' | 'N' | 'p' | 'P' | 'g' | 'k' | 'u' | '0'..='9') {
                        return None;
                    }
                    None
                }
                escaped => Some(escaped),
            },
            '.' | '^' | '$' => None,
            '?' | '*' | '+' | '{' | '}' | ']' => None,
            other => Some(other),
        };
        let repeats = rest.peek().copied();
        match (literal, repeats) {
            // It may be missing: what stands before it goes on to be certain, but ends here.
            (Some(_), Some('?' | '*' | '{')) | (None, _) => close(&mut run, &mut best),
            (Some(literal), Some('+')) => {
                push(&mut run, literal);
                close(&mut run, &mut best);
            }
            (Some(literal), _) => push(&mut run, literal),
        }
        // A quantifier with braces says nothing but numbers.
        if repeats == Some('{') {
            rest.next();
            while rest.next_if(|next| next.is_ascii_digit() || *next == ',').is_some() {}
            rest.next_if_eq(&'}')?;
        }
    }
    close(&mut run, &mut best);
    (best.len() >= LITERAL_BYTES_MIN).then_some(best)
}

fn push(run: &mut Vec<u8>, literal: char) {
    run.extend_from_slice(literal.encode_utf8(&mut [0; 4]).as_bytes());
}

fn close(run: &mut Vec<u8>, best: &mut Vec<u8>) {
    if run.len() > best.len() {
        std::mem::swap(run, best);
    }
    run.clear();
}

/// Whether a group is of a kind that changes how the rest is read.
fn has_unknown_group(pattern: &str) -> bool {
    pattern.match_indices("(?").any(|(at, _)| {
        let kind = pattern.get(at + 2..).unwrap_or_default();
        // Groups without a number, looks ahead and behind, atomic ones; options are none of them.
        !(kind.starts_with(':')
            || kind.starts_with('=')
            || kind.starts_with('!')
            || kind.starts_with('>')
            || kind.starts_with('<'))
    })
}

/// Passes over the rest of a group, the ones in it included.
fn skip_group(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<()> {
    let mut open = 1_usize;
    while open > 0 {
        match rest.next()? {
            '\\' => {
                rest.next()?;
            }
            '[' => skip_class(rest)?,
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
    }
    Some(())
}

/// Passes over the rest of a class. A `]` in front stands for itself, and `[:alpha:]` has one of its own.
fn skip_class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<()> {
    let _ = rest.next_if_eq(&'^');
    let _ = rest.next_if_eq(&']');
    loop {
        match rest.next()? {
            ']' => return Some(()),
            '\\' => {
                rest.next()?;
            }
            '[' if matches!(rest.peek(), Some(':' | '.' | '=')) => {
                let kind = rest.next()?;
                loop {
                    if rest.next()? == kind && rest.next_if_eq(&']').is_some() {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a text contains a literal.
pub(super) fn contains(text: &[u8], literal: &[u8]) -> bool {
    let Some((first, _)) = literal.split_first() else { return true };
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = rest.get(at..).unwrap_or_default();
        if rest.starts_with(literal) {
            return true;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use yagura_scap::{Pattern, PatternOptions};

    fn text(pattern: &str) -> Option<String> {
        required(pattern).map(|literal| String::from_utf8(literal).unwrap())
    }

    #[test]
    fn finds_what_must_be_there() {
        let cases = [
            (r"^\s*PermitRootLogin\s+no", "PermitRootLogin"),
            (r"^[^#]*net\.ipv4\.ip_forward\s*=\s*(\d+)$", "net.ipv4.ip_forward"),
            (r"(?:a|b)minlen[\s]*=", "minlen"),
            (r"-w /etc/sudoers(\.d)? -p wa", "-w /etc/sudoers"),
            (r"[[:space:]]abc{2,3}def", "def"),
            (r"[]a]xyz", "xyz"),
            (r"(?<!a)[^[\s]name", "name"),
            (r"colou?r", "colo"),
            (r"ab+c", "ab"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(text(pattern).as_deref(), Some(expected), "{pattern}");
        }
    }

    #[test]
    fn claims_nothing_that_is_not_certain() {
        for pattern in [
            "abc|def",
            "(?i)abc",
            r"\Qa.b\E",
            "(*CRLF)abc",
            r"\x41bc",
            "(abc",
            "[abc",
            "a?b?",
            "",
            r"(a)\1bc",
            "a{b|cd",
        ] {
            assert_eq!(text(pattern), None, "{pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_match_contains_it(pattern in r"[ab\[\]().*+?|^$\\{},:0-9sdw-]{0,14}", text in "[ab.\\-:0-9\n ]{0,20}") {
            if let Ok(compiled) = Pattern::new(&pattern, PatternOptions::TEXT)
                && let Some(literal) = required(&pattern)
                && compiled.is_match(text.as_bytes()).unwrap_or(false)
            {
                proptest::prop_assert!(contains(text.as_bytes(), &literal), "{} needs {:?} in {:?}", pattern, literal, text);
            }
        }
    }
}
