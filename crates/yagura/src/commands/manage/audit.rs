//! `yagura audit`.

use std::path::Path;

use serde_json::{Value, json};
use yagura_app::service::Answer;
use yagura_app::service::audit::{self, Range, Rotation, Verification};
use yagura_identity::audit::Head;

use super::super::Context;
use super::session::{Place, Session, failure, silent};
use super::table::{answer, size};
use crate::cli::manage::{Audit, Form, Managed};
use crate::exit::{self, Exit, Failure, Message};

const READ: &str = "yagura:ReadAudit";
/// Moving records is housekeeping, like what retention lets go.
const MANAGE: &str = "yagura:ManageRetention";

pub(super) fn run(context: &Context, words: &Managed<Audit>) -> Result<Exit, Failure> {
    let session = Session::open(context, &words.service, Place::Existing)?;
    match &words.verb {
        Audit::Verify { known, form } => verify(&session, *known, form),
        Audit::Export { output, from, to, since, until } => {
            let range = Range { from: *from, to: *to, since: *since, until: *until };
            export(&session, output, range)
        }
        Audit::Rotate { older_than, keep } => {
            rotate(&session, Rotation { older_than: *older_than, keep_records: *keep })
        }
    }
}

/// Verifying is a call like any other: the log that is proved ends with its record.
fn verify(session: &Session, known: Option<Head>, form: &Form) -> Result<Exit, Failure> {
    let parameters = json!({ "known": known.map(|known| known.to_string()) });
    session.look(("VerifyAuditLog", READ), &parameters, |_| Ok(()))?;
    let account = &session.scope().account;
    let verification = audit::verify(&session.app, account, known).map_err(|error| failure(&error))?;
    answer(form.format, || verification_json(&verification), || verification_text(&verification))?;
    Ok(if verification.broken.is_some() { Exit::GateFailed } else { Exit::Done })
}

fn verification_json(verification: &Verification) -> Value {
    json!({
        "intact": verification.broken.is_none(),
        "head": verification.head.to_string(),
        "records": verification.records,
        "recordsInFiles": verification.records_in_files,
        "files": verification.files,
        "break": verification.broken.as_ref().map(|broken| json!({
            "record": broken.number(), "kind": broken.kind(), "what": broken.to_string(),
        })),
    })
}

fn verification_text(verification: &Verification) -> String {
    let Verification { head, records, records_in_files, files, broken } = verification;
    match broken {
        None => format!(
            "the log is whole: {records} records, {records_in_files} of them in {files} files\nhead {head}\n\
             Keep the head where this server cannot write; `--known HEAD` proves later that nothing was cut off.\n"
        ),
        Some(broken) => format!(
            "THE LOG IS BROKEN at record {}: {} ({broken})\n{records} records were looked at; it holds up to\nhead {head}\n",
            broken.number(),
            broken.kind()
        ),
    }
}

fn export(session: &Session, output: &Path, range: Range) -> Result<Exit, Failure> {
    let parameters = json!({ "from": range.from, "to": range.to, "since": range.since, "until": range.until });
    session.look(("ExportAuditLog", READ), &parameters, |_| Ok(()))?;
    let failed = |error: &dyn std::fmt::Display| {
        Failure::Failed(
            Message::new(format!("cannot write `{}`: {error}", output.display()))
                .hint("check that the directory exists, is writable and has room"),
        )
    };
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    let (records, beside) =
        audit::export(&session.app, &session.scope().account, range, beside).map_err(|error| failure(&error))?;
    beside.as_file().sync_all().map_err(|error| failed(&error))?;
    beside.persist(output).map_err(|error| failed(&error.error))?;
    exit::line(&format!("{records} records written to `{}`", output.display()));
    Ok(Exit::Done)
}

fn rotate(session: &Session, rotation: Rotation) -> Result<Exit, Failure> {
    if rotation == Rotation::default() {
        return Err(Failure::Usage(
            Message::new("nothing says which records are old").hint("give --older-than 90d, or --keep 100000"),
        ));
    }
    let parameters = json!({
        "olderThanSeconds": rotation.older_than.map(|age| age.as_secs()), "keep": rotation.keep_records,
    });
    session.change(("RotateAuditLog", MANAGE), &parameters, |_| silent(()))?;
    let rotated = audit::rotate(&session.app, &session.scope().account, rotation).map_err(|error| failure(&error))?;
    session.change(("RotatedAuditLog", MANAGE), &Value::Null, |_| {
        Ok(Answer { value: (), recorded: json!({ "files": rotated.files, "records": rotated.records }) })
    })?;
    exit::line(&format!("{} records moved into {} files ({})", rotated.records, rotated.files, size(rotated.bytes)));
    Ok(Exit::Done)
}
