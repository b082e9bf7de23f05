//! `DescribeCrossAccountAccessRole`: the registered role; there always is one.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, account};

use super::{Access, On, Operation};
use crate::input::Input;
use crate::shapes;

// A change, because an account that nobody knew is noted with the time of the call.
pub(super) const OPERATION: Operation =
    Operation { name: "DescribeCrossAccountAccessRole", access: Access::Change, on: On::Account, run };

fn run(cx: &mut Cx<'_, '_>, _: &Input) -> Result<Option<Value>, AppError> {
    let role = account::role(cx)?;
    Ok(Some(json!({"roleArn": role.arn, "valid": true, "registeredAt": shapes::time(role.registered_at)})))
}
