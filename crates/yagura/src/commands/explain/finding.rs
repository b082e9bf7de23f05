//! A finding with all its evidence, as text.

use serde_json::Value;
use yagura_model::{Language, Severity};

use crate::commands::memory::{self, host_name};

/// Renders one finding of a JSON result. `remembered` is the result that it comes from, where
/// that is not of now.
pub(super) fn text(member: &Value, remembered: Option<&Value>, language: Language) -> String {
    let words = Words::of(language);
    let mut lines = vec![text_member(member, "title"), String::new()];
    if let Some(result) = remembered {
        lines.push(format!("{}: {} ({})", words.from_last, host_name(result), text_member(result, "endedAt")));
        lines.push(String::new());
    }
    lines.push(format!(
        "{}: {} ({})",
        words.severity,
        severity(&text_member(member, "severity"), language),
        text_member(member, "severityReason")
    ));
    lines.push(format!("{}: {}", words.key, text_member(member, "key")));
    lines.push(String::new());
    lines.push(text_member(member, "description"));
    lines.push(String::new());
    lines.push(format!("{}:", words.remedy));
    lines.extend(text_member(member, "recommendation").lines().map(|line| format!("  {line}")));
    lines.push(String::new());
    lines.push(format!("{}:", words.evidence));
    let evidence = member.get("evidence").unwrap_or(&Value::Null);
    match evidence.get("observations").and_then(Value::as_array) {
        Some(observations) => lines.extend(observations.iter().map(observation)),
        None => members(evidence, &mut lines),
    }
    lines.push(String::new());
    lines.join("\n")
}

/// A result keeps the English word; a person reads it in the language of the rest.
fn severity(word: &str, language: Language) -> String {
    Severity::from_word(word).map_or_else(|| word.to_owned(), |severity| severity.text().get(language).to_owned())
}

/// What was seen of a setting, and where: `/etc/login.defs:165: PASS_MAX_DAYS 99999 (why)`.
fn observation(seen: &Value) -> String {
    let path = memory::text(seen, "path");
    let line = seen.get("line").and_then(Value::as_u64).map(|line| format!(":{line}")).unwrap_or_default();
    let place = if path.is_empty() { String::new() } else { format!("{path}{line}: ") };
    let note = memory::text(seen, "note");
    let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
    format!("  {place}{}{note}", memory::text(seen, "found"))
}

/// Every member of the evidence, one line each; lists one line an element.
fn members(value: &Value, lines: &mut Vec<String>) {
    let Some(members) = value.as_object() else { return };
    for (name, value) in members.iter().filter(|(_, value)| !is_empty(value)) {
        match value {
            Value::Array(elements) => {
                lines.push(format!("  {name}:"));
                lines.extend(elements.iter().map(|element| format!("    - {}", inline(element))));
            }
            _ => lines.push(format!("  {name}: {}", inline(value))),
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// One line: an object as `name value, name value`.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let shown: Vec<String> = members
                .iter()
                .filter(|(_, value)| !is_empty(value))
                .map(|(name, value)| format!("{name} {}", inline(value)))
                .collect();
            shown.join(", ")
        }
        Value::Array(elements) => elements.iter().map(inline).collect::<Vec<_>>().join(", "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn text_member(value: &Value, name: &str) -> String {
    memory::text(value, name).to_owned()
}

struct Words {
    from_last: &'static str,
    severity: &'static str,
    key: &'static str,
    remedy: &'static str,
    evidence: &'static str,
}

impl Words {
    const fn of(language: Language) -> Self {
        match language {
            Language::English => Self {
                from_last: "From the last assessment of",
                severity: "Severity",
                key: "Key",
                remedy: "What to do",
                evidence: "Evidence",
            },
            Language::Japanese => {
                Self {
                    from_last: "最後の評価より", severity: "重大度", key: "キー", remedy: "対処", evidence: "証拠"
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_setting_reads_as_place_value_and_reason() {
        let member = json!({
            "title": "T", "severity": "Medium", "severityReason": "r", "key": "k", "description": "D",
            "recommendation": "do this\nthen that",
            "evidence": {"kind": "setting", "observations": [
                {"path": "/etc/login.defs", "line": 165, "found": "PASS_MAX_DAYS 99999", "note": "no maximum"},
                {"path": null, "line": null, "found": "PermitRootLogin yes", "note": null},
            ]},
        });
        insta::assert_snapshot!(text(&member, None, Language::English), @r"
        T

        Severity: Medium (r)
        Key: k

        D

        What to do:
          do this
          then that

        Evidence:
          /etc/login.defs:165: PASS_MAX_DAYS 99999 (no maximum)
          PermitRootLogin yes
        ");
        assert!(text(&member, None, Language::Japanese).contains("重大度: 中 (r)"));
    }
}
