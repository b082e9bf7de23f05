//! `GetAssessmentReport`: asks for a report of a finished run, tells how far it is, and gives a
//! link to it when it is made.
//!
//! The API has no code for a wrong format or type, so such a value is a `ValidationException`.

use serde_json::{Value, json};
use yagura_app::service::reports::{self, ReportFormat, ReportKind};
use yagura_app::service::{AppError, Cx};
use yagura_model::service::ArnKind;

use super::{Access, On, Operation};
use crate::input::Input;

pub(super) const OPERATION: Operation =
    Operation { name: "GetAssessmentReport", access: Access::Change, on: On::One("assessmentRunArn"), run };

const FORMAT: &str = "reportFileFormat";
const KIND: &str = "reportType";

fn run(cx: &mut Cx<'_, '_>, input: &Input) -> Result<Option<Value>, AppError> {
    let run = input.arn("assessmentRunArn", ArnKind::Run)?;
    // Types come before values, whichever member they are in.
    for name in [FORMAT, KIND] {
        input.text(name)?;
    }
    let format = input.word(FORMAT, ReportFormat::from_word, None)?.ok_or_else(|| missing(FORMAT))?;
    let kind = input.word(KIND, ReportKind::from_word, None)?.ok_or_else(|| missing(KIND))?;
    let report = reports::get_report(cx, &run, format, kind, None)?;
    let mut answer = json!({"status": report.status.word()});
    if let (Some(url), Value::Object(members)) = (report.url, &mut answer) {
        members.insert("url".to_owned(), url.into());
    }
    Ok(Some(answer))
}

fn missing(name: &str) -> AppError {
    AppError::Validation(format!(
        "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
    ))
}
