//! `ListFindings`: the ARNs of the findings of judged runs, newest first, page by page.

use std::ops::RangeInclusive;

use serde_json::{Value, json};
use yagura_app::service::finding::{self, Filter};
use yagura_app::service::{AppError, Cx, codes};
use yagura_model::Severity;
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::filter::{self, ARNS};
use crate::input::{Input, PairCodes, bounded, unknown_word};
use crate::page::{DEFAULT, Page};
use crate::shapes::{object, put};

pub(super) const OPERATION: Operation =
    Operation { name: "ListFindings", access: Access::Look, on: On::Many("assessmentRunArns"), run };

/// ARNs of a page that the model allows.
const PAGE_MAX: usize = 100;
const LIST: RangeInclusive<usize> = 0..=50;

const ATTRIBUTES: PairCodes = PairCodes {
    number: codes::INVALID_NUMBER_OF_ATTRIBUTES,
    key: codes::INVALID_ATTRIBUTE,
    value: codes::INVALID_ATTRIBUTE,
    twice: None,
};
const USER_ATTRIBUTES: PairCodes = PairCodes {
    number: codes::INVALID_NUMBER_OF_USER_ATTRIBUTES,
    key: codes::INVALID_USER_ATTRIBUTE,
    value: codes::INVALID_USER_ATTRIBUTE,
    twice: None,
};

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let runs = input.arns("assessmentRunArns", ArnKind::Run, ARNS, codes::INVALID_NUMBER_OF_ASSESSMENT_RUN_ARNS)?;
    let filter = read_filter(&filter::of(input)?)?;
    let page = Page::read(input, OPERATION.name, cx.scope(), DEFAULT, PAGE_MAX)?;
    let before = page.after_number()?;
    let mut findings = finding::list(cx, &runs, filter, before, page.limit + 1)?;
    let token = page.cut(&mut findings, |(seq, _)| seq.to_string());
    let arns: Vec<String> = findings.iter().map(|(_, arn)| arn.to_string()).collect();
    let mut output = object(json!({"findingArns": arns}));
    put(&mut output, "nextToken", token);
    Ok(Some(Value::Object(output)))
}

fn read_filter(wanted: &Input) -> Result<Filter, AppError> {
    let texts = |name: &str, number, number_code, chars: RangeInclusive<usize>, code| {
        let texts = wanted.texts_within(name, number, number_code)?;
        texts.iter().try_for_each(|text| bounded(name, text, &chars, code))?;
        Ok::<_, AppError>(texts)
    };
    let agents = texts("agentIds", 0..=99, codes::INVALID_NUMBER_OF_AGENT_IDS, 1..=128, codes::INVALID_AGENT_ID)?;
    let scaling_groups = texts(
        "autoScalingGroups",
        0..=20,
        codes::INVALID_NUMBER_OF_AUTO_SCALING_GROUPS,
        1..=256,
        codes::INVALID_AUTO_SCALING_GROUP,
    )?;
    let rules = texts("ruleNames", LIST, codes::INVALID_NUMBER_OF_RULE_NAMES, 0..=1_000, codes::INVALID_RULE_NAME)?;
    let severities = wanted.texts_within("severities", LIST, codes::INVALID_NUMBER_OF_SEVERITIES)?;
    let mut severities: Vec<Severity> = severities.iter().map(|word| severity(word)).collect::<Result<_, _>>()?;
    severities.sort_unstable();
    severities.dedup();
    Ok(Filter {
        // The API asks for packages by their attribute.
        package_names: Vec::new(),
        runs: Vec::new(),
        agents: distinct(agents),
        scaling_groups: distinct(scaling_groups),
        rules: distinct(rules),
        severities,
        rules_packages: distinct(filter::rules(wanted)?),
        attributes: wanted.pairs("attributes", LIST, ATTRIBUTES)?,
        user_attributes: wanted.pairs("userAttributes", LIST, USER_ATTRIBUTES)?,
        created: created(wanted)?,
    })
}

/// The API's words are of mixed case, and no other case is one of them.
fn severity(word: &str) -> Result<Severity, AppError> {
    Severity::ALL
        .into_iter()
        .find(|severity| severity.word() == word)
        .ok_or_else(|| unknown_word("severities", word, Some(codes::INVALID_SEVERITY)))
}

/// The same value twice would give the same finding twice.
fn distinct(mut values: Vec<String>) -> Vec<String> {
    values.sort_unstable();
    values.dedup();
    values
}

/// The API has no code for this range.
fn created(wanted: &Input) -> Result<(Option<jiff::Timestamp>, Option<jiff::Timestamp>), AppError> {
    filter::time_range(wanted, "creationTimeRange", "").map_err(|error| match error {
        AppError::Invalid { message, .. } => AppError::Validation(format!("1 validation error detected: {message}")),
        other => other,
    })
}
