//! The service of a data directory, opened for one command, and who calls.

use std::path::PathBuf;

use serde_json::Value;
use yagura_app::service::{Answer, App, AppError, Call, Caller, Cx, Via};
use yagura_identity::secrets::random_uuid;
use yagura_model::service::Scope;

use super::super::Context;
use crate::cli::Service;
use crate::exit::{self, Failure, Message};
use crate::service::open;

/// Bytes of the list of the system's users that are looked at.
const PASSWD_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// An open service and who calls it.
pub(super) struct Session {
    pub(super) app: App,
    pub(super) data_dir: PathBuf,
    caller: Caller,
}

/// Whether a command may begin a service where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It makes what a first start would make.
    New,
    /// There must be one.
    Existing,
}

impl Session {
    /// Opens the service that the words name.
    pub(super) fn open(context: &Context, words: &Service, place: Place) -> Result<Self, Failure> {
        let data_dir = context.data_dir()?;
        let exists = words.database_url.is_some() || data_dir.join("yagura.db").is_file();
        // Looking at a directory that was misspelt must not make a service there.
        if place == Place::Existing && !exists {
            return Err(Failure::Usage(
                Message::new(format!("there is no service in `{}`", data_dir.display()))
                    .hint("name its directory with --data-dir, or start one with `yagura up` or `yagura serve`"),
            ));
        }
        // Opening with an account makes it the server's own from then on. Here one is only looked at.
        let opened_with = if exists { Service { account: None, region: None, ..words.clone() } } else { words.clone() };
        let app = open::service(data_dir.clone(), &opened_with)?;
        let caller = Caller {
            scope: scope(&app.settings.home, words)?,
            user: os_user(),
            role: "Administrator".to_owned(),
            access_key_id: None,
            source_ip: "local".to_owned(),
            user_agent: concat!("yagura/", env!("CARGO_PKG_VERSION"), " command-line").to_owned(),
            request_id: random_uuid().map_err(|error| exit::failed(&error))?,
            via: Via::CommandLine,
        };
        Ok(Self { app, data_dir, caller })
    }

    /// Account and region that the command is about.
    pub(super) const fn scope(&self) -> &Scope {
        &self.caller.scope
    }

    /// Calls a verb that changes something.
    pub(super) fn change<T>(
        &self,
        (operation, action): (&'static str, &'static str),
        parameters: &Value,
        verb: impl FnMut(&mut Cx<'_, '_>) -> Result<Answer<T>, AppError>,
    ) -> Result<T, Failure> {
        let call = Call { caller: &self.caller, operation, action, resources: &[], parameters };
        self.app.change(&call, verb).map_err(|error| failure(&error))
    }

    /// Calls a verb that only looks. What it found is not recorded.
    pub(super) fn look<T>(
        &self,
        (operation, action): (&'static str, &'static str),
        parameters: &Value,
        mut verb: impl FnMut(&mut Cx<'_, '_>) -> Result<T, AppError>,
    ) -> Result<T, Failure> {
        let call = Call { caller: &self.caller, operation, action, resources: &[], parameters };
        let answer = self.app.look(&call, |cx| Ok(Answer { value: verb(cx)?, recorded: Value::Null }));
        answer.map_err(|error| failure(&error))
    }
}

/// Account and region that the words name, else the server's own.
fn scope(home: &Scope, words: &Service) -> Result<Scope, Failure> {
    let account = words.account.as_ref().unwrap_or(&home.account);
    let region = words.region.as_ref().unwrap_or(&home.region);
    Scope::new(account, region).ok_or_else(|| {
        Failure::Usage(
            Message::new(format!("`{account}` and `{region}` are no account and region"))
                .hint("--account takes 12 digits, --region one such as us-west-2"),
        )
    })
}

/// An answer of which nothing is worth recording.
#[expect(clippy::unnecessary_wraps, reason = "it ends a verb")]
pub(super) const fn silent<T>(value: T) -> Result<Answer<T>, AppError> {
    Ok(Answer { value, recorded: Value::Null })
}

/// What the words asked for and cannot be is a mistake of the words; the rest is trouble.
pub(super) fn failure(error: &AppError) -> Failure {
    let message = Message::from_error(error);
    match error {
        AppError::Serialization(_)
        | AppError::Validation(_)
        | AppError::Invalid { .. }
        | AppError::NoSuchEntity { .. } => Failure::Usage(message),
        _ => Failure::Failed(message),
    }
}

/// The name of the user who runs the program. The environment is not asked: it says what it is told.
fn os_user() -> String {
    use std::io::Read as _;
    let uid = rustix::process::getuid().as_raw();
    let mut users = String::new();
    let read =
        std::fs::File::open("/etc/passwd").and_then(|file| file.take(PASSWD_BYTES_MAX).read_to_string(&mut users));
    let named = read.ok().and_then(|_| user_of(&users, uid));
    named.unwrap_or_else(|| format!("uid-{uid}"))
}

fn user_of(users: &str, uid: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut parts = line.split(':');
        let (name, _, number) = (parts.next()?, parts.next()?, parts.next()?);
        (number.parse() == Ok(uid) && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_named_by_the_system_s_list() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\n:x:7:7::/:\nops:x:1000:1000::/srv/ops:/bin/sh\n";
        assert_eq!(user_of(users, 1000).as_deref(), Some("ops"));
        assert_eq!(user_of(users, 7), None);
        assert_eq!(user_of(users, 5), None);
    }
}
