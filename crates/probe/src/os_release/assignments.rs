//! Reads `KEY=value` files that a shell could source: os-release(5), lsb-release.

use crate::problem::steers_a_terminal;

/// No name, version or address of a distribution is longer.
const VALUE_CHARS_MAX: usize = 256;

/// The assignments of one file. A later one of the same key wins, as in a shell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Assignments(Vec<(String, String)>);

impl Assignments {
    /// Reads every line that is an assignment; comments, blank lines and damage are passed over.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        Self(
            text.lines()
                .filter_map(|line| {
                    let (key, value) = line.trim().split_once('=')?;
                    let is_key = !key.is_empty()
                        && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
                    is_key.then(|| (key.to_owned(), unquoted(value)))
                })
                .collect(),
        )
    }

    /// Returns a value that says something.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str()).filter(|v| !v.is_empty())
    }
}

/// Takes quotes and escapes away by the shell's rules; variables are not expanded. Too long values
/// are cut, characters that steer a terminal dropped.
fn unquoted(value: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut chars = value.trim().chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            // Within double quotes a backslash escapes these four only.
            (Some('"'), '\\') => match chars.next() {
                Some(next @ ('"' | '\\' | '$' | '`')) => out.push(next),
                Some(next) => out.extend(['\\', next]),
                None => {}
            },
            (None, '\\') => out.extend(chars.next()),
            // Without quotes a value ends at a space.
            (None, _) if c.is_whitespace() => break,
            _ => out.push(c),
        }
    }
    out.chars().filter(|c| !steers_a_terminal(*c)).take(VALUE_CHARS_MAX).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_go_by_the_shell() {
        for (written, meant) in [
            ("debian", "debian"),
            ("\"Debian GNU/Linux\"", "Debian GNU/Linux"),
            ("'it is $HOME'", "it is $HOME"),
            (r#""say \"hi\" \$5 \\ \n""#, r#"say "hi" $5 \ \n"#),
            (r"a\ b", "a b"),
            ("12 # not a comment, but the end", "12"),
            ("\"never closed", "never closed"),
            ("\"\"", ""),
            ("\"\x1b[31mred\"", "[31mred"),
        ] {
            assert_eq!(unquoted(written), meant, "{written}");
        }
        assert_eq!(unquoted(&"x".repeat(VALUE_CHARS_MAX + 9)).len(), VALUE_CHARS_MAX);
    }

    #[test]
    fn the_last_assignment_wins() {
        let read = Assignments::parse(b"# comment\nID=a\r\n\nID=b\nexport X=1\nlower=1\nEMPTY=\n=x\nnonsense");
        assert_eq!(read.get("ID"), Some("b"));
        assert_eq!((read.get("EMPTY"), read.get("X"), read.0.len()), (None, None, 3));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
            for (_, value) in Assignments::parse(&bytes).0 {
                prop_assert!(value.chars().count() <= VALUE_CHARS_MAX && !value.chars().any(steers_a_terminal));
            }
        }
    }
}
