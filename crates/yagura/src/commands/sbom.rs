//! `yagura sbom`: a CycloneDX bill of materials.

use jiff::Timestamp;

use crate::cli::Sbom;
use crate::exit::{Exit, Failure, Message};
use crate::host::{self, Facts};
use crate::output;

pub(crate) fn run(words: &Sbom) -> Result<Exit, Failure> {
    let snapshot = host::read(words.root.as_deref(), Facts::Inventory)?;
    host::tell_problems(&snapshot.problems);
    if snapshot.package_database.is_none() {
        return Err(Failure::Failed(
            Message::new("no package database that this version reads was found")
                .hint("it reads dpkg's: /var/lib/dpkg/status and /var/lib/dpkg/status.d; check --root"),
        ));
    }
    let document = yagura_report::sbom(&snapshot, Timestamp::now())
        .map_err(|error| Failure::Failed(Message::from_error(&error)))?;
    output::write(words.output.as_deref(), document.as_bytes())?;
    Ok(Exit::Done)
}
