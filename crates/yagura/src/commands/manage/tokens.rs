//! `yagura token`.

use jiff::SignedDuration;
use serde_json::{Value, json};
use yagura_app::service::{Answer, tokens};
use yagura_model::service::Tag;

use super::super::Context;
use super::session::{Place, Session, silent};
use super::table::{answer, minute, table};
use crate::cli::manage::{Form, Managed, Token};
use crate::exit::{self, Exit, Failure};

const TOKENS: &str = "yagura:ManageTokens";
/// More than an address has.
const ENDPOINT_BYTES_MAX: u64 = 4_096;

pub(super) fn run(context: &Context, words: &Managed<Token>) -> Result<Exit, Failure> {
    let place = if matches!(words.verb, Token::Create { .. }) { Place::New } else { Place::Existing };
    let session = Session::open(context, &words.service, place)?;
    match &words.verb {
        Token::Create { tags, ttl, uses, server, form } => {
            create(&session, tags, (*ttl, *uses), server.as_deref(), form)
        }
        Token::List(form) => list(&session, form),
        Token::Revoke { id } => {
            let parameters = json!({ "tokenId": if id.len() > 10 { "(not an id)" } else { id } });
            session.change(("RevokeEnrolmentToken", TOKENS), &parameters, |cx| silent(tokens::revoke(cx, id)?))?;
            exit::line(&format!("revoked the token {id}; hosts that came with it stay"));
            Ok(Exit::Done)
        }
    }
}

fn create(
    session: &Session,
    tags: &[Tag],
    (ttl, uses): (SignedDuration, u64),
    server: Option<&str>,
    form: &Form,
) -> Result<Exit, Failure> {
    let parameters = json!({ "tags": tags_json(tags), "ttlSeconds": ttl.as_secs(), "uses": uses });
    let new = session.change(("CreateEnrolmentToken", TOKENS), &parameters, |cx| {
        let new = tokens::create(cx, tags, ttl, uses)?;
        let recorded = json!({ "tokenId": new.token.id(), "uses": new.uses, "expiresAt": new.expires_at });
        Ok(Answer { value: new, recorded })
    })?;
    let token = new.token.expose();
    let server = server.map(str::to_owned).or_else(|| endpoint(session));
    let enrol = server.as_ref().map(|server| format!("yagura-agent enroll --server {server} --token {token}"));
    answer(
        form.format,
        || {
            json!({
                "token": token, "id": new.token.id(), "expiresAt": new.expires_at, "uses": new.uses,
                "caSha256": new.ca_sha256, "tags": tags_json(tags), "enrol": enrol,
            })
        },
        || {
            let hosts = if new.uses == 1 { "one host".to_owned() } else { format!("{} hosts", new.uses) };
            let next = enrol.as_ref().map_or_else(
                || "the server has no address yet; start it, or name it with --server URL".to_owned(),
                |line| format!("on the host:\n\n  {line}"),
            );
            format!("{token}\n\nfor {hosts}, until {} UTC; it is not shown again\n{next}\n", minute(new.expires_at))
        },
    )
}

/// The address that the server of the data directory listens on, if it has ever run.
fn endpoint(session: &Session) -> Option<String> {
    use std::io::Read as _;
    let mut text = String::new();
    let file = std::fs::File::open(session.data_dir.join("endpoint")).ok()?;
    file.take(ENDPOINT_BYTES_MAX).read_to_string(&mut text).ok()?;
    let address = text.trim();
    (!address.is_empty() && !address.contains(char::is_whitespace)).then(|| address.to_owned())
}

fn list(session: &Session, form: &Form) -> Result<Exit, Failure> {
    let tokens = session.look(("ListEnrolmentTokens", TOKENS), &Value::Null, tokens::list)?;
    let now = session.app.now();
    answer(
        form.format,
        || {
            json!({ "tokens": tokens.iter().map(|token| json!({
                "id": token.id, "state": tokens::state(token, now), "usesLeft": token.uses_left,
                "expiresAt": token.expires_at, "createdAt": token.created_at, "tags": tags_json(&token.tags),
            })).collect::<Vec<_>>() })
        },
        || {
            let rows = tokens.iter().map(|token| {
                [
                    token.id.clone(),
                    tokens::state(token, now).to_owned(),
                    token.uses_left.to_string(),
                    minute(token.expires_at),
                    tags_text(&token.tags),
                ]
            });
            table(["TOKEN", "STATE", ">USES LEFT", "ENDS", "TAGS"], rows)
        },
    )
}

pub(super) fn tags_json(tags: &[Tag]) -> Value {
    tags.iter().map(|tag| json!({ "key": tag.key, "value": tag.value.clone().unwrap_or_default() })).collect()
}

pub(super) fn tags_text(tags: &[Tag]) -> String {
    let words: Vec<String> = tags
        .iter()
        .map(|tag| match &tag.value {
            Some(value) => format!("{}={value}", tag.key),
            None => tag.key.clone(),
        })
        .collect();
    if words.is_empty() { "-".to_owned() } else { words.join(" ") }
}
