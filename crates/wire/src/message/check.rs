//! Checks of single members; each names the member that breaks it.

use super::InvalidMessage;
use crate::bounds::{RUN_BYTES_MAX, TEXT_BYTES_MAX};
use crate::hash::{is_lower_hex, is_sha256};

/// Tells whether a text is an agent's id: `i-` and 17 lower-case hexadecimal digits.
pub fn is_agent_id(text: &str) -> bool {
    text.strip_prefix("i-").is_some_and(|digits| digits.len() == 17 && is_lower_hex(digits))
}

pub(super) fn refuse<T>(member: impl Into<String>, why: impl Into<String>) -> Result<T, InvalidMessage> {
    Err(InvalidMessage::Member { member: member.into(), why: why.into() })
}

/// A text of at most `bytes_max` bytes without control characters.
pub(super) fn text(member: &str, value: &str, bytes_max: usize) -> Result<(), InvalidMessage> {
    if value.len() > bytes_max {
        return refuse(member, format!("is longer than {bytes_max} bytes"));
    }
    if value.chars().any(char::is_control) {
        return refuse(member, "has control characters");
    }
    Ok(())
}

pub(super) fn short_text(member: &str, value: &str) -> Result<(), InvalidMessage> {
    text(member, value, TEXT_BYTES_MAX)
}

pub(super) fn optional(member: &str, value: Option<&String>) -> Result<(), InvalidMessage> {
    value.map_or(Ok(()), |value| short_text(member, value))
}

/// A text that has to say something.
pub(super) fn filled(member: &str, value: &str, bytes_max: usize) -> Result<(), InvalidMessage> {
    if value.is_empty() { refuse(member, "is empty") } else { text(member, value, bytes_max) }
}

pub(super) fn pem(member: &str, value: &str) -> Result<(), InvalidMessage> {
    if value.len() > crate::bounds::PEM_BYTES_MAX {
        return refuse(member, format!("is longer than {} bytes", crate::bounds::PEM_BYTES_MAX));
    }
    if !value.trim_start().starts_with("-----BEGIN ") {
        return refuse(member, "is not PEM");
    }
    Ok(())
}

pub(super) fn agent_id(member: &str, value: &str) -> Result<(), InvalidMessage> {
    if is_agent_id(value) { Ok(()) } else { refuse(member, "is not `i-` and 17 lower-case hexadecimal digits") }
}

pub(super) fn sha256(member: &str, value: &str) -> Result<(), InvalidMessage> {
    if is_sha256(value) { Ok(()) } else { refuse(member, "is not a SHA-256 in lower-case hexadecimal digits") }
}

/// A run's ARN. What stands in a URL and in names of folders has no character that means something there.
pub(super) fn run(member: &str, value: &str) -> Result<(), InvalidMessage> {
    filled(member, value, RUN_BYTES_MAX)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'/' | b'-' | b'_' | b'.');
    if value.starts_with("arn:") && value.bytes().all(plain) { Ok(()) } else { refuse(member, "is not an ARN") }
}

pub(super) fn count(member: &str, found: usize, max: usize) -> Result<(), InvalidMessage> {
    if found > max { refuse(member, format!("has {found} entries, and {max} are allowed")) } else { Ok(()) }
}

/// Checks every entry of a list, its number in the member's name.
pub(super) fn each<T>(
    member: &str,
    list: &[T],
    max: usize,
    check: impl Fn(&str, &T) -> Result<(), InvalidMessage>,
) -> Result<(), InvalidMessage> {
    count(member, list.len(), max)?;
    list.iter().enumerate().try_for_each(|(number, entry)| check(&format!("{member}[{number}]"), entry))
}
