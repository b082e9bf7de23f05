//! `yagura key`, `user`, `role`, `account`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde_json::{Value, json};
use yagura_app::service::access_keys::{self, NewKey};
use yagura_app::service::opening::FIRST_USER;
use yagura_app::service::{Answer, roles, users};
use yagura_identity::policy::{EXAMPLES, POLICY_BYTES_MAX, schema_text};

use super::super::Context;
use super::session::{Place, Session, silent};
use super::table::{answer, minute, opt_minute, table};
use crate::cli::ListFormat;
use crate::cli::manage::{Account, Key, Managed, Role, User};
use crate::exit::{self, Exit, Failure, Message};
use crate::output;

const KEYS: &str = "yagura:ManageKeys";
const USERS: &str = "yagura:ManageUsers";
const ROLES: &str = "yagura:ManageRoles";

pub(super) fn keys(context: &Context, words: &Managed<Key>) -> Result<Exit, Failure> {
    let place = if matches!(words.verb, Key::Create { .. }) { Place::New } else { Place::Existing };
    let session = Session::open(context, &words.service, place)?;
    match &words.verb {
        Key::Create { user, ttl, form } => {
            let parameters = json!({ "userName": user, "ttlSeconds": ttl.map(|ttl| ttl.as_secs()) });
            let key = session.change(("CreateAccessKey", KEYS), &parameters, |cx| {
                if user == FIRST_USER {
                    access_keys::ensure_first_user(cx)?;
                }
                let key = access_keys::create(cx, user, *ttl)?;
                let recorded = json!({ "accessKeyId": key.id, "userName": key.user });
                Ok(Answer { value: key, recorded })
            })?;
            answer(form.format, || key_json(&key), || key_text(&key))
        }
        Key::List { user, form } => {
            let parameters = json!({ "userName": user });
            let keys =
                session.look(("ListAccessKeys", KEYS), &parameters, |cx| access_keys::list(cx, user.as_deref()))?;
            let now = session.app.now();
            answer(
                form.format,
                || {
                    json!({ "accessKeys": keys.iter().map(|key| json!({
                        "accessKeyId": key.id, "userName": key.user, "state": key.state(now),
                        "createdAt": key.created_at, "lastUsedAt": key.last_used_at, "expiresAt": key.expires_at,
                    })).collect::<Vec<_>>() })
                },
                || {
                    table(
                        ["ACCESS KEY", "USER", "STATE", "CREATED", "LAST USED", "ENDS"],
                        keys.iter().map(|key| {
                            [
                                key.id.clone(),
                                key.user.clone(),
                                key.state(now).to_owned(),
                                minute(key.created_at),
                                opt_minute(key.last_used_at),
                                opt_minute(key.expires_at),
                            ]
                        }),
                    )
                },
            )
        }
        Key::Disable { id } => key_state(&session, id, false),
        Key::Enable { id } => key_state(&session, id, true),
        Key::Delete { id } => {
            let parameters = json!({ "accessKeyId": id });
            session.change(("DeleteAccessKey", KEYS), &parameters, |cx| silent(access_keys::delete(cx, id)?))?;
            exit::line(&format!("deleted the access key {id}"));
            Ok(Exit::Done)
        }
    }
}

fn key_state(session: &Session, id: &str, active: bool) -> Result<Exit, Failure> {
    let parameters = json!({ "accessKeyId": id, "status": if active { "Active" } else { "Inactive" } });
    session.change(("UpdateAccessKey", KEYS), &parameters, |cx| silent(access_keys::set_active(cx, id, active)?))?;
    exit::line(&format!("the access key {id} is {} now", if active { "on" } else { "off" }));
    Ok(Exit::Done)
}

fn key_json(key: &NewKey) -> Value {
    json!({
        "accessKeyId": key.id,
        "secretAccessKey": key.secret.expose(),
        "sessionToken": key.session_token.as_ref().map(|token| token.expose()),
        "userName": key.user,
        "expiresAt": key.expires_at,
    })
}

/// Lines for a shell, so that they can be taken over as they are.
fn key_text(key: &NewKey) -> String {
    let mut text = format!("AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\n", key.id, key.secret.expose());
    if let Some(token) = &key.session_token {
        text.push_str(&format!("AWS_SESSION_TOKEN={}\n", token.expose()));
    }
    if let Some(end) = key.expires_at {
        text.push_str(&format!("# until {end}\n"));
    }
    text.push_str(&format!("# of the user {}; the secret is not shown again\n", key.user));
    text
}

pub(super) fn users(context: &Context, words: &Managed<User>) -> Result<Exit, Failure> {
    let place = if matches!(words.verb, User::Create { .. }) { Place::New } else { Place::Existing };
    let session = Session::open(context, &words.service, place)?;
    match &words.verb {
        User::Create { name, role } => {
            let parameters = json!({ "userName": name, "role": role });
            session.change(("CreateUser", USERS), &parameters, |cx| silent(users::create(cx, name, role)?))?;
            exit::line(&format!("made the user `{name}`; `yagura key create --user {name}` makes an access key"));
        }
        User::SetRole { name, role } => {
            let parameters = json!({ "userName": name, "role": role });
            session.change(("SetUserRole", USERS), &parameters, |cx| silent(users::set_role(cx, name, role)?))?;
            exit::line(&format!("the user `{name}` has the role `{role}` now"));
        }
        User::Delete { name } => {
            let parameters = json!({ "userName": name });
            session.change(("DeleteUser", USERS), &parameters, |cx| silent(users::delete(cx, name)?))?;
            exit::line(&format!("deleted the user `{name}` with all access keys"));
        }
        User::List(form) => {
            let users = session.look(("ListUsers", USERS), &Value::Null, users::list)?;
            return answer(
                form.format,
                || {
                    json!({ "users": users.iter().map(|user| json!({
                        "userName": user.name, "role": user.role, "createdAt": user.created_at, "accessKeys": user.keys,
                    })).collect::<Vec<_>>() })
                },
                || {
                    let rows = users.iter().map(|user| {
                        [user.name.clone(), user.role.clone(), minute(user.created_at), user.keys.to_string()]
                    });
                    table(["USER", "ROLE", "CREATED", ">KEYS"], rows)
                },
            );
        }
    }
    Ok(Exit::Done)
}

pub(super) fn roles(context: &Context, words: &Managed<Role>) -> Result<Exit, Failure> {
    // These two need no service.
    match &words.verb {
        Role::Examples => {
            let text: Vec<String> = EXAMPLES
                .iter()
                .map(|example| format!("// {}: {}\n{}", example.name, example.purpose, example.policy))
                .collect();
            output::write(None, text.join("\n").as_bytes())?;
            return Ok(Exit::Done);
        }
        Role::Schema => {
            output::write(None, schema_text().as_bytes())?;
            return Ok(Exit::Done);
        }
        _ => {}
    }
    let place = if matches!(words.verb, Role::Create { .. }) { Place::New } else { Place::Existing };
    let session = Session::open(context, &words.service, place)?;
    match &words.verb {
        Role::Create { file, name } => {
            let name = match name {
                Some(name) => name.clone(),
                None => file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
            };
            let policy = policy_text(file)?;
            let parameters = json!({ "role": name, "policy": policy });
            let is_new =
                session.change(("PutRole", ROLES), &parameters, |cx| silent(roles::put(cx, &name, &policy)?))?;
            let done = if is_new { "made" } else { "replaced the policies of" };
            exit::line(&format!("{done} the role `{name}`"));
        }
        Role::Show { name } => {
            let role = session.look(("GetRole", ROLES), &json!({ "role": name }), |cx| roles::get(cx, name))?;
            output::write(None, role.policy.as_bytes())?;
        }
        Role::Delete { name } => {
            let parameters = json!({ "role": name });
            session.change(("DeleteRole", ROLES), &parameters, |cx| silent(roles::delete(cx, name)?))?;
            exit::line(&format!("deleted the role `{name}`"));
        }
        Role::List(form) => return list_roles(&session, form.format),
        Role::Examples | Role::Schema => {}
    }
    Ok(Exit::Done)
}

fn list_roles(session: &Session, format: ListFormat) -> Result<Exit, Failure> {
    let roles = session.look(("ListRoles", ROLES), &Value::Null, roles::list)?;
    answer(
        format,
        || {
            json!({ "roles": roles.iter().map(|role| json!({
                "role": role.name, "builtIn": role.created_at.is_none(), "createdAt": role.created_at,
                "users": role.users, "policy": role.policy,
            })).collect::<Vec<_>>() })
        },
        || {
            let rows = roles.iter().map(|role| {
                let made = role.created_at.map_or_else(|| "built in".to_owned(), minute);
                [role.name.clone(), made, role.users.to_string()]
            });
            table(["ROLE", "CREATED", ">USERS"], rows)
        },
    )
}

fn policy_text(file: &Path) -> Result<String, Failure> {
    let failed = |error: io::Error| {
        Failure::Usage(Message::new(format!("cannot read the policies from `{}`: {error}", file.display())))
    };
    let bound = u64::try_from(POLICY_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = String::new();
    if file == Path::new("-") {
        io::stdin().take(bound).read_to_string(&mut text).map_err(failed)?;
    } else {
        File::open(file).and_then(|file| file.take(bound).read_to_string(&mut text)).map_err(failed)?;
    }
    Ok(text)
}

pub(super) fn accounts(context: &Context, words: &Managed<Account>) -> Result<Exit, Failure> {
    let session = Session::open(context, &words.service, Place::Existing)?;
    let Account::List(form) = &words.verb;
    let accounts = session.look(("ListAccounts", USERS), &Value::Null, |cx| Ok(cx.tx.accounts()?))?;
    let home = &session.app.settings.home.account;
    answer(
        form.format,
        || {
            json!({ "accounts": accounts.iter().map(|(id, since)| json!({
                "account": id, "since": since, "home": id == home,
            })).collect::<Vec<_>>() })
        },
        || {
            let rows = accounts
                .iter()
                .map(|(id, since)| [id.clone(), minute(*since), if id == home { "home" } else { "" }.to_owned()]);
            table(["ACCOUNT", "SINCE", ""], rows)
        },
    )
}
