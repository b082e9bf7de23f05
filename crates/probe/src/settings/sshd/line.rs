//! One line of sshd_config(5), split as sshd splits it.

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Nothing, or a comment.
    Blank,
    /// A keyword and its arguments.
    Directive {
        /// Folded to lower case.
        keyword: String,
        /// Quotes and escapes resolved, a trailing comment left out.
        arguments: Vec<String>,
    },
    /// Something that sshd refuses to start with.
    Refused(&'static str),
}

/// sshd's blanks. A form feed counts at the end of a line only.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Splits a line: `key value`, `key=value`, `"key" 'value'`, comments.
///
/// Arguments follow OpenSSH 8.7's rules (single quotes, backslashes, trailing comments). Older
/// versions refuse such lines, so reading them here changes no accepted configuration.
pub(super) fn split(line: &str) -> Line {
    let line = line.trim_end_matches(|c| BLANKS.contains(&c) || c == '\u{c}').trim_start_matches(BLANKS);
    if line.is_empty() || line.starts_with('#') {
        return Line::Blank;
    }
    let Some((keyword, rest)) = keyword(line) else {
        return Line::Refused("a quotation mark is missing");
    };
    match arguments(rest) {
        None => Line::Refused("a quotation mark is missing"),
        Some(arguments) if arguments.is_empty() => Line::Refused("the value is missing"),
        Some(arguments) => Line::Directive { keyword: keyword.to_ascii_lowercase(), arguments },
    }
}

/// Takes the keyword off, with the one `=` that may follow it.
fn keyword(line: &str) -> Option<(&str, &str)> {
    if let Some(quoted) = line.strip_prefix('"') {
        let (keyword, rest) = quoted.split_once('"')?;
        return Some((keyword, rest.trim_start_matches(BLANKS)));
    }
    let Some(end) = line.find(|c| BLANKS.contains(&c) || c == '=' || c == '"') else {
        return Some((line, ""));
    };
    let (keyword, rest) = line.split_at(end);
    let rest = rest.trim_start_matches(BLANKS);
    Some((keyword, rest.strip_prefix('=').unwrap_or(rest).trim_start_matches(BLANKS)))
}

/// Splits the arguments; `None` where a quotation does not end.
pub(super) fn arguments(text: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        while rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        match rest.peek() {
            None | Some('#') => return Some(found),
            Some(_) => {}
        }
        let mut word = String::new();
        let mut quote: Option<char> = None;
        while let Some(c) = rest.next() {
            match (c, quote) {
                ('\\', _) => match rest.next_if(|n| matches!(n, '\'' | '"' | '\\') || (quote.is_none() && *n == ' ')) {
                    Some(escaped) => word.push(escaped),
                    None => word.push('\\'),
                },
                (' ' | '\t', None) => break,
                ('"' | '\'', None) => quote = Some(c),
                (_, Some(open)) if c == open => quote = None,
                _ => word.push(c),
            }
        }
        if quote.is_some() {
            return None;
        }
        found.push(word);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(line: &str) -> String {
        match split(line) {
            Line::Blank => "-".into(),
            Line::Refused(why) => format!("refused: {why}"),
            Line::Directive { keyword, arguments } => format!("{keyword} {arguments:?}"),
        }
    }

    #[test]
    fn splits_as_sshd_does() {
        for (line, expected) in [
            ("PermitRootLogin yes", r#"permitrootlogin ["yes"]"#),
            ("\tPermitRootLogin\t yes \r", r#"permitrootlogin ["yes"]"#),
            ("PermitRootLogin=yes", r#"permitrootlogin ["yes"]"#),
            ("PermitRootLogin = \"yes\"", r#"permitrootlogin ["yes"]"#),
            // Only one `=` is taken; the second belongs to the value, which is then refused.
            ("PermitRootLogin==yes", r#"permitrootlogin ["=yes"]"#),
            ("\"PermitRootLogin\" 'yes'", r#"permitrootlogin ["yes"]"#),
            ("PermitRootLogin yes # why", r#"permitrootlogin ["yes"]"#),
            ("PermitRootLogin yes#why", r#"permitrootlogin ["yes#why"]"#),
            ("Match User \"a b\",c", r#"match ["User", "a b,c"]"#),
            ("Banner a\\ b \\n", r#"banner ["a b", "\\n"]"#),
            ("# PermitRootLogin yes", "-"),
            ("", "-"),
            ("PermitRootLogin", "refused: the value is missing"),
            ("PermitRootLogin # why", "refused: the value is missing"),
            ("PermitRootLogin \"yes", "refused: a quotation mark is missing"),
            ("\"PermitRootLogin yes", "refused: a quotation mark is missing"),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_split(line in "\\PC{0,80}") {
            let _ = split(&line);
        }

        #[test]
        fn plain_words_come_back(words in prop::collection::vec("[A-Za-z0-9.,/*]{1,8}", 1..5)) {
            prop_assert_eq!(arguments(&words.join(" ")), Some(words));
        }
    }
}
