//! A finding with all its evidence, as text.

use serde_json::Value;
use yagura_model::Language;

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
        text_member(member, "severity"),
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
    evidence(member.get("evidence").unwrap_or(&Value::Null), &mut lines);
    lines.push(String::new());
    lines.join("\n")
}

/// Every member of the evidence, one line each; lists one line an element.
fn evidence(value: &Value, lines: &mut Vec<String>) {
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
