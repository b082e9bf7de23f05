//! `RegisterCrossAccountAccessRole`: the role that the next description shows.

use serde_json::Value;
use yagura_app::service::{AppError, Cx, account, codes};

use super::{Access, On, Operation};
use crate::input::Input;

pub(super) const OPERATION: Operation =
    Operation { name: "RegisterCrossAccountAccessRole", access: Access::Change, on: On::Account, run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let arn = input.name("roleArn", 1..=300, codes::INVALID_IAM_ROLE_ARN)?;
    account::register_role(cx, &arn)?;
    Ok(None)
}
