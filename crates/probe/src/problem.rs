//! How a problem on a host is put into words.

use std::fmt;

use yagura_model::{LocalText, ReadProblem, SourceLine};

use crate::host::ReadError;

/// A message shows this many characters of what stands on the host.
const QUOTE_CHARS_MAX: usize = 80;

/// Shows text of the host in a message: shortened, and without characters that steer a terminal.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(QUOTE_CHARS_MAX) {
            fmt::Write::write_char(f, if steers_a_terminal(c) { '\u{FFFD}' } else { c })?;
        }
        if chars.next().is_some() { f.write_str("…") } else { Ok(()) }
    }
}

/// Control characters, and the format characters that turn or hide the text around them.
pub(crate) fn steers_a_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Reports a file that could not be read. `meaning` says in both languages what follows from it.
pub(crate) fn unreadable(error: &ReadError, path: &str, meaning: yagura_model::Text) -> ReadProblem {
    let shown = Quoted(path);
    let ja = match error {
        ReadError::Denied { .. } => format!("`/{shown}` を読み取る権限がありません"),
        ReadError::TooLarge { limit, .. } => {
            let limit = limit.strip_suffix(" entries").map_or(limit.clone(), |count| format!("{count} 件"));
            format!("`/{shown}` が読み取りの上限 ({limit}) を超えています")
        }
        ReadError::WrongKind { wanted, .. } => {
            let wanted = if *wanted == "directory" { "ディレクトリー" } else { "通常のファイル" };
            format!("`/{shown}` は{wanted}ではありません")
        }
        ReadError::BadLink { .. } => {
            format!("`/{shown}` のシンボリックリンクが循環しているか、行き先がありません")
        }
        ReadError::Io { source, .. } => format!("`/{shown}` を読み取れません ({source})"),
    };
    let en = match error {
        ReadError::Io { source, .. } => format!("{error}: {source}"),
        other => other.to_string(),
    };
    ReadProblem {
        place: SourceLine::file(path),
        message: LocalText::new(format!("{en}; {}", meaning.en), format!("{ja}。{}", meaning.ja)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yagura_model::Text;

    #[test]
    fn text_of_the_host_is_tamed() {
        insta::assert_snapshot!(Quoted("a\x1b[31mb\u{202E}c"), @"a\u{FFFD}[31mb\u{FFFD}c");
        let long = Quoted(&"あ".repeat(81)).to_string();
        assert_eq!(long.chars().count(), QUOTE_CHARS_MAX + 1);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn both_languages_say_the_same() {
        let error = ReadError::TooLarge { path: "etc/x".into(), limit: "10 entries".into() };
        let problem = unreadable(&error, "etc/x", Text::new("it was left out", "対象外です"));
        insta::assert_snapshot!(problem.message.en, @"`/etc/x` is larger than 10 entries, which is more than we read; it was left out");
        insta::assert_snapshot!(problem.message.ja, @"`/etc/x` が読み取りの上限 (10 件) を超えています。対象外です");
    }
}
