//! Opens the host that the words name and reads it.

use std::path::Path;

use yagura_model::{ReadProblem, Snapshot};
use yagura_probe::RootedHost;

use crate::exit::{self, Failure, Message};

/// Which facts a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Facts {
    /// Identity and packages.
    Inventory,
    /// These and the settings that the best-practice rules judge.
    All,
}

/// Reads this host, or the tree at `root`.
pub(crate) fn read(root: Option<&Path>, facts: Facts) -> Result<Snapshot, Failure> {
    let host = match root {
        Some(root) => RootedHost::open(root),
        None => RootedHost::live(),
    };
    let host = host.map_err(|error| Failure::Usage(Message::from_error(&error).hint(error.advice().en)))?;
    let read = match facts {
        Facts::Inventory => yagura_probe::full_inventory(&host),
        Facts::All => yagura_probe::snapshot(&host),
    };
    read.map_err(|error| Failure::Failed(Message::from_error(&error).hint(error.advice().en)))
}

/// Says on standard error what could not be read, so that a list on standard output that lacks
/// it is not taken for whole.
pub(crate) fn tell_problems(problems: &[ReadProblem]) {
    for problem in problems {
        exit::warn(&format!("{}: {}", problem.place, problem.message.en));
    }
}
