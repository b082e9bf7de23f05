//! `ListRulesPackages`: the ARNs of the rules packages that can be used.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx};
use yagura_model::service::catalogue;

use super::{Access, On, Operation};
use crate::input::Input;
use crate::page::{DEFAULT, Page};
use crate::shapes::{object, put};

pub(super) const OPERATION: Operation =
    Operation { name: "ListRulesPackages", access: Access::Look, on: On::Account, run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let page = Page::read(input, OPERATION.name, cx.scope(), DEFAULT, 100)?;
    let after = page.after_number()?.and_then(|after| usize::try_from(after).ok()).unwrap_or_default();
    let entries = catalogue(&cx.scope().region);
    let mut arns: Vec<(usize, String)> =
        (1..).zip(entries.into_iter().map(|entry| entry.arn)).skip(after).take(page.limit + 1).collect();
    let token = page.cut(&mut arns, |(number, _)| number.to_string());
    let arns: Vec<String> = arns.into_iter().map(|(_, arn)| arn).collect();
    let mut output = object(json!({"rulesPackageArns": arns}));
    put(&mut output, "nextToken", token);
    Ok(Some(Value::Object(output)))
}
