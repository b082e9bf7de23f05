//! Secrets go out of what is recorded.

use serde_json::{Map, Value};

/// What stands in a secret's place; CloudTrail writes the same.
pub const REDACTED: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// Members whose values are secrets, in lower case without `-` and `_`; compared with names written in any way.
///
/// `nextToken` and `previewToken` are none: they are page marks and names.
pub const SECRET_MEMBERS: &[&str] = &[
    "accesstoken",
    "authorization",
    "clientsecret",
    "credential",
    "credentials",
    "csrpem",
    "enrollmenttoken",
    "enrolmenttoken",
    "keypem",
    "masterkey",
    "newpassword",
    "oldpassword",
    "password",
    "presignedurl",
    "privatekey",
    "secret",
    "secretaccesskey",
    "secretkey",
    "securitytoken",
    "sessiontoken",
    "signature",
    "token",
    "xamzsecuritytoken",
];

/// How deep a value is recorded; what lies deeper is replaced by a note. Our API's shapes have six levels.
pub const DEPTH_MAX: usize = 32;

/// Returns the value without secrets, and not deeper than [`DEPTH_MAX`].
///
/// An address that opens a document by its signature (`url` with `signature=` in it) loses its query.
pub fn redact(value: Value) -> Value {
    at_depth(value, 0)
}

fn at_depth(value: Value, depth: usize) -> Value {
    match value {
        Value::Object(_) | Value::Array(_) if depth >= DEPTH_MAX => Value::String("(nested too deep)".to_owned()),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| {
                let value = if is_secret(&name) { hidden(&value) } else { at_depth(value, depth + 1) };
                (name, value)
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| at_depth(item, depth + 1)).collect()),
        Value::String(text) => Value::String(without_signature(text)),
        other => other,
    }
}

/// Absent stays absent: that a secret was not sent is worth knowing.
fn hidden(value: &Value) -> Value {
    if value.is_null() { Value::Null } else { Value::String(REDACTED.to_owned()) }
}

fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|letter| !matches!(letter, '-' | '_')).map(|letter| letter.to_ascii_lowercase()).collect();
    SECRET_MEMBERS.binary_search(&plain.as_str()).is_ok()
}

fn without_signature(text: String) -> String {
    match text.split_once('?') {
        Some((address, query)) if address.contains("://") && query.to_ascii_lowercase().contains("signature=") => {
            format!("{address}?{REDACTED}")
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_list_is_in_order_so_that_it_can_be_searched() {
        assert!(SECRET_MEMBERS.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn secrets_go_wherever_they_stand_and_however_they_are_written() {
        let value = json!({
            "accessKey": {"accessKeyId": "AKIA", "secretAccessKey": "s1", "Session_Token": "s2"},
            "list": [{"password": {"deep": "s3"}}, {"TOKEN": ["s4"]}],
            "X-Amz-Security-Token": "s5",
            "url": "https://h/reports/1?expires=1&signature=s6",
            "nextToken": "page", "previewToken": "p", "secretless": "kept", "password": null,
        });
        let redacted = redact(value);
        let text = redacted.to_string();
        for secret in ["s1", "s2", "s3", "s4", "s5", "s6"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert_eq!(redacted["accessKey"]["accessKeyId"], "AKIA");
        assert_eq!(redacted["nextToken"], "page");
        assert_eq!(redacted["previewToken"], "p");
        assert_eq!(redacted["secretless"], "kept");
        assert_eq!(redacted["password"], Value::Null);
        assert_eq!(redacted["url"], format!("https://h/reports/1?{REDACTED}"));
    }

    #[test]
    fn depth_is_bounded() {
        let mut value = json!("bottom");
        for _ in 0..DEPTH_MAX + 1 {
            value = json!([value]);
        }
        let text = redact(value).to_string();
        assert!(text.contains("nested too deep") && !text.contains("bottom"));
    }
}
