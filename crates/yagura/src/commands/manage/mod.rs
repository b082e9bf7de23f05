//! Commands that manage the service of a data directory: one file a noun.
//!
//! They open the store themselves and work while the server runs. Each call is recorded in the
//! audit log under the name of the operating system's user.

mod agents;
mod audit;
mod backup;
mod identity;
mod results;
mod retention;
mod session;
mod settings;
mod table;
mod tokens;
mod usage;

use super::Context;
use crate::cli::Manage;
use crate::exit::{Exit, Failure};

pub(super) fn run(context: &Context, words: Manage) -> Result<Exit, Failure> {
    match words {
        Manage::Key(words) => identity::keys(context, &words),
        Manage::User(words) => identity::users(context, &words),
        Manage::Role(words) => identity::roles(context, &words),
        Manage::Account(words) => identity::accounts(context, &words),
        Manage::Token(words) => tokens::run(context, &words),
        Manage::Agents(words) => agents::run(context, &words),
        Manage::Changes(words) => agents::changes(context, &words),
        Manage::Audit(words) => audit::run(context, &words),
        Manage::Usage(words) => usage::run(context, &words),
        Manage::Settings(words) => settings::run(context, &words),
        Manage::Retention(words) => retention::run(context, &words),
        Manage::Backup(words) => backup::backup(context, &words),
        Manage::Restore(words) => backup::restore(context, &words),
        Manage::Findings(words) => results::findings(context, &words),
        Manage::Runs(words) => results::runs(context, &words),
        Manage::Targets(words) => results::targets(context, &words),
        Manage::Templates(words) => results::templates(context, &words),
    }
}
