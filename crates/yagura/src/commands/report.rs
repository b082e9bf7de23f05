//! `yagura report`: the report of a run, straight from the store.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use yagura_app::service::reports::{self, RenderReport as _, ReportChoice, StoreSource};
use yagura_app::service::{Answer, AppError, Call, Caller, Via};
use yagura_model::service::{Arn, ArnKind};

use super::Context;
use crate::cli::{Report, ReportFormat, ReportKind};
use crate::exit::{self, Exit, Failure, Message};
use crate::service::open;
use crate::service::rendering::Documents;

const OPERATION: &str = "GetAssessmentReport";

pub(crate) fn run(context: &Context, words: &Report) -> Result<Exit, Failure> {
    let Some(arn) = Arn::parse(&words.run).filter(|arn| arn.kind() == ArnKind::Run) else {
        return Err(Failure::Usage(
            Message::new(format!("`{}` is not an ARN of an assessment run", words.run))
                .hint("`aws inspector list-assessment-runs` lists them"),
        ));
    };
    let app = open::service(context.data_dir()?, &words.service)?;
    let choice = ReportChoice {
        format: match words.format {
            ReportFormat::Html => reports::ReportFormat::Html,
            ReportFormat::Pdf => reports::ReportFormat::Pdf,
        },
        kind: match words.kind {
            ReportKind::Finding => reports::ReportKind::Finding,
            ReportKind::Full => reports::ReportKind::Full,
        },
        language: context.language,
    };
    let caller = caller(&arn);
    let parameters = serde_json::json!({
        "assessmentRunArn": words.run,
        "reportFileFormat": choice.format.word(),
        "reportType": choice.kind.word(),
    });
    let call = Call {
        caller: &caller,
        operation: OPERATION,
        action: "inspector:GetAssessmentReport",
        resources: std::slice::from_ref(&arn),
        parameters: &parameters,
    };
    let found =
        app.look(&call, |cx| Ok(Answer { value: reports::reportable(cx, &arn)?, recorded: serde_json::Value::Null }));
    let run = found.map_err(|error| refused(&error))?;
    write(&words.output, |file| {
        let mut source = StoreSource::new(&app, run, caller.arn());
        Documents::of_this_machine().render(choice, &mut source, file)
    })?;
    Ok(Exit::Done)
}

/// The command line beside the data directory, in the account and region of the run.
fn caller(arn: &Arn) -> Caller {
    Caller {
        scope: arn.scope().clone(),
        user: "command-line".to_owned(),
        role: "Administrator".to_owned(),
        access_key_id: None,
        source_ip: "internal".to_owned(),
        user_agent: concat!("yagura/", env!("CARGO_PKG_VERSION")).to_owned(),
        request_id: uuid::Uuid::new_v4().to_string(),
        via: Via::CommandLine,
    }
}

fn refused(error: &AppError) -> Failure {
    let message = Message::from_error(error);
    match error {
        AppError::NoSuchEntity { .. } | AppError::Unsupported(_) | AppError::RunInProgress { .. } => {
            Failure::Usage(message.hint("only runs that ended with results have reports"))
        }
        _ => exit::failed(error),
    }
}

/// Writes a file in bounded memory, whole or not at all: beside its place, synced, renamed.
fn write(
    path: &Path,
    render: impl FnOnce(&mut std::fs::File) -> Result<(), reports::RenderError>,
) -> Result<(), Failure> {
    let cannot = |error: &dyn std::error::Error| {
        Failure::Failed(
            Message::new(format!("cannot write `{}`: {}", path.display(), super::chain(error)))
                .hint("check that the directory exists, is writable and has room"),
        )
    };
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".yagura-report-")
        // Like any other file of the user, as the mask says.
        .permissions(std::fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(|error| cannot(&error))?;
    // Its text says what to do: a font to install, a disk that is full.
    render(file.as_file_mut()).map_err(|error| exit::failed(&error))?;
    file.flush().and_then(|()| file.as_file().sync_all()).map_err(|error| cannot(&error))?;
    file.persist(path).map_err(|error| cannot(&error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use yagura_app::service::reports::RenderError;

    use super::*;

    #[test]
    fn a_report_that_fails_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        write(&path, |file| file.write_all(b"old").map_err(|error| RenderError::Failed(error.to_string()))).unwrap();
        let failed = write(&path, |file| {
            file.write_all(b"half").unwrap();
            Err(RenderError::Impossible("no font".into()))
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
