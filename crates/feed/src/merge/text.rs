//! Scopes and ranges as text, so that a row holds one symbol for each.
//!
//! The separators are control characters, which no version, channel or module has: [`of_scope`] and [`of_ranges`]
//! drop them from what they are given.

use std::fmt::Write as _;

use yagura_model::{AffectedRange, Names, RangeEnd, Statement};

/// Between the parts of an item.
const PART: char = '\u{1f}';
/// Between items.
const ITEM: char = '\u{1e}';

/// Writes what narrows a statement; `None` for one about a source package of every host.
pub(super) fn of_scope(statement: &Statement) -> Option<String> {
    let Statement { names, channel, module, .. } = statement;
    if *names == Names::Source && channel.is_none() && module.is_none() {
        return None;
    }
    let word = match names {
        Names::Source => "s",
        Names::Binary => "b",
    };
    let part = |text: &Option<String>| clean(text.as_deref().unwrap_or_default());
    Some(format!("{word}{PART}{}{PART}{}", part(channel), part(module)))
}

/// Reads what [`of_scope`] wrote.
pub(super) fn scope(text: &str) -> (Names, Option<String>, Option<String>) {
    let mut parts = text.split(PART);
    let names = if parts.next() == Some("b") { Names::Binary } else { Names::Source };
    let mut part = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
    (names, part(), part())
}

/// Writes ranges.
pub(super) fn of_ranges(ranges: &[AffectedRange]) -> String {
    let mut text = String::new();
    for AffectedRange { introduced, end } in ranges {
        let (word, version) = match end {
            RangeEnd::Fixed(version) => ("f", version.as_str()),
            RangeEnd::LastAffected(version) => ("l", version.as_str()),
            RangeEnd::Open => ("o", ""),
        };
        let introduced = introduced.as_deref().unwrap_or_default();
        // Writing into a string does not fail.
        let _ = write!(text, "{}{PART}{word}{PART}{}{ITEM}", clean(introduced), clean(version));
    }
    text
}

/// Reads what [`of_ranges`] wrote.
pub(super) fn ranges(text: &str) -> Vec<AffectedRange> {
    let range = |item: &str| {
        let mut parts = item.split(PART);
        let introduced = parts.next().filter(|version| !version.is_empty()).map(str::to_owned);
        let (word, version) = (parts.next()?, parts.next().unwrap_or_default().to_owned());
        let end = match word {
            "f" => RangeEnd::Fixed(version),
            "l" => RangeEnd::LastAffected(version),
            _ => RangeEnd::Open,
        };
        Some(AffectedRange { introduced, end })
    };
    text.split_terminator(ITEM).filter_map(range).collect()
}

fn clean(text: &str) -> String {
    text.chars().filter(|&letter| letter != PART && letter != ITEM).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_back() {
        let whole = Statement::default();
        assert_eq!(of_scope(&whole), None);
        for (names, channel, module) in [
            (Names::Binary, None, None),
            (Names::Source, Some("esm-infra"), None),
            (Names::Binary, None, Some("nodejs:18")),
            (Names::Binary, Some("eus:9.2"), Some("nodejs:18")),
        ] {
            let (channel, module) = (channel.map(str::to_owned), module.map(str::to_owned));
            let statement = Statement { names, channel: channel.clone(), module: module.clone(), ..whole.clone() };
            assert_eq!(scope(&of_scope(&statement).unwrap()), (names, channel, module));
        }
    }

    #[test]
    fn ranges_are_read_back_and_lose_separators() {
        let given = [
            AffectedRange { introduced: None, end: RangeEnd::Fixed("1.2".into()) },
            AffectedRange { introduced: Some("2\u{1e}.0".into()), end: RangeEnd::LastAffected("2.0.4".into()) },
            AffectedRange { introduced: Some("3.0".into()), end: RangeEnd::Open },
        ];
        let read = ranges(&of_ranges(&given));
        assert_eq!(read[1].introduced.as_deref(), Some("2.0"));
        assert_eq!((&read[0], &read[2]), (&given[0], &given[2]));
        assert_eq!(ranges(""), []);
    }
}
