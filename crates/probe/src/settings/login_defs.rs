//! Reads the defaults for new accounts, login.defs(5).

use yagura_model::settings::{LoginDefs, Setting};
use yagura_model::{Fact, LocalText, ReadProblem, SourceLine};

use crate::host::{ByteLimit, Host};
use crate::settings::{numbered, read_text};

const PATH: &str = "etc/login.defs";
/// SUSE ships its file here and reads it when the administrator has made none.
const VENDOR_PATH: &str = "usr/etc/login.defs";
/// The shipped file has some 300 lines.
const LIMIT: ByteLimit = ByteLimit::kib(256);
/// What shadow's tools take when `PASS_MAX_DAYS` is absent: never.
const PASS_MAX_DAYS_DEFAULT: i64 = -1;

/// Reads the file.
pub(super) fn read(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Fact<LoginDefs> {
    for path in [PATH, VENDOR_PATH] {
        match read_text(host, path, LIMIT, problems) {
            Ok(Some(text)) => return Fact::Known(parse(path, &text, problems)),
            Ok(None) => {}
            Err(reason) => return Fact::Unreadable(reason),
        }
    }
    Fact::NotPresent(LocalText::new(
        format!("there is no `/{PATH}`: this system makes no accounts with shadow's tools"),
        format!("`/{PATH}` がありません (shadow のツールでアカウントを作らないシステムです)"),
    ))
}

/// The last line of a name wins; a number that cannot be read leaves the default, as shadow's
/// own parser has it.
fn parse(path: &str, text: &str, problems: &mut Vec<ReadProblem>) -> LoginDefs {
    let mut found = Setting::compiled_in(PASS_MAX_DAYS_DEFAULT, "PASS_MAX_DAYS -1", "shadow");
    for (number, line) in numbered(text) {
        let line = line.trim();
        let Some((name, value)) = line.split_once([' ', '\t']).filter(|_| !line.starts_with('#')) else { continue };
        if name != "PASS_MAX_DAYS" {
            continue;
        }
        let place = SourceLine::at(path, number);
        let value = value.trim_start_matches([' ', '\t', '"']).split('"').next().unwrap_or_default().trim();
        match number_of(value) {
            Some(days) => found = Setting::at(days, line, place),
            None => {
                let shown = yagura_model::settings::fact::quoted(value);
                problems.push(ReadProblem {
                    place,
                    message: LocalText::new(
                        format!("`{shown}` is not a number of days; shadow's tools leave the line out"),
                        format!("`{shown}` は日数として読めないため、shadow のツールはこの行を無視します"),
                    ),
                });
            }
        }
    }
    LoginDefs { pass_max_days: found }
}

/// Reads a number as strtol(3) with base 0 does.
fn number_of(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        i64::from_str_radix(hex, 16).ok()?
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(digits, 8).ok()?
    } else if digits.bytes().all(|b| b.is_ascii_digit()) {
        digits.parse().ok()?
    } else {
        return None;
    };
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MemoryHost;

    fn days(text: &str) -> (i64, String) {
        let mut problems = Vec::new();
        let host = MemoryHost::new().file(PATH, text);
        let fact = read(&host, &mut problems);
        let setting = fact.known().unwrap().pass_max_days.clone();
        let place = setting.observation().place.map_or("default".to_owned(), |place| place.to_string());
        (setting.value, format!("{place} {}", problems.len()))
    }

    #[test]
    fn the_last_number_counts() {
        let at = |line: u32| format!("/etc/login.defs:{line} 0");
        assert_eq!(days("#PASS_MAX_DAYS 1\nPASS_MAX_DAYS\t99999\n"), (99_999, at(2)));
        assert_eq!(days("PASS_MAX_DAYS 90\nPASS_MAX_DAYS \"60\"\n"), (60, at(2)));
        assert_eq!(days("PASS_MAX_DAYS 0x5a"), (90, at(1)));
        assert_eq!(days("PASS_MAX_DAYS -1"), (-1, at(1)));
        assert_eq!(days("pass_max_days 90"), (-1, "default 0".into()));
        assert_eq!(days("PASS_MAX_DAYS soon"), (-1, "default 1".into()));
        assert_eq!(days(""), (-1, "default 0".into()));
    }

    #[test]
    fn what_is_too_large_is_unreadable() {
        let host = MemoryHost::new().file(PATH, "#".repeat(256 * 1024 + 1));
        assert!(matches!(read(&host, &mut Vec::new()), Fact::Unreadable(_)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let host = MemoryHost::new().file(PATH, bytes);
            prop_assert!(read(&host, &mut Vec::new()).known().is_some());
        }

        #[test]
        fn any_value_is_read(value in "\\PC{0,20}") {
            let _ = number_of(&value);
        }
    }
}
