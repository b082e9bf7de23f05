//! `DescribeFindings`: up to ten findings with everything that is shown of them.

use serde_json::{Value, json};
use yagura_app::service::finding::{self, Described};
use yagura_app::service::{AppError, Cx, codes};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::asset;
use crate::input::Input;
use crate::items;
use crate::shapes::{self, LONG_CHARS_MAX, object, put};

pub(super) const OPERATION: Operation =
    Operation { name: "DescribeFindings", access: Access::Look, on: On::Many("findingArns"), run };

const ID_CHARS_MAX: usize = 128;
const ATTRIBUTES_MAX: usize = 50;
/// Every finding of the original has it; what it counts was never said.
const CONFIDENCE: u8 = 10;

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    input.locale()?;
    let number = (1..=10, codes::INVALID_NUMBER_OF_FINDING_ARNS);
    let (found, failed) = items::describe(cx, input, "findingArns", ArnKind::Finding, number, |cx, arn| {
        Ok(finding::describe(cx, arn)?.map(|described| shown(&described)))
    })?;
    Ok(Some(json!({"findings": items::values(found), "failedItems": failed.into_value()})))
}

fn shown(described: &Described) -> Value {
    let Described { arn, run, finding, asset } = described;
    let mut members = object(json!({
        "arn": arn.to_string(),
        "schemaVersion": 1,
        "service": "Inspector",
        "serviceAttributes": {
            "schemaVersion": 1,
            "assessmentRunArn": run.to_string(),
            "rulesPackageArn": finding.rules_package,
        },
        "assetType": "ec2-instance",
        "assetAttributes": asset::shown(asset.as_deref(), &finding.agent),
        "severity": finding.severity.word(),
        "numericSeverity": finding.severity.number(),
        "confidence": CONFIDENCE,
        "indicatorOfCompromise": false,
        "attributes": shapes::bounded_attributes(&finding.attributes, ATTRIBUTES_MAX),
        "userAttributes": shapes::bounded_attributes(&finding.user_attributes, finding::USER_ATTRIBUTES_MAX),
        "createdAt": shapes::time(finding.created_at),
        "updatedAt": shapes::time(finding.updated_at),
    }));
    put(&mut members, "id", shapes::cut(&finding.rule, ID_CHARS_MAX));
    put(&mut members, "title", shapes::cut(&finding.title.en, LONG_CHARS_MAX));
    put(&mut members, "description", shapes::cut(&finding.text.description.en, LONG_CHARS_MAX));
    put(&mut members, "recommendation", shapes::cut(&finding.text.recommendation.en, LONG_CHARS_MAX));
    Value::Object(members)
}
