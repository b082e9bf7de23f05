//! `yagura serve`: the service, until it is told to end.

use std::sync::Arc;
use std::time::Duration;

use super::Context;
use crate::cli::Serve;
use crate::exit::{self, Exit, Failure};
use crate::output;
use crate::service::background::FeedSchedule;
use crate::service::{open, running};

pub(crate) fn run(context: &Context, words: &Serve) -> Result<Exit, Failure> {
    log_to_standard_error(tracing::Level::INFO);
    let data_dir = context.data_dir()?;
    let app = Arc::new(open::service(data_dir.clone(), &words.service)?);
    let key = app.first_key().map_err(|error| exit::failed(&error))?;
    let feeds = FeedSchedule {
        data_dir: data_dir.clone(),
        mirror: words.port.feed_mirror.as_deref().map(super::feed::mirror).transpose()?,
        first: None,
        every: words.port.feed_sync_hours.filter(|hours| *hours > 0).map(|hours| Duration::from_secs(hours * 3_600)),
    };
    let running = running::start(&app, &data_dir, words.port.listen, &words.port.name, feeds)?;
    output::write(None, format!("listening on {}\n", running.url).as_bytes())?;
    if key.is_new {
        exit::line(&format!(
            "made the user `{}` with the access key {}; `eval \"$(yagura env --data-dir '{}')\"` sets up the AWS CLI and SDKs",
            yagura_app::service::opening::FIRST_USER,
            key.id,
            data_dir.display()
        ));
    }
    running.tell_when_told_to_end();
    running.wait_until_told();
    running.end();
    exit::line("ended");
    Ok(Exit::Done)
}

/// Log lines go to standard error, at the level of `YAGURA_LOG` (error, warn, info, debug), else
/// `usual`.
pub(crate) fn log_to_standard_error(usual: tracing::Level) {
    let level = std::env::var("YAGURA_LOG").ok().and_then(|level| level.parse().ok());
    // A second subscriber is refused, and the first one stays.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level.unwrap_or(usual))
        .with_target(false)
        .try_init();
}
