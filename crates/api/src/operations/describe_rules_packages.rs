//! `DescribeRulesPackages`: what up to ten rules packages judge.

use serde_json::{Value, json};
use yagura_app::service::{AppError, Cx, codes};
use yagura_model::service::{ArnKind, catalogue};

use super::{Access, On, Operation};
use crate::input::Input;
use crate::items;

pub(super) const OPERATION: Operation =
    Operation { name: "DescribeRulesPackages", access: Access::Look, on: On::Many("rulesPackageArns"), run };

/// Who wrote the rules.
const PROVIDER: &str = "Yagura";

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    input.locale()?;
    let number = (1..=10, codes::INVALID_NUMBER_OF_RULES_PACKAGE_ARNS);
    let (found, failed) = items::describe(cx, input, "rulesPackageArns", ArnKind::RulesPackage, number, |cx, arn| {
        Ok(catalogue::find(&cx.scope().region, &arn.to_string()).map(|entry| {
            json!({
                "arn": entry.arn,
                "name": entry.name.en,
                "version": entry.version,
                "provider": PROVIDER,
                "description": entry.description.en,
            })
        }))
    })?;
    Ok(Some(json!({"rulesPackages": items::values(found), "failedItems": failed.into_value()})))
}
