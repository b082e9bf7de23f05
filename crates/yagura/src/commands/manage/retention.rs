//! `yagura retention`.

use serde_json::{Map, Value, json};
use yagura_app::service::Answer;
use yagura_app::service::retention::{self, Doom, Kind, Policy};

use super::super::Context;
use super::session::{Place, Session, failure};
use super::table::{answer, opt_minute, size, table};
use crate::cli::manage::{Form, Managed, Retention};
use crate::cli::values::Keep;
use crate::exit::{self, Exit, Failure};

const MANAGE: &str = "yagura:ManageRetention";

pub(super) fn run(context: &Context, words: &Managed<Retention>) -> Result<Exit, Failure> {
    let place = if matches!(words.verb, Retention::Set { .. }) { Place::New } else { Place::Existing };
    let session = Session::open(context, &words.service, place)?;
    match &words.verb {
        Retention::Show(form) => {
            let policy = session.look(("GetRetention", MANAGE), &Value::Null, retention::policy)?;
            show(&policy, form)
        }
        Retention::Set { keep } => {
            let changes: Vec<(Kind, Option<u32>)> = keep.iter().map(|Keep(kind, days)| (*kind, *days)).collect();
            let parameters: Map<String, Value> =
                changes.iter().map(|(kind, days)| (kind.word().to_owned(), json!(days))).collect();
            let policy = session.change(("SetRetention", MANAGE), &Value::Object(parameters), |cx| {
                Ok(Answer { value: retention::set_policy(cx, &changes)?, recorded: Value::Null })
            })?;
            for (kind, _) in &changes {
                exit::line(&format!("{}: {}", kind.word(), days(policy.days(*kind))));
            }
            Ok(Exit::Done)
        }
        Retention::Preview(form) => {
            let dooms = session.look(("PreviewRetention", MANAGE), &Value::Null, |cx| {
                let policy = retention::policy(cx)?;
                retention::preview(cx, &policy)
            })?;
            preview(&dooms, form)
        }
        Retention::Apply => apply(&session),
    }
}

fn days(days: Option<u32>) -> String {
    match days {
        Some(1) => "1 day".to_owned(),
        Some(days) => format!("{days} days"),
        None => "for ever".to_owned(),
    }
}

const fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::Runs => "runs that are over, with their findings",
        Kind::TelemetryBodies => "what agents sent, as they sent it",
        Kind::ResolvedFindings => "findings in a host's history that are gone",
        Kind::AuditRecords => "audit records, before they move into files",
        Kind::Snapshots => "snapshots that neither a host nor a run needs",
        Kind::Reports => "finished reports; they are made anew when asked for",
        Kind::Previews => "previews of exclusions",
        Kind::FindingTexts => "texts that no finding has any more",
    }
}

fn show(policy: &Policy, form: &Form) -> Result<Exit, Failure> {
    answer(
        form.format,
        || {
            let kinds: Map<String, Value> =
                Kind::ALL.into_iter().map(|kind| (kind.word().to_owned(), json!(policy.days(kind)))).collect();
            json!({ "keepDays": kinds })
        },
        || {
            let rows = Kind::ALL.map(|kind| [kind.word().to_owned(), days(policy.days(kind)), what(kind).to_owned()]);
            table(["KIND", "KEPT", "WHAT"], rows)
        },
    )
}

fn preview(dooms: &[Doom], form: &Form) -> Result<Exit, Failure> {
    answer(
        form.format,
        || {
            json!({ "wouldGo": dooms.iter().map(|doom| json!({
                "kind": doom.kind.word(), "keepDays": doom.days, "count": doom.doomed.count,
                "bytes": doom.bytes_known.then_some(doom.doomed.bytes), "oldest": doom.doomed.oldest,
                "newest": doom.doomed.newest,
            })).collect::<Vec<_>>() })
        },
        || {
            let rows = dooms.iter().map(|doom| {
                [
                    doom.kind.word().to_owned(),
                    days(doom.days),
                    doom.doomed.count.to_string(),
                    if doom.bytes_known { size(doom.doomed.bytes) } else { "?".to_owned() },
                    opt_minute(doom.doomed.oldest),
                    opt_minute(doom.doomed.newest),
                ]
            });
            let table = table(["KIND", "KEPT", ">WOULD GO", ">SIZE", "OLDEST", "NEWEST"], rows);
            format!("{table}\nAudit records move into files and stay part of the log.\n")
        },
    )
}

fn apply(session: &Session) -> Result<Exit, Failure> {
    let policy = session.look(("StartRetention", MANAGE), &Value::Null, retention::policy)?;
    let gone = retention::apply(&session.app, &session.scope().account, &policy).map_err(|error| failure(&error))?;
    let things: Map<String, Value> =
        gone.things.iter().map(|(kind, count)| (kind.word().to_owned(), json!(count))).collect();
    session.change(("ApplyRetention", MANAGE), &Value::Null, |_| {
        Ok(Answer { value: (), recorded: json!({ "gone": things, "blobs": gone.blobs }) })
    })?;
    for (kind, count) in &gone.things {
        exit::line(&format!("{}: {count}", kind.word()));
    }
    exit::line(&format!("{} blobs deleted", gone.blobs));
    Ok(Exit::Done)
}
