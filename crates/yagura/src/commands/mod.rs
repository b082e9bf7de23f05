//! One file a command: take the words, call the use case, write the result.
//!
//! A command reads the clock and opens the host, asks `app` or `feed` for the work, hands the
//! value to `report`, and returns the exit code that its outcome has in the contract.

mod assess;
mod env;
mod explain;
mod feed;
mod inventory;
mod manage;
mod memory;
mod report;
mod sbom;
mod serve;
mod up;

use std::path::PathBuf;

use yagura_model::Language;

use crate::cli::{Command, Global};
use crate::exit::{Exit, Failure};

/// Does what the words say.
pub(crate) fn run(global: &Global, command: Command) -> Result<Exit, Failure> {
    let context = Context::new(global);
    match command {
        Command::Up(words) => up::run(&context, &words),
        Command::Serve(words) => serve::run(&context, &words),
        Command::Env(words) => env::run(&context, &words),
        Command::Assess(words) => assess::run(&context, &words),
        Command::Report(words) => report::run(&context, &words),
        Command::Feed(words) => feed::run(&context, &words),
        Command::Explain(words) => explain::run(&context, &words),
        Command::Inventory(words) => inventory::run(&words),
        Command::Sbom(words) => sbom::run(&words),
        Command::Manage(words) => manage::run(&context, words),
    }
}

/// What every command needs of the options and the environment.
pub(crate) struct Context {
    /// The data directory given, if any.
    data_dir: Option<PathBuf>,
    /// The language of reports.
    pub(crate) language: Language,
    /// Show no progress.
    pub(crate) quiet: bool,
}

impl Context {
    fn new(global: &Global) -> Self {
        let language = global.lang.or_else(locale_language).unwrap_or_default();
        Self { data_dir: global.data_dir.clone(), language, quiet: global.quiet }
    }

    /// Chooses the data directory; it need not exist.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, Failure> {
        crate::data_dir::choose(self.data_dir.clone())
    }
}

/// The text of an error and of everything that caused it, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// The language of the first locale variable that is set, as POSIX orders them.
fn locale_language() -> Option<Language> {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .and_then(|value| Language::from_tag(&value))
}
