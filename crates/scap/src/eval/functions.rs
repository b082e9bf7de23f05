//! The functions of local variables, bounded in values and in bytes.

use std::collections::HashSet;

use super::{globs, times};
use crate::item::{Flag, Value};
use crate::oval::Function;
use crate::pattern::{Pattern, PatternOptions};

/// The most values that a function may give; products of lists grow fast.
const VALUES_MAX: usize = 1 << 20;

/// The most bytes of the texts that a function may give.
const VALUES_BYTES_MAX: usize = 64 << 20;

/// What a component of a variable comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Argument {
    pub(super) flag: Flag,
    pub(super) values: Vec<Value>,
    pub(super) message: Option<Box<str>>,
}

impl Argument {
    pub(super) fn complete(values: Vec<Value>) -> Self {
        Self { flag: Flag::Complete, values, message: None }
    }

    pub(super) fn error(message: impl Into<Box<str>>) -> Self {
        Self { flag: Flag::Error, values: Vec::new(), message: Some(message.into()) }
    }
}

/// Applies a function to its arguments; `now` is in seconds since the epoch.
pub(super) fn apply(function: &Function, arguments: &[Argument], now: i64) -> Argument {
    let flag = arguments.iter().map(|argument| argument.flag).max_by_key(|flag| badness(*flag)).unwrap_or(Flag::Error);
    let message = arguments.iter().find_map(|argument| argument.message.clone());
    // Counting is the one function that says something of nothing.
    if *function == Function::Count {
        let count = arguments.iter().map(|argument| argument.values.len()).sum::<usize>();
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        return Argument { flag, values: vec![Value::Int(count)], message };
    }
    if !matches!(flag, Flag::Complete | Flag::Incomplete) {
        return Argument { flag, values: Vec::new(), message };
    }
    let values = match function {
        Function::Concat => concat(arguments),
        Function::Arithmetic { multiply } => arithmetic(*multiply, arguments),
        Function::TimeDifference(first, second) => times::differences(*first, *second, arguments, now),
        Function::Unique => Ok(unique(arguments)),
        Function::Count => Ok(Vec::new()),
        Function::Split(delimiter) => flat_map(arguments, |text| Ok(split(text, delimiter))),
        Function::Substring { start, length } => {
            flat_map(arguments, |text| Ok(vec![substring(text, *start, *length)?]))
        }
        Function::Begin(with) => flat_map(arguments, |text| {
            Ok(vec![if text.starts_with(with.as_str()) { text.to_owned() } else { format!("{with}{text}") }])
        }),
        Function::End(with) => flat_map(arguments, |text| {
            Ok(vec![if text.ends_with(with.as_str()) { text.to_owned() } else { format!("{text}{with}") }])
        }),
        Function::EscapeRegex => flat_map(arguments, |text| Ok(vec![escape_regex(text)])),
        Function::GlobToRegex { noescape } => flat_map(arguments, |text| Ok(vec![globs::to_regex(text, *noescape)?])),
        Function::RegexCapture(pattern) => match Pattern::new(pattern, PatternOptions::PLAIN) {
            Ok(pattern) => flat_map(arguments, |text| Ok(vec![capture(&pattern, text)])),
            Err(error) => Err(error.to_string()),
        },
    };
    match values {
        Ok(values) => Argument { flag, values, message },
        Err(message) => Argument::error(message),
    }
}

/// Of two flags the worse one is kept.
fn badness(flag: Flag) -> u8 {
    match flag {
        Flag::Complete => 0,
        Flag::Incomplete => 1,
        Flag::DoesNotExist => 2,
        Flag::NotCollected => 3,
        Flag::NotApplicable => 4,
        Flag::Error => 5,
    }
}

/// Texts gathered within the bounds.
#[derive(Debug, Default)]
struct Gathered {
    values: Vec<Value>,
    bytes: usize,
}

impl Gathered {
    fn push(&mut self, text: String) -> Result<(), String> {
        self.bytes += text.len();
        if self.values.len() >= VALUES_MAX {
            return Err(format!("more than {VALUES_MAX} values"));
        }
        if self.bytes > VALUES_BYTES_MAX {
            return Err(format!("more than {VALUES_BYTES_MAX} bytes of values"));
        }
        self.values.push(text.into());
        Ok(())
    }
}

fn flat_map(arguments: &[Argument], each: impl Fn(&str) -> Result<Vec<String>, String>) -> Result<Vec<Value>, String> {
    let mut gathered = Gathered::default();
    for value in arguments.iter().flat_map(|argument| &argument.values) {
        for text in each(&value.text())? {
            gathered.push(text)?;
        }
    }
    Ok(gathered.values)
}

/// Every combination of one value of each list; the first list varies fastest. Empty lists are skipped.
///
/// `each` gets the combination; it is called at most [`VALUES_MAX`] times.
pub(super) fn product(
    arguments: &[Argument],
    mut each: impl FnMut(&[&Value]) -> Result<(), String>,
) -> Result<(), String> {
    let lists: Vec<&[Value]> =
        arguments.iter().map(|argument| argument.values.as_slice()).filter(|values| !values.is_empty()).collect();
    if lists.is_empty() {
        return Ok(());
    }
    let size = lists.iter().try_fold(1_usize, |size, list| size.checked_mul(list.len()));
    if size.is_none_or(|size| size > VALUES_MAX) {
        return Err(format!("more than {VALUES_MAX} values"));
    }
    let mut places = vec![0_usize; lists.len()];
    loop {
        let combination: Vec<&Value> = lists.iter().zip(&places).filter_map(|(list, place)| list.get(*place)).collect();
        each(&combination)?;
        // Count up like an odometer whose first wheel is the fastest.
        let mut carried = true;
        for (place, list) in places.iter_mut().zip(&lists) {
            *place += 1;
            if *place < list.len() {
                carried = false;
                break;
            }
            *place = 0;
        }
        if carried {
            return Ok(());
        }
    }
}

fn concat(arguments: &[Argument]) -> Result<Vec<Value>, String> {
    let mut gathered = Gathered::default();
    product(arguments, |combination| gathered.push(combination.iter().map(|value| value.text()).collect()))?;
    Ok(gathered.values)
}

fn arithmetic(multiply: bool, arguments: &[Argument]) -> Result<Vec<Value>, String> {
    let mut values = Vec::new();
    product(arguments, |combination| {
        let mut result = if multiply { 1.0 } else { 0.0 };
        let mut whole = true;
        for value in combination {
            let text = value.text();
            let number = leading_number(&text);
            whole &= !number.contains(['.', 'e', 'E']);
            // A text that is no number counts as the reference counts it.
            let number: f64 = number.parse().unwrap_or(0.0);
            if multiply {
                result *= number;
            } else {
                result += number;
            }
        }
        let text = if whole { format!("{result:.0}") } else { format!("{result:.6}") };
        values.push(text.parse::<i64>().map_or_else(|_| Value::from(text), Value::Int));
        Ok(())
    })?;
    Ok(values)
}

/// The number with which a text begins, if it does.
pub(super) fn leading_number(text: &str) -> &str {
    let text = text.trim_start();
    let mut end = 0;
    for (place, character) in text.char_indices() {
        let fits = character.is_ascii_digit()
            || (character == '.' && !text.get(..place).unwrap_or_default().contains('.'))
            || (matches!(character, '+' | '-') && place == 0);
        if !fits {
            break;
        }
        end = place + 1;
    }
    text.get(..end).unwrap_or_default()
}

fn unique(arguments: &[Argument]) -> Vec<Value> {
    let mut seen = HashSet::new();
    let values = arguments.iter().flat_map(|argument| &argument.values);
    values.filter(|value| seen.insert(value.text().into_owned())).cloned().collect()
}

fn split(text: &str, delimiter: &str) -> Vec<String> {
    if delimiter.is_empty() {
        return text.chars().map(String::from).collect();
    }
    text.split(delimiter).map(str::to_owned).collect()
}

/// Counted in bytes, as the reference does; a cut inside a character leaves the replacement character.
fn substring(text: &str, start: i64, length: i64) -> Result<String, String> {
    let start = usize::try_from(start.max(1) - 1).unwrap_or(usize::MAX);
    let beyond = || format!("a substring begins behind the end of `{text}`");
    let rest = text.as_bytes().get(start..).filter(|_| start < text.len()).ok_or_else(beyond)?;
    let length = usize::try_from(length).unwrap_or(rest.len()).min(rest.len());
    Ok(String::from_utf8_lossy(rest.get(..length).unwrap_or_default()).into_owned())
}

fn escape_regex(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '^' | '$' | '\\' | '.' | '[' | ']' | '(' | ')' | '{' | '}' | '*' | '+' | '?' | '|') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The first group of the first match; without either, nothing.
fn capture(pattern: &Pattern, text: &str) -> String {
    let groups = pattern.first(text.as_bytes()).ok().flatten().unwrap_or_default();
    let group = groups.get(1).copied().flatten().unwrap_or_default();
    String::from_utf8_lossy(group).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> Argument {
        Argument::complete(values.iter().map(|text| Value::from(*text)).collect())
    }

    fn result(function: &Function, arguments: &[Argument]) -> Vec<String> {
        let argument = apply(function, arguments, 0);
        if argument.flag != Flag::Complete {
            return vec![format!("{}: {}", argument.flag, argument.message.unwrap_or_default())];
        }
        argument.values.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_first_list_varies_fastest_and_empty_ones_are_skipped() {
        let lists = [texts(&["a", "b"]), texts(&[]), texts(&["1", "2"])];
        assert_eq!(result(&Function::Concat, &lists), ["a1", "b1", "a2", "b2"]);
    }

    #[test]
    fn products_are_bounded() {
        let list = texts(&["a"; 1024]);
        let lists = [list.clone(), list.clone(), list];
        assert_eq!(result(&Function::Concat, &lists), ["error: more than 1048576 values"]);
        let long = "x".repeat(VALUES_BYTES_MAX / 4);
        let lists = [texts(&[&long, &long, &long]), texts(&[&long])];
        assert_eq!(result(&Function::Concat, &lists), ["error: more than 67108864 bytes of values"]);
    }

    #[test]
    fn substrings_start_at_one() {
        let of = |start, length| result(&Function::Substring { start, length }, &[texts(&["abc"])]);
        assert_eq!(of(1, 2), ["ab"]);
        assert_eq!(of(-5, 1), ["a"]);
        assert_eq!(of(2, -1), ["bc"]);
        assert_eq!(of(2, 100), ["bc"]);
        assert_eq!(result(&Function::Substring { start: 1, length: 2 }, &[texts(&[""])]).len(), 1);
        assert_eq!(of(4, 1), ["error: a substring begins behind the end of `abc`"]);
    }

    #[test]
    fn no_capture_is_an_empty_text() {
        let function = Function::RegexCapture("=(.)".to_owned());
        assert_eq!(result(&function, &[texts(&["a=1", "b"])]), ["1", ""]);
    }

    #[test]
    fn sums_of_whole_numbers_are_whole() {
        assert_eq!(
            result(&Function::Arithmetic { multiply: true }, &[texts(&["3"]), texts(&["4", "5"])]),
            ["12", "15"]
        );
        assert_eq!(
            result(&Function::Arithmetic { multiply: false }, &[texts(&["1.5", "1"]), texts(&["1"])]),
            ["2.500000", "2"]
        );
    }

    #[test]
    fn counting_nothing_keeps_the_flag() {
        let nothing = Argument { flag: Flag::DoesNotExist, values: Vec::new(), message: None };
        let counted = apply(&Function::Count, &[nothing], 0);
        assert_eq!((counted.flag, counted.values), (Flag::DoesNotExist, vec![Value::Int(0)]));
    }
}
