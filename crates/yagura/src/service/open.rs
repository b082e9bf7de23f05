//! Opens the service of a data directory for a command.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use yagura_app::service::App;
use yagura_app::service::opening::{OpenError, Opening, open};

use crate::cli::Service;
use crate::exit::{Failure, Message};

/// Opens the service that the words name; a first start makes what is missing.
pub(crate) fn service(data_dir: PathBuf, words: &Service) -> Result<App, Failure> {
    let opening = Opening {
        data_dir,
        database_url: words.database_url.clone(),
        blobs: words.blobs.clone(),
        master_key: std::env::var("YAGURA_MASTER_KEY").ok().filter(|key| !key.is_empty()),
        account: words.account.clone(),
        region: words.region.clone(),
        environment: std::env::vars().filter(|(name, _)| name.starts_with("AWS_")).collect(),
        clock: Arc::new(Timestamp::now),
    };
    open(&opening).map_err(|error| failure(&error))
}

fn failure(error: &OpenError) -> Failure {
    let message = Message::from_error(error);
    match error {
        OpenError::Home { .. } => {
            Failure::Usage(message.hint("--account takes 12 digits, --region one such as us-west-2"))
        }
        OpenError::OtherMasterKey(_) => Failure::Usage(
            message.hint("put the right key into `master.key` of the data directory, or give it in YAGURA_MASTER_KEY"),
        ),
        OpenError::MasterKey(_) => Failure::Usage(message),
        OpenError::Write { .. } => Failure::Failed(
            message.hint("check that the data directory is writable and has room, or choose another with --data-dir"),
        ),
        OpenError::Store(_) | OpenError::Blobs(_) | OpenError::Authority(_) | OpenError::Secret(_) => {
            Failure::Failed(message)
        }
    }
}
