//! The packages of languages that lie inside a host.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use yagura_model::{Ecosystem, Package, Snapshot};

use crate::inventory::Unit;

/// A host's packages of one language, and how many of them the operating system answers for.
#[derive(Debug, Default)]
pub(crate) struct Language<'a> {
    /// One for each name and version, with every place where it lies.
    pub(crate) units: Vec<Unit<'a>>,
}

/// Sorts the packages of languages by ecosystem.
///
/// What a package of the distribution owns is left out: the distribution repairs it under its own version, and its
/// statements about the owning package speak for it. Of a package that somebody else built nobody speaks, so what lies
/// in it is judged.
pub(crate) fn take(snapshot: &Snapshot) -> BTreeMap<Ecosystem, Language<'_>> {
    let foreign: BTreeSet<&str> =
        snapshot.packages.iter().filter(|owner| owner.origin.is_foreign()).map(|owner| owner.name.as_str()).collect();
    let is_spoken_for =
        |package: &Package| package.provenance.owner.as_deref().is_some_and(|owner| !foreign.contains(owner));
    let mut packages: Vec<(Ecosystem, &Package)> = snapshot
        .packages
        .iter()
        .filter(|package| package.is_present() && !is_spoken_for(package))
        .filter_map(|package| Some((package.kind.ecosystem()?, package)))
        .collect();
    packages.sort_by(|a, b| key(a).cmp(&key(b)));
    let mut languages: BTreeMap<Ecosystem, Language<'_>> = BTreeMap::new();
    for run in packages.chunk_by(|a, b| (a.0, &a.1.name, &a.1.version) == (b.0, &b.1.name, &b.1.version)) {
        let Some((ecosystem, one)) = run.first() else { continue };
        let packages = run.iter().map(|(_, package)| *package).collect();
        let unit = Unit { packages, ..Unit::bare(Cow::Borrowed(&one.name), &one.version) };
        languages.entry(*ecosystem).or_default().units.push(unit);
    }
    languages
}

fn key<'a>((ecosystem, package): &(Ecosystem, &'a Package)) -> (Ecosystem, &'a str, &'a str, &'a str) {
    (*ecosystem, &package.name, &package.version, &package.record.path)
}
