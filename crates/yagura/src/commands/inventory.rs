//! `yagura inventory`: the installed packages.

use yagura_report::{inventory_json, inventory_tsv};

use crate::cli::{Inventory, InventoryFormat};
use crate::exit::{Exit, Failure, Message};
use crate::host::{self, Facts};
use crate::output;

pub(crate) fn run(words: &Inventory) -> Result<Exit, Failure> {
    let snapshot = host::read(words.root.as_deref(), Facts::Inventory)?;
    host::tell_problems(&snapshot.problems);
    if snapshot.package_database.is_none() {
        return Err(Failure::Failed(
            Message::new("no package database that this version reads was found")
                .hint("it reads dpkg's: /var/lib/dpkg/status and /var/lib/dpkg/status.d; check --root"),
        ));
    }
    let list = match words.format {
        InventoryFormat::Tsv => inventory_tsv(&snapshot),
        InventoryFormat::Json => {
            inventory_json(&snapshot).map_err(|error| Failure::Failed(Message::from_error(&error)))?
        }
    };
    output::write(words.output.as_deref(), list.as_bytes())?;
    let complete = snapshot.problems.is_empty();
    Ok(if words.strict && !complete { Exit::Incomplete } else { Exit::Done })
}
