//! `yagura settings`: limits, compatibility, continuous mode, the language of reports.

use serde_json::{Map, Value, json};
use yagura_app::service::configuration::{self, CONFIGURATION, Setting};
use yagura_app::service::reports::LANGUAGE_SETTING;
use yagura_app::service::{Answer, AppError, Cx};

use super::super::Context;
use super::session::{Place, Session};
use super::table::{answer, table};
use crate::cli::manage::{Form, Managed, Settings};
use crate::exit::{self, Exit, Failure, Message};

const MANAGE: &str = "yagura:ManageRetention";
/// The one setting that belongs to the account and that a running server takes up at once.
const LANGUAGE_WHAT: &str = "the language of reports that the API makes: en or ja";

pub(super) fn run(context: &Context, words: &Managed<Settings>) -> Result<Exit, Failure> {
    let place = if matches!(words.verb, Settings::List(_)) { Place::Existing } else { Place::New };
    let session = Session::open(context, &words.service, place)?;
    match &words.verb {
        Settings::List(form) => list(&session, form),
        Settings::Set { name, value } => set(&session, name, Some(value)),
        Settings::Reset { name } => set(&session, name, None),
    }
}

fn list(session: &Session, form: &Form) -> Result<Exit, Failure> {
    let rows = session.look(("ListSettings", MANAGE), &Value::Null, |cx| {
        let mut rows: Vec<[String; 3]> = CONFIGURATION
            .iter()
            .map(|setting| [setting.name.to_owned(), (setting.get)(&cx.app.settings), setting.what.to_owned()])
            .collect();
        let language = cx.tx.setting(&cx.caller.scope.account, LANGUAGE_SETTING)?;
        rows.push([LANGUAGE_SETTING.to_owned(), language.unwrap_or_else(|| "en".to_owned()), LANGUAGE_WHAT.to_owned()]);
        Ok(rows)
    })?;
    answer(
        form.format,
        || {
            let values: Map<String, Value> =
                rows.iter().map(|[name, value, _]| (name.clone(), value.clone().into())).collect();
            json!({"settings": values})
        },
        || table(["SETTING", "VALUE", "WHAT"], rows.clone()),
    )
}

fn set(session: &Session, name: &str, value: Option<&str>) -> Result<Exit, Failure> {
    let setting = configuration::find(name);
    if setting.is_none() && name != LANGUAGE_SETTING {
        return Err(Failure::Usage(
            Message::new(format!("there is no setting `{name}`")).hint("`yagura settings list` names them"),
        ));
    }
    if let Some(value) = value
        && !fits(session, setting, value)
    {
        return Err(Failure::Usage(
            Message::new(format!("`{value}` is no value of `{name}`"))
                .hint("limits are whole numbers, switches are on or off, the language is en or ja"),
        ));
    }
    let parameters = json!({"name": name, "value": value});
    session.change(("SetSetting", MANAGE), &parameters, |cx| {
        store(cx, setting, value)?;
        Ok(Answer { value: (), recorded: Value::Null })
    })?;
    exit::line(match setting {
        Some(_) => "kept; a server takes it up when it starts",
        None => "kept; the next report is made with it",
    });
    Ok(Exit::Done)
}

fn fits(session: &Session, setting: Option<&'static Setting>, value: &str) -> bool {
    match setting {
        Some(setting) => (setting.set)(&mut session.app.settings.clone(), value).is_some(),
        None => matches!(value, "en" | "ja"),
    }
}

fn store(cx: &mut Cx<'_, '_>, setting: Option<&'static Setting>, value: Option<&str>) -> Result<(), AppError> {
    let account = cx.caller.scope.account.clone();
    match (setting, value) {
        (Some(setting), value) => configuration::store(cx.tx, setting, value)?,
        (None, Some(value)) => cx.tx.put_setting(&account, LANGUAGE_SETTING, value)?,
        (None, None) => cx.tx.remove_setting(&account, LANGUAGE_SETTING)?,
    }
    Ok(())
}
