//! `yagura env`: what the AWS CLI and SDKs read, as lines for a shell.

use super::Context;
use crate::cli::Env;
use crate::exit::{self, Exit, Failure, Message};
use crate::output;
use crate::service::open;

/// More than an address has.
const ENDPOINT_BYTES_MAX: u64 = 4_096;

pub(crate) fn run(context: &Context, words: &Env) -> Result<Exit, Failure> {
    let data_dir = context.data_dir()?;
    let endpoint = endpoint(&data_dir)?;
    let app = open::service(data_dir.clone(), &words.service)?;
    let key = match &words.key {
        Some(id) => app.shown_key(id).map_err(|error| exit::failed(&error))?,
        None => app.first_key().map_err(|error| exit::failed(&error))?,
    };
    let ca = std::path::absolute(data_dir.join("ca.pem")).unwrap_or_else(|_| data_dir.join("ca.pem"));
    let lines = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", key.id),
        ("AWS_SECRET_ACCESS_KEY", key.secret.expose().to_owned()),
        ("AWS_REGION", app.settings.home.region.clone()),
        ("AWS_DEFAULT_REGION", app.settings.home.region),
        ("AWS_CA_BUNDLE", ca.display().to_string()),
        // Node.js has a name of its own for the same.
        ("NODE_EXTRA_CA_CERTS", ca.display().to_string()),
    ];
    let text: String = lines.iter().map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect();
    output::write(None, text.as_bytes())?;
    Ok(Exit::Done)
}

/// Reads where the server of a data directory listens.
pub(crate) fn endpoint(data_dir: &std::path::Path) -> Result<String, Failure> {
    use std::io::Read as _;
    let path = data_dir.join("endpoint");
    let mut text = String::new();
    let read = std::fs::File::open(&path).and_then(|file| file.take(ENDPOINT_BYTES_MAX).read_to_string(&mut text));
    read.map_err(|error| {
        Failure::Failed(
            Message::new(format!("cannot read `{}`: {error}", path.display()))
                .hint("start the server first: `yagura serve` or `yagura up`, with the same --data-dir"),
        )
    })?;
    Ok(text.trim().to_owned())
}

/// Quotes for a POSIX shell, where it is needed.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:._-+=@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        assert_eq!(quoted("https://127.0.0.1:8443"), "https://127.0.0.1:8443");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
