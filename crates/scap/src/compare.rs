//! Comparing one value with another: the operations of OVAL on its data types.
//!
//! - [`versions`]: the order of dotted numbers; those of packages are `yagura_version`'s.
//! - [`addresses`]: IPv4 and IPv6 addresses and prefixes.

mod addresses;
mod versions;

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::field::words;
use crate::item::{Datatype, Value};
use crate::pattern::{Pattern, PatternOptions};
use crate::truth::Truth;

words! {
    /// How a value compares with another: "candidate OPERATION wanted".
    Operation {
        Equals = "equals",
        NotEqual = "not equal",
        CaseInsensitiveEquals = "case insensitive equals",
        CaseInsensitiveNotEqual = "case insensitive not equal",
        GreaterThan = "greater than",
        LessThan = "less than",
        GreaterThanOrEqual = "greater than or equal",
        LessThanOrEqual = "less than or equal",
        BitwiseAnd = "bitwise and",
        BitwiseOr = "bitwise or",
        PatternMatch = "pattern match",
        SubsetOf = "subset of",
        SupersetOf = "superset of",
    }
}

impl Operation {
    /// What an order means under the operation; nothing for operations that are no order.
    fn judge(self, order: Ordering) -> Truth {
        Truth::of(match self {
            Self::Equals => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::GreaterThan => order.is_gt(),
            Self::LessThan => order.is_lt(),
            Self::GreaterThanOrEqual => order.is_ge(),
            Self::LessThanOrEqual => order.is_le(),
            _ => return Truth::Error,
        })
    }
}

/// Compares values under a data type; `pattern` is the compiled `wanted` of a pattern match, if somebody has it.
pub(crate) fn compare_value(
    candidate: &Value,
    operation: Operation,
    datatype: Datatype,
    wanted: &Value,
    pattern: Option<&Pattern>,
) -> Truth {
    match (datatype, candidate, wanted) {
        (Datatype::Int, Value::Int(left), Value::Int(right)) => {
            integers(i128::from(*left), operation, i128::from(*right))
        }
        (Datatype::Boolean, Value::Bool(left), Value::Bool(right)) => booleans(*left, operation, *right),
        _ => compare_text(&candidate.text(), operation, datatype, wanted, pattern),
    }
}

/// Compares a text with a value under a data type.
pub(crate) fn compare_text(
    candidate: &str,
    operation: Operation,
    datatype: Datatype,
    wanted: &Value,
    pattern: Option<&Pattern>,
) -> Truth {
    let wanted_text = wanted.text();
    let wanted = &*wanted_text;
    match datatype {
        Datatype::String => strings(candidate, operation, wanted, pattern),
        Datatype::Int => match (integer(candidate), integer(wanted)) {
            (Some(left), Some(right)) => integers(left, operation, right),
            _ => Truth::Error,
        },
        // What is no truth counts as false in the reference.
        Datatype::Boolean => booleans(boolean(candidate).unwrap_or(false), operation, boolean(wanted).unwrap_or(false)),
        Datatype::Float => match (float(candidate), float(wanted)) {
            (Some(left), Some(right)) => left.partial_cmp(&right).map_or(Truth::Error, |order| operation.judge(order)),
            _ => Truth::Error,
        },
        Datatype::Version | Datatype::FilesetRevision | Datatype::IosVersion => {
            operation.judge(versions::dotted(candidate, wanted))
        }
        Datatype::EvrString => operation.judge(yagura_version::rpm::compare(candidate, wanted)),
        Datatype::DebianEvrString => operation.judge(yagura_version::dpkg::compare(candidate, wanted)),
        Datatype::Ipv4Address => addresses::ipv4(candidate, operation, wanted),
        Datatype::Ipv6Address => addresses::ipv6(candidate, operation, wanted),
        Datatype::Binary => match operation {
            Operation::Equals => Truth::of(candidate.eq_ignore_ascii_case(wanted)),
            Operation::NotEqual => Truth::of(!candidate.eq_ignore_ascii_case(wanted)),
            _ => Truth::Error,
        },
        Datatype::Record => Truth::Error,
    }
}

fn strings(candidate: &str, operation: Operation, wanted: &str, pattern: Option<&Pattern>) -> Truth {
    match operation {
        Operation::Equals => Truth::of(candidate == wanted),
        Operation::NotEqual => Truth::of(candidate != wanted),
        Operation::CaseInsensitiveEquals => Truth::of(candidate.eq_ignore_ascii_case(wanted)),
        Operation::CaseInsensitiveNotEqual => Truth::of(!candidate.eq_ignore_ascii_case(wanted)),
        Operation::PatternMatch => {
            let pattern = match pattern {
                Some(pattern) => Cow::Borrowed(pattern),
                None => match Pattern::new(wanted, PatternOptions::PLAIN) {
                    Ok(pattern) => Cow::Owned(pattern),
                    Err(_) => return Truth::Error,
                },
            };
            pattern.is_match(candidate.as_bytes()).map_or(Truth::Error, Truth::of)
        }
        _ => Truth::Error,
    }
}

fn integers(left: i128, operation: Operation, right: i128) -> Truth {
    match operation {
        Operation::BitwiseAnd => Truth::of(left & right == right),
        Operation::BitwiseOr => Truth::of(left | right == right),
        _ => operation.judge(left.cmp(&right)),
    }
}

fn booleans(left: bool, operation: Operation, right: bool) -> Truth {
    match operation {
        Operation::Equals => Truth::of(left == right),
        Operation::NotEqual => Truth::of(left != right),
        _ => Truth::Error,
    }
}

/// Reads an integer; blanks before it are ignored, after it they are an error.
fn integer(text: &str) -> Option<i128> {
    text.trim_start().parse().ok()
}

/// Reads a boolean as XML writes one.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn float(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(candidate: &str, operation: &str, datatype: &str, wanted: &str) -> &'static str {
        let (operation, datatype) = (Operation::parse(operation).unwrap(), Datatype::parse(datatype).unwrap());
        compare_text(candidate, operation, datatype, &wanted.into(), None).name()
    }

    #[test]
    fn the_type_of_the_state_drives() {
        assert_eq!(compare("08", "equals", "int", "8"), "true");
        assert_eq!(compare("08", "equals", "string", "8"), "false");
        assert_eq!(compare("eight", "equals", "int", "8"), "error");
        assert_eq!(compare("1", "equals", "boolean", "true"), "true");
        assert_eq!(compare("1.50", "equals", "float", "1.5"), "true");
        assert_eq!(compare("1.10", "greater than", "version", "1.9.1"), "true");
        assert_eq!(compare("a", "greater than", "string", "b"), "error");
    }

    #[test]
    fn bits() {
        assert_eq!(compare("7", "bitwise and", "int", "5"), "true");
        assert_eq!(compare("2", "bitwise and", "int", "5"), "false");
        assert_eq!(compare("4", "bitwise or", "int", "5"), "true");
        assert_eq!(compare("2", "bitwise or", "int", "5"), "false");
    }

    #[test]
    fn patterns_search() {
        assert_eq!(compare("a root b", "pattern match", "string", "ro+t"), "true");
        assert_eq!(compare("a", "pattern match", "string", "("), "error");
    }
}
