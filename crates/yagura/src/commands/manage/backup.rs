//! `yagura backup` and `yagura restore`.

use std::fs::File;
use std::io::Read as _;

use serde_json::json;
use yagura_app::service::Answer;
use yagura_app::service::backup::{self, BackupError, Restoring};
use yagura_identity::secrets::SecretText;

use super::super::Context;
use super::session::{Place, Session, silent};
use super::table::size;
use crate::cli::manage::{Backup, Restore};
use crate::exit::{self, Exit, Failure, Message};

const BACKUP: &str = "yagura:Backup";
/// Bytes of the file of the master key.
const KEY_BYTES_MAX: u64 = 1024;

pub(super) fn backup(context: &Context, words: &Backup) -> Result<Exit, Failure> {
    let session = Session::open(context, &words.service, Place::Existing)?;
    let file = words.file.display().to_string();
    let parameters = json!({ "file": file, "withMasterKey": words.with_master_key });
    session.change(("StartBackup", BACKUP), &parameters, |_| silent(()))?;
    let key = words.with_master_key.then(|| master_key(&session)).transpose()?;
    let made = backup::backup(&session.app, &words.file, key.as_ref()).map_err(|error| failure(&error))?;
    let members = made.manifest.members.len();
    session.change(("FinishBackup", BACKUP), &parameters, |_| {
        Ok(Answer { value: (), recorded: json!({ "bytes": made.bytes, "members": members }) })
    })?;
    exit::line(&format!("{members} members, {}, written to `{file}`", size(made.bytes)));
    if !made.manifest.missing_blobs.is_empty() {
        exit::warn(&format!(
            "{} blobs that the database refers to were not there, such as `{}`",
            made.manifest.missing_blobs.len(),
            made.manifest.missing_blobs.first().map(String::as_str).unwrap_or_default()
        ));
    }
    if !made.has_database {
        exit::warn("the database is PostgreSQL and is not in the file: back it up with `pg_dump`, before this command");
    }
    if made.has_master_key {
        exit::warn("the file holds the master key: whoever has it has everything; keep it like the key itself");
    } else {
        exit::warn(
            "the master key is not in the file, and without it no access key works after a restore: keep `master.key` \
             of the data directory (or YAGURA_MASTER_KEY) at another safe place",
        );
    }
    Ok(Exit::Done)
}

fn master_key(session: &Session) -> Result<SecretText, Failure> {
    if let Some(key) = std::env::var("YAGURA_MASTER_KEY").ok().filter(|key| !key.is_empty()) {
        return Ok(SecretText::new(key));
    }
    let path = session.data_dir.join("master.key");
    let mut text = String::new();
    File::open(&path)
        .and_then(|file| file.take(KEY_BYTES_MAX).read_to_string(&mut text))
        .map_err(|error| Failure::Failed(Message::new(format!("cannot read `{}`: {error}", path.display()))))?;
    Ok(SecretText::new(text))
}

pub(super) fn restore(context: &Context, words: &Restore) -> Result<Exit, Failure> {
    let data_dir = context.data_dir()?;
    let restoring = Restoring {
        file: &words.file,
        data_dir: &data_dir,
        blobs: words.blobs.as_deref(),
        environment: std::env::vars().filter(|(name, _)| name.starts_with("AWS_")).collect(),
    };
    let restored = backup::restore(&restoring).map_err(|error| failure(&error))?;
    let manifest = &restored.manifest;
    exit::line(&format!(
        "{} members of {} restored to `{}`",
        manifest.members.len(),
        manifest.created_at.strftime("%Y-%m-%d %H:%M UTC"),
        data_dir.display()
    ));
    if !restored.has_database {
        exit::warn("the database was PostgreSQL: bring it back with `pg_restore` and start with --database-url");
    }
    if !restored.has_master_key {
        exit::warn(&format!(
            "put the master key `{}` into `{}` (mode 600) or YAGURA_MASTER_KEY before the service starts",
            manifest.master_key_id,
            data_dir.join("master.key").display()
        ));
    }
    if !manifest.missing_blobs.is_empty() {
        exit::warn(&format!("{} blobs were missing when the backup was made", manifest.missing_blobs.len()));
    }
    Ok(Exit::Done)
}

/// A directory or a file that is not what it should be is the operator's to change.
fn failure(error: &BackupError) -> Failure {
    let message = Message::from_error(error);
    match error {
        BackupError::NotEmpty { .. } => Failure::Usage(message.hint("name a new directory with --data-dir")),
        BackupError::OtherMasterKey | BackupError::MasterKey(_) => Failure::Usage(message),
        BackupError::Broken { .. } | BackupError::Invalid { .. } => {
            Failure::Failed(message.hint("nothing was restored; take another copy of the backup"))
        }
        BackupError::Newer { .. } => Failure::Failed(message.hint("use the program that made it, or a newer one")),
        BackupError::File { .. } | BackupError::Store(_) | BackupError::Blobs(_) => Failure::Failed(message),
    }
}
