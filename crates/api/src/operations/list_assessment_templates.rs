//! `ListAssessmentTemplates`: the ARNs of the templates, page by page.

use serde_json::{Value, json};
use yagura_app::service::template::{self, Filter};
use yagura_app::service::{AppError, Cx, codes};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::filter::{self, ARNS};
use crate::input::Input;
use crate::page::{DEFAULT, Page};
use crate::shapes::{object, put};

pub(super) const OPERATION: Operation =
    Operation { name: "ListAssessmentTemplates", access: Access::Look, on: On::Many("assessmentTargetArns"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let targets =
        input.arns("assessmentTargetArns", ArnKind::Target, ARNS, codes::INVALID_NUMBER_OF_ASSESSMENT_TARGET_ARNS)?;
    let wanted = filter::of(input)?;
    let filter = Filter {
        targets: Vec::new(),
        name_pattern: filter::name_pattern(&wanted, "namePattern", codes::INVALID_ASSESSMENT_TEMPLATE_NAME_PATTERN)?,
        duration_s: filter::duration_range(&wanted, codes::INVALID_ASSESSMENT_TEMPLATE_DURATION_RANGE)?,
        rules: filter::rules(&wanted)?,
    };
    let page = Page::read(input, OPERATION.name, cx.scope(), DEFAULT, 100)?;
    let after = page.after_number()?.unwrap_or_default();
    let mut templates = template::list(cx, &targets, filter, after, page.limit + 1)?;
    let token = page.cut(&mut templates, |(seq, _)| seq.to_string());
    let arns: Vec<String> = templates.iter().map(|(_, template)| template.to_string()).collect();
    let mut output = object(json!({"assessmentTemplateArns": arns}));
    put(&mut output, "nextToken", token);
    Ok(Some(Value::Object(output)))
}
