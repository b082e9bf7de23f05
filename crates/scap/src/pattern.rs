//! Perl-compatible patterns, bounded in time and in memory.
//!
//! OVAL's patterns are Perl 5's. [`Pattern`] compiles one once and matches it with limits on the
//! steps and on the depth of backtracking, so that a pattern that explodes ends in
//! [`PatternError::Limit`] and not in a hang. Classes such as `\w` are ASCII, as in the reference.

use std::sync::{Arc, OnceLock};

use pcre2::bytes::{CaptureLocations, Regex, RegexBuilder};

/// The most bytes of a pattern; one built from a variable can hold thousands of alternatives.
pub const PATTERN_BYTES_MAX: usize = 1 << 20;

/// The deepest that backtracking may nest, as in the reference.
const DEPTH_MAX: u32 = 3_500;

/// The most steps that one search may take, about a second on a small host.
const STEPS_MAX: u32 = 10_000_000;

/// The most memory that one search may take, in kibibytes.
const HEAP_KIB_MAX: u32 = 65_536;

/// The most groups that one match reports, the whole match included: the reference keeps no more.
const GROUPS_MAX: usize = 20;

/// Why a pattern cannot be used, or why a search with it gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is not a pattern.
    #[error("`{pattern}` is not a pattern: {reason}")]
    Syntax {
        /// The first characters of the pattern.
        pattern: String,
        /// What the pattern library says.
        reason: String,
    },
    /// It is longer than we compile.
    #[error("a pattern of {bytes} bytes is longer than {PATTERN_BYTES_MAX} bytes")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// The search went past a limit, or the text is no UTF-8.
    #[error("searching `{pattern}` gave up: {reason}")]
    Limit {
        /// The first characters of the pattern.
        pattern: String,
        /// What the pattern library says.
        reason: String,
    },
}

/// How a pattern is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PatternOptions {
    /// `^` and `$` match at every line.
    pub multiline: bool,
    /// `.` matches a newline.
    pub singleline: bool,
    /// Letters match in either case.
    pub ignore_case: bool,
}

impl PatternOptions {
    /// What states, variables and most object entities use: the pattern's own defaults.
    pub const PLAIN: Self = Self { multiline: false, singleline: false, ignore_case: false };
    /// What `textfilecontent54` uses unless its behaviours say otherwise.
    pub const TEXT: Self = Self { multiline: true, ..Self::PLAIN };
}

/// A compiled pattern; cheap to clone and to share.
#[derive(Debug, Clone)]
pub struct Pattern(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Arc<str>,
    options: PatternOptions,
    /// For texts of ASCII alone, which need no check of their encoding; absent where only UTF mode reads the pattern.
    ascii: Option<Regex>,
    /// For every other text; compiled when the first one comes.
    unicode: OnceLock<Result<Regex, PatternError>>,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// When it is too long or no pattern.
    pub fn new(source: &str, options: PatternOptions) -> Result<Self, PatternError> {
        if source.len() > PATTERN_BYTES_MAX {
            return Err(PatternError::TooLong { bytes: source.len() });
        }
        let ascii = if source.is_ascii() { compile(source, options, false).ok() } else { None };
        let unicode = OnceLock::new();
        if ascii.is_none() {
            let compiled = compile(source, options, true);
            if let Err(error) = &compiled {
                return Err(error.clone());
            }
            // Nobody else knows the cell yet.
            let _ = unicode.set(compiled);
        }
        Ok(Self(Arc::new(Inner { source: source.into(), options, ascii, unicode })))
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn source(&self) -> &Arc<str> {
        &self.0.source
    }

    /// How it is read.
    #[must_use]
    pub fn options(&self) -> PatternOptions {
        self.0.options
    }

    /// Whether the pattern matches anywhere in a text.
    ///
    /// # Errors
    /// When the search goes past a limit or the text is no UTF-8.
    pub fn is_match(&self, text: &[u8]) -> Result<bool, PatternError> {
        self.engine(text)?.is_match(text).map_err(|error| self.gave_up(&error))
    }

    /// The groups of the first match, the whole match first; a group that took no part is `None`.
    ///
    /// # Errors
    /// When the search goes past a limit or the text is no UTF-8.
    pub fn first<'t>(&self, text: &'t [u8]) -> Result<Option<Vec<Option<&'t [u8]>>>, PatternError> {
        self.search(text)?.next().transpose()
    }

    /// All matches in their order, each as its groups with the whole match first.
    ///
    /// After a match the search goes on at its end; where that is no step, a byte further.
    ///
    /// # Errors
    /// When the pattern cannot be compiled for a text outside ASCII; later errors come from the iterator.
    pub fn search<'p, 't>(&'p self, text: &'t [u8]) -> Result<Search<'p, 't>, PatternError> {
        let engine = self.engine(text)?;
        Ok(Search { pattern: self, engine, places: engine.capture_locations(), text, at: Some(0) })
    }

    /// The literal text with which every match begins: `/etc/pam.d/` of `^/etc/pam\.d/.*$`.
    ///
    /// Empty where there is none, or where we cannot be sure of it. It lets a walk start below `/`.
    #[must_use]
    pub fn anchored_prefix(&self) -> String {
        if self.0.options.ignore_case || self.0.options.multiline {
            String::new()
        } else {
            anchored_prefix(&self.0.source)
        }
    }

    fn engine(&self, text: &[u8]) -> Result<&Regex, PatternError> {
        if let Some(regex) = &self.0.ascii
            && text.is_ascii()
        {
            return Ok(regex);
        }
        let compiled = self.0.unicode.get_or_init(|| compile(&self.0.source, self.0.options, true));
        compiled.as_ref().map_err(Clone::clone)
    }

    fn gave_up(&self, error: &pcre2::Error) -> PatternError {
        PatternError::Limit { pattern: shortened(&self.0.source), reason: error.to_string() }
    }
}

/// The matches of one pattern in one text, see [`Pattern::search`].
#[derive(Debug)]
pub struct Search<'p, 't> {
    pattern: &'p Pattern,
    engine: &'p Regex,
    places: CaptureLocations,
    text: &'t [u8],
    /// Where the next search begins; `None` after the last one.
    at: Option<usize>,
}

impl<'t> Iterator for Search<'_, 't> {
    type Item = Result<Vec<Option<&'t [u8]>>, PatternError>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at.take()?;
        let whole = match self.engine.captures_read_at(&mut self.places, self.text, at) {
            Ok(found) => found?,
            Err(error) => return Some(Err(self.pattern.gave_up(&error))),
        };
        // The reference steps on where a search did not: an empty match further on is found twice. It
        // steps a byte, and a step into a character is an error of the search.
        let next = if whole.end() > at { whole.end() } else { whole.end() + 1 };
        self.at = (next <= self.text.len()).then_some(next);
        let count = self.places.len().min(GROUPS_MAX);
        let groups = (0..count).map(|group| {
            let (start, end) = self.places.get(group)?;
            self.text.get(start..end)
        });
        Some(Ok(groups.collect()))
    }
}

fn compile(source: &str, options: PatternOptions, unicode: bool) -> Result<Regex, PatternError> {
    // Limits inside a pattern can only lower the library's own.
    let bounded = format!("(*LIMIT_DEPTH={DEPTH_MAX})(*LIMIT_MATCH={STEPS_MAX})(*LIMIT_HEAP={HEAP_KIB_MAX}){source}");
    RegexBuilder::new()
        .multi_line(options.multiline)
        .dotall(options.singleline)
        .caseless(options.ignore_case)
        .utf(unicode)
        .jit(false)
        .build(&bounded)
        .map_err(|error| PatternError::Syntax { pattern: shortened(source), reason: error.to_string() })
}

/// The first characters of a pattern, for messages.
fn shortened(source: &str) -> String {
    const SHOWN: usize = 80;
    let mut short: String = source.chars().take(SHOWN).collect();
    if short.len() < source.len() {
        short.push('…');
    }
    short
}

fn anchored_prefix(source: &str) -> String {
    let Some(rest) = source.strip_prefix('^') else { return String::new() };
    // An alternative outside a group could begin otherwise; telling the two apart is not worth a parser.
    if rest.contains('|') && !bars_are_grouped(rest) {
        return String::new();
    }
    let mut prefix = String::new();
    let mut characters = rest.chars().peekable();
    while let Some(character) = characters.next() {
        let literal = match character {
            '\\' => match characters.next() {
                Some(escaped) if !escaped.is_ascii_alphanumeric() => escaped,
                _ => break,
            },
            '.' | '[' | '(' | '$' | '^' | '|' | '?' | '*' | '+' | '{' => break,
            other => other,
        };
        if matches!(characters.peek(), Some('?' | '*' | '+' | '{')) {
            break;
        }
        prefix.push(literal);
    }
    prefix
}

/// Whether every `|` stands inside parentheses or a class, as far as a scan can tell.
fn bars_are_grouped(source: &str) -> bool {
    let mut depth = 0_usize;
    let mut characters = source.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                // Inside a quotation nothing means what it seems to.
                Some('Q') | None => return false,
                Some(_) => {}
            },
            // Reading classes right is the library's business: a bar after one may be inside or outside of it.
            '[' if characters.as_str().contains('|') => return false,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => return false,
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(source: &str) -> Pattern {
        Pattern::new(source, PatternOptions::TEXT).unwrap()
    }

    fn texts(source: &str, text: &str) -> Vec<String> {
        let pattern = pattern(source);
        let matches = pattern.search(text.as_bytes()).unwrap();
        matches.map(|groups| String::from_utf8(groups.unwrap()[0].unwrap().to_vec()).unwrap()).collect()
    }

    #[test]
    fn a_search_goes_on_where_it_ended() {
        assert_eq!(texts("a*", "aab"), ["aa", "", ""]);
        assert_eq!(texts("x?", "e"), ["", ""]);
        let inside = pattern("x?");
        let results: Vec<bool> = inside.search("é".as_bytes()).unwrap().map(|groups| groups.is_ok()).collect();
        assert_eq!(results, [true, false]);
        assert_eq!(texts("^$", "a\n\n"), ["", ""]);
        assert_eq!(texts("$", "one\ntwo\n").len(), 5);
        assert_eq!(texts("^$", "\n"), [""]);
    }

    #[test]
    fn a_line_does_not_begin_after_the_last_newline() {
        assert_eq!(texts("^.*$", "one\n\ntwo\n"), ["one", "", "", "two"]);
    }

    #[test]
    fn classes_are_ascii_and_dots_are_characters() {
        assert_eq!(texts(r"\w+", "aé"), ["a"]);
        assert_eq!(texts("^.$", "é"), ["é"]);
    }

    #[test]
    fn a_pattern_that_explodes_gives_up() {
        let text = "a".repeat(40);
        let error = pattern(r"^(a+)+\1$").is_match(format!("{text}b").as_bytes());
        assert!(matches!(error, Err(PatternError::Limit { .. })), "{error:?}");
        assert!(matches!(Pattern::new("(", PatternOptions::PLAIN), Err(PatternError::Syntax { .. })));
        let long = "a".repeat(PATTERN_BYTES_MAX + 1);
        assert!(matches!(Pattern::new(&long, PatternOptions::PLAIN), Err(PatternError::TooLong { .. })));
    }

    #[test]
    fn text_that_is_no_utf_8_is_an_error() {
        assert!(pattern("a").is_match(b"a\xff").is_err());
    }

    #[test]
    fn prefixes_are_what_every_match_begins_with() {
        let prefix = |source: &str| Pattern::new(source, PatternOptions::PLAIN).unwrap().anchored_prefix();
        assert_eq!(prefix(r"^/etc/pam\.d/.*$"), "/etc/pam.d/");
        assert_eq!(prefix(r"^/etc/a?b"), "/etc/");
        assert_eq!(prefix(r"^/etc/(a|b)c"), "/etc/");
        assert_eq!(prefix(r"^/etc|/usr"), "");
        assert_eq!(prefix(r"/etc/x"), "");
        assert_eq!(prefix(r"^/etc/[a|b]|/usr"), "");
        assert_eq!(prefix(r"^/etc/(a[b]c)|/usr"), "");
        assert_eq!(prefix(r"^/lib\d"), "/lib");
    }
}
