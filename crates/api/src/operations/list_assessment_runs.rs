//! `ListAssessmentRuns`: the ARNs of the runs, newest first, page by page.

use serde_json::{Value, json};
use yagura_app::service::run::{self as runs, Filter};
use yagura_app::service::{AppError, Cx, codes};
use yagura_model::service::{ArnKind, RunState};

use super::{Access, On, Operation};
use crate::filter::{self, ARNS};
use crate::input::{Input, unknown_word};
use crate::page::{DEFAULT, Page};
use crate::shapes::{object, put};

pub(super) const OPERATION: Operation =
    Operation { name: "ListAssessmentRuns", access: Access::Look, on: On::Many("assessmentTemplateArns"), run };

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let templates = input.arns(
        "assessmentTemplateArns",
        ArnKind::Template,
        ARNS,
        codes::INVALID_NUMBER_OF_ASSESSMENT_TEMPLATE_ARNS,
    )?;
    let filter = read_filter(&filter::of(input)?)?;
    let page = Page::read(input, OPERATION.name, cx.scope(), DEFAULT, 100)?;
    let before = page.after_number()?;
    let mut runs = runs::list(cx, &templates, filter, before, page.limit + 1)?;
    let token = page.cut(&mut runs, |run| run.seq.to_string());
    let arns: Vec<String> = runs.iter().map(|run| run.arn().to_string()).collect();
    let mut output = object(json!({"assessmentRunArns": arns}));
    put(&mut output, "nextToken", token);
    Ok(Some(Value::Object(output)))
}

fn read_filter(wanted: &Input) -> Result<Filter, AppError> {
    let states = wanted.texts_within("states", 0..=50, codes::INVALID_NUMBER_OF_ASSESSMENT_RUN_STATES)?;
    let state = |word: &String| {
        RunState::from_word(word).ok_or_else(|| unknown_word("states", word, Some(codes::INVALID_ASSESSMENT_RUN_STATE)))
    };
    Ok(Filter {
        templates: Vec::new(),
        // The API has no code for patterns of runs' names.
        name_pattern: filter::name_pattern(wanted, "namePattern", codes::INVALID_ASSESSMENT_TEMPLATE_NAME_PATTERN)?,
        states: states.iter().map(state).collect::<Result<_, _>>()?,
        duration_s: filter::duration_range(wanted, codes::INVALID_ASSESSMENT_RUN_DURATION_RANGE)?,
        rules: filter::rules(wanted)?,
        started: filter::time_range(wanted, "startTimeRange", codes::INVALID_ASSESSMENT_RUN_START_TIME_RANGE)?,
        completed: filter::time_range(
            wanted,
            "completionTimeRange",
            codes::INVALID_ASSESSMENT_RUN_COMPLETION_TIME_RANGE,
        )?,
        state_changed: filter::time_range(
            wanted,
            "stateChangeTimeRange",
            codes::INVALID_ASSESSMENT_RUN_STATE_CHANGE_TIME_RANGE,
        )?,
    })
}
