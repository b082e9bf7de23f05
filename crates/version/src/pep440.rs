//! Versions of Python distributions: PEP 440 and its successor, "Version specifiers".
//!
//! All of it: epochs, the many spellings of pre-, post- and development releases, local versions.
//! The reading is that of `packaging.version`, the order its `_cmpkey`. A text that is no such
//! version stands below all that are, as `packaging` had it while it knew legacy versions.

use std::cmp::Ordering;

use crate::scan::{Number, compare_parsed, digits, is_number, is_zero, run, strip_word};

/// A version in the order of its fields.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version<'a> {
    epoch: Number<'a>,
    release: Vec<Number<'a>>,
    stage: Stage<'a>,
    /// None is below every post-release.
    post: Option<Number<'a>>,
    /// A version is above its own development releases.
    dev: Bound<Number<'a>>,
    /// None is below every local version.
    local: Option<Vec<Local>>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage<'a> {
    /// A development release of the final release: below every pre-release.
    Development,
    Alpha(Number<'a>),
    Beta(Number<'a>),
    Candidate(Number<'a>),
    Final,
}

/// A value, or what is above every value.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bound<T> {
    Value(T),
    Above,
}

/// A segment of a local version: words, in lower case, are below numbers.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Local {
    Word(String),
    Digits(usize, String),
}

const SEPARATORS: [char; 3] = ['.', '-', '_'];

/// Cuts off a separator, if there is one, and one of the words, and a separator and a number.
/// The longer of two words with the same beginning must stand first.
fn marked<'a>(text: &'a str, words: &[&str]) -> Option<(usize, Number<'a>, &'a str)> {
    let tail = text.strip_prefix(SEPARATORS).unwrap_or(text);
    let (place, tail) = words.iter().enumerate().find_map(|(place, word)| Some((place, strip_word(tail, word)?)))?;
    let tail = tail.strip_prefix(SEPARATORS).unwrap_or(tail);
    let (number, tail) = digits(tail);
    Some((place, Number(number), tail))
}

impl<'a> Version<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let text = strip_word(text, "v").unwrap_or(text);
        let (first, tail) = digits(text);
        let (epoch, text) = match tail.strip_prefix('!') {
            Some(tail) if !first.is_empty() => (first, tail),
            _ => ("", text),
        };
        let (first, mut text) = digits(text);
        if first.is_empty() {
            return None;
        }
        let mut release = vec![Number(first)];
        while let Some((number, tail)) = text.strip_prefix('.').map(digits).filter(|(number, _)| !number.is_empty()) {
            release.push(Number(number));
            text = tail;
        }
        while release.len() > 1 && release.last().is_some_and(|n| is_zero(n.0)) {
            release.pop();
        }
        let mut pre = None;
        if let Some((word, number, tail)) = marked(text, &["alpha", "a", "beta", "b", "preview", "pre", "c", "rc"]) {
            (pre, text) = (Some((word, number)), tail);
        }
        let mut post = None;
        // `1.0-1` is a post-release without its word.
        let implicit = text.strip_prefix('-').map(digits).filter(|(number, _)| !number.is_empty());
        if let Some((number, tail)) = implicit {
            (post, text) = (Some(Number(number)), tail);
        } else if let Some((_, number, tail)) = marked(text, &["post", "rev", "r"]) {
            (post, text) = (Some(number), tail);
        }
        let mut dev = Bound::Above;
        if let Some((_, number, tail)) = marked(text, &["dev"]) {
            (dev, text) = (Bound::Value(number), tail);
        }
        let local = match text.strip_prefix('+') {
            Some(local) => Some(local.split(SEPARATORS).map(segment).collect::<Option<Vec<_>>>()?),
            None if text.is_empty() => None,
            None => return None,
        };
        let stage = match pre {
            Some((0 | 1, number)) => Stage::Alpha(number),
            Some((2 | 3, number)) => Stage::Beta(number),
            Some((_, number)) => Stage::Candidate(number),
            None if post.is_none() && dev != Bound::Above => Stage::Development,
            None => Stage::Final,
        };
        Some(Self { epoch: Number(epoch), release, stage, post, dev, local })
    }
}

/// Reads one segment of a local version.
fn segment(text: &str) -> Option<Local> {
    if is_number(text) {
        let digits = text.trim_start_matches('0');
        return Some(Local::Digits(digits.len(), digits.to_owned()));
    }
    let (word, tail) = run(text, |b| b.is_ascii_alphanumeric());
    (!word.is_empty() && tail.is_empty()).then(|| Local::Word(word.to_ascii_lowercase()))
}

/// Orders any two strings as `packaging` orders versions.
pub fn compare(a: &str, b: &str) -> Ordering {
    compare_parsed(a, b, Version::parse)
}

/// Tells whether a string is a version by PEP 440, in any of its spellings.
pub fn is_valid(text: &str) -> bool {
    Version::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws;

    #[test]
    fn orders_like_packaging() {
        laws::check_ladder(
            compare,
            &[
                &[""],
                &["1.0-foo"],
                &["2004d"], // Not versions.
                &["1.0.dev456", "1.0-DEV456", "v1.0_dev.456", "1dev456", " 1.dev456\n"],
                &["1.0a1.dev1"],
                &["1.0a1", "1.0.alpha-1", "1.0_ALPHA_01"],
                &["1.0a2.dev456"],
                &["1.0a12.dev456"],
                &["1.0a12"],
                &["1.0b1.dev456"],
                &["1.0b2"],
                &["1.0b2.post345.dev456"],
                &["1.0b2.post345", "1.0b2-345"],
                &["1.0rc0", "1.0rc", "1.0c", "1.0-pre", "1.0.preview.0"],
                &["1.0rc1.dev456"],
                &["1.0rc1", "1.0c1", "1.0pre1", "1.0preview1"],
                &["1", "1.0", "1.0.0.0", "0!1", "v1", "V01.00"],
                &["1.0+abc.5", "1.0+ABC-5", "1.0+abc_05"],
                &["1.0+abc.7"],
                &["1.0+abc.7.x"],
                &["1.0+5"],
                &["1.0+5.1"],
                &["1.0+10"],
                &["1.0.post0.dev1"],
                &["1.0.post0", "1.0post", "1.0-0", "1.0.r", "1.0rev"],
                &["1.0.post456.dev34"],
                &["1.0.post456", "1.0-456", "1.0-r456"],
                &["1.0.15"],
                &["1.1.dev1"],
                &["1.1"],
                &["1.9"],
                &["1.10"],
                &["2013.10"],
                &["99999999999999999999999"],
                &["1!0.1"],
                &["1!1.0"],
            ],
        );
    }

    #[test]
    fn says_what_is_a_version() {
        for fine in ["1", "1.0a-", "1.0a.dev", "1!1.0rc1.post2.dev3+ubuntu.1", "1.0-1.dev1", "\t1.0 "] {
            assert!(is_valid(fine), "{fine}");
        }
        for bad in [
            "",
            "a",
            "french toast",
            "1.0+a+",
            "1.0++",
            "1.0+_foobar",
            "1.0+foo&asd",
            "1.0+1+1",
            "1.",
            "!1",
            "1.0x",
            "1 .0",
            "1.0a1b2",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    laws::total_order!(
        compare,
        "v?(1!)?[01](\\.[01]){0,2}([.-]?(a|b|rc|post|dev)[.-]?[01]?){0,3}(-[01])?(\\+[a1.]{0,3})?"
    );
}
