//! Refusals on the wire: the exception's name, its members, its status.

use serde_json::{Map, Value, json};
use yagura_app::service::AppError;

/// A refusal as it goes over the wire.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Exception {
    /// `NoSuchEntityException`.
    pub(crate) name: &'static str,
    /// 500 for `InternalException` only.
    pub(crate) status: u16,
    /// `__type`, `message` and the exception's own members.
    pub(crate) body: Value,
}

/// Longest message of the API's model, in characters.
const MESSAGE_CHARS_MAX: usize = 1_000;

impl Exception {
    /// An exception that has a message only.
    pub(crate) fn plain(name: &'static str, message: &str) -> Self {
        Self::new(name, message, Map::new())
    }

    fn new(name: &'static str, message: &str, mut members: Map<String, Value>) -> Self {
        let message: String = message.chars().take(MESSAGE_CHARS_MAX).collect();
        members.insert("__type".into(), name.into());
        members.insert("message".into(), message.into());
        let status = if name == "InternalException" { 500 } else { 400 };
        Self { name, status, body: Value::Object(members) }
    }

    /// An exception whose members are an error code and whether to try again.
    fn coded(name: &'static str, message: &str, code: Option<&'static str>, can_retry: bool) -> Self {
        let mut members = Map::new();
        if let Some(code) = code {
            members.insert("errorCode".into(), code.into());
        }
        members.insert("canRetry".into(), can_retry.into());
        Self::new(name, message, members)
    }
}

impl From<&AppError> for Exception {
    fn from(error: &AppError) -> Self {
        let message = error.to_string();
        let name = error.name();
        match error {
            AppError::Serialization(_) | AppError::Validation(_) | AppError::PreviewInProgress => {
                Self::plain(name, &message)
            }
            AppError::Invalid { code, .. } | AppError::NoSuchEntity { code, .. } | AppError::Limit { code, .. } => {
                Self::coded(name, &message, Some(code), false)
            }
            AppError::Denied { code, .. } => Self::coded(name, &message, *code, false),
            AppError::RunInProgress { runs, truncated } => {
                let runs: Vec<String> = runs.iter().map(ToString::to_string).collect();
                let members =
                    json!({"assessmentRunArns": runs, "assessmentRunArnsTruncated": truncated, "canRetry": true});
                Self::new(name, &message, object(members))
            }
            AppError::AgentsBusy { agents, truncated } => {
                let agents: Vec<Value> = agents
                    .iter()
                    .map(|(agent, run)| json!({"agentId": agent, "assessmentRunArn": run.to_string()}))
                    .collect();
                let members = json!({"agents": agents, "agentsTruncated": truncated, "canRetry": true});
                Self::new(name, &message, object(members))
            }
            AppError::Unsupported(_) => Self::coded(name, &message, None, false),
            AppError::Temporary(_) | AppError::Internal(_) => Self::coded(name, &message, None, true),
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_fault_is_a_500() {
        let internal = Exception::from(&AppError::internal("secret detail"));
        assert_eq!((internal.status, internal.name), (500, "InternalException"));
        assert!(!internal.body.to_string().contains("secret"), "the cause is for the log");
        let busy = Exception::from(&AppError::Temporary("the database is busy".into()));
        assert_eq!(busy.status, 400);
        assert_eq!(busy.body["canRetry"], true);
    }

    #[test]
    fn messages_are_cut_at_the_models_length() {
        let long = Exception::from(&AppError::Validation("あ".repeat(2_000)));
        assert_eq!(long.body["message"].as_str().unwrap().chars().count(), MESSAGE_CHARS_MAX);
    }
}
