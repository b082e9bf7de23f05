//! Versions of Go modules and of Go itself.
//!
//! Modules follow `golang.org/x/mod/semver`: semver with a `v` in front (advisories leave it out),
//! `v1` and `v1.2` short for `v1.0.0` and `v1.2.0`. Pseudo-versions
//! (`v0.0.0-20240102150405-abcdef123456`) are pre-releases and need no rule; `+incompatible` is
//! build metadata and has no say.
//!
//! Go's own versions follow `go/version`: `go1.21rc2`, `go1.21.3`, with or without `go`, with what
//! toolchains append (`go1.21.3 X:boringcrypto`, `go1.21.3-custom`). `1.21rc2` equals the
//! `1.21.0-rc.2` of the vulnerability database and `1.21.0rc2`. From Go 1.21 on, `go1.21` is the language version,
//! below all of its releases; `go1.20` is the release `1.20.0`.

use std::cmp::Ordering;

use crate::scan::{Number, compare_parsed, digits, run};
use crate::semver::{Fields, Stage, Version, are_fields, are_strict_fields, is_strict_number, numbers, without_build};

/// The first version of Go for which the number without a patch is not a release.
const FIRST_LANGUAGE_VERSION: Number<'_> = Number("21");

/// A pre-release: its first field, and the others. `rc2` of Go is `rc` and `2`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pre<'a> {
    first: Fields<'a>,
    others: Option<Fields<'a>>,
}

impl<'a> Pre<'a> {
    fn of_module(fields: &'a str) -> Self {
        let (first, others) = fields.split_once('.').map_or((fields, None), |(first, others)| (first, Some(others)));
        Self { first: Fields(first), others: others.map(Fields) }
    }

    fn of_go(word: &'a str, number: &'a str) -> Self {
        Self { first: Fields(word), others: (!number.is_empty()).then_some(Fields(number)) }
    }
}

fn parse(text: &str) -> Option<Version<'_, Pre<'_>>> {
    let text = text.trim();
    if let Some(own) = text.strip_prefix("go") {
        let (version, _) = run(own, |b| !matches!(b, b' ' | b'\t' | b'-' | b'+'));
        return parse_go(version, true);
    }
    let (version, build) = without_build(text.strip_prefix('v').unwrap_or(text));
    let (numbers, count, tail) = numbers(version)?;
    let stage = match tail.strip_prefix('-') {
        None if tail.is_empty() => Stage::Release,
        Some(pre) if are_fields(pre) => Stage::Pre(Pre::of_module(pre)),
        None if count > 1 => return parse_go(version, false),
        _ => return None,
    };
    build.is_none_or(are_fields).then_some(Version { numbers, stage })
}

/// Reads a version of Go without its prefix; whether there was one decides what `1.21` is.
fn parse_go(text: &str, is_prefixed: bool) -> Option<Version<'_, Pre<'_>>> {
    let (numbers, count, tail) = numbers(text)?;
    let [_, minor, _] = numbers;
    let (word, number) = run(tail, |b| b.is_ascii_lowercase());
    let (number, end) = digits(number);
    let stage = match (word, count) {
        ("", 2) if is_prefixed && number.is_empty() && minor >= FIRST_LANGUAGE_VERSION => Stage::Language,
        ("", _) if number.is_empty() => Stage::Release,
        (_, 2 | 3) if !word.is_empty() => Stage::Pre(Pre::of_go(word, number)),
        _ => return None,
    };
    end.is_empty().then_some(Version { numbers, stage })
}

/// Orders any two strings as Go orders versions of modules, and of itself.
pub fn compare(a: &str, b: &str) -> Ordering {
    compare_parsed(a, b, parse)
}

/// Tells whether a string is a version of a module or of Go.
pub fn is_valid(text: &str) -> bool {
    let numbers_are_strict = |version: &str| {
        let (numbers, _) = run(version, |b| b.is_ascii_digit() || b == b'.');
        numbers.split('.').all(is_strict_number)
    };
    let bare = text.trim_start_matches("go").trim_start_matches('v');
    let is_whole = text.starts_with("go") || {
        let (version, _) = without_build(bare);
        version.split_once('-').is_none_or(|(numbers, pre)| numbers.split('.').count() == 3 && are_strict_fields(pre))
    };
    parse(text).is_some() && numbers_are_strict(bare) && is_whole
}

/// Tells whether a string can be read well enough to have a place of its own in the order.
pub(crate) fn has_place(text: &str) -> bool {
    parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws;

    #[test]
    fn orders_like_go() {
        laws::check_ladder(
            compare,
            &[
                &["(devel)"],
                &["unknown"],
                &["v0.0.0-20190101000000-aaaaaaaaaaaa"],
                &["v0.0.0-20240102150405-0123456789ab"],
                &["v0.0.0", "0.0.0"],
                &["v1.0.0-alpha"],
                &["v1.0.0-rc.1"],
                &["v1.0.0", "v1", "v1.0", "1.0.0", "v1.0.0+meta"],
                &["v1.0.1-0.20190101000000-aaaaaaaaaaaa"],
                &["v1.0.1"],
                &["v1.2.3-pre"],
                &["v1.2.3-pre.0.20190101000000-aaaaaaaaaaaa"],
                &["v1.2.3"],
                &["go1.20rc1", "1.20rc1", "1.20.0-rc.1"],
                &["go1.20", "go1.20.0", "1.20"],
                &["go1.20.14", "1.20.14", "go1.20.14 X:boringcrypto"],
                &["go1.21"],
                &["go1.21beta1"],
                &["go1.21rc2", "1.21rc2", "1.21.0-rc.2"],
                &["go1.21rc10"],
                &["go1.21.0", "1.21.0", "1.21", "go1.21.0-custom"],
                &["go1.21.3", "1.21.3"],
                &["go1.21.10"],
                &["v2.0.0", "v2.0.0+incompatible"],
                &["v2.0.1-0.20190101000000-aaaaaaaaaaaa+incompatible"],
                &["v10.0.0"],
            ],
        );
    }

    #[test]
    fn says_what_is_a_version() {
        for fine in [
            "v1.2.3",
            "1.2.3",
            "v1",
            "v0.0.0-20240102150405-0123456789ab",
            "v2.0.0+incompatible",
            "go1.21.3",
            "go1.21rc2",
            "go1.21",
        ] {
            assert!(is_valid(fine), "{fine}");
        }
        for bad in
            ["", "v", "go", "(devel)", "v1.2.3.4", "v1.2.3-", "v01.2.3", "go1.21.3rc1x", "go1.21rc2x", "devel go1.22"]
        {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    laws::total_order!(compare, "(v|go)?[01]\\.(20|21)(\\.[01])?(-?(rc|a)?\\.?[01]?){0,2}(\\+[a.]{0,2})?");
}
