//! From a request's bytes to an answer's bytes: find the operation, read, authorize, call, record.

use serde_json::Value;
use yagura_app::service::{App, AppError, Call, Caller};
use yagura_model::service::Arn;

use crate::exception::Exception;
use crate::input::Input;
use crate::operations::{self, Access, On, Operation};

/// The prefix of every target of this API.
const SERVICE: &str = "InspectorService";

/// An answer as it goes over the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The exception's name for `x-amzn-ErrorType`; `None` for a success.
    pub exception: Option<&'static str>,
    /// JSON, or nothing where the operation has no output.
    pub body: Vec<u8>,
}

/// Answers one authenticated request. `target` is the header `X-Amz-Target`.
pub fn answer(app: &App, caller: &Caller, target: &str, body: &[u8]) -> Reply {
    let name = target.split_once('.').filter(|(service, _)| *service == SERVICE).map(|(_, name)| name);
    let Some(operation) = name.and_then(operations::find) else {
        return refusal(&Exception::plain("UnknownOperationException", &format!("there is no operation `{target}`")));
    };
    match run(app, caller, operation, body) {
        Ok(None) => Reply { status: 200, exception: None, body: Vec::new() },
        Ok(Some(output)) => Reply { status: 200, exception: None, body: output.to_string().into_bytes() },
        Err(error) => {
            if let AppError::Internal(cause) = &error {
                tracing::error!(request.id = %caller.request_id, operation = operation.name, "an operation failed: {}", chain(cause.as_ref()));
            }
            refusal(&Exception::from(&error))
        }
    }
}

/// A refusal before there is a caller: nobody was recognised.
pub fn refuse_unknown_caller(name: &'static str, message: &str) -> Reply {
    refusal(&Exception::plain(name, message))
}

fn refusal(exception: &Exception) -> Reply {
    Reply { status: exception.status, exception: Some(exception.name), body: exception.body.to_string().into_bytes() }
}

fn run(app: &App, caller: &Caller, operation: &Operation, body: &[u8]) -> Result<Option<Value>, AppError> {
    // A body that does not read is a call all the same: it is authorized and recorded as one.
    let input = Input::parse(body);
    let parameters = input.as_ref().map_or(Value::Null, Input::sent);
    let resources = input.as_ref().map(|input| named(input, operation.on)).unwrap_or_default();
    let action = format!("inspector:{}", operation.name);
    let call =
        Call { caller, operation: operation.name, action: &action, resources: &resources, parameters: &parameters };
    let verb = |cx: &mut yagura_app::service::Cx<'_, '_>| {
        let input = match &input {
            Ok(input) => input,
            Err(error) => return Err(AppError::Serialization(error.to_string())),
        };
        let value = (operation.run)(cx, input)?;
        // The form that CloudTrail gives: lists and descriptions are not repeated in the log.
        let recorded = if operation.name.starts_with("List") || operation.name.starts_with("Describe") {
            Value::Null
        } else {
            value.clone().unwrap_or(Value::Null)
        };
        Ok(yagura_app::service::Answer { value, recorded })
    };
    match operation.access {
        Access::Look => app.look(&call, verb),
        Access::Change => app.change(&call, verb),
    }
}

/// The things that a request names, as far as they have the form of ARNs.
fn named(input: &Input, on: On) -> Vec<Arn> {
    match on {
        On::Account => Vec::new(),
        On::One(member) => input.text(member).ok().flatten().and_then(Arn::parse).into_iter().collect(),
        On::Many(member) => {
            let texts = input.texts(member).ok().flatten().unwrap_or_default();
            texts.iter().filter_map(|text| Arn::parse(text)).collect()
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
