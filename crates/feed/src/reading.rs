//! Words and texts from feeds, checked and bounded.
//!
//! Feeds are written by many hands, and what they carry ends on terminals, in HTML and in file
//! formats. A *word* (package, version, id) is visible ASCII of a bounded length or it is
//! refused; a *text* (description, note) loses its control characters and is cut.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use yagura_model::{Reference, ReferenceKind};

/// The longest id of a vulnerability or an advisory, in bytes. `DEBIAN-CVE-2025-1234567` has 23.
pub(crate) const ID_BYTES_MAX: usize = 64;
/// The longest package name, in bytes. Debian's longest source name has under 70.
pub(crate) const PACKAGE_BYTES_MAX: usize = 200;
/// The longest version, in bytes.
pub(crate) const VERSION_BYTES_MAX: usize = 200;
/// The longest address that is kept, in bytes.
pub(crate) const URL_BYTES_MAX: usize = 2_048;
/// Where a vendor's note or another short text is cut, in bytes.
pub(crate) const NOTE_BYTES_MAX: usize = 2_048;
/// Where a description is cut, in bytes. The longest in the Debian OSV export has 4,000.
pub(crate) const DESCRIPTION_BYTES_MAX: usize = 32_768;

/// Returns `word` if it is visible ASCII and not longer than `bytes_max`.
pub(crate) fn word(word: &str, bytes_max: usize) -> Option<&str> {
    let fits = !word.is_empty() && word.len() <= bytes_max;
    (fits && word.bytes().all(|byte| byte.is_ascii_graphic())).then_some(word)
}

/// Returns a package name if it is one.
pub(crate) fn package(name: &str) -> Option<&str> {
    word(name, PACKAGE_BYTES_MAX)
}

/// Returns a version if it is one.
pub(crate) fn version(version: &str) -> Option<&str> {
    word(version, VERSION_BYTES_MAX)
}

/// Returns an id if it is one.
pub(crate) fn id(id: &str) -> Option<&str> {
    word(id, ID_BYTES_MAX)
}

/// Returns the id of a flaw that Debian tracks: a CVE or one of its own temporary ids.
pub(crate) fn flaw_id(text: &str) -> Option<&str> {
    cve_id(text).or_else(|| id(text).filter(|id| id.len() > "TEMP-".len() && id.starts_with("TEMP-")))
}

/// Returns a CVE id if it is one: `CVE-2024-12797`.
pub(crate) fn cve_id(text: &str) -> Option<&str> {
    let (year, number) = id(text)?.strip_prefix("CVE-")?.split_once('-')?;
    let digits = |part: &str, least: usize| part.len() >= least && part.bytes().all(|byte| byte.is_ascii_digit());
    (digits(year, 4) && year.len() == 4 && digits(number, 4)).then_some(text)
}

/// Returns the number of a kind of weakness if it is one: `CWE-79`.
pub(crate) fn cwe_id(text: &str) -> Option<String> {
    let digits = word(text, ID_BYTES_MAX)?.strip_prefix("CWE-")?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned())
}

/// Says whether an entry is a record of the feed rather than another file of its archive, such as
/// a licence. What lies in no folder is a record unless its name says otherwise.
pub(crate) fn is_member(name: &str, prefix: &str, ending: &str) -> bool {
    match name.rsplit_once('/') {
        Some((_, file)) => file.starts_with(prefix) && file.ends_with(ending),
        None => !["LICENSE", "README", "SECURITY", "CONTRIBUTING", "."].iter().any(|other| name.starts_with(other)),
    }
}

/// Returns a text without control characters and outer white space, cut at `bytes_max`.
///
/// Line feeds and tabs stay. Escape sequences would otherwise reach a terminal, and direction
/// marks could turn a sentence round.
pub(crate) fn text(text: &str, bytes_max: usize) -> String {
    let mut cut = text.trim();
    if cut.len() > bytes_max {
        let end = cut.floor_char_boundary(bytes_max);
        cut = cut.get(..end).unwrap_or_default().trim_end();
    }
    if cut.chars().any(is_unwanted) {
        cut.chars().filter(|&c| c != '\r').map(|c| if is_unwanted(c) { ' ' } else { c }).collect()
    } else {
        cut.to_owned()
    }
}

fn is_unwanted(c: char) -> bool {
    let direction = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    direction || (c.is_control() && c != '\n' && c != '\t')
}

/// Returns a reference if its address is http or https and fit to be shown and linked.
pub(crate) fn reference(kind: ReferenceKind, url: &str) -> Option<Reference> {
    let url = word(url.trim(), URL_BYTES_MAX)?;
    let web = url.starts_with("https://") || url.starts_with("http://");
    let plain = !url.contains(['"', '<', '>', '\\', '`']);
    (web && plain).then(|| Reference { kind, url: url.to_owned() })
}

/// Reads an RFC 3339 date and time; `None` when it is none.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    word(text, ID_BYTES_MAX)?.parse().ok()
}

/// Reads a moment as feeds without a strict format write it: `2018-01-11 21:05:00`,
/// `2021-10-26 02:25 UTC`, `2024-05-01`, RFC 3339, or seconds since 1970; all UTC.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > ID_BYTES_MAX {
        return None;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    }
    let text = text.trim_end_matches("UTC").trim_end();
    text.parse().ok().or_else(|| {
        let moment: DateTime = text.parse().ok()?;
        moment.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

/// Reads a moment of a record; the first years of the era, which the Go database writes, stand for
/// none. Nothing was published before there were lists.
pub(crate) fn moment_of_record(text: &str) -> Option<Timestamp> {
    moment(text).filter(|moment| *moment >= Timestamp::UNIX_EPOCH)
}

/// Returns the start of a day, for dates that upstream gives without a time.
pub(crate) fn start_of(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Finds the ISO date in a document's file name, `tracker-2025-02-12.json`.
///
/// Mirrors name what they keep after the day of its data. For documents that carry no date of
/// their own that name is the only witness of their age.
pub(crate) fn date_in_name(name: &str) -> Option<Timestamp> {
    const ISO_DATE_BYTES: usize = "2025-02-12".len();
    let last = name.rsplit('/').next().unwrap_or(name);
    let starts = 0..=last.len().checked_sub(ISO_DATE_BYTES)?;
    let day = starts.rev().find_map(|start| {
        let candidate = last.get(start..start + ISO_DATE_BYTES)?;
        let shape = candidate.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        if shape { candidate.parse::<Date>().ok() } else { None }
    })?;
    start_of(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_visible_ascii_of_bounded_length() {
        assert_eq!(package("libstdc++"), Some("libstdc++"));
        assert_eq!(package(""), None);
        assert_eq!(package("two words"), None);
        assert_eq!(package("naïve"), None);
        assert_eq!(version(&"1".repeat(VERSION_BYTES_MAX)).map(str::len), Some(VERSION_BYTES_MAX));
        assert_eq!(version(&"1".repeat(VERSION_BYTES_MAX + 1)), None);
        assert_eq!(package(&"a".repeat(PACKAGE_BYTES_MAX + 1)), None);
        assert_eq!(id(&"A".repeat(ID_BYTES_MAX + 1)), None);
    }

    #[test]
    fn ids_have_their_shape() {
        assert_eq!(cve_id("CVE-2099-0001"), Some("CVE-2099-0001"));
        for wrong in ["CVE-99-0001", "CVE-2099-1", "CVE-2099-", "cve-2099-0001", "CVE-2099-00x1"] {
            assert_eq!(cve_id(wrong), None, "{wrong}");
        }
        assert_eq!(flaw_id("TEMP-0841856-B18BAF"), Some("TEMP-0841856-B18BAF"));
        assert_eq!(flaw_id("TEMP-"), None);
        assert_eq!(flaw_id("CVE-2023-XXXX"), None);
        assert_eq!(flaw_id("DSA-1-1"), None);
    }

    #[test]
    fn texts_lose_control_characters_and_are_cut() {
        assert_eq!(text(" a\x1b[31mb\r\n\tc\u{202e}d ", 100), "a [31mb\n\tc d");
        assert_eq!(text("ééé", 3), "é");
        assert_eq!(text(&"x".repeat(NOTE_BYTES_MAX + 1), NOTE_BYTES_MAX).len(), NOTE_BYTES_MAX);
    }

    #[test]
    fn references_are_web_addresses() {
        let keep = |url: &str| reference(ReferenceKind::Web, url).is_some();
        assert!(keep("https://example.org/a?b=c#d") && keep("http://example.org/"));
        assert!(!keep("javascript:alert(1)") && !keep("ftp://example.org/") && !keep("https://a/\"onclick="));
        assert!(!keep(&format!("https://{}", "a".repeat(URL_BYTES_MAX))));
    }

    #[test]
    fn moments_come_in_many_forms() {
        let moment = |text: &str| moment(text).map(|moment| moment.to_string());
        for (text, expected) in [
            ("2018-01-11 21:05:00", Some("2018-01-11T21:05:00Z")),
            ("2021-10-26 02:25", Some("2021-10-26T02:25:00Z")),
            (" 2024-05-01 ", Some("2024-05-01T00:00:00Z")),
            ("2024-05-01T01:02:03Z", Some("2024-05-01T01:02:03Z")),
            ("2024-05-01 01:02:03 UTC", Some("2024-05-01T01:02:03Z")),
            ("86400", Some("1970-01-02T00:00:00Z")),
            ("99999999999999999999", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(moment(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn moments_of_records_are_of_our_time() {
        let moment = |text: &str| moment_of_record(text).map(|date| date.to_string());
        assert_eq!(moment("2099-01-01T00:00:00.25").as_deref(), Some("2099-01-01T00:00:00.25Z"));
        assert_eq!(moment("2099-01-01T00:00:00+01:00").as_deref(), Some("2098-12-31T23:00:00Z"));
        assert_eq!(moment("2099-01-01T04:00Z").as_deref(), Some("2099-01-01T04:00:00Z"));
        for none in ["0001-01-01T00:00:00Z", "yesterday", "", "2099-13-01T00:00:00"] {
            assert_eq!(moment(none), None, "{none}");
        }
    }

    #[test]
    fn members_and_weaknesses_have_their_shape() {
        assert!(is_member("a/b/CVE-2099-0001.json", "CVE-", ".json") && is_member("t", "CVE-", ".json"));
        assert!(!is_member("a/README.md", "CVE-", ".json") && !is_member("CVE-1/delta.json", "CVE-", ".json"));
        assert!(!is_member("LICENSE.txt", "CVE-", ".json") && !is_member(".github", "CVE-", ".json"));
        assert_eq!(cwe_id("CWE-79").as_deref(), Some("CWE-79"));
        assert!(cwe_id("CWE-").is_none() && cwe_id("NVD-CWE-Other").is_none() && cwe_id("CWE-79 x").is_none());
    }

    #[test]
    fn file_names_tell_the_day() {
        let day = |name: &str| date_in_name(name).map(|date| date.to_string());
        assert_eq!(day("derived/tracker-2025-02-12.json.zst").as_deref(), Some("2025-02-12T00:00:00Z"));
        assert_eq!(day("tracker-2025-02-12"), day("2025-02-12"));
        assert_eq!(day("tracker-2025-13-12.json"), None);
        assert_eq!(day("tracker.json"), None);
        assert_eq!(day("日2025-02-12本").as_deref(), Some("2025-02-12T00:00:00Z"));
    }
}
