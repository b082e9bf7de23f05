//! Why two parties differ about a row, from facts of the root.
//!
//! A reason is given only where the root bears it out for every package that carries the row:
//! its state, its version under dpkg's own order, its record. A row that the statement itself does
//! not give, or that only some of the packages excuse, has no reason.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Peer;
use crate::peers::Row;
use crate::peers::dpkg::{Database, Record};

mod kernel;

/// Which party alone has a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Ours,
    Theirs,
}

/// What a reason can be taken from.
pub(super) struct Facts<'a> {
    pub(super) peer: Peer,
    pub(super) database: &'a Database,
    /// The subjects `SOURCE VERSION` that Yagura excludes because another archive built them. This
    /// is the one thing taken from a party; what the record itself says of it is told apart.
    pub(super) foreign: &'a BTreeSet<String>,
    /// The release of the running kernel, on a live machine.
    pub(super) running: Option<&'a str>,
    /// Whether one version is older than another.
    pub(super) is_older: &'a dyn Fn(&str, &str) -> Result<bool>,
}

const REMOVED: &str = "removed, only its configuration is left";
const FOREIGN: &str = "built by another archive, as its record shows";
const FOREIGN_BY_WORD: &str = "built by another archive, by Yagura's word alone";
const IN_PART: &str = "installed in part: its files are there";
const TRIGGERS: &str = "installed, with a trigger to be run";
const MARKED: &str = "marked for removal, but still installed";

impl Facts<'_> {
    /// Returns the class of a difference, or nothing where no fact explains it.
    ///
    /// `fixed` is what the tracker says of the row: the fixed version, or that there is none; no
    /// statement at all explains nothing.
    pub(super) fn reason(&self, row: &Row, side: Side, fixed: Option<&Option<String>>) -> Result<Option<&'static str>> {
        let Some(fixed) = fixed.map(Option::as_deref) else { return Ok(None) };
        if side == Side::Ours && kernel::is_kernel(&row.source) {
            return self.our_kernel(row, fixed);
        }
        let mut carriers = Vec::new();
        for record in self.database.of_source(&row.source) {
            if self.has(&record.source_version, fixed)? {
                carriers.push(record);
            }
        }
        let present: Vec<&Record> = carriers.iter().copied().filter(|record| record.is_present()).collect();
        match side {
            _ if carriers.is_empty() => Ok(None),
            Side::Ours => Ok(self.passed_over(&present)),
            Side::Theirs if present.is_empty() => Ok(Some(REMOVED)),
            Side::Theirs if kernel::is_kernel(&row.source) => self.their_kernel(&present, fixed),
            Side::Theirs => Ok(self.foreign(&present)),
        }
    }

    /// Tells whether a version has a flaw that is repaired in `fixed`, or nowhere.
    fn has(&self, version: &str, fixed: Option<&str>) -> Result<bool> {
        fixed.map_or(Ok(true), |fixed| (self.is_older)(version, fixed))
    }

    /// Why the peer passes over packages that are on the disk.
    fn passed_over(&self, present: &[&Record]) -> Option<&'static str> {
        let every = |state: &dyn Fn(&Record) -> bool| !present.is_empty() && present.iter().all(|record| state(record));
        let waits = |record: &Record| record.state.starts_with("triggers-");
        match self.peer {
            _ if self.foreign(present).is_some() => None,
            // It looks for the word `installed` among the three.
            Peer::Debsecan if every(&waits) => Some(TRIGGERS),
            Peer::Debsecan if every(&|record| record.state != "installed") => Some(IN_PART),
            // It goes by the first word.
            Peer::Trivy if every(&|record| matches!(record.want.as_str(), "deinstall" | "purge")) => Some(MARKED),
            _ => None,
        }
    }

    fn foreign(&self, present: &[&Record]) -> Option<&'static str> {
        let excluded =
            |record: &&Record| self.foreign.contains(&format!("{} {}", record.source, record.source_version));
        if present.is_empty() || !present.iter().all(excluded) {
            return None;
        }
        Some(if present.iter().all(|record| shows_stranger(record)) { FOREIGN } else { FOREIGN_BY_WORD })
    }
}

/// Tells whether a record itself says that Debian did not build the package for this release: the
/// suffix of a backport, or a maintainer without an address at Debian.
fn shows_stranger(record: &Record) -> bool {
    let address = record.maintainer.rsplit_once('<').map_or("", |(_, address)| address.trim_end_matches('>'));
    record.version.contains("~bpo") || !(address.ends_with("@debian.org") || address.ends_with(".debian.org"))
}

#[cfg(test)]
mod tests;
