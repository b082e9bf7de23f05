//! Tells who built each package: the distribution, or somebody else of whom its advisories do not
//! speak.
//!
//! Two witnesses are asked. apt's package lists (`var/lib/apt/lists`) tell from which archive a
//! version can come; the record itself tells by its fields, its version and its maintainer. Where
//! neither says anything the distribution is assumed.
//!
//! # Invariants
//!
//! - The distribution's own lists, which are large, are read only where a foreign list leaves a
//!   doubt about an installed package.
//! - An archive that hands on the distribution's builds under another name is a mirror, not a
//!   stranger.
//! - A name alone never makes a package foreign: another archive may well carry a newer build of a
//!   package that Debian built here. The maintainer or the distribution's own list decides then.

mod lists;
mod packages;
mod signs;

use std::collections::HashMap;

use yagura_model::{Origin, ReadProblem, Release};

use crate::dpkg::Record;
use crate::host::Host;
use lists::{Archive, Owner};
use packages::{Listed, Reader};

/// Distributions whose archives and habits we know.
const KNOWN: &[&str] = &["debian"];

/// Sets the origin of every record, as far as the host can tell.
pub fn classify(host: &dyn Host, release: Option<&Release>, records: &mut [Record], problems: &mut Vec<ReadProblem>) {
    let Some(release) = release.filter(|release| KNOWN.contains(&release.distribution.as_str())) else {
        return;
    };
    let archives = lists::archives(host, &release.distribution, problems);
    let origins = Witnesses::hear(host, &archives, records, problems).judge(records);
    for (record, origin) in records.iter_mut().zip(origins) {
        record.package.origin = origin;
    }
}

/// What the lists of one kind of archive say of one installed package.
#[derive(Debug, Clone, Default)]
struct Heard {
    /// The very version: whose archive, which list.
    exact: Option<Place>,
    /// Another version by the same maintainer.
    same_maintainer: Option<Place>,
    /// Another version by somebody else.
    named: Option<Place>,
}

#[derive(Debug, Clone)]
struct Place {
    who: String,
    list: String,
}

/// What all lists say, by the index of the record.
struct Witnesses {
    foreign: HashMap<usize, Heard>,
    own: HashMap<usize, Heard>,
    /// The distribution's lists are there at all.
    has_own: bool,
}

impl Witnesses {
    fn hear(host: &dyn Host, archives: &[Archive], records: &[Record], problems: &mut Vec<ReadProblem>) -> Self {
        let mut reader = Reader::new(host);
        let (mut foreign, mut own) = (HashMap::new(), HashMap::new());
        let mut has_own = false;
        let everything = by_name(records, |_| true);
        for archive in archives {
            match &archive.owner {
                Owner::Foreign(who) => {
                    let heard = hear_archive(&mut reader, archive, who, &everything, records, problems);
                    let mirrors = is_mirror(&heard, records);
                    has_own |= mirrors;
                    merge(if mirrors { &mut own } else { &mut foreign }, heard);
                }
                Owner::Distribution => has_own |= !archive.lists.is_empty(),
                Owner::Backports => {}
            }
        }
        let doubtful = by_name(
            records,
            |index| matches!((foreign.get(&index), records.get(index)), (Some(heard), Some(record)) if is_doubtful(heard, record)),
        );
        if !doubtful.is_empty() {
            for archive in archives.iter().filter(|archive| archive.owner == Owner::Distribution) {
                merge(&mut own, hear_archive(&mut reader, archive, "", &doubtful, records, problems));
            }
        }
        Self { foreign, own, has_own }
    }

    fn judge(&self, records: &[Record]) -> Vec<Origin> {
        let nothing = Heard::default();
        let heard = |by: &'_ HashMap<usize, Heard>, index| by.get(&index).cloned().unwrap_or_else(|| nothing.clone());
        let origins = records
            .iter()
            .enumerate()
            .map(|(index, record)| self.origin(record, &heard(&self.foreign, index), &heard(&self.own, index)));
        origins.collect()
    }

    fn origin(&self, record: &Record, foreign: &Heard, own: &Heard) -> Origin {
        let by_list = |place: &Place, note: &str| Origin::Foreign {
            who: place.who.clone(),
            shown_by: format!("/{}{note}", place.list),
        };
        let sign = signs::read(record);
        if let Some(place) = &foreign.exact {
            if sign.is_some() || !is_doubtful(foreign, record) {
                return by_list(place, "");
            }
            // Looks like Debian's work; its own lists know.
            return match own.exact {
                Some(_) => Origin::Distribution,
                None if self.has_own => by_list(place, ""),
                None => Origin::Assumed,
            };
        }
        if let Some(sign) = sign {
            return Origin::Foreign { who: sign.who, shown_by: sign.shown_by };
        }
        if !is_doubtful(foreign, record) {
            return match &foreign.same_maintainer {
                Some(place) if !has_debian_address(record) => by_list(place, " (other versions by this maintainer)"),
                _ => Origin::Assumed,
            };
        }
        match &foreign.named {
            _ if own.exact.is_some() || own.same_maintainer.is_some() => Origin::Distribution,
            Some(place) if self.has_own => by_list(place, " (other versions; the distribution does not list this one)"),
            _ => Origin::Assumed,
        }
    }
}

fn has_debian_address(record: &Record) -> bool {
    record.package.maintainer.as_deref().is_some_and(signs::is_debian_address)
}

/// Tells whether only the distribution's own lists can decide: a foreign list has the very version
/// of what looks like Debian's work, or another version of what looks like nobody's.
fn is_doubtful(foreign: &Heard, record: &Record) -> bool {
    if foreign.exact.is_some() {
        return has_debian_address(record) && signs::read(record).is_none();
    }
    foreign.named.is_some()
        && foreign.same_maintainer.is_none()
        && !has_debian_address(record)
        && signs::read(record).is_none()
}

/// Maps the names of some records to their indices; one name may be there in two architectures.
fn by_name(records: &[Record], wanted: impl Fn(usize) -> bool) -> HashMap<&str, Vec<usize>> {
    let mut map: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, record) in records.iter().enumerate().filter(|(index, _)| wanted(*index)) {
        map.entry(record.package.name.as_str()).or_default().push(index);
    }
    map
}

/// What one archive says, by the index of the record.
fn hear_archive(
    reader: &mut Reader<'_>,
    archive: &Archive,
    who: &str,
    names: &HashMap<&str, Vec<usize>>,
    records: &[Record],
    problems: &mut Vec<ReadProblem>,
) -> HashMap<usize, Heard> {
    let mut heard: HashMap<usize, Heard> = HashMap::new();
    for list in &archive.lists {
        let place = || Place { who: who.to_owned(), list: list.clone() };
        let hear = |listed: Listed<'_>| {
            for index in names.get(listed.name).into_iter().flatten() {
                let Some(package) = records.get(*index).map(|record| &record.package) else { continue };
                let heard = heard.entry(*index).or_default();
                let slot = if listed.version == package.version && listed.architecture == package.architecture {
                    &mut heard.exact
                } else if package.maintainer.as_deref() == Some(listed.maintainer) {
                    &mut heard.same_maintainer
                } else {
                    &mut heard.named
                };
                slot.get_or_insert_with(place);
            }
        };
        reader.scan(list, problems, |name| names.contains_key(name), hear);
    }
    heard
}

/// Tells whether an archive under another name hands on what the distribution built, as company
/// mirrors made with aptly do: many installed packages come from it, and nearly all of these look
/// like Debian's. (Some 6 % of Debian's packages name a person at an address of their own.)
fn is_mirror(heard: &HashMap<usize, Heard>, records: &[Record]) -> bool {
    let exact = heard.iter().filter(|(_, heard)| heard.exact.is_some()).filter_map(|(index, _)| records.get(*index));
    let (mut like_debian, mut all) = (0_usize, 0_usize);
    for record in exact {
        all += 1;
        like_debian += usize::from(has_debian_address(record) && signs::read(record).is_none());
    }
    like_debian >= MIRRORED_MIN && like_debian.saturating_mul(4) >= all.saturating_mul(3)
}
/// Fewer packages than this show nothing of an archive as a whole.
const MIRRORED_MIN: usize = 5;

fn merge(into: &mut HashMap<usize, Heard>, from: HashMap<usize, Heard>) {
    for (index, heard) in from {
        let known = into.entry(index).or_default();
        known.exact = known.exact.take().or(heard.exact);
        known.same_maintainer = known.same_maintainer.take().or(heard.same_maintainer);
        known.named = known.named.take().or(heard.named);
    }
}

#[cfg(test)]
mod tests;
